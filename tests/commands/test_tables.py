"""The one way to print a table: a row is one line, whole, at any width of the terminal."""

import re
from pathlib import Path

import pytest
from command import a2u as run_a2u

import a2u
from a2u.bench.measure import Timing
from a2u.commands.bench import show_operators
from a2u.commands.tables import text

HEADS = ("name", ">first number", ">second", "words")
ROWS = [
    ("short", "1", "12,345,678", "a [word] in brackets"),
    ("a much longer name † A²U", "−0.50", "2", "x" * 150),
    ("n",),
]


def test_columns_are_aligned_as_their_headings_say() -> None:
    lines = text(HEADS, ROWS).splitlines()
    assert len(lines) == 1 + len(ROWS)
    for head, cell in (("first number", "1 "), ("second", "12,345,678")):
        assert lines[0].index(head) + len(head) == lines[1].index(cell) + len(cell.rstrip())
    starts = [line.index(word) for line, word in zip(lines, ("words", "a [word]", "xxx"), strict=False)]
    assert len(set(starts)) == 1
    assert lines[3] == "n"


def test_a_row_is_one_line_with_all_its_cells_and_without_lines_drawn() -> None:
    for cells, line in zip(ROWS, text(HEADS, ROWS).splitlines()[1:], strict=True):
        assert re.split(r"\s{2,}", line) == list(cells)


@pytest.mark.parametrize("heads", [("", ""), ("", ">")])
def test_without_words_there_is_no_line_of_headings(heads: tuple[str, str]) -> None:
    assert text(heads, [("a", "b")], indent=3) == "   a  b"


def test_no_rows_are_the_headings() -> None:
    assert text(("one", ">two"), []) == "one  two"


@pytest.mark.parametrize("columns", ["20", "80", "300"])
@pytest.mark.parametrize("command", [("params",), ("params", "--matting"), ("pretrained",)])
def test_the_width_of_the_terminal_cuts_no_number_short(
    command: tuple[str, ...], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = run_a2u(*command)
    monkeypatch.setenv("COLUMNS", columns)
    assert run_a2u(*command) == wide
    assert wide[0] == 0
    assert "…" not in wide[1]


@pytest.mark.parametrize("columns", ["10", "60", "100"])
def test_the_cards_of_the_operators_are_wrapped_and_never_cut(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    out = run_a2u("ops")[1]
    assert "…" not in out.partition("order: 0")[0]
    assert {line.split()[0] for line in out.splitlines() if line[:1].strip()} >= set(a2u.operators.names())


def test_a_benchmark_names_its_limit_and_gives_each_candidate_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [Timing("g", name, ms, mib, 4 / ms, 8 / mib, "memory") for name, ms, mib in (("a", 4, 8), ("bb", 2, 16))]
    show_operators(lines)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert printed == [
        [],
        ["g"],
        ["limited", "by:", "memory"],
        ["time", "faster", "peak", "smaller"],
        ["a", "4.00", "ms", "1.00×", "8.0", "MiB", "1.00×"],
        ["bb", "2.00", "ms", "2.00×", "16.0", "MiB", "0.50×"],
    ]


def test_no_command_pads_its_columns_by_hand() -> None:
    """A width in a format of words, such as {name:<30}, belongs to a table of its own."""
    room = Path(a2u.__file__).parent
    padded = re.compile(r"\{[^{}]*:[<>]\d+[^{}]*\}|\.[lr]just\(")
    found = [path.name for path in (room / "commands").glob("*.py") if padded.search(path.read_text())]
    assert found == []
