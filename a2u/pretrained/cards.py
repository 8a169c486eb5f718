"""The cards of the weights that ship: one JSON file beside each safetensors file, `GROUP/NAME.json`.

A name is group and file: "toy/a2u-mnist" is the row a2u of Table 1, trained on MNIST; "matting/dynamic-cs" is a row
of Table 2.
"""

import builtins
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from a2u.errors import A2UError, near_match
from a2u.files.reading import MIB, read_json
from a2u.files.tensors import sha256
from a2u.matting.rows import ROWS as MATTING_ROWS
from a2u.reconstruction.rows import EXTRA, ROWS

HOME = Path(__file__).parent
GROUP = "toy"  # the auto-encoders of section 5
MATTING = "matting"  # the networks of section 6
REMEDY = "Install a2u again, or make the weights again with `a2u pretrained export`."


@dataclass(frozen=True)
class ModelCard:
    """What a set of weights is, and where it comes from.

    settings: all settings of the training, as its run's config.json has them. set, edition: which data;
    for matting, "synthetic", or the name of a folder. test: which images the metrics are of. metrics: "psnr" (dB),
    "ssim", "rmse" and "mae", for matting "sad", "mse", "grad" and "conn", under "full" (float32, as trained) and
    "stored" (as loaded here). storage: how the values are kept, see `a2u.pretrained.packing`.
    bytes, sha256: of the safetensors file. date: when the training ended (UTC). digest: of everything else on the card,
    see :meth:`seal`; cards of older versions have none.
    """

    name: str
    row: str
    set: str
    edition: str
    preset: str
    epochs: int
    settings: dict[str, Any]
    test: str
    metrics: dict[str, dict[str, float]]
    storage: str
    command: str
    torch: str
    date: str
    bytes: int
    sha256: str
    digest: str = ""

    @property
    def title(self) -> str:
        """The row as Table 1 or Table 2 prints it."""
        if self.group == MATTING:
            return MATTING_ROWS[self.row].title
        return {**ROWS, **EXTRA}[self.row].title

    @property
    def group(self) -> str:
        """ "toy" or "matting"."""
        return self.name.partition("/")[0]

    @property
    def training(self) -> str:
        """One sentence: how the weights were trained and what they reach.

        For the label of every picture that is made with them.
        """
        if self.group == MATTING:
            return self._matting_training()
        images = {"full": "all 60,000", "sample": "4,000"}[self.edition]
        data = {"mnist": "MNIST", "fashion": "Fashion-MNIST"}[self.set]
        passes = "1 pass" if self.epochs == 1 else f"{self.epochs} passes"
        psnr = self.metrics["stored"]["psnr"]
        reached = f"{psnr:.1f} dB on {self.test}"
        return f"Trained with the {self.preset} preset: {passes} over {images} {data} images; {reached}."

    def _matting_training(self) -> str:
        asked = self.settings
        steps = f"{self.epochs * asked['iterations']:,} iterations of batch {asked['batch']}"
        where = "the synthetic set" if self.set == "synthetic" else self.set
        return (
            f"Trained with the {self.preset} preset: width {asked['width']:g}, {steps} on {where}, crops "
            f"{asked['crop']}²; SAD {self.metrics['stored']['sad']:.3f} on {self.test}."
        )

    def seal(self) -> str:
        """The SHA-256 of all other values, as JSON with sorted keys: a changed number on the card is noticed."""
        values = {key: value for key, value in asdict(self).items() if key != "digest"}
        return sha256(json.dumps(values, sort_keys=True).encode())

    def as_json(self) -> builtins.bytes:
        """The content of its file, with its digest."""
        return (json.dumps(asdict(replace(self, digest=self.seal())), indent=2, ensure_ascii=False) + "\n").encode()


def names(home: Path = HOME) -> list[str]:
    """The weights that are here, in the order of Table 1, MNIST first, and of Table 2."""
    order = [f"{GROUP}/{row}-{data_set}" for data_set in ("mnist", "fashion") for row in (*ROWS, *EXTRA)]
    order += [f"{MATTING}/{row}" for row in MATTING_ROWS]
    found = {path.relative_to(home).with_suffix("").as_posix() for path in home.glob("*/*.json")}
    return [name for name in order if name in found] + sorted(found - set(order))


def card(name: str, home: Path = HOME) -> ModelCard:
    """The card called `name`.

    Raises:
        A2UError: There are no weights of that name (the message gives the nearest one), or its file is damaged.
    """
    known = names(home)
    if name not in known:
        advice = near_match(name, known) if known else "None are installed. `a2u pretrained export` makes them."
        raise A2UError(f"There are no pretrained weights {name!r}. {advice}")
    path = home / f"{name}.json"
    found = read_json(path, _SHAPE, REMEDY, MIB)
    try:
        return _valid(found, name)
    except (ValueError, TypeError, KeyError) as error:
        raise A2UError(f"The card {path} is damaged or of another version: {error}. {REMEDY}") from error


def _valid(found: dict[str, Any], name: str) -> ModelCard:
    """The card with these values.

    Raises:
        ValueError, KeyError: They are not those of a card; the message says which.
    """
    known = [field.name for field in fields(ModelCard)]
    strange = [key for key in found if key not in known]
    if strange:
        raise ValueError(f"it has {', '.join(map(repr, strange))}, which a card of this version does not")
    made = ModelCard(**found)
    if made.name != name:
        raise ValueError(f"it is that of {made.name!r}")
    if made.digest and made.digest != made.seal():
        raise ValueError(f"its digest is {made.digest}, but its values have {made.seal()}")
    if len(made.sha256) != 64 or not set(made.sha256) <= set("0123456789abcdef") or made.bytes < 1:
        raise ValueError("its weights have no SHA-256 of 64 digits, or no size")
    try:
        _ = made.title, made.training  # every value that a label shows
    except KeyError as error:
        raise ValueError(f"{error} is not known here") from error
    return made


_TEXTS = ("name", "row", "set", "edition", "preset", "test", "storage", "command", "torch", "date", "sha256")
_SHAPE: dict[str, Any] = {
    **dict.fromkeys(_TEXTS, str),
    **{"epochs": int, "bytes": int, "settings": dict},
    "metrics": {"full": dict, "stored": dict},
}
