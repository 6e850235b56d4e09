"""A user's own image files, brought to the form of a data set: its size, and grey or colour."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from benchmark_lightning.errors import InputError

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
NUM_NAMED = 5
Pixels = npt.NDArray[np.uint8]


def find_image_files(paths: Sequence[str | Path]) -> list[Path]:
    """The files named by ``paths``; a folder stands for the images directly in it, by name.

    Raises:
        InputError: a path does not exist, or a folder holds no image.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found = sorted(
                file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
            )
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


def read_pictures(files: Sequence[Path], num_channels: int, size: int) -> Pixels:
    """The images as ``(N, C, size, size)`` uint8, upright; the shorter side becomes ``size``, the centre is kept.

    What is transparent becomes white. 16 bits a pixel become the upper 8 of them.

    Raises:
        InputError: files are no readable images; all of them are named.
    """
    mode = _mode(num_channels)
    return _read_all(files, lambda file: _picture(file, mode, size), (num_channels, size, size))


def read_drawings(files: Sequence[Path], num_channels: int, size: int) -> Pixels:
    """The images as ``(N, 1, size, size)`` uint8, whole, in the middle of a square, and light on dark.

    An image with a light border is taken for ink on paper and inverted. Of 16 bits a pixel the brightest becomes white.

    Raises:
        InputError: files are no readable images; all of them are named.
    """
    assert num_channels == 1
    return _read_all(files, lambda file: _drawing(file, size), (1, size, size))


def named(items: Sequence[object]) -> str:
    """The first few of many things, and how many more there are.

    >>> named(["a", "b"]), named(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = f" and {len(items) - NUM_NAMED:,} more" if len(items) > NUM_NAMED else ""
    return ", ".join(str(item) for item in items[:NUM_NAMED]) + more


def _mode(num_channels: int) -> str:
    if num_channels not in (1, 3):
        raise InputError(f"image files are read as 1 channel or 3, not as the {num_channels} of this data set")
    return "L" if num_channels == 1 else "RGB"


def _read_all(files: Sequence[Path], read: Callable[[Path], Pixels], shape: tuple[int, int, int]) -> Pixels:
    """All images, decoded in threads: Pillow works outside Python's lock."""
    images = np.empty((len(files), *shape), dtype=np.uint8)

    def try_one(position: int) -> str | None:
        try:
            images[position] = read(files[position])
        except MemoryError:
            raise
        except Exception as error:  # whatever a decoder says of a damaged file
            return " ".join(str(error).split()) or type(error).__name__
        return None

    Image.preinit()  # in one thread
    with ThreadPoolExecutor() as executor:
        reasons = list(executor.map(try_one, range(len(files))))
    unreadable = [file for file, reason in zip(files, reasons, strict=True) if reason is not None]
    if len(unreadable) == 1:
        raise InputError(f"{unreadable[0]} is not a readable image ({next(filter(None, reasons))})")
    if unreadable:
        raise InputError(
            f"{len(unreadable):,} files are not readable images: {named(unreadable)}; replace or delete them"
        )
    return images


def _picture(file: Path, mode: str, size: int) -> Pixels:
    with Image.open(file) as image:
        image.draft(mode, (2 * size, 2 * size))  # a JPEG is decoded no larger than is needed
        ImageOps.exif_transpose(image, in_place=True)
        if image.mode.startswith("I;16"):
            pixels: Image.Image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        elif image.mode in ("I", "F"):
            raise ValueError(f"its pixels are of mode {image.mode}: no 8 or 16 bits")
        else:
            pixels = _on_white(image) if image.has_transparency_data else image
        return _planes(ImageOps.fit(pixels.convert(mode), (size, size), Image.Resampling.BILINEAR))


def _planes(image: Image.Image) -> Pixels:
    """``(C, H, W)`` of an image of mode L or RGB."""
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _drawing(file: Path, size: int) -> Pixels:
    with Image.open(file) as image:
        upright = ImageOps.exif_transpose(image)
        eight_bit = _stretched(upright) if upright.mode in ("I", "I;16", "I;16L", "I;16B", "F") else upright
        grey = _on_white(eight_bit).convert("L")
    if _border(np.asarray(grey)).mean() > 127:
        grey = ImageOps.invert(grey)
    background = int(np.median(_border(np.asarray(grey))))
    return _planes(ImageOps.pad(grey, (size, size), Image.Resampling.BILINEAR, color=background))


def _on_white(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)


def _stretched(image: Image.Image) -> Image.Image:
    """An image of 16 or 32 bits a pixel, its brightest pixel white; Pillow's own conversion cuts off instead."""
    pixels = np.asarray(image, dtype=np.float64)
    darkest, brightest = pixels.min(), pixels.max()
    return Image.fromarray(((pixels - darkest) * (255 / max(brightest - darkest, 1e-12))).astype(np.uint8))


def _border(pixels: Pixels) -> Pixels:
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
