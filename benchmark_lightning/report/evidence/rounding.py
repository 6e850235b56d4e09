"""Numbers that are the same on every machine: the last bits of arithmetic depend on the processor and its libraries.

A sum takes another order with wider vectors, and a logarithm ends in another bit. So a number is rounded twice: once to
``SETTLED_DIGITS`` where it has been computed, before it is compared or used again, and once more to the digits shown.
Then an exact decimal tie is the same double everywhere and is rounded the same way.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

SETTLED_DIGITS = 9  # noise begins at the fifteenth digit, and differences of nearly equal numbers lose up to five
NOTHING = 1e-12  # of seconds, shares and ratios: a smaller number is what a difference of equal ones leaves
WRITTEN_DIGITS = 6  # more than any figure or table shows


def settled(value: Any) -> float:
    """A computed number without the digits in which machines differ.

    >>> [settled(0.1 + 0.2), settled(0.3 - 0.1 - 0.2), settled(-0.0)]
    [0.3, 0.0, 0.0]
    """
    return 0.0 if abs(value) < NOTHING else float(f"{value:.{SETTLED_DIGITS - 1}e}")


def settled_array(values: Iterable[Any]) -> NDArray[np.float64]:
    """The same for many numbers at once, of any shape; None is not a number."""
    array = np.asarray(values, dtype=float)
    return np.array([settled(value) for value in array.flat], dtype=float).reshape(array.shape)


def written(value: Any) -> float:
    """A number as files for programs hold it.

    >>> [written(0.123456789), written(1234567.8)]
    [0.123457, 1234570.0]
    """
    return float(f"{settled(value):.{WRITTEN_DIGITS}g}")
