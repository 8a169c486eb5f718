"""Options that the commands of every experiment share, and how lists are read from one."""

from typing import Annotated

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
        A2UError: Something else than whole numbers from 0 on.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words):
        raise A2UError(f"--seeds takes whole numbers separated by commas, such as 0,1,2; given {text!r}.")
    return list(dict.fromkeys(int(word) for word in words))


def fractions_of(option: str, text: str) -> tuple[float, ...]:
    """The numbers of an option, between commas; "none" is no number at all.

    Raises:
        A2UError: Something else than numbers.
    """
    words = [] if text.strip() == "none" else words_of(option, text)
    try:
        return tuple(float(word) for word in words)
    except ValueError as error:
        raise A2UError(f"{option} takes numbers with commas between, or none; given {text!r}.") from error
