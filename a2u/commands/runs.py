"""What a command does with a list of run folders, such as `runs/*`: some may be of another experiment, or not runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from a2u.commands.bar import say
from a2u.errors import A2UError
from a2u.training.kind import UnsuitableRun

T = TypeVar("T")


@dataclass
class Found(Generic[T]):
    """What became of the folders.

    results: of the runs that could be used. unsuitable: other folders by the reason; nothing is wrong with them.
    failed: runs that should be usable but are not, with the reason.
    """

    results: list[T] = field(default_factory=list)
    unsuitable: dict[str, list[Path]] = field(default_factory=dict)
    failed: dict[Path, str] = field(default_factory=dict)

    def complain(self, advice: str) -> None:
        """Say what was left out, one line per reason; `advice` says what to give instead.

        Raises:
            A2UError: A run failed, or nothing could be used at all.
        """
        left_out = [_line(reason, folders) for reason, folders in self.unsuitable.items()]
        if self.results or self.failed:
            for line in left_out:
                say(f"Left out: {line}. {advice}")
        if self.failed:
            count = len(self.results) + len(self.failed)
            reasons = " ".join(dict.fromkeys(self.failed.values()))
            raise A2UError(reasons if count == 1 else f"{len(self.failed)} of {count} runs failed. {reasons}")
        if not self.results:
            raise A2UError(f"There is nothing to do: {'; '.join(left_out)}. {advice}")


def each_run(folders: Sequence[Path], use: Callable[[Path], T]) -> Found[T]:
    """Call `use` with every folder, and go on where it raises.

    Raises:
        A2UError: A folder is not there at all: a word of the command line is mistyped.
    """
    missing = [str(folder) for folder in folders if not folder.exists()]
    if missing:
        raise A2UError(f"There is no {' and no '.join(missing)}. Give run folders, such as runs/*.")
    found: Found[T] = Found()
    for folder in folders:
        try:
            found.results.append(use(folder))
        except UnsuitableRun as error:
            found.unsuitable.setdefault(error.reason, []).append(folder)
        except A2UError as error:
            found.failed[folder] = str(error)
    return found


def _line(reason: str, folders: list[Path]) -> str:
    names = ", ".join(map(str, folders[:5])) + (f" and {len(folders) - 5} more" if len(folders) > 5 else "")
    return f"{names} {'is' if len(folders) == 1 else 'are each'} {reason}"
