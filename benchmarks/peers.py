"""The same training as others write it: plain PyTorch, plain Lightning, an expert. Steady images per second of each."""

import time
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassAccuracy
from torchvision import datasets, models, transforms

from benchmarks.work import Work

NUM_WORKERS = 2


def loader_of(work: Work) -> DataLoader[Any]:
    """FashionMNIST image by image, as torchvision's tutorials load it."""
    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.286,), (0.353,))])
    images = datasets.FashionMNIST(str(work.root), train=True, transform=steps)
    return DataLoader(images, work.batch_size, shuffle=True, num_workers=NUM_WORKERS, drop_last=True)


def network_of(work: Work) -> nn.Module:
    """Torchvision's network with one input channel."""
    network: nn.Module = models.get_model(work.arch, weights=None, num_classes=10)
    network.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    return network


def plain_pytorch(work: Work) -> float:
    """An eager loop with autocast, and a gradient scaler where it is float16."""
    device = torch.device(work.device)
    network = network_of(work).to(device).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler(device.type, enabled=work.dtype == torch.float16)
    started = ended = 0.0
    for step, (images, labels) in enumerate(loader_of(work)):
        if step == work.num_warmup_steps:
            started = _now(device)
        if step == work.num_warmup_steps + work.num_steps:
            ended = _now(device)  # before the workers of the loader are shut down
            break
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        with torch.autocast(device.type, dtype=work.dtype, enabled=work.dtype != torch.float32):
            loss = functional.cross_entropy(network(images), labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    return work.num_steps * work.batch_size / (ended - started)


class _PlainModule(L.LightningModule):
    """A LightningModule as the tutorials write it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.accuracy = MulticlassAccuracy(10)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        images, labels = batch
        logits = self.network(images)
        loss = functional.cross_entropy(logits, labels)
        self.accuracy(logits, labels)
        self.log("train_loss", loss, prog_bar=True)
        self.log("train_accuracy", self.accuracy, prog_bar=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-3)


class _Timer(Callback):
    """Seconds from the end of the warm-up to the last step."""

    def __init__(self, work: Work) -> None:
        self._work, self.started, self.ended = work, 0.0, 0.0

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        device = trainer.strategy.root_device
        if trainer.global_step == self._work.num_warmup_steps:
            self.started = _now(device)
        if trainer.global_step == self._work.num_warmup_steps + self._work.num_steps:
            self.ended = _now(device)


def plain_lightning(work: Work) -> float:
    """The default Trainer, with its logger and its progress bar."""
    timer = _Timer(work)
    trainer = L.Trainer(
        accelerator="gpu" if work.device == "cuda" else "cpu",
        devices=1,
        precision=work.precision,  # type: ignore[arg-type]  # one of Lightning's names
        max_steps=work.num_warmup_steps + work.num_steps,
        default_root_dir=work.folder,
        callbacks=[timer],
    )
    trainer.fit(_PlainModule(network_of(work)), loader_of(work))
    return work.num_steps * work.batch_size / (timer.ended - timer.started)


def expert(work: Work, is_compiled: bool = False) -> float:
    """A loop by someone who knows PyTorch well: no loader, one order of the values everywhere, fused updates.

    Args:
        is_compiled: network and loss by ``torch.compile``, whose work is done before the clock starts.
    """
    device = torch.device(work.device)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True
    data = datasets.FashionMNIST(str(work.root), train=True)
    images = data.data.to(device).unsqueeze(1).float().div_(255).sub_(0.286).div_(0.353)  # (60000, 1, 28, 28)
    labels = data.targets.to(device)
    network = network_of(work).to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    scaler = torch.amp.GradScaler(device.type, enabled=work.dtype == torch.float16)

    def loss_of(images: Tensor, labels: Tensor) -> Tensor:
        with torch.autocast(device.type, dtype=work.dtype, enabled=work.dtype != torch.float32):
            return functional.cross_entropy(network(images), labels)

    loss_of = torch.compile(loss_of) if is_compiled else loss_of
    started = 0.0
    batches = torch.randperm(len(images), device=device).split(work.batch_size)
    for step, positions in enumerate(batches[: work.num_warmup_steps + work.num_steps]):
        if step == work.num_warmup_steps:
            started = _now(device)
        batch = images[positions].contiguous(memory_format=torch.channels_last)
        loss = loss_of(batch, labels[positions])
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    return work.num_steps * work.batch_size / (_now(device) - started)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
