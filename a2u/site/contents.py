"""What the pages of a site share: the page of contents, style sheets, scripts, and what others made."""

import base64
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from a2u.site.export import markdown, template
from a2u.site.lesson import PICTURES, Lesson, size
from a2u.site.markup import Section
from a2u.site.mathematics import mathml
from a2u.site.pages import ICON, NOTATION_PAGE, notation_page, safe, search_script

HERE = Path(__file__).parent
ASSETS = "assets"
MARKER = f"{ASSETS}/LICENSES.txt"  # a folder without it was not written by us, and is not replaced


def write_assets(out: Path, pages: bool) -> None:
    """Style sheets, scripts and what others made, with its licences."""
    folder = out / ASSETS
    folder.mkdir(parents=True, exist_ok=True)
    own = ["cells.css", "deck.css", "deck.js", "moving.js", *(["site.css", "site.js"] if pages else [])]
    for name in own:
        shutil.copyfile(HERE / "static" / name, folder / name)
    for name in ("reveal.css", "reveal.js"):
        text = (HERE / "vendor" / "reveal" / name).read_text(encoding="utf-8")
        text = re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE)  # the map is not here
        (folder / name).write_text(text, encoding="utf-8")
    # In the style sheet itself: some browsers let a page in a folder load no font from a file.
    font = base64.b64encode((HERE / "vendor" / "stix" / "STIXTwoMath.woff2").read_bytes()).decode()
    face = f'font-family: "STIX Two Math"; src: url(data:font/woff2;base64,{font}) format("woff2"); font-display: swap'
    (folder / "math.css").write_text(f'@font-face {{ {face} }}\nmath {{ font-family: "STIX Two Math", math }}\n')
    licences = [
        f"{title}\n{'=' * len(title)}\n\n{(HERE / 'vendor' / name / 'LICENSE').read_text(encoding='utf-8')}"
        for title, name in (("reveal.js 5.2.1", "reveal"), ("STIX Two Math, changed", "stix"))
    ]
    (folder / "LICENSES.txt").write_text("\n\n".join(licences), encoding="utf-8")


def write_notation(out: Path, text: str, order: Sequence[Lesson]) -> None:
    """The page of notation that every lesson links; nothing where the notebooks have none."""
    if text:
        (out / NOTATION_PAGE).write_text(notation_page(text, order), encoding="utf-8")


def write_contents(out: Path, order: Sequence[Lesson], sections: Sequence[Section] | None, figures: Path) -> None:
    """The page of contents, which links the lessons that are there, and what the search knows.

    Args:
        out: the site.
        order: its lessons.
        sections: of all pages; None where there are slides alone.
        figures: the folder with the project's pictures; those that are not there are left out.
    """
    values: dict[str, Any] = {
        "title": "a2u: how neural networks upsample",
        "description": "A course on upsampling: every operator as y = wᵀz, with the w and the z behind any value.",
        "icon": ICON,
        "lessons": order,
        "goals": {each.name: [_inline(goal) for goal in each.goals] for each in order},
        "time": _duration(sum(each.minutes for each in order)),
        "exercises": _duration(sum(each.exercises for each in order)).removesuffix(" hours"),
    }
    if sections is None:
        (out / "index.html").write_text(template("decks.html.j2").render(**values), encoding="utf-8")
        return
    (out / ASSETS / "search.js").write_text(search_script(sections, order), encoding="utf-8")
    values["formula"] = safe(mathml(r"y = g(w, z) = w^\top z", "block"))
    values["inspector"] = _figure(figures / "inspector.png", out, _INSPECTOR)
    values["map"] = _figure(figures / "operators.png", out, _MAP)
    (out / "index.html").write_text(template("index.html.j2").render(**values), encoding="utf-8")


def _inline(text: str) -> Any:
    return safe(re.sub(r"^<p>|</p>$", "", markdown(text).strip()))


def _duration(minutes: int) -> str:
    return f"{round(minutes / 60)} hours" if minutes >= 90 else f"{minutes} minutes"


_INSPECTOR = (
    "One value on the edge of a digit in a trained network: the window z on the 16×16 map, the kernel w that A²U made "
    "for this place, their products, and the sum in the 32×32 output."
)
_MAP = "The family tree of operators: by distance, learned once, from features, from pairs of features."


def _figure(path: Path, out: Path, alt: str) -> dict[str, Any] | None:
    """A picture of figures/ on the contents page, if it is there."""
    if not path.is_file():
        return None
    png = path.read_bytes()
    (out / PICTURES).mkdir(exist_ok=True)
    (out / PICTURES / path.name).write_bytes(png)
    width, height = size(png)
    return {"file": f"{PICTURES}/{path.name}", "alt": alt, "width": width, "height": height}
