"""What a data set of one's own gives is checked once, and what is wrong in it is a sentence."""

import numpy as np
import pytest
import torch

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.data import ImageData, Pool
from benchmark_lightning.training.pool import channel_statistics

NOISE = torch.randint(0, 256, (60, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(60) % 3


class Own(ImageData):
    """Whatever the test gives it."""

    given = Pool(NOISE, LABELS)

    def load(self):
        return self.given


def own(images=NOISE, labels=LABELS, **fields):
    return type("Own", (Own,), {"given": Pool(images, labels, **fields)})(batch_size=8)


def test_what_is_not_declared_is_found_in_the_images():
    data = own()
    assert (data.num_channels, data.num_classes, data.image_size) == (3, 3, 12)
    assert data.class_names == ("0", "1", "2")
    train = NOISE[data.parts.train].double() / 255
    assert data.mean == pytest.approx(train.mean((0, 2, 3)).tolist())
    assert data.std == pytest.approx(train.std((0, 2, 3), correction=0).tolist())


def test_the_record_says_what_the_images_are_and_how_they_were_normalised():
    description = own().describe()
    assert description["image_shape"] == [3, 12, 12]
    assert description["num_classes"] == 3
    assert len(description["mean"]) == len(description["std"]) == 3


def test_each_channel_is_normalised_on_its_own():
    images = NOISE.clone()
    images[:, 1] = images[:, 1] // 4 + 100
    data = own(images)
    batch, labels = data.on_after_batch_transfer(torch.from_numpy(data.parts.train), 0)
    assert batch.mean((0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-5)
    assert batch.std((0, 2, 3)).tolist() == pytest.approx([1, 1, 1], abs=1e-3)
    assert torch.equal(labels, LABELS[data.parts.train])


def test_a_channel_that_is_the_same_everywhere_becomes_zero():
    images = NOISE.clone()
    images[:, 2] = 77
    batch, _ = own(images).on_after_batch_transfer(torch.arange(4), 0)
    assert batch[:, 2].abs().max() < 1e-6


def test_the_mean_does_not_depend_on_the_part_that_is_trained_on():
    whole = own()
    part = type(whole)(batch_size=8, train_fraction=0.5)
    assert whole.mean == part.mean
    assert len(part.parts.train) == 21


def test_the_classical_methods_get_all_values_of_all_channels():
    features, labels = own().arrays("test")
    assert features.shape == (12, 3 * 12 * 12)
    assert 0 <= features.min() < features.max() <= 1
    assert len(labels) == 12


def test_images_that_are_not_contiguous_and_short_labels_are_taken():
    last = NOISE.permute(0, 2, 3, 1).contiguous()
    data = own(last.permute(0, 3, 1, 2), LABELS.to(torch.uint8))
    assert data.fingerprint == own().fingerprint


def test_statistics_are_the_same_in_chunks_and_at_once():
    many = NOISE.repeat(150, 1, 1, 1)
    assert channel_statistics(many, torch.arange(len(many))) == channel_statistics(NOISE, torch.arange(60))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((NOISE, LABELS), r"Own\.load\(\) gives a tuple; return Pool\(images, labels\)"),
        (Pool(NOISE.numpy(), LABELS), r"gives images as ndarray; give a tensor, as by torch\.from_numpy"),
        (Pool(NOISE.float(), LABELS), r"images of float32; give uint8 from 0 to 255"),
        (Pool(NOISE[:, 0], LABELS), r"shape \(60, 12, 12\); give \(images, channels, height, width\)"),
        (Pool(NOISE[:0], LABELS[:0]), r"shape \(0, 3, 12, 12\)"),
        (Pool(NOISE[..., :9], LABELS), r"images of 12x9 pixels; crop or pad them there, to squares"),
        (Pool(NOISE, LABELS[:50]), r"60 images but labels of shape \(50,\); give one label an image"),
        (Pool(NOISE, LABELS.float()), r"labels of float32; give whole numbers"),
        (Pool(NOISE, LABELS - 1), r"the label -1; give whole numbers from 0"),
        (Pool(NOISE, LABELS * 2), r"no image of class 1 \(1\); number the classes without gaps"),
        (Pool(NOISE, LABELS * 10**12), r"label 2000000000000 for 60 images; number the classes from 0"),
        (Pool(NOISE, LABELS * 0), r"one class alone, 0; a classifier tells at least two apart"),
        (Pool(NOISE, LABELS, class_names=("a", "b")), r"label 2, but names 2 classes; they count from 0"),
        (Pool(NOISE, LABELS, class_names=tuple("abcd")), r"no image of class 3 \(d\)"),
        (Pool(NOISE, LABELS, num_train=60), r"num_train 60 for 60 images; give a number between, or None"),
    ],
)
def test_what_load_should_not_give_is_one_sentence(given, sentence):
    data = type("Own", (Own,), {"given": given})()
    with pytest.raises(InputError, match=sentence):
        _ = data.num_classes


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"image_shape": (1, 28, 28)}, r"shape \(3, 12, 12\), but declares \(1, 28, 28\)"),
        ({"class_names": ("a", "b")}, r"label 2, but names 2 classes"),
        ({"mean": 0.5}, r"mean of the data set is 0\.5; give a tuple of 3"),
        ({"std": (0.5,)}, r"std of the data set is \(0\.5,\); give a tuple of 3"),
        ({"load": lambda self: Pool(NOISE, LABELS % self.num_classes)}, "declare class_names and image_shape there"),
    ],
)
def test_what_is_declared_must_be_there(declared, sentence):
    data = type("Own", (Own,), declared)()
    with pytest.raises(InputError, match=sentence):
        data.on_after_batch_transfer(torch.arange(4), 0)


def test_a_class_without_load_is_no_data_set():
    with pytest.raises(InputError, match="Nothing is no data set: it has no method load"):
        _ = type("Nothing", (ImageData,), {})().pool


def test_a_rare_class_is_named_before_it_is_split():
    labels = torch.tensor([0] * 50 + [1] * 8 + [2] * 2)
    with pytest.raises(InputError, match=r"class 2 has 2 images in Own; a stratified split needs at least 3 of each"):
        _ = own(labels=labels).parts


def test_a_rare_class_with_enough_images_is_in_the_training_set():
    labels = torch.tensor([0] * 50 + [1] * 7 + [2] * 3)
    data = own(labels=labels)
    assert set(labels[data.parts.train].tolist()) == {0, 1, 2}


def test_too_few_images_for_so_many_classes_are_a_sentence():
    with pytest.raises(InputError, match=r"Own has 60 images of 20 classes; .* at least 200, ten times as many"):
        _ = own(labels=torch.arange(60) % 20).parts


def test_a_published_test_set_stays_the_test_set():
    data = type("Own", (Own,), {"given": Pool(NOISE, LABELS, num_train=45)})(split="standard")
    assert data.parts.test.tolist() == list(range(45, 60))
    assert len(data.parts.val) == 4


@pytest.mark.parametrize("fraction", [0.98, 0.95])
def test_a_fraction_that_cannot_be_stratified_is_a_sentence(fraction):
    data = type("Own", (Own,), {"given": Own.given})(train_fraction=fraction)
    with pytest.raises(InputError, match=rf"data\.train_fraction {fraction} leaves . of 42 training images out"):
        _ = data.parts


def test_colour_images_grow_and_are_shifted_and_mirrored(monkeypatch):
    data = type("Own", (Own,), {})(image_size=20, random_flip=True, random_crop=3)
    trainer = type("Trainer", (), {"training": True, "predicting": False, "world_size": 1})()
    trainer.precision_plugin = type("Plugin", (), {"convert_input": staticmethod(lambda images: images)})
    data.trainer = trainer
    images, _ = data.on_after_batch_transfer(torch.arange(6), 0)
    assert images.shape == (6, 3, 20, 20)
    assert np.isfinite(images.numpy()).all()
