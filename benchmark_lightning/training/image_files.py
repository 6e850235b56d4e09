"""A user's own image files, brought to the form of the data sets: 28x28, grey, light on dark."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from benchmark_lightning.errors import InputError

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}


def find_image_files(paths: Sequence[str | Path]) -> list[Path]:
    """The files named by ``paths``; a folder stands for the images directly in it, by name.

    Raises:
        InputError: a path does not exist, or a folder holds no image.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
            if not found:
                raise InputError(
                    f"data.predict_images: the folder {path} holds no image ({', '.join(sorted(SUFFIXES))})"
                )
            files.extend(found)
        elif path.is_file():
            files.append(path)
        else:
            raise InputError(f"data.predict_images: there is no file or folder {path}")
    return files


def read_image_files(files: Sequence[Path]) -> npt.NDArray[np.uint8]:
    """The images as ``(N, 28, 28)`` uint8, centred on a square and light on dark.

    An image with a light border is taken for ink on paper and inverted, for the data sets are light on dark.

    Raises:
        InputError: a file is no readable image.
    """
    return np.stack([_read(file) for file in files])


def _read(file: Path) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(file) as image:
            upright = ImageOps.exif_transpose(image)
            rgba = (_eight_bit(upright) if upright.mode in ("I", "I;16", "I;16L", "I;16B", "F") else upright).convert(
                "RGBA"
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{file} is not a readable image ({error})") from error
    grey = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("L")
    if _border(np.asarray(grey)).mean() > 127:
        grey = ImageOps.invert(grey)
    background = int(np.median(_border(np.asarray(grey))))
    return np.asarray(ImageOps.pad(grey, (28, 28), Image.Resampling.BILINEAR, color=background), dtype=np.uint8)


def _eight_bit(image: Image.Image) -> Image.Image:
    """An image of 16 or 32 bits a pixel, its brightest pixel white; Pillow's own conversion cuts off instead."""
    pixels = np.asarray(image, dtype=np.float64)
    darkest, brightest = pixels.min(), pixels.max()
    return Image.fromarray(((pixels - darkest) * (255 / max(brightest - darkest, 1e-12))).astype(np.uint8))


def _border(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
