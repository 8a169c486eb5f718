"""`a2u table1`: train all of Table 1, or a part, and write it with everything that the paper claims from it.

Progress goes to stderr, the table to stdout, and `figures/table1*.{json,md,png}` hold it all.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from a2u.commands.bar import blame, progress_of_all, say
from a2u.commands.options import Device, seeds_of, words_of
from a2u.commands.train import DataOption, DownloadOption
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.reconstruction.campaign import plan
from a2u.reconstruction.report import collect, find_preset
from a2u.reconstruction.report_text import to_markdown, to_text
from a2u.reconstruction.rows import ROWS
from a2u.training import choose_device
from a2u.training.parallel import train_all
from a2u.training.run import History

FILES = ("table1.json", "table1.md", "table1.png", "table1-curves.png", "table1-reconstructions.png")


def table1(
    rows: Annotated[str, typer.Option(help=f"all, or some of: {', '.join(ROWS)}; commas between.")] = "all",
    sets: Annotated[str, typer.Option(help="Data sets.")] = "mnist,fashion",
    seeds: Annotated[str, typer.Option(help="One run a seed; the table shows mean ± standard deviation.")] = "0",
    preset: Annotated[
        str | None,
        typer.Option(
            help="quick, reduced or paper. Default: paper with --data (or --download) and a GPU, reduced with them "
            "and none, quick on the sample; for --report-only the longest that was run."
        ),
    ] = None,
    data: DataOption = None,
    download: DownloadOption = False,
    device: Device = "auto",
    jobs: Annotated[
        int, typer.Option(min=1, help="Runs at once. They share one GPU, or divide the threads of the CPU.")
    ] = 1,
    runs: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("runs"),
    out: Annotated[Path, typer.Option(help="Where table1.json, .md and the pictures go.")] = Path("figures"),
    report_only: Annotated[bool, typer.Option("--report-only", help="Train nothing; report what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on stdout, instead of a table.")] = False,
) -> None:
    """Reproduce Table 1: nine networks on two data sets, beside the paper's numbers and claims.

    Runs are kept as `a2u train` keeps them. Stopped at any moment, the same
    command goes on; what is complete is not trained again. A run that fails
    is reported at the end, and the others go on.

    Examples:

        a2u table1

        a2u table1 --preset paper --data ~/data --jobs 4

        a2u table1 --rows a2u,indexnet-holistic --sets mnist --seeds 0,1,2

        a2u table1 --report-only
    """
    outputs = Outputs(out, "a2u table1")
    outputs.check(FILES)
    names = list(ROWS) if rows == "all" else words_of("--rows", rows)
    numbers = seeds_of(seeds)
    done = find_preset(runs, numbers) if report_only and preset is None else None
    chosen = preset or done or _default_preset(data is not None or download, device)
    planned = plan(names, words_of("--sets", sets), numbers, chosen, runs, data, download, device)
    say(f"Preset {chosen}{'' if preset else ', as none was given'}; {len(planned)} runs in {runs}/.")
    failed = []
    if not report_only:
        with progress_of_all(planned, _reached) as hooks:
            outcomes = train_all(planned, jobs, *hooks)
        failed = [outcome for outcome in outcomes if outcome.failed]
    if failed and not any(runs.glob("*/config.json")):
        raise A2UError(blame(failed, len(planned)))
    report = collect(runs, chosen, numbers)
    write(report, runs, outputs)
    print(json.dumps(report, indent=2, ensure_ascii=False) if as_json else to_text(report))
    if failed:
        raise A2UError(blame(failed, len(planned)))


def _default_preset(full: bool, device: str) -> str:
    if not full:
        return "quick"
    return "paper" if choose_device(device).type == "cuda" else "reduced"


def _reached(history: History) -> str:
    return f"PSNR {history[-1]['psnr']:.2f} dB, SSIM {history[-1]['ssim']:.4f}"


def write(report: dict[str, Any], runs: Path, out: Outputs) -> None:
    """Write table1.json, table1.md and the three pictures, each whole or not at all.

    Raises:
        A2UError: The folder or a file cannot be written.
    """
    from a2u.plots import style
    from a2u.reconstruction.pictures import pictures

    files = {
        "table1.json": (json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode(),
        "table1.md": to_markdown(report).encode(),
    }
    for name, figure in pictures(report, runs).items():
        files[f"{name}.png"] = style.png(figure)
    for name, content in files.items():
        say(f"{out.write(name, content)}")
