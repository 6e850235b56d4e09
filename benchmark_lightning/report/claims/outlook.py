"""Words for what would decide an open claim."""

import math

from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.forecast import Forecast
from benchmark_lightning.report.evidence.formatting import count


def what_it_takes(finding: Finding) -> str:
    """The seeds, runs or test images that would decide an open comparison if its estimate stayed where it is.

    Returns:
        Words such as ``about 110 seeds a side``; nothing for a comparison that is decided, or whose noise is not known,
        or against which something else stands.
    """
    forecast = finding.forecast
    if finding.verdict != "undecided" or finding.caveat or forecast is None:
        return ""
    if math.isfinite(forecast.num_seeds):
        return f"about {_runs(forecast)}{' a side' * (len(finding.sides) > 1)}"
    images = _images(forecast)
    if forecast.noise.seeds == 0:  # methods that depend on no seed
        return images
    return "; ".join(filter(None, [f"no number of {_unit(forecast)}", images]))


def _unit(forecast: Forecast) -> str:
    """Seeds of an accuracy; runs of a time."""
    return "runs" if forecast.noise.num_images is None else "seeds"


def _runs(forecast: Forecast) -> str:
    """More than there are, as the interval of those is too wide."""
    least = math.floor(forecast.noise.num_seeds) + 1
    return f"{_rounded(max(forecast.num_seeds, least))} {_unit(forecast)}"


def _images(forecast: Forecast) -> str:
    images = forecast.num_images
    return "" if images is None else f"about {_rounded(images)} test images"


def _rounded(value: float) -> str:
    """A whole number of two digits that count.

    >>> _rounded(7), _rounded(113), _rounded(42_313.0)
    ('7', '110', '42,000')
    """
    return count(float(f"{math.ceil(value):.2g}"))
