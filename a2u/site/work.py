"""The pieces of a site, made by several processes at once, each kept as soon as it is finished."""

import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from a2u.errors import A2UError
from a2u.site import kept
from a2u.site.kept import Piece
from a2u.training.lifeline import end_with

Made = tuple[Mapping[str, bytes], Any]  # the files of a piece by their paths in the site, and its record


@dataclass(frozen=True)
class Task:
    """One piece to make.

    Attributes:
        kind, name, key: of the piece: what it is, of which lesson, and the digest of what it is made from.
        make: a function of a module, called with ``given`` and the records of the pieces in ``needs``.
        needs: tasks to be done before.
        steps: what it counts for in the progress of the whole.
    """

    kind: str
    name: str
    key: str
    make: Callable[..., Made]
    given: tuple[Any, ...]
    needs: tuple["Task", ...] = ()
    steps: int = 1

    @property
    def place(self) -> tuple[str, str, str]:
        """What its piece is found by."""
        return self.kind, self.name, self.key


Places = dict[tuple[str, str, str], Piece]


def run(
    tasks: Sequence[Task],
    work: Path,
    workers: int,
    on_done: Callable[[Task], None] = lambda _: None,
    to_the_end: bool = False,
) -> Places:
    """Make every piece that is not kept already; what is finished stays kept, whatever happens to the others.

    Args:
        tasks: in an order in which each stands behind its needs.
        work: the folder of the pieces.
        workers: processes; with 1 all happens in this one.
        on_done: called for every piece, for those kept already at once.
        to_the_end: collect what is wrong with all pieces, and do not stop at the first.

    Raises:
        A2UError: pieces that cannot be made, a line for each.
        OSError: the disk is full, or the like.
    """
    found: Places = {}
    for task in tasks:
        piece = kept.find(work, *task.place)
        if piece is not None:
            found[task.place] = piece
            on_done(task)
    left = [task for task in tasks if task.place not in found]
    faults: list[str] = []
    if not left:
        return found
    with ExitStack() as ends:
        pool = ends.enter_context(_Here()) if workers == 1 else _processes(min(workers, len(left)), ends)
        running: dict[Future[None], Task] = {}
        at_once = 1 if workers == 1 else 2 * workers  # one in hand for each process: after a fault little is left to do
        while left or running:
            ready = [task for task in left if all(need.place in found for need in task.needs)]
            for task in ready[: at_once - len(running)]:
                left.remove(task)
                records = [found[need.place].record for need in task.needs]
                running[pool.submit(_make, work, task.place, task.make, task.given, records)] = task
            if not running:
                break  # what is left needs what has failed
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                try:
                    future.result()
                except A2UError as error:
                    faults.append(str(error))
                    if not to_the_end:
                        raise
                    continue
                except BrokenProcessPool as error:
                    raise A2UError(
                        "A process that draws was killed; the memory may have run out. What is finished is kept: "
                        "repeat the command, with fewer `workers` if this comes again."
                    ) from error
                piece = kept.find(work, *task.place)
                if piece is None:
                    raise A2UError(f"What was just written to {work} cannot be read: is the disk full or failing?")
                found[task.place] = piece
                on_done(task)
    if faults:
        raise A2UError("\n".join(dict.fromkeys(faults)))
    return found


def _make(
    work: Path, place: tuple[str, str, str], make: Callable[..., Made], given: tuple[Any, ...], records: list[Any]
) -> None:
    files, record = make(*given, *records)
    kept.keep(work, *place, files, record)


class _Here(Executor):
    """Does each task at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # handed on by `result`
            done.set_exception(error)
        return done


def _processes(workers: int, ends: ExitStack) -> Executor:
    """Processes that leave Ctrl-C to this one, end when this one is killed, and start no task after a fault."""
    context = get_context("spawn")
    life, held = context.Pipe(duplex=False)
    ends.callback(held.close)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(life,))
    ends.callback(life.close)
    ends.callback(pool.shutdown, cancel_futures=True)
    return pool


def _begin(life: "Connection[Any, Any]") -> None:
    import torch

    end_with(life)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
