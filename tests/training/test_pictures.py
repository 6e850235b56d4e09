"""What TensorBoard shows of the images: grey or colour, a few classes or many."""

import pytest
import torch

from benchmark_lightning.training.pictures import draw_confusion_matrix, draw_mistakes


def mistakes(num_channels):
    images = torch.zeros(8, num_channels, 16, 16)
    images[:, 0] = torch.linspace(-2, 2, 16)
    return {
        "images": images,
        "labels": torch.zeros(8),
        "predicted": torch.ones(8),
        "confidence": torch.linspace(0.9, 0.5, 8),
    }


@pytest.mark.parametrize(("num_channels", "num_shown"), [(1, 1), (3, 3), (5, 1)])
def test_mistakes_are_shown_in_their_colours(num_channels, num_shown):
    [axes] = draw_mistakes(mistakes(num_channels), ("cat", "dog")).axes
    page = axes.images[0].get_array()
    assert (page.shape[2] if page.ndim == 3 else 1) == num_shown
    assert len(axes.texts) == 8
    assert axes.texts[0].get_text() == "cat\ntaken for dog, 90%"
    if num_shown == 3:
        drawn = page[page.shape[0] // 2 - 16 : page.shape[0] // 2]
        assert drawn[..., 0].max() > drawn[..., 1].min()


def test_many_classes_are_colours_without_numbers():
    names = tuple(str(number) for number in range(100))
    [axes] = draw_confusion_matrix(torch.eye(100), names).axes
    assert not axes.texts
    [axes] = draw_confusion_matrix(torch.eye(20), names[:20]).axes
    assert len(axes.texts) == 400
    assert axes.get_xticklabels()[3].get_text() == "3"
