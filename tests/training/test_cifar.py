"""CIFAR-10 comes as Python pickles, which can run what they like: these cannot."""

import hashlib
import os
import pickle

import numpy as np
import pytest

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.datasets import CIFAR10
from tests.extending.made_files import write_cifar10


def known(folder, monkeypatch):
    """Takes the files in ``folder`` for the original ones."""
    checksums = {
        name: hashlib.md5((folder / name).read_bytes(), usedforsecurity=False).hexdigest()
        for name in CIFAR10.file_names
    }
    monkeypatch.setattr(CIFAR10, "checksums", checksums)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = write_cifar10(tmp_path)
    known(folder, monkeypatch)
    return folder


def refusal(folder):
    with pytest.raises(InputError) as refused:
        _ = CIFAR10(root=str(folder.parent), batch_size=8).pool
    return str(refused.value)


def test_the_files_are_read_in_their_order(folder):
    data = CIFAR10(root=str(folder.parent))
    assert data.pool.images.shape == (120, 3, 32, 32)
    assert data.pool.num_train == 100
    with (folder / "data_batch_2").open("rb") as file:
        batch = pickle.load(file)
    assert np.array_equal(data.pool.images[20:40].flatten(1).numpy(), batch["data"])
    assert data.pool.labels[20:40].tolist() == batch["labels"]


def test_the_standard_split_keeps_the_published_test_set(folder):
    data = CIFAR10(root=str(folder.parent), split="standard")
    assert data.parts.test.tolist() == list(range(100, 120))


def test_an_import_in_a_pickle_is_refused_and_not_run(folder, monkeypatch):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(folder / "it_has_run"),)

    (folder / "data_batch_3").write_bytes(pickle.dumps({"data": Hostile(), "labels": []}))
    known(folder, monkeypatch)
    assert "data_batch_3 is no batch of CIFAR10 (it asks for posix.mkdir)" in refusal(folder)
    assert not (folder / "it_has_run").exists()


def test_builtins_are_refused_as_well(folder, monkeypatch):
    (folder / "test_batch").write_bytes(b"cbuiltins\neval\n(V1+1\ntR.")
    known(folder, monkeypatch)
    assert "(it asks for builtins.eval)" in refusal(folder)


def test_a_changed_file_is_refused_before_it_is_read(folder):
    content = bytearray((folder / "test_batch").read_bytes())
    content[-100] ^= 1
    (folder / "test_batch").write_bytes(content)
    assert "test_batch is not the original file of CIFAR10: its MD5 differs" in refusal(folder)


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ({"labels": [0]}, "is no batch of CIFAR10 ('data')"),
        ([], "is no batch of CIFAR10"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [0]}, "holds no rows of 3,072 bytes with a label each"),
        ({"data": np.zeros((1, 3072), np.float32), "labels": [0]}, "holds no rows of 3,072 bytes"),
        (
            {"data": np.zeros((1, 3072), np.uint8), "labels": [10]},
            "holds the labels 10 to 10, but CIFAR10 has 10 classes",
        ),
    ],
)
def test_a_batch_of_another_form_is_named(folder, monkeypatch, batch, sentence):
    (folder / "data_batch_5").write_bytes(pickle.dumps(batch, protocol=4))
    known(folder, monkeypatch)
    assert sentence in refusal(folder)


def test_a_missing_file_is_named_with_the_way_out(folder):
    (folder / "data_batch_1").unlink()
    with pytest.raises(InputError, match=r"CIFAR10 is not in .* and data\.download is false; copy its files to"):
        _ = CIFAR10(root=str(folder.parent), download=False).pool


def test_every_image_is_tested_in_one_fold(folder):
    tested = [position for fold in range(5) for position in CIFAR10(root=str(folder.parent), fold=fold).parts.test]
    assert sorted(tested) == list(range(len(CIFAR10(root=str(folder.parent)).pool.images)))
