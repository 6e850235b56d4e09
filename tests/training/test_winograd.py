"""Fewer multiplications must give the same convolution, also in float32."""

import pytest
import torch
from torch.nn import functional

from benchmark_lightning.training.winograd import ALONG_ONE_DIRECTION, convolve, products_of

SIZES = sorted(ALONG_ONE_DIRECTION)


def both(pixels, weight):
    """Output and gradients by ``convolve``, and by PyTorch's convolution in float64."""
    exact = [value.double().requires_grad_() for value in (pixels, weight)]
    usual = functional.conv2d(exact[0].permute(0, 3, 1, 2), exact[1], padding=1).permute(0, 2, 3, 1)
    gradient = torch.randn_like(usual)
    ours = [value.clone().requires_grad_() for value in (pixels, weight)]
    output = convolve(*ours)
    theirs = (usual, *torch.autograd.grad(usual, exact, gradient))
    return (output, *torch.autograd.grad(output, ours, gradient.to(pixels.dtype))), theirs


@pytest.mark.parametrize("size", SIZES)
def test_the_products_add_up_to_the_convolution_and_its_gradients(size):
    torch.manual_seed(0)
    for ours, theirs in zip(
        *both(torch.randn(3, size, size, 5, dtype=torch.float64), torch.randn(7, 5, 3, 3, dtype=torch.float64)),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_rounding_in_float32_is_a_hundred_thousandth_of_what_the_values_vary(size):
    torch.manual_seed(0)
    pixels, weight = torch.randn(16, size, size, 64), torch.randn(64, 64, 3, 3)
    for ours, theirs in zip(*both(pixels, weight), strict=True):
        assert (ours - theirs).abs().max() < 3e-5 * theirs.std()


@pytest.mark.parametrize("size", SIZES)
def test_images_of_any_order_in_memory_are_taken(size):
    torch.manual_seed(0)
    images, weight = torch.randn(3, 5, size, size), torch.randn(7, 5, 3, 3)
    for memory_format in (torch.contiguous_format, torch.channels_last):
        pixels = images.contiguous(memory_format=memory_format).permute(0, 2, 3, 1)
        output = convolve(pixels, weight.contiguous(memory_format=memory_format)).permute(0, 3, 1, 2)
        torch.testing.assert_close(output, functional.conv2d(images, weight, padding=1), rtol=1e-4, atol=1e-4)
        assert output.is_contiguous(memory_format=torch.channels_last)  # as the next layer reads it fastest


def test_the_gradient_is_laid_out_as_the_weight_so_that_no_step_copies_it():
    weight = torch.randn(7, 5, 3, 3, requires_grad=True)
    convolve(torch.randn(3, 4, 4, 5), weight).sum().backward()
    assert weight.grad.stride() == weight.stride()


def test_a_second_derivative_is_refused_not_wrong():
    weight = torch.randn(7, 5, 3, 3, requires_grad=True)
    [gradient] = torch.autograd.grad(
        convolve(torch.randn(3, 2, 2, 5), weight).square().sum(), weight, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_a_training_may_follow_an_evaluation():
    """As Lightning does it: a tensor made in inference mode cannot be used in training."""
    products_of.cache_clear()
    weight = torch.randn(7, 5, 3, 3, requires_grad=True)
    with torch.inference_mode():
        convolve(torch.randn(3, 4, 4, 5), weight)
    convolve(torch.randn(3, 4, 4, 5), weight).sum().backward()
    assert weight.grad is not None
