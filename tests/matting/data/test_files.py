"""Files of matting: what is converted, and what is refused and how."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from a2u.errors import A2UError
from a2u.matting.data import files

GREY = np.array([[0, 64, 128], [200, 254, 255]], dtype=np.uint8)
COLOUR = np.stack([GREY, GREY[::-1], 255 - GREY], axis=-1)


def save(path: Path, pixels: np.ndarray, mode: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)
    return path


# --- what is unambiguous is converted


def test_grey_becomes_three_equal_channels(tmp_path):
    found = files.read_image(save(tmp_path / "a.png", GREY))
    assert torch.equal(found, torch.from_numpy(GREY / np.float32(255)).expand(3, 2, 3))


def test_sixteen_bits_are_scaled_exactly(tmp_path):
    save(tmp_path / "grey.png", GREY.astype(np.uint16) * 257)
    assert np.array_equal(files.read_grey(tmp_path / "grey.png"), GREY)
    cv2.imwrite(str(tmp_path / "colour.png"), COLOUR[..., ::-1].astype(np.uint16) * 257)
    assert np.array_equal(files.read_colour(tmp_path / "colour.png"), COLOUR)
    save(tmp_path / "between.png", np.array([[128, 129, 65535 - 129]], dtype=np.uint16))
    assert files.read_grey(tmp_path / "between.png").tolist() == [[0, 1, 254]]  # to nearest, not cut off


def test_palettes_and_equal_channels_are_what_they_show(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8))
    image.putpalette([0, 0, 0, 128, 128, 128, 255, 255, 255])
    image.save(tmp_path / "p.png")
    assert files.read_trimap(tmp_path / "p.png").tolist() == [[[0, 128, 255]]]
    save(tmp_path / "rgb.png", np.repeat(GREY[..., None], 3, -1))
    assert np.array_equal(files.read_grey(tmp_path / "rgb.png"), GREY)


def test_opaque_transparency_is_dropped(tmp_path):
    full = np.full((*GREY.shape, 1), 255, dtype=np.uint8)
    save(tmp_path / "a.png", np.concatenate([COLOUR, full], -1))
    assert np.array_equal(files.read_colour(tmp_path / "a.png"), COLOUR)


def test_a_photograph_taken_sideways_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation: turned by a quarter
    Image.fromarray(COLOUR).save(tmp_path / "a.png", exif=exif)
    assert files.read_image(tmp_path / "a.png").shape == (3, 3, 2)


def test_what_is_written_comes_back(tmp_path):
    image, alpha = torch.rand(3, 4, 5), torch.arange(20).reshape(1, 4, 5) / 255
    known = torch.tensor([[[0, 128, 255]]], dtype=torch.uint8)
    files.write_image(tmp_path / "i.png", image)
    files.write_alpha(tmp_path / "a.png", alpha)
    files.write_trimap(tmp_path / "t.png", known)
    torch.testing.assert_close(files.read_image(tmp_path / "i.png"), image, atol=0.51 / 255, rtol=0)
    assert torch.equal(files.read_alpha(tmp_path / "a.png"), alpha)
    assert torch.equal(files.read_trimap(tmp_path / "t.png"), known)


# --- what is ambiguous or broken is refused


def refusals(folder: Path) -> dict:
    half = np.full((*GREY.shape, 1), 200, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)).save(buffer, "PNG")
    (folder / "cut.png").write_bytes(buffer.getvalue()[:2000])
    (folder / "text.png").write_text("no picture")
    (folder / "empty.png").touch()
    return {
        r"cut\.png cannot be read.*get it again": (files.read_image, folder / "cut.png"),
        r"text\.png is not an image that can be read\. Get it again": (files.read_image, folder / "text.png"),
        r"empty\.png is empty\. Get it again": (files.read_image, folder / "empty.png"),
        r"gone\.png is not there": (files.read_alpha, folder / "gone.png"),
        r"transparency of its own \(6 pixels": (
            files.read_image,
            save(folder / "rgba.png", np.concatenate([COLOUR, half], -1)),
        ),
        r"holds colours, but an alpha or trimap is grey": (files.read_alpha, save(folder / "rgb.png", COLOUR)),
        r"stored as CMYK.*Save it as": (files.read_image, save(folder / "cmyk.tif", COLOUR, "CMYK")),
        r"stored as F.*range": (files.read_alpha, save(folder / "float.tif", GREY.astype(np.float32))),
        r"3 of its 6 pixels have other values: 64 \(1\), 200 \(1\), 254 \(1\)": (
            files.read_trimap,
            save(folder / "other.png", GREY),
        ),
        r"exactly 128 for unknown": (
            files.read_trimap,
            save(folder / "near.png", np.array([[0, 127, 255]], dtype=np.uint8)),
        ),
        r"multiplied by 255": (files.read_trimap, save(folder / "mask.png", np.array([[0, 1, 1]], dtype=np.uint8))),
    }


@pytest.mark.parametrize("number", range(11))
def test_a_file_that_cannot_be_used_is_explained(number, tmp_path):
    message, (read, path) = list(refusals(tmp_path).items())[number]
    with pytest.raises(A2UError, match=message) as refused:
        read(path)
    assert "object at" not in str(refused.value)
