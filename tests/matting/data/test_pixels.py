"""Pictures as cameras, phones and programs write them: what is read is what a viewer shows, in 8 bits and upright."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from a2u.errors import A2UError
from a2u.matting.data import pixels
from a2u.matting.data.files import read_colour, read_grey, read_trimap, write_pixels
from a2u.matting.data.headers import size_of

COLOUR = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TAG = 0x0112


def turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """What Pillow makes of 8-bit pixels with this orientation."""
    image = Image.fromarray(values)
    image.getexif()[TAG] = orientation
    return np.asarray(ImageOps.exif_transpose(image))


def exif(orientation: object = 6) -> bytes:
    found = Image.Exif()
    found[TAG] = orientation
    return found.tobytes()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def deep_png(values: np.ndarray, orientation: int = 1, late: bool = False) -> bytes:
    """A PNG of 16 bits, with EXIF before or behind its pixels."""
    order = [2, 1, 0, 3][: values.shape[2]] if values.ndim == 3 else ...
    content = cv2.imencode(".png", values[..., order] if values.ndim == 3 else values)[1].tobytes()
    place = len(content) - 12 if late else 33  # before the end; after the header
    return content[:place] + chunk(b"eXIf", exif(orientation)[6:]) + content[place:]


# --- upright, whatever the kind of file


@settings(max_examples=60, deadline=None)
@given(
    values=arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3))),
    orientation=st.integers(1, 8),
    kind=st.sampled_from(["PNG", "WEBP", "TIFF", "deep PNG", "late EXIF", "deep TIFF", "grey PNG"]),
)
def test_pictures_are_turned_as_their_orientation_says(values, orientation, kind, tmp_path_factory):
    path = tmp_path_factory.mktemp("a") / "a.bin"
    deep = values.astype(np.uint16) * 257
    deep[0, 0] = 65535  # or an all-dark picture would count as not scaled
    if kind in ("PNG", "WEBP", "TIFF"):
        more = {"lossless": True} if kind == "WEBP" else {}
        Image.fromarray(values).save(path, kind, exif=exif(orientation), **more)
    elif kind == "deep TIFF":
        tifffile = pytest.importorskip("tifffile")
        tifffile.imwrite(path, deep, photometric="rgb", extratags=[(TAG, "H", 1, orientation, True)])
    else:
        path.write_bytes(deep_png(deep[..., 0] if kind == "grey PNG" else deep, orientation, late=kind == "late EXIF"))
    shown = values if kind in ("PNG", "WEBP", "TIFF") else (deep // 257).astype(np.uint8)
    expected = turned(shown, orientation)
    if kind == "grey PNG":
        expected = np.repeat(expected[..., :1], 3, -1)
    found = read_colour(path)
    assert np.array_equal(found, expected)
    assert size_of(path) == found.shape[:2]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "AVIF"])
def test_what_loses_detail_is_turned_too(kind, orientation, tmp_path):
    smooth = np.add.outer(np.arange(0, 160, 10), np.arange(0, 96, 4)).astype(np.uint8)
    values = np.stack([smooth, smooth, smooth], -1)
    Image.fromarray(values).save(tmp_path / "a", kind, exif=exif(orientation), quality=95)
    found = read_colour(tmp_path / "a")
    assert np.abs(found.astype(int) - turned(values, orientation)).max() < 12
    assert size_of(tmp_path / "a") == found.shape[:2]


@pytest.mark.parametrize(
    "damaged",
    [
        b"Exif\0\0",
        b"Exif\0\0" + bytes(20),
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12" * 9,
        exif()[:20],
        exif(99),
        np.random.default_rng(1).bytes(400),
    ],
    ids=["empty", "zeros", "far", "endless", "cut", "99", "noise"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_spoils_no_picture(kind, damaged, tmp_path):
    grey = np.full((5, 7, 3), 90, np.uint8)
    Image.fromarray(grey).save(tmp_path / "a", kind, exif=damaged)
    found = read_colour(tmp_path / "a")
    assert sorted(found.shape) == [3, 5, 7]
    assert (np.abs(found.astype(int) - 90) < 3).all()
    assert size_of(tmp_path / "a") == found.shape[:2]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_no_exif_at_all_is_a_reason_to_refuse(content):
    image = Image.new("L", (2, 3))
    image.info["exif"] = b"Exif\0\0" + content
    assert 1 <= pixels.orientation(image) <= 8


def test_the_maker_s_notes_are_not_looked_at(tmp_path):
    """The orientation counts although the sub-directories lead nowhere."""
    tags = struct.pack("<HHII", TAG, 3, 1, 6) + struct.pack("<HHII", 0x8769, 4, 1, 4_000_000_000)
    content = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + tags + bytes(4)
    Image.fromarray(COLOUR).save(tmp_path / "a.png", exif=content)
    assert np.array_equal(read_colour(tmp_path / "a.png"), turned(COLOUR, 6))


# --- kinds


def test_of_a_phone_s_mpo_the_first_picture_is_the_photograph(tmp_path):
    first, second = (Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (200, 10))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    assert (read_colour(tmp_path / "a.jpg") == 200).all()
    assert size_of(tmp_path / "a.jpg") == (8, 8)


@pytest.mark.parametrize("ending", ["jfif", "jpe", "JPG", "avif", "webp", "tif", "gif", "png.jpg"])
def test_the_content_says_what_a_file_is(ending, tmp_path):
    kind = {"jpe": "JPEG", "JPG": "JPEG", "jfif": "JPEG", "tif": "TIFF", "png.jpg": "PNG"}.get(ending, ending.upper())
    Image.new("RGB", (8, 6), (90, 90, 90)).save(tmp_path / f"a.{ending}", kind)
    assert (np.abs(read_colour(tmp_path / f"a.{ending}").astype(int) - 90) < 4).all()


def test_large_texts_and_profiles_are_no_obstacle(tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_text("prompt", "x" * 3_000_000, zip=True)
    text.add_itxt("XML:com.adobe.xmp", "y" * 2_000_000)
    Image.fromarray(COLOUR).save(tmp_path / "a.png", pnginfo=text, icc_profile=SRGB + bytes(3_000_000))
    assert np.array_equal(read_colour(tmp_path / "a.png"), COLOUR)
    assert size_of(tmp_path / "a.png") == COLOUR.shape[:2]


def cmyk(profile: bytes | None = None) -> Image.Image:
    image = Image.new("CMYK", (4, 3), (255, 0, 0, 0))
    image.info["icc_profile"] = profile
    return image


def test_cmyk_goes_through_its_profile_or_not_at_all(tmp_path, monkeypatch):
    cmyk().save(tmp_path / "none.tif")
    with pytest.raises(A2UError, match=r"stored as CMYK.*profile.*Save it as"):
        read_colour(tmp_path / "none.tif")
    cmyk().save(tmp_path / "a.tif", icc_profile=SRGB)  # a profile, but of another space
    with pytest.raises(A2UError, match="CMYK, but its colour profile cannot be used"):
        read_colour(tmp_path / "a.tif")
    with pytest.raises(A2UError, match="becomes an alpha or trimap only by a choice"):
        read_grey(tmp_path / "a.tif")
    asked = []

    def through(image, own, out, outputMode):
        asked.append((own.profile.xcolor_space.strip(), outputMode))
        return image.convert(outputMode)

    monkeypatch.setattr(ImageCms, "profileToProfile", through)
    assert (read_colour(tmp_path / "a.tif")[0, 0] == (0, 255, 255)).all()
    assert asked == [("RGB", "RGB")]


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [("1", 1, 255), ("L", 77, 77), ("I;16", 77 * 257, 77), ("P", 77, 77), ("LA", (77, 255), 77)],
)
def test_greys_of_every_kind_are_levels(mode, value, expected, tmp_path):
    image = Image.new(mode, (3, 2), value)
    if mode == "P":
        image.putpalette([level for level in range(256) for _ in range(3)])
    image.save(tmp_path / "a.png")
    assert (read_grey(tmp_path / "a.png") == expected).all()
    assert (read_colour(tmp_path / "a.png") == expected).all()


@pytest.mark.parametrize("deep", [False, True])
def test_something_transparent_is_refused(deep, tmp_path):
    values = np.full((3, 3, 4), 200, np.uint8)
    if deep:
        (tmp_path / "a.png").write_bytes(deep_png(values.astype(np.uint16) * 257))
    else:
        image = Image.fromarray(values[..., 0]).convert("P")
        image.save(tmp_path / "a.png", transparency=image.getpixel((0, 0)))
    with pytest.raises(A2UError, match=r"transparency of its own \(9 pixels"):
        read_colour(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_frames_none_is_chosen(kind, tmp_path):
    one, two = (Image.new("RGB", (4, 4), (value,) * 3) for value in (10, 200))
    one.save(tmp_path / "a", kind, save_all=True, append_images=[two])
    with pytest.raises(A2UError, match=r"holds 2 frames.*Save the one you mean"):
        read_colour(tmp_path / "a")


def test_values_of_8_bits_in_a_file_of_16_are_no_black_picture(tmp_path):
    raw = np.array([[0, 128, 255]], np.uint16)
    Image.fromarray(raw).save(tmp_path / "grey.png")
    with pytest.raises(A2UError, match=r"largest value is 255 of 65535.*multiply them by 257"):
        read_trimap(tmp_path / "grey.png")
    (tmp_path / "colour.png").write_bytes(deep_png(np.stack([raw] * 3, -1)))
    for read in (read_colour, size_of):  # size_of looks before a training
        with pytest.raises(A2UError, match="so a picture would be black"):
            read(tmp_path / "colour.png")
    Image.fromarray(raw * 0).save(tmp_path / "black.png")  # black is black
    assert (read_grey(tmp_path / "black.png") == 0).all()


def heic() -> bytes:
    return b"\0\0\0\x18ftypheic" + bytes(100)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.heic", heic(), "is HEIC.*pip install pillow-heif.*export it as JPEG"),
        ("a.jpg", heic(), "is HEIC"),
        ("a.nef", b"II*\0", "is of a kind that cannot be read.*camera's sensor.*develop it"),
        ("a.JXL", b"\xff\x0a", "JPEG XL"),
    ],
)
def test_kinds_that_need_more_say_what(name, content, message, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)  # as where it is not installed
    (tmp_path / name).write_bytes(content)
    with pytest.raises(A2UError, match=message):
        read_colour(tmp_path / name)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(A2UError, match="is a folder, but should be a file"):
        read_colour(tmp_path / "a.png")


# --- profiles


def test_a_profile_of_rgb_is_kept_and_no_other(tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "a.png", icc_profile=SRGB)
    profile = pixels.profile_of(tmp_path / "a.png")
    assert profile == SRGB
    write_pixels(tmp_path / "b.png", COLOUR, profile)
    assert Image.open(tmp_path / "b.png").info["icc_profile"] == SRGB
    grey = SRGB[:16] + b"GRAY" + SRGB[20:]
    Image.fromarray(COLOUR[..., 0]).save(tmp_path / "grey.png", icc_profile=grey)
    assert pixels.profile_of(tmp_path / "grey.png") is None
    write_pixels(tmp_path / "c.png", COLOUR)
    assert pixels.profile_of(tmp_path / "c.png") is None


# --- trimaps that are none


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1], "mask divided by 255"),
        ([0, 1, 2], "numbered classes: save background as 0, unknown as 128, foreground as 255"),
        ([1, 2, 3], "Oxford pets"),
        ([0, 1, 255], "1 is the object and 255 its undecided rim"),
        ([0, 127, 255], "exactly 128"),
        ([0, 8, 16], "file of 10 to 15 bits"),
        ([0, 3, 128, 250, 255], "resized with smoothing, or saved as JPEG"),
    ],
)
def test_a_wrong_trimap_is_told_its_likely_cause(values, message, tmp_path):
    Image.fromarray(np.array([values], np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(A2UError, match=message):
        read_trimap(tmp_path / "a.png")


@settings(max_examples=100, deadline=None)
@given(
    content=st.binary(max_size=200),
    head=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"GIF89a"]),
)
def test_noise_is_refused_by_one_clear_error(content, head, tmp_path_factory):
    path: Path = tmp_path_factory.mktemp("a") / "a.png"
    path.write_bytes(head + content)
    with pytest.raises(A2UError, match=r"a\.png"):
        read_colour(path)
