"""Files and folders of matting: what is converted, what is refused and how, and every layout."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from a2u.errors import A2UError
from a2u.matting import files
from a2u.matting.composition import compose
from a2u.matting.dataset import TrainSet
from a2u.matting.sources import open_test, open_train

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
    return {
        r"cut\.png cannot be read.*get it again": (files.read_image, folder / "cut.png"),
        r"text\.png cannot be read as a picture": (files.read_image, folder / "text.png"),
        r"gone\.png is not there": (files.read_alpha, folder / "gone.png"),
        r"transparency of its own \(6 pixels": (
            files.read_image,
            save(folder / "rgba.png", np.concatenate([COLOUR, half], -1)),
        ),
        r"holds colours, and an alpha or trimap is grey": (files.read_alpha, save(folder / "rgb.png", COLOUR)),
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


@pytest.mark.parametrize("number", range(10))
def test_a_file_that_cannot_be_used_is_explained(number, tmp_path):
    message, (read, path) = list(refusals(tmp_path).items())[number]
    with pytest.raises(A2UError, match=message):
        read(path)


# --- layouts


def pair(folder: Path, name: str, fg: str = "fg", alpha: str = "alpha", size: int = 40) -> None:
    generator = np.random.default_rng(len(name))
    save(folder / fg / f"{name}.png", generator.integers(0, 255, (size, size, 3)).astype(np.uint8))
    ramp = np.linspace(-100, 355, size).clip(0, 255).round().astype(np.uint8)
    save(folder / alpha / f"{name}.png", np.broadcast_to(ramp, (size, size)).copy())


def trimap_file(path: Path, size: int = 40) -> None:
    known = np.full((size, size), 128, dtype=np.uint8)
    known[:, :5], known[:, -5:] = 0, 255
    save(path, known)


def backgrounds(folder: Path, count: int = 3) -> None:
    for number in range(count):
        save(folder / f"b{number}.jpg", np.full((30, 50, 3), 60 * number + 40, dtype=np.uint8))


def adobe(root: Path) -> None:
    licensed = root / "Combined_Dataset" / "Test_set" / "Adobe-licensed images"
    pair(root / "Combined_Dataset" / "Training_set" / "Adobe-licensed images", "one")
    pair(root / "Combined_Dataset" / "Training_set" / "Other", "two")
    for name in ("dog", "cat"):
        pair(licensed, name)
        for number in (0, 1):
            trimap_file(licensed / "trimaps" / f"{name}_{number}.png")
    (licensed.parent / "test_fg_names.txt").write_text("dog.png\ncat.png\n")
    (licensed.parent / "test_bg_names.txt").write_text("b2.jpg\nb0.jpg\nb1.jpg\nb2.jpg\n")
    backgrounds(root / "Combined_Dataset" / "bg")


def distinctions(root: Path) -> None:
    pair(root / "Train", "one", "FG", "GT")
    pair(root / "Train", "two", "FG", "GT")
    pair(root / "Test", "three", "FG", "GT")
    backgrounds(root / "bg")


def plain(root: Path) -> None:
    pair(root, "one")
    pair(root, "two")
    backgrounds(root / "bg")


def alphamatting(root: Path) -> None:
    pair(root, "GT01", "input_training_lowres", "gt_training_lowres")
    for number in (1, 2):
        trimap_file(root / "trimap_training_lowres" / f"Trimap{number}" / "GT01.png")


@pytest.mark.parametrize(
    ("make", "title"), [(adobe, "Adobe Image Matting"), (distinctions, "Distinctions-646"), (plain, "plain")]
)
def test_foregrounds_of_each_layout_can_be_trained_on(make, title, tmp_path):
    make(tmp_path)
    source = open_train(tmp_path)
    assert source.describe.startswith(title)
    assert "2 foregrounds over 3 backgrounds" in source.describe
    sample = TrainSet(source, crop=32).sample(0, 0)
    assert torch.equal(sample.image, compose(sample.foreground, sample.background, sample.alpha))


def test_composition_1k_follows_its_lists(tmp_path):
    adobe(tmp_path)
    cases = open_test(tmp_path)
    assert cases.names == ["dog_0", "dog_1", "cat_0", "cat_1"]
    clear = [float(case.image[0, 0, 0]) * 255 for case in cases]  # alpha is 0 in this corner: the background alone
    assert [round((value - 40) / 60) for value in clear] == [2, 0, 1, 2]
    case = cases[0]
    assert case.image.shape == (3, 40, 40)
    assert case.alpha is not None
    assert set(case.trimap.unique().tolist()) == {0, 128, 255}


def test_composed_pictures_are_used_as_they_are(tmp_path):
    adobe(tmp_path)
    for name in ("dog_0", "dog_1", "cat_0", "cat_1"):
        save(tmp_path / "Combined_Dataset" / "Test_set" / "merged" / f"{name}.png", np.full((40, 40, 3), 9, np.uint8))
    cases = open_test(tmp_path)
    assert "as composed there" in cases.describe
    assert (cases[2].image * 255 == 9).all()


def test_distinctions_makes_its_trimaps_and_says_so(tmp_path):
    distinctions(tmp_path)
    cases = open_test(tmp_path)
    assert "1 test cases" in cases.describe
    assert "trimaps eroded here (15×15)" in cases.describe
    assert (cases[0].trimap == 128).any()


def test_alphamatting_has_each_picture_with_each_trimap(tmp_path):
    alphamatting(tmp_path)
    cases = open_test(tmp_path)
    assert cases.names == ["GT01-Trimap1", "GT01-Trimap2"]
    assert cases[0].alpha is not None
    with pytest.raises(A2UError, match="no foregrounds to train on"):
        open_train(tmp_path)


def test_unpublished_truth_is_none(tmp_path):
    save(tmp_path / "input_lowres" / "doll.png", np.zeros((40, 40, 3), np.uint8))
    trimap_file(tmp_path / "trimap_lowres" / "Trimap1" / "doll.png")
    cases = open_test(tmp_path)
    assert "0 with known alpha" in cases.describe
    assert cases[0].alpha is None


def test_one_bad_case_stops_no_batch_job(tmp_path):
    plain(tmp_path)
    save(tmp_path / "alpha" / "one.png", np.zeros((40, 39), dtype=np.uint8))
    cases, done, failed = open_test(tmp_path), [], []
    for index, name in enumerate(cases.names):
        try:
            done.append(cases[index].name)
        except A2UError as error:
            failed.append((name, str(error)))
    assert done == ["two"]
    assert failed[0][0] == "one"
    assert "one.png is 39×40" in failed[0][1]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "alpha" / "one.png").unlink(), "1 file.*no partner of the same name.*one"),
        (lambda root: [file.unlink() for file in (root / "fg").iterdir()], "holds no picture that could be used"),
        (lambda root: [file.unlink() for file in (root / "bg").iterdir()], "holds no picture that could be used"),
        (lambda root: (root / "bg").rename(root / "elsewhere"), "no backgrounds to compose over"),
        (lambda root: (root / "fg").rename(root / "front"), "none of the known layouts; it holds alpha, bg, front"),
        (lambda root: save(root / "fg" / "one.bmp", COLOUR), "one.bmp and one.png: which is meant"),
    ],
)
def test_an_incomplete_folder_is_explained(spoil, message, tmp_path):
    plain(tmp_path)
    spoil(tmp_path)
    with pytest.raises(A2UError, match=message):
        open_train(tmp_path)


def test_backgrounds_may_lie_elsewhere(tmp_path):
    plain(tmp_path / "set")
    (tmp_path / "set" / "bg").rename(tmp_path / "photographs")
    assert open_train(tmp_path / "set", tmp_path / "photographs").backgrounds == 3
