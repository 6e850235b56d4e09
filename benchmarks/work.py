"""The work of every peer: network, data, batch, precision, steps."""

import os
from pathlib import Path
from typing import NamedTuple

import torch


class Work(NamedTuple):
    """A training of so many steps.

    Args:
        precision: as Lightning names it: ``32-true``, ``bf16-mixed`` or ``16-mixed``.
        folder: for what a peer writes.
    """

    root: Path
    folder: Path
    arch: str = "resnet18"
    batch_size: int = 64
    precision: str = "32-true"
    device: str = "cpu"
    num_warmup_steps: int = 10
    num_steps: int = 40

    @property
    def dtype(self) -> torch.dtype:
        """Of the arithmetic under autocast."""
        names = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
        return names[self.precision]


def data_root() -> Path:
    """Where FashionMNIST lies, as the package looks for it."""
    return Path(os.environ.get("BENCHMARK_LIGHTNING_DATA", "data"))
