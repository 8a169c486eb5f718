"""The figures of an attack: how often it was tried, how often the library held, and a line for each time it did not."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Tally:
    """name: of the attack. tried, held: cases. failures: what happened in the others.

    died: cases among those that held in which a library died of a signal, which no code of ours could catch.
    """

    name: str
    tried: int = 0
    held: int = 0
    failures: list[str] = field(default_factory=list)
    died: int = 0

    def case(self, what: str, check: Callable[[], str | None]) -> None:
        """Try one case; `check` returns what is wrong, or None. Whatever it raises is wrong too."""
        self.tried += 1
        try:
            wrong = check()
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            wrong = f"{type(error).__name__} at {where.name}:{where.lineno}: {str(error)[:200]}"
        if wrong is None:
            self.held += 1
        else:
            self.failures.append(f"{self.name}, {what}: {wrong}")

    def __str__(self) -> str:
        died = f" (in {self.died} of them torch died of a signal)" if self.died else ""
        return f"{self.name:42} {self.tried:7,} tried {self.held:7,} held{died}"
