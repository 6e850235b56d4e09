"""The module: what it logs, how it learns, and what it refuses to load."""

import lightning.pytorch as L
import pytest
import torch

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.classifier import ImageClassifier
from benchmark_lightning.training.datasets import Digits


def trainer(**settings):
    return L.Trainer(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **settings,
    )


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*smaller than the logging interval")
def test_it_learns_the_digits():
    L.seed_everything(0)
    run = trainer(max_epochs=3, limit_train_batches=20)
    model, data = ImageClassifier(), Digits(batch_size=32)
    run.fit(model, data)
    assert run.callback_metrics["val/accuracy"] > 0.75
    assert set(run.callback_metrics) == {"train/loss", "val/loss", "val/accuracy", "val/macro_f1"}


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_accuracy_and_loss_are_means_over_images_not_over_batches():
    """Batches of the evaluation differ in size."""
    L.seed_everything(0)
    run, model = trainer(), ImageClassifier()
    [metrics] = run.test(model, Digits(eval_batch_size=100), verbose=False)

    data = Digits()
    images, labels = data.on_after_batch_transfer(torch.from_numpy(data.parts.test), 0)
    with torch.inference_mode():
        logits = model.eval()(images)
    assert metrics["test/accuracy"] == pytest.approx((logits.argmax(1) == labels).float().mean().item(), abs=1e-6)
    assert metrics["test/loss"] == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item(), rel=1e-4)
    assert model.confusion.compute().sum() == len(labels)


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*smaller than the logging interval")
def test_gradients_do_not_outlive_their_step():
    """They would fill the memory that the next forward pass could use: two percent of a step."""
    run, model = trainer(max_epochs=1, limit_train_batches=2, limit_val_batches=0), ImageClassifier()
    run.fit(model, Digits(batch_size=8))
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(("name", "kind"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam)])
def test_optimizers_are_fused_and_take_their_settings(name, kind):
    optimizer = ImageClassifier(optimizer=name, lr=0.02, momentum=0.8, weight_decay=0.1).configure_optimizers()
    assert type(optimizer) is kind
    [group] = optimizer.param_groups
    assert (group["lr"], group["weight_decay"], group["fused"]) == (0.02, 0.1, True)
    if name == "sgd":
        assert group["momentum"] == 0.8


class LearningRates(L.Callback):
    """The learning rate of every step."""

    def __init__(self):
        self.used = []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.used.append(optimizer.param_groups[0]["lr"])


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*smaller than the logging interval")
@pytest.mark.parametrize(("schedule", "first"), [("none", 0.01), ("cosine", 0.01), ("onecycle", 0.01 / 25)])
def test_schedules_go_step_by_step_to_their_end(schedule, first):
    rates = LearningRates()
    run = trainer(max_epochs=1, limit_train_batches=10, limit_val_batches=0, callbacks=[rates])
    run.fit(ImageClassifier(schedule=schedule, lr=0.01), Digits(batch_size=8))
    assert rates.used[0] == pytest.approx(first)
    assert max(rates.used) == pytest.approx(0.01, rel=0.05)
    assert rates.used[-1] == (0.01 if schedule == "none" else pytest.approx(0, abs=0.0003))


def test_a_network_of_the_checkpoint_must_be_the_one_configured():
    model = ImageClassifier(arch="resnet34")
    with pytest.raises(InputError, match=r"give --model\.arch resnet18"):
        model.on_load_checkpoint({"hyper_parameters": dict(ImageClassifier().hparams)})


def test_a_checkpoint_of_colour_images_is_not_for_grey_ones():
    with pytest.raises(InputError, match=r"num_channels of the data is 1, but the checkpoint was trained with 3"):
        ImageClassifier().on_load_checkpoint({"hyper_parameters": dict(ImageClassifier(num_channels=3).hparams)})


def test_a_checkpoint_from_before_networks_of_ones_own_still_loads():
    hyperparameters = {key: ImageClassifier().hparams[key] for key in ("arch", "num_classes", "stem", "image_size")}
    ImageClassifier().on_load_checkpoint({"hyper_parameters": hyperparameters})


def test_an_evaluation_does_not_care_how_the_checkpoint_was_optimised():
    ImageClassifier(lr=0.5).on_load_checkpoint({"hyper_parameters": dict(ImageClassifier().hparams)})


@pytest.mark.parametrize(
    "arguments",
    [{"lr": 0.0}, {"lr": float("inf")}, {"momentum": 1.0}, {"weight_decay": -1.0}, {"label_smoothing": 1.0}],
)
def test_values_out_of_range_are_refused(arguments):
    [key] = arguments
    with pytest.raises(InputError, match=rf"model\.{key} is"):
        ImageClassifier(**arguments)
