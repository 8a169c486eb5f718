"""The one exception of the library: bad input, explained."""


class A2UError(ValueError):
    """The rule that was broken, what was given instead, and what to do about it.

    Everything in a2u that rejects its input raises this class, so a caller can tell "you gave me something I
    cannot use" from a fault of the library. The command line prints the message on one line and exits with 1.
    """


_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "failed to map segment",  # of a library that is loaded
    "bad_alloc",
    "could not create a memory",
    "not enough memory",
)
# All that oneDNN says when it finds no memory for its plan or its scratch space.
_NO_PRIMITIVE = "could not create a primitive"


def memory_ran_out(error: BaseException) -> bool:
    """Whether Python, torch or oneDNN raised this because the memory of the machine or of a GPU ran out."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    in_words = any(word in text for word in (*_OUT_OF_MEMORY, _NO_PRIMITIVE))
    return isinstance(error, RuntimeError | ImportError) and in_words


def near_match(word: str, known: "list[str] | tuple[str, ...]") -> str:
    """A sentence that helps with a mistyped name: the closest known one, or all of them.

    >>> near_match("bilnear", ["nearest", "bilinear"])
    "Did you mean 'bilinear'? Known: nearest, bilinear."
    """
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(known)}."
