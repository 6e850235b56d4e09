"""The tests. Each of several processes that run them gets a core of its own, so that none disturbs what another times."""

import os

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
if _WORKER and hasattr(os, "sched_setaffinity"):  # before any library counts the cores
    _cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {_cores[int(_WORKER) % len(_cores)]})
