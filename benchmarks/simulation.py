"""Runs of configurations whose true accuracies are known, so that an interval can be right or wrong.

Run ``s`` of configuration ``c`` has test image ``i`` right where ``bias + difficulty + noise > 0``: a difficulty of the image, in
part common to all configurations and in part the configuration's own; a bias that gives the run its accuracy, which is
that of the configuration plus the luck of the seed; and noise of its own for each image and run. The errors of two
configurations then correlate by 0.57, those of two seeds of one by 0.64, as those of networks on FashionMNIST do.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from benchmark_lightning.report.evidence.runs import Runs

NUM_IMAGES = 14_000  # the test images of the pooled split of FashionMNIST
NUM_VALIDATION = 7_000
ACCURACY = 0.92
DIFFICULTY = 3.0  # SD of an image's difficulty, where the noise of a run has 1
SHARED = 0.95  # the part of its variance that all configurations have in common
_ONLY_SEED, _ONLY_CONFIGURATION = (
    0.38,
    0.07,
)  # parts of the validation images' variance: of one run, of one configuration


class World(NamedTuple):
    """The truth about several configurations.

    Args:
        means: accuracies over all images and seeds.
        sds: of the accuracy over seeds, apart from the images.
        nums: seeds; a configuration with 0 depends on none and has one run.
        num_images: test images.
        has_outcomes: whether the records say which images were right.
    """

    means: tuple[float, ...]
    sds: tuple[float, ...]
    nums: tuple[int, ...]
    num_images: int = NUM_IMAGES
    has_outcomes: bool = True


def equal(how_many: int, num_seeds: int, sd: float, **more: object) -> World:
    """Configurations of which none is better."""
    world = World((ACCURACY,) * how_many, (sd,) * how_many, (num_seeds,) * how_many)
    return world._replace(**more)  # type: ignore[arg-type]


def spread(how_many: int, num_seeds: int, sd: float) -> World:
    """The same, but the first is 0.2 points better than the second and the others follow down to one point below."""
    below = np.linspace(0.002, 0.01, how_many - 1)
    return equal(how_many, num_seeds, sd)._replace(means=(ACCURACY, *(ACCURACY - below).tolist()))


def draw(rng: np.random.Generator, world: World) -> list[Runs]:
    """The runs of one study: new test images, new seeds."""
    m = world.num_images
    common = np.sqrt(SHARED) * rng.standard_normal(m, dtype=np.float32)
    rows = zip(world.means, world.sds, world.nums, strict=True)
    return [_runs(rng, common, *row, world.has_outcomes) for row in rows]


def _runs(
    rng: np.random.Generator, common: NDArray[np.float32], mean: float, sd: float, num: int, has_outcomes: bool
) -> Runs:
    m, n = len(common), max(num, 1)
    own = np.float32(np.sqrt(1 - SHARED)) * rng.standard_normal(m, dtype=np.float32)
    difficulty = np.float32(DIFFICULTY) * (common + own)
    luck = rng.normal(0.0, sd, n) if num else np.zeros(n)
    reached = np.clip(mean + luck, 0.001, 0.999)
    bias = (special.ndtri(reached) * np.sqrt(1 + DIFFICULTY**2)).astype(np.float32)
    noise = rng.standard_normal((n, m), dtype=np.float32)
    noise += difficulty
    correct = noise > -bias[:, None]
    of_image = np.sqrt(mean * (1 - mean) / NUM_VALIDATION)
    noise_of_choice = (
        np.sqrt(_ONLY_SEED) * rng.standard_normal(n) + np.sqrt(_ONLY_CONFIGURATION) * rng.standard_normal()
    )
    return Runs(
        tuple(range(n)) if num else (None,),
        correct.mean(axis=1),
        reached + of_image * noise_of_choice,
        m,
        correct if has_outcomes else None,
        "simulated" if has_outcomes else "",
        num > 0,
    )


def true_mean_of(chosen: Runs, several: Sequence[Runs], world: World) -> float:
    """The true accuracy, on average, of the configurations whose runs these are."""
    truth = {value: mean for runs, mean in zip(several, world.means, strict=True) for value in runs.validation.tolist()}
    return float(np.mean([truth[value] for value in chosen.validation.tolist()]))


def draw_times(rng: np.random.Generator, num: int, ratio: float, is_paired: bool) -> tuple[dict[int, float], ...]:
    """Times of two configurations, each pair of which shares the state of the machine where they ran in turn."""
    state = rng.normal(0.0, 0.08, num)
    others = state if is_paired else rng.normal(0.0, 0.08, num)
    left = ratio * np.exp(state + rng.normal(0.0, 0.02, num))
    right = np.exp(others + rng.normal(0.0, 0.02, num))
    names = range(num) if is_paired else range(num, 2 * num)
    return dict(enumerate(left.tolist())), dict(zip(names, right.tolist(), strict=True))
