"""The bodies of `a2u train` and `a2u evaluate`. Progress goes to stderr, results to stdout."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from a2u.commands.bar import progress, say
from a2u.commands.options import Device, fractions_of
from a2u.commands.runs import each_run
from a2u.commands.train_table import TrainedRow, table_1
from a2u.data import Digits, load, to_float32x32
from a2u.errors import A2UError
from a2u.reconstruction import experiment as experiments
from a2u.reconstruction.experiment import Experiment, evaluate_on, load_model, prepare
from a2u.reconstruction.presets import run_name, settings
from a2u.reconstruction.rows import ROWS, row
from a2u.training import Run, choose_device, choose_step
from a2u.training.run_folder import History, check_name

ADVICE = "`a2u train` makes runs for this command; `a2u matting evaluate RUN` measures a matting network."
DataOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder with the full set's IDX files, plain or .gz, in MNIST/, MNIST/raw/ (FashionMNIST/ for fashion) "
        "or directly. Default: the sample inside a2u (4,000 training and 1,000 test images)."
    ),
]
DownloadOption = Annotated[
    bool, typer.Option("--download", help="Fetch the full set into --data (default ~/.cache/a2u) if missing.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per result on stdout, instead of a table.")]


def train(
    row_name: Annotated[
        str, typer.Option("--row", help=f"Row of Table 1: {', '.join(ROWS)}; or all, one after the other.")
    ] = "a2u",
    set_name: Annotated[str, typer.Option("--set", help="Data set: mnist or fashion.")] = "mnist",
    data: DataOption = None,
    download: DownloadOption = False,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Schedule: quick (2 epochs, for the sample), reduced (1 epoch of small steps, for the full set on a "
            "CPU), medium (10 of them, overnight) or paper (100 epochs). Default: quick on the sample, paper with "
            "--data or --download."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the schedule's.")] = None,
    batch: Annotated[int | None, typer.Option(help="Instead of the schedule's.")] = None,
    lr: Annotated[float | None, typer.Option(help="First learning rate, instead of the schedule's.")] = None,
    momentum: Annotated[float | None, typer.Option(help="Instead of the schedule's.")] = None,
    milestones: Annotated[
        str | None,
        typer.Option(
            help="Fractions of the training after which the rate is divided by 10: 0.5,0.7,0.85; none: never."
        ),
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of SGD; the paper states none. Default 0.")] = None,
    head: Annotated[str | None, typer.Option(help="Last layer: c1 (with batch norm and ReLU) or linear.")] = None,
    resize: Annotated[str | None, typer.Option(help="28² to 32²: bilinear or pad (zeros around).")] = None,
    seed: Annotated[int, typer.Option(help="Decides initial weights and the order of the images.")] = 0,
    device: Device = "auto",
    step: Annotated[
        str,
        typer.Option(
            help="auto (captured on a GPU), eager, captured (steps as CUDA graphs) or compiled; results agree."
        ),
    ] = "auto",
    precision: Annotated[
        str, typer.Option(help="Arithmetic of a GPU: float32, tf32 or bf16. The last two change results.")
    ] = "float32",
    name: Annotated[
        str | None, typer.Option(help="Name of the run's folder. Default: ROW-SET-PRESET, -SEED if not 0.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Train an auto-encoder with one upsampling operator: one row of Table 1.

    The run is kept in runs/NAME/: config.json, metrics.json (one record per
    epoch) and checkpoint.safetensors. Stopped at any moment, even by a power
    cut, the same command goes on after the last complete epoch and ends
    with the same result.

    Examples:

        a2u train --row a2u

        a2u train --row all --set fashion --preset quick

        a2u train --row indexnet-depthwise --data ~/data --device cuda
    """
    names = list(ROWS) if row_name == "all" else [row(row_name).name]
    if name is not None and len(names) > 1:
        raise A2UError("--row all makes one run per row, so --name cannot name them: leave it out, or give --runs.")
    if name is not None:
        check_name(name)
    preset = preset or ("quick" if data is None and not download else "paper")
    changes: dict[str, Any] = {
        "epochs": epochs,
        "batch": batch,
        "lr": lr,
        "momentum": momentum,
        "milestones": None if milestones is None else fractions_of("--milestones", milestones),
        "weight_decay": weight_decay,
        "head": head,
        "resize": resize,
    }
    results = []
    for each in names:
        chosen = settings(each, set_name, preset, seed, **changes)
        experiment = prepare(chosen, data, download, device, precision)
        folder = runs / (name or run_name(each, set_name, preset, seed))
        results.append(_train_one(experiment, folder, step))
        if as_json:
            print(json.dumps(results[-1].as_dict()), flush=True)
    if not as_json:
        print(table_1(results))


def _train_one(experiment: Experiment, folder: Path, how: str) -> TrainedRow:
    """Train under a progress bar; Ctrl-C says how to go on, and leaves with 130."""
    chosen = experiment.settings
    choose_step(experiment.device, how, experiment.precision)  # refused before a folder is made
    say(f"{row(chosen.row).title}, {chosen.preset} preset, seed {chosen.seed}, on {experiment.device}: {folder}")
    say(f"Trains on {experiment.train.source}; measured on {experiment.test.source}.")

    shown = progress(
        folder,
        chosen.epochs,
        experiment.steps,
        reached=lambda last: f"PSNR {last['psnr']:.2f} dB, SSIM {last['ssim']:.4f}",
        shown=lambda last: f"PSNR {last['psnr']:.2f} dB",
    )
    with Run(folder, experiment.config, experiment.device) as run, shown as hooks:
        history = experiments.train(experiment, run, hooks.on_step, hooks.on_epoch, how)
    return _result(experiment.config, history, history[-1], experiment.test, folder)


def _result(
    config: dict[str, Any], history: History, scores: dict[str, float], test: Digits, folder: Path
) -> TrainedRow:
    return TrainedRow(
        row=config["row"],
        set=test.name,
        preset=config["preset"],
        epochs=len(history),
        psnr=scores["psnr"],
        ssim=scores["ssim"],
        rmse=scores["rmse"],
        mae=scores["mae"],
        seconds=sum(record["seconds"] for record in history),
        source=test.source,
        test_sha256=test.sha256,
        run=str(folder),
    )


def evaluate(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders, such as runs/*.")],
    set_name: Annotated[
        str | None, typer.Option("--set", help="Test images: mnist or fashion. Default: what the run trained on.")
    ] = None,
    data: DataOption = None,
    download: DownloadOption = False,
    device: Device = "auto",
    as_json: JsonOption = False,
) -> None:
    """Measure trained runs on test images: PSNR, SSIM, RMSE and MAE, beside the paper's Table 1.

    By default on the 1,000 test images inside a2u; with --data on all
    10,000. The output says which. Folders that are not runs of `a2u train`, or
    have no complete epoch, are left out, and a line says so. A damaged run is
    reported at the end, with exit code 1; the others are measured.

    Examples:

        a2u evaluate runs/a2u-mnist-quick

        a2u evaluate runs/* --data ~/data --json
    """
    chosen = choose_device(device)

    def measure(folder: Path) -> TrainedRow:
        model, config, history = load_model(folder)
        digits = load(set_name or config["set"], "test", data, download)
        images = to_float32x32(digits, config["resize"]).to(chosen)
        result = _result(config, history, evaluate_on(model.to(chosen), images), digits, folder)
        if as_json:
            print(json.dumps(result.as_dict()), flush=True)
        return result

    found = each_run(folders, measure)
    if found.results and not as_json:
        print(table_1(found.results))
    found.complain(ADVICE)
