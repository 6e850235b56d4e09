"""A picture that was edited, or put in the place of another, must not pass for the drawing of its data."""

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from benchmark_lightning.report.figures.stamps import png_flaw, stamped_png, stamped_svg, svg_flaw

SVG = '<svg xmlns="http://www.w3.org/2000/svg">\n<path d="M 1 2"/>\n</svg>\n'
OTHER_DATA = "was drawn from other data"
CHANGED = "was changed after it had been drawn"
NO_STAMP = "has no stamp of the data that it was drawn from"


def picture():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))


def test_an_svg_is_that_of_its_data_and_still_an_svg():
    svg = stamped_svg(SVG, "a,b\n")
    assert svg.endswith("</svg>\n")
    assert svg_flaw(svg, "a,b\n") is None
    assert svg_flaw(svg, "a,c\n") == OTHER_DATA
    assert svg_flaw(SVG, "a,b\n") == NO_STAMP


@pytest.mark.parametrize(
    ("is_now", "flaw"),
    [
        (lambda svg: svg.replace("M 1", "M 2"), CHANGED),
        (lambda svg: svg + "<!-- more -->", CHANGED),
        (lambda svg: svg.replace("</svg>", f"{svg[svg.index('<!--') : svg.index('</svg>')]}</svg>"), NO_STAMP),
        (lambda svg: svg.replace("drawing sha256:", "drawing sha256:0"), NO_STAMP),
    ],
)
def test_an_edited_svg_is_found(is_now, flaw):
    assert svg_flaw(is_now(stamped_svg(SVG, "a")), "a") == flaw


def test_a_png_is_that_of_its_data(tmp_path):
    (tmp_path / "x.png").write_bytes(stamped_png(picture(), "a", "title"))
    assert png_flaw(tmp_path / "x.png", "a") is None
    assert png_flaw(tmp_path / "x.png", "b") == OTHER_DATA
    picture().save(tmp_path / "x.png")
    assert png_flaw(tmp_path / "x.png", "a") == NO_STAMP


def test_one_pixel_that_differs_is_found(tmp_path):
    (tmp_path / "x.png").write_bytes(stamped_png(picture(), "a", "title"))
    with Image.open(tmp_path / "x.png") as image:
        texts = PngImagePlugin.PngInfo()
        for name, text in image.info.items():
            texts.add_text(name, text)
        red, green, blue = image.getpixel((5, 5))
        image.putpixel((5, 5), (red, green ^ 1, blue))
        image.save(tmp_path / "x.png", pnginfo=texts)
    assert png_flaw(tmp_path / "x.png", "a") == CHANGED


def test_the_same_pixels_packed_in_another_way_are_the_same_picture(tmp_path):
    """As when a repository's pictures are made smaller."""
    (tmp_path / "x.png").write_bytes(stamped_png(picture(), "a", "title"))
    with Image.open(tmp_path / "x.png") as image:
        texts = PngImagePlugin.PngInfo()
        for name, text in image.info.items():
            texts.add_text(name, text)
        image.save(tmp_path / "x.png", pnginfo=texts, compress_level=1)
    assert png_flaw(tmp_path / "x.png", "a") is None
