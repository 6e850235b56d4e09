"""Golden numbers: the networks must be the study's networks."""

import pytest
import torch
from torchvision import models

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.models import build_network


@pytest.mark.parametrize(
    ("arch", "num_params"), [("resnet18", 11_175_370), ("resnet34", 21_283_530), ("resnet50", 23_522_250)]
)
def test_resnets_have_the_published_parameters(arch, num_params):
    network = build_network(arch, num_classes=10)
    assert sum(parameter.numel() for parameter in network.parameters()) == num_params


def test_a_grey_image_gives_what_three_equal_channels_would():
    torch.manual_seed(0)
    colour = models.resnet18(weights=None, num_classes=10).eval()
    torch.manual_seed(0)
    grey = build_network("resnet18", num_classes=10).eval()
    images = torch.rand(2, 1, 28, 28)
    with torch.inference_mode():
        torch.testing.assert_close(grey(images), colour(images.expand(-1, 3, -1, -1)), rtol=1e-4, atol=1e-4)


def test_colour_images_see_the_network_as_torchvision_made_it():
    torch.manual_seed(0)
    theirs = models.resnet18(weights=None, num_classes=10)
    torch.manual_seed(0)
    ours = build_network("resnet18", num_classes=10, num_channels=3, image_size=32)
    assert all(
        torch.equal(*pair) for pair in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize(
    ("arch", "stem"), [("resnet18", "imagenet"), ("resnet18", "small"), ("mobilenet_v3_small", "imagenet")]
)
@pytest.mark.parametrize("num_channels", [2, 3])
def test_images_of_any_number_of_channels_are_taken(arch, stem, num_channels):
    network = build_network(arch, num_classes=7, stem=stem, num_channels=num_channels, image_size=32)
    assert network(torch.zeros(2, num_channels, 32, 32)).shape == (2, 7)


def test_the_small_stem_keeps_the_resolution():
    network = build_network("resnet18", num_classes=10, stem="small")
    assert network.maxpool(network.conv1(torch.zeros(1, 1, 28, 28))).shape == (1, 64, 28, 28)


@pytest.mark.parametrize(
    ("arch", "image_size"),
    [("mobilenet_v3_small", 28), ("shufflenet_v2_x0_5", 28), ("squeezenet1_1", 28), ("vgg11", 32), ("alexnet", 64),
     ("vit_b_16", 32), ("googlenet", 32), ("densenet121", 32)],
)  # fmt: skip
def test_other_classifiers_take_grey_images(arch, image_size):
    network = build_network(arch, num_classes=7, image_size=image_size)
    assert network(torch.zeros(2, 1, image_size, image_size)).shape == (2, 7)


def test_an_unknown_arch_is_met_with_the_nearest_one():
    with pytest.raises(InputError, match=r"model\.arch is 'resnet81'.*did you mean 'resnet18'"):
        build_network("resnet81", num_classes=10)


@pytest.mark.parametrize("arch", ["vgg11", "inception_v3", "alexnet"])
def test_a_network_that_needs_larger_images_says_so(arch):
    with pytest.raises(
        InputError, match=rf"{arch} cannot take images of 28x28 pixels .* give a larger data\.image_size"
    ):
        build_network(arch, num_classes=10)


def test_the_small_stem_is_for_resnets():
    with pytest.raises(InputError, match=r"model\.stem small is for ResNets"):
        build_network("mobilenet_v3_small", num_classes=10, stem="small")
