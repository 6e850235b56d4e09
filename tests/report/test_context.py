"""What the report says in words is taken for granted: it must not say more than was measured."""

import pandas as pd
import pytest

from benchmark_lightning.report.evidence.collection import collect
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.questions import Questions
from benchmark_lightning.report.page.devices import hardware_tables
from benchmark_lightning.report.page.rankings import best_rows, classical_rows, method_rows
from tests.report.made import environment, network, svm, write, write_published


def test_times_of_two_machines_are_never_a_ratio_though_their_processors_have_one_name(tmp_path):
    """An SVM fitted on a fast machine beside a network trained on a slow one would measure the machines."""
    alike = [network(seed=seed) for seed in range(3)] + [svm()]
    there = [
        svm("MNIST"),
        *(network("MNIST", seed=seed, environment=environment("cpu", "machine B")) for seed in range(3)),
    ]
    rows = {row["dataset"]: row for row in classical_rows(Evidence.of(write(alike + there, tmp_path / "records")))}
    assert rows["FashionMNIST"]["times"].value == pytest.approx(100 / 30)
    assert rows["MNIST"]["times"] is None
    assert rows["MNIST"]["lead"].value == pytest.approx(0.03, abs=1e-3)


def test_a_network_that_ran_once_decides_nothing_about_classical_methods(tmp_path):
    for name, records, answer in (
        ("once", [network()], "unknown"),
        ("thrice", [network(seed=s) for s in range(3)], "no"),
    ):
        (row,) = classical_rows(Evidence.of(write([*records, svm()], tmp_path / name)))
        assert row["answer"] == answer


def best_row(records, tmp_path):
    evidence = Evidence.of(write(records, tmp_path / "records"))
    (row,) = best_rows(evidence, evidence.networks)
    return row


def of_seeds(*seeds, accuracy=0.92, **fields):
    return [network(seed=seed, accuracy=accuracy + (seed - 1) * 0.0003, **fields) for seed in seeds]


def test_the_best_of_single_seeds_is_told_from_none_and_nothing_is_recommended(tmp_path):
    row = best_row([network(lr=lr, accuracy=0.92 - (lr < 1e-3) * 0.05) for lr in (1e-3, 1e-4)], tmp_path)
    assert (row["num_of_one_seed"], row["num_could_be_best"], row["recommendation"]) == (2, 2, None)
    assert row["accuracy"].low is None


def test_what_is_recommended_is_told_to_be_as_good_and_faster(tmp_path):
    best = of_seeds(*range(5), seconds=100.0, arch="resnet50", accuracy=0.921)
    for name, rival, is_recommended in (
        ("as good and faster", of_seeds(*range(5), seconds=40.0), True),
        ("a point worse", of_seeds(*range(5), seconds=40.0, accuracy=0.911), False),
        ("no faster", [network(seed=s, seconds=99.0 + s % 3, accuracy=0.92 + (s - 2) * 0.0003) for s in range(5)], False),
        ("of one seed", [network(seconds=40.0)], False),
    ):  # fmt: skip
        recommendation = best_row([*best, *rival], tmp_path / name)["recommendation"]
        assert (recommendation is not None) == is_recommended, name
        if recommendation is not None:
            assert recommendation.name == "resnet18"
            assert recommendation.given_away.high <= 0.005
            assert recommendation.share.high < 1


def test_what_is_recommended_is_as_good_as_each_of_the_others(tmp_path):
    """The one that validation chose may be significantly worse than another."""
    chosen = of_seeds(*range(5), arch="resnet50", seconds=100.0, accuracy=0.9)
    for record in chosen:
        record.metrics["val/accuracy"] = 0.99
    fast = of_seeds(*range(5), seconds=40.0, accuracy=0.905)
    better = of_seeds(*range(5), arch="resnet34", seconds=100.0, accuracy=0.94)
    assert best_row([*chosen, *fast], tmp_path / "two")["recommendation"].name == "resnet18"
    assert best_row([*chosen, *fast, *better], tmp_path / "three")["recommendation"] is None


def test_the_accuracy_of_what_only_half_of_the_seeds_choose_is_not_said_of_it(tmp_path):
    records = of_seeds(*range(4)) + of_seeds(*range(4), lr=1e-4, accuracy=0.85)
    for record in records:
        is_even, is_first = record.config["seed_everything"] % 2 == 0, record.config["model"]["lr"] == 1e-3
        record.metrics["val/accuracy"] = 0.92 if is_even == is_first else 0.9 - 0.001 * is_first
    row = best_row(records, tmp_path)
    assert not row["is_chosen_twice"]
    assert 0.85 < row["accuracy"].value < 0.92


def test_another_confidence_is_as_if_it_had_been_asked_for_at_once(tmp_path):
    folder = write([*of_seeds(0, 1, 2), network(lr=1e-4), svm()], tmp_path / "records")
    late, early = Evidence.of(folder).at(0.99), Evidence(collect([folder]), confidence=0.99)
    columns = ["name", "accuracy", "cost", "low", "high", "could_be_best"]
    pd.testing.assert_frame_equal(late.configurations[columns], early.configurations[columns], check_dtype=False)


def test_looks_widen_what_is_told_apart(tmp_path):
    records = of_seeds(0, 1, 2) + of_seeds(0, 1, 2, lr=1e-4, accuracy=0.917)
    folder = write(records, tmp_path / "records")
    plain, looked = (Evidence(collect([folder]), Questions(looks=looks)) for looks in ((), (3, 5, 8, 12)))
    assert looked.judged_confidence > plain.judged_confidence == 0.95
    assert looked.configurations["could_be_best"].sum() >= plain.configurations["could_be_best"].sum()


def test_nothing_is_told_apart_on_paper_that_was_not_in_the_records(tmp_path):
    """Words and rows are of one kind: a page of single seeds never says significant."""
    from benchmark_lightning.report.page.document import make_texts

    once = [network(lr=lr, accuracy=0.92 - (lr < 1e-3) * 0.05) for lr in (1e-3, 1e-4)]
    text = make_texts(Evidence.of(write(once, tmp_path / "once")), {})["report.md"]
    assert "the best of these 2 runs only" in text
    assert "with one seed each, no difference is significant" in text
    assert "significantly worse" not in text.partition("Accuracies are those")[0]
    several = of_seeds(0, 1, 2) + of_seeds(0, 1, 2, lr=1e-4, accuracy=0.87)
    text = make_texts(Evidence.of(write(several, tmp_path / "several")), {})["report.md"]
    assert "The other is significantly worse" in text


def test_published_seconds_stand_beside_the_precision_that_they_were_measured_in(tmp_path):
    records = [network(optimizer="sgd", precision=precision, steps=60) for precision in ("16-mixed", "32-true")]
    tables = hardware_tables(Evidence.of(write_published(records, tmp_path / "records")))
    printed = {table["title"]: table["rows"][0]["printed"] for table in tables}
    assert printed == {
        "FashionMNIST, batch 64, 16-mixed": ["2,724 s, whole training", "707 s, whole training", "3.8x"],
        "FashionMNIST, batch 64, 32-true": [],
    }


def test_every_classical_method_has_a_row_with_what_it_costs(tmp_path):
    """Whether a classical method is enough is answered by more than the best of them."""
    forest = svm(accuracy=0.88, seconds=5.0, complexity={"model_bytes": 3 * 2**20})
    forest.config["estimator"] = {"class_path": "sklearn.ensemble.RandomForestClassifier", "init_args": {}}
    forest.key = "f" * 16
    records = [svm(accuracy=0.89), svm(accuracy=0.90, strength=10.0), forest, svm(fraction=0.1, accuracy=0.8)]
    rows = method_rows(Evidence.of(write(records, tmp_path / "records")))
    assert [(row["method"], row["model_mib"]) for row in rows] == [
        ("SVC, C 10", None), ("RandomForestClassifier", pytest.approx(3.0)),
    ]  # fmt: skip
    assert rows[1]["cost"].value == pytest.approx(5.0)


def test_a_report_says_what_was_predicted_and_what_it_took(tmp_path):
    from benchmark_lightning.report.page.document import make_texts

    known = [network(seed=seed, seconds=600.0, predicted_seconds=300.0) for seed in range(2)]
    text = make_texts(Evidence.of(write([*known, network(seed=2)], tmp_path / "known")), {})["report.md"]
    assert "Of 2 the time was predicted: 600 s, and they took 1,320 s." in text
    assert "predicted" not in make_texts(Evidence.of(write([network()], tmp_path / "unknown")), {})["report.md"]
