"""The test cases of Composition-1k: each foreground over twenty backgrounds, composed already or to be composed."""

import re
from pathlib import Path

from a2u.errors import A2UError
from a2u.matting.data.entries import COMPOSED, TRIMAPS, Entry, LayerFiles
from a2u.matting.data.listing import Pictures, child, fault, fold, listed, natural, pictures, stem

NUMBERED = re.compile(r"(.+)_(\d+)")  # of Composition-1k: NAME_19 is NAME over its twentieth background


def composition_1k(test: Path, folder: Path) -> list[Entry]:
    """Each foreground once for each of its trimaps NAME_0, NAME_1, …; the lists say over which backgrounds.

    The list of backgrounds names the same number for each foreground, so the place of a case follows from its
    foreground and its number, whatever files are missing before it.
    """
    colours, alphas = child(folder, "fg"), child(folder, "alpha")
    trimaps, composed = child(folder, *TRIMAPS), child(folder, *COMPOSED) or child(test, *COMPOSED)
    if not (colours and alphas and trimaps):
        return []
    fronts, mattes, known = pictures(colours), pictures(alphas), pictures(trimaps)
    ready = pictures(composed) if composed else Pictures()
    names = [stem(line) for line in listed(test, "test_fg_names.txt")] or list(fronts)
    behind = listed(test, "test_bg_names.txt")
    if len(behind) % len(names):
        raise A2UError(
            f"test_bg_names.txt of {test} has {len(behind)} lines for {len(names)} foregrounds: it must name the "
            f"same number of backgrounds for each, in the order of test_fg_names.txt. Get both lists again."
        )
    parts = [NUMBERED.fullmatch(key) for key in known]
    keys = {(fold(part[1]), int(part[2])): part[0] for part in parts if part}
    each = len(behind) // len(names) or max((number for _, number in keys), default=0) + 1
    entries = []
    for index, name in enumerate(names):
        more = sorted(number for other, number in keys if other == fold(name) and number >= each)
        for number in [*range(each), *more]:
            key = keys.get((fold(name), number), f"{name}_{number}")
            lacks = [fault(name, {colours: fronts, alphas: mattes}), fault(key, {trimaps: known})]
            lacks += [fault(key, {composed: ready})] if composed else []
            if number >= each:
                lacks.append(f"it has number {number}, but test_bg_names.txt names {each} backgrounds per foreground.")
            place = index * each + number
            entries.append(
                Entry(
                    key, mattes.partner(name), ready.partner(key), _pair(name, fronts, mattes), known.partner(key),
                    behind[place] if number < each and behind else None, fault=_all(lacks),
                )
            )  # fmt: skip
    return entries


def merged(test: Path, folder: Path) -> list[Entry]:
    """Composed pictures NAME_0, NAME_1, … each with a trimap, and with an alpha of its own or one, NAME, for all."""
    composed = child(folder, *COMPOSED) or child(test, *COMPOSED)
    trimaps, alphas = (child(folder, *each) or child(test, *each) for each in (TRIMAPS, ("alpha", "alpha_copy")))
    if composed is None or (trimaps is None and alphas is None):
        return []
    images = pictures(composed)
    known, truth = (None if each is None else pictures(each) for each in (trimaps, alphas))
    names = dict.fromkeys(sorted({*images, *(known or ())}, key=natural))  # a trimap without its picture is a case too
    alike = {fold(name) for name in images}
    entries = []
    for name in names:
        if name not in images and fold(name) in alike:
            continue  # the partner of a picture
        numbered = NUMBERED.fullmatch(name)
        alpha = None
        if truth:
            alpha = truth.partner(name, images) or (truth.partner(numbered[1]) if numbered else None)
        lacks = [fault(name, {composed: images} | ({trimaps: known} if trimaps and known else {}), images)]
        if alphas and alpha is None:
            lacks.append(f"there is no {name}{f' and no {numbered[1]}' if numbered else ''} in {alphas}.")
        trimap = known.partner(name, images) if known else None
        entries.append(Entry(name, alpha, images.partner(name), trimap=trimap, fault=_all(lacks)))
    return entries


def _pair(name: str, fronts: Pictures, mattes: Pictures) -> LayerFiles | None:
    colour, alpha = fronts.partner(name), mattes.partner(name)
    return LayerFiles(colour, alpha) if colour and alpha else None


def _all(lacks: list[str | None]) -> str | None:
    return " ".join(each for each in lacks if each) or None
