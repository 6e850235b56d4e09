"""The levers of speed, as a network takes them: one that a network of one's own does not take is left alone."""

from typing import NamedTuple

import torch
from torch import nn

from benchmark_lightning.training.choices import Chosen
from benchmark_lightning.training.class_paths import reason
from benchmark_lightning.training.own_networks import computed
from benchmark_lightning.training.small_maps import SmallMapConv2d, use_nominal_maps, use_small_maps


class Levers(NamedTuple):
    """Which levers a network has.

    Args:
        small_maps: whether it has convolutions that do small maps as matrix products.
        channels_last: whether images may flow through it channels last.
        why: why those that were asked for are not all set.
        chosen: which of them are used, where that is left to the package.
    """

    small_maps: bool
    channels_last: bool
    why: str | None = None
    chosen: Chosen = Chosen()

    @property
    def uses_small_maps(self) -> bool:
        return self.small_maps and self.chosen.choice.small_maps

    @property
    def uses_channels_last(self) -> bool:
        return self.channels_last and self.chosen.choice.channels_last

    def taking(self, network: nn.Module, chosen: Chosen) -> "Levers":
        """These levers as chosen; sets the convolutions of the network, which has been given these."""
        if self.small_maps and chosen.by == "measured":
            use_nominal_maps(network)
            if chosen.choice.small_maps:
                use_small_maps(network, on_cpu_alone=True, takes_winograd=chosen.choice.winograd)
        return self._replace(chosen=chosen)


def set_levers(network: nn.Module, small_maps: str, memory_format: str) -> Levers:
    """Sets the levers on a network that takes all of them, as those of torchvision do."""
    if small_maps != "never":
        use_small_maps(network, on_cpu_alone=small_maps == "cpu")
    if memory_format == "channels_last":
        network.to(memory_format=torch.channels_last)
    has_small_maps = any(isinstance(layer, SmallMapConv2d) for layer in network.modules())
    return Levers(has_small_maps, memory_format != "contiguous")


def set_levers_it_takes(
    network: nn.Module, small_maps: str, memory_format: str, image_shape: tuple[int, int, int]
) -> Levers:
    """Sets the levers under which a network computes what it did, found out with two images.

    A forward pass may ask for a certain order of the values, as ``view`` does, or look at its layers.

    Args:
        image_shape: C, H, W.
    """
    images = torch.empty(2, *image_shape, device="meta")
    why = None
    for layout in dict.fromkeys((memory_format, "contiguous")):
        for maps in dict.fromkeys((small_maps, "never")):
            try:
                expected = computed(network, images, is_training=False)
                levers = set_levers(network, maps, layout)
                if levers.small_maps or levers.channels_last:
                    computed(network, images, is_channels_last=levers.channels_last)
                found = computed(network, images, is_training=False, is_channels_last=levers.channels_last)
                # The rounding of other sums in float32.
                torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
                return levers._replace(why=why)
            except Exception as error:  # whatever a user's code does
                why = why or reason(error)
            use_nominal_maps(network)
            network.to(memory_format=torch.contiguous_format)
    return Levers(small_maps=False, channels_last=False, why=why)
