"""What a batch holds, and how the data are counted."""

import numpy as np
import pytest
import torch

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.datasets import KMNIST, MNIST, Digits


@pytest.fixture(scope="module")
def digits():
    return Digits(batch_size=32)


def test_digits_are_split_70_10_20(digits):
    description = digits.describe()
    assert [description[f"num_{part}"] for part in ("train", "val", "test")] == [1258, 180, 359]


def test_the_split_of_the_digits_never_changes(digits):
    """A record's split_hash must mean the same images in every version of the package."""
    assert digits.describe()["split_hash"] == "220834340700"
    assert digits.describe()["fingerprint"] == "5b12f0526f13"


def test_a_batch_is_gathered_and_normalised(digits):
    positions = torch.tensor([3, 1, 4, 1])
    images, labels = digits.on_after_batch_transfer(positions, 0)
    assert images.shape == (4, 1, 28, 28)
    assert images.dtype == torch.float32
    expected = (digits.pool.images[positions].float() / 255 - digits.mean[0]) / digits.std[0]
    torch.testing.assert_close(images, expected)
    assert torch.equal(labels, digits.pool.labels[positions])


def test_normalised_images_have_mean_0_and_deviation_1(digits):
    images, _ = digits.on_after_batch_transfer(torch.arange(1797), 0)
    assert images.mean().item() == pytest.approx(0, abs=1e-3)
    assert images.std().item() == pytest.approx(1, abs=1e-3)


def test_the_stored_images_are_left_as_they_are(digits):
    before = digits.pool.images.clone()
    digits.on_after_batch_transfer(torch.arange(100), 0)
    assert torch.equal(digits.pool.images, before)


def test_training_batches_are_full_shuffled_and_never_repeat_an_image(digits):
    torch.manual_seed(0)
    batches = list(digits.train_dataloader())
    assert {len(batch) for batch in batches} == {32}
    assert len(batches) == 1258 // 32
    seen = torch.cat(batches)
    assert len(seen.unique()) == len(seen)
    assert set(seen.tolist()) <= set(digits.parts.train.tolist())
    assert not torch.equal(seen, torch.cat(list(digits.train_dataloader())))


@pytest.mark.parametrize("eval_batch_size", [1, 7, 180, 1000])
def test_every_test_image_is_evaluated_once(eval_batch_size):
    data = Digits(eval_batch_size=eval_batch_size)
    batches = list(data.test_dataloader())
    assert max(map(len, batches)) <= eval_batch_size
    assert torch.cat(batches).tolist() == data.parts.test.tolist()


@pytest.mark.parametrize("num_processes", [2, 3, 8])
def test_processes_share_the_evaluation_without_repeating_an_image(num_processes, monkeypatch):
    """Lightning hands out batches by DistributedSampler, which pads by repeating where they do not divide."""
    monkeypatch.setattr(Digits, "_world_size", num_processes)
    data = Digits(eval_batch_size=16)
    batches = data.test_dataloader().dataset
    assert len(batches) % num_processes == 0
    samplers = [
        torch.utils.data.DistributedSampler(batches, num_processes, rank, shuffle=False)
        for rank in range(num_processes)
    ]
    seen = torch.cat([batches[position] for sampler in samplers for position in sampler])
    assert sorted(seen.tolist()) == data.parts.test.tolist()


def test_arrays_for_the_svm_are_the_same_images(digits):
    features, labels = digits.arrays("val")
    assert features.shape == (180, 784)
    assert features.dtype == np.float32
    assert 0 <= features.min() < features.max() <= 1
    assert np.array_equal(labels, digits.pool.labels.numpy()[digits.parts.val])


def test_a_fraction_trains_on_less_and_tests_on_the_same():
    whole, part = Digits(), Digits(train_fraction=0.25, batch_size=8)
    assert len(part.parts.train) == round(0.25 * 1258)
    assert np.array_equal(whole.parts.test, part.parts.test)
    assert whole.describe()["split_hash"] == part.describe()["split_hash"]


def test_images_grow_where_a_network_needs_it():
    images, _ = Digits(image_size=64).on_after_batch_transfer(torch.arange(2), 0)
    assert images.shape == (2, 1, 64, 64)


def test_idx_files_are_read_as_they_stand(kmnist_root):
    data = KMNIST(root=str(kmnist_root))
    assert data.pool.images.shape == (250, 1, 28, 28)
    assert data.pool.labels.tolist() == [i % 10 for i in range(200)] + [i % 10 for i in range(50)]
    content = (kmnist_root / "KMNIST/raw/t10k-images-idx3-ubyte").read_bytes()
    assert data.pool.images[200].flatten().tolist() == list(content[16 : 16 + 784])


def test_standard_split_of_idx_files(kmnist_root):
    data = KMNIST(root=str(kmnist_root), split="standard")
    assert data.parts.test.tolist() == list(range(200, 250))
    assert [len(part) for part in data.parts] == [180, 20, 50]


def test_the_data_root_comes_from_the_environment(kmnist_root, monkeypatch):
    monkeypatch.setenv("BENCHMARK_LIGHTNING_DATA", str(kmnist_root))
    assert len(KMNIST().pool.images) == 250


def test_digits_have_no_standard_split():
    with pytest.raises(InputError, match=r"Digits has no published test set; give data\.split pooled"):
        _ = Digits(split="standard").parts


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"batch_size": 0}, r"data\.batch_size is 0; give a whole number of at least 1"),
        ({"batch_size": -3}, r"data\.batch_size is -3"),
        ({"eval_batch_size": 0}, r"data\.eval_batch_size is 0"),
        ({"train_fraction": 0.0}, r"data\.train_fraction is 0\.0"),
        ({"train_fraction": 1.5}, r"data\.train_fraction is 1\.5"),
        ({"random_crop": -1}, r"data\.random_crop is -1"),
        ({"split_seed": -1}, r"data\.split_seed is -1"),
        ({"image_size": 1}, r"data\.image_size is 1"),
    ],
)
def test_values_out_of_range_are_refused(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        Digits(**arguments)


def test_a_batch_larger_than_the_training_set_is_refused():
    with pytest.raises(InputError, match=r"data\.batch_size is 4096, but Digits has 1,258 training images; .*1,258"):
        Digits(batch_size=4096).setup("fit")


def test_a_shift_by_more_than_half_of_an_image_is_refused():
    with pytest.raises(InputError, match=r"data\.random_crop is 15; give at most 14 pixels, half of an image"):
        Digits(random_crop=15).setup("fit")


def test_a_missing_folder_is_named_with_the_way_out(tmp_path):
    with pytest.raises(InputError, match=r"there is no data folder .*nowhere; create it .* configs/data/digits\.yaml"):
        MNIST(root=str(tmp_path / "nowhere")).prepare_data()


def test_missing_files_without_a_download_are_named(tmp_path):
    with pytest.raises(InputError, match=r"MNIST is not in .* and data\.download is false"):
        MNIST(root=str(tmp_path), download=False).prepare_data()


def test_no_network_is_a_sentence(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("<urlopen error [Errno -3] Temporary failure in name resolution>")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", refuse)
    monkeypatch.setattr("torchvision.datasets.mnist.check_integrity", lambda path: False)
    with pytest.raises(InputError, match=r"MNIST is not in .* and its download failed .*resolution.*digits\.yaml"):
        MNIST(root=str(tmp_path)).prepare_data()
