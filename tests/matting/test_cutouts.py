"""Pictures and trimaps from anywhere become cut-outs: what belongs together, what is kept, which names are borne."""

import os
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from command import a2u
from matting_folders import save, trimap_file
from PIL import Image, ImageCms

from a2u.matting.cutouts import pairs

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def predict(*arguments: str | Path) -> int:
    return a2u("matting", "predict", *arguments, "--classical", "closed-form").code


def picture(path: Path, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    Image.fromarray(values).save(path, "PNG", **options)
    return path


def trimap(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    known = np.full((40, 40), 128, np.uint8)
    known[:, :5], known[:, -5:] = 0, 255
    Image.fromarray(known).save(path, "PNG")
    return path


# --- what belongs together


def test_pictures_meet_their_trimaps_across_systems(tmp_path):
    images, trimaps = tmp_path / "images", tmp_path / "trimaps"
    for image, known in (("IMG_1.JPG", "img_1.png"), ("caf\u00e9.jfif", "cafe\u0301.png"), ("b.avif", "b.png")):
        save(images / image, np.zeros((4, 4, 3), np.uint8)) if image[-4:] != "avif" else picture(images / image)
        trimap_file(trimaps / known)
    found, failed = pairs(images, trimaps)
    assert failed == {}
    assert {pair.name: pair.trimap.name for pair in found} == {
        "IMG_1": "img_1.png",
        "caf\u00e9": "cafe\u0301.png",
        "b": "b.png",
    }


def test_names_that_differ_in_case_alone_need_the_same_name(tmp_path):
    images, trimaps = tmp_path / "images", tmp_path / "trimaps"
    picture(images / "A.png")
    picture(images / "a.png")
    if len(list(images.iterdir())) < 2:
        pytest.skip("this file system treats both as one name")
    trimap_file(trimaps / "a.png")
    found, failed = pairs(images, trimaps)
    assert [pair.name for pair in found] == ["a"]
    assert "it has no trimap in" in failed["A"]


def test_two_files_of_one_name_are_one_failure_each(tmp_path):
    images, trimaps = tmp_path / "images", tmp_path / "trimaps"
    for name in ("a.png", "a.bmp", "b.png"):
        save(images / name, np.zeros((4, 4, 3), np.uint8))
    for name in ("a.png", "b.png", "b.tif", "c.png"):
        trimap_file(trimaps / name)
    found, failed = pairs(images, trimaps)
    assert found == []
    assert failed == {
        "a": "a.bmp, a.png have one name, so their mattes would be one file.",
        "b": "b.png, b.tif have one name, so their mattes would be one file.",
        "c": f"it has no image in {images}.",
    }


# --- what is kept


def test_a_cut_out_keeps_the_colour_profile_and_the_alpha_has_none(tmp_path):
    picture(tmp_path / "a.png", icc_profile=SRGB)
    assert predict(tmp_path / "a.png", trimap(tmp_path / "known.png"), "-o", tmp_path / "out") == 0
    assert Image.open(tmp_path / "out" / "a-cutout.png").info["icc_profile"] == SRGB
    assert "icc_profile" not in Image.open(tmp_path / "out" / "a-alpha.png").info


@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
def test_the_matte_of_a_sideways_photograph_is_upright(deep, tmp_path):
    """The trimap is painted on what a viewer shows: 40 wide and 30 high, of a file of 30 by 40."""
    exif = Image.Exif()
    exif[0x0112] = 6
    values = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    if deep:
        tifffile = pytest.importorskip("tifffile")
        more = [(0x0112, "H", 1, 6, True)]
        tifffile.imwrite(tmp_path / "a.tif", values.astype(np.uint16) * 257, photometric="rgb", extratags=more)
    else:
        Image.fromarray(values).save(tmp_path / "a.tif", "PNG", exif=exif)
    known = np.full((30, 40), 128, np.uint8)
    known[:, :5], known[:, -5:] = 0, 255
    Image.fromarray(known).save(tmp_path / "known.png")
    assert predict(tmp_path / "a.tif", tmp_path / "known.png", "-o", tmp_path / "out") == 0
    assert Image.open(tmp_path / "out" / "a-cutout.png").size == (40, 30)


# --- names


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_no_name_stops_a_batch(tmp_path, capsys):
    stems = [
        *(b"plain", b"caf\xe9", b"two\nlines", b"-o", b"--help", b"a b'c\"d", b"%s{0}[x]", "\u202eright".encode()),
        *(unicodedata.normalize("NFD", "Größe").encode(), b"n" * 200, b"n" * 251),
    ]
    for stem in stems:
        picture(Path(os.fsdecode(os.fsencode(tmp_path / "images") + b"/" + stem + b".png")))
        trimap(Path(os.fsdecode(os.fsencode(tmp_path / "trimaps") + b"/" + stem + b".png")))
    code = predict(tmp_path / "images", tmp_path / "trimaps", "-o", tmp_path / "out")
    out, err = capsys.readouterr()
    written = {os.fsencode(path.name).removesuffix(b"-cutout.png") for path in (tmp_path / "out").glob("*-cutout.png")}
    assert written == set(stems) - {b"n" * 251}  # with -alpha.png that one is longer than a name may be
    assert code == 1
    assert "1 of 11 images failed" in err
    assert len(out.splitlines()) == 2 * (len(stems) - 1)
    assert "caf\\udce9-alpha.png" in out
    assert "two\\nlines-alpha.png" in out


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_reports_hold_every_name(tmp_path, capsys):
    images = tmp_path / "data" / "image"
    for folder, make in (
        (images, picture),
        (tmp_path / "data" / "trimap", trimap),
        (tmp_path / "data" / "alpha", trimap),
    ):
        make(Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png")))
        make(Path(os.fsdecode(os.fsencode(folder) + b"/two\nlines.png")))
    left = a2u("matting", "evaluate", "--classical", "knn", "--data", tmp_path / "data", "-o", tmp_path / "out")
    assert left.code == 0
    out = left.out
    assert "caf\\udce9 " in out
    assert "two\\nlines " in out
    for kind in ("json", "csv", "txt"):
        assert "caf\\udce9" in (tmp_path / "out" / f"scores.{kind}").read_text(encoding="utf-8")
