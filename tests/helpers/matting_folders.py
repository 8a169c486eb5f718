"""Small data sets in every layout, for tests."""

from pathlib import Path

import numpy as np
from PIL import Image


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def pair(folder: Path, name: str, fg: str = "fg", alpha: str = "alpha", size: int = 40) -> None:
    generator = np.random.default_rng(len(name))
    save(folder / fg / f"{name}.png", generator.integers(0, 255, (size, size, 3)).astype(np.uint8))
    ramp = np.linspace(-100, 355, size).clip(0, 255).round().astype(np.uint8)
    save(folder / alpha / f"{name}.png", np.broadcast_to(ramp, (size, size)).copy())


def trimap_file(path: Path, size: int = 40) -> None:
    known = np.full((size, size), 128, dtype=np.uint8)
    known[:, :5], known[:, -5:] = 0, 255
    save(path, known)


def backgrounds(folder: Path, name: str = "b", count: int = 3) -> None:
    """Flat pictures, the lighter the higher their number."""
    for number in range(count):
        save(folder / f"{name}{number}.jpg", np.full((30, 50, 3), min(60 * number + 40, 255), dtype=np.uint8))


def adobe(root: Path) -> None:
    """Adobe Image Matting as it is put together: COCO for training and VOC for the test, both beside it."""
    base = root / "Combined_Dataset"
    licensed = base / "Test_set" / "Adobe-licensed images"
    pair(base / "Training_set" / "Adobe-licensed images", "one")
    pair(base / "Training_set" / "Other", "two")
    pair(base / "Training_set" / "Other", "three")
    for name in ("dog", "cat"):
        pair(licensed, name)
        for number in (0, 1):
            trimap_file(licensed / "trimaps" / f"{name}_{number}.png")
    (licensed.parent / "test_fg_names.txt").write_text("dog.png\ncat.png\n")
    (licensed.parent / "test_bg_names.txt").write_text("v2.jpg\nv0.jpg\nv1.jpg\nv2.jpg\n")
    backgrounds(base / "train2014", "coco", 4)
    backgrounds(base / "VOCdevkit" / "VOC2012" / "JPEGImages", "v")


def published(root: Path, front: bool = False) -> None:
    """Adobe Image Matting as the published code of A²U lays it out; IndexNet's has the test's foregrounds too."""
    base = root / "Combined_Dataset"
    for name in ("one", "two", "three"):
        pair(base / "Training_set", name)
    backgrounds(base / "Training_set" / "train2014", "coco", 4)
    for name in ("boy_1920", "boy"):
        pair(base / "Test_set", name)
        for number in (0, 1, 10):
            trimap_file(base / "Test_set" / "trimaps" / f"{name}_{number}.png")
            level = 10 * len(name) + number
            save(base / "Test_set" / "merged" / f"{name}_{number}.png", np.full((40, 40, 3), level, np.uint8))
    if not front:
        for file in (base / "Test_set" / "fg").iterdir():
            file.unlink()
        (base / "Test_set" / "fg").rmdir()


def distinctions(root: Path) -> None:
    for name in ("one", "two", "three"):
        pair(root / "Train", name, "FG", "GT")
    pair(root / "Test", "four", "FG", "GT")
    backgrounds(root / "bg", count=4)


def plain(root: Path) -> None:
    for name in ("one", "two", "three"):
        pair(root, name)
    backgrounds(root / "bg", count=4)


def alphamatting(root: Path, trimaps: int = 2) -> None:
    pair(root, "GT01", "input_training_lowres", "gt_training_lowres")
    for number in range(1, trimaps + 1):
        trimap_file(root / "trimap_training_lowres" / f"Trimap{number}" / "GT01.png")
