"""A lever that changed what is computed would make fast results wrong results."""

import copy

import pytest
import torch
from torch import nn

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.complexity import count_complexity
from benchmark_lightning.study.record import read_record
from benchmark_lightning.training.models import build_network
from benchmark_lightning.training.small_maps import SmallMapConv2d, use_small_maps
from tests.conftest import SHORT


def gradients(network, images):
    output = network(images)
    (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
    return output.detach(), [parameter.grad for parameter in network.parameters()], images.grad


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_and_gradients_are_those_of_the_convolution(size, kernel, stride, bias):
    torch.manual_seed(0)
    usual = nn.Conv2d(5, 7, kernel, stride=stride, padding=kernel // 2, bias=bias).double()
    other = use_small_maps(copy.deepcopy(usual))
    assert isinstance(other, SmallMapConv2d)
    images = torch.randn(4, 5, size, size, dtype=torch.float64)
    for ours, theirs in zip(
        gradients(other, images.clone().requires_grad_()),
        gradients(usual, images.clone().requires_grad_()),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kernel", [1, 3])
def test_in_mixed_precision_products_are_bfloat16_and_gradients_float32(kernel):
    torch.manual_seed(0)
    usual = nn.Conv2d(32, 32, kernel, padding=kernel // 2)
    other = use_small_maps(copy.deepcopy(usual))
    images = torch.randn(8, 32, 2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        theirs, ours = usual(images), other(images)
    assert ours.dtype == torch.bfloat16
    torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
    for layer, output in ((usual, theirs), (other, ours)):
        output.square().sum().backward()
        assert layer.weight.grad.dtype == torch.float32
    torch.testing.assert_close(other.weight.grad, usual.weight.grad, rtol=0.05, atol=0.5)


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
        nn.Conv2d(4, 4, 1, padding=1),
        nn.Conv2d(4, 4, 5, padding=2),
        nn.Conv2d(4, 4, 3, padding=1, stride=3),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, (3, 1), padding=(1, 0)),
    ],
)
def test_other_convolutions_stay_as_they_are(layer):
    assert type(use_small_maps(layer)) is nn.Conv2d


def test_the_arithmetic_of_the_nominal_network_is_still_reported():
    usual, other = (
        count_complexity(build_network("resnet18", 10)),
        count_complexity(use_small_maps(build_network("resnet18", 10))),
    )
    assert other["macs"] == usual["macs"]
    assert other["forward_flops_per_image"] < usual["forward_flops_per_image"]


def test_what_is_for_a_cpu_alone_is_counted_where_it_is_done():
    network = use_small_maps(build_network("resnet18", 10), on_cpu_alone=True)
    nominal = count_complexity(build_network("resnet18", 10))["train_flops_per_image"]
    assert count_complexity(network, device_type="cuda")["train_flops_per_image"] == nominal
    assert count_complexity(network, device_type="cpu")["train_flops_per_image"] < nominal


def test_levers_are_flags_of_fit(tmp_path):
    assert main(["trial", *SHORT, "--model.small_maps", "always", "--model.memory_format", "channels_last"]) == 0
    record = read_record(next(tmp_path.rglob("record.json")))
    assert record.config["model"]["small_maps"] == "always"
    assert record.complexity["macs"] == 33_184_000


def test_gradients_can_be_clipped_in_mixed_precision(tmp_path):
    """Lightning refuses to clip those of a fused optimizer, which is the default."""
    assert main(["trial", *SHORT, "--trainer.precision", "bf16-mixed", "--trainer.gradient_clip_val", "1.0"]) == 0
    assert read_record(next(tmp_path.rglob("record.json"))).status == "ok"


@pytest.mark.slow
def test_a_compiled_step_learns_what_an_eager_one_learns(tmp_path):
    """One minute: torch compiles for the machine at hand."""
    losses = []
    for mode in ("none", "default"):
        assert main(["trial", *SHORT, "--trainer.precision", "32-true", "--model.compile", mode]) == 0
    for path in sorted(tmp_path.rglob("record.json")):
        record = read_record(path)
        assert record.status == "ok"
        losses.append(record.curves[0]["train/loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
