"""What the paper claims from Table 1, checked one by one against measured numbers.

Which rows a claim speaks of follows from the operators: from their cards, and from what they learn. A claim holds
if it holds for every pair of rows that it compares; a pair is named with both numbers where it does not. A claim
whose rows were not all measured is decided only if a measured pair already contradicts it.
"""

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

from torch import nn

from a2u.operators import card
from a2u.reconstruction.experiment import build_model
from a2u.reconstruction.rows import ROWS

HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "not measured"


@cache
def parameters(row: str) -> tuple[int, int]:
    """Learned values of the row's whole network, and of its three upsampling operators."""
    model = build_model(ROWS[row])
    return _count(model), _count(model.up)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def groups() -> dict[str, list[str]]:
    """The rows that the claims speak of, by what their kernels are made from."""
    cards = {name: card(row.operator.partition(":")[0]) for name, row in ROWS.items()}
    return {
        "distance": [name for name, each in cards.items() if each.family == "distance"],
        "features": [name for name, each in cards.items() if each.family == "feature"],
        "learned guide": [name for name, each in cards.items() if each.needs_guide and parameters(name)[1]],
        "indexnet": [name for name, row in ROWS.items() if row.operator.startswith("indexnet")],
        "a2u": [name for name, row in ROWS.items() if row.operator.startswith("a2u")],
    }


def check(psnr: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """Every claim on every data set.

    Args:
        psnr: PSNR in dB by data set and row; a row that was not measured is absent.

    Returns:
        Dicts with claim, set, verdict ("holds", "does not hold", "not measured"), numbers (a sentence), and paper:
        the verdict from the paper's own numbers.
    """
    found, kinds = [], groups()
    others = [name for name in ROWS if name not in kinds["learned guide"]]
    for set, measured in psnr.items():
        theirs = {name: row.paper[set].psnr for name, row in ROWS.items()}
        for claim, better, worse in (
            ("Operators informed by features beat those by distance.", kinds["features"], kinds["distance"]),
            (
                "Learning from high-resolution features matters most: IndexNet and A²U beat every other row.",
                kinds["learned guide"],
                others,
            ),
        ):
            verdict, numbers = _compare(measured, better, worse)
            paper = _compare(theirs, better, worse)
            found.append(_claim(claim, set, verdict, numbers, *paper))
        for ours, rival in product(kinds["a2u"], kinds["indexnet"]):
            claim = f"A²U beats {_short(rival)} with fewer parameters."
            verdict, numbers = _cheaper(measured, ours, rival)
            found.append(_claim(claim, set, verdict, numbers, *_cheaper(theirs, ours, rival)))
    return found


def _claim(claim: str, set: str, verdict: str, numbers: str, paper: str, paper_numbers: str) -> dict[str, Any]:
    keys = ("claim", "set", "verdict", "numbers", "paper", "paper_numbers")
    return dict(zip(keys, (claim, set, verdict, numbers, paper, paper_numbers), strict=True))


def _compare(psnr: Mapping[str, float], better: list[str], worse: list[str]) -> tuple[str, str]:
    """Does every row of `better` lie above every row of `worse`?"""
    pairs = [(a, b) for a, b in product(better, worse) if a in psnr and b in psnr]
    wrong = [(a, b) for a, b in pairs if psnr[a] <= psnr[b]]
    missing = [name for name in (*better, *worse) if name not in psnr]
    if wrong:
        named = "; ".join(f"{_short(a)} {psnr[a]:.2f} ≤ {_short(b)} {psnr[b]:.2f} dB" for a, b in wrong)
        return FAILS, f"{len(pairs) - len(wrong)} of {len(pairs)} pairs hold, but not: {named}"
    if missing:
        return UNKNOWN, f"not run: {'; '.join(_short(name) for name in missing)}"
    low, high = min(better, key=psnr.__getitem__), max(worse, key=psnr.__getitem__)
    return HOLDS, (
        f"all {len(pairs)} pairs; the closest: {_short(low)} {psnr[low]:.2f} > {_short(high)} {psnr[high]:.2f} dB"
    )


def _cheaper(psnr: Mapping[str, float], ours: str, rival: str) -> tuple[str, str]:
    """Is `ours` both better and smaller than `rival`? Sizes are known without training."""
    small, large = (parameters(name)[1] for name in (ours, rival))
    size = f"{small:,} {'<' if small < large else '≥'} {large:,} parameters in the operators"
    if ours not in psnr or rival not in psnr:
        return (UNKNOWN if small < large else FAILS), f"{size}; PSNR not run"
    sign = ">" if psnr[ours] > psnr[rival] else "≤"
    holds = psnr[ours] > psnr[rival] and small < large
    return (HOLDS if holds else FAILS), f"{psnr[ours]:.2f} {sign} {psnr[rival]:.2f} dB; {size}"


def _short(name: str) -> str:
    return ROWS[name].title.partition(" – ")[2]
