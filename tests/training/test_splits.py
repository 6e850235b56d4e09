"""The split decides what a result means: exact counts, no overlap, each class in proportion."""

import numpy as np
import pytest

from benchmark_lightning.training.splits import pooled_split, standard_split, stratified_part

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
