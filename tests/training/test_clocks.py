"""The clocks are the product: what they count, and what they leave out."""

import time

import lightning.pytorch as L
import psutil
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from benchmark_lightning.training import energy
from benchmark_lightning.training.clocks import Clocks, DivergedError, Stopwatch, peak_rss_mib
from benchmark_lightning.training.energy import EnergyMeter

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers",
    "ignore:.*smaller than the logging interval",
)


class Numbers(L.LightningDataModule):
    """Batches of four images; the name of the batch's second part is labels."""

    def __init__(self, num_batches):
        super().__init__()
        self.batches = [(torch.ones(4, 1), torch.ones(4, 1)) for _ in range(num_batches)]

    def train_dataloader(self):
        return torch.utils.data.DataLoader(self.batches, batch_size=None)

    val_dataloader = test_dataloader = train_dataloader


class Line(L.LightningModule):
    """One weight, whose steps sleep for as long as they are told."""

    def __init__(self, train=0.0, validation=0.0, loss=1.0):
        super().__init__()
        self.weight = torch.nn.Linear(1, 1)
        self.sleep_in, self.loss = {"train": train, "validation": validation}, loss

    def training_step(self, batch, batch_idx):
        time.sleep(self.sleep_in["train"])
        loss = self.weight(batch[0]).mean() * self.loss
        self.log("train/loss", loss, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch, batch_idx):
        time.sleep(self.sleep_in["validation"])
        self.log("val/loss", 1.0)

    test_step = validation_step

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


def train(model, num_batches=3, epochs=2, callbacks=(), **settings):
    clocks = Clocks()
    trainer = L.Trainer(
        accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, max_epochs=epochs, callbacks=[clocks, *callbacks], **settings,
    )  # fmt: skip
    trainer.fit(model, Numbers(num_batches))
    return clocks, trainer


class SlowSaving(Callback):
    def on_train_epoch_end(self, trainer, pl_module):
        time.sleep(0.2)


def test_validation_and_saving_are_outside_the_fit_clock():
    clocks, _ = train(Line(validation=0.1), callbacks=[SlowSaving()])
    summary = clocks.summary()["clocks"]
    assert summary["fit_seconds"] < 0.2
    assert summary["validation_seconds"] >= 2 * 3 * 0.1


def test_training_is_inside_the_fit_clock():
    clocks, _ = train(Line(train=0.05))
    summary = clocks.summary()["clocks"]
    assert summary["fit_seconds"] >= 2 * 3 * 0.05
    assert 0.05 <= summary["first_batch_seconds"] < summary["fit_seconds"]


def test_a_validation_inside_an_epoch_stops_the_fit_clock():
    clocks, _ = train(Line(train=0.02, validation=0.1), num_batches=4, epochs=1, val_check_interval=2)
    summary = clocks.summary()["clocks"]
    assert 4 * 0.02 <= summary["fit_seconds"] < 0.3
    assert summary["validation_seconds"] >= 2 * 4 * 0.1


def test_phases_that_did_not_run_are_null_with_a_reason():
    clocks, _ = train(Line())
    summary = clocks.summary()
    assert summary["clocks"]["test_seconds"] is None
    assert summary["reasons"]["clocks.test_seconds"] == "this phase did not run"
    assert summary["memory"]["peak_device_mib"] is None
    assert "memory.peak_device_mib" in summary["reasons"]


def test_throughput_counts_the_images_after_the_warm_up_of_ten_batches():
    clocks, _ = train(Line(train=0.01), num_batches=12, epochs=2)
    throughput = clocks.summary()["throughput"]
    assert len(throughput["images_per_second"]) == 2
    assert all(100 < rate <= 4 / 0.01 for rate in throughput["images_per_second"])
    assert throughput["num_warmup_batches"] == 10


def test_without_steady_batches_throughput_is_null_with_a_reason():
    clocks, _ = train(Line(), num_batches=3, epochs=1)
    summary = clocks.summary()
    assert summary["throughput"]["median_images_per_second"] is None
    assert "warm-up" in summary["reasons"]["throughput.median_images_per_second"]


def test_curves_have_a_row_an_epoch_and_the_training_so_far():
    clocks, _ = train(Line(train=0.01))
    assert [row["epoch"] for row in clocks.curves] == [0, 1]
    assert clocks.curves[0]["fit_seconds"] < clocks.curves[1]["fit_seconds"] == clocks.watches["fit"].seconds
    assert "train/loss" in clocks.curves[0]


def test_an_epoch_without_validation_does_not_repeat_the_one_before():
    clocks, _ = train(Line(), epochs=3, check_val_every_n_epoch=2)
    assert ["val/loss" in row for row in clocks.curves] == [False, True, False]


def test_energy_of_a_failed_training_is_counted_to_its_end(tmp_path, monkeypatch):
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "name").write_text("package-0")
    (package / "energy_uj").write_text("0")
    monkeypatch.setattr(energy, "RAPL_FOLDER", tmp_path)

    class Failing(Line):
        def training_step(self, batch, batch_idx):
            (package / "energy_uj").write_text("7000000")
            raise RuntimeError

    clocks = Clocks()
    trainer = L.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, max_epochs=1, callbacks=[clocks],
    )  # fmt: skip
    with pytest.raises(RuntimeError):
        trainer.fit(Failing(), Numbers(2))
    assert clocks.summary()["energy"] == {"joules": 7.0, "source": "rapl"}


def test_a_loss_that_is_no_number_stops_the_training():
    with pytest.raises(DivergedError, match=r"the training loss is nan in epoch 0; lower model\.lr"):
        train(Line(loss=float("nan")))


def test_a_stopwatch_adds_up_and_reads_while_it_runs():
    watch = Stopwatch()
    watch.start()
    assert watch.is_running
    first = watch.read()
    watch.stop()
    stopped = watch.seconds
    assert 0 <= first <= stopped == watch.read()
    watch.start()
    watch.stop()
    assert watch.seconds >= stopped


def test_peak_memory_is_counted_in_mib():
    now = psutil.Process().memory_info().rss / 2**20
    assert 0.9 * now < peak_rss_mib() < psutil.virtual_memory().total / 2**20


def test_energy_of_a_cpu_comes_from_rapl_and_survives_a_wrap(tmp_path, monkeypatch):
    package = tmp_path / "intel-rapl:0"
    package.mkdir()
    (package / "name").write_text("package-0")
    (tmp_path / "intel-rapl:0:0").mkdir()  # a part of the package: counted already
    (tmp_path / "intel-rapl:1").mkdir()
    (tmp_path / "intel-rapl:1" / "name").write_text("psys")  # the whole machine, the package in it
    (package / "max_energy_range_uj").write_text("1000000000")
    counter = package / "energy_uj"
    counter.write_text("999000000")
    monkeypatch.setattr(energy, "RAPL_FOLDER", tmp_path)
    meter = EnergyMeter(torch.device("cpu"))
    meter.start()
    counter.write_text("2000000")
    meter.stop()
    meter.start()
    counter.write_text("5000000")
    meter.stop()
    assert meter.source == "rapl"
    assert meter.joules == pytest.approx(1 + 2 + 3)


def test_energy_without_a_counter_is_unavailable_with_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "RAPL_FOLDER", tmp_path)
    meter = EnergyMeter(torch.device("cpu"))
    meter.start()
    meter.stop()
    assert (meter.joules, meter.source) == (None, "unavailable")
    assert "no RAPL counter" in meter.reason
