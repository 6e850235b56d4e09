"""A data set of one's own: colour pictures in an .npz file, read by a class with one method."""

import numpy as np
import torch

from benchmark_lightning.training.data import ImageData, Pool


class Stripes(ImageData):
    """Pictures of stripes, 40x40 pixels, in the file stripes.npz."""

    class_names = ("across", "down", "aslant")

    def load(self) -> Pool:
        with np.load(self.root / "stripes.npz") as file:
            images = torch.from_numpy(file["images"]).permute(0, 3, 1, 2)  # (N, 40, 40, 3) becomes (N, 3, 40, 40)
            return Pool(images, torch.from_numpy(file["labels"]))
