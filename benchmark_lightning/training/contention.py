"""Who else uses the processor: before a training starts, and while its clock runs. Imports no torch.

The kernel counts what is read here anyway, so a timed run is read before and after and never looked into.
"""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchmark_lightning.training.processor import num_usable_cores, usable_cores

# Shares of the time of training above which its seconds are those of a busy machine. Calibrated by
# ``python -m benchmarks.contention``; its table is in docs/contention.md.
MAX_RUN_DELAY = 0.05
STARTING_SECONDS = 0.01  # threads that start wait some milliseconds for their first core, on an idle machine too
MAX_STEAL = 0.05
MAX_THROTTLED = 0.01
BUSY_CORES = 0.25  # of others, from which on a person is told
LONGEST_WAIT_SECONDS = 60.0
SHARING_VARIABLE = "BENCHMARK_LIGHTNING_SHARES_PROCESSOR"  # set where threads sleep at once
CPU_STATS = (
    Path("/sys/fs/cgroup/cpu.stat"),
    Path("/sys/fs/cgroup/cpu/cpu.stat"),
    Path("/sys/fs/cgroup/cpu,cpuacct/cpu.stat"),
)


class Counters(NamedTuple):
    """Seconds counted by the kernel up to one moment; None where it does not count them.

    Args:
        now: the clock.
        own: processor time of this process, all its threads together.
        busy: of all usable cores, by whoever.
        stolen: in which the host of this virtual machine ran something else on these cores.
        delays: thread -> in which it was ready to run and waited for a core.
        throttled: in which the control group's quota had this process stand still.
    """

    now: float
    own: float
    busy: float
    stolen: float
    delays: dict[str, float] | None
    throttled: float | None


def read_counters() -> Counters:
    """The counters as they stand now; takes about a tenth of a millisecond."""
    cores = set(usable_cores())
    times = [value for core, value in enumerate(psutil.cpu_times(percpu=True)) if core in cores]
    stolen = sum(getattr(value, "steal", 0.0) for value in times)
    idle = sum(value.idle + getattr(value, "iowait", 0.0) for value in times)
    total = sum(sum(value) - getattr(value, "guest", 0.0) - getattr(value, "guest_nice", 0.0) for value in times)
    return Counters(
        time.perf_counter(), time.process_time(), total - idle - stolen, stolen, _run_delays(), _throttled_seconds()
    )


def _run_delays() -> dict[str, float] | None:
    """Source: Linux, Documentation/scheduler/sched-stats: the second number of schedstat is nanoseconds on a run queue."""
    delays = {}
    for path in Path("/proc/self/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, IndexError, ValueError):  # a thread may have ended in between
            delays[path.parent.name] = int(path.read_text(encoding="ascii").split()[1]) / 1e9
    return delays or None


def _throttled_seconds() -> float | None:
    """Source: Linux, control groups: throttled_usec of version 2, throttled_time in nanoseconds of version 1."""
    for path in CPU_STATS:
        with contextlib.suppress(OSError, ValueError):
            counts = dict(line.split() for line in path.read_text(encoding="ascii").splitlines())
            if "throttled_usec" in counts:
                return int(counts["throttled_usec"]) / 1e6
            if "throttled_time" in counts:
                return int(counts["throttled_time"]) / 1e9
    return None


class ContentionMeter:
    """How far others have kept the processor from this process, over all stretches between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self._before: Counters | None = None
        self._seconds = self._others = self._stolen = 0.0
        self._delay: float | None = None
        self._throttled: float | None = None

    def start(self) -> None:
        self._before = read_counters()

    def stop(self) -> None:
        """Adds what has happened since ``start``."""
        before, after = self._before, read_counters()
        if before is None:
            return
        self._before = None
        self._seconds += after.now - before.now
        self._others += max(0.0, after.busy - before.busy - (after.own - before.own))
        self._stolen += after.stolen - before.stolen
        if before.delays is not None and after.delays is not None:
            waited = (seconds - before.delays.get(thread, 0.0) for thread, seconds in after.delays.items())
            self._delay = (self._delay or 0.0) + sum(waited)
        if before.throttled is not None and after.throttled is not None:
            self._throttled = (self._throttled or 0.0) + after.throttled - before.throttled

    def summary(self) -> dict[str, Any]:
        """The contention section of a record, per second of training.

        - ``others_cpu``: cores that others used.
        - ``run_delay``: cores that this process was ready to use and had to wait for.
        - ``steal``: cores that the host of a virtual machine used for something else.
        - ``throttled_seconds``: in which its control group stood still.
        - ``is_contended``: whether the seconds of this training may be compared with others.
        """
        if self._seconds <= 0:
            return {}
        delay = None if self._delay is None else self._delay / self._seconds
        steal = self._stolen / self._seconds
        others = self._others / self._seconds
        throttled = None if self._throttled is None else self._throttled / self._seconds
        free = num_usable_cores()
        share = MAX_RUN_DELAY + STARTING_SECONDS / self._seconds
        waited = delay > share if delay is not None else others > MAX_RUN_DELAY * free
        return {
            "others_cpu": others,
            "run_delay": delay,
            "steal": steal,
            "throttled_seconds": self._throttled,
            "is_contended": waited
            or steal > MAX_STEAL
            or (throttled or 0.0) > MAX_THROTTLED
            or SHARING_VARIABLE in os.environ,
        }

    def reasons(self) -> dict[str, str]:
        """Why values of ``summary`` are None, by their names in a record."""
        unknown = (name for name, value in self.summary().items() if value is None)
        return {f"contention.{name}": "this system does not count it" for name in unknown}


class ProcessorUse(NamedTuple):
    """The use of the processor by others at one moment.

    Args:
        others: cores that they use.
        num_cores: that there are to use.
        names: process -> cores that it uses, the busiest first.
    """

    others: float
    num_cores: float
    names: dict[str, float]

    @property
    def is_busy(self) -> bool:
        return self.others >= BUSY_CORES

    def __str__(self) -> str:
        who = ", ".join(f"{name} {cores:.1f}" for name, cores in self.names.items() if cores >= 0.1)
        return f"{self.others:.1f} of {self.num_cores:g} cores are in use by others" + (f" ({who})" if who else "")


def processor_use(seconds: float = 0.2, num_names: int = 3) -> ProcessorUse:
    """The use of the processor by all but this process and its children, over so many seconds of waiting."""
    ours = _own_processes()
    before, own_before = _cpu_by_process(), read_counters()
    time.sleep(seconds)
    after, own_after = _cpu_by_process(), read_counters()
    elapsed = own_after.now - own_before.now
    own = 0.0
    names: Counter[str] = Counter()
    for process, (name, cpu) in after.items():
        cores = (cpu - before.get(process, (name, 0.0))[1]) / elapsed
        if process in ours:
            own += cores
        else:
            names[name] += cores  # type: ignore[assignment]  # a counter of seconds
    busy = (own_after.busy - own_before.busy) / elapsed
    return ProcessorUse(max(0.0, busy - own), num_usable_cores(), dict(names.most_common(num_names)))


def wait_for_processor(tell: Callable[[str], None], limit_seconds: float = LONGEST_WAIT_SECONDS) -> bool:
    """Waits until others leave the processor, and says whether they have within the limit."""
    deadline = time.monotonic() + limit_seconds
    use = processor_use()
    if use.is_busy:
        tell(f"{use}; waiting up to {limit_seconds:.0f} s for them to end")
    while use.is_busy and time.monotonic() < deadline:
        use = processor_use(seconds=2.0)
    return not use.is_busy


def share_processor(is_shared: bool) -> None:
    """Sets how threads of the processes that start from now on wait for one another.

    On a free processor they spin for some milliseconds, OpenMP's default, which is fastest. On one that others use,
    spinning takes the very cores that the awaited threads need, and a training takes many times as long; there they
    sleep at once. A person's own ``OMP_WAIT_POLICY`` stands.
    """
    is_ours = SHARING_VARIABLE in os.environ
    if is_shared and not is_ours and "OMP_WAIT_POLICY" not in os.environ:
        os.environ |= {"OMP_WAIT_POLICY": "passive", SHARING_VARIABLE: "1"}
    elif not is_shared and is_ours:
        for variable in ("OMP_WAIT_POLICY", SHARING_VARIABLE):
            os.environ.pop(variable, None)


def _own_processes() -> set[int]:
    """This process and all that it has started."""
    with contextlib.suppress(psutil.Error):
        return {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    return {os.getpid()}


def _cpu_by_process() -> dict[int, tuple[str, float]]:
    """Process -> its name and seconds of processor time; those that may be seen."""
    seen = {}
    for process in psutil.process_iter(["name", "cpu_times"]):
        times = process.info["cpu_times"]
        if times is not None:
            seen[process.pid] = process.info["name"] or "?", times.user + times.system
    return seen
