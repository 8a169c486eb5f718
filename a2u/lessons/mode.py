"""Quick or full: how much a lesson computes.

Every lesson runs in quick mode unless told otherwise: seconds a cell on two CPU cores. Full mode takes the time that
the experiment deserves. `A2U_MODE=full make lab` chooses it for all lessons, `choose_mode("full")` for one.
"""

import os
from dataclasses import dataclass

from a2u.errors import A2UError, near_match

VARIABLE = "A2U_MODE"


@dataclass(frozen=True)
class Mode:
    """One of MODES; a lesson reads `full` to decide how much it computes."""

    name: str
    promise: str

    @property
    def full(self) -> bool:
        """Is this the mode that takes its time?"""
        return self.name == "full"

    def __str__(self) -> str:
        return f"{self.name} mode: {self.promise}"


MODES = {
    "quick": Mode("quick", "every cell is done within seconds on a laptop."),
    "full": Mode("full", "training takes minutes on a CPU, less on a GPU."),
}


def choose_mode(name: str | None = None) -> Mode:
    """The mode called `name`, else the one that the environment variable A2U_MODE names, else quick.

    Raises:
        A2UError: There is no such mode.

    >>> choose_mode("full").full
    True
    """
    wanted = name or os.environ.get(VARIABLE) or "quick"
    if wanted not in MODES:
        raise A2UError(f"There is no mode {wanted!r}. {near_match(wanted, list(MODES))}")
    return MODES[wanted]
