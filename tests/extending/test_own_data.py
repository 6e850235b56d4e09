"""Images of one's own, of any size and colour, take no file of the package."""

import csv
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.record import read_record
from benchmark_lightning.training.datasets import CIFAR10
from tests.extending.made_files import write_cifar10, write_pictures, write_stripes

HERE = Path(__file__).parent

NETWORK = (
    "--model.arch",
    "squeezenet1_1",
    "--trainer.accelerator",
    "cpu",
    "--trainer.devices",
    "1",
    "--trainer.max_epochs",
    "1",
    "--data.batch_size",
    "16",
)
SHORT = (*NETWORK, "--trainer.limit_train_batches", "2", "--run.save_last", "false")


def trial(*arguments):
    assert main(["trial", *SHORT, "--run.folder", "run", *arguments]) == 0
    return read_record(Path("run"))


def classical(*arguments):
    flags = ["--data.batch_size", "8", "--estimator", "KNeighborsClassifier", "--run.folder", "run"]
    assert main(["classical", *flags, *arguments]) == 0
    return read_record(Path("run"))


@pytest.fixture
def own(tmp_path):
    """A working directory with a class of one's own and its images."""
    shutil.copy(HERE / "own_data.py", tmp_path)
    write_stripes(tmp_path / "stripes.npz")
    yield tmp_path
    sys.modules.pop("own_data", None)


def test_a_class_of_ones_own_is_short():
    assert len((HERE / "own_data.py").read_text(encoding="utf-8").splitlines()) <= 30


def test_a_class_of_ones_own_trains_a_network(own):
    record = trial(
        "--data", "own_data.Stripes", "--data.root", ".", "--data.random_crop", "4", "--data.random_flip", "true"
    )
    assert record.status == "ok"
    assert record.data["name"] == "Stripes"
    assert record.data["image_shape"] == [3, 40, 40]
    assert record.data["num_classes"] == 3
    assert record.config["data"]["class_path"] == "own_data.Stripes"
    assert "num_channels" not in record.config["model"]


@pytest.mark.interpreters
def test_the_program_finds_a_class_in_the_working_directory(own):
    sweep = {"trial": "classical", "base": ["base.yaml"], "axes": {"estimator.strategy": ["prior", "uniform"]}}
    base = {
        "data": {"class_path": "own_data.Stripes", "init_args": {"root": ".", "batch_size": 16}},
        "estimator": {"class_path": "DummyClassifier"},
    }
    for name, content in (("sweep.yaml", sweep), ("base.yaml", base)):
        Path(name).write_text(yaml.safe_dump(content), encoding="utf-8")
    program = Path(sys.executable).parent / "benchmark-lightning"
    subprocess.run([program, "sweep", "sweep.yaml", "--out", "out", "--repeat-contended", "0"], check=True)
    records = [read_record(path) for path in sorted(Path("out").glob("*/record.json"))]
    assert [record.data["image_shape"] for record in records] == [[3, 40, 40]] * 2


@pytest.mark.parametrize(
    ("class_path", "sentence"),
    [
        (
            "own_data.Strips",
            "which cannot be imported (module 'own_data' has no attribute 'Strips'); give MODULE.CLASS",
        ),
        ("nowhere.Stripes", "which cannot be imported (No module named 'nowhere'); give MODULE.CLASS"),
        ("pathlib.Path", "which is no data set; make it a subclass of benchmark_lightning.training.data.ImageData"),
    ],
)
def test_a_class_that_cannot_be_used_is_named_with_the_reason(own, complaint, class_path, sentence):
    assert f"data.class_path is {class_path!r}, {sentence}" in complaint("fit", "--data", class_path)


def test_a_folder_of_pictures_trains_and_classifies_another_picture(tmp_path, complaint):
    write_pictures(tmp_path / "pets", {"cat": 20, "dog": 22})
    data = ["--data", "ImageFolder", "--data.root", "pets", "--data.image_size", "32"]
    assert main(["fit", *SHORT, *data]) == 0
    Image.new("RGB", (50, 20), "red").save("mine.png")
    assert main(["predict", *NETWORK, *data, "--data.predict_images", "mine.png"]) == 0
    [path] = Path("lightning_logs/pets-squeezenet1_1").glob("version_*/predictions.csv")
    [row] = csv.DictReader(path.read_text().splitlines())
    assert float(row["p(cat)"]) + float(row["p(dog)"]) == pytest.approx(1, abs=1e-5)

    (tmp_path / "pets" / "cat" / "000.png").unlink()  # the mean would be another
    again = ["--ckpt_path", "best", "--data.predict_images", "mine.png"]
    assert "trained on another split of pets" in complaint("predict", *NETWORK, *data, *again)
    (tmp_path / "pets").rename(tmp_path / "animals")
    data[3], checkpoint = "animals", str(next(Path("lightning_logs").rglob("best.ckpt")))
    sentence = complaint("test", *NETWORK, *data, "--ckpt_path", checkpoint)
    assert "trained on pets, not on animals; give --data.root with the folder pets" in sentence


def test_a_folder_of_grey_pictures_trains_a_classical_method(tmp_path):
    write_pictures(tmp_path / "pets", {"cat": 20, "dog": 22})
    arguments = ["--data", "ImageFolder", "--data.root", "pets", "--data.grayscale", "true", "--data.image_size", "16"]
    record = classical(*arguments)
    assert record.data["image_shape"] == [1, 16, 16]
    assert record.data["name"] == "pets"


def test_cifar10_is_learned_from_the_files_that_torchvision_leaves(tmp_path, monkeypatch):
    folder = write_cifar10(tmp_path)
    made = {path.name: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in folder.iterdir()}
    monkeypatch.setattr(CIFAR10, "checksums", {name: made[name] for name in CIFAR10.file_names})
    record = classical("--data", "CIFAR10", "--data.root", str(tmp_path))
    assert record.data["image_shape"] == [3, 32, 32]
    assert record.data["mean"] == [0.4914, 0.4822, 0.4465]
    assert record.config["data"]["class_path"] == "benchmark_lightning.training.datasets.CIFAR10"
