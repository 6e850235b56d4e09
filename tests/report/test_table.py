"""A table that pooled what must not be pooled, or lost a trial, would spoil everything after it."""

import json

import numpy as np
import pytest

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.table import describe_settings
from benchmark_lightning.study.outcomes import pack
from benchmark_lightning.study.record import trial_key, write_record
from tests.report.made import CONTENDED, environment, network, svm, write


def test_every_trial_is_one_row(evidence_of):
    table = evidence_of([network(seed=seed) for seed in range(3)] + [svm()]).table
    assert len(table) == 4
    assert set(table["kind"]) == {"network", "classical"}
    assert table["test_accuracy"].notna().all()


def test_runs_that_differ_in_the_seed_alone_are_one_configuration(evidence_of):
    frame = evidence_of([network(seed=seed) for seed in range(3)]).configurations
    assert frame["n"].tolist() == [3]


@pytest.mark.parametrize(
    "other",
    [
        {"environment": environment("cpu", "machine B")},
        {"environment": environment("cpu") | {"source_hash": "another"}},
        {"environment": environment("cpu") | {"versions": {"torch": "9.9"}}},
        {"precision": "32-true"},
        {"fraction": 0.1},
        {"accelerator": "cuda"},
    ],
)
def test_what_must_not_be_pooled_is_not_pooled(evidence_of, other):
    frame = evidence_of([network(seed=0), network(seed=1), network(seed=2, **other)]).configurations
    assert sorted(frame["n"]) == [1, 2]
    titles = [title for title, _ in evidence_of([network(seed=0), network(seed=2, **other)]).panels(frame)]
    assert len(set(titles)) == 2  # and a person sees which is which


def test_a_hyperparameter_that_no_published_study_varies_is_ranked(evidence_of):
    """A sweep over the weight decay gave three winners that were never compared."""
    records = [network(seed=seed, accuracy=accuracy) for seed in range(3) for accuracy in (0.90, 0.92, 0.91)]
    for number, record in enumerate(records):
        record.config["model"]["weight_decay"] = (0.0, 1e-4, 1e-2)[number % 3]
        record.key += str(number)
    evidence = evidence_of(records)
    assert "model.weight_decay" in evidence.axes
    ((_, group),) = evidence.panels(evidence.networks)
    best = group[group["is_best"]]
    assert (len(group), best["name"].tolist()) == (3, ["resnet18, weight decay 0.0001"])
    assert best["n"].tolist() == [3]


def test_a_setting_that_a_sweep_has_varied_is_ranked_and_one_that_two_sweeps_fix_is_not(evidence_of):
    def with_epochs(epochs, values):
        record = network(seed=epochs, values=values)
        record.config["trainer"]["max_epochs"] = epochs
        record.key += str(epochs)
        return record

    varied = evidence_of([with_epochs(epochs, {"trainer.max_epochs": epochs}) for epochs in (3, 9)])
    assert len(varied.panels(varied.networks)) == 1
    fixed = evidence_of([with_epochs(epochs, {}) for epochs in (3, 9)])
    assert len(fixed.panels(fixed.networks)) == 2


def test_a_forest_and_a_network_of_ones_own_are_rows_like_others(evidence_of):
    forest, own = svm(), network()
    forest.config["estimator"] = {
        "class_path": "sklearn.ensemble.RandomForestClassifier", "init_args": {"n_estimators": 200},
    }  # fmt: skip
    del own.config["model"]["arch"]
    own.config["model"]["network"] = {"class_path": "mine.CNN", "init_args": {"width": 8}}
    evidence = evidence_of([forest, own])
    assert not evidence.problems
    assert sorted(evidence.configurations["name"]) == ["CNN", "RandomForestClassifier"]


def test_a_timed_trial_has_no_say_about_accuracy(evidence_of):
    evidence = evidence_of([network(), network(steps=60, accuracy=0.1, seed=5)])
    assert evidence.configurations["n"].tolist() == [1]
    assert evidence.configurations["value"].iloc[0] == pytest.approx(0.92)


def test_the_same_trial_in_two_folders_counts_once(tmp_path):
    for folder in ("a", "b"):
        write([network()], tmp_path / folder)
    assert len(Evidence.of(tmp_path / "a", tmp_path / "b").table) == 1


LATER = "2026-01-01T00:09:00+00:00"


def test_of_a_repeated_trial_the_undisturbed_run_counts_whichever_came_first(evidence_of):
    disturbed = network(seconds=900.0, contention=CONTENDED, started_at=LATER)
    table = evidence_of([network(seconds=100.0), disturbed]).table
    assert table["fit_seconds"].tolist() == [100.0]


def test_a_disturbed_trial_keeps_its_accuracy_and_loses_its_times(evidence_of):
    disturbed = network(seed=1, accuracy=0.93, seconds=900.0, contention=CONTENDED)
    evidence = evidence_of([network(accuracy=0.92, seconds=100.0), disturbed])
    row = evidence.configurations.iloc[0]
    assert row["n"] == 2
    assert row["accuracy"].value == pytest.approx(0.925, abs=1e-4)
    assert (row["cost"].value, row["cost"].n) == (pytest.approx(100.0), 1)
    assert evidence.table["is_contended"].tolist().count(True) == 1


def test_a_disturbed_timing_is_in_no_comparison_of_devices(evidence_of):
    disturbed = network(steps=60, repeat=1, rate=50.0, contention=CONTENDED)
    (timing,) = evidence_of([network(steps=60, rate=500.0), disturbed]).timings
    assert list(timing.rates.values()) == [500.0]


def test_a_failed_configuration_stays_in_the_table(evidence_of):
    frame = evidence_of([network(status="diverged", error="nan", metrics={})]).configurations
    assert frame[["n", "num_failed", "why_failed"]].iloc[0].tolist() == [0, 1, "diverged"]
    assert frame["accuracy"].iloc[0] is None


def test_a_skipped_trial_is_no_failure(evidence_of):
    evidence = evidence_of(
        [network(), network(accelerator="cuda", status="skipped", error="no GPU here", environment={})]
    )
    assert evidence.configurations["num_failed"].tolist() == [0]
    assert sorted(evidence.table["accelerator"]) == ["cpu", "cuda"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "null"])
def test_a_damaged_record_is_named_and_the_others_are_used(tmp_path, text):
    write([network()], tmp_path)
    broken = tmp_path / "sweep" / "broken" / "record.json"
    broken.parent.mkdir(parents=True)
    broken.write_text(text, encoding="utf-8")
    evidence = Evidence.of(tmp_path)
    assert len(evidence.table) == 1
    assert str(broken) in evidence.problems[0]


def test_a_record_that_names_nothing_to_train_is_named(evidence_of, tmp_path):
    strange = network(seed=1)
    del strange.config["model"]["arch"]
    (problem,) = evidence_of([network(), strange]).problems
    assert "names no network and no estimator" in problem


def test_a_newer_schema_is_named_and_the_others_are_used(tmp_path):
    write([network()], tmp_path)
    path = tmp_path / "sweep" / "newer" / "record.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"schema": 99}), encoding="utf-8")
    assert "schema 99" in Evidence.of(tmp_path).problems[0]


@pytest.mark.parametrize(
    "field",
    [
        {"metrics": {"test/accuracy": "high"}},
        {"metrics": {"test/accuracy": 1.7}},
        {"metrics": {"test/accuracy": -0.1}},
        {"clocks": {"fit_seconds": [1]}},
        {"clocks": {"fit_seconds": -3.0}},
        {"data": {"num_test": True}},
        {"environment": {"machine": 3}},
        {"breakdown": "fast"},
        {"utilization": [1]},
    ],
)
def test_values_that_no_trial_leaves_are_named(tmp_path, field):
    write([network()], tmp_path)
    write_record(network(seed=1, **field), tmp_path / "sweep" / "strange")
    evidence = Evidence.of(tmp_path)
    assert len(evidence.table) == 1
    assert "strange" in evidence.problems[0]


def test_curves_that_are_none_are_left_out(evidence_of):
    evidence = evidence_of(
        [network(curves=["epoch", {"epoch": "one"}, {"epoch": 0, "val/accuracy": "x"}, {"epoch": 0, "val/loss": 1.0}])]
    )
    assert len(evidence.curves) == 1


def test_a_missing_folder_and_an_empty_one_are_a_sentence(tmp_path):
    with pytest.raises(InputError, match="there is no folder"):
        Evidence.of(tmp_path / "nothing")
    with pytest.raises(InputError, match="no readable record"):
        Evidence.of(tmp_path)


def test_settings_are_told_apart_by_what_differs_alone():
    same = {"num_train": 100, "trainer.precision": "32-true"}
    settings = {"a": {"trainer.max_epochs": 1, **same}, "b": {"trainer.max_epochs": 5, **same}}
    assert describe_settings(settings, ["a", "b"]) == {"a": "max_epochs 1", "b": "max_epochs 5"}
    assert describe_settings(settings, ["a", "a"]) == {"a": ""}


def test_of_two_machines_with_two_versions_of_the_code_the_machine_is_told():
    settings = {
        "a": {"trainer.max_epochs": 5, "machine": "A", "source_hash": "1", "model.small_maps": None},
        "b": {"trainer.max_epochs": 5, "machine": "B", "source_hash": "2", "model.small_maps": "cpu"},
        "c": {"trainer.max_epochs": 5, "machine": "B", "source_hash": "3", "model.small_maps": "cpu"},
    }
    assert describe_settings(settings, ["a", "b"]) == {"a": "A", "b": "B"}
    assert describe_settings(settings, ["a", "b", "c"]) == {
        "a": "A, source_hash 1", "b": "B, source_hash 2", "c": "B, source_hash 3",
    }  # fmt: skip


def forest(**fields):
    record = svm(**fields)
    record.config["estimator"] = {"class_path": "sklearn.ensemble.RandomForestClassifier", "init_args": {}}
    record.config["engine"], record.engine = "scikit-learn", "scikit-learn"
    record.precision = {"requested": None, "effective": None}
    record.training = {"depends_on_seed": True}
    record.key = f"forest{record.key}"
    return record


def test_methods_of_two_engines_are_ranked_together(evidence_of):
    """Whether a forest is enough is no question where it stands alone in a setting of its own."""
    ((_, group),) = evidence_of([svm(accuracy=0.89), forest(accuracy=0.85)]).panels(
        evidence_of([svm(accuracy=0.89), forest(accuracy=0.85)]).classical
    )
    assert group["is_best"].tolist().count(True) == 1
    assert len(group) == 2


def own(name, code, **fields):
    record = network(**fields)
    record.config["model"] |= {"arch": None, "network": {"class_path": name, "init_args": {}}}
    record.config["own_code"] = {name.rpartition(".")[0]: code}
    record.key = f"{code}{record.key}"
    return record


def test_networks_of_ones_own_are_ranked_with_others_and_an_edited_one_is_another(evidence_of):
    records = [network(), own("mine.CNN", "aaa"), own("mine.CNN", "bbb", seed=1), own("yours.CNN", "ccc", seed=2)]
    evidence = evidence_of(records)
    ((_, group),) = evidence.panels(evidence.networks)
    assert sorted(group["model"]) == [
        "CNN (mine.CNN, code aaa)",
        "CNN (mine.CNN, code bbb)",
        "CNN (yours.CNN, code ccc)",
        "resnet18",
    ]
    assert group["n"].tolist() == [1, 1, 1, 1]


def test_edited_pictures_are_other_data(evidence_of):
    edited = network(seed=1)
    edited.data = edited.data | {"fingerprint": "edited"}
    assert evidence_of([network(), edited]).configurations["n"].tolist() == [1, 1]


def test_a_repeat_of_a_seed_is_no_replicate(evidence_of):
    records = [network(repeat=repeat, seconds=100.0 + repeat) for repeat in range(3)]
    (row,) = evidence_of(records).configurations.to_dict("records")
    assert row["n"] == 1
    assert row["cost"].n == 3


def test_an_axis_typed_with_init_args_is_one(evidence_of):
    records = [network(seed=s, values={"data.init_args.random_flip": flip}) for s, flip in ((0, True), (1, False))]
    for record, flip in zip(records, (True, False), strict=True):
        record.config["data"]["init_args"]["random_flip"] = flip
        record.key += str(flip)
    assert "data.random_flip" in evidence_of(records).axes


def test_a_record_of_an_unknown_kind_is_named(evidence_of):
    (problem,) = evidence_of([network(), svm(kind="oracle")]).problems
    assert "its kind is oracle" in problem


def with_outcomes(accuracy=0.92, **fields):
    record = network(accuracy=accuracy, **fields)
    order = np.arange(record.data["num_test"])
    record.outcomes = {"test": pack(order < round(accuracy * len(order)), order, "pixels")}
    return record


def test_the_table_has_the_outcomes_that_a_record_keeps(evidence_of):
    table = evidence_of([with_outcomes(seed=0), network(seed=1, outcomes={})]).table.set_index("seed")
    assert table["outcomes"][0].correct.sum() == round(0.92 * 14_000)
    assert table["outcomes"][1] is None
    assert table["fold"].tolist() == [0, 0]
    assert table[["look", "predicted_seconds"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"metrics": {"test/accuracy": 0.93}}, "by its outcomes the test accuracy is 0.920000, but it says 0.93"),
        ({"metrics": {}}, "but it says None"),
        ({"outcomes": {"test": {"num": "many"}}}, "num of its outcomes is 'many'"),
        ({"outcomes": {"val": {}}}, "its outcomes are of type NoneType"),
        ({"data": with_outcomes().data | {"num_test": 13_999}}, "of 14,000 images, but num_test is 13999"),
        ({"look": "third"}, "look is third"),
        ({"look": True}, "look is True"),
        ({"predicted_seconds": -1.0}, "predicted_seconds is -1"),
    ],
)
def test_outcomes_that_contradict_their_record_are_damage_and_verify_names_it(evidence_of, change, sentence):
    record = with_outcomes(seed=1)
    for name, value in change.items():
        setattr(record, name, value)
    evidence = evidence_of([with_outcomes(), record])
    assert len(evidence.table) == 1
    assert sentence in evidence.problems[0]
    assert "is damaged" in evidence.problems[0]


def test_folds_are_replicates_of_one_configuration_and_no_axis(evidence_of):
    records = []
    for fold in range(5):
        record = with_outcomes(accuracy=0.90 + 0.01 * fold, values={"data.fold": fold})
        record.data["fold"] = fold
        if fold:
            record.config["data"]["init_args"]["fold"] = fold
        record.key = trial_key(record.config, record.data["fingerprint"])
        records.append(record)
    evidence = evidence_of(records)
    assert "data.fold" not in evidence.axes
    assert sorted(evidence.table["fold"]) == [0, 1, 2, 3, 4]
    for name in ("protocol", "condition", "setting", "candidate", "configuration"):
        assert evidence.table[name].nunique() == 1, name
    [runs] = evidence.configurations["runs"]
    assert (runs.n, runs.num_images, runs.correct.shape) == (1, 70_000, (1, 70_000))
    assert runs.accuracies[0] == pytest.approx(0.92)


def test_what_was_run_for_a_later_look_can_be_left_out(tmp_path):
    """A study that was killed decides again by what it knew."""
    folder = write([network(seed=seed, look=look) for seed, look in enumerate((None, 0, 1, 2))], tmp_path)
    assert [len(Evidence.of(folder, max_look=look).table) for look in (0, 1, 2, None)] == [2, 3, 4, 4]
    limited = Evidence.of(folder / "hyperparameters", folder, max_look=0)
    assert [len(each.table) for each in limited.by_folder([folder, folder / "hyperparameters"]).values()] == [2, 2]
