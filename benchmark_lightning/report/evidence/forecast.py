"""How many seeds it would take until an interval clears the borders of a claim."""

import math
from typing import NamedTuple

from scipy import special

from benchmark_lightning.report.evidence.estimate import CONFIDENCE, Estimate, Noise, half_width, normal_quantile

MANY = 100_000  # seeds: more than anyone runs


class Forecast(NamedTuple):
    """The effect of more seeds on an interval, if the estimate stayed where it is.

    Args:
        distance: from the estimate to the nearest border of the region.
        noise: of the estimate.
        confidence: of the interval.
    """

    distance: float
    noise: Noise
    confidence: float

    @property
    def num_seeds(self) -> float:
        """Seeds a side with which the interval clears the border; infinite where none do, since the images are too few."""
        if self._half_width(MANY) > self.distance:
            return math.inf
        low, high = 1, MANY
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._half_width(middle) <= self.distance else (middle, high)
        return high

    @property
    def num_images(self) -> float | None:
        """Test images with which it would, were the seeds many; None where images are no part of the error."""
        if self.noise.num_images is None or self.distance <= 0:
            return None
        needed = normal_quantile(self.confidence) ** 2 * self.noise.fixed / self.distance**2
        return math.ceil(self.noise.num_images * needed)

    def chance_at(self, num_seeds: float) -> float:
        """The chance that the interval clears the border at so many seeds a side, by what is known now.

        The estimate will then lie elsewhere, by as much as the new seeds can move it.

        Source: Spiegelhalter, Freedman and Blackburn (1986), Monitoring clinical trials: conditional or predictive power?
        """
        if num_seeds <= self.noise.num_seeds:
            return 0.0
        half = self._half_width(num_seeds)
        moved = math.sqrt(self.noise.seeds * (1 - self.noise.num_seeds / num_seeds))
        if moved == 0:
            return float(half < self.distance)
        return float(special.ndtr((self.distance - half) / moved) + special.ndtr((-self.distance - half) / moved))

    def _half_width(self, num_seeds: float) -> float:
        share = self.noise.num_seeds / num_seeds
        df = self.noise.df if math.isinf(self.noise.df) else max(self.noise.df / share, 1.0)
        return half_width(self.noise._replace(seeds=self.noise.seeds * share, df=df), self.confidence)


def forecast(
    estimate: Estimate | None,
    region: tuple[float, float],
    confidence: float = CONFIDENCE,
    unit: str = "",
) -> Forecast | None:
    """The seeds or images that it would take to decide whether an estimate lies in ``region``; None where its noise is not known."""
    if estimate is None or estimate.noise is None:
        return None
    value, borders = estimate.value, [border for border in region if _can_be_passed(border, unit)]
    if estimate.noise.is_log:
        value, borders = math.log(value), [math.log(border) for border in borders if border > 0]
    distance = min((abs(value - border) for border in borders), default=0.0)
    return Forecast(distance, estimate.noise, confidence)


def _can_be_passed(border: float, unit: str) -> bool:
    """Whether a value may lie beyond a border: no accuracy lies above 1.

    >>> _can_be_passed(1.0, "accuracy"), _can_be_passed(0.0, "points"), _can_be_passed(1.0, "ratio")
    (False, True, True)
    """
    least, most = {"accuracy": (0.0, 1.0), "share": (0.0, 1.0), "points": (-1.0, 1.0)}.get(unit, (-math.inf, math.inf))
    return least < border < most
