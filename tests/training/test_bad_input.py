"""Bad input: one clear sentence, exit code 2, nothing lost. Called as a user calls it."""

import shutil
from pathlib import Path

import pytest
import torch

from benchmark_lightning.__main__ import main
from tests.conftest import DIGITS, SHORT

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "no data set is given; add --config configs/data/digits.yaml"),
        (["--data", "Digts"], "data.class_path is 'Digts'; did you mean 'Digits'?"),
        (["--data", "fashionmnist"], "did you mean 'FashionMNIST'?"),
        ([*DIGITS, "--model.lrr", "3"], "there is no option --model.lrr; did you mean 'model.lr'?"),
        ([*DIGITS, "--modle.lr", "3"], "there is no option --modle.lr; did you mean 'model.lr'?"),
        ([*DIGITS, "--model.lr", "fast"], "model.lr is 'fast'; give a number"),
        ([*DIGITS, "--model.lr", "0"], "model.lr is 0.0; give a number above 0"),
        ([*DIGITS, "--model.lr", "nan"], "model.lr is 'nan'"),
        ([*DIGITS, "--model.optimizer", "adm"], "model.optimizer is 'adm'; give one of sgd, adam, adamw"),
        ([*DIGITS, "--model.momentum", "1"], "model.momentum is 1.0"),
        ([*DIGITS, "--model.arch", "resnet81"], "did you mean 'resnet18'?"),
        ([*DIGITS, "--data.batchsize", "3"], "unknown key data.batchsize; did you mean 'data.batch_size'?"),
        ([*DIGITS, "--data.batch_size", "3.5"], "data.batch_size is '3.5'; give a whole number"),
        ([*DIGITS, "--data.batch_size", "0"], "data.batch_size is 0; give a whole number of at least 1"),
        ([*DIGITS, "--data.batch_size", "-5"], "data.batch_size is -5"),
        ([*DIGITS, "--data.batch_size", "5000"], "Digits has 1,258 training images"),
        ([*DIGITS, "--data.split", "odd"], "data.split is 'odd'; give one of pooled, standard"),
        ([*DIGITS, "--trainer.precision", "17"], "trainer.precision is"),
        (
            [*DIGITS, "--trainer.accelerator", "qpu"],
            "trainer.accelerator is 'qpu', and a training there cannot be timed",
        ),
        ([*DIGITS, "--trainer.devices", "0"], "trainer.devices is 0"),
        ([*DIGITS, "--seed_everything", "-1"], "seed_everything is -1; give a whole number from 0 to 4294967295"),
        ([*DIGITS, "--data.split_seed", "5000000000"], "data.split_seed is 5000000000; give at most"),
        (["--config", "missing.yaml"], "there is no config file missing.yaml"),
        ([*DIGITS, "--ckpt_path", "missing.ckpt"], "there is no checkpoint missing.ckpt"),
        ([*DIGITS, "--ckpt_path", "last"], "there is no last.ckpt under lightning_logs/Digits-resnet18; run fit first"),
        (["--data", "MNIST", "--data.root", "nowhere"], "there is no data folder nowhere"),
        ([*DIGITS, "--model.schedule", "cosine", "--trainer.max_epochs", "-1"], "needs an end"),
    ],
)
def test_a_wrong_argument_is_one_sentence(complaint, arguments, sentence):
    assert sentence in complaint("fit", *arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_where_there_is_none(complaint):
    sentence = complaint("fit", "--data", "Digits", "--trainer.accelerator", "gpu")
    assert "trainer.accelerator gpu is not available on this machine" in sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("data: Digits\nmodel:\n  archh: resnet18\n", "unknown key model.archh in wrong.yaml; did you mean 'model.arch'?"),
        ("data: Digits\ntrainr:\n  max_epochs: 3\n", "unknown key trainr.max_epochs in wrong.yaml; did you mean"),
        ("data: Digits\ntrainer:\n  acelerator: cpu\n", "unknown key trainer.acelerator in wrong.yaml; did you mean"),
        ("data:\n  class_path: Digits\n  init_args:\n    batchsize: 3\n", "unknown key data.batchsize in wrong.yaml"),
        ("data: Digits\nmodel:\n  optimizer: foo\n", "model.optimizer is 'foo' in wrong.yaml; give one of sgd, adam"),
        ("data: Digts\n", "data.class_path is 'Digts' in wrong.yaml"),
        ("data: [Digits\n", "wrong.yaml is not valid YAML"),
        ("\x00\x01", "wrong.yaml is not valid YAML"),
        ("", "wrong.yaml holds no keys"),
        ("- data\n", "wrong.yaml holds no keys"),
        ("data: Digits\nrun: 5\n", "run is 5 in wrong.yaml; give it keys of its own"),
        ("data: Digits\nmodel: [1]\n", "model is [1] in wrong.yaml; give it keys of its own"),
        ("data: 3\n", "data is not a data set in wrong.yaml; choose one of"),
    ],
)  # fmt: skip
def test_a_wrong_config_is_named_with_its_key(complaint, content, sentence):
    Path("wrong.yaml").write_text(content)
    assert sentence in complaint("fit", "--config", "wrong.yaml")


def test_a_config_that_is_no_text(complaint):
    Path("latin.yaml").write_bytes("data: Digits # caf\u00e9".encode("latin-1"))
    assert "latin.yaml is not valid YAML: it is not UTF-8 text" in complaint("fit", "--config=latin.yaml")


def test_a_config_that_is_a_folder(complaint):
    Path("folder.yaml").mkdir()
    assert "the config folder.yaml cannot be read" in complaint("fit", "--config", "folder.yaml")


@pytest.mark.parametrize("damage", ["truncated", "foreign", "missing"])
def test_a_broken_idx_file_is_named(complaint, kmnist_root, damage):
    path = kmnist_root / "KMNIST/raw/train-images-idx3-ubyte"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
        expected = "train-images-idx3-ubyte is truncated"
    elif damage == "foreign":
        path.write_text("hello")
        expected = "train-images-idx3-ubyte is not an IDX file"
    else:
        path.unlink()
        expected = "KMNIST is not in"
    sentence = complaint("fit", "--data", "KMNIST", "--data.root", str(kmnist_root), "--data.download", "false")
    assert expected in sentence


def test_an_unreadable_image_for_predict(complaint, checkpoint):
    Path("mine.png").write_text("not a picture")
    sentence = complaint("predict", *DIGITS, "--ckpt_path", checkpoint, "--data.predict_images", "mine.png")
    assert "mine.png is not a readable image" in sentence


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A checkpoint of one short fit."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("sys.argv", ["benchmark-lightning"])
        assert main(["fit", *SHORT]) == 0
    return folder / "lightning_logs/Digits-resnet18/version_0/checkpoints/best.ckpt"


@pytest.fixture
def checkpoint(trained, tmp_path):
    shutil.copy(trained, tmp_path / "model.ckpt")
    return str(tmp_path / "model.ckpt")


def test_a_checkpoint_of_another_data_set(complaint, checkpoint, kmnist_root):
    arguments = ["--data", "KMNIST", "--data.root", str(kmnist_root), "--ckpt_path", checkpoint]
    assert "the checkpoint was trained on Digits, not on KMNIST; give --data Digits" in complaint("test", *arguments)


def test_a_checkpoint_of_another_split(complaint, checkpoint):
    sentence = complaint("test", *DIGITS, "--data.split_seed", "7", "--ckpt_path", checkpoint)
    assert "its training images may be among these test images" in sentence


def test_a_checkpoint_of_another_fold(complaint, checkpoint):
    sentence = complaint("test", *DIGITS, "--data.fold", "2", "--ckpt_path", checkpoint)
    assert "are among the test images of fold 2; give --data.fold 0" in sentence


def test_a_checkpoint_of_another_arch(complaint, checkpoint):
    sentence = complaint("test", *DIGITS, "--model.arch", "resnet34", "--ckpt_path", checkpoint)
    assert (
        "model.arch is 'resnet34', but the checkpoint was trained with 'resnet18'; give --model.arch resnet18"
        in sentence
    )


def test_a_checkpoint_of_another_program(complaint, tmp_path):
    content = {
        "state_dict": {"layer.weight": torch.zeros(1)},
        "hyper_parameters": {},
        "pytorch-lightning_version": "2.6.6",
    }
    torch.save(content, tmp_path / "foreign.ckpt")
    sentence = complaint("test", *DIGITS, "--ckpt_path", str(tmp_path / "foreign.ckpt"))
    assert "foreign.ckpt is not a checkpoint of this package" in sentence


@pytest.mark.parametrize("damage", ["truncated", "foreign"])
def test_a_damaged_checkpoint(complaint, checkpoint, damage):
    content = Path(checkpoint).read_bytes()
    Path(checkpoint).write_bytes(content[: len(content) // 2] if damage == "truncated" else b"hello")
    assert "model.ckpt is not a readable checkpoint" in complaint("test", *DIGITS, "--ckpt_path", checkpoint)


def test_a_checkpoint_with_code_inside_is_not_run(complaint, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "exploded",))

    torch.save({"state_dict": {}, "hyper_parameters": {}, "bomb": Bomb()}, tmp_path / "bomb.ckpt")
    assert "is not a readable checkpoint" in complaint("test", *DIGITS, "--ckpt_path", str(tmp_path / "bomb.ckpt"))
    assert not (tmp_path / "exploded").exists()


def test_a_folder_that_holds_a_run_is_not_written_to(complaint):
    Path("mine").mkdir()
    Path("mine/metrics.csv").write_text("precious")
    assert "run.folder mine holds a run already" in complaint("fit", *SHORT, "--run.folder", "mine")
    assert Path("mine/metrics.csv").read_text() == "precious"


def test_a_run_folder_that_cannot_be_made(complaint):
    Path("occupied").write_text("a file")
    assert "cannot make the run folder occupied" in complaint("fit", *SHORT, "--run.root", "occupied")
