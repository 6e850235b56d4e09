"""DataLoaders that hand out positions: an item is a whole batch of them, for the images are gathered on the device."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


def training_loader(indices: Tensor, batch_size: int) -> DataLoader[Tensor]:
    """Full batches of ``indices``, shuffled anew each epoch."""
    return DataLoader(_WholeBatches(indices), batch_size=batch_size, shuffle=True, drop_last=True, collate_fn=_as_it_is)


def evaluation_loader(indices: Tensor, batch_size: int, num_processes: int) -> DataLoader[Tensor]:
    """The batches are the items, cut so that every process gets equally many: no image is evaluated twice."""
    num_batches = math.ceil(len(indices) / (batch_size * num_processes)) * num_processes
    batches: Any = indices.tensor_split(num_batches)
    return DataLoader(batches, batch_size=None)


class _WholeBatches(Dataset[Tensor]):
    """Hands out a batch of positions in one indexing operation."""

    def __init__(self, indices: Tensor) -> None:
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Tensor:
        return self.indices[position]

    def __getitems__(self, positions: list[int]) -> Tensor:
        return self.indices[torch.tensor(positions)]


def _as_it_is(batch: Any) -> Any:
    return batch
