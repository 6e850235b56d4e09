"""Fresh processes forked from a server that has imported the libraries already. Imports no torch itself.

Importing torch and lightning takes 10 to 20 seconds on two cores; a fork of a process that has done so takes
milliseconds. Each job still has a process of its own, so a leak, a segfault or a kill costs that job alone.
"""

import contextlib
import fcntl
import importlib
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.contention import SHARING_VARIABLE, share_processor

PRELOADED = "benchmark_lightning.study.preloaded"
GRACE_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 86_400.0  # the system takes no number of weeks

_context = multiprocessing.get_context("forkserver")


class Job:
    """A function that runs in a process of its own and tells of its progress.

    Args:
        function: ``module:function``, called in the process with ``arguments`` and a keyword ``on_progress``.
        arguments: keyword arguments, of plain types.
        output: file for what the process prints; None lets it print here.
        timeout_seconds: after so long the process is ended.
    """

    def __init__(
        self, function: str, arguments: dict[str, Any], output: Path | None = None, timeout_seconds: float | None = None
    ) -> None:
        self.events: list[dict[str, Any]] = []
        self.result: Any = None
        self.error: BaseException | None = None
        self.timed_out = False
        self.timeout_seconds = timeout_seconds
        self._deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._kill_at: float | None = None
        self._messages, theirs = _context.Pipe(duplex=False)
        # The process holds one end of the lifeline: when we are gone, even by SIGKILL, it reads the end of the file.
        their_lifeline, self._lifeline = _context.Pipe(duplex=False)
        self.process = _context.Process(
            target=_run, args=(function, arguments, output, theirs, their_lifeline), daemon=True
        )
        self.process.start()
        theirs.close()
        their_lifeline.close()

    @property
    def handles(self) -> list[Any]:
        """Handles for ``multiprocessing.connection.wait``."""
        return [self.process.sentinel] if self._messages.closed else [self._messages, self.process.sentinel]

    @property
    def is_stopped(self) -> bool:
        return self._kill_at is not None

    @property
    def exit_code(self) -> int | None:
        return self.process.exitcode

    def seconds_until_due(self) -> float | None:
        """Until ``poll`` has to be called even without news."""
        due = self._kill_at or self._deadline
        return None if due is None else min(LONGEST_WAIT_SECONDS, max(0.05, due - time.monotonic()))

    def poll(self) -> bool:
        """Takes in what the process has sent, ends it when its time is up, and says whether it has ended."""
        is_over = not self.process.is_alive()
        self._receive()
        now = time.monotonic()
        if not is_over and self._kill_at is not None and now >= self._kill_at:
            self.process.kill()
        elif not is_over and self._deadline is not None and now >= self._deadline and not self.timed_out:
            self.timed_out = True
            self.stop()
        if is_over:
            self.process.join()
            self._messages.close()
            self._lifeline.close()
        return is_over

    def stop(self) -> None:
        """Asks the process to end, and kills it after a grace."""
        if self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE_SECONDS
            self.process.terminate()

    def _receive(self) -> None:
        while not self._messages.closed:
            try:
                if not self._messages.poll():
                    return
                kind, content = self._messages.recv()
            except (EOFError, OSError):
                self._messages.close()
            else:
                if kind == "progress":
                    self.events.append(content)
                elif kind == "result":
                    self.result = content
                else:
                    self.error = content


def run_job(function: str, arguments: dict[str, Any]) -> Any:
    """Runs one function in a fresh process, waits for it and returns what it returns.

    Raises:
        InputError: the function raised it.
        RuntimeError: it failed otherwise, or its process died.
    """
    job = Job(function, arguments)
    try:
        while not job.poll():
            wait(job.handles)
    except BaseException:
        job.process.kill()
        raise
    if job.error is not None:
        raise job.error
    if job.exit_code != 0:
        raise RuntimeError(f"the process of {function} died with exit code {job.exit_code}")
    return job.result


def wait_for_any(jobs: list[Job]) -> None:
    """Sleeps until a job has news or is due; takes no core from the one that runs."""
    limits = [limit for limit in (job.seconds_until_due() for job in jobs) if limit is not None]
    wait([handle for job in jobs for handle in job.handles], timeout=min(limits, default=LONGEST_WAIT_SECONDS))


_is_running = threading.Event()


def is_server_running() -> bool:
    """Whether the server has its imports already."""
    return _is_running.is_set()


def start_server(is_processor_shared: bool = False) -> float:
    """Starts the server with its imports and returns the seconds until a first job has come back.

    Args:
        is_processor_shared: whether others use the processor; see ``share_processor``, which has to come before the
            libraries are imported.
    """
    share_processor(is_processor_shared)
    _context.set_forkserver_preload([PRELOADED])
    started = time.perf_counter()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: Ctrl-C is for the driver
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)
    run_job("benchmark_lightning.study.executors:nothing", {})
    _is_running.set()
    return time.perf_counter() - started


def adapt_server(is_processor_shared: bool) -> None:
    """Restarts the server if others have begun or stopped using the processor since; no job may be running."""
    before = os.environ.get(SHARING_VARIABLE)
    share_processor(is_processor_shared)
    if os.environ.get(SHARING_VARIABLE) != before:
        multiprocessing.forkserver._forkserver._stop()  # type: ignore[attr-defined]  # there is no public way
        start_server(is_processor_shared)


def nothing(on_progress: Callable[[dict[str, Any]], None]) -> None:
    """A job that does nothing: how long it takes is what a process costs."""


def _run(
    function: str, arguments: dict[str, Any], output: Path | None, messages: Connection, lifeline: Connection
) -> None:
    """The life of a process: guard, redirect, call, answer."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)  # Ctrl-C reaches the driver alone, which then ends its jobs once
    if "" not in sys.path:
        sys.path.append("")  # the working directory, with classes of one's own; multiprocessing makes another one of it
    _ask_for_signal(lifeline)
    threading.Thread(target=_die_with_driver, args=(lifeline,), daemon=True).start()
    try:
        with _redirected(output):
            module, name = function.split(":")
            call = getattr(importlib.import_module(module), name)
            result = call(**arguments, on_progress=lambda event: messages.send(("progress", event)))
        messages.send(("result", result))
    except InputError as error:
        messages.send(("error", InputError(str(error))))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        messages.send(("error", RuntimeError("".join(traceback.format_exception(error)))))
        sys.exit(1)


def _ask_for_signal(lifeline: Connection) -> None:
    """Lets the kernel end this process when the driver is gone, also while C code keeps Python's threads waiting."""
    with contextlib.suppress(OSError, AttributeError):  # where there is no such signal, the thread has to do
        descriptor = lifeline.fileno()
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)


def _die_with_driver(lifeline: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv_bytes()
    os.kill(os.getpid(), signal.SIGKILL)


@contextlib.contextmanager
def _redirected(output: Path | None) -> Iterator[None]:
    """Everything printed, by C code too, goes to a file."""
    if output is None:
        yield
        return
    with output.open("a", buffering=1, encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        yield
        sys.stdout.flush()
        sys.stderr.flush()
