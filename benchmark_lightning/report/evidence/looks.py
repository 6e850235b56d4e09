"""How strict each look at growing evidence must be, so that looking several times makes no error more likely than one look would.

Claims are judged at fixed numbers of seeds, and a decided one gets no more. Were each look judged at 5 %, four looks would find
a difference between equal configurations in 12.6 % of all studies. Under Pocock's bounds each look has the same stricter level,
and the chance of an error at any look is 5 %. Intervals of that level hold at all looks together: repeated confidence intervals.

Sources: Pocock (1977), Group sequential methods in the design and analysis of clinical trials, Biometrika 64; Armitage,
McPherson and Rowe (1969), Repeated significance tests on accumulating data, JRSS A 132; Jennison and Turnbull (1989), Interim
analyses: the repeated confidence interval approach, JRSS B 51.
"""

import functools
import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

from benchmark_lightning.report.evidence.rounding import written

ALPHA = 0.05
_NODES = 60  # of the integration, and so many more for each standard deviation of a step that the range is wide
_NODES_A_STEP = 2


def nominal_level(looks: Sequence[int], alpha: float = ALPHA) -> float:
    """The two-sided level at which each look is judged, the same for all.

    Args:
        looks: numbers of seeds, increasing.
        alpha: the chance of an error at any of them.

    >>> [round(nominal_level(looks), 4) for looks in ([5], [5, 10, 15, 20], [1, 2, 3, 4, 5])]
    [0.05, 0.0182, 0.0158]
    """
    return _nominal_level(tuple(looks), alpha)


@functools.lru_cache(maxsize=64)
def _nominal_level(looks: tuple[int, ...], alpha: float) -> float:
    if len(looks) == 1:
        return alpha
    return written(
        optimize.brentq(
            lambda level: chance_of_error(looks, level) - alpha, alpha / (2 * len(looks)), alpha, xtol=1e-12
        )
    )


def chance_of_error(looks: Sequence[int], level: float) -> float:
    """The chance of finding a difference between two equal configurations at any look, each judged at a two-sided ``level``.

    The density of the sum that has crossed no bound so far is carried from look to look; it is known at the nodes of a Gauss
    quadrature. Between looks the sum moves by a normal step whose variance is the number of new seeds.

    >>> round(chance_of_error([5, 10, 15, 20], 0.05), 3)
    0.126
    """
    bounds = -float(special.ndtri(level / 2)) * np.sqrt(looks)
    steps = np.sqrt(np.diff([0, *looks]))
    num_nodes = _NODES + math.ceil(_NODES_A_STEP * float((2 * bounds / steps).max()))
    nodes, weights = special.roots_legendre(num_nodes)
    sums, mass = np.zeros(1), np.ones(1)
    for bound, step in zip(bounds, steps, strict=True):
        reached = bound * nodes
        moves = (reached[:, None] - sums) / step
        density = np.exp(-(moves**2) / 2) @ mass / (step * math.sqrt(2 * math.pi))
        sums, mass = reached, bound * weights * density
    return 1.0 - float(mass.sum())
