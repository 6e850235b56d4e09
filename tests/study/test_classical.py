"""The classical method stands in the same record, on the same split, whoever computes it."""

from pathlib import Path

import numpy as np
import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.record import Record, read_record, trial_key
from benchmark_lightning.study.svm import IS_INTELEX_INSTALLED, SVMOptions, build_classifier
from benchmark_lightning.training.datasets import Digits

RUN = Path("lightning_logs/Digits-svm/version_0")


def svm(*arguments: str, code: int = 0) -> Record:
    assert main(["svm", "--data", "Digits", *arguments]) == code
    return read_record(RUN)


@pytest.mark.parametrize("kernel", ["rbf", "poly"])
def test_an_svm_leaves_the_record_of_a_trial(kernel):
    record = svm("--svm.kernel", kernel, "--svm.C", "10")
    assert (record.kind, record.status) == ("svm", "ok")
    assert record.metrics["test/accuracy"] > 0.95
    assert set(record.metrics) == {"val/accuracy", "val/macro_f1", "test/accuracy", "test/macro_f1"}
    assert record.clocks["fit_seconds"] > 0
    assert record.clocks["predict_seconds"] > 0
    assert 100 < record.num_support_vectors <= 1258
    assert record.data["split_hash"] == Digits().describe()["split_hash"]
    assert record.key == trial_key(record.config, record.data["fingerprint"])
    assert record.engine == record.config["svm"]["engine"] != "auto"


def test_a_part_of_the_training_set_is_an_axis():
    record = svm("--data.train_fraction", "0.5")
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
    predictions = [
        build_classifier(SVMOptions(**options, engine=engine), seed=0).fit(*train).predict(features)
        for engine in ("scikit-learn", "scikit-learn-intelex")
    ]
    assert np.mean(predictions[0] == predictions[1]) >= 0.999


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--svm.kernel", "rfb"], "svm.kernel is 'rfb'; give one of rbf, poly, linear"),
        (["--svm.C", "0"], "svm.C is 0.0; give a number above 0"),
        (["--svm.gamma", "-1"], "svm.gamma is -1.0"),
        (["--svm.degree", "0"], "svm.degree is 0"),
        (["--svm.kernal", "rbf"], "there is no option --svm.kernal; did you mean 'svm.kernel'?"),
        (["--data.batchsize", "3"], "unknown key data.batchsize"),
    ],
)
def test_a_wrong_option_is_one_sentence(complaint, arguments, sentence):
    assert sentence in complaint("svm", "--data", "Digits", *arguments)


def test_a_failure_has_a_record(monkeypatch):
    def fail(*arguments):
        raise RuntimeError("no memory for the kernel")

    monkeypatch.setattr("benchmark_lightning.study.svm._timed", fail)
    record = svm(code=1)
    assert (record.status, record.error) == ("failed", "RuntimeError: no memory for the kernel")
    assert (RUN / "traceback.txt").is_file()
