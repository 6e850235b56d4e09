"""A study: several sweeps, one after the other, what it asks of them, and the report. Imports no torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.report.evidence.questions import (
    FILE_NAME,
    QUESTION_KEYS,
    Questions,
    read_questions,
    write_questions,
)
from benchmark_lightning.study.axes import Planned, read_sweep
from benchmark_lightning.study.options import study_options
from benchmark_lightning.study.sweep import Options, plan, run_sweep
from benchmark_lightning.yaml_files import load_yaml

KEYS = ("sweeps", *QUESTION_KEYS)


class Study(NamedTuple):
    """A study file.

    Args:
        sweeps: files, each known to be valid by itself.
        questions: claims, printed values and figures of its own.
    """

    sweeps: list[Path]
    questions: Questions


def read_study(path: Path) -> Study:
    """Reads a study file; paths are relative to it.

    Raises:
        InputError: what is wrong in which file.
    """
    content = load_yaml(path)
    for key in content:
        if key not in KEYS:
            raise InputError(f"unknown key {key} in {path}; {nearest(str(key), KEYS)}")
    sweeps = content.get("sweeps")
    if not isinstance(sweeps, list) or not sweeps or not all(isinstance(name, str) for name in sweeps):
        raise InputError(f"sweeps is {sweeps!r} in {path}; give a list of sweep files")
    paths = [(path.parent / name).resolve() if not Path(name).is_absolute() else Path(name) for name in sweeps]
    stems = [sweep.stem for sweep in paths]
    for stem in stems:
        if stems.count(stem) > 1:
            raise InputError(f"two sweeps in {path} are named {stem} and would share a folder; rename one of them")
    for sweep in paths:
        read_sweep(sweep)
    return Study(paths, read_questions(content, path))


def check_questions(questions: Questions, trials: Sequence[Planned]) -> None:
    """Raises ``InputError`` for a claim or a figure that is not valid, or a claim about what no trial trains."""
    from benchmark_lightning.report.claims.definition import check_selections, read_claims  # pandas takes a second
    from benchmark_lightning.report.evidence.settings import flat, model_name
    from benchmark_lightning.report.figures.registry import study_plots

    described: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for trial in trials:
        config = flat(trial.config)
        told = {key: trial.data.get(key) for key in ("split", "num_train", "train_fraction")}
        described.append((config, told | {
            "dataset": trial.data.get("name"), "kind": trial.kind, "model": model_name(config),
        }))  # fmt: skip
    check_selections(read_claims(questions), described, questions.path)
    study_plots(questions)


def main(arguments: Sequence[str]) -> int:
    """Runs ``study FILE`` with the options of a sweep, and returns the worst exit code of its sweeps."""
    path, options = study_options(arguments)
    study = read_study(path)
    folder = options.pop("out") or Path("lightning_logs") / path.stem
    planned = [trial for sweep in study.sweeps for trial in plan(read_sweep(sweep))]
    check_questions(study.questions, planned)  # all is valid before the first trial starts
    if not options["dry_run"]:
        if (folder / FILE_NAME).resolve() == path.resolve():
            raise InputError(f"the claims of {path} would be written over it; give another --out")
        write_questions(study.questions, folder)
    command = f"benchmark-lightning study {path} --out {folder}"
    worst = 0
    for sweep in study.sweeps:
        code = run_sweep(sweep, Options(out=folder / sweep.stem, command=command, **options))
        worst = max(worst, code)
        if code == 130:
            return code
    if not options["dry_run"]:
        from benchmark_lightning.report.page.report import main as make_report  # takes a second

        make_report([str(folder), "--study", str(path)])
    return worst
