"""Stamps that tie a picture to its data: one with the hash of the data that it was drawn from, and one of the drawing.

So a picture that was edited or replaced is found on any machine and with any version of matplotlib, without another
one being drawn, in which fonts, layout and names of clip paths differ.
"""

import hashlib
import io
import re
from pathlib import Path

from PIL import Image, PngImagePlugin

_STAMP = re.compile(r"<!-- drawn from sha256:([0-9a-f]{64}), drawing sha256:([0-9a-f]{64}) -->\n")
_DATA, _PIXELS = "Data SHA-256", "Pixels SHA-256"  # names of texts inside a PNG


def stamped_svg(svg: str, data: str) -> str:
    """The SVG with a stamp at its end.

    Args:
        svg: a drawing without one.
        data: what it was drawn from.
    """
    start = svg.rindex("</svg>")
    return f"{svg[:start]}<!-- drawn from sha256:{_hash(data)}, drawing sha256:{_hash(svg)} -->\n{svg[start:]}"


def stamped_png(image: Image.Image, data: str, title: str) -> bytes:
    """The image as a PNG whose texts are its title and the stamp."""
    texts = PngImagePlugin.PngInfo()
    for name, text in (("Title", title), (_DATA, _hash(data)), (_PIXELS, _hash_of_pixels(image))):
        texts.add_text(name, text)
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=texts)
    return file.getvalue()


def svg_flaw(svg: str, data: str) -> str | None:
    """Why an SVG is not the drawing of the data; None where it is."""
    stamps = _STAMP.findall(svg)
    if len(stamps) != 1:
        return "has no stamp of the data that it was drawn from"
    stamped_data, stamped_drawing = stamps[0]
    return _flaw(stamped_data, stamped_drawing, _hash(_STAMP.sub("", svg)), data)


def png_flaw(path: Path, data: str) -> str | None:
    """Why a PNG is not the drawing of the data; None where it is.

    Raises:
        OSError: it cannot be read.
    """
    with Image.open(path, formats=["PNG"]) as image:
        image.load()
        texts = {name: str(text) for name, text in image.info.items()}
        if not {_DATA, _PIXELS} <= texts.keys():
            return "has no stamp of the data that it was drawn from"
        return _flaw(texts[_DATA], texts[_PIXELS], _hash_of_pixels(image), data)


def _flaw(stamped_data: str, stamped_drawing: str, drawing: str, data: str) -> str | None:
    if stamped_drawing != drawing:
        return "was changed after it had been drawn"
    return None if stamped_data == _hash(data) else "was drawn from other data"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _hash_of_pixels(image: Image.Image) -> str:
    return hashlib.sha256(f"{image.mode} {image.size}".encode() + image.tobytes()).hexdigest()
