"""A classical method stands in the same record, on the same split, whoever computes it."""

from pathlib import Path

import numpy as np
import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.study.record import FILE_NAME, Record, read_record, trial_key
from benchmark_lightning.study.trials.estimators import IS_INTELEX_INSTALLED, build, canonical, depends_on_seed
from benchmark_lightning.study.values import parse_value
from benchmark_lightning.training.datasets import Digits
from tests.study.sweeps import CONFIGS, OUT, SVM, sweep

RUNS = Path("lightning_logs")
FEW = ("--data", "Digits", "--data.train_fraction", "0.2")
PCA_SVC = "{class_path: make_pipeline, init_args: {steps: [PCA, SVC]}}"


def run(command: str, *arguments: str, code: int = 0) -> Record:
    assert main([command, *arguments]) == code
    [record] = RUNS.glob(f"*/version_0/{FILE_NAME}")
    return read_record(record)


@pytest.mark.parametrize("kernel", ["rbf", "poly"])
def test_an_svm_leaves_the_record_of_a_trial(kernel):
    record = run("svm", "--data", "Digits", "--svm.kernel", kernel, "--svm.C", "10")
    assert (record.kind, record.status) == ("classical", "ok")
    assert record.metrics["test/accuracy"] > 0.95
    assert set(record.metrics) == {"val/accuracy", "val/macro_f1", "test/accuracy", "test/macro_f1"}
    assert record.clocks["fit_seconds"] > 0
    assert record.clocks["predict_seconds"] > 0
    assert 100 < record.num_support_vectors <= 1258
    right = record.test_outcomes.correct
    assert (len(right), right.sum() / 359) == (359, record.metrics["test/accuracy"])
    assert record.data["split_hash"] == Digits().describe()["split_hash"]
    assert record.key == trial_key(record.config, record.data["fingerprint"])
    assert record.engine == record.config["engine"] != "auto"
    sections = {name: value for name, value in vars(record).items() if name not in ("config", "environment", "error")}
    nulls = {name for name, value in sections.items() if value is None}
    nulls |= {f"{section}.{name}" for section, values in sections.items() if isinstance(values, dict)
              for name, value in values.items() if value is None}  # fmt: skip
    assert nulls <= record.reasons.keys(), "unknown is null with a reason"


def test_svm_is_short_for_classical_with_its_file(capsys):
    config = Path("old.yaml")
    config.write_text("data: Digits\nsvm: {kernel: poly, engine: scikit-learn}\n")
    first = run("svm", "--config", str(config), "--svm.C=10")
    flags = ["--config", f"{CONFIGS}/estimator/svc.yaml", "--data", "Digits", "--engine", "scikit-learn"]
    assert main(["classical", *flags, "--estimator.kernel", "poly", "--estimator.C", "10"]) == 0
    second = read_record(RUNS / "Digits-SVC" / "version_1")
    assert first.config == second.config
    assert (first.key, first.metrics) == (second.key, second.metrics)
    assert "size of the model" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "name", "has_vectors"),
    [
        (("RandomForestClassifier", "--estimator.n_estimators", "10"), "RandomForestClassifier", False),
        (("sklearn.neighbors.KNeighborsClassifier",), "KNeighborsClassifier", False),
        (("DummyClassifier",), "DummyClassifier", False),
        (("HistGradientBoostingClassifier", "--estimator.max_iter", "2"), "HistGradientBoostingClassifier", False),
        ((PCA_SVC, "--estimator.pca__n_components", "20"), "PCA+SVC", True),
    ],
)
def test_any_classifier_of_scikit_learn_is_a_trial(arguments, name, has_vectors):
    record = run("classical", *FEW, "--estimator", *arguments)
    assert (RUNS / f"Digits-{name}" / "version_0").is_dir()
    assert record.status == "ok"
    assert record.metrics["test/accuracy"] > (0.09 if name == "DummyClassifier" else 0.6)
    assert record.complexity["num_features"] == 784
    assert record.complexity["model_bytes"] > 100
    assert (record.num_support_vectors is not None) == has_vectors
    assert record.config["estimator"]["class_path"].startswith("sklearn.")
    assert set(record.config) == {"seed_everything", "data", "estimator", "engine"}


def test_what_is_random_follows_the_seed_also_inside_a_pipeline():
    steps = "{class_path: Pipeline, init_args: {steps: [{class_path: PCA, init_args: {n_components: 9}}, ExtraTreeClassifier]}}"
    described = canonical(parse_value(steps))
    assert build(described, "scikit-learn", 3).get_params()["extratreeclassifier__random_state"] == 3
    given = canonical({"class_path": "SVC", "init_args": {"random_state": 7}})
    assert build(given, "scikit-learn", 3).random_state == 7


def test_a_solver_that_stops_early_is_told_once_and_is_no_error(capsys):
    record = run("classical", *FEW, "--estimator", "LogisticRegression", "--estimator.max_iter", "2")
    assert record.status == "ok"
    assert record.reasons["convergence"].startswith("ConvergenceWarning: lbfgs failed to converge")
    assert capsys.readouterr().out.count("ConvergenceWarning") == 1


def test_more_neighbours_than_a_small_trial_has_are_no_mistake():
    assert (
        run("classical", *FEW, "--estimator", "KNeighborsClassifier", "--estimator.n_neighbors", "220").status == "ok"
    )


def test_a_batch_that_no_classical_method_has_stops_no_sweep():
    text = SVM.replace("axes:", "axes:\n  data.batch_size: [5000]")
    assert {record.status for record in sweep(text).values()} == {"ok"}


def test_a_part_of_the_training_set_is_an_axis():
    record = run("svm", "--data", "Digits", "--data.train_fraction", "0.5")
    assert record.data["num_train"] == 629
    assert record.data["num_test"] == 359


@pytest.mark.skipif(not IS_INTELEX_INSTALLED, reason="scikit-learn-intelex is for x86-64")
@pytest.mark.parametrize(
    "options", [{"kernel": "rbf"}, {"kernel": "poly"}, {"kernel": "rbf", "C": 10.0, "gamma": 0.01}]
)
def test_both_engines_predict_the_same(options):
    data = Digits()
    train = data.arrays("train")
    features = np.concatenate([data.arrays(part)[0] for part in ("train", "val", "test")])
    described = canonical({"class_path": "SVC", "init_args": options})
    predictions = [
        build(described, engine, seed=0).fit(*train).predict(features)
        for engine in ("scikit-learn", "scikit-learn-intelex")
    ]
    assert np.mean(predictions[0] == predictions[1]) >= 0.999


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--svm.kernel", "rfb"], "estimator.kernel is 'rfb'; give SVC a str among"),
        (["--svm.C", "0"], "estimator.C is 0.0; give SVC a float in the range (0.0, inf"),
        (["--svm.gamma", "-1"], "estimator.gamma is -1"),
        (["--svm.degree", "-1"], "estimator.degree is -1"),
        (["--svm.kernal", "rbf"], "SVC takes no kernal; did you mean 'kernel'?"),
        (["--data.batchsize", "3"], "unknown key data.batchsize"),
        (["--svm.engine", "fast"], "engine fast does not compute sklearn.svm.SVC; give auto or"),
    ],
)
def test_a_wrong_option_of_an_svm_is_one_sentence(complaint, arguments, sentence):
    assert sentence in complaint("svm", "--data", "Digits", *arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no estimator is given; add --config configs/estimator/svc.yaml"),
        (["--estimtor", "SVC"], "there is no option --estimtor"),
        (["--estimator"], "--estimator has no value"),
        (["--estimator", "RandomForestClasifier"], "did you mean 'RandomForestClassifier'?"),
        (["--estimator", "SVC", "--estimator.n_estimators", "3"], "SVC takes no n_estimators"),
        (["--estimator", "RandomForestClassifier", "--estimator.n_estimators", "0"], "estimator.n_estimators is 0; give"),
        (["--estimator", "Ridge"], "Ridge is a regressor; give a classifier"),
        (["--estimator", "PCA"], "PCA has no predict"),
        (["--estimator.C", "1"], "estimator.C is given without a class"),
        (["--estimator", "{class_path: SVC, C: 1}"], "arguments of the class belong under init_args"),
        (["--estimator", "nowhere.Mine"], "there is no module nowhere"),
        (["--estimator", "sklearn.svm.make"], "sklearn.svm has no make"),
        (["--estimator", PCA_SVC, "--estimator.pac__whiten", "true"], "estimator has no part pac; did you mean 'pca'?"),
        (["--estimator", PCA_SVC, "--estimator.pca__n_components", "2000"], "n_components=2000 must be between 0 and"),
        (["--estimator", "GaussianNB", "--engine", "scikit-learn-intelex"], "does not compute sklearn.naive_bayes.Gaus"),
    ],
)  # fmt: skip
def test_a_wrong_estimator_is_one_sentence(complaint, arguments, sentence):
    assert sentence in complaint("classical", "--data", "Digits", *arguments)
    assert not RUNS.exists()


def test_a_failure_has_a_record(monkeypatch):
    def fail(*arguments):
        raise RuntimeError("no memory for the kernel")

    monkeypatch.setattr("benchmark_lightning.study.trials.classical.timed", fail)
    record = run("svm", *FEW, code=1)
    assert (record.status, record.error) == ("failed", "RuntimeError: no memory for the kernel")
    assert (RUNS / "Digits-SVC/version_0/traceback.txt").is_file()


LADDER = f"""
trial: classical
base: [{CONFIGS}/data/digits.yaml]
axes:
  estimator:
    - DummyClassifier
    - {{class_path: KNeighborsClassifier, init_args: {{n_neighbors: 3}}}}
    - {{class_path: Pipeline, init_args: {{steps: [StandardScaler, {{class_path: GaussianNB}}]}}}}
  data.train_fraction: [0.1]
"""


def test_classes_with_their_arguments_are_an_axis_and_name_the_folders():
    done = sweep(LADDER)
    assert [name[:-7] for name in done] == [
        "DummyClassifier",
        "KNeighborsClassifier-n_neighbors-3",
        "StandardScaler+GaussianNB",
    ]
    assert {record.status for record in done.values()} == {"ok"}
    [neighbours] = [record for record in done.values() if record.metrics["test/accuracy"] > 0.8]
    assert neighbours.values == {
        "estimator": {"class_path": "KNeighborsClassifier", "init_args": {"n_neighbors": 3}}, "data.train_fraction": 0.1,
    }  # fmt: skip
    assert sweep(LADDER).keys() == done.keys()


@pytest.mark.parametrize(
    ("axis", "sentence"),
    [
        ("[SVC, SCV]", "did you mean 'SVC'? (in sweep.yaml)"),
        ("[SVC, {class_path: sklearn.svm.SVC}]", "describes the same trial twice"),
        ("[SVC, {class_path: SVC, init_args: {C: -1}}]", "estimator.C is -1.0; give SVC"),
        ("[SVC, {init_args: {C: 1}}]", "give single values, or class_path and init_args"),
    ],
)
def test_all_estimators_of_a_sweep_are_valid_before_the_first_one_is_fitted(complaint, axis, sentence):
    base = f"trial: classical\nbase: [{CONFIGS}/data/digits.yaml]\n"
    Path("sweep.yaml").write_text(f"{base}axes:\n  estimator: {axis}\n")
    assert sentence in complaint("sweep", "sweep.yaml", "--out", "out")
    assert not list(Path("out").glob("*/*"))


@pytest.mark.parametrize(
    ("name", "arguments", "depends"),
    [
        ("SVC", {}, False), ("KNeighborsClassifier", {}, False), ("LogisticRegression", {}, False),
        ("LogisticRegression", {"solver": "saga"}, True), ("RandomForestClassifier", {}, True),
        ("DummyClassifier", {}, False), ("Pipeline", {"steps": ["PCA", "SVC"]}, True),
        ("Pipeline", {"steps": ["StandardScaler", "SVC"]}, False),
    ],
)  # fmt: skip
def test_what_no_seed_changes_needs_no_second_one(name, arguments, depends):
    described = canonical({"class_path": name, "init_args": arguments})
    assert depends_on_seed(build(described, "scikit-learn", 0)) is depends


def test_a_sweep_over_folds_tests_every_image_once_with_one_configuration():
    text = f"""
trial: classical
base: [{CONFIGS}/data/digits.yaml, {CONFIGS}/estimator/svc.yaml]
axes: {{data.fold: [0, 1, 2, 3, 4]}}
"""
    records = sweep(text)
    assert [name.split("-")[0] for name in records] == ["f0", "f1", "f2", "f3", "f4"]
    assert [record.data["fold"] for record in records.values()] == [0, 1, 2, 3, 4]
    assert len({record.data["split_hash"] for record in records.values()}) == 1
    [runs] = Evidence.of(OUT).configurations["runs"]
    assert (runs.n, runs.num_images, runs.correct.shape) == (1, 1797, (1, 1797))
    assert len(sweep(text.replace("data.fold: [0, 1, 2, 3, 4]", "estimator.C: [1.0]"))) == 5, "fold 0 has run already"
