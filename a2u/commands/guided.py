"""`a2u guided`: train the guided table, or a part of it, and write what was found.

Progress goes to stderr, the table to stdout, and `figures/guided.{json,md,png}` hold it all.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from a2u.commands.bar import blame, progress_of_all, say
from a2u.commands.options import Device, seeds_of, words_of
from a2u.commands.reports import guided_text
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.guided.campaign import plan
from a2u.guided.pairs import FACTORS, TASKS
from a2u.guided.report import collect
from a2u.guided.report_text import to_markdown
from a2u.guided.rows import ROWS, VARIANTS
from a2u.guided.settings import PRESETS
from a2u.training.parallel import train_all
from a2u.training.run_folder import History

FILES = ("guided.json", "guided.md", "guided.png")


def guided(
    rows: Annotated[
        str,
        typer.Option(
            help=f"table, variants or all; or some of: {', '.join(ROWS)}; commas between. The variants change one "
            "thing of A²U, or add a skip."
        ),
    ] = "table",
    tasks: Annotated[str, typer.Option(help=f"Some of: {', '.join(TASKS)}.")] = "alpha",
    factors: Annotated[str, typer.Option(help="How many times coarser the coarse map is: 4, 8 or both.")] = "4",
    seeds: Annotated[str, typer.Option(help="One run per seed; rows are compared seed by seed.")] = "0,1,2,3,4",
    preset: Annotated[str, typer.Option(help=f"{' or '.join(PRESETS)}.")] = "minute",
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the preset's.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Of an epoch, instead of the preset's.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate, instead of the preset's.")] = None,
    device: Device = "auto",
    jobs: Annotated[
        int, typer.Option(min=1, help="Runs at once. They share one GPU, or divide the threads of the CPU.")
    ] = 1,
    runs: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("runs"),
    out: Annotated[Path, typer.Option(help="Where guided.json, .md and .png go.")] = Path("figures"),
    report_only: Annotated[bool, typer.Option("--report-only", help="Train nothing; report what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on stdout, instead of a table.")] = False,
) -> None:
    """Train the experiment in which only the upsampling operator can draw detail.

    A coarse map and the sharp picture go in, the sharp map comes out; the
    picture reaches the result through the operator's kernels alone. Each row
    takes some tens of seconds per seed on one CPU core. Stopped at any moment,
    the same command goes on; what is complete is not trained again.

    Examples:

        a2u guided

        a2u guided --rows bilinear,carafe,a2u-dynamic-cs --seeds 0,1

        a2u guided --rows all --tasks alpha,digits,labels --factors 4,8 --jobs 2

        a2u guided --report-only
    """
    outputs = Outputs(out, "a2u guided")
    outputs.check(FILES)
    numbers = seeds_of(seeds)
    changes: dict[str, Any] = {"epochs": epochs, "steps": steps, "lr": lr}
    changes = {key: value for key, value in changes.items() if value is not None}
    chosen = words_of("--tasks", tasks), _factors(factors), numbers
    planned = plan(_rows(rows), *chosen, preset, runs, device, **changes)
    say(f"Preset {preset}; {len(planned)} runs in {runs}/.")
    failed = []
    if not report_only:
        with progress_of_all(planned, _reached) as hooks:
            outcomes = train_all(planned, jobs, *hooks)
        failed = [outcome for outcome in outcomes if outcome.failed]
    if failed and len(failed) == len(planned):
        raise A2UError(blame(failed, len(planned)))
    report = collect(runs, preset, numbers, **changes)
    write(report, runs, outputs)
    print(json.dumps(report, indent=2, ensure_ascii=False) if as_json else guided_text(report))
    if failed:
        raise A2UError(blame(failed, len(planned)))


def _rows(text: str) -> list[str]:
    groups = {"table": list(ROWS), "variants": list(VARIANTS), "all": [*ROWS, *VARIANTS]}
    return [name for word in words_of("--rows", text) for name in groups.get(word, [word])]


def _factors(text: str) -> list[int]:
    words = words_of("--factors", text)
    if not all(word.isdecimal() and int(word) in FACTORS for word in words):
        raise A2UError(f"--factors takes {' and '.join(map(str, FACTORS))}, with a comma between; given {text!r}.")
    return [int(word) for word in words]


def _reached(history: History) -> str:
    return f"band error {1000 * history[-1]['band']:.1f}, boundary F {history[-1]['f']:.3f}"


def write(report: dict[str, Any], runs: Path, out: Outputs) -> None:
    """Write guided.json, guided.md and guided.png, each whole or not at all.

    Raises:
        A2UError: The folder or a file cannot be written.
    """
    from a2u.guided.pictures import board
    from a2u.plots import style

    files = {
        "guided.json": (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode(),
        "guided.md": to_markdown(report).encode(),
        "guided.png": style.png(board(report, runs)),
    }
    for name, content in files.items():
        say(f"{out.write(name, content)}")
