"""The body of `a2u matting train`. Progress goes to stderr, the result to stdout."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from a2u.commands.bar import progress, say
from a2u.commands.options import Device, kernels_of, milestones_of, named_values
from a2u.errors import A2UError
from a2u.matting import experiment as experiments
from a2u.matting.experiment import BEST, Experiment, prepare
from a2u.matting.rows import ROWS, row
from a2u.matting.settings import SYNTHETIC, run_name, settings
from a2u.training import Run, choose_device
from a2u.training.distributed import (
    ALONE,
    Group,
    Together,
    own_device,
    started_together,
)
from a2u.training.lost import leave, leave_when_told, peer_was_lost
from a2u.training.run_folder import History, check_name

DataOption = Annotated[
    str, typer.Option(help="synthetic (drawn from seeds, nothing to download), or the folder of a data set.")
]
PrecisionOption = Annotated[str, typer.Option(help="auto (bf16 on a GPU, float32 elsewhere), float32, tf32 or bf16.")]
WorkersOption = Annotated[
    int, typer.Option(min=0, help="Processes that prepare samples; 0: none besides this one. Samples are the same.")
]


def train(
    row_name: Annotated[
        str, typer.Option("--row", help=f"Row of Table 2: {', '.join(ROWS)}. Or any operator of `a2u ops`.")
    ] = "dynamic-cs",
    preset: Annotated[
        str,
        typer.Option(
            help="paper (crops 512, 30 epochs of 6,000 iterations: a GPU), narrow (a quarter of the channels, some "
            "minutes on one CPU core), brief (a sixth of that) or quick (seconds)."
        ),
    ] = "narrow",
    data: DataOption = SYNTHETIC,
    backgrounds: Annotated[
        Path | None, typer.Option(help="For a folder of foregrounds alone: a folder of pictures to compose them over.")
    ] = None,
    width: Annotated[float | None, typer.Option(help="Scales every number of channels. Default: the preset's.")] = None,
    crop: Annotated[int | None, typer.Option(help="Side of the squares trained on, in pixels.")] = None,
    batch: Annotated[int | None, typer.Option(help="Samples per step, of all processes together.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Instead of the preset's.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Steps per epoch, instead of the preset's.")] = None,
    lr: Annotated[float | None, typer.Option(help="First learning rate of everything but the encoder.")] = None,
    encoder_lr: Annotated[float | None, typer.Option(help="First learning rate of the encoder.")] = None,
    milestones: Annotated[
        str | None, typer.Option(help="Epochs after which both are divided by 10, such as 20,26; none: never.")
    ] = None,
    pretrained: Annotated[
        bool | None, typer.Option(help="Begin with ImageNet's weights in the encoder; width 1 only.")
    ] = None,
    freeze: Annotated[
        bool | None, typer.Option(help="Keep the encoder's batch norms as they are. Default: with ImageNet's weights.")
    ] = None,
    validation: Annotated[
        int | None, typer.Option(help="Only the first so many validation images after an epoch; 0: all there are.")
    ] = None,
    test_size: Annotated[
        int | None, typer.Option(help="Side of the synthetic scenes to validate and test on, in pixels.")
    ] = None,
    kernels: Annotated[
        str | None,
        typer.Option(help="The smallest and the largest ellipse of the trimaps trained on, in pixels, such as 1,29."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Of the operator, such as kernel_size=5; may be given several times."),
    ] = None,
    precision: PrecisionOption = "auto",
    seed: Annotated[int, typer.Option(help="Decides initial weights and every sample.")] = 0,
    device: Device = "auto",
    workers: WorkersOption = 0,
    name: Annotated[
        str | None, typer.Option(help="Name of the run's folder. Default: matting-ROW-PRESET, -SEED if not 0.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Where run folders are.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")] = False,
) -> None:
    """Train a matting network with one upsampling operator: one row of Table 2.

    The run is kept in runs/NAME/: config.json, metrics.json (one record per
    epoch), checkpoint.safetensors and best.safetensors, the epoch with the
    lowest SAD on validation images. Stopped at any moment, the same command
    goes on after the last complete epoch and ends with the same result.
    Under torchrun, several processes take every step together.

    Examples:

        a2u matting train

        a2u matting train --row hybrid-cw --option kernel_size=5

        a2u matting train --preset paper --data ~/data/AIM

        a2u matting train --preset paper --data ~/data/D646 --backgrounds ~/data/train2014

        torchrun --nproc-per-node 4 -m a2u.commands.cli matting train --preset paper --data ~/data/AIM
    """
    place = own_device(device)
    chosen_device = choose_device(place)
    changes: dict[str, Any] = {
        "width": width,
        "crop": crop,
        "batch": batch,
        "epochs": epochs,
        "iterations": iterations,
        "lr": lr,
        "encoder_lr": encoder_lr,
        "milestones": None if milestones is None else milestones_of(milestones),
        "pretrained": pretrained,
        "freeze": freeze,
        "validation": validation,
        "test_size": test_size,
        "kernels": None if kernels is None else kernels_of(kernels),
        "options": named_values(option or []) or None,
        "precision": choose_precision(precision, chosen_device.type),
        "backgrounds": None if backgrounds is None else str(backgrounds),
    }
    chosen = settings(row(row_name).name, preset, data, seed, **changes)
    folder = runs / (run_name(chosen) if name is None else check_name(name))
    together: Together = Group(chosen_device) if started_together() else ALONE
    if together is not ALONE:
        leave_when_told(f"torchrun ended this training: another process was lost, or it was stopped. {_kept(folder)}")
    try:
        experiment = prepare(chosen, place, workers, together)
        history = _train(experiment, folder) if together.leads else experiments.train(experiment)
    except (A2UError, RuntimeError) as error:
        if together is ALONE or not (isinstance(error, A2UError) or peer_was_lost(error)):
            raise
        leave(str(error) if isinstance(error, A2UError) else _lost(folder))
    finally:
        if isinstance(together, Group):
            together.close()
    if together.leads:
        result = as_result(experiment, history, folder)
        print(json.dumps(result, ensure_ascii=False) if as_json else _text(result))


def _lost(folder: Path) -> str:
    return (
        f"Another process of this training was lost, and the training cannot go on without it. {_kept(folder)} The "
        "output of that process or the system's log says why it was lost."
    )


def _kept(folder: Path) -> str:
    return f"{folder} keeps every complete epoch: the same command goes on from there."


def _train(experiment: Experiment, folder: Path) -> History:
    chosen, several = experiment.settings, experiment.together.world
    processes = f", {several} processes" if several > 1 else ""
    say(
        f"{row(chosen.row).title}, {chosen.preset} preset, seed {chosen.seed}, {experiment.device}{processes}: {folder}"
    )
    say(f"Trains on {experiment.train.describe}; after each epoch measured on {experiment.measured_on}.")
    shown = progress(folder, chosen.epochs, experiment.steps, reached, lambda last: f"SAD {last['sad']:.3f}")
    with Run(folder, experiment.config, experiment.device) as run, shown as hooks:
        return experiments.train(experiment, run, hooks.on_step, hooks.on_epoch)


def reached(record: dict[str, Any]) -> str:
    """What an epoch's record says of its metrics."""
    return f"validation SAD {record['sad']:.3f}, MSE {record['mse']:.4f}"


def best_of(history: History) -> dict[str, Any]:
    """The record of the best epoch: the first with the lowest SAD on validation images."""
    return min(history, key=lambda record: float(record[BEST]))


def as_result(experiment: Experiment, history: History, folder: Path) -> dict[str, Any]:
    """What a training reached, for JSON."""
    best = best_of(history)
    return {
        **experiment.config,
        "best_epoch": best["epoch"],
        "validation_sad": best["sad"],
        "validation_mse": best["mse"],
        "validation_data": experiment.measured_on,
        "seconds": sum(record["seconds"] for record in history),
        "run": str(folder),
    }


def _text(result: dict[str, Any]) -> str:
    behind = f" --backgrounds {result['backgrounds']}" if result.get("backgrounds") else ""
    return (
        f"{row(result['row']).title}: SAD {result['validation_sad']:.3f}, MSE {result['validation_mse']:.4f} on "
        f"validation images ({result['validation_data']}), epoch {result['best_epoch']} of {result['epochs']}.\n"
        f"Not yet measured on test images: a2u matting evaluate {result['run']} --data {result['data']}{behind}"
    )


def choose_precision(precision: str, kind: str) -> str:
    """ "auto" is mixed precision on a GPU: bfloat16 where it is safe, weights and loss in float32."""
    if precision != "auto":
        return precision
    return "bf16" if kind == "cuda" else "float32"
