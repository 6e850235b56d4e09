"""Networks of one's own: built with what they ask for, tried before anything runs, and never broken by a lever."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from benchmark_lightning.training.classifier import ImageClassifier
from benchmark_lightning.training.own_networks import build_own_network
from tests.conftest import DIGITS

MODULE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width: int = 8, num_classes: int = 10):
        super().__init__()
        self.layer = nn.Linear(784, num_classes)

    def forward(self, images):
        return self.layer(images.flatten(1))

class Short(Net):
    def forward(self, images):
        return super().forward(images)[:, :7]

class Both(Net):
    def forward(self, images):
        return super().forward(images), images

class Unfit(Net):
    def forward(self, images):
        return self.layer(images)

class Broken(Net):
    def __init__(self):
        1 / 0

class Needy(Net):
    def __init__(self, depth: int):
        super().__init__()

def settings():
    return {}

number = 3
"""


@pytest.fixture
def _mine():
    Path("mine.py").write_text(MODULE)
    Path("importing.py").write_text("import surely_missing\n")
    yield
    for name in ("mine", "importing"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("_mine")
@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--model.network mien.Net", "there is no module mien in the working directory"),
        ("--model.network mien.Net", "did you mean 'mine'?"),
        ("--model.network mine.Nett", "mine has no Nett; did you mean 'Net'?"),
        ("--model.network Net", "names no module; give one too, such as mine.Net"),
        ("--model.network importing.Net", "importing.Net cannot be imported (ModuleNotFoundError in importing.py, line 1"),
        ("--model.network mine.Net --model.network.widht 3", "model.network is {'widht': 3}, without a class_path"),
        ("--model.network.class_path mine.Net --model.network.widht 3", "widht is no argument of mine.Net; did you mean 'width'?"),
        ("--model.network mine.Needy", "mine.Needy needs depth; give model.network.init_args.depth"),
        ("--model.network mine.Short", "gives (2, 7) for 2 images of 10 classes; its forward must return logits (2, 10)"),
        ("--model.network mine.Both", "gives a tuple for 2 images"),
        ("--model.network mine.Unfit", "does not take images of 1x28x28 (RuntimeError in mine.py, line 22"),
        ("--model.network mine.Broken", "cannot be built (ZeroDivisionError in mine.py, line 26: division by zero)"),
        ("--model.network mine.settings", "gives a dict; it must be a torch.nn.Module"),
        ("--model.network mine.number", "is no class or function"),
        ("--model.network mine.Net --model.arch resnet18", "are both given, but one network is trained; give --model.arch null"),
        ("--model.network mine.Net --model.stem small", "model.stem small is for ResNets"),
        ("--model mine.Net", "give the network alone: --model.network mine.Net"),
        ("--model.class_path mine.Net", "give the network alone: --model.network mine.Net"),
        ("--config class.yaml", "model is 'mine.Net' in class.yaml"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(complaint, flags, sentence):
    Path("class.yaml").write_text("model:\n  class_path: mine.Net\n")
    assert sentence in complaint("fit", *DIGITS, *flags.split())


class Views(nn.Module):
    """Asks for values in the contiguous order, as many a tutorial does."""

    def __init__(self, num_classes):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 3, padding=1, stride=2), nn.Conv2d(4, 4, 3, padding=1, stride=4)
        self.head = nn.Linear(64, num_classes)

    def forward(self, images):
        maps = self.second(torch.relu(self.first(images)))
        return self.head(maps.view(len(maps), -1))


class Unusual(nn.Module):
    """A shared layer, a functional convolution, one image at a time, a tensor that is no buffer, and values looked at."""

    def __init__(self, num_classes):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1, stride=8)
        self.shared = nn.Conv2d(4, 4, 3, padding=1)
        self.scale = torch.tensor(0.5)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.LazyLinear(num_classes)

    def forward(self, images):
        maps = self.norm(self.first(images))
        maps = torch.stack([self.shared(image) for image in maps])
        maps = self.shared(maps) + functional.conv2d(maps, self.shared.weight, padding=1) * self.scale
        if maps.abs().max().item() > 1e6:
            maps = maps / 2
        return self.head(maps.flatten(1))


class Looks(nn.Module):
    """Treats layers by their very class, which a lever of speed changes."""

    def __init__(self, num_classes):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(1, 4, 3, padding=1, stride=8), nn.Conv2d(4, num_classes, 3, padding=1)])

    def forward(self, images):
        for layer in self.layers:
            images = layer(images) if type(layer) is nn.Conv2d else 2 * layer(images)
        return images.mean(dim=(2, 3))


@pytest.mark.parametrize("network", ["Views", "Unusual", "Looks"])
@pytest.mark.parametrize("small_maps", ["cpu", "always"])
def test_no_lever_changes_or_breaks_it(network, small_maps):
    torch.manual_seed(0)
    named = {"class_path": f"{__name__}.{network}", "init_args": {}}
    fast = ImageClassifier(network=named, small_maps=small_maps)
    plain = ImageClassifier(network=named, small_maps="never", memory_format="contiguous")
    plain.load_state_dict(fast.state_dict())
    images = torch.randn(4, 1, 28, 28)
    expected, found = plain(images), fast(images)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    found.sum().backward()
    assert "why" not in plain.levers
    assert fast.levers["small_maps"] == (network != "Looks")
    assert fast.levers["memory_format"] == ("contiguous" if network == "Views" else "channels_last")
    assert ("why" in fast.levers) == (network != "Unusual") == (fast.note is not None)


def test_trying_it_leaves_its_means_and_the_random_numbers_as_they_were():
    torch.manual_seed(0)
    build_own_network({"class_path": f"{__name__}.Unusual", "init_args": {}}, 10, 28, 1)
    after_building = torch.rand(1)
    torch.manual_seed(0)
    model = ImageClassifier(network=f"{__name__}.Unusual")
    assert torch.equal(torch.rand(1), after_building)
    assert model.network.norm.running_mean.abs().sum() == 0
    assert model.network.norm.num_batches_tracked == 0
    assert model.network.training


def sized(in_channels, in_chans, num_channels, image_size, img_size, num_classes):
    assert (in_channels, in_chans, num_channels, image_size, img_size, num_classes) == (3, 3, 3, 32, 32, 5)
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 5))


def test_sizes_are_filled_in_under_the_names_that_networks_have_for_them():
    build_own_network({"class_path": f"{__name__}.sized", "init_args": {}}, 5, 32, 3)
