"""A lever that changed what is computed would make fast results wrong results."""

import copy

import pytest
import torch
from torch import nn

from benchmark_lightning.training.models import build_network
from benchmark_lightning.training.small_maps import SmallMapConv2d, use_small_maps


def gradients(network, images):
    output = network(images)
    (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
    return output.detach(), [parameter.grad for parameter in network.parameters()], images.grad


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_and_gradients_are_those_of_the_convolution(size, stride, bias):
    torch.manual_seed(0)
    usual = nn.Conv2d(5, 7, 3, stride=stride, padding=1, bias=bias).double()
    other = use_small_maps(copy.deepcopy(usual))
    assert isinstance(other, SmallMapConv2d)
    images = torch.randn(4, 5, size, size, dtype=torch.float64)
    for ours, theirs in zip(
        gradients(other, images.clone().requires_grad_()),
        gradients(usual, images.clone().requires_grad_()),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("arch", ["resnet18", "resnet50"])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_whole_network_is_the_same_function_with_the_same_gradients(arch, memory_format):
    torch.manual_seed(0)
    usual = build_network(arch, 10).double()
    other = use_small_maps(copy.deepcopy(usual)).to(memory_format=memory_format)
    assert any(isinstance(layer, SmallMapConv2d) for layer in other.modules())
    images = torch.randn(4, 1, 28, 28, dtype=torch.float64)
    for ours, theirs in zip(
        gradients(other, images.clone().requires_grad_()),
        gradients(usual, images.clone().requires_grad_()),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)  # batch normalisation magnifies rounding


def test_a_checkpoint_fits_with_and_without():
    usual, other = build_network("resnet18", 10), use_small_maps(build_network("resnet18", 10))
    other.load_state_dict(usual.state_dict())
    usual.load_state_dict(other.state_dict())


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        nn.Conv2d(4, 4, 3, padding=0),
        nn.Conv2d(4, 4, 3, padding=2, dilation=2),
        nn.Conv2d(4, 4, 1),
        nn.Conv2d(4, 4, 3, padding=1, stride=3),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, (3, 1), padding=(1, 0)),
    ],
)
def test_other_convolutions_stay_as_they_are(layer):
    assert type(use_small_maps(layer)) is nn.Conv2d
