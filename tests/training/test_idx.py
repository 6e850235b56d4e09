"""A broken data file must be named, never trained on."""

import shutil

import numpy as np
import pytest

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.idx import FILE_NAMES, check_idx_files
from tests.conftest import idx_bytes, write_idx_files

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILE_NAMES


@pytest.fixture
def folder(kmnist_root):
    return kmnist_root / "KMNIST" / "raw"


def check(folder, dataset="KMNIST"):
    check_idx_files(folder, dataset, num_classes=10)


def test_sound_files_pass(folder):
    check(folder)


def test_a_truncated_file_is_named(folder):
    content = (folder / TRAIN_IMAGES).read_bytes()
    (folder / TRAIN_IMAGES).write_bytes(content[:-1])
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte is truncated: 156,815 bytes where .* 156,816"):
        check(folder)


@pytest.mark.parametrize("name", FILE_NAMES)
@pytest.mark.parametrize("size", [0, 3, 7, 15])
def test_a_file_that_ends_in_its_header_is_refused(folder, name, size):
    (folder / name).write_bytes((folder / name).read_bytes()[:size])
    with pytest.raises(InputError, match=name):
        check(folder)


def test_bytes_at_the_end_are_refused(folder):
    with (folder / TEST_LABELS).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(InputError, match="t10k-labels-idx1-ubyte is too long"):
        check(folder)


def test_a_foreign_file_is_refused(folder):
    (folder / TRAIN_LABELS).write_bytes(b"<!DOCTYPE html> not found")
    with pytest.raises(InputError, match="train-labels-idx1-ubyte is not an IDX file of labels"):
        check(folder)


def test_images_of_another_size_are_refused(folder):
    (folder / TEST_IMAGES).write_bytes(idx_bytes(np.zeros((50, 32, 32), dtype=np.uint8)))
    with pytest.raises(InputError, match="32x32 pixels, not 28x28"):
        check(folder)


def test_a_label_beyond_the_classes_is_refused(folder):
    (folder / TEST_LABELS).write_bytes(idx_bytes(np.full(50, 10, dtype=np.uint8)))
    with pytest.raises(InputError, match="holds the label 10, but KMNIST has 10 classes"):
        check(folder)


def test_images_and_labels_must_be_equally_many(folder):
    (folder / TEST_LABELS).write_bytes(idx_bytes(np.zeros(49, dtype=np.uint8)))
    with pytest.raises(InputError, match="50 t10k images but 49 t10k labels"):
        check(folder)


def test_one_flipped_bit_is_found_where_the_checksum_is_known(tmp_path, monkeypatch):
    import hashlib

    folder = tmp_path / "raw"
    write_idx_files(folder)
    checksums = tuple(hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILE_NAMES)
    monkeypatch.setitem(check_idx_files.__globals__["SHA256"], "MNIST", checksums)
    check(folder, "MNIST")

    content = bytearray((folder / TRAIN_IMAGES).read_bytes())
    content[5000] ^= 0b00000100
    (folder / TRAIN_IMAGES).write_bytes(content)
    with pytest.raises(InputError, match="is not the original file of MNIST: its SHA-256 differs"):
        check(folder, "MNIST")


def test_the_files_of_one_data_set_do_not_pass_as_another(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "raw")
    with pytest.raises(InputError, match="not the original file of FashionMNIST"):
        check(tmp_path / "raw", "FashionMNIST")
