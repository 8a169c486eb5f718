"""MNIST and Fashion-MNIST as tensors that say where they came from.

By default a real, class-balanced sample that ships with the package (4,000 training and 1,000 test images
of each set); the full sets (60,000 and 10,000) from a folder of IDX files or, if asked, by torchvision.
Every file's checksum is compared with the known one; nothing is ever silently replaced by something else.

Sources: Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits* (CC BY-SA 3.0);
H. Xiao, K. Rasul, R. Vollgraf, *Fashion-MNIST*, 2017 (MIT, Zalando SE).
"""

import contextlib
import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from a2u.data import checksums, idx
from a2u.errors import A2UError, near_match
from a2u.files.reading import Unreadable, expanded

SAMPLE = Path(__file__).parent / "sample"
CACHE = "~/.cache/a2u"

FOLDERS = {"mnist": "MNIST", "fashion": "FashionMNIST"}
RESIZES = ("bilinear", "pad")
TITLES = {"mnist": "MNIST", "fashion": "Fashion-MNIST"}
CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
}
STEMS = {"train": "train", "test": "t10k"}  # how the file names begin for each split


@dataclass(frozen=True)
class Digits:
    """One split of one data set.

    images: uint8 (N, 28, 28). labels: int64 (N,), an index into `classes`. source: a phrase that says
    which data these are. edition: "sample" or "full". sha256: the digest of all pixels, then all labels.
    """

    images: Tensor
    labels: Tensor
    name: str
    split: str
    edition: str
    source: str
    sha256: str

    def __len__(self) -> int:
        return len(self.images)

    @property
    def title(self) -> str:
        """The name as papers write it."""
        return TITLES[self.name]

    @property
    def classes(self) -> tuple[str, ...]:
        """What the ten labels mean."""
        return CLASSES[self.name]


def load(name: str = "mnist", split: str = "train", data: str | Path | None = None, download: bool = False) -> Digits:
    """Load one split.

    Args:
        name: "mnist" or "fashion".
        split: "train" or "test".
        data: A folder that holds the IDX files, plain or .gz, in `MNIST/`, `MNIST/raw/` (`FashionMNIST/` for
            fashion) or directly. None: the sample inside the package, or the cache when `download` is set.
        download: Fetch the full set through torchvision if it is not in `data` (or `~/.cache/a2u`) yet.

    Raises:
        A2UError: Unknown name or split; no such files; a damaged, incomplete or different file.

    >>> digits = load("mnist", "test")
    >>> digits.images.shape, digits.source
    (torch.Size([1000, 28, 28]), "the embedded sample: 1,000 of MNIST's 10,000 test images")
    """
    for value, known in ((name, list(FOLDERS)), (split, list(STEMS))):
        if value not in known:
            raise A2UError(f"There is no {value!r} here. {near_match(value, known)}")
    if data is None and not download:
        folder, remedy = SAMPLE, "Install a2u again: its own sample is damaged."
    else:
        folder = expanded(CACHE if data is None else data)
        remedy = "Delete that file and get it again from its source, or leave out `data` for the sample."
    if download:
        _download_missing(name, folder)
    stems = f"{STEMS[split]}-images", f"{STEMS[split]}-labels"
    images_path, labels_path = (_find(folder, name, stem) for stem in stems)
    images, edition = _read_known(images_path, name, stems[0], remedy)
    labels, labels_edition = _read_known(labels_path, name, stems[1], remedy)
    if edition != labels_edition:
        raise A2UError(f"{images_path} belongs to the {edition} set, {labels_path} to the {labels_edition}.")
    digest = hashlib.sha256(images.numpy().tobytes())
    digest.update(labels.numpy().tobytes())
    source = _source(edition, name, split, len(images), images_path.parent)
    return Digits(images, labels.long(), name, split, edition, source, digest.hexdigest())


def to_float32x32(images: Tensor | Digits, resize: str = "bilinear") -> Tensor:
    """Network input: uint8 (N, 28, 28) → float32 (N, 1, 32, 32) in [0, 1]; 32 divides by 2 three times, 28 does not.

    resize: "bilinear" interpolates, pixel centres aligned by area (`align_corners=False`); "pad" leaves the pixels
    as they are and puts zeros around them (28×28 only).
    """
    pixels = images.images if isinstance(images, Digits) else images
    if pixels.dim() != 3 or pixels.dtype != torch.uint8:
        raise A2UError(f"Images are uint8 (N, H, W), given {pixels.dtype} {tuple(pixels.shape)}.")
    if len(pixels) == 0:
        return pixels.new_empty((0, 1, 32, 32), dtype=torch.float32)
    unit = pixels.unsqueeze(1).to(torch.float32) / 255  # N 1 28 28
    if resize == "pad":
        return F.pad(unit, (2, 2, 2, 2))
    if resize != "bilinear":
        raise A2UError(f"There is no resize {resize!r}. {near_match(resize, RESIZES)}")
    return F.interpolate(unit, size=(32, 32), mode="bilinear", align_corners=False)


def _find(folder: Path, name: str, stem: str) -> Path:
    """The first of the layouts that people have: FOLDER/MNIST/raw, FOLDER/MNIST, FOLDER; plain before .gz."""
    if not folder.is_dir():
        raise A2UError(f"The data folder {folder} does not exist. Give a folder of IDX files, or none for the sample.")
    places = [folder / FOLDERS[name] / "raw", folder / FOLDERS[name], folder]
    dimensions = 3 if stem.endswith("images") else 1
    files = [f"{stem}{dash}idx{dimensions}-ubyte{end}" for dash in "-." for end in ("", ".gz")]
    for place in places:
        for file in files:
            if (place / file).is_file():
                return place / file
    raise A2UError(
        f"{folder} holds no {TITLES[name]} file {files[0]}[.gz] (looked in {', '.join(map(str, places))}). "
        f"Point `data` at a folder of IDX files, "
        f"add `download=True` to fetch the set, or leave both out for the sample."
    )


def _is_there(folder: Path, name: str, stem: str) -> bool:
    try:
        return bool(_find(folder, name, stem))
    except A2UError:
        return False


def _read_known(path: Path, name: str, stem: str, remedy: str) -> tuple[Tensor, str]:
    """The tensor in `path` and its edition, once the checksum says that it is what it should be."""
    sample = path.is_relative_to(SAMPLE)
    wanted = checksums.expected("sample" if sample else "full", name, stem)
    try:
        content = idx.read_content(path)
    except Unreadable:  # only now: its content may be sound
        raise
    except A2UError as error:
        raise A2UError(f"{error} Its content should have SHA-256 {wanted}. {remedy}") from error
    found = hashlib.sha256(content).hexdigest()
    known = checksums.KNOWN.get(found)
    if known is not None and (known.name, known.stem) == (name, stem):
        return idx.parse(content, path), known.edition
    if known is not None:
        what = f"is {TITLES[known.name]}'s {known.stem}, not {TITLES[name]}'s {stem}"
    else:
        what = f"is not {TITLES[name]}'s {stem} but {len(content):,} bytes that a2u does not know"
    raise A2UError(f"{path} {what}. Expected SHA-256 {wanted}, found {found}. {remedy}")


def _source(edition: str, name: str, split: str, count: int, folder: Path) -> str:
    word = "training" if split == "train" else "test"
    if edition == "full":
        return f"the full {TITLES[name]}: {count:,} {word} images from {folder}"
    whole = 60_000 if split == "train" else 10_000
    place = "the embedded sample" if folder.is_relative_to(SAMPLE) else f"a2u's sample in {folder}"
    return f"{place}: {count:,} of {TITLES[name]}'s {whole:,} {word} images"


def _download_missing(name: str, folder: Path) -> None:
    """Let torchvision fetch the files that are not in `folder` yet, into `folder`/MNIST/raw; existing files stay."""
    stems = [f"{split}-{kind}" for split in STEMS.values() for kind in ("images", "labels")]
    stems = [stem for stem in stems if not _is_there(folder, name, stem)]
    if not stems:
        return
    try:
        from torchvision.datasets import MNIST, FashionMNIST
    except ImportError as error:
        raise A2UError(
            "Downloading needs torchvision, which is not installed: pip install 'a2u-upsampling[lab]', "
            "or get the IDX files yourself and give their folder as `data`."
        ) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as unfinished,
            contextlib.redirect_stdout(sys.stderr),  # stdout stays free for results
        ):
            {"mnist": MNIST, "fashion": FashionMNIST}[name](unfinished, download=True)
            target = folder / FOLDERS[name] / "raw"
            target.mkdir(parents=True, exist_ok=True)
            for stem in stems:
                file = _find(Path(unfinished), name, stem)
                file.replace(target / file.name)
    except (OSError, RuntimeError) as error:  # URLError is an OSError
        raise A2UError(
            f"{TITLES[name]} could not be downloaded into {folder} ({' '.join(str(error).split())}). "
            f"Are you online, and is the folder writable? Otherwise give a folder of IDX files as `data`, "
            f"or leave both out for the sample."
        ) from error
