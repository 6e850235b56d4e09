"""The imports of the server of ``executors``, which its forks then have already; to import this module makes them all."""

import contextlib
import importlib

from benchmark_lightning.loading import garbage_kept
from benchmark_lightning.study.trials.kinds import KINDS

MODULES = (
    "benchmark_lightning.study.worker",
    "benchmark_lightning.study.plan",
    *(kind.module for kind in KINDS.values()),
    # What is imported late, once a process: here it is once a server.
    "matplotlib.backends.backend_agg",
    "sklearn.datasets",
    "sklearn.decomposition",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.neighbors",
    "sklearn.pipeline",
    "sklearn.svm",
    "sklearnex.svm",
    "thop",
    "torch.utils.tensorboard",
)

with garbage_kept():
    for name in MODULES:
        with contextlib.suppress(
            ImportError
        ):  # scikit-learn-intelex is for x86-64; what else is missing, a trial tells
            importlib.import_module(name)
