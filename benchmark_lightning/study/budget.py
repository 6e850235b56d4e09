"""The time that a study may take. Imports no torch."""

import argparse
import math
import re
import time

_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> float:
    """A duration as a person types it.

    >>> [seconds_of(text) for text in ("2h", "90m", "1.5 h", "3600")]
    [7200.0, 5400.0, 5400.0, 3600.0]

    Raises:
        argparse.ArgumentTypeError: it is none, or not above 0.
    """
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*([a-z]*)", text.strip().lower())
    seconds = float(found[1]) * _UNITS[found[2]] if found and found[2] in _UNITS else math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to spend; give one such as 2h, 90m or 3600, in seconds")
    return seconds


class Budget:
    """The rest of the time that a study may take.

    Args:
        seconds: all of it; None is as much as it takes.
        spent: by earlier starts of the study.
    """

    def __init__(self, seconds: float | None, spent: float = 0.0) -> None:
        self._seconds, self._spent, self._started = seconds, spent, time.monotonic()
        self.is_short = False

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self._seconds is not None

    @property
    def left(self) -> float:
        """Seconds."""
        return math.inf if self._seconds is None else self._seconds - self._spent - (time.monotonic() - self._started)

    def allows(self, expected: float | None) -> bool:
        """Whether a trial of so many seconds may begin; ``is_short`` once one may not. One of unknown length may where any is left."""
        is_enough = self.left > 0 and (expected or 0.0) <= self.left
        self.is_short |= not is_enough
        return is_enough
