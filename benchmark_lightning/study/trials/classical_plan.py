"""Trials of classical methods before they run: flags are parsed, estimators tried, and two small fits tell how long they take."""

import argparse
import contextlib
import json
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import joblib  # type: ignore[import-untyped]
import torch
import yaml
from jsonargparse import ActionConfigFile, Namespace  # type: ignore[attr-defined]  # it does export it
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.own_code import own_identity
from benchmark_lightning.study.trials.checks import check_estimator
from benchmark_lightning.study.trials.estimator_flags import OLD_SECTION, SECTION, read_estimator
from benchmark_lightning.study.trials.estimators import build, resolve_engine
from benchmark_lightning.study.trials.kinds import Resolved
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.parser import BenchmarkParser
from benchmark_lightning.training.runs import RunOptions

SIZES = (1000, 2000)  # images of the two fits that tell how long a trial will take


def classical_parser() -> BenchmarkParser:
    """The keys of a classical trial: ``data`` as for a network, ``estimator``, ``engine`` and the seed."""
    parser = BenchmarkParser()
    parser.add_argument("-c", "--config", action=ActionConfigFile, help="Path to a configuration file.")
    parser.add_argument("--seed_everything", type=int, default=0, help="Seed of all that is random in the estimator.")
    parser.add_argument(
        f"--{SECTION}", type=dict | str | None, metavar="CLASS", help="A classifier of scikit-learn's such as SVC, or module.Class "
        "of your own; --estimator.NAME VALUE is an argument of it, and --estimator.STEP__NAME one of a step.",
    )  # fmt: skip
    parser.add_argument(
        "--engine", type=str, default="auto", help="Who computes it: auto is scikit-learn-intelex where it is installed and "
        "predicts the same, which is for SVC, and scikit-learn elsewhere.",
    )  # fmt: skip
    parser.add_argument(f"--{OLD_SECTION}", type=dict | None, help=argparse.SUPPRESS)
    parser.add_subclass_arguments(ImageData, "data", required=True)
    parser.add_class_arguments(RunOptions, "run")
    return parser


def parse(parser: BenchmarkParser, arguments: Sequence[str]) -> tuple[dict[str, Any], Namespace]:
    """The identity of a classical trial, with the engine that ``auto`` stands for, and its data and options.

    Raises:
        InputError: a key, a class or an argument is not valid.
    """
    estimator, others = read_estimator(arguments)
    config = parser.parse_args(others)
    if estimator is None:
        raise InputError("no estimator is given; add --config configs/estimator/svc.yaml, or --estimator with a class")
    config[SECTION] = config[OLD_SECTION] = None  # read_estimator has read them
    resolved = yaml.safe_load(parser.dump(config, skip_none=False))
    resolved.pop(OLD_SECTION, None)
    resolved |= {SECTION: estimator, "engine": resolve_engine(config.engine, estimator)}
    return own_identity(resolved), parser.build(config)


def resolver(axes: Mapping[str, Sequence[Any]]) -> Callable[[list[str]], Resolved]:
    """See ``TrialModule``; each estimator is tried once on each data set."""
    parser = classical_parser()
    described: dict[str, dict[str, Any]] = {}
    tried: set[str] = set()

    def resolve(arguments: list[str]) -> Resolved:
        config, built = parse(parser, arguments)
        of_data = json.dumps(config["data"])
        if of_data not in described:
            described[of_data] = built.data.describe()
        of_trial = json.dumps([config["data"], config[SECTION], config["engine"]])
        if of_trial not in tried:
            check_estimator(maker(config), *built.data.arrays("train"))
            tried.add(of_trial)
        return Resolved(config, described[of_data])

    return resolve


def maker(config: Mapping[str, Any]) -> Callable[[], Any]:
    """A function that builds the estimator of a configuration, not yet fitted."""
    return lambda: build(config[SECTION], config["engine"], config["seed_everything"])


@contextlib.contextmanager
def cores(num_threads: int) -> Iterator[None]:
    """Gives a block so many cores: BLAS and OpenMP, and every estimator whose ``n_jobs`` is not given.

    The jobs are threads, as the process of a trial in a sweep may start no others.
    """
    with threadpool_limits(num_threads), joblib.parallel_config("threading", n_jobs=num_threads):
        yield


def estimate(arguments: Sequence[str]) -> float | None:
    """Seconds that a trial will take, grown from two small parts by the power law between them; None where those fail."""
    config, built = parse(classical_parser(), arguments)
    features, labels = built.data.arrays("train")
    fits, predictions = [], []
    with cores(torch.get_num_threads()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for size in SIZES:
            estimator = maker(config)()
            try:
                fits.append(timed(estimator.fit, features[:size], labels[:size])[0])
                predictions.append(timed(estimator.predict, features[:size])[0] / min(size, len(labels)))
            except Exception:  # too few images for its arguments
                return None
    growth = max(1.0, len(labels) / SIZES[1])
    exponent = min(3.0, max(1.0, math.log(fits[1] / fits[0]) / math.log(SIZES[1] / SIZES[0])))
    num_predicted = len(built.data.parts.val) + len(built.data.parts.test)
    return float(fits[1] * growth**exponent + predictions[1] * growth * num_predicted)


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Seconds that a call takes, and its result."""
    started = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - started, result
