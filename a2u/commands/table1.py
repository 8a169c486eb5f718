"""`a2u table1`: train all of Table 1, or a part, and write it with the paper's claims about it.

Progress goes to stderr, the table to stdout, and `figures/table1*.{json,md,png}` hold it all.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from a2u.commands.bar import blame, progress_of_all, say
from a2u.commands.options import Device, seeds_of, words_of
from a2u.commands.reports import table_1_text
from a2u.commands.train import DataOption, DownloadOption
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.reconstruction import AutoEncoder, load_model
from a2u.reconstruction.campaign import plan
from a2u.reconstruction.earlier import MARK, Run, config_of_run, is_run_of, read_earlier
from a2u.reconstruction.presets import PRESETS
from a2u.reconstruction.report import collect, find_preset
from a2u.reconstruction.report_text import to_markdown
from a2u.reconstruction.rows import ROWS
from a2u.training import choose_device
from a2u.training.campaign import Job
from a2u.training.cluster import PLACE, Cluster, on_cluster
from a2u.training.lanes import in_lanes, many_streams
from a2u.training.parallel import train_all
from a2u.training.precision import check_precision
from a2u.training.run_folder import History

FILES = ("table1.json", "table1.md", "table1.png", "table1-curves.png", "table1-reconstructions.png")
KEEP_EVERY = 10  # epochs, in lanes: measuring and saving one run makes the others wait


def table1(
    rows: Annotated[str, typer.Option(help=f"all, or some of: {', '.join(ROWS)}; commas between.")] = "all",
    sets: Annotated[str, typer.Option(help="Data sets.")] = "mnist,fashion",
    seeds: Annotated[str, typer.Option(help="One run per seed; the table shows mean ± standard deviation.")] = "0",
    preset: Annotated[
        str | None,
        typer.Option(
            help="quick (2 epochs), reduced (1 epoch of small steps over the full sets), medium (10 of them) or paper "
            "(100 epochs). Default: paper with --data (or --download) and a GPU, reduced with them and none, quick on "
            "the sample; for --report-only the longest that was run."
        ),
    ] = None,
    data: DataOption = None,
    download: DownloadOption = False,
    device: Device = "auto",
    jobs: Annotated[
        int, typer.Option(min=1, help="Runs at once. They share one GPU, or divide the threads of the CPU.")
    ] = 1,
    lanes: Annotated[
        int,
        typer.Option(
            min=1,
            help="Runs at once in this one process, which take turns; on a GPU each has its own stream. 9 fill a "
            "large one. Measured and saved every 10 epochs.",
        ),
    ] = 1,
    precision: Annotated[
        str, typer.Option(help="Arithmetic of a GPU: float32, tf32 or bf16. The last two change results.")
    ] = "float32",
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the preset's.")] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="slurm: each run is a job of a Slurm cluster, put back into the queue when its time is up. local: the "
            "same with processes of this machine, for a trial.",
            rich_help_panel="Several machines",
        ),
    ] = None,
    partition: Annotated[
        str | None, typer.Option(help="Of the Slurm cluster. Default: its own.", rich_help_panel="Several machines")
    ] = None,
    minutes: Annotated[
        int, typer.Option("--time", min=1, help="Minutes of one job.", rich_help_panel="Several machines")
    ] = 240,
    gpus: Annotated[
        int, typer.Option(min=0, help="GPUs of one job; 0: it sees none.", rich_help_panel="Several machines")
    ] = 0,
    runs: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("runs"),
    keep: Annotated[
        list[Path] | None,
        typer.Option(
            help="An earlier table1.json: rows that it has are taken from it and not trained again. May be "
            "repeated. What this command does not train is always kept from the table1.json in --out.",
            metavar="FILE",
        ),
    ] = None,
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

        a2u table1 --preset paper --data ~/data --precision tf32 --lanes 9

        a2u table1 --rows a2u,indexnet-holistic --sets mnist --seeds 0,1,2

        a2u table1 --preset medium --data ~/data --jobs 2 --keep figures/table1-medium.json

        a2u table1 --preset paper --data DIR --cluster slurm --gpus 1 --jobs 18

        a2u table1 --report-only
    """
    outputs = Outputs(out, "a2u table1")
    outputs.check(FILES)
    names = list(ROWS) if rows == "all" else words_of("--rows", rows)
    numbers = seeds_of(seeds)
    place = _cluster(cluster, runs, partition, minutes, gpus)
    _check_lanes(lanes, jobs, place)
    check_precision(precision, None if gpus else choose_device(device))
    kept = [run for path in keep or () for run in read_earlier(path)]
    earlier = kept + _standing(out / "table1.json")
    done = (find_preset(runs, numbers) or _longest(kept) or _longest(earlier)) if report_only else None
    chosen = preset or done or _default_preset(data is not None or download, device, gpus)
    where = (runs, data, download, device)
    keep_every = KEEP_EVERY if lanes > 1 else 1
    planned = plan(names, words_of("--sets", sets), numbers, chosen, *where, precision, epochs, keep_every, lanes)
    say(f"Preset {chosen}{'' if preset else ', since none was given'}; {len(planned)} runs in {runs}/.")
    if kept and not report_only:
        planned = [job for job in planned if not _is_kept(job, kept)]
    failed = []
    if not report_only:
        with progress_of_all(planned, _reached) as hooks:
            if place is not None:
                outcomes = on_cluster(planned, place, jobs, hooks.on_end, hooks.on_note)
            elif lanes > 1:
                outcomes = in_lanes(planned, lanes, *hooks, choose_device(device))
            else:
                outcomes = train_all(planned, jobs, *hooks)
        failed = [outcome for outcome in outcomes if outcome.failed]
    if failed and not any(runs.glob("*/config.json")):
        raise A2UError(blame(failed, len(planned)))
    report = collect(runs, chosen, numbers, earlier)
    write(report, runs, outputs)
    print(json.dumps(report, indent=2, ensure_ascii=False) if as_json else table_1_text(report))
    if failed:
        raise A2UError(blame(failed, len(planned)))


def _check_lanes(lanes: int, jobs: int, place: Cluster | None) -> None:
    """Refuse lanes beside other processes, and allow many streams before a GPU is first used."""
    if lanes == 1:
        return
    if jobs > 1 or place is not None:
        other = f"--jobs {jobs} starts processes" if place is None else "--cluster trains elsewhere"
        raise A2UError(f"{other}, but --lanes {lanes} trains in this process: give one of them.")
    many_streams()


def _standing(path: Path) -> list[Run]:
    """The runs in the report that the new one will replace; empty if there is no such report, or it cannot be read."""
    if not path.exists():
        return []
    try:
        return read_earlier(path)
    except A2UError as error:
        say(f"Nothing is kept from the report that is there: {error}")
        return []


def _longest(earlier: list[Run]) -> str | None:
    """Of the presets of these runs, the longest."""
    return next((preset for preset in PRESETS if any(run["preset"] == preset for run in earlier)), None)


def _is_kept(job: Job, kept: list[Run]) -> bool:
    """Was this run measured before, so that it need not be trained?"""
    found = any(is_run_of(run, job.config) for run in kept)
    if found:
        say(f"{job}: measured before, so it is not trained again.")
    return found


def _cluster(kind: str | None, runs: Path, partition: str | None, minutes: int, gpus: int) -> Cluster | None:
    if kind is not None:
        return Cluster(kind, runs / PLACE, partition, minutes, gpus)
    if partition is not None or gpus:
        raise A2UError("--partition and --gpus are for jobs of a cluster: give --cluster slurm, or leave them out.")
    return None


def _default_preset(full: bool, device: str, gpus: int) -> str:
    """gpus: of a job of a cluster."""
    if not full:
        return "quick"
    return "paper" if gpus or choose_device(device).type == "cuda" else "reduced"


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
    for name, figure in pictures(report, lambda run: _model_of(run, runs)).items():
        files[f"{name}.png"] = style.png(figure)
    for name, content in files.items():
        say(f"{out.write(name, content)}")


def _model_of(run: Run, runs: Path) -> AutoEncoder | None:
    """The trained network of a run; if only an earlier report has the run, from its exported weights, or None."""
    if not run.get(MARK):
        return load_model(runs / run["run"])[0]
    from a2u.pretrained.load import weights_of

    return weights_of(config_of_run(run), run["psnr"])
