"""The commands as a user types them, on digits: fit, test, predict, resume, run again."""

import csv
import shutil
import signal
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmark_lightning.__main__ import main
from benchmark_lightning.training.classifier import ImageClassifier
from tests.conftest import DIGITS, SHORT

RUN = Path("lightning_logs/Digits-resnet18")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """The folder in which one short fit has run."""
    folder = tmp_path_factory.mktemp("fitted")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("sys.argv", ["benchmark-lightning"])
        assert main(["fit", *SHORT, "--trainer.max_epochs", "2"]) == 0
    return folder


@pytest.fixture
def in_fitted(fitted, monkeypatch):
    monkeypatch.chdir(fitted)
    return fitted


def test_fit_keeps_config_checkpoints_and_metrics(fitted):
    version = fitted / RUN / "version_0"
    assert {path.name for path in (version / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    config = yaml.safe_load((version / "config.yaml").read_text())
    assert config["data"]["init_args"]["batch_size"] == 16
    columns = next(csv.reader((version / "metrics.csv").read_text().splitlines()))
    assert {"train/loss", "val/loss", "val/accuracy", "val/macro_f1", "epoch", "clock/fit_seconds"} <= set(columns)
    assert any(column.startswith("lr-") for column in columns)


def test_tensorboard_has_curves_pictures_and_hyperparameters(fitted):
    events = EventAccumulator(str(fitted / RUN / "version_0")).Reload()
    tags = events.Tags()
    assert {"train/loss", "val/loss", "val/accuracy", "lr-Adam", "hp/best_val_accuracy"} <= set(tags["scalars"])
    assert {"val/confusion_matrix", "val/surest_mistakes"} <= set(tags["images"])
    summaries = events.summary_metadata
    assert any(name.startswith("_hparams_") for name in summaries)


def test_a_checkpoint_holds_primitives_and_loads_without_pickle(fitted):
    path = fitted / RUN / "version_0/checkpoints/best.ckpt"
    content = torch.load(path, weights_only=True)
    assert content["hyper_parameters"]["arch"] == "resnet18"
    assert content["data"]["name"] == "Digits"
    model = ImageClassifier.load_from_checkpoint(path, weights_only=True)
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_a_second_fit_overwrites_nothing(in_fitted):
    before = (RUN / "version_0/checkpoints/best.ckpt").read_bytes()
    assert main(["fit", *SHORT]) == 0
    assert (RUN / "version_1/checkpoints/best.ckpt").is_file()
    assert (RUN / "version_0/checkpoints/best.ckpt").read_bytes() == before
    assert (RUN / "version_0/metrics.csv").is_file()


def test_test_finds_the_best_checkpoint_by_itself(in_fitted, capsys):
    assert main(["test", *DIGITS]) == 0
    output = capsys.readouterr().out
    assert "test/accuracy" in output
    assert "best.ckpt" in output


def test_validation_of_the_best_checkpoint_repeats_what_the_fit_saw(in_fitted, capsys):
    metrics = list(csv.DictReader((RUN / "version_0/metrics.csv").read_text().splitlines()))
    best = max(float(row["val/accuracy"]) for row in metrics if row["val/accuracy"])
    assert main(["validate", *DIGITS, "--ckpt_path", str(RUN / "version_0/checkpoints/best.ckpt")]) == 0
    assert str(best)[:8] in capsys.readouterr().out


def test_resume_goes_on_where_the_last_epoch_ended(in_fitted, capsys):
    arguments = ["fit", *SHORT, "--trainer.max_epochs", "3"]
    assert main([*arguments, "--ckpt_path", str(RUN / "version_0/checkpoints/last.ckpt")]) == 0
    output = capsys.readouterr().out
    assert "epoch 3/3" in output
    assert "epoch 1/3" not in output
    assert "epoch 2/3" not in output


def test_resume_with_another_lever_of_speed_goes_on(in_fitted, capsys):
    levers = ("--model.reuse_memory", "false", "--model.small_maps", "never", "--model.memory_format", "channels_last")
    arguments = ["fit", *SHORT, *levers, "--trainer.max_epochs", "3"]
    assert main([*arguments, "--ckpt_path", str(RUN / "version_0/checkpoints/last.ckpt")]) == 0
    assert "epoch 3/3" in capsys.readouterr().out


def test_resume_with_another_learning_rate_is_refused(in_fitted, complaint):
    sentence = complaint("fit", *SHORT, "--model.lr", "0.5", "--ckpt_path", "last")
    assert "model.lr is 0.5, but the checkpoint was trained with 0.001; give --model.lr 0.001" in sentence


def test_predict_classifies_a_png_of_the_user(in_fitted, capsys):
    Image.new("L", (40, 40), "white").save("mine.png")
    assert main(["predict", *DIGITS, "--data.predict_images", "mine.png"]) == 0
    assert "mine.png" in capsys.readouterr().out
    newest = max(RUN.glob("version_*/predictions.csv"), key=lambda path: path.stat().st_mtime)
    [row] = csv.DictReader(newest.read_text().splitlines())
    probabilities = [float(value) for name, value in row.items() if name.startswith("p(")]
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert float(row["probability"]) == max(probabilities)
    assert row["class"] == str(probabilities.index(max(probabilities)))


def test_predict_classifies_the_test_images(in_fitted):
    assert main(["predict", *DIGITS]) == 0
    newest = max(RUN.glob("version_*/predictions.csv"), key=lambda path: path.stat().st_mtime)
    assert len(list(csv.DictReader(newest.read_text().splitlines()))) == 359


def test_configs_compose_and_flags_come_last(capsys):
    root = Path(__file__).parents[2] / "configs"
    files = [f"{root}/{name}.yaml" for name in ("data/fashion_mnist", "model/resnet50", "trainer/default")]
    arguments = [word for file in files for word in ("--config", file)]
    with pytest.raises(SystemExit) as leaving:
        main(["fit", *arguments, "--model.lr", "1e-4", "--data.batch_size", "16", "--print_config"])
    assert leaving.value.code == 0
    config = yaml.safe_load(capsys.readouterr().out)
    assert config["model"]["arch"] == "resnet50"
    assert config["model"]["lr"] == 1e-4
    assert config["data"]["class_path"].endswith(".FashionMNIST")
    assert config["data"]["init_args"]["batch_size"] == 16
    assert config["trainer"]["precision"] == "16-mixed"
    assert not Path("lightning_logs").exists()


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_every_optimizer_and_schedule_trains(optimizer, schedule):
    arguments = ["--model.optimizer", optimizer, "--model.schedule", schedule, "--trainer.limit_val_batches", "0"]
    assert main(["fit", *SHORT, *arguments, "--model.label_smoothing", "0.1", "--data.random_crop", "2"]) == 0


def test_a_fast_dev_run_leaves_nothing_behind(tmp_path):
    assert main(["fit", *DIGITS, "--trainer.fast_dev_run", "1"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_last_checkpoint_is_of_the_last_epoch_and_the_best_of_the_best(monkeypatch):
    """Resuming from an earlier epoch would lose the ones after it without a word."""
    accuracies = iter([0.5, 0.9, 0.7, 0.6])
    monkeypatch.setattr(
        ImageClassifier, "on_validation_epoch_end", lambda self: self.log("val/accuracy", next(accuracies))
    )
    monkeypatch.setattr(ImageClassifier, "log_dict", lambda self, metrics: None)
    assert main(["fit", *SHORT, "--trainer.max_epochs", "4"]) == 0
    folder = RUN / "version_0/checkpoints"
    epochs = {path.name: torch.load(path, weights_only=True)["epoch"] for path in folder.iterdir()}
    assert epochs == {"best.ckpt": 1, "last.ckpt": 3}


@pytest.mark.parametrize("schedule", ["cosine", "onecycle"])
def test_resume_with_another_length_of_the_schedule_is_refused(schedule, complaint):
    arguments = ["fit", *SHORT, "--model.schedule", schedule]
    assert main([*arguments, "--trainer.max_epochs", "2"]) == 0
    sentence = complaint(*arguments, "--trainer.max_epochs", "4", "--ckpt_path", "last")
    assert "the checkpoint's schedule was made for 4 steps, but this run has 8" in sentence


def test_ctrl_c_in_a_fit_is_exit_code_130_with_advice(complaint, monkeypatch):
    def interrupted(self, batch, batch_idx):
        raise KeyboardInterrupt

    monkeypatch.setattr(ImageClassifier, "training_step", interrupted)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert "interrupted; it goes on after its last whole epoch" in complaint("fit", *SHORT, code=130)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("precision", ["bf16-true", "64-true"])
def test_other_numbers_train(precision):
    assert main(["fit", *SHORT, "--trainer.precision", precision, "--trainer.limit_val_batches", "0"]) == 0


def test_predict_needs_no_data_set_for_a_users_own_pictures(kmnist_root):
    arguments = ["--data", "KMNIST", "--trainer.accelerator", "cpu", "--data.batch_size", "8"]
    short = ["--trainer.max_epochs", "1", "--trainer.limit_train_batches", "2"]
    assert main(["fit", *arguments, *short, "--data.root", str(kmnist_root)]) == 0
    shutil.rmtree(kmnist_root)
    Image.new("L", (28, 28)).save("mine.png")
    assert main(["predict", *arguments, "--data.predict_images", "mine.png"]) == 0


def test_predict_can_stop_early(in_fitted):
    limit = ["--trainer.limit_predict_batches", "1", "--data.eval_batch_size", "50"]
    assert main(["predict", *DIGITS, *limit]) == 0
    newest = max(RUN.glob("version_*/predictions.csv"), key=lambda path: path.stat().st_mtime)
    assert 1 < len(newest.read_text().splitlines()) <= 1 + 50
