"""Options that the commands of every experiment share, how lists are read from one, and how messages name them.

The library does not know the command line. Its messages name parameters as in Python, in backticks: `device='cpu'`.
`as_options` writes what the user of a command types instead: --device cpu.
"""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from a2u.errors import A2UError

#: Where to compute; see `a2u.training.choose_device`.
Device = Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu, cuda, or cuda:1.")]


def words_of(option: str, text: str) -> list[str]:
    """The words of an option, between commas.

    Raises:
        A2UError: There are none.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise A2UError(f"{option} names nothing: give words separated by commas, or leave it out.")
    return words


def seeds_of(text: str) -> list[int]:
    """The seeds of --seeds, each once.

    Raises:
        A2UError: Not whole numbers from 0 on.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words):
        raise A2UError(f"--seeds takes whole numbers separated by commas, such as 0,1,2; given {text!r}.")
    return list(dict.fromkeys(int(word) for word in words))


def fractions_of(option: str, text: str) -> tuple[float, ...]:
    """The numbers of an option, between commas; "none" gives none.

    Raises:
        A2UError: Not numbers.
    """
    words = [] if text.strip() == "none" else words_of(option, text)
    try:
        return tuple(float(word) for word in words)
    except ValueError as error:
        raise A2UError(f"{option} takes numbers with commas between, or none; given {text!r}.") from error


def milestones_of(text: str) -> tuple[int, ...]:
    """ "20,26" as numbers; "none" as none at all.

    Raises:
        A2UError: Not rising whole numbers from 1 on.
    """
    words = [word.strip() for word in text.split(",") if word.strip() and text.strip() != "none"]
    numbers = tuple(int(word) for word in words if word.isdecimal())
    if len(numbers) < len(words) or list(numbers) != sorted({*numbers} - {0}):
        raise A2UError(f"--milestones takes rising whole numbers with commas between, such as 20,26; given {text!r}.")
    return numbers


def kernels_of(text: str) -> tuple[int, int]:
    """ "1,29" as two numbers.

    Raises:
        A2UError: Not two whole numbers.
    """
    words = [word.strip() for word in text.split(",")]
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        raise A2UError(f"--kernels takes two whole numbers with a comma between, such as 1,29; given {text!r}.")
    return int(words[0]), int(words[1])


def named_values(words: list[str]) -> dict[str, Any]:
    """["kernel_size=5", "normalization=softmax"] as a dict; values are numbers, true, false, null, or text.

    Raises:
        A2UError: A word without "=".
    """
    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals and value):
            raise A2UError(f"--option takes NAME=VALUE, such as kernel_size=5; given {word!r}.")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


QUOTES = "'\""
_known: dict[str, str] = {}  # a name in Python → the option of the command that runs now
_PARAMETER = re.compile(r"`(?P<name>[a-z_]+)(?:=(?P<value>[^`]+))?`")


def know_options(parameters: Iterable[Any]) -> None:
    """From now on messages use the options of these parameters of a typer command."""
    _known.clear()
    for parameter in parameters:
        for option in (*parameter.opts, *parameter.secondary_opts):
            if option.startswith("--"):
                _known[option[2:].replace("-", "_")] = option
    if {"name", "runs"} <= _known.keys():  # the two say where a run is kept
        _known.setdefault("folder", "--name or --runs")


def as_options(text: str) -> str:
    """A message of the library as the command line says it: "use `batch=8`" becomes "use --batch 8".

    Names that are not options of the running command stay as they are, and so do commands such as `a2u train`.
    """
    return _PARAMETER.sub(_as_option, text)


def _as_option(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    if value == "False":
        return _known.get(f"no_{name}", found[0])
    if name not in _known:
        return found[0]
    if value is None or value == "True":
        return _known[name]
    return f"{_known[name]} {value.strip(QUOTES)}"
