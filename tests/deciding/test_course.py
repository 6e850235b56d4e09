"""A study must spend its time where an answer is open, stop when nothing more can help, and survive being killed."""

import pytest

from benchmark_lightning.study.axes import read_sweep
from benchmark_lightning.study.cells import cells_of
from benchmark_lightning.study.completed import Completed
from benchmark_lightning.study.plan import plan_sweep
from benchmark_lightning.study.record import Record
from benchmark_lightning.study.running import Place
from tests.deciding.made_study import FOREST, OUT, SECONDS, Truth, decide, looks, num_seeds, records, study, trees, use
from tests.study.sweeps import NETWORK

FAR = {1: 0.80, 2: 0.90, 3: 0.912, 4: 0.90}  # one tree is far off; two and three are close


def test_an_open_claim_gets_further_seeds_and_a_decided_one_none(monkeypatch, capsys):
    study(trees(2, 1, "far"), trees(3, 2, "near", holds=[0.002, 1]))
    use(Truth(FAR, 0.008), monkeypatch)
    decide()
    found = num_seeds()
    assert found[1] == 3, "its claim was decided at the first look"
    assert found[3] > 3
    assert 4 not in found, "no claim is about it"
    told = capsys.readouterr().out
    assert "far: holds" in told
    assert "look 1 of 4\n" in told, "sides may have different numbers of seeds"


@pytest.mark.parametrize("stop_after", [2, 9])
def test_a_study_that_is_interrupted_anywhere_goes_on_as_it_would_have(stop_after, monkeypatch, capsys):
    study(trees(2, 1, "far"), trees(3, 2, "near", holds=[0.002, 1]))
    truth = use(Truth(FAR, 0.008, stop_after=stop_after), monkeypatch)
    decide(code=130)
    told = capsys.readouterr().out
    assert "go on with: benchmark-lightning study study.yaml --out out --until-decided" in told
    assert "is not complete" in told
    assert len(truth.begun) == len(looks()) == stop_after
    use(Truth(FAR, 0.008), monkeypatch)
    in_parts = decide()
    OUT.rename("in_parts")
    assert decide() == in_parts


def test_a_budget_ends_a_study_and_a_larger_one_goes_on(monkeypatch, capsys):
    study(trees(2, 1, "far"), trees(3, 2, "near", holds=[0.002, 1]))
    truth = use(Truth(FAR, 0.008), monkeypatch)
    decide("--budget", "55")
    assert len(looks()) == 5, "a trial that takes longer than what is left is not begun"
    assert "the budget is spent" in capsys.readouterr().out
    decide("--budget", "1m")
    assert len(looks()) in (5, 6), "the time of earlier starts is part of it"
    in_parts = decide("--budget", "5h")
    assert len(truth.begun) == len(set(truth.begun))
    OUT.rename("in_parts")
    assert decide() == in_parts


@pytest.mark.parametrize("options", [("--budget", "115"), ()])
def test_half_a_look_is_not_judged_and_the_look_before_it_is_shown(options, monkeypatch, capsys):
    """A look in the middle is one more than the levels count, and what it shows may be gone when the look is whole."""
    study(trees(2, 1, "far"), trees(3, 2, "near", holds=[0.002, 1]))
    use(Truth(FAR, 0.008, stop_after=None if options else 11), monkeypatch)
    for _ in range(2):  # the second start runs nothing
        decide(*options, code=0 if options else 130)
        told = capsys.readouterr().out
        assert told.count("look 1 of 4\n") == 1
        assert "  near: undecided" in told
        assert "seeds a side: 3 and 3" in told
        assert "look 2 of 4\n" not in told
        assert "look 2 of 4 is not complete; what is said here is that of look 1" in told
        if not options:
            break


@pytest.mark.parametrize("options", [("--budget", "55"), ()])
def test_half_of_the_first_look_decides_nothing(options, monkeypatch, capsys):
    study(trees(2, 1, "far"), trees(3, 2, "near", holds=[0.002, 1]))
    use(Truth(FAR, 0.008, stop_after=None if options else 5), monkeypatch)
    decide(*options, code=0 if options else 130)
    told = capsys.readouterr().out
    assert "look 1 of 4 is not complete; no claim is judged yet" in told
    assert "holds" not in told


def test_a_budget_below_one_trial_runs_none(monkeypatch, capsys):
    study(trees(2, 1))
    use(Truth(FAR), monkeypatch)
    assert decide("--budget", str(SECONDS / 2)) == {}
    assert "no trial could begin" in capsys.readouterr().out


def test_trials_that_ran_at_the_same_time_count_once_in_the_budget_of_the_next_start(monkeypatch):
    study(trees(2, 1, "far"), trees(3, 2, "near", holds=[0.002, 1]))
    truth = use(Truth(FAR, 0.008, stop_after=4), monkeypatch)
    decide("--jobs", "4", code=130)
    truth.stop_after, truth.begun = None, []
    decide("--jobs", "4", "--budget", str(3 * SECONDS))
    assert len(truth.begun) == 2, "four trials of 10 s, four at a time, took 10 s of 30 s"


def test_the_noisier_side_gets_more_seeds(monkeypatch):
    study(trees(3, 2, holds=[0.0005, 1]), looks=[3, 6, 8])
    use(Truth(FAR, {2: 0.0005, 3: 0.01}), monkeypatch)
    decide()
    of_two_looks = [record.config["estimator"]["init_args"]["n_estimators"] for record in records() if record.look < 2]
    assert of_two_looks.count(3) == 8
    assert of_two_looks.count(2) == 6, "no side has fewer than the look says"
    assert max(num_seeds().values()) <= 8


def test_a_candidate_that_cannot_be_the_best_gets_no_more_seeds(monkeypatch):
    study(trees([1, 3], [2], holds=[0.0005, 1]))
    use(Truth(FAR, 0.008), monkeypatch)
    decide()
    found = num_seeds()
    assert found[1] == 3
    assert found[3] > 3


def test_what_depends_on_no_seed_is_run_once_and_its_claim_says_what_would_settle_it(monkeypatch, capsys):
    study(trees(4, 2, holds=[0.0005, 1]))
    use(Truth(FAR, seeded=False), monkeypatch)
    decide()
    assert num_seeds() == {2: 1, 4: 1}
    assert "it is open: about" in (told := capsys.readouterr().out)
    assert "test images would settle it" in told


def test_a_time_of_what_depends_on_no_seed_is_measured_again_instead(monkeypatch):
    study(trees(3, 2, measure="fit_seconds", compare="ratio", holds=[0.5, 2]), looks=[3, 5])
    use(Truth(FAR, seeded=False), monkeypatch)
    decide()
    assert sorted(record.repeat for record in records()) in ([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    assert {record.config["seed_everything"] for record in records()} == {0}


def test_trials_that_fail_are_tried_once(monkeypatch, capsys):
    study(trees(3, 2, "broken"), trees(2, 1, "far"))
    truth = use(
        Truth(FAR, status=lambda trial: "failed" if trial.values["estimator.n_estimators"] == 3 else "ok"), monkeypatch
    )
    decide(code=1)
    assert num_seeds() == {1: 3, 2: 3, 3: 1}
    assert "broken: not measured" in capsys.readouterr().out
    decide("--retry-failed", code=1)
    assert len(truth.begun) == 8


@pytest.mark.parametrize(("seeds", "expected"), [([0, 1, 2], {0, 1, 2}), ([0, 1], {0, 1, 2}), ([0], {0})])
def test_one_seed_that_diverges_does_not_stop_the_other_seeds_of_the_file(seeds, expected, monkeypatch):
    """All runs are tried for the look that first wants them, else a study that starts again would decide otherwise."""
    study(trees(2, 1), looks=[3], sweep=FOREST | {"axes": {**FOREST["axes"], "seed_everything": seeds}})
    truth = Truth(FAR, status=lambda trial: "failed" if trial.config["seed_everything"] == 0 else "ok")
    use(truth, monkeypatch)
    decide(code=1)
    assert {record.config["seed_everything"] for record in records()} == expected
    before = looks()
    assert decide(code=1) == before


def test_the_seeds_of_a_network_are_run_whatever_became_of_the_first(tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(NETWORK + "  seed_everything: [4, 2]\n")
    sweep = read_sweep(path)
    [cell] = cells_of(Place(sweep, tmp_path, Completed(tmp_path), {}), plan_sweep(sweep, lambda event: None))
    diverged = {cell.first.key: Record(cell.first.key, "network", "diverged", cell.first.config)}
    for known in ({}, diverged):
        assert cell.run(1, known, False) is cell.planned[1]
        assert cell.run(2, known, False) is None


def test_a_claim_that_seeds_in_reach_would_hardly_decide_gets_no_more(monkeypatch, capsys):
    study(trees(4, 2, holds=[0, 1]), looks=[3, 5, 8])  # truly equal
    use(Truth({2: 0.90, 4: 0.90}, 0.0), monkeypatch)
    decide()
    assert max(num_seeds().values()) == 3
    assert "it is open" in capsys.readouterr().out


def test_what_needs_a_gpu_is_left_open_where_there_is_none(monkeypatch, capsys):
    hardware = {
        "trial": "network", "base": FOREST["base"],
        "axes": {
            "model.arch": ["resnet18"], "trainer.accelerator": ["cpu", "gpu"], "trainer.limit_train_batches": [2],
            "trainer.max_epochs": [1],
        },
    }  # fmt: skip
    study({"name": "gpu", "says": "it is faster", "measure": "speedup", "holds": [2, None]}, sweep=hardware)
    monkeypatch.setattr(
        "benchmark_lightning.study.trials.network_plan.has_device", lambda accelerator: accelerator == "cpu"
    )
    truth = use(Truth({None: 0.5}), monkeypatch)
    monkeypatch.setattr(truth, "record", lambda trial: _skipped(trial))
    decide()
    assert [record.status for record in records()] == ["skipped"], "the CPU alone answers nothing"
    assert "gpu: not measured" in capsys.readouterr().out


def _skipped(trial):
    from tests.report.made import environment

    return Record(
        trial.key, trial.kind, "skipped", trial.config, trial.values, data=trial.data, environment=environment("cpu")
    )


@pytest.mark.parametrize(
    "text", [NETWORK, f"trial: classical\nbase: {FOREST['base']}\naxes:\n  estimator: [RandomForestClassifier]\n"]
)
@pytest.mark.parametrize("seeds", ["", "  seed_everything: [4, 2]\n"])
def test_a_further_seed_is_the_trial_that_a_sweep_with_this_seed_has(text, seeds, tmp_path):
    """Else both would run it, and neither would find the record of the other."""
    path = tmp_path / "sweep.yaml"
    path.write_text(text + seeds)
    sweep = read_sweep(path)
    [cell] = cells_of(Place(sweep, tmp_path, Completed(tmp_path), {}), plan_sweep(sweep, lambda event: None))
    numbers = [4, 2, 5, 6] if seeds else [0, 1, 2, 3]
    path.write_text(f"{text}  seed_everything: {numbers}\nrepeats: 2\n")
    plain = plan_sweep(read_sweep(path), lambda event: None)
    derived = [cell.seeded(number) for number in range(4)]
    assert [trial.config["seed_everything"] for trial in derived] == numbers
    assert [trial.key for trial in derived] == [trial.key for trial in plain if trial.repeat == 0]
    assert [trial.arguments for trial in derived][2:] == [trial.arguments for trial in plain][2:4]
    assert cell.repeated(1).key == plain[4].key
