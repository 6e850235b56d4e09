"""The wait while torch and lightning are imported, and what has to be settled before. Imports neither itself."""

import atexit
import contextlib
import gc
import os
import sys
import time
from collections.abc import Iterator

from benchmark_lightning.training.contention import processor_use, share_processor


@contextlib.contextmanager
def announced_loading() -> Iterator[None]:
    """Says, around a block that imports torch, what a person waits for and how long it took."""
    if "torch" in sys.modules:  # a second command in one process
        yield
        return
    is_first_process = os.environ.get("LOCAL_RANK", "0") == "0"  # of several that train one model
    if is_first_process and not {"-h", "--help"} & set(sys.argv):  # OpenMP reads its settings when it is loaded
        use = processor_use()
        share_processor(use.is_busy)
        if use.is_busy:
            sys.stderr.write(f"{use}: this will take longer, and its times compare with no others\n")
    started = time.perf_counter()
    if is_first_process:
        sys.stderr.write("loading torch and lightning ... ")
        sys.stderr.flush()
    with garbage_kept():
        yield
    if is_first_process:
        sys.stderr.write(f"{time.perf_counter() - started:.0f} s\n")


@contextlib.contextmanager
def garbage_kept() -> Iterator[None]:
    """Collects no garbage in a block that imports, and passes over afterwards what it has imported.

    Nearly all that an import makes stays, and each collection would look at all of it again: a fifth of the time.
    Source: the documentation of ``gc.freeze``, which recommends the same for a process that forks.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        atexit.register(_end_quickly)
        gc.enable()


def _end_quickly() -> None:
    """Spares Python's end one of its collections; the last one needs all objects, or extension modules report leaks."""
    gc.disable()
    gc.unfreeze()
