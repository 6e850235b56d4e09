"""Levers of speed measured once: kept, obeyed, and never in the way of a training."""

import os
import stat

import pytest
import torch

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.record import read_record
from benchmark_lightning.training import tuning
from benchmark_lightning.training.choices import (
    Choice,
    Chosen,
    cache_path,
    chosen_for,
    known_choices,
    remember,
    work_name,
)
from benchmark_lightning.training.classifier import ImageClassifier
from benchmark_lightning.training.cli import BenchmarkCLI
from benchmark_lightning.training.contention import ContentionMeter
from benchmark_lightning.training.small_maps import SmallMapConv2d
from tests.conftest import SHORT

NOMINAL = Chosen(
    "measured", Choice(small_maps=False, winograd=False), "nominal maps", {"default": 90.0, "nominal maps": 100.0}
)
BATCH = torch.rand(4, 1, 28, 28), torch.arange(4)
FLAGS = (*SHORT, "--trainer.precision", "32-true")


@pytest.fixture
def known():
    """What was measured for the work of ``FLAGS``."""
    model = ImageClassifier()
    remember(work_name(model.hparams, model.image_shape, 16, "32-true"), NOMINAL)
    return model


@pytest.fixture
def seconds(monkeypatch):
    """Seconds of a step by the levers, in place of a measurement on a free processor; levers that are left out take one."""
    taken = {}
    monkeypatch.setattr(tuning, "step_seconds", lambda model, choice, *what: taken.get(choice, 1.0))
    monkeypatch.setattr(ContentionMeter, "summary", lambda self: {"is_contended": False})
    return taken


def levers(*flags):
    """The levers of a training that is built and not run."""
    return BenchmarkCLI([*FLAGS, *flags], run=False).model.levers


@pytest.mark.usefixtures("known")
def test_a_training_takes_what_was_measured_and_its_record_says_so(tmp_path):
    assert main(["trial", *FLAGS, "--trainer.limit_val_batches", "1", "--trainer.limit_test_batches", "1"]) == 0
    record = read_record(next(tmp_path.rglob("record.json")))
    assert record.levers["chosen_by"] == "measured"
    assert record.levers["images_per_second"] == NOMINAL.images_per_second
    assert not record.levers["small_maps"]
    assert record.levers["memory_format"] == "channels_last"
    assert record.config["model"]["small_maps"] == "cpu"  # another machine gives the same trial the same key


@pytest.mark.usefixtures("known")
def test_other_work_has_the_default_and_levers_that_are_given_say_so():
    assert levers()["chosen_by"] == "measured"
    other = levers("--data.batch_size", "8")
    assert (other["chosen_by"], other["images_per_second"], other["small_maps"]) == ("default", {}, True)
    given = levers("--model.memory_format", "contiguous")
    assert (given["chosen_by"], given["memory_format"], given["small_maps"]) == ("given", "contiguous", True)


@pytest.mark.parametrize("given", [{"small_maps": "never"}, {"small_maps": "always"}, {"memory_format": "contiguous"}])
def test_levers_that_a_person_gives_are_obeyed(known, given):
    model = ImageClassifier(**given)
    assert chosen_for(model.hparams, model.image_shape, 16, "32-true") == Chosen("given")
    assert chosen_for(known.hparams, known.image_shape, 16, "32-true").by == "measured"


def test_the_compiler_is_left_alone(known):
    model = ImageClassifier(compile="default")
    assert chosen_for(model.hparams, model.image_shape, 16, "32-true") == Chosen()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"version": 1}', '{"version": "VERSION", "works": {"x": {"choice": {"small_maps": 3}}}}'],
)
def test_a_damaged_file_is_measured_again(known, content):
    version = cache_path().read_text().split('"version": "')[1].partition('"')[0]
    cache_path().write_text(content.replace("VERSION", version))
    assert known_choices() == {}
    remember("work", NOMINAL)
    assert known_choices() == {"work": NOMINAL}


def test_another_version_of_the_code_is_measured_again(known, monkeypatch):
    monkeypatch.setattr("benchmark_lightning.training.choices._version", lambda: "another")
    assert known_choices() == {}


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_fails_nothing(tmp_path):
    (tmp_path / "cache").mkdir(mode=stat.S_IRUSR | stat.S_IXUSR)
    remember("work", NOMINAL)
    assert known_choices() == {}


def test_a_file_in_the_place_of_the_folder_fails_nothing(tmp_path):
    (tmp_path / "cache").write_text("")
    remember("work", NOMINAL)
    assert known_choices() == {}


def test_the_fastest_levers_are_chosen_where_they_are_clearly_faster(seconds):
    seconds[Choice(channels_last=False)] = 0.9
    chosen = tuning.measure(ImageClassifier(), BATCH, "32-true")
    assert (chosen.by, chosen.name, chosen.choice) == ("measured", "contiguous", Choice(channels_last=False))
    assert chosen.images_per_second["contiguous"] == pytest.approx(4 / 0.9)
    assert chosen.images_per_second.keys() >= {"default", "nominal maps", "no winograd", "nominal maps, contiguous"}


def test_the_default_stays_where_another_is_hardly_faster(seconds):
    seconds[Choice(channels_last=False)] = 0.97
    assert tuning.measure(ImageClassifier(), BATCH, "32-true").choice == Choice()


def test_nothing_is_chosen_on_a_busy_processor(seconds, monkeypatch):
    seconds[Choice(channels_last=False)] = 0.5
    monkeypatch.setattr(ContentionMeter, "summary", lambda self: {"is_contended": True})
    assert tuning.measure(ImageClassifier(), BATCH, "32-true") is None


def test_half_of_the_threads_are_tried_where_there_are_more_than_two(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert tuning.candidates(ImageClassifier(), "32-true")["half of the threads"].num_threads == 4
    assert "no winograd" not in tuning.candidates(ImageClassifier(), "bf16-mixed")


def test_a_measured_step_takes_the_levers_and_leaves_the_threads_as_they_were():
    model, threads = ImageClassifier(), torch.get_num_threads()
    optimizer = model.train().build_optimizer()
    for choice in (Choice(small_maps=False, num_threads=1), Choice(winograd=False)):
        assert tuning.step_seconds(model, choice, BATCH, "32-true", optimizer) > 0
        small = [layer for layer in model.modules() if isinstance(layer, SmallMapConv2d)]
        assert bool(small) == choice.small_maps
        assert not any(layer.takes_winograd for layer in small)
        assert torch.get_num_threads() == threads
