"""Formulas as MathML: every browser of today shows it without a script, and a screen reader can read it.

latex2mathml converts; here its output is fitted to MathML Core, which knows fewer attributes than MathML 3 did, and
function names get the thin spaces that TeX gives them.
"""

import re
from functools import cache
from xml.etree import ElementTree as ET

from a2u.errors import A2UError

_TAG = re.compile(r"\\tag\{([^}]*)\}")
_REWRITE = {
    r"\arg\max": r"\operatorname{argmax}",
    r"\arg\min": r"\operatorname{argmin}",
    "{aligned}": "{align*}",
}
_SPACE = "0.167em"  # TeX's thin space
_SCRIPTED = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
_BARS = ("|", "‖", "∥")
_INFIX = ("mod",)
_VARIANTS = {  # where Unicode has these letters: the attribute is no part of MathML Core
    "bold": (("A", "Z", 0x1D400), ("a", "z", 0x1D41A), ("0", "9", 0x1D7CE)),
    "bold-italic": (("A", "Z", 0x1D468), ("a", "z", 0x1D482), ("0", "9", 0x1D7CE)),
    "double-struck": (("0", "9", 0x1D7D8),),
}


@cache
def mathml(latex: str, display: str = "inline") -> str:
    r"""One formula as a ``<math>`` element, for ``display`` "inline" or "block".

    A ``\tag{1}`` becomes a number at the right end of the line, as TeX sets it.

    Raises:
        A2UError: the formula has a command that is not known, or cannot be read.
    """
    latex = latex.strip()
    tag = _TAG.search(latex)
    found = _read(_TAG.sub("", latex), display)
    _fit(found)
    found.set("alttext", latex)
    text = ET.tostring(found, encoding="unicode")
    if display == "inline":
        return text
    number = f'<span class="number">({tag[1]})</span>' if tag else ""
    return f'<span class="equation">{text}{number}</span>'


def _read(latex: str, display: str) -> ET.Element:
    from latex2mathml.converter import convert

    plain = latex.replace(r"\{", "").replace(r"\}", "")
    if plain.count("{") != plain.count("}"):
        raise A2UError(f"The formula ${latex}$ opens {plain.count('{')} braces and closes {plain.count('}')}.")
    source = latex
    for old, new in _REWRITE.items():
        source = source.replace(old, new)
    try:
        text = convert(source, display=display).replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
        found = ET.fromstring(text)
    except Exception as error:  # its own errors have no common class
        raise A2UError(f"The formula ${latex}$ cannot be read ({type(error).__name__}: {error}).") from error
    unknown = sorted({part.text for part in found.iter() if part.text and ("\\" in part.text or part.text == "&")})
    if unknown:
        raise A2UError(
            f"The formula ${latex}$ uses {', '.join(unknown)}, which latex2mathml does not know. Write it another way, "
            r"e.g. with \operatorname{…}, or teach a2u.site.mathematics to rewrite it."
        )
    return found


def _fit(parent: ET.Element) -> None:
    """Rewrite the children of an element, and theirs, in place."""
    for child in parent:
        _fit(child)
    _join_letters(parent)
    for child in parent:
        text = child.text or ""
        if child.tag == "mo" and len(text) > 1 and text.isalpha() and text not in _INFIX:
            child.tag, child.attrib = "mi", {}  # a name: `mo` would put spaces around it, even before a bracket
        if child.tag == "mo" and text in _BARS:
            child.attrib = {"stretchy": "false", **child.attrib, "lspace": "0", "rspace": "0"}
        if child.attrib.get("mathvariant") in _VARIANTS:
            variant = child.attrib.pop("mathvariant")
            child.text = "".join(_letter(letter, variant) for letter in text)
        if child.tag == "mtd" and "columnalign" in child.attrib:
            child.set("style", f"text-align: {child.attrib.pop('columnalign')}")
    if parent.tag in ("mrow", "math", "mtd"):
        _space_names(parent)


def _join_letters(parent: ET.Element) -> None:
    r"""The letters of one ``\mathrm{RMSE}`` are one name."""
    upright = [child.tag == "mi" and child.attrib.get("mathvariant") == "normal" for child in parent]
    if parent.tag == "mrow" and len(parent) > 1 and all(upright):
        name = ET.Element("mi")
        name.text = "".join(child.text or "" for child in parent)
        parent[:] = [name]


def _letter(letter: str, variant: str) -> str:
    """The letter or digit among the mathematical ones of a variant, or itself."""
    for first, last, start in _VARIANTS[variant]:
        if first <= letter <= last:
            return chr(start + ord(letter) - ord(first))
    return letter


def _is_name(part: ET.Element) -> bool:
    """log, log₁₀, RMSE, …: a name of several letters, with or without sub- and superscripts."""
    if part.tag in (*_SCRIPTED, "mrow") and len(part) and (part.tag != "mrow" or len(part) == 1):
        return _is_name(part[0])
    return part.tag == "mi" and len(part.text or "") > 1


def _space_names(row: ET.Element) -> None:
    parts = list(row)
    spaced: list[ET.Element] = []
    for before, part in zip([None, *parts], parts, strict=False):
        both = before is not None and {before.tag, part.tag}.isdisjoint({"mo", "mspace", "mtext"})
        if before is not None and both and (_is_name(before) or _is_name(part)):
            spaced.append(ET.Element("mspace", {"width": _SPACE}))
        spaced.append(part)
    row[:] = spaced
