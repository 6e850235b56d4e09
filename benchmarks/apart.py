"""Each measurement in a process of its own, so that nobody finds what another left behind: memory, threads, kernels."""

import logging
import multiprocessing
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

PRELOADED = ["benchmarks.ours", "benchmarks.peers", "benchmark_lightning.study.machine"]
_forkserver = multiprocessing.get_context("forkserver")


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function of a module in a new process, forked from one that has the imports."""
    _forkserver.set_forkserver_preload(PRELOADED)
    with ProcessPoolExecutor(1, mp_context=_forkserver, initializer=silence) as pool:
        return pool.submit(function, *arguments).result()


def silence() -> None:
    """Keeps the libraries' advice out of the table."""
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
