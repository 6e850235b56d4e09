"""An estimate with its interval, and how large the parts of its error are."""

import math
from typing import Literal, NamedTuple, Self

from scipy import special

from benchmark_lightning.report.evidence.rounding import settled

CONFIDENCE = 0.95


class Noise(NamedTuple):
    """The two parts of an estimate's error.

    Args:
        seeds: variance that more seeds (or, of times, more runs) reduce.
        df: degrees of freedom with which it is known.
        fixed: variance that only more test images reduce.
        num_seeds: on each side, on average, that ``seeds`` comes from.
        num_images: that ``fixed`` comes from; None where there are none.
        is_log: whether both are variances of the logarithm.
    """

    seeds: float
    df: float
    fixed: float = 0.0
    num_seeds: float = 1.0
    num_images: int | None = None
    is_log: bool = False


class _Estimate(NamedTuple):
    value: float
    low: float | None
    high: float | None
    n: int
    method: str
    kind: Literal["interval", "exact"] = "interval"
    noise: Noise | None = None


class Estimate(_Estimate):
    """A value with its interval, where one is known; its numbers are ``settled``, so that they can be compared.

    Args:
        value: the estimate.
        low: lower end of the interval; None where there is none.
        high: upper end.
        n: seeds, runs or pairs of runs, that it comes from.
        method: how the interval was made, for a person.
        kind: whether the ends are those of an ``interval``, or the value is ``exact``.
        noise: the parts of its error, where they are known apart.
    """

    __slots__ = ()

    def __new__(
        cls,
        value: float,
        low: float | None,
        high: float | None,
        n: int,
        method: str,
        kind: Literal["interval", "exact"] = "interval",
        noise: Noise | None = None,
    ) -> Self:
        low, high = (None if end is None else settled(end) for end in (low, high))
        return super().__new__(cls, settled(value), low, high, n, method, kind, noise)

    @property
    def half_width(self) -> float:
        """Half the interval; 0 where there is none."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2


def half_width(noise: Noise, confidence: float = CONFIDENCE) -> float:
    """Half the interval of an estimate whose error is the sum of one part known well and one known from few seeds.

    The quantiles of the normal distribution and of Student's t are weighted by the variances of their parts.

    Source: Cochran and Cox (1957), Experimental Designs, section 4.14.

    >>> round(half_width(Noise(seeds=0.0, df=1, fixed=1.0)), 2), round(half_width(Noise(seeds=1.0, df=2)), 2)
    (1.96, 4.3)
    """
    total = noise.seeds + noise.fixed
    if total <= 0:
        return 0.0
    normal, student = normal_quantile(confidence), student_quantile(confidence, noise.df)
    return (student * noise.seeds + normal * noise.fixed) / math.sqrt(total)


def normal_quantile(confidence: float) -> float:
    """Half the width of a two-sided interval of the standard normal distribution."""
    return float(special.ndtri((1 + confidence) / 2))


def student_quantile(confidence: float, df: float) -> float:
    """The same of Student's t with ``df`` degrees of freedom."""
    return normal_quantile(confidence) if math.isinf(df) else float(special.stdtrit(df, (1 + confidence) / 2))
