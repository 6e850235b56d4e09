"""The split decides what a result means: exact counts, no overlap, each class in proportion."""

import itertools

import numpy as np
import pytest

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.datasets import Digits
from benchmark_lightning.training.splits import NUM_FOLDS, pooled_split, split_images, standard_split, stratified_part

LABELS = np.repeat(np.arange(10), [70, 80, 90, 100, 100, 100, 110, 110, 120, 120])


def shares(indices):
    return np.bincount(LABELS[indices], minlength=10) / len(indices)


def test_pooled_is_70_10_20_to_the_image():
    split = pooled_split(LABELS, seed=0)
    assert [len(part) for part in split] == [700, 100, 200]
    assert sorted(np.concatenate(split)) == list(range(1000))


def test_every_part_has_the_classes_in_proportion():
    everything = np.bincount(LABELS) / len(LABELS)
    for part in pooled_split(LABELS, seed=0):
        assert shares(part) == pytest.approx(everything, abs=1 / len(part))


def test_the_seed_decides_the_split_and_the_hash_tells():
    assert pooled_split(LABELS, seed=1).hash() == pooled_split(LABELS, seed=1).hash()
    assert pooled_split(LABELS, seed=1).hash() != pooled_split(LABELS, seed=2).hash()


def test_standard_keeps_the_published_test_set():
    shuffled = np.random.default_rng(0).permutation(LABELS)
    split = standard_split(shuffled, num_train=900, seed=0)
    assert split.test.tolist() == list(range(900, 1000))
    assert [len(part) for part in split] == [810, 90, 100]
    assert sorted(np.concatenate(split)) == list(range(1000))


def test_a_fraction_is_stratified_and_inside_the_whole():
    train = pooled_split(LABELS, seed=0).train
    part = stratified_part(train, LABELS, 0.1, seed=0)
    assert len(part) == 70
    assert set(part) <= set(train)
    assert shares(part) == pytest.approx(shares(train), abs=1 / 70)


def test_the_smallest_fraction_still_has_every_class():
    train = pooled_split(LABELS, seed=0).train
    assert sorted(LABELS[stratified_part(train, LABELS, 1e-6, seed=0)]) == list(range(10))


def test_all_of_it_is_all_of_it():
    train = pooled_split(LABELS, seed=0).train
    assert stratified_part(train, LABELS, 1.0, seed=0) is train


@pytest.mark.parametrize("num", [1000, 997, 993, 161])
def test_the_test_sets_of_the_folds_are_disjoint_stratified_and_hold_every_image_once(num):
    labels = np.random.default_rng(0).permutation(LABELS)[:num]
    folds = [pooled_split(labels, 3, fold) for fold in range(NUM_FOLDS)]
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(num))
    sizes = [len(fold.test) for fold in folds[1:]]
    assert max(sizes) - min(sizes) <= 1
    for fold in folds:
        assert sorted(np.concatenate(fold)) == list(range(num))
        assert len(fold.train) == len(folds[0].train)
        for part in (fold.val, fold.test):
            share = np.bincount(labels[part], minlength=10) / len(part)
            assert share == pytest.approx(np.bincount(labels) / num, abs=1.5 / len(part))


def test_fold_0_is_the_split_that_all_earlier_records_name():
    assert Digits().describe()["split_hash"] == pooled_split(Digits().pool.labels.numpy(), 0).hash() == "220834340700"
    assert Digits(fold=3).describe()["split_hash"] == "220834340700"
    assert Digits(fold=3).partition.hash() != "220834340700"


def test_a_fold_that_cannot_be_is_one_sentence(complaint):
    for fold in ("5", "-1"):
        sentence = complaint("fit", "--data", "Digits", "--data.fold", fold)
        assert f"data.fold is {fold}; give a whole number from 0 to 4" in sentence
    assert "data.fold 1 is for data.split pooled" in complaint(
        "svm", "--data", "FashionMNIST", "--data.split", "standard", "--data.fold", "1"
    )


@pytest.mark.parametrize("counts", [[40, 5], [12, 13]])
def test_folds_of_too_few_images_are_one_sentence(counts):
    labels = np.repeat([0, 1], counts)
    assert split_images(labels, None, "pooled", 0, 0, ("a", "b"), "Mine").hash()
    with pytest.raises(InputError, match=r"need at least 26, and 6 of each class, so give data\.fold 0"):
        split_images(labels, None, "pooled", 0, 1, ("a", "b"), "Mine")


def test_the_fewest_images_that_folds_take_can_be_split():
    for num, num_of_rarest, seed in itertools.product((26, 27, 28, 29, 31), (6, 8, 11), range(5)):
        labels = np.repeat([0, 1], [num - num_of_rarest, num_of_rarest])
        for fold in range(NUM_FOLDS):
            split = split_images(labels, None, "pooled", seed, fold, ("a", "b"), "Mine")
            assert {tuple(np.unique(labels[part])) for part in (split.train, split.test)} == {(0, 1)}
