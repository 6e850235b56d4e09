"""The trial of a classical method: the same data, the same split and the same record as a network."""

import contextlib
import pickle
import textwrap
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import yaml
from lightning.fabric.utilities.seed import seed_everything
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, f1_score

from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.study.labels import class_name, label
from benchmark_lightning.study.outcome import concluded, one_interrupt
from benchmark_lightning.study.outcomes import pack
from benchmark_lightning.study.own_code import OWN_CODE
from benchmark_lightning.study.record import Record, new_record, write_record
from benchmark_lightning.study.result import conclude
from benchmark_lightning.study.trials.checks import check_estimator
from benchmark_lightning.study.trials.classical_plan import (
    classical_parser,
    cores,
    estimate,
    maker,
    parse,
    resolver,
    timed,
)
from benchmark_lightning.study.trials.estimator_flags import SECTION, svm_words
from benchmark_lightning.study.trials.estimators import INTELEX, depends_on_seed
from benchmark_lightning.study.trials.kinds import Setting
from benchmark_lightning.training.clocks import Stopwatch, peak_rss_mib
from benchmark_lightning.training.contention import ContentionMeter
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.energy import EnergyMeter
from benchmark_lightning.training.runs import claim_folder

__all__ = ["estimate", "main", "resolver", "run", "svm_main"]
Part = Literal["train", "val", "test"]
PARTS: tuple[Part, ...] = ("train", "val", "test")
HAND_MADE = Setting()


def run(arguments: Sequence[str], setting: Setting = HAND_MADE) -> tuple[Record, Path]:
    """Fits, predicts the validation and test images, and writes the record; fit and predict are timed apart.

    Args:
        arguments: configs and flags: ``data``, ``estimator``, ``engine``, ``seed_everything`` and ``run``.
        setting: what the trial is told beside them.

    Returns:
        The record and its folder.

    Raises:
        InputError: the configuration or the data cannot be used; there is then no record.
    """
    started = time.perf_counter()
    config, built = parse(classical_parser(), arguments)
    data: ImageData = built.data
    num_threads = setting.num_threads or torch.get_num_threads()
    with cores(num_threads):
        parts = {part: data.arrays(part) for part in PARTS}
        setup_seconds = time.perf_counter() - started
        with Stopwatch() as warmup:  # the first call loads and starts what the engine needs
            check_estimator(maker(config), *parts["train"])
        folder = claim_folder(built.run, f"{data.dataset}-{class_name(config[SECTION])}")
        given = {key: value for key, value in config.items() if key != OWN_CODE}
        (folder / "config.yaml").write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
        record = _begun(config, data, setting)
        record.clocks |= {"setup_seconds": setup_seconds, "warmup_seconds": warmup.seconds}
        with one_interrupt():
            with concluded(record, folder):
                seed_everything(config["seed_everything"], verbose=False)  # of what draws from the global generators
                estimator = maker(config)()
                record.levers = _levers(estimator, num_threads)
                record.training = {"depends_on_seed": depends_on_seed(estimator)}
                predicted = _fit_and_predict(record, parts, estimator, setting.on_progress or (lambda event: None))
                correct = np.ravel(predicted) == parts["test"][1]
                record.outcomes = {"test": pack(correct, data.parts.test, data.fingerprint)}
                del record.reasons["outcomes"]
            record.memory = {"peak_rss_mib": peak_rss_mib(), "peak_device_mib": None}
            record.clocks["wall_seconds"] = time.perf_counter() - started
            write_record(record, folder)
    return record, folder


def _begun(config: dict[str, Any], data: ImageData, setting: Setting) -> Record:
    """The record with all that is known before the fit."""
    is_svc = config[SECTION]["class_path"] == "sklearn.svm.SVC"
    # Of float32 pixels, libsvm makes float64; the other estimators each do as they like.
    precision = "32-true" if config["engine"] == INTELEX else "64-true" if is_svc else None
    reasons = {
        "clocks.first_batch_seconds": "a classical method has no batches",
        "throughput.median_images_per_second": "a classical method has no batches",
        "memory.peak_device_mib": "trained on the cpu",
        "best_epoch": "a classical method has no epochs",
        "breakdown": "a classical method has no steps",
        "utilization": "the operations of a classical method are not counted",
        "complexity.params": "methods do not agree on what is a parameter; see model_bytes",
    }
    if precision is None:
        reasons |= dict.fromkeys(("precision.requested", "precision.effective"), "the estimator chooses, part by part")
    return new_record(
        "classical",
        config,
        data.describe(),
        setting.repeat,
        **setting.told,
        engine=config["engine"],
        clocks={"first_batch_seconds": None},
        throughput={"images_per_second": [], "median_images_per_second": None},
        environment=describe_environment(torch.device("cpu")),
        precision=dict.fromkeys(("requested", "effective"), precision),
        reasons=reasons,
    )


def _levers(estimator: Any, num_threads: int) -> dict[str, Any]:
    """The settings of speed: the jobs of the outermost estimator that has ``n_jobs``, and the cache of kernel values."""
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    by_depth = sorted(parameters, key=lambda name: name.count("__"), reverse=True)
    last = {name.rsplit("__", 1)[-1]: parameters[name] for name in by_depth}
    levers = {name: last[name] for name in ("n_jobs", "cache_size") if name in last}
    return {**levers, "n_jobs": levers["n_jobs"] or num_threads} if "n_jobs" in levers else levers


def _fit_and_predict(
    record: Record, parts: Mapping[Part, tuple[Any, Any]], estimator: Any, on_progress: Callable[[dict[str, Any]], None]
) -> Any:
    """Fills in the costs and the metrics, and returns the classes predicted for the test images."""
    meter, contention = EnergyMeter(torch.device("cpu")), ContentionMeter()
    with _warnings_noted(record):
        on_progress({"phase": "fit"})
        contention.start()
        meter.start()
        record.clocks["fit_seconds"], _ = timed(estimator.fit, *parts["train"])
        meter.stop()
        record.energy = {"joules": meter.joules, "source": meter.source}
        if meter.joules is None:
            record.reasons["energy.joules"] = meter.reason or "not measured"
        clocks: dict[Part, str] = {"val": "validation_seconds", "test": "predict_seconds"}
        for part, clock in clocks.items():
            on_progress({"phase": f"predict {part}"})
            features, labels = parts[part]
            record.clocks[clock], predicted = timed(estimator.predict, features)
            record.metrics[f"{part}/accuracy"] = float(accuracy_score(labels, predicted))
            record.metrics[f"{part}/macro_f1"] = float(f1_score(labels, predicted, average="macro", zero_division=0))
            on_progress({"accuracy": record.metrics["val/accuracy"]})
        contention.stop()
    record.contention = contention.summary()
    record.reasons |= contention.reasons()
    record.clocks["test_seconds"] = record.clocks["predict_seconds"]
    _measure_model(record, estimator, num_features=int(parts["train"][0].shape[1]))
    return predicted


@contextlib.contextmanager
def _warnings_noted(record: Record) -> Iterator[None]:
    """Keeps the warnings of a block in ``reasons``: ``convergence`` where a solver has stopped early, else ``warnings``."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for name, is_meant in (("convergence", True), ("warnings", False)):
        said = [each for each in caught if issubclass(each.category, ConvergenceWarning) == is_meant]
        sentences = dict.fromkeys(textwrap.shorten(f"{each.category.__name__}: {each.message}", 160) for each in said)
        if sentences:
            record.reasons[name] = "; ".join(sentences)


class _Bytes:
    """A file that keeps nothing of what is written but how much it is."""

    num = 0

    def write(self, content: Any) -> int:
        size = memoryview(content).nbytes
        self.num += size
        return size


class _ModelPickler(pickle.Pickler):
    """Leaves out the second copy of a model that scikit-learn-intelex keeps in the form of its own library."""

    def persistent_id(self, part: Any) -> str | None:
        return "copy" if type(part).__module__.split(".")[0] in ("onedal", "daal4py") else None


def _measure_model(record: Record, estimator: Any, num_features: int) -> None:
    """The fitted model's size, which is that of its pickle (never kept), and its support vectors."""
    file = _Bytes()
    record.complexity = {"params": None, "num_features": num_features, "model_bytes": None}
    try:
        _ModelPickler(file, protocol=5).dump(estimator)
        record.complexity["model_bytes"] = file.num
    except Exception as error:  # a class of one's own may hold anything
        record.reasons["complexity.model_bytes"] = f"the model cannot be pickled: {error}"
    fitted = [estimator, *(step for _, step in getattr(estimator, "steps", []))]
    counts = [np.sum(step.n_support_) for step in fitted if hasattr(step, "n_support_")]
    record.num_support_vectors = int(counts[-1]) if counts else None
    if not counts:
        record.reasons["num_support_vectors"] = "the method has none"


def main(arguments: Sequence[str]) -> int:
    """Runs one classical trial; the exit codes are those of ``trial``."""
    record, folder = run(arguments)
    costs: dict[str, tuple[float | None, str]] = {
        "prediction of the test images": (record.clocks.get("predict_seconds"), "s"),
        "size of the model": (record.complexity.get("model_bytes"), "bytes"),
    }
    if record.num_support_vectors is not None:
        costs["support vectors"] = (record.num_support_vectors, "")
    return conclude(record, folder, f"{record.data['name']}, {label(record.config[SECTION])}, {record.engine}", costs)


def svm_main(arguments: Sequence[str]) -> int:
    """Runs one trial of the support vector classifier, whose flags are ``--svm.kernel``, ``--svm.C`` and so on."""
    return main(svm_words(arguments))
