"""One table says what helps when the operating system refuses a file."""

import ast
import errno
import os
from pathlib import Path

import pytest

import a2u
from a2u.files import remedies
from a2u.files.reading import explain_read
from a2u.files.remedies import Remedy, remedy_for
from a2u.files.writing import explain

PLACE = Path("some/file")
KNOWN = sorted(remedies._REMEDIES)
NAMES = [errno.errorcode[number] for number in KNOWN]


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number), str(PLACE))


@pytest.mark.parametrize("number", KNOWN, ids=NAMES)
def test_each_message_gives_the_reason_and_the_advice_of_the_table(number: int) -> None:
    known, error = remedy_for(refused(number)), refused(number)
    written, read = str(explain(error, PLACE)), str(explain_read(error, PLACE))
    assert (
        written == f"{PLACE} cannot be written ({error.strerror}). {known.writing or 'Check the folder and try again.'}"
    )
    assert read.endswith(known.reading) if known.reading else str(PLACE) in read


@pytest.mark.parametrize("number", KNOWN, ids=NAMES)
def test_every_piece_of_advice_is_a_sentence_and_reading_never_advises_to_delete(number: int) -> None:
    known = remedy_for(refused(number))
    given = [text for text in known if text is not None]
    assert given
    assert all(text[0].isupper() and text.endswith(".") for text in given)
    assert "elete" not in (known.reading or "")


@pytest.mark.parametrize(
    "error", [OSError("no number"), OSError(errno.ECHILD, "other"), ValueError("a NUL in the name")]
)
def test_an_error_of_no_known_number_has_no_advice_of_its_own(error: Exception) -> None:
    assert remedy_for(error) == Remedy()


def test_there_is_no_second_table() -> None:
    """A dictionary with error numbers as keys is a table of remedies."""

    def of_numbers(node: ast.AST) -> bool:
        keys = node.keys if isinstance(node, ast.Dict) else []
        return any(isinstance(key, ast.Attribute) and ast.unparse(key).startswith("errno.") for key in keys)

    room = Path(a2u.__file__).parent
    tables = [
        path.relative_to(room)
        for path in room.rglob("*.py")
        if any(map(of_numbers, ast.walk(ast.parse(path.read_text()))))
    ]
    assert tables == [Path("files/remedies.py")]
