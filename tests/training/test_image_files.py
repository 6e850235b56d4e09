"""A user's own picture must reach the model as the data set's pictures do."""

import numpy as np
import pytest
from PIL import Image

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.image_files import find_image_files, read_drawings, read_pictures


def ink_on_paper(size=(60, 60), mode="L"):
    image = Image.new(mode, size, "white")
    image.paste("black", (size[0] // 3, size[1] // 3, 2 * size[0] // 3, 2 * size[1] // 3))
    return image


def test_ink_on_paper_becomes_light_on_dark(tmp_path):
    ink_on_paper().save(tmp_path / "a.png")
    pixels = read_drawings([tmp_path / "a.png"], 1, 28)[:, 0]
    assert pixels.shape == (1, 28, 28)
    assert pixels.dtype == np.uint8
    assert pixels[0, 14, 14] == 255
    assert pixels[0, 0, 0] == 0


def test_light_on_dark_stays_as_it_is(tmp_path):
    image = Image.new("L", (28, 28), 0)
    image.putpixel((14, 14), 200)
    image.save(tmp_path / "a.png")
    assert np.array_equal(read_drawings([tmp_path / "a.png"], 1, 28)[:, 0][0], np.asarray(image))


def test_a_transparent_background_is_paper(tmp_path):
    image = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
    image.putpixel((14, 14), (0, 0, 0, 255))
    image.save(tmp_path / "a.png")
    pixels = read_drawings([tmp_path / "a.png"], 1, 28)[:, 0][0]
    assert (pixels[14, 14], pixels[0, 0]) == (255, 0)


def test_a_wide_image_keeps_its_proportions(tmp_path):
    ink_on_paper(size=(112, 28)).save(tmp_path / "a.png")
    pixels = read_drawings([tmp_path / "a.png"], 1, 28)[:, 0][0]
    assert pixels[:10].max() == 0
    assert pixels[13:15].max() > 100


def test_sixteen_bits_keep_their_shades(tmp_path):
    ramp = np.linspace(0, 65535, 28, dtype=np.uint16) * np.ones((28, 1), dtype=np.uint16)
    ramp[:, 0] = ramp[0] = ramp[-1] = ramp[:, -1] = 0
    Image.fromarray(ramp).save(tmp_path / "a.png")
    pixels = read_drawings([tmp_path / "a.png"], 1, 28)[:, 0][0]
    assert len(np.unique(pixels)) > 20


def test_a_folder_stands_for_its_images_by_name(tmp_path):
    for name in ("b.PNG", "a.jpg"):
        ink_on_paper().save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not an image")
    assert [file.name for file in find_image_files([tmp_path])] == ["a.jpg", "b.PNG"]


def test_what_is_no_image_is_named(tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    with pytest.raises(InputError, match=r"broken\.png is not a readable image"):
        read_drawings([broken], 1, 28)
    with pytest.raises(InputError, match="there is no file or folder"):
        find_image_files([tmp_path / "missing.png"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no image"):
        find_image_files([tmp_path / "empty"])


def test_a_truncated_image_is_named(tmp_path):
    ink_on_paper(size=(300, 300), mode="RGB").save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"cut\.jpg is not a readable image"):
        read_drawings([tmp_path / "cut.jpg"], 1, 28)


def test_a_photograph_is_turned_upright_and_cut_to_its_centre(tmp_path):
    image = Image.new("RGB", (90, 30), "black")
    image.paste("red", (30, 0, 60, 30))
    image.paste("blue", (30, 0, 60, 10))  # the upper edge, as it is stored
    exif = Image.Exif()
    exif[0x0112] = 3  # the camera was upside down
    image.save(tmp_path / "a.png", exif=exif)
    [pixels] = read_pictures([tmp_path / "a.png"], 3, 9)
    assert pixels.shape == (3, 9, 9)
    assert pixels[:, 0, 4].tolist() == [255, 0, 0]
    assert pixels[:, -1, 4].tolist() == [0, 0, 255]
    assert pixels[0, 4].min() > 200  # the black sides are cut off


def test_a_large_photograph_is_averaged_not_sampled(tmp_path):
    stripes = np.zeros((600, 800), dtype=np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "a.jpg", quality=95)
    pixels = read_pictures([tmp_path / "a.jpg"], 1, 32)
    assert abs(pixels.astype(int) - 127).max() < 10


def test_hidden_files_are_no_pictures_of_a_folder(tmp_path):
    for name in ("a.png", "._a.png"):
        ink_on_paper().save(tmp_path / name)
    assert [file.name for file in find_image_files([tmp_path])] == ["a.png"]


def test_only_grey_and_colour_are_read(tmp_path):
    ink_on_paper().save(tmp_path / "a.png")
    with pytest.raises(InputError, match="read as 1 channel or 3, not as the 4 of this data set"):
        read_pictures([tmp_path / "a.png"], 4, 9)
