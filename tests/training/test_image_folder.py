"""A person's own pictures: nothing is passed over without a word."""

import numpy as np
import pytest
from PIL import Image

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.datasets import ImageFolder
from tests.extending.made_files import write_pictures


@pytest.fixture
def pets(tmp_path):
    write_pictures(tmp_path / "pets", {"dog": 20, "cat": 16})
    return tmp_path / "pets"


def folder(root, **settings):
    return ImageFolder(root=str(root), image_size=8, batch_size=8, **settings)


def refusal(root, **settings):
    with pytest.raises(InputError) as refused:
        _ = folder(root, **settings).parts
    return str(refused.value)


def test_folders_are_classes_in_the_order_of_their_names(pets):
    data = folder(pets)
    assert data.class_names == ("cat", "dog")
    assert data.pool.labels.tolist() == [0] * 16 + [1] * 20
    assert data.pool.images.shape == (36, 3, 8, 8)
    assert data.pool.images[20].float().mean((1, 2)).argmax() == 0  # the dogs are red


def test_the_name_in_the_record_is_that_of_the_folder(pets, monkeypatch):
    assert folder(pets).describe()["name"] == "pets"
    monkeypatch.chdir(pets)
    assert folder(".").describe()["name"] == "pets"


def test_the_split_is_the_same_wherever_the_folder_lies(pets, tmp_path):
    before = folder(pets).describe()
    (tmp_path / "elsewhere").mkdir()
    after = folder(pets.rename(tmp_path / "elsewhere" / "pets")).describe()
    assert before == after


def test_grey_pictures_have_one_channel(pets):
    data = folder(pets, grayscale=True)
    assert data.pool.images.shape == (36, 1, 8, 8)
    assert data.num_channels == 1


def test_hidden_files_are_passed_over_and_folders_in_a_class_count(pets):
    (pets / "cat" / ".DS_Store").write_bytes(b"x")
    (pets / ".cache").mkdir()
    (pets / "README.txt").write_text("our pets")
    (pets / "cat" / "kittens").mkdir()
    Image.new("L", (9, 9)).save(pets / "cat" / "kittens" / "one.png")
    data = folder(pets)
    assert data.class_names == ("cat", "dog")
    assert len(data.pool.images) == 37


def test_train_and_test_folders_are_a_standard_split(tmp_path):
    root = tmp_path / "own"
    write_pictures(root / "train", {"a": 15, "b": 15})
    write_pictures(root / "test", {"a": 4, "b": 5})
    data = folder(root, split="standard")
    assert data.class_names == ("a", "b")
    assert [len(part) for part in data.parts] == [27, 3, 9]
    assert data.parts.test.tolist() == list(range(30, 39))
    assert [len(part) for part in folder(root).parts] == [27, 4, 8]


def test_of_train_val_and_test_the_test_folder_tests(tmp_path):
    root = tmp_path / "own"
    for part, count in (("train", 12), ("val", 6), ("test", 3)):
        write_pictures(root / part, {"a": count, "b": count})
    assert folder(root).pool.num_train == 36
    (root / "test").rename(tmp_path / "away")
    assert folder(root).pool.num_train == 24


@pytest.mark.parametrize("names", [("train", "valid"), ("Train", "Test")])
def test_parts_of_a_split_are_never_taken_for_classes(tmp_path, names):
    for name in names:
        write_pictures(tmp_path / "own" / name, {"a": 5, "b": 5})
    with pytest.raises(InputError, match="look like parts of a split"):
        _ = folder(tmp_path / "own").class_names


def test_no_test_folder_no_standard_split(pets):
    assert refusal(pets, split="standard") == "pets has no published test set; give data.split pooled"


def test_all_unreadable_pictures_are_named_at_once(pets):
    for number in range(7):
        (pets / "cat" / f"{number:03}.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    sentence = refusal(pets)
    assert sentence.startswith("7 files are not readable images: ")
    assert "cat/004.png and 2 more; replace or delete them" in sentence


def test_one_unreadable_picture_is_named_with_its_reason(pets):
    (pets / "dog" / "003.png").write_bytes(b"")
    assert "dog/003.png is not a readable image (cannot identify image file" in refusal(pets)


def test_files_that_are_no_pictures_are_named(pets):
    (pets / "dog" / "rex.heic").write_bytes(b"x")
    (pets / "dog" / "notes.txt").write_text("x")
    sentence = refusal(pets)
    assert sentence.startswith("2 files are no pictures (.bmp, ")
    assert "dog/notes.txt" in sentence
    assert "dog/rex.heic; delete or convert them" in sentence


def test_an_empty_class_is_named(pets):
    (pets / "bird").mkdir()
    assert refusal(pets) == f"no pictures of class bird are in {pets}; add some, or delete the folder"


def test_a_class_of_the_test_folder_alone_is_named(tmp_path):
    write_pictures(tmp_path / "train", {"a": 15, "b": 15})
    write_pictures(tmp_path / "test", {"a": 4, "c": 5})
    assert f"no pictures of class c are in {tmp_path / 'train'}" in refusal(tmp_path)


def test_a_class_with_too_few_pictures_is_named(pets):
    (pets / "bird").mkdir()
    Image.new("RGB", (9, 9)).save(pets / "bird" / "one.png")
    assert "class bird has 1 images in pets; a stratified split needs at least 3 of each class" in refusal(pets)


def test_one_class_is_none(pets, tmp_path):
    assert refusal(pets / "cat") == (
        f"{pets / 'cat'} holds no folders; give data.root a folder that holds at least two, one for each class"
    )
    assert "holds one folder alone, pets" in refusal(tmp_path)


def test_a_missing_root_is_a_sentence(tmp_path):
    assert "there is no folder" in refusal(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"data\.root is not given; name the folder whose folders are the classes"):
        ImageFolder()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK", "I;16"])
def test_pictures_of_every_usual_mode_are_read(pets, mode):
    suffix = "tif" if mode == "CMYK" else "png"
    (pets / "cat" / "000.png").unlink()
    picture = Image.new("L", (30, 20), 200) if mode != "I;16" else Image.fromarray(np.full((20, 30), 51_400, np.uint16))
    (picture if mode == "I;16" else picture.convert(mode)).save(pets / "cat" / f"000.{suffix}")
    value = folder(pets).pool.images[0].float().mean()
    assert value == pytest.approx(200, abs=3)


def test_every_picture_is_tested_in_one_fold_and_the_mean_is_of_the_training_pictures(pets):
    folds = [folder(pets, fold=fold) for fold in range(5)]
    tested = [position for data in folds for position in data.parts.test]
    assert sorted(tested) == list(range(len(folds[0].pool.images)))
    assert len({data.describe()["split_hash"] for data in folds}) == 1
    assert len({data.mean for data in folds}) == 5
