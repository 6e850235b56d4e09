"""The figures of a report drawn and written, by as many processes as there are cores: each figure is work of its own."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.figures.registry import Plot, plots
from benchmark_lightning.report.figures.style import save, styled

MAX_PROCESSES, MAX_NUMBERED = 8, 256  # a byte numbers the figures
Drawn = dict[str, str | None]  # name -> SVG, or None where the records hold nothing for it


def save_figures(evidence: Evidence, folder: Path) -> dict[str, str]:
    """Writes every figure for which there are records, and returns name -> SVG in the order of the report.

    Raises:
        OSError: the folder cannot be written.
    """

    def save_one(plot: Plot) -> str | None:
        with styled():
            figure = plot.draw(evidence)
        return None if figure is None else save(figure, folder, plot.name)

    all_plots = plots(evidence)
    drawn = _draw_in_processes(all_plots, save_one) if num_processes(len(all_plots)) > 1 else {}
    for plot in all_plots:
        if plot.name not in drawn:
            drawn[plot.name] = save_one(plot)
    return {plot.name: svg for plot in all_plots if (svg := drawn[plot.name]) is not None}


def num_processes(num_plots: int) -> int:
    """Processes that draw: one where a fork is not safe, as next to threads and on systems other than Linux."""
    is_safe = sys.platform == "linux" and threading.active_count() == 1
    if not is_safe or multiprocessing.current_process().daemon or num_plots > MAX_NUMBERED:
        return 1
    return min(len(os.sched_getaffinity(0)), num_plots, MAX_PROCESSES)


def _draw_in_processes(all_plots: Sequence[Plot], save_one: Callable[[Plot], str | None]) -> Drawn:
    """Figures drawn by this process and its forks: each process takes the next one until there is none.

    A fork that fails leaves its figure out. Whoever calls draws it again, and so gets the error as it is.
    """
    tasks, end = os.pipe()
    os.write(end, bytes(range(len(all_plots))))  # each is read by one process alone
    os.close(end)
    context: Any = multiprocessing.get_context("fork")
    forks = []
    try:
        for _ in range(num_processes(len(all_plots)) - 1):
            results, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_draw_in_fork, args=(tasks, all_plots, save_one, theirs), daemon=True)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*is multi-threaded")  # those of NumPy, which outlive a fork
                process.start()
            theirs.close()
            forks.append((process, results))
        drawn = {plot.name: save_one(plot) for plot in _taken(tasks, all_plots)}
        for process, results in forks:
            with contextlib.suppress(EOFError, OSError):  # it was killed
                drawn |= results.recv()
            process.join()
        return drawn
    finally:
        os.close(tasks)
        for process, results in forks:
            process.terminate()  # only where an error has come before
            results.close()


def _draw_in_fork(tasks: int, all_plots: Sequence[Plot], save_one: Callable[[Plot], str | None], results: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # an interrupt ends it without a word
    drawn: Drawn = {}
    for plot in _taken(tasks, all_plots):
        with contextlib.suppress(Exception):
            drawn[plot.name] = save_one(plot)
    results.send(drawn)


def _taken(tasks: int, all_plots: Sequence[Plot]) -> Iterator[Plot]:
    while number := os.read(tasks, 1):
        yield all_plots[number[0]]
