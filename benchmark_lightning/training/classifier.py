"""The LightningModule that every network of a study is trained with, on any accelerator."""

import math
from collections.abc import Callable
from typing import Any, Literal

import lightning.pytorch as L
import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn import functional
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix, MulticlassF1Score

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.allocator import reuse_freed_memory
from benchmark_lightning.training.checkpoints import check_data, check_hyperparameters
from benchmark_lightning.training.choices import Chosen
from benchmark_lightning.training.class_paths import label
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.levers import set_levers, set_levers_it_takes
from benchmark_lightning.training.models import build_network
from benchmark_lightning.training.own_networks import build_own_network, settle

Batch = tuple[Tensor, Tensor]  # images (B, C, H, H) float32, labels (B,) int64

NETWORK_HYPERPARAMETERS = ("arch", "network", "num_classes", "num_channels", "stem", "image_size")
LEVERS = (
    "memory_format",
    "compile",
    "small_maps",
    "reuse_memory",
)  # of speed alone: a run may go on with others


class ImageClassifier(L.LightningModule):
    """A network of torchvision or of one's own, its loss, its metrics and its optimizer.

    Logs ``train/loss`` and, for ``val`` and ``test``, ``loss`` (without label smoothing), ``accuracy`` and
    ``macro_f1``, each once an epoch: no step waits for the device.

    Args:
        arch: A classifier of torchvision, by default resnet18.
        network: In place of ``arch``, any ``torch.nn.Module``, or function that returns one, by ``class_path`` and
            ``init_args``: from the images ``(B, C, H, H)`` to logits ``(B, num_classes)``. Parameters named num_classes,
            num_channels (in_channels, in_chans) and image_size (img_size) are filled in.
        num_classes: Linked to the data.
        num_channels: C, linked to the data.
        image_size: H, linked to the data.
        stem: ``imagenet`` keeps the first layers of the network, ``small`` suits a ResNet to small images.
        optimizer: sgd, adam or adamw.
        lr: Learning rate; the highest one of the schedule.
        momentum: Of sgd.
        weight_decay: L2 penalty of sgd and adam, decoupled decay of adamw.
        fused: Update all parameters in one kernel; the same arithmetic, faster.
        schedule: Of the learning rate, step by step: none, cosine to zero, or one cycle of warm-up and decay.
        label_smoothing: Share of the target spread evenly over the classes in training, at least 0 and below 1.
        memory_format: Order of the values in memory; the same arithmetic. ``auto`` is channels last for what flows through
            the network on a CPU, and contiguous for the weights and on other devices, or what was measured to be faster.
        compile: Whether to compile the training step's network with torch.compile, and in which mode.
        small_maps: Where convolutions on small maps are matrix products that leave the padding out, the same function with
            less work: on a cpu (unless the contrary was measured there), always or never.
        reuse_memory: On a CPU under Linux, keep the memory that a step frees for the next one, for as long as the process
            lives; the same arithmetic.

    Raises:
        InputError: a value is out of its range.
    """

    def __init__(
        self,
        arch: str | None = None,
        network: str | dict[str, Any] | None = None,
        num_classes: int = 10,
        num_channels: int = 1,
        image_size: int = 28,
        stem: Literal["imagenet", "small"] = "imagenet",
        optimizer: Literal["sgd", "adam", "adamw"] = "adam",
        lr: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        fused: bool = True,
        schedule: Literal["none", "cosine", "onecycle"] = "none",
        label_smoothing: float = 0.0,
        memory_format: Literal["auto", "contiguous", "channels_last"] = "auto",
        compile: Literal["none", "default", "reduce-overhead"] = "none",  # noqa: A002  # torch's word
        small_maps: Literal["cpu", "always", "never"] = "cpu",
        reuse_memory: bool = True,
    ) -> None:
        super().__init__()
        if not (lr > 0 and math.isfinite(lr)):
            raise InputError(f"model.lr is {lr}; give a number above 0")
        for key, value in (("momentum", momentum), ("label_smoothing", label_smoothing)):
            if not 0 <= value < 1:
                raise InputError(f"model.{key} is {value}; give a number of at least 0 and below 1")
        if not (weight_decay >= 0 and math.isfinite(weight_decay)):
            raise InputError(f"model.weight_decay is {weight_decay}; give a number of at least 0")
        arch, network = settle(arch, network)
        # Every value is a primitive or a mapping of them, so a checkpoint loads with weights_only=True.
        self.save_hyperparameters(logger=False)
        self._num_steps_before: int | float | None = None
        if network is None:
            assert arch is not None
            self.network = build_network(arch, num_classes, stem, image_size, num_channels)
            self._levers = set_levers(self.network, small_maps, memory_format)
        else:
            if stem != "imagenet":
                raise InputError(f"model.stem {stem} is for ResNets of torchvision; leave it out with model.network")
            self.network = build_own_network(network, num_classes, image_size, num_channels)
            self._levers = set_levers_it_takes(self.network, small_maps, memory_format, self.image_shape)
        self._compiled: Callable[[Tensor], Tensor] | None = None
        metrics = MetricCollection(
            {
                # Checking the values would make every step wait for the device.
                "loss": MeanMetric(nan_strategy="disable"),
                "accuracy": MulticlassAccuracy(num_classes, average="micro", validate_args=False),
                "macro_f1": MulticlassF1Score(num_classes, average="macro", validate_args=False),
            }
        )
        self.val_metrics = metrics.clone(prefix="val/")
        self.test_metrics = metrics.clone(prefix="test/")
        self.confusion = MulticlassConfusionMatrix(num_classes, validate_args=False)
        self.test_correct: list[Tensor] = []  # whether the images of each test batch were right, (B,) bool

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``(B, num_classes)`` of images ``(B, C, H, H)``."""
        logits: Tensor = self.network(self._laid_out(images))
        return logits

    def _laid_out(self, images: Tensor) -> Tensor:
        """The images in the memory order that all later layers keep."""
        return images.to(memory_format=torch.channels_last) if self._is_channels_last(images.device) else images

    def _is_channels_last(self, device: torch.device) -> bool:
        return self._levers.uses_channels_last and (self.hparams["memory_format"] != "auto" or device.type == "cpu")

    def take(self, chosen: Chosen) -> None:
        """Sets the levers that are left to the package, for a training on a CPU."""
        self._levers = self._levers.taking(self.network, chosen)

    @property
    def levers(self) -> dict[str, Any]:
        """The levers of speed as they apply on this device, who chose them, and why a network lacks one that was asked for."""
        is_on_cpu, chosen = self.device.type == "cpu", self._levers.chosen
        levers = {
            "memory_format": "channels_last" if self._is_channels_last(self.device) else "contiguous",
            "compile": self.hparams["compile"],
            "small_maps": self._levers.uses_small_maps and (self.hparams["small_maps"] == "always" or is_on_cpu),
            "reuse_memory": self.hparams["reuse_memory"] and is_on_cpu,
            "winograd": self._levers.uses_small_maps and chosen.choice.winograd,
            "num_threads": chosen.choice.num_threads or torch.get_num_threads(),
            "chosen_by": chosen.by,
            "images_per_second": dict(chosen.images_per_second),
        }
        return levers if self._levers.why is None else levers | {"why": self._levers.why}

    @property
    def note(self) -> str | None:
        """One line for a person about levers that the network does not take; None if it takes all."""
        if self._levers.why is None:
            return None
        left = [*["channels last"] * self._levers.channels_last, *["small maps"] * self._levers.small_maps]
        return f"{self.network_name} trains with {' and '.join(left) or 'no lever of speed'} alone ({self._levers.why})"

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """C, H, W of the images that the network takes."""
        return self.hparams["num_channels"], self.hparams["image_size"], self.hparams["image_size"]

    @property
    def network_name(self) -> str:
        """The network for people: ``resnet18``, or the name of a class with its arguments."""
        return self.hparams["arch"] or label(self.hparams["network"])

    def on_fit_end(self) -> None:
        torch.set_num_threads(self._num_threads)

    def on_fit_start(self) -> None:
        """Prepares memory and code; compiles the training step alone, as evaluation has other shapes, each compiled anew."""
        if self.hparams["reuse_memory"] and self.device.type == "cpu":
            reuse_freed_memory()
        self._num_threads = torch.get_num_threads()
        torch.set_num_threads(self._levers.chosen.choice.num_threads or self._num_threads)
        if self.hparams["compile"] != "none":
            self._compiled = torch.compile(self.network.forward, mode=self.hparams["compile"])

    def train_logits(self, images: Tensor) -> Tensor:
        """The logits of a training step, by the compiled network where there is one."""
        logits: Tensor = self(images) if self._compiled is None else self._compiled(self._laid_out(images))
        return logits

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        images, labels = batch
        loss = functional.cross_entropy(
            self.train_logits(images), labels, label_smoothing=self.hparams["label_smoothing"]
        )
        self.log("train/loss", loss, on_step=False, on_epoch=True, sync_dist=True, batch_size=len(labels))
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> Tensor:
        return self._evaluate(batch, "val", self.val_metrics)

    def test_step(self, batch: Batch, batch_idx: int) -> Tensor:
        return self._evaluate(batch, "test", self.test_metrics)

    def _evaluate(self, batch: Batch, part: str, metrics: MetricCollection) -> Tensor:
        """Updates the metrics of a part and returns the probabilities ``(B, num_classes)``."""
        images, labels = batch
        logits = self(images).float()
        # A mean over images, also where batches and processes have unequal numbers of them.
        losses = functional.cross_entropy(logits, labels, reduction="none")
        metrics.update(preds=logits, target=labels, value=losses)
        self.confusion.update(logits, labels)
        if part == "test":
            self.test_correct.append(logits.argmax(dim=1) == labels)
        self.log_dict(metrics)
        return functional.softmax(logits, dim=1)

    def on_validation_epoch_start(self) -> None:
        self.confusion.reset()

    def on_test_epoch_start(self) -> None:
        self.confusion.reset()
        self.test_correct.clear()

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Probabilities ``(B, num_classes)`` float32."""
        return functional.softmax(self(batch[0]).float(), dim=1)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = self.build_optimizer()
        scheduler = self._scheduler(optimizer)
        if scheduler is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def optimizer_step(self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any = None) -> None:
        """Frees the gradients at once, so that the next forward pass finds their memory, where Lightning frees them after it."""
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        optimizer.zero_grad()

    def build_optimizer(self) -> Optimizer:
        """The optimizer alone, without a schedule."""
        settings: dict[str, Any] = {name: self.hparams[name] for name in ("lr", "weight_decay", "fused")}
        if self._trainer is not None and self.trainer.gradient_clip_val:
            settings["fused"] = False  # Lightning clips no gradients of a fused optimizer in mixed precision
        match self.hparams["optimizer"]:
            case "sgd":
                return SGD(self.parameters(), momentum=self.hparams["momentum"], **settings)
            case "adam":
                return Adam(self.parameters(), **settings)
            case "adamw":
                return AdamW(self.parameters(), **settings)
            case name:
                raise InputError(f"model.optimizer is {name!r}; choose one of sgd, adam, adamw")

    def _scheduler(self, optimizer: Optimizer) -> LRScheduler | None:
        schedule = self.hparams["schedule"]
        if schedule == "none":
            return None
        num_steps = self.trainer.estimated_stepping_batches
        if self._num_steps_before not in (None, num_steps):
            raise InputError(
                f"the checkpoint's schedule was made for {self._num_steps_before:,} steps, but this run has {num_steps:,}; "
                "give the trainer.max_epochs and data.batch_size that it was trained with"
            )
        if not math.isfinite(num_steps):
            raise InputError(f"model.schedule {schedule} needs an end; give trainer.max_epochs or trainer.max_steps")
        if schedule == "cosine":
            return CosineAnnealingLR(optimizer, T_max=int(num_steps))
        return OneCycleLR(optimizer, max_lr=self.hparams["lr"], total_steps=int(num_steps))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["num_steps"] = self.trainer.estimated_stepping_batches
        if isinstance(data := self._data, ImageData):
            checkpoint["data"] = {key: data.describe()[key] for key in ("name", "split_hash", "fold")}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuses a checkpoint that is not this network's or that was trained on other data.

        Raises:
            InputError: what differs, and how to set it.
        """
        is_resumed = self._trainer is not None and self.trainer.training
        self._num_steps_before = checkpoint.get("num_steps") if is_resumed else None
        counting = [key for key in self.hparams if key not in LEVERS] if is_resumed else NETWORK_HYPERPARAMETERS
        check_hyperparameters({key: self.hparams[key] for key in counting}, checkpoint.get("hyper_parameters", {}))
        if self._data is not None and "data" in checkpoint:
            check_data(self._data, checkpoint["data"])

    @property
    def _data(self) -> ImageData | None:
        data = getattr(self._trainer, "datamodule", None)
        return data if isinstance(data, ImageData) else None
