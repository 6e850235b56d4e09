"""Intervals of accuracies, under one model of their noise.

Whether run ``s`` of configuration ``c`` has test image ``i`` right is

    correct = mean of c + difficulty of i for c + luck of s + their interaction.

The test images are the same for all runs, so that what they do to one configuration they do, in part, to the other: a
difference is taken image by image. Seeds differ between runs. An image that only some seeds have right is noise of the seeds.
So the error of a mean of n seeds on m images has two parts:

- over seeds, given the images: Student's t of the n accuracies, which holds luck and interaction;
- over images: the variance of the images' mean correctness over m, less the part of it that is interaction.

docs/statistics.md says where this comes from and how often its intervals cover. Shapes: n seeds, m test images.
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmark_lightning.report.evidence.estimate import CONFIDENCE, Estimate, Noise, half_width, normal_quantile
from benchmark_lightning.report.evidence.rounding import settled
from benchmark_lightning.report.evidence.runs import Runs

ONE_SEED = "one seed: no interval over seeds"
UNPAIRED = "not paired, as a record does not say which images were right"
OTHER_IMAGES = "not paired, as the test images differ"


class Weighted(NamedTuple):
    """The runs of a configuration and their weight in a sum: 1 and -1 make a difference."""

    weight: float
    runs: Runs


def mean_accuracy(runs: Runs, confidence: float = CONFIDENCE) -> Estimate:
    """The accuracy that a configuration has on other images of this kind and with other seeds.

    Args:
        runs: at least one. One run of what depends on its seed has no interval.
        confidence: of the interval.
    """
    value = float(runs.accuracies.mean())
    if not runs.has_spread:
        return Estimate(value, None, None, runs.n, ONE_SEED)
    noise = _noise([Weighted(1.0, runs)])
    if runs.num_images is None:
        half = half_width(noise, confidence)
        return Estimate(value, value - half, value + half, runs.n, _words([runs]), noise=noise)
    low, high = (
        value + sign * half_width(noise._replace(fixed=_wilson(value, noise.fixed, runs.num_images, sign, confidence)), confidence)
        for sign in (-1, 1)
    )  # fmt: skip
    return Estimate(value, max(low, 0.0), min(high, 1.0), runs.n, _words([runs]), noise=noise)


def _wilson(value: float, variance: float, num_images: int, sign: int, confidence: float) -> float:
    """The variance that gives the images' part of the interval the end that Wilson's has, which stays within [0, 1].

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.
    """
    z = normal_quantile(confidence)
    binomial = value * (1 - value) / num_images
    size = num_images if binomial <= 0 or variance <= 0 else num_images * binomial / variance
    centre = (value + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * math.sqrt(value * (1 - value) / size + z**2 / (4 * size**2))
    return ((centre + sign * half - value) / z) ** 2


def accuracy_difference(left: Runs, right: Runs, confidence: float = CONFIDENCE) -> Estimate:
    """``left - right``, image by image where both say which they had right; see ``contrast``."""
    return contrast([Weighted(1.0, left), Weighted(-1.0, right)], confidence)


def contrast(parts: Sequence[Weighted], confidence: float = CONFIDENCE) -> Estimate:
    """A weighted sum of accuracies whose weights add up to 0, such as a difference or a mean of differences.

    Args:
        parts: at least two; each with at least one run.
        confidence: of the interval.
    """
    value = sum(part.weight * float(part.runs.accuracies.mean()) for part in parts)
    several = [part.runs for part in parts]
    n = min((runs.n for runs in several if runs.depends_on_seed), default=1)
    if not all(runs.has_spread for runs in several):
        return Estimate(value, None, None, n, ONE_SEED)
    noise = _noise(parts)
    half = half_width(noise, confidence)
    centre = value
    if noise.num_images is not None and len(_by_order(parts)) == 1:
        centre = value * noise.num_images / (noise.num_images + 2)
    limit = sum(abs(part.weight) for part in parts) / 2
    low, high = max(centre - half, -limit), min(centre + half, limit)
    return Estimate(value, min(low, value), max(high, value), n, _words(several), noise=noise)


def _noise(parts: Sequence[Weighted]) -> Noise:
    """The parts of the error of a weighted sum."""
    of_seeds = [part.weight**2 * _seed_variance(part.runs) for part in parts]
    total = sum(of_seeds)
    known = sum(variance**2 / (part.runs.n - 1) for variance, part in zip(of_seeds, parts, strict=True) if variance > 0)
    df = total**2 / known if known > 0 else math.inf  # Welch (1947), The generalization of "Student's" problem
    several = [part.runs.n for part in parts if part.runs.depends_on_seed]
    sizes = [part.runs.num_images for part in parts if part.runs.num_images is not None]
    fixed = sum(_image_variance(group) for group in _by_order(parts))
    return Noise(
        settled(total), settled(df) if math.isfinite(df) else df, settled(fixed), float(np.mean(several)) if several else 1.0,
        min(sizes, default=None),
    )  # fmt: skip


def _by_order(parts: Sequence[Weighted]) -> list[list[Weighted]]:
    """Parts that are compared image by image; one that does not say which images were right stands alone."""
    ordered = sorted(parts, key=lambda part: part.runs.order)
    groups = itertools.groupby(ordered, key=lambda part: part.runs.order)
    return [group for order, members in groups for group in ([list(members)] if order else [[one] for one in members])]


def _seed_variance(runs: Runs) -> float:
    """Variance of the mean accuracy over seeds, given the test images."""
    if runs.n < 2:
        return 0.0
    between = float(np.var(runs.accuracies, ddof=1))
    return float(
        max(between, runs.interaction) * runs.dependence / runs.n
    )  # few images can give two seeds the same accuracy by chance


def _image_variance(parts: Sequence[Weighted]) -> float:
    """Variance over other test images of a weighted sum of accuracies on the same images."""
    first = parts[0].runs
    if first.num_images is None:
        return 0.0
    m = first.num_images
    if first.correct is None:
        share = (float(first.accuracies.mean()) * m + 1) / (m + 2)  # Agresti and Caffo (2000)
        return parts[0].weight ** 2 * share * (1 - share) / m
    scores = np.sum([part.weight * part.runs.correctness for part in parts], axis=0)
    squares = float(np.square(scores).sum())  # a product of vectors would wake the threads of BLAS
    # Two more images, one for each side, keep few images of which none tells the sides apart from telling too much.
    # Source: Bonett and Price (2012), Adjusted Wald confidence interval for a difference of binomial proportions.
    added = sum(abs(part.weight) for part in parts) ** 2 / 2
    mean = float(scores.sum()) / (m + 2) if len(parts) > 1 else float(scores.mean())
    spread = (squares + added) / (m + 2) if len(parts) > 1 else squares / m
    interaction = sum(part.weight**2 * part.runs.interaction / part.runs.n for part in parts)
    return max((spread - mean**2) / m - interaction, 0.0)


def _words(several: Sequence[Runs]) -> str:
    """How the interval was made, for a person."""
    numbers = sorted({runs.n for runs in several if runs.depends_on_seed})
    seeds = f"{' to '.join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))} seeds" if numbers else ""
    size = several[0].num_images
    images = "" if size is None else f"{size:,} test images"
    if len(several) == 1:
        return " and ".join(filter(None, [seeds, images]))
    orders = {runs.order for runs in several}
    paired = f"paired on {images}" if len(orders) == 1 else OTHER_IMAGES
    if "" in orders:
        paired = UNPAIRED
    return ", ".join(filter(None, [seeds and f"{seeds} a side", paired]))
