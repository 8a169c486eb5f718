"""What the kernel of a lesson says when cells are not run in their order, and where it notes how far a learner is.

`a2u lab` starts kernels with this as an IPython extension; anywhere else the first import from `a2u.lessons` installs
it. Which notebook a kernel runs is told by JupyterLab (JPY_SESSION_NAME) and VS Code. Where nobody tells it, as when
notebooks are built and checked, all of this is silent.
"""

import ast
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from a2u.errors import A2UError
from a2u.lessons import progress, tally
from a2u.lessons.copies import is_copies_folder

_ABOVE = "in JupyterLab: Run → Run All Above Selected Cell"
_AFRESH = "Kernel → Restart Kernel and Run All Cells starts afresh"
_INNER = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Cell(NamedTuple):
    """A code cell of the stored notebook, and the heading that it stands under."""

    id: str
    source: str
    heading: str
    exercise: bool


class Session:
    """One kernel and the notebook that it runs."""

    def __init__(self, shell: Any, notebook: Path) -> None:
        self.shell, self.notebook = shell, notebook
        self.folder = notebook.parent if is_copies_folder(notebook.parent) else None
        self.running: Any = None  # what IPython says of the cell that runs
        self._ran: set[str] = set()  # the cells that ran to their end
        self._greeted = self._warned = False
        self._stopped = ""

    def before_cell(self, info: Any) -> None:
        """Say once what there is to say when a lesson is opened again."""
        if self._greeted or info.silent:
            return
        self._greeted = True
        if (self.notebook.parent / "source" / f"{self.notebook.stem}.py").is_file():
            print("This is the course's own notebook: git sees what changes here. `a2u lab` opens a copy of your own.")
        elif self.folder is not None:
            try:
                words = progress.of_lesson(self.folder, self.notebook.stem).words
            except A2UError as error:
                words = str(error)
            if words:
                print(f"Your progress: {words}.")

    def after_cell(self, result: Any) -> None:
        """Note where the learner is; say what may be wrong where a cell fails because others did not run."""
        if result.info is None or result.info.silent:
            return
        self.before_cell(result.info)
        cells = list(_cells(self.notebook))
        place = _place(cells, result.info)
        if place is None:
            return
        if result.error_in_exec is None and result.error_before_exec is None:
            self._ran.add(cells[place].id)
        elif isinstance(result.error_in_exec, Exception) and not isinstance(result.error_in_exec, NameError):
            advice = self._advice(cells, place)
            if advice:
                print(advice)
        if cells[place].heading != self._stopped:
            self._stopped = cells[place].heading
            self._note(stopped=self._stopped)

    def passed(self, title: str) -> None:
        """Note that an exercise passed."""
        self._note(passed=title)

    def answered(self, name: str) -> None:
        """Note that a concept question was answered."""
        self._note(answered=name)

    def missing(self, name: str) -> str | None:
        """One line for a name that another cell of this notebook makes; None for any other name."""
        cells = list(_cells(self.notebook))
        place = _place(cells, self.running)
        makers = [number for number, cell in enumerate(cells) if name in _bound(self.shell, cell.source)]
        above = [number for number in makers if place is None or number < place]
        if above:
            cell = cells[above[-1] if place is not None else above[0]]
            return (
                f"“{name}” is not there yet: the cell under “{cell.heading}” makes it. Run the cells above this one "
                f"first ({_ABOVE})."
            )
        if [number for number in makers if number != place]:
            return f"“{name}” is made by a cell further down. Run the cells from top to bottom ({_AFRESH})."
        return None

    def _advice(self, cells: list[Cell], place: int) -> str | None:
        if cells[place].exercise:
            return None
        above = [cell for cell in cells[:place] if cell.id not in self._ran and not cell.exercise]
        if above:
            return (
                "Cells above this one did not run since you last started this notebook; the first is under "
                f"“{above[0].heading}”. Run them first ({_ABOVE})."
            )
        if any(cell.id in self._ran for cell in cells[place + 1 :]):
            return f"Cells further down ran before this one, and may have changed what it uses. {_AFRESH}."
        return None

    def _note(self, **what: str) -> None:
        if self.folder is None:
            return
        try:
            progress.note(self.folder, self.notebook.stem, **what)
        except A2UError as error:  # a lesson goes on whatever happens to the notes
            if not self._warned:
                self._warned = True
                print(f"Your progress is not stored. {error}")


_session: Session | None = None


def install() -> None:
    """Watch over the notebook that this process is the kernel of, if it is one and its file is known."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        load_ipython_extension(shell)


def load_ipython_extension(shell: Any) -> None:
    """The same for this kernel's shell; the name is IPython's."""
    global _session
    notebook = notebook_of(shell)
    if _session is not None or notebook is None:
        return
    _session = Session(shell, notebook)
    shell.events.register("pre_run_cell", _before)
    shell.events.register("post_run_cell", _after)
    shell.set_custom_exc((NameError,), _on_name_error)
    tally.LISTENERS.append(_heard)


def _heard(event: tally.Event) -> None:
    """Note an exercise that passed, or a question that was answered."""
    if _session is not None and event.kind == "exercise" and event.right:
        _session.passed(event.name)
    elif _session is not None and event.kind == "question":
        _session.answered(event.name)


def show_progress() -> None:
    """Print how far the learner is in each lesson; where no learner's copy runs, how to have that."""
    known = progress.lines(_session.folder) if _session is not None and _session.folder is not None else []
    print("\n".join(known) or "Open the lessons with `a2u lab` (or `make lab`), and your progress is listed here.")


def notebook_of(shell: Any) -> Path | None:
    """The notebook that a kernel runs, where the program that shows it says so.

    A kernel works in the folder of its notebook. One that does not, such as those of a check that a learner starts
    from a cell, has inherited the name of another one's.
    """
    named = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    path = Path(str(named or ""))
    here = path.suffix == ".ipynb" and path.is_file() and path.parent.resolve() == Path.cwd().resolve()
    return path if here else None


def _before(info: Any) -> None:
    assert _session is not None
    _session.running = info
    _session.before_cell(info)


def _after(result: Any) -> None:
    assert _session is not None
    _session.after_cell(result)


def _on_name_error(
    shell: Any, kind: type[BaseException], error: NameError, trace: TracebackType, tb_offset: int | None = None
) -> None:
    frame = trace
    while frame.tb_next is not None:
        frame = frame.tb_next
    in_a_cell = frame.tb_frame.f_globals is shell.user_global_ns and not isinstance(error, UnboundLocalError)
    words = _session.missing(error.name) if _session is not None and in_a_cell and error.name else None
    if words is None:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    else:
        shell._showtraceback(kind, error, [words])


def _cells(notebook: Path) -> Iterator[Cell]:
    """The code cells of a stored notebook that hold any code; none of one that cannot be read at this moment."""
    try:
        cells = json.loads(notebook.read_bytes())["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    heading = notebook.stem
    for number, cell in enumerate(cells):
        source = "".join(cell.get("source", ""))
        if cell.get("cell_type") == "markdown":
            titles = [line.lstrip("#").strip() for line in source.splitlines() if line.startswith("#")]
            heading = titles[-1] if titles else heading
        elif cell.get("cell_type") == "code" and source.strip():
            tags = cell.get("metadata", {}).get("tags", [])
            yield Cell(cell.get("id", str(number)), source, heading, "exercise" in tags)


def _place(cells: list[Cell], info: Any) -> int | None:
    """Which of the cells runs: by its name, or by its text where the program that shows it gives no name."""
    if info is None:
        return None
    by_name = [number for number, cell in enumerate(cells) if cell.id == info.cell_id]
    by_text = [number for number, cell in enumerate(cells) if cell.source.strip() == (info.raw_cell or "").strip()]
    return next(iter([*by_name, *by_text]), None)


def _bound(shell: Any, source: str) -> set[str]:
    """The names that a cell makes: assigned, imported or defined outside its functions."""
    try:
        todo: list[ast.AST] = [ast.parse(shell.transform_cell(source))]
    except (SyntaxError, ValueError):
        return set()
    found: set[str] = set()
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif not isinstance(node, _INNER):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            todo += ast.iter_child_nodes(node)
    return found
