"""The commands fit, validate, test and predict: LightningCLI over our data sets and one module."""

import contextlib
import logging
import pickle
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from jsonargparse import Namespace
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.accelerators import device_type, has_device
from benchmark_lightning.training.choices import chosen_for
from benchmark_lightning.training.classifier import ImageClassifier
from benchmark_lightning.training.clocks import Clocks
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.parser import BenchmarkParser, input_errors_unwrapped
from benchmark_lightning.training.pictures import Pictures
from benchmark_lightning.training.precision import Precision, advice, precision_for
from benchmark_lightning.training.predictions import PredictionWriter
from benchmark_lightning.training.progress import progress_callbacks
from benchmark_lightning.training.runs import RunOptions, claim_folder, find_checkpoint, run_loggers

IGNORED_WARNINGS = (
    ".*does not have many workers.*",  # a batch is one indexing operation: workers would only cost
    ".*smaller than the logging interval.*",  # everything is logged by epoch
    ".*LightningCLI's args parameter is intended.*",  # main hands over what it was given itself
    ".*The dirpath has changed from.*",  # every run has a folder of its own
    ".*Experiment logs directory .* is not empty.*",  # TensorBoard came first; claim_folder takes no used folder
    ".*isinstance.treespec, LeafSpec.*",  # lightning 2.6 with torch 2.13 and later
    ".*replicate some samples.*",  # ImageData cuts the evaluation so that nothing is replicated
    ".*GPU available but not used.*",  # accelerator: cpu is half of the hardware comparison
)


class BenchmarkCLI(LightningCLI):
    """Builds data, model and Trainer from configs and flags, and runs a command with them.

    Every run has a folder of its own (see ``RunOptions``) with its config, checkpoints, TensorBoard events and metrics.

    Args:
        args: the command and its flags, or only flags with ``run=False``.
        run: whether to run the command, or only to build.

    Raises:
        InputError: the configuration is not valid.
    """

    datamodule: ImageData
    model: ImageClassifier

    def __init__(self, args: Sequence[str], run: bool = True) -> None:
        quiet()
        self.clocks = Clocks()
        self._command = args[0] if run else None
        super().__init__(
            ImageClassifier,
            ImageData,
            subclass_mode_data=True,
            seed_everything_default=0,
            trainer_defaults={"max_epochs": 5, "num_sanity_val_steps": 0, "enable_model_summary": False},
            save_config_kwargs={"overwrite": True},
            parser_class=BenchmarkParser,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
            args=list(args),
            run=run,
        )

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]  # static in Lightning, called on the instance
        """The command that runs, with the arguments of its Trainer method that are no option; others get no parser."""
        if self._command is None:
            return {}
        return {self._command: LightningCLI.subcommands()[self._command] | {"weights_only"}}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_class_arguments(RunOptions, "run")
        parser.link_arguments("data.num_classes", "model.num_classes", apply_on="instantiate")
        parser.link_arguments("data.image_size", "model.image_size", apply_on="instantiate")
        parser.link_arguments("data.num_channels", "model.num_channels", apply_on="instantiate")

    def _parse_ckpt_path(self) -> None:
        """Leaves the configuration as it is given: ``ImageClassifier`` refuses a checkpoint that does not fit it."""

    @cached_property
    def run_options(self) -> RunOptions:
        options = self._get(self.config_init, "run")
        assert isinstance(options, RunOptions)
        return options

    @property
    def run_name(self) -> str:
        network = re.sub(r"[^\w.+=-]+", "-", self.model.network_name).strip("-")[:80]
        return f"{self.datamodule.dataset}-{network}"

    @cached_property
    def folder(self) -> Path:
        """The folder of this run, made when it is first asked for."""
        return claim_folder(self.run_options, self.run_name)

    def instantiate_classes(self) -> None:
        config = self._get(self.config, "trainer")
        self.precision = trainer_precision(config)
        if not has_device(config["accelerator"]):
            raise InputError(
                f"trainer.accelerator {config['accelerator']} is not available on this machine; give cpu or auto"
            )
        with input_errors_unwrapped():
            super().instantiate_classes()
        if device_type(self.trainer.accelerator) == "cpu":
            batch_size = self.datamodule.batch_size
            self.model.take(
                chosen_for(self.model.hparams, self.model.image_shape, batch_size, self.precision.effective)
            )
        if self.model.note is not None and self.trainer.is_global_zero:
            print(f"note: {self.model.note}", file=sys.stderr)  # noqa: T201

    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        config = self._get(self.config_init, "trainer")
        is_dry = bool(config["fast_dev_run"])
        if not is_dry:
            if config["logger"] in (None, True):
                kwargs["logger"] = run_loggers(self.folder)
            if config["default_root_dir"] is None:
                kwargs["default_root_dir"] = str(self.folder)
        if not sys.stdout.isatty():
            kwargs["enable_progress_bar"] = False  # a line an epoch says it all
        self.trainer_defaults["callbacks"] = self._callbacks(config)
        if self.precision.why is not None:
            kwargs["precision"] = self.precision.effective
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except (MisconfigurationException, ValueError, TypeError) as error:
            raise InputError(_trainer_sentence(config, error)) from error
        device_type(trainer.accelerator)
        line = advice(self.precision, runs_on_cpu(config["accelerator"]))
        if line is not None and trainer.is_global_zero:
            print(f"note: {line}", file=sys.stderr)  # noqa: T201
        return trainer

    def _callbacks(self, config: Any) -> list[Callback]:
        # What writes comes before the clocks: they start when it is done.
        callbacks: list[Callback] = (
            [LearningRateMonitor(logging_interval="epoch")] if config["logger"] is not False else []
        )
        callbacks += [self.clocks, Pictures(), PredictionWriter()]
        if config["enable_checkpointing"] is not False and not config["fast_dev_run"]:
            callbacks += self._checkpoints(monitor=None if config["limit_val_batches"] == 0 else "val/accuracy")
        if config["enable_progress_bar"] is not False:
            callbacks += progress_callbacks(self.clocks)
        return callbacks

    def _checkpoints(self, monitor: str | None) -> list[Callback]:
        """The best of this run first, which is the one that Lightning calls its checkpoint callback, and the last."""
        folder, save_last = self.folder / "checkpoints", self.run_options.save_last
        best = ModelCheckpoint(folder, filename="best", monitor=monitor, mode="max", save_weights_only=not save_last)
        last = ModelCheckpoint(folder, filename="last", monitor=None, enable_version_counter=False)
        return [best, last] if save_last else [best]

    def fit(self, ckpt_path: str | None = None, **kwargs: Any) -> None:
        resumed = None if ckpt_path is None else str(self._checkpoint(ckpt_path, is_resumed=True))
        with _interrupts_kept():
            self.trainer.fit(ckpt_path=resumed, weights_only=True, **kwargs)
        best = self.trainer.checkpoint_callback
        if self.trainer.is_global_zero and isinstance(best, ModelCheckpoint) and best.best_model_score is not None:
            score = float(best.best_model_score)
            print(f"best checkpoint of this run: {_relative(best.best_model_path)} (val/accuracy {score:.4f})")  # noqa: T201

    def validate(self, ckpt_path: str | None = None, **kwargs: Any) -> None:
        with _interrupts_kept():
            self.trainer.validate(ckpt_path=str(self._checkpoint(ckpt_path or "best")), weights_only=True, **kwargs)

    def test(self, ckpt_path: str | None = None, **kwargs: Any) -> None:
        with _interrupts_kept():
            self.trainer.test(ckpt_path=str(self._checkpoint(ckpt_path or "best")), weights_only=True, **kwargs)

    def predict(self, ckpt_path: str | None = None, **kwargs: Any) -> None:
        if self.trainer.world_size > 1:
            raise InputError("predict runs on one device; give --trainer.devices 1")
        with _interrupts_kept():
            self.trainer.predict(ckpt_path=str(self._checkpoint(ckpt_path or "best")), weights_only=True, **kwargs)

    def _checkpoint(self, ckpt_path: str, is_resumed: bool = False) -> Path:
        """The file meant by ``best``, ``last`` or a path, known to be a checkpoint of this package."""
        if ckpt_path in ("best", "last"):
            path = find_checkpoint(self.run_options, self.run_name, ckpt_path)
        else:
            path = Path(ckpt_path)
        if not path.is_file():
            raise InputError(f"there is no checkpoint {path}; give --ckpt_path best, last or a file")
        try:
            content = torch.load(path, map_location="meta", weights_only=True)
        except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError) as error:
            raise InputError(f"{path} is not a readable checkpoint; it may be damaged or of another program") from error
        needed = {"state_dict", "hyper_parameters", "pytorch-lightning_version"}
        is_whole = isinstance(content, dict) and needed <= content.keys()
        if is_whole and is_resumed and "optimizer_states" not in content:
            raise InputError(f"{path} holds weights alone, and fit needs more to go on; give the last.ckpt of a fit")
        if not is_whole or not any(name.startswith("network.") for name in content["state_dict"]):
            raise InputError(f"{path} is not a checkpoint of this package; give one that fit has written")
        if self.trainer.is_global_zero:
            print(f"checkpoint: {_relative(path)}")  # noqa: T201
        return path


def runs_on_cpu(accelerator: Any) -> bool:
    """Whether the Trainer's ``accelerator`` means the CPU on this machine."""
    return device_type(accelerator) == "cpu"


def trainer_precision(settings: Mapping[str, Any] | Namespace) -> Precision:
    """The precision that the ``trainer`` section of a configuration runs in on this machine.

    Raises:
        InputError: the device cannot be timed, or does not have these numbers.
    """
    device = device_type(settings["accelerator"])
    precision = precision_for(settings["precision"], is_on_cpu=device == "cpu")
    if device == "mps" and precision.effective == "64-true":
        raise InputError(
            "trainer.precision 64-true does not run on mps, which has no float64; give 32-true, or accelerator cpu"
        )
    return precision


def network_parser() -> BenchmarkParser:
    """The parser of a trial's keys alone: it parses many configurations, and builds nothing by itself."""
    parser = _ParserAlone([], run=False).parser
    assert isinstance(parser, BenchmarkParser)
    return parser


class _ParserAlone(BenchmarkCLI):
    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        self.config = Namespace()  # type: ignore[no-untyped-call]

    def _set_seed(self) -> None:
        pass

    def instantiate_classes(self) -> None:
        pass


@contextlib.contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Raises the ``KeyboardInterrupt`` that Lightning has turned into an exit."""
    try:
        yield
    except SystemExit as error:
        raise KeyboardInterrupt from error


def _trainer_sentence(config: Any, error: Exception) -> str:
    reason = " ".join(str(error).split())
    if "devices" in reason:
        return f"trainer.devices is {config['devices']} ({reason.rstrip('!.')}); give 1, another whole number or auto"
    return f"trainer: {reason}"


def _relative(path: str | Path) -> Path:
    path = Path(path).resolve()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def quiet() -> None:
    """Silences the warnings that are no news here, and Lightning's advertisements."""
    for pattern in IGNORED_WARNINGS:
        warnings.filterwarnings("ignore", pattern)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)


def main(arguments: Sequence[str]) -> None:
    """Runs ``fit``, ``validate``, ``test`` or ``predict`` with their flags."""
    BenchmarkCLI(arguments)
