"""Trained rows of Table 1 on a terminal: what was measured, beside what the paper reports."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from a2u.commands.tables import text
from a2u.data.digits import TITLES
from a2u.reconstruction.rows import EXTRA, ROWS, row


@dataclass(frozen=True)
class TrainedRow:
    """One trained row. source: which test images the metrics are of; seconds: of training, all epochs."""

    row: str
    set: str
    preset: str
    epochs: int
    psnr: float
    ssim: float
    rmse: float
    mae: float
    seconds: float
    source: str
    test_sha256: str
    run: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the fields, and under "paper" its numbers, or null for a row outside the table."""
        paper = row(self.row).paper.get(self.set)
        return {**asdict(self), "paper": paper._asdict() if paper else None}


def table_1(results: Sequence[TrainedRow]) -> str:
    """The results in the order of Table 1, one block for each data set; the paper's PSNR and SSIM at the right."""
    lines: list[str] = []
    order = [*ROWS, *EXTRA]
    for set_name in dict.fromkeys(result.set for result in results):
        found = sorted((r for r in results if r.set == set_name), key=lambda r: order.index(r.row))
        heads = (TITLES[set_name], ">PSNR", ">SSIM", ">RMSE", ">MAE", ">seconds", ">paper PSNR", ">paper SSIM")
        lines.append(text(heads, [_cells(result) for result in found]))
        presets = sorted({f"{result.preset}, {result.epochs} epoch{'s' * (result.epochs > 1)}" for result in found})
        lines.append(f"Measured on {'; '.join(sorted({result.source for result in found}))}.")
        lines.append(f"Preset: {'; '.join(presets)}. The paper: 100 epochs on all 60,000 images.")
    return "\n".join(lines)


def _cells(result: TrainedRow) -> list[str]:
    paper = row(result.row).paper.get(result.set)
    own = [f"{result.psnr:.2f}", *(f"{each:.4f}" for each in (result.ssim, result.rmse, result.mae))]
    theirs = [f"{paper.psnr:.2f}", f"{paper.ssim:.4f}"] if paper else ["–", "–"]
    return [row(result.row).title, *own, f"{result.seconds:.0f}", *theirs]
