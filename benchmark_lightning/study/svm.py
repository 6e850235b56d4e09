"""The support vector classifier: the same data, the same split and the same record as a network."""

import dataclasses
import importlib.util
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import yaml
from jsonargparse import ActionConfigFile, Namespace  # type: ignore[attr-defined]  # it does export it
from sklearn import svm as scikit_learn
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.study.outcome import concluded, one_interrupt
from benchmark_lightning.study.record import Record, identity, new_record, write_record
from benchmark_lightning.study.result import conclude
from benchmark_lightning.training.clocks import Stopwatch, peak_rss_mib
from benchmark_lightning.training.contention import ContentionMeter
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.energy import EnergyMeter
from benchmark_lightning.training.parser import BenchmarkParser
from benchmark_lightning.training.runs import RunOptions, claim_folder

Engine = Literal["scikit-learn", "scikit-learn-intelex"]
NUM_WARMUP_IMAGES = 200
Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")
PRECISIONS = {"scikit-learn": "64-true", "scikit-learn-intelex": "32-true"}  # of float32 pixels, libsvm makes float64
IS_INTELEX_INSTALLED = importlib.util.find_spec("sklearnex") is not None


@dataclasses.dataclass
class SVMOptions:
    """A support vector classifier, as scikit-learn's ``SVC`` takes it.

    Args:
        kernel: rbf, poly or linear.
        C: Inverse strength of the regularisation.
        gamma: Coefficient of rbf and poly: ``scale`` is 1 / (784 x variance of the pixels), ``auto`` is 1 / 784.
        degree: Of poly.
        coef0: Constant term of poly.
        engine: Who computes it: ``auto`` is scikit-learn-intelex where it is installed, the same algorithm many times
            faster on x86-64, and scikit-learn elsewhere.
    """

    kernel: Literal["rbf", "poly", "linear"] = "rbf"
    C: float = 1.0
    gamma: Literal["scale", "auto"] | float = "scale"
    degree: int = 3
    coef0: float = 0.0
    engine: Literal["auto", "scikit-learn", "scikit-learn-intelex"] = "auto"

    def __post_init__(self) -> None:
        if not (self.C > 0 and math.isfinite(self.C)):
            raise InputError(f"svm.C is {self.C}; give a number above 0")
        if isinstance(self.gamma, float) and not (self.gamma > 0 and math.isfinite(self.gamma)):
            raise InputError(f"svm.gamma is {self.gamma}; give scale, auto or a number above 0")
        if self.degree < 1:
            raise InputError(f"svm.degree is {self.degree}; give a whole number of at least 1")
        if self.engine == "scikit-learn-intelex" and not IS_INTELEX_INSTALLED:
            raise InputError("svm.engine scikit-learn-intelex is not installed here; give auto or scikit-learn")


def resolve_engine(engine: str) -> Engine:
    """The engine that ``auto`` stands for on this machine."""
    if engine == "auto":
        return "scikit-learn-intelex" if IS_INTELEX_INSTALLED else "scikit-learn"
    return "scikit-learn" if engine == "scikit-learn" else "scikit-learn-intelex"


def build_classifier(options: SVMOptions, seed: int) -> Any:
    """The classifier, not yet fitted, with scikit-learn's interface."""
    if resolve_engine(options.engine) == "scikit-learn-intelex":
        from sklearnex.svm import SVC
    else:
        SVC = scikit_learn.SVC  # noqa: N806  # a class
    settings = {key: value for key, value in dataclasses.asdict(options).items() if key != "engine"}
    return SVC(**settings, random_state=seed, cache_size=1000)


def svm_parser() -> BenchmarkParser:
    """The keys of an SVM trial: ``data`` as for a network, ``svm`` and the seed."""
    parser = BenchmarkParser()
    parser.add_argument("-c", "--config", action=ActionConfigFile, help="Path to a configuration file.")
    parser.add_argument("--seed_everything", type=int, default=0, help="Seed of the classifier.")
    parser.add_subclass_arguments(ImageData, "data", required=True)
    parser.add_class_arguments(SVMOptions, "svm")
    parser.add_class_arguments(RunOptions, "run")
    return parser


def resolve_svm(parser: BenchmarkParser, arguments: Sequence[str]) -> tuple[dict[str, Any], Namespace]:
    """The identity of an SVM trial, with the engine that ``auto`` stands for, and its data and options."""
    config = parser.parse_args(list(arguments))
    built = parser.build(config)
    resolved = identity(yaml.safe_load(parser.dump(config, skip_none=False)))
    resolved["svm"]["engine"] = resolve_engine(resolved["svm"]["engine"])
    return resolved, built


def run_svm(
    arguments: Sequence[str], repeat: int = 0, on_progress: Callable[[dict[str, Any]], None] = lambda event: None
) -> tuple[Record, Path]:
    """Fits, predicts the validation and test images, and writes the record; fit and predict are timed apart.

    Args:
        arguments: configs and flags: ``data``, ``svm``, ``seed_everything`` and ``run``.
        repeat: which of several runs of the same configuration it is.
        on_progress: told the phase and the validation accuracy.

    Raises:
        InputError: the configuration or the data cannot be used; there is then no record.
    """
    started = time.perf_counter()
    config, built = resolve_svm(svm_parser(), arguments)
    data: ImageData = built.data
    folder = claim_folder(built.run, f"{data.dataset}-svm")
    record = new_record(
        "svm",
        config,
        data.describe(),
        repeat,
        engine=config["svm"]["engine"],
        environment=describe_environment(torch.device("cpu")),
        precision=dict.fromkeys(("requested", "effective"), PRECISIONS[config["svm"]["engine"]]),
        reasons={
            "clocks.first_batch_seconds": "an SVM has no batches",
            "throughput.median_images_per_second": "an SVM has no batches",
            "memory.peak_device_mib": "trained on the cpu",
            "best_epoch": "an SVM has no epochs",
            "breakdown": "an SVM has no steps",
            "utilization": "an SVM's operations are not counted",
        },
    )
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    with one_interrupt():
        with concluded(record, folder):
            _fit_and_predict(record, data, build_classifier(built.svm, config["seed_everything"]), started, on_progress)
        record.memory = {"peak_rss_mib": peak_rss_mib(), "peak_device_mib": None}
        record.clocks["wall_seconds"] = time.perf_counter() - started
        write_record(record, folder)
    return record, folder


def _fit_and_predict(
    record: Record, data: ImageData, classifier: Any, started: float, on_progress: Callable[[dict[str, Any]], None]
) -> None:
    parts = {part: data.arrays(part) for part in PARTS}
    meter, contention = EnergyMeter(torch.device("cpu")), ContentionMeter()
    record.clocks = {"setup_seconds": time.perf_counter() - started, "first_batch_seconds": None}
    record.throughput = {"images_per_second": [], "median_images_per_second": None}

    with Stopwatch() as warmup:  # the first call loads and starts what the engine needs
        clone(classifier).fit(*(values[:NUM_WARMUP_IMAGES] for values in parts["train"])).predict(parts["val"][0][:1])
    record.clocks["warmup_seconds"] = warmup.seconds

    on_progress({"phase": "fit"})
    contention.start()
    meter.start()
    record.clocks["fit_seconds"], _ = _timed(classifier.fit, *parts["train"])
    meter.stop()
    record.num_support_vectors = int(np.sum(classifier.n_support_))
    record.energy = {"joules": meter.joules, "source": meter.source}
    if meter.joules is None:
        record.reasons["energy.joules"] = meter.reason or "not measured"

    clocks: dict[Part, str] = {"val": "validation_seconds", "test": "predict_seconds"}
    for part, clock in clocks.items():
        on_progress({"phase": f"predict {part}"})
        features, labels = parts[part]
        record.clocks[clock], predicted = _timed(classifier.predict, features)
        record.metrics[f"{part}/accuracy"] = float(accuracy_score(labels, predicted))
        record.metrics[f"{part}/macro_f1"] = float(f1_score(labels, predicted, average="macro"))
        on_progress({"accuracy": record.metrics["val/accuracy"]})
    contention.stop()
    record.contention = contention.summary()
    record.reasons |= contention.reasons()
    record.clocks["test_seconds"] = record.clocks["predict_seconds"]


def _timed(function: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - started, result


def main(arguments: Sequence[str]) -> int:
    """Runs one trial of an SVM; the exit codes are those of ``trial``."""
    record, folder = run_svm(arguments)
    return conclude(record, folder, f"{record.data['name']}, SVC {record.config['svm']['kernel']}, {record.engine}")
