"""The words of the course: spelt right, in British English, with links that lead somewhere.

Spelling is codespell's: a list of misspellings that people make, no network, no dictionary of all words. The same
package knows which words Americans write differently; turned round, its list finds what does not fit ours.
"""

import ast
import functools
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import codespell_lib
import nbformat
import pytest
from project import ROOT

ELSEWHERE = {".venv", "node_modules", ".git", ".uv", "runs", "vendor"}  # not ours to spell


def project(pattern: str) -> list[Path]:
    return sorted(path for path in ROOT.rglob(pattern) if not ELSEWHERE & set(path.relative_to(ROOT).parts))


PAGES = project("*.md")
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
SOURCES = [*project("*.py")]


def ids(paths: list[Path]) -> list:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


# --- spelling


def test_nothing_is_misspelt() -> None:
    """Lessons, pages, library and tools, comments and messages included; exceptions stand in pyproject.toml."""
    where = [
        "README.md",
        "notebooks/source",
        "notebooks/teacher/syllabus.md",
        "a2u",
        "Makefile",
        ".ci",
        "pyproject.toml",
    ]
    done = subprocess.run([sys.executable, "-m", "codespell_lib", *where], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("word", ["recieve", "seperate", "occured"])
def test_a_misspelling_would_be_found(word: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(f"The window will {word} it.")
    done = subprocess.run([sys.executable, "-m", "codespell_lib", tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert f"{word} ==>" in done.stdout


# Titles of papers, names in code that prose speaks of, and words that British English writes like this as well.
ALSO_BRITISH = {
    *("artifact", "artifacts", "visualizing", "writable", "program", "meter", "story", "math"),
    *("license", "licenses", "licensed", "licensing", "optimizer"),
}


@functools.cache
def american() -> dict[str, str]:
    """American spelling → British spelling."""
    lines = (Path(codespell_lib.__file__).parent / "data" / "dictionary_en-GB_to_en-US.txt").read_text().splitlines()
    pairs = [line.split("->") for line in lines]
    found = {us.strip(): gb for gb, all_us in pairs for us in all_us.split(",") if us.strip()}
    return {us: gb for us, gb in found.items() if us not in ALSO_BRITISH}


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of what is written for a reader: a page; comments and docstrings of a file; a picture's labels."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            yield getattr(node, "lineno", 1), ast.get_docstring(node, clean=False) or ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value if "plots" in path.parts else ""


def american_words(text: str) -> list[str]:
    """Words spelt in the American way, values in code and addresses left out."""
    code = [r"(?m)^ +\w+(, \w+)*:(?= )", r"\w+=", r"\b[A-Z_]{3,}\b", r"<[^>]*>"]  # arguments, options, constants, tags
    code += [r"`[^`]*`", r"\"\w+\"", r"\| \w+ (?=\|)", r"https?://\S+", r"\$[^$]*\$"]  # and values, in a table too
    words = re.sub("|".join(code), "", text)
    return [word for word in re.findall(r"[A-Za-z]+", words) if word.lower() in american()]


def test_american_spelling_is_recognised() -> None:
    assert american_words("Its color, `color` in code: the neighbor of the center") == [
        "color",
        "neighbor",
        "center",
    ]
    assert american()["behavior"] == "behaviour"
    assert american_words("    normalization: how, see NORMALIZATIONS. The normalization of w") == ["normalization"]


@pytest.mark.parametrize("path", ids([*PAGES, *(path for path in SOURCES if "tests" not in path.parts)]))
def test_spelling_is_british(path: Path) -> None:
    found = [
        f"line {line}: {word} → {american()[word.lower()]}"
        for line, text in prose(path)
        for word in american_words(text)
    ]
    assert found == []


# --- links

LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
ANCHOR = re.compile(r"<\w+\b[^>]*\b(?:href|src|srcset)=\"(?P<target>[^\"]*)\"")  # of a picture, too


def markdown(path: Path) -> str:
    """The text of a page without its code."""
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = path.read_text(encoding="utf-8")
    return re.sub(r"(?ms)^```.*?^```", "", text)


def links(text: str) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", text)
    return [match["target"] for pattern in (LINK, ANCHOR) for match in pattern.finditer(text)]


def anchors(text: str) -> set[str]:
    """What `#…` may name: each heading as Jupyter writes it (words joined by -) and as code hosts do (lower case)."""
    found = set()
    for heading in re.findall(r"(?m)^#{1,6}\s+(.+?)\s*#*$", text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found |= {plain.replace(" ", "-"), re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")}
    return found


def broken(target: str, path: Path, text: str) -> str | None:
    """What is wrong with a link on the page `path`, or None. Addresses on the web are read, not visited."""
    parts = urlsplit(target)
    if parts.scheme or target.startswith("//"):
        well_formed = parts.scheme in ("http", "https") and "." in (parts.hostname or "")
        return None if well_formed else f"{target} is no complete address: it should begin with https:// and a host"
    file = path.parent / unquote(parts.path) if parts.path else path
    if not file.exists():
        return f"{target} leads to nothing"
    if parts.fragment and unquote(parts.fragment) not in anchors(text if file == path else markdown(file)):
        return f"{target}: there is no heading #{parts.fragment} in {file.name}"
    return None


@pytest.mark.parametrize("path", ids([*PAGES, *NOTEBOOKS]))
def test_every_link_leads_somewhere(path: Path) -> None:
    text = markdown(path)
    assert [complaint for target in links(text) if (complaint := broken(target, path, text))] == []


@pytest.mark.parametrize(
    ("link", "complaint"),
    [
        ("[a](b.md)", None),
        ("[a](b.md#two-words)", None),
        ("[a](#Here-too)", None),
        ("[a](https://example.org/x#y)", None),
        ("[a](c.md)", "leads to nothing"),
        ("[a](b.md#three)", "no heading #three"),
        ("[a](#there)", "no heading #there"),
        ("[a](https:/example.org)", "no complete address"),
        ('<a href="c.md">a</a>', "leads to nothing"),
        ("![a picture](c.png)", "leads to nothing"),
        ('<img alt="a picture" src="c.png">', "leads to nothing"),
    ],
)
def test_a_broken_link_would_be_found(link: str, complaint: str | None, tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text("# One\n\n## Two words\n")
    text = f"# Here too\n\n{link}"
    (tmp_path / "a.md").write_text(text)
    (target,) = links(text)
    found = broken(target, tmp_path / "a.md", text)
    assert found is None if complaint is None else complaint in str(found)
