"""Checks of IDX files, the format of MNIST: torchvision reads truncated ones without a word.

Source: the format is described on the MNIST page of Y. LeCun, C. Cortes and C. Burges.
"""

import hashlib
import struct
from pathlib import Path

from benchmark_lightning.errors import InputError

IMAGES_MAGIC = 0x00000803  # unsigned bytes in three dimensions: count, rows, columns
LABELS_MAGIC = 0x00000801  # unsigned bytes in one dimension: count

FILE_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

# SHA-256 of the original files, unpacked, in the order of FILE_NAMES. KMNIST's are not known: only its form is checked.
SHA256 = {
    "MNIST": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    "FashionMNIST": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}


def check_idx_files(folder: Path, dataset: str, num_classes: int) -> None:
    """Raises ``InputError`` unless ``folder`` holds the four sound IDX files of ``dataset``.

    Checked are the magic number, image size, counts, file size, label range and, where it is known, the SHA-256.
    """
    checksums: tuple[str | None, ...] = SHA256.get(dataset, (None,) * len(FILE_NAMES))
    counts = [
        _check_file(folder / name, dataset, num_classes, checksum)
        for name, checksum in zip(FILE_NAMES, checksums, strict=True)
    ]
    for part, images, labels in (("train", counts[0], counts[1]), ("t10k", counts[2], counts[3])):
        if images != labels:
            raise InputError(
                f"{folder} holds {images:,} {part} images but {labels:,} {part} labels; "
                "one of the two files is of another data set, fetch them again"
            )


def _check_file(path: Path, dataset: str, num_classes: int, checksum: str | None) -> int:
    """Checks one file and returns how many items it holds."""
    is_images = "images" in path.name
    num_dimensions = 3 if is_images else 1
    magic = IMAGES_MAGIC if is_images else LABELS_MAGIC
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions") from error

    header_size = 4 + 4 * num_dimensions
    if len(content) < header_size or struct.unpack_from(">I", content)[0] != magic:
        raise InputError(f"{path} is not an IDX file of {'images' if is_images else 'labels'}; {_way_out(dataset)}")
    shape = struct.unpack_from(f">{num_dimensions}I", content, offset=4)
    if is_images and shape[1:] != (28, 28):
        raise InputError(f"{path} holds images of {shape[1]}x{shape[2]} pixels, not 28x28; {_way_out(dataset)}")
    size = header_size + shape[0] * (28 * 28 if is_images else 1)
    if len(content) != size:
        state = "truncated" if len(content) < size else "too long"
        raise InputError(
            f"{path} is {state}: {len(content):,} bytes where its header promises {size:,}; {_way_out(dataset)}"
        )
    if not is_images and content[header_size:] and max(content[header_size:]) >= num_classes:
        raise InputError(
            f"{path} holds the label {max(content[header_size:])}, but {dataset} has {num_classes} classes"
        )
    if checksum is not None and hashlib.sha256(content).hexdigest() != checksum:
        raise InputError(
            f"{path} is not the original file of {dataset}: its SHA-256 differs (a flipped bit, or another data set); "
            f"{_way_out(dataset)}"
        )
    return int(shape[0])


def _way_out(dataset: str) -> str:
    return f"delete it and run again to download {dataset}, or copy it anew"
