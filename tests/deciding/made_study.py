"""A study whose trials cost nothing: their outcomes are made up from a known truth."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from benchmark_lightning import studies
from benchmark_lightning.__main__ import main
from benchmark_lightning.deciding import course
from benchmark_lightning.report.evidence.settings import flat
from benchmark_lightning.study import sweep as sweeps
from benchmark_lightning.study.axes import Planned, Sweep
from benchmark_lightning.study.plan import plan_sweep
from benchmark_lightning.study.record import FILE_NAME, Record, read_record, write_record
from benchmark_lightning.study.running import Place
from tests.report.made import ALONE, environment, outcomes
from tests.study.sweeps import CONFIGS

FOREST = {
    "trial": "classical",
    "base": [f"{CONFIGS}/data/digits.yaml"],
    "axes": {"estimator": ["RandomForestClassifier"], "estimator.n_estimators": [1, 2, 3, 4]},
}
SECONDS = 10.0
OUT = Path("out")


class Truth:
    """What trials would find.

    Args:
        means: true accuracy by the number of trees.
        deviations: over seeds, likewise.
        seeded: whether other seeds give other outcomes.
        status: of a trial.
        stop_after: trials, after which a person interrupts.
    """

    def __init__(
        self, means: dict[Any, float], deviations: dict[Any, float] | float = 0.003, seeded: bool = True,
        status: Callable[[Planned], str] = lambda trial: "ok", stop_after: int | None = None,
    ) -> None:  # fmt: skip
        self.means, self.deviations, self.seeded, self.status, self.stop_after = (
            means,
            deviations,
            seeded,
            status,
            stop_after,
        )
        self.begun: list[str] = []

    def monotonic(self) -> float:
        """The clock, which only trials move."""
        return SECONDS * len(self.begun)

    def record(self, trial: Planned) -> Record:
        trees, seed = flat(trial.config).get("estimator.n_estimators"), trial.config["seed_everything"]
        deviation = self.deviations[trees] if isinstance(self.deviations, dict) else self.deviations
        noise = np.random.default_rng([seed, trees]).standard_normal() * deviation if self.seeded else 0.0
        described = trial.data | {"num_test": 14_000}
        status = self.status(trial)
        record = Record(
            trial.key, trial.kind, status, trial.config, trial.values, trial.repeat, trial.look, trial.predicted_seconds,
            data=described, clocks={"wall_seconds": SECONDS, "fit_seconds": SECONDS / 2 + trial.repeat / 100},
            contention=ALONE, training={"depends_on_seed": self.seeded}, environment=environment("cpu"), engine="sklearn",
            error=None if status == "ok" else "it broke",
        )  # fmt: skip
        if status == "ok":
            accuracy = round((self.means[trees] + noise) * 14_000) / 14_000
            record.metrics = {"val/accuracy": accuracy, "test/accuracy": accuracy}
            record.outcomes = outcomes(accuracy, described, str(trees), seed)
        return record


class Runner:
    """Stands for the one that starts processes."""

    def __init__(self, truth: Truth, display: Any) -> None:
        self._truth, self._display = truth, display

    def all(self, trials: Iterable[tuple[Place, Planned]]) -> bool:
        for place, trial in trials:
            self._display.started(trial.name)
            self._truth.begun.append(trial.name)
            record = self._truth.record(trial)
            if trial.skip_reason is not None:
                record.status, record.error = "skipped", trial.skip_reason
            write_record(record, place.folder / trial.name)
            place.completed.take(record)
            self._display.finished(trial.name, record)
            if len(self._truth.begun) == self._truth.stop_after:
                return True
        return False


def claim(name: str = "it", **content: Any) -> dict[str, Any]:
    return {"name": name, "says": "it is so", "compare": "difference", "holds": [0, 1], **content}


def trees(take: Any, against: Any, name: str = "it", **content: Any) -> dict[str, Any]:
    key = "estimator.n_estimators"
    return claim(name, take={key: take}, against={key: against}, **content)


def study(*claims: dict[str, Any], looks: Any = (3, 5, 8, 12), sweep: dict[str, Any] = FOREST, **content: Any) -> None:
    Path("forests.yaml").write_text(yaml.safe_dump(sweep))
    Path("study.yaml").write_text(
        yaml.safe_dump({"sweeps": ["forests.yaml"], "looks": list(looks), "claims": list(claims), **content})
    )


def use(truth: Truth, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """Lets the truth tell what trials find."""
    monkeypatch.setattr(course, "Runner", lambda display, num_jobs: Runner(truth, display))
    monkeypatch.setattr(course, "prepare", lambda *arguments: {})
    monkeypatch.setattr(course, "run_job", lambda function, arguments: SECONDS)
    monkeypatch.setattr(sweeps, "run_job", lambda function, arguments: SECONDS)
    monkeypatch.setattr(studies, "plan", _plan)
    monkeypatch.setattr("benchmark_lightning.study.budget.time", truth)
    monkeypatch.setattr("benchmark_lightning.report.page.report.main", lambda arguments: 0)
    return truth


_plans: dict[str, list[Planned]] = {}


def _plan(sweep: Sweep) -> list[Planned]:
    text = repr((sweep.base, sweep.axes))
    if text not in _plans:
        _plans[text] = plan_sweep(sweep, lambda event: None)
    return _plans[text]


def decide(*options: str, code: int = 0) -> dict[str, int]:
    """Runs the study and returns the look of each trial by its key."""
    assert main(["study", "study.yaml", "--until-decided", "--out", str(OUT), *options]) == code
    return looks()


def records() -> list[Record]:
    return [read_record(path) for path in sorted(OUT.glob(f"*/*/{FILE_NAME}"))]


def looks() -> dict[str, int]:
    return {record.key: record.look for record in records()}


def num_seeds() -> dict[Any, int]:
    """Runs by the number of trees."""
    found: dict[Any, int] = {}
    for record in records():
        trees = flat(record.config).get("estimator.n_estimators")
        found[trees] = found.get(trees, 0) + 1
    return found
