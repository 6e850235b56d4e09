"""Any network trains by its class path, and takes no file of the package."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
import yaml

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.record import read_record, trial_key
from benchmark_lightning.training.classifier import ImageClassifier
from tests.conftest import SHORT
from tests.extending.made_files import write_stripes
from tests.extending.own_network import SmallCNN

HERE = Path(__file__).parent
NETWORK = ("--model.network", "own_network.SmallCNN", "--trainer.max_epochs", "1")
COLOUR = ("--data", "own_data.Stripes", "--data.root", ".", "--data.batch_size", "16", "--trainer.accelerator", "cpu")


@pytest.fixture(autouse=True)
def _own(tmp_path):
    """A working directory with a network and a data set of one's own."""
    for name in ("own_network", "own_data"):
        shutil.copy(HERE / f"{name}.py", tmp_path)
    yield
    for name in ("own_network", "own_data"):
        sys.modules.pop(name, None)


def trial(*arguments):
    assert main(["trial", *arguments, "--run.folder", "run"]) == 0
    return read_record(Path("run"))


def create_model(model_name, pretrained=False, checkpoint_path="", scriptable=None, **kwargs):
    """The parameters of ``timm.create_model``, which hands on what it does not know itself."""
    assert (model_name, pretrained) == ("small", False)
    return with_names_of_timm(**kwargs)


def with_names_of_timm(num_classes=1000, in_chans=3, width=16):
    return SmallCNN(in_chans, num_classes, width)


def test_it_leaves_a_whole_record_and_a_checkpoint_without_pickle():
    flags = ("--model.network.class_path", "own_network.SmallCNN", "--model.network.init_args.width", "8")
    record = trial(*SHORT, *flags)
    assert record.config["model"]["arch"] is None
    assert record.config["model"]["network"] == {"class_path": "own_network.SmallCNN", "init_args": {"width": 8}}
    assert record.key == trial_key(record.config, record.data["fingerprint"])
    assert record.complexity["params"] == sum(parameter.numel() for parameter in SmallCNN(1, 10, 8).parameters())
    assert record.complexity["macs"] > 0
    assert record.complexity["train_flops_per_image"] > 0
    assert record.levers["small_maps"]
    assert "why" not in record.levers
    model = ImageClassifier.load_from_checkpoint("run/checkpoints/best.ckpt", weights_only=True)
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_a_later_command_finds_its_run_and_refuses_another_network(complaint, capfd):
    assert main(["fit", *SHORT, *NETWORK, "--model.optimizer", "sgd"]) == 0
    assert Path("lightning_logs/Digits-SmallCNN/version_0/config.yaml").is_file()
    assert main(["test", *SHORT, *NETWORK]) == 0
    assert "test/accuracy" in capfd.readouterr().out
    assert (
        main(["fit", *SHORT, *NETWORK, "--model.optimizer", "sgd", "--trainer.max_epochs", "2", "--ckpt_path", "last"])
        == 0
    )
    assert "epoch 2/2" in capfd.readouterr().out
    checkpoint = "lightning_logs/Digits-SmallCNN/version_0/checkpoints/last.ckpt"
    sentence = complaint("test", *SHORT, "--ckpt_path", checkpoint)
    named = json.dumps({"class_path": "own_network.SmallCNN", "init_args": {}})
    assert f"give --model.network '{named}'" in sentence


def test_a_config_that_fit_has_written_trains_it_again():
    assert main(["fit", *SHORT, *NETWORK, "--run.folder", "first"]) == 0
    assert yaml.safe_load(Path("first/config.yaml").read_text())["model"]["arch"] is None
    assert main(["fit", "--config", "first/config.yaml", "--run.folder", "second"]) == 0


def test_it_trains_on_colour_images_of_another_size():
    write_stripes(Path("stripes.npz"))
    record = trial(*COLOUR, *NETWORK)
    assert record.status == "ok"
    assert record.complexity["params"] == sum(parameter.numel() for parameter in SmallCNN(3, 3).parameters())
    assert record.complexity["macs"] > 0
    assert record.complexity["train_flops_per_image"] > 0


def test_a_function_with_the_parameters_of_timm_gets_its_names():
    network = {"class_path": f"{__name__}.create_model", "init_args": {"model_name": "small", "width": 4}}
    record = trial(*SHORT, "--model.network", json.dumps(network))
    assert record.complexity["params"] == sum(parameter.numel() for parameter in SmallCNN(1, 10, 4).parameters())


@pytest.mark.filterwarnings("ignore")  # timm's own
def test_a_model_of_timm_trains():
    pytest.importorskip("timm")
    network = {"class_path": "timm.create_model", "init_args": {"model_name": "test_resnet"}}
    assert trial(*SHORT, "--model.network", json.dumps(network)).status == "ok"
