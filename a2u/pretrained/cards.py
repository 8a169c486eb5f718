"""The cards of the weights that ship: one JSON file beside each safetensors file, `GROUP/NAME.json`.

A name is group and file: "toy/a2u-mnist" is the row a2u of Table 1, trained on MNIST; "matting/dynamic-cs" is a row
of Table 2.
"""

import builtins
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from a2u.errors import A2UError, near_match
from a2u.matting.rows import ROWS as MATTING_ROWS
from a2u.reconstruction.rows import EXTRA, ROWS

HOME = Path(__file__).parent
GROUP = "toy"  # the auto-encoders of section 5
MATTING = "matting"  # the networks of section 6
REMEDY = "Install a2u again, or make the weights anew with `a2u pretrained export`."


@dataclass(frozen=True)
class Card:
    """What a set of weights is, and where it comes from.

    settings: everything that the training was asked for, as its run's config.json has it. set, edition: which data;
    of matting, "synthetic", or the name of a folder. test: which images the metrics are of. metrics: "psnr" (dB),
    "ssim", "rmse" and "mae", of matting "sad", "mse", "grad" and "conn", under "full" (float32, as trained) and
    "stored" (as loaded here). storage: how the values are kept, see `a2u.pretrained.packing`.
    bytes, sha256: of the safetensors file. date: when the training ended (UTC).
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

    def as_json(self) -> builtins.bytes:
        """The content of its file."""
        return (json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n").encode()


def names(home: Path = HOME) -> list[str]:
    """The weights that are here, in the order of Table 1, MNIST first, and of Table 2."""
    order = [f"{GROUP}/{row}-{set}" for set in ("mnist", "fashion") for row in (*ROWS, *EXTRA)]
    order += [f"{MATTING}/{row}" for row in MATTING_ROWS]
    found = {path.relative_to(home).with_suffix("").as_posix() for path in home.glob("*/*.json")}
    return [name for name in order if name in found] + sorted(found - set(order))


def card(name: str, home: Path = HOME) -> Card:
    """The card called `name`.

    Raises:
        A2UError: There is none of that name (the near match is told), or its file is damaged.
    """
    known = names(home)
    if name not in known:
        advice = near_match(name, known) if known else "None are installed. `a2u pretrained export` makes them."
        raise A2UError(f"There are no pretrained weights {name!r}. {advice}")
    path = home / f"{name}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if set(found) != {field.name for field in fields(Card)} or found["name"] != name:
            raise ValueError("other fields than a card has")
    except (OSError, ValueError, TypeError) as error:
        raise A2UError(f"The card {path} cannot be read ({error}). {REMEDY}") from error
    return Card(**found)
