"""`a2u matting table`: train rows of Table 2, measure them on one test set, and write what was found.

Progress goes to stderr, the table to stdout, and `figures/matting.{json,md,png}` hold it all.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from a2u.commands.bar import blame, progress_of_all, say
from a2u.commands.matting_train import DataOption, PrecisionOption, WorkersOption, best_of, choose_precision, reached
from a2u.commands.options import Device, seeds_of, words_of
from a2u.commands.reports import table_2_text
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.matting.campaign import plan
from a2u.matting.report import collect
from a2u.matting.report_text import to_markdown
from a2u.matting.rows import ROWS
from a2u.matting.settings import SYNTHETIC
from a2u.training import choose_device
from a2u.training.parallel import train_all
from a2u.training.run_folder import History

FILES = ("matting.json", "matting.md", "matting.png")


def table(
    rows: Annotated[str, typer.Option(help=f"all, or some of: {', '.join(ROWS)}; commas between.")] = "all",
    preset: Annotated[
        str, typer.Option(help="paper, narrow or quick. With narrow, the ablation uses brief; see `a2u matting train`.")
    ] = "narrow",
    data: DataOption = SYNTHETIC,
    backgrounds: Annotated[
        Path | None, typer.Option(help="For a folder of foregrounds alone: a folder of pictures to compose them over.")
    ] = None,
    seeds: Annotated[
        str,
        typer.Option(help="Seeds of the table; further ones train the rows again, and show how much the seed changes."),
    ] = "0",
    ablation: Annotated[
        bool, typer.Option(help="Kernel size and normalisation of hybrid-cw and dynamic-cs too: Tables 3 and 4.")
    ] = True,
    classical: Annotated[bool, typer.Option(help="Closed-form and KNN matting on the same images too.")] = True,
    precision: PrecisionOption = "auto",
    device: Device = "auto",
    workers: WorkersOption = 0,
    jobs: Annotated[
        int, typer.Option(min=1, help="Runs at once. They share one GPU, or divide the threads of the CPU.")
    ] = 1,
    runs: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("runs"),
    out: Annotated[Path, typer.Option(help="Where matting.json, .md and .png go.")] = Path("figures"),
    report_only: Annotated[bool, typer.Option("--report-only", help="Train nothing; report what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on stdout, instead of a table.")] = False,
) -> None:
    """Reproduce Table 2 small: matting networks on one data set, beside classical methods and the paper.

    Each row trains as `a2u matting train` does, and its best epoch is measured
    on test images: SAD, MSE, Grad, Conn. Stopped at any moment, the same
    command goes on; what is complete is not trained again. A run that fails
    is reported at the end, and the others go on.

    Examples:

        a2u matting table

        a2u matting table --rows nearest,dynamic-cs --no-ablation --preset quick

        a2u matting table --preset paper --data ~/data/AIM --jobs 2

        a2u matting table --rows nearest,dynamic-cs --seeds 0,1,2 --no-ablation

        a2u matting table --report-only
    """
    outputs = Outputs(out, "a2u matting table")
    outputs.check(FILES)
    names = list(ROWS) if rows == "all" else words_of("--rows", rows)
    numbers = seeds_of(seeds)
    changes: dict[str, Any] = {
        "precision": choose_precision(precision, choose_device(device).type),
        "backgrounds": None if backgrounds is None else str(backgrounds),
    }
    planned = plan(names, preset, runs, data, numbers, ablation, device, workers, **changes)
    say(f"Preset {preset}; {len(planned)} runs in {runs}/.")
    failed = []
    if not report_only:
        with progress_of_all(planned, _reached) as hooks:
            outcomes = train_all(planned, jobs, *hooks)
        failed = [outcome for outcome in outcomes if outcome.failed]
    if failed and len(failed) == len(planned):
        raise A2UError(blame(failed, len(planned)))
    say("Measuring on the test images …")
    report = collect(runs, preset, data, numbers, classical, device, **changes)
    write(report, outputs)
    print(json.dumps(report, indent=2, ensure_ascii=False) if as_json else table_2_text(report))
    if failed:
        raise A2UError(blame(failed, len(planned)))


def _reached(history: History) -> str:
    best = best_of(history)
    return f"{reached(best)} in epoch {best['epoch']} of {len(history)}"


def write(report: dict[str, Any], out: Outputs) -> None:
    """Write matting.json, matting.md and matting.png, each whole or not at all.

    Raises:
        A2UError: The folder or a file cannot be written.
    """
    from a2u.matting.pictures import board
    from a2u.plots import style

    files = {
        "matting.json": (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode(),
        "matting.md": to_markdown(report).encode(),
        "matting.png": style.png(board(report)),
    }
    for name, content in files.items():
        say(f"{out.write(name, content)}")
