"""What the paper claims from Table 1, checked one by one against measured numbers.

The rows that a claim is about follow from the operators: from their cards, and from what they learn. A claim holds
if it holds for every pair of rows that it compares; a pair is named with both numbers where it does not. A claim
whose rows were not all measured is decided only if a measured pair already contradicts it.

That is what the numbers say. Whether another seed would say the same is a second question, "over_seeds": it is answered
from the paired differences between rows, seed by seed (`a2u.differences`), and a single seed leaves it
open.
"""

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

from torch import nn

from a2u.differences import Difference, difference
from a2u.operators import card
from a2u.reconstruction.experiment import build_model
from a2u.reconstruction.rows import ROWS

HOLDS, FAILS, UNKNOWN = "holds", "does not hold", "not measured"
OPEN = "cannot be told"  # over seeds
BySeed = Mapping[str, Mapping[int, float]]  # PSNR in dB, by row and seed


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


def check(psnr: Mapping[str, Mapping[str, float]], seeds: Mapping[str, BySeed] | None = None) -> list[dict[str, Any]]:
    """Every claim on every data set.

    Args:
        psnr: PSNR in dB by data set and row; a row that was not measured is absent.
        seeds: the same by data set, row and seed, of which `psnr` has the means. Without it each row counts as one
            run of one seed.

    Returns:
        Dicts with claim, set, verdict ("holds", "does not hold", "not measured"), numbers (a sentence), and paper and
        paper_numbers: the same from the paper's own numbers; over_seeds: see :func:`_over_seeds`.
    """
    found, kinds = [], groups()
    others = [name for name in ROWS if name not in kinds["learned guide"]]
    for data_set, measured in psnr.items():
        theirs = {name: row.paper[data_set].psnr for name, row in ROWS.items()}
        each = seeds[data_set] if seeds is not None else {name: {0: value} for name, value in measured.items()}
        for claim, better, worse in (
            ("Operators informed by features beat those by distance.", kinds["features"], kinds["distance"]),
            (
                "Learning from high-resolution features matters most: IndexNet and A²U beat every other row.",
                kinds["learned guide"],
                others,
            ),
        ):
            verdict, numbers = _compare(measured, better, worse)
            over = _over_seeds(each, list(product(better, worse)))
            found.append(_claim(claim, data_set, verdict, numbers, *_compare(theirs, better, worse), over))
        for ours, rival in product(kinds["a2u"], kinds["indexnet"]):
            claim = f"A²U beats {_short(rival)} with fewer parameters."
            verdict, numbers = _cheaper(measured, ours, rival)
            over = _over_seeds(each, [(ours, rival)])
            small, large = parameters(ours)[1], parameters(rival)[1]
            if small >= large:  # fails whatever any seed reaches
                over |= {"decision": FAILS, "reason": f"{small:,} ≥ {large:,} parameters, with every seed"}
            found.append(_claim(claim, data_set, verdict, numbers, *_cheaper(theirs, ours, rival), over))
    return found


def _claim(
    claim: str, data_set: str, verdict: str, numbers: str, paper: str, paper_numbers: str, over_seeds: dict[str, Any]
) -> dict[str, Any]:
    keys = ("claim", "set", "verdict", "numbers", "paper", "paper_numbers", "over_seeds")
    return dict(zip(keys, (claim, data_set, verdict, numbers, paper, paper_numbers, over_seeds), strict=True))


def _over_seeds(psnr: BySeed, pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Would another seed say the same? decision, reason (a sentence) and pairs (`Difference.as_dict`).

    "holds": each row lies above its rival by more than the spread over seeds; "does not hold": one lies below by more;
    "not measured": no pair lies below, and some share no seed; "cannot be told": everything else.
    """
    found = [each for better, worse in pairs if (each := difference(psnr, better, worse))]
    below = [each for each in found if each.sign < 0]
    undecided = [each for each in found if each.sign == 0]
    if below:
        decision, reason = FAILS, "; ".join(_words(each) for each in below)
    elif len(found) < len(pairs):
        decision, reason = UNKNOWN, f"{len(pairs) - len(found)} of {len(pairs)} pairs of rows share no seed"
    elif undecided:
        decision, reason = OPEN, _why_open(undecided, len(pairs))
    else:
        count = "" if len(pairs) == 1 else f"all {len(pairs)} pairs; the closest: "
        decision, reason = HOLDS, count + _words(_closest(found))
    return {"decision": decision, "reason": reason, "pairs": [each.as_dict() for each in found]}


def _why_open(undecided: list[Difference], count: int) -> str:
    """Why pairs are undecided: the spread over seeds, or that there is only one seed."""
    single = [each for each in undecided if each.n == 1]
    within = [each for each in undecided if each.n > 1]
    reasons = [f"{_words(each)} is within the spread over seeds" for each in within]
    if single:
        which = "" if len(single) == count else f", for {len(single)} of {count} pairs"
        closest = "" if count == 1 else "the closest pair: "
        reasons.append(f"one seed{which}, so no spread to compare with; {closest}{_words(_closest(single))}")
    return "; ".join(reasons)


def _closest(found: list[Difference]) -> Difference:
    return min(found, key=lambda each: each.mean)


def _words(each: Difference) -> str:
    return each.words(_short(each.better), _short(each.worse))


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
