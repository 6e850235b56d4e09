"""Golden numbers of arithmetic: FLOPs against time is a figure of the study."""

import pytest
import torch

from benchmark_lightning.study.complexity import count_complexity
from benchmark_lightning.training.models import build_network


@pytest.mark.parametrize(
    ("arch", "params", "mega_macs", "mega_flops"),
    [("resnet18", 11_175_370, 33.18, 66.02), ("resnet34", 21_283_530, 69.92, 139.31), ("resnet50", 23_522_250, 78.76, 155.90)],
)  # fmt: skip
def test_resnets_cost_what_the_study_says(arch, params, mega_macs, mega_flops):
    complexity = count_complexity(build_network(arch, num_classes=10))
    assert complexity["params"] == params
    assert round(complexity["macs"] / 1e6, 2) == mega_macs
    assert round(complexity["forward_flops_per_image"] / 1e6, 2) == mega_flops
    # Backward computes two products for each forward one, but for the images, which need no gradient.
    assert 2.9 < complexity["train_flops_per_image"] / complexity["forward_flops_per_image"] < 3.0


def test_counting_leaves_the_network_as_it_is():
    network = build_network("resnet18", num_classes=10).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    count_complexity(network)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert network.training


def test_larger_images_cost_more():
    network = build_network("resnet18", num_classes=10)
    assert count_complexity(network, 56)["macs"] > 3 * count_complexity(network, 28)["macs"]


def test_colour_images_are_counted_as_they_are():
    grey, colour = (build_network("resnet18", num_classes=10, num_channels=channels) for channels in (1, 3))
    counted = count_complexity(colour, num_channels=3)
    more = {name: counted[name] - value for name, value in count_complexity(grey).items()}
    # 64 kernels of 7x7 for two more channels, at 14x14 places.
    weights = 64 * 7 * 7 * 2
    assert (more["params"], more["macs"], more["forward_flops_per_image"]) == (
        weights,
        weights * 196,
        weights * 196 * 2,
    )
