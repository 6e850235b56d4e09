"""How a trial ends: its status, and the signals that may end it."""

import contextlib
import errno
import signal
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import torch

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.record import Record, Status
from benchmark_lightning.training.clocks import DivergedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def one_interrupt() -> Iterator[None]:
    """SIGTERM interrupts as Ctrl-C does; the handlers of before come back at the end."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def concluded(record: Record, folder: Path) -> Iterator[None]:
    """Turns how the block ends into the status of ``record``, and ignores signals from there on.

    The traceback of a failure goes to ``traceback.txt`` in ``folder``.

    Raises:
        InputError: the block raised it, or the disk is full: that is no trial.
    """
    try:
        yield
    except InputError:
        raise
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        _ignore_signals()
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise InputError(f"no space is left for {folder}; free some or give another folder") from error
        record.status, record.error = status_of(error)
        if record.status == "failed":
            text = "".join(traceback.format_exception(error))
            with contextlib.suppress(OSError):
                (folder / "traceback.txt").write_text(text, encoding="utf-8")
    finally:
        _ignore_signals()


def _ignore_signals() -> None:
    """Lets a second Ctrl-C not come between a trial and its record."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def status_of(error: BaseException) -> tuple[Status, str]:
    """How a trial ended that raised ``error``, and a sentence about it."""
    sentence = " ".join(str(error).split())
    if isinstance(error, KeyboardInterrupt | SystemExit):  # Lightning turns the one into the other
        return "interrupted", "the trial was interrupted"
    if isinstance(error, DivergedError):
        return "diverged", sentence
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator: can't allocate" in sentence:
        return "out_of_memory", sentence or "out of memory"
    return "failed", f"{type(error).__name__}: {sentence}"
