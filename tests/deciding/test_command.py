"""What a study will cost is told before it runs; what cannot be decided is one sentence; and it works with real trials."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from benchmark_lightning.__main__ import main
from benchmark_lightning.deciding.allotment import share
from benchmark_lightning.deciding.command import endings
from benchmark_lightning.deciding.costs import spread
from benchmark_lightning.report.claims.verdicts import Claim
from benchmark_lightning.report.evidence.looks import nominal_level
from benchmark_lightning.report.evidence.predicted import predicted_and_took
from benchmark_lightning.study.record import Record
from tests.deciding.made_study import FOREST, OUT, Truth, looks, num_seeds, records, study, trees, use

FAR = {1: 0.80, 2: 0.90, 3: 0.912, 4: 0.90}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--until-decided", "--budget", "0"), "'0' is no time to spend; give one such as 2h, 90m or 3600"),
        (("--until-decided", "--budget", "soon"), "'soon' is no time to spend"),
        (("--until-decided", "--budget", "-5m"), "--budget"),
        (("--until-decided", "--budget", "1e400h"), "is no time to spend"),
        (("--budget", "2h"), "--budget limits a study that runs --until-decided; give both"),
    ],
)
def test_a_budget_that_is_none_is_one_sentence(options, sentence, complaint):
    study(trees(2, 1))
    assert sentence in complaint("study", "study.yaml", *options)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"claims": []}, "study.yaml has no claims to decide"),
        ({"looks": []}, r"study.yaml does not say at which numbers of seeds --until-decided judges its claims; add looks: [3, 5, 8, 12]"),
        ({"looks": 5}, "looks is 5 in study.yaml"),
        ({"looks": [5, 3]}, "looks is [5, 3] in study.yaml"),
    ],
)  # fmt: skip
def test_a_study_that_cannot_be_decided_is_one_sentence_before_anything_runs(content, sentence, complaint):
    study(trees(2, 1))
    path = Path("study.yaml")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | content))
    assert sentence in complaint("study", "study.yaml", "--until-decided")
    assert not OUT.exists()


def test_the_time_of_a_study_and_of_each_claim_is_told_before_it_runs(monkeypatch, capsys):
    study(trees(2, 1, "far"), trees(3, 2, "near"), looks=[3, 8])
    use(Truth(FAR), monkeypatch)
    assert main(["study", "study.yaml", "--out", str(OUT), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "time of the whole study: 4 trials, about 40 s (27 s to 1 min 00 s)" in told
    assert "far: 2 trials, about 20 s" in told
    assert main(["study", "study.yaml", "--out", str(OUT), "--dry-run", "--until-decided"]) == 0
    told = capsys.readouterr().out
    assert "least, where the first look decides all: 3 trials, about 30 s" in told, "what claims share counts once"
    assert "most, where it takes the last one: 24 trials, about 4 min 00 s" in told
    assert "near: 16 trials" in told
    assert not OUT.exists()


def test_what_was_predicted_and_what_it_took_is_told_at_the_end(monkeypatch, capsys):
    study(trees(2, 1), looks=[3])
    use(Truth(FAR), monkeypatch)
    assert main(["study", "study.yaml", "--out", str(OUT), "--until-decided"]) == 0
    assert "predicted for" not in capsys.readouterr().out, "nothing was known before"
    table = pd.DataFrame({
        "status": ["ok", "ok", "failed", "ok"], "predicted_seconds": [10.0, np.nan, 10.0, 20.0], "wall_seconds": [12.0, 5.0, 3.0, 19.0],
    })  # fmt: skip
    assert predicted_and_took(table) == (2, 30.0, 31.0)


def test_the_range_is_that_of_earlier_predictions():
    def record(took: float) -> Record:
        return Record("key", "network", "ok", {}, predicted_seconds=10.0, clocks={"wall_seconds": took})

    assert spread([record(10.0)]) == (1 / 1.5, 1.5), "one record tells no spread"
    low, high = spread([record(took) for took in (9.0, 10.0, 11.0, 12.0, 20.0)])
    assert 0.9 <= low < 1
    assert 1.2 < high <= 2


@pytest.mark.parametrize("deviations", [(1.0, 1.0), (1.0, 0.3), (0.1, 1.0)])
def test_more_seeds_for_the_side_that_looks_noisier_tell_equal_ones_apart_no_more_often(deviations):
    """The shares and Welch's interval use the same estimates: were seeds taken from the quiet side, it is 7.5 %."""
    looks, num_draws = (3, 5, 8, 12), 6000
    drawn = np.random.default_rng(0).standard_normal((num_draws, 2, looks[-1])) * np.array(deviations)[:, None]
    has, is_wrong = np.full((num_draws, 2), looks[0]), np.zeros(num_draws, dtype=bool)
    for look in looks:
        if look > looks[0]:
            estimated = np.sqrt(_of_first(drawn, has)[1]).tolist()
            shares = zip(estimated, has.tolist(), strict=True)
            has = np.array([share(look, looks[-1], tuple(sds), tuple(had)) for sds, had in shares])
        means, variances = _of_first(drawn, has)
        parts = variances / has
        freedom = parts.sum(axis=1) ** 2 / (parts**2 / (has - 1)).sum(axis=1)
        statistic = np.abs(means[:, 0] - means[:, 1]) / np.sqrt(parts.sum(axis=1))
        is_wrong |= 2 * stats.t.sf(statistic, freedom) < nominal_level(looks)
    assert is_wrong.mean() < 0.057 + 3 * np.sqrt(0.057 * 0.943 / num_draws)


def _of_first(drawn, nums):
    """Mean and variance of the first so many of each side."""
    counts = np.arange(1, drawn.shape[-1] + 1)
    means = drawn.cumsum(axis=-1) / counts
    variances = ((drawn**2).cumsum(axis=-1) - counts * means**2) / np.maximum(counts - 1, 1)
    return tuple(np.take_along_axis(values, nums[..., None] - 1, axis=-1)[..., 0] for values in (means, variances))


def test_an_open_claim_without_words_is_still_named():
    claim = Claim(1, "odd", "", "", "", "", [], "")
    assert endings([claim]) == ["0 of 1 claims are decided"]


def test_a_function_needs_the_sweeps_that_its_claim_names(monkeypatch, capsys):
    Path("mine.py").write_text("def nothing(evidence):\n    return []\n")
    monkeypatch.syspath_prepend(".")
    other = FOREST | {"axes": {"estimator": ["DummyClassifier"]}}
    Path("other.yaml").write_text(yaml.safe_dump(other))
    study(
        {"name": "odd", "says": "it is odd", "python": "mine:nothing", "needs": "forests.yaml; and more"}, looks=[2, 3]
    )
    content = yaml.safe_load(Path("study.yaml").read_text())
    Path("study.yaml").write_text(yaml.safe_dump(content | {"sweeps": ["forests.yaml", "other.yaml"]}))
    use(Truth(FAR), monkeypatch)
    assert main(["study", "study.yaml", "--out", str(OUT), "--until-decided"]) == 0
    assert num_seeds() == {1: 2, 2: 2, 3: 2, 4: 2}
    assert "odd: not measured" in capsys.readouterr().out


def test_a_real_study_decides_and_finds_all_done_when_it_starts_again(monkeypatch, capsys):
    study(
        trees(4, 1, "many-trees", holds=[0.02, 1]),
        {"name": "poor", "says": "one tree is poor", "take": {"estimator.n_estimators": 1}, "holds": [0, 0.95]},
        looks=[2, 4],
    )
    monkeypatch.setattr("benchmark_lightning.report.page.report.main", lambda arguments: 0)
    command = ["study", "study.yaml", "--out", str(OUT), "--until-decided"]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "poor: holds" in told
    assert "claims are decided" in told
    before = {path: path.stat().st_mtime_ns for path in OUT.glob("*/*/record.json")}
    assert set(num_seeds()) == {1, 4}
    assert set(looks().values()) <= {0, 1}
    assert {record.status for record in records()} == {"ok"}
    assert main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in OUT.glob("*/*/record.json")} == before
    told = [
        record.predicted_seconds is not None for record in sorted(records(), key=lambda record: str(record.started_at))
    ]
    assert told[-1] or all(record.is_contended for record in records()), "what is known is noted before a trial begins"
