"""The body of `a2u pretrained`: list the weights that ship, or make them from finished runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from a2u.commands.bar import say
from a2u.commands.runs import Found, each_run
from a2u.commands.tables import text
from a2u.errors import A2UError, near_match
from a2u.pretrained.cards import HOME, MATTING, ModelCard, card, names
from a2u.pretrained.packing import STORAGES


def pretrained(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[list | export RUN...]", help="What to do. Default: list.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="export: folder with the test images, as the run's training had it."),
    ] = None,
    backgrounds: Annotated[
        Path | None, typer.Option(help="export, for a matting run: folder of pictures to compose the test images over.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where weights are, or go. Default: list those inside a2u, export into ./pretrained."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="export: replace weights of the same name.")] = False,
    storage: Annotated[
        str | None,
        typer.Option(
            help=f"export: {', '.join(STORAGES)}. Default: the smallest that loses less than 0.05 dB, or 1 % of SAD."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")] = False,
) -> None:
    """Trained networks that ship with a2u: list them, or make them from finished runs.

    Folders that are not runs are left out, and a line says so. A run that
    cannot be exported is reported at the end, with exit code 1; the others
    are exported.

    Examples:

        a2u pretrained

        a2u pretrained export runs/*-reduced --data ~/data
    """
    job, *rest = words or ["list"]
    if job not in ("list", "export"):
        raise A2UError(f"a2u pretrained can list and export, not {job!r}: `a2u pretrained export RUN...`.")
    if (job == "list") == bool(rest):
        raise A2UError("list takes no names." if rest else "export needs run folders, such as runs/*-reduced.")
    made = _export(rest, data, backgrounds, folder, storage, force) if job == "export" else None
    cards = made.results if made else [card(name, folder or HOME) for name in names(folder or HOME)]
    if as_json:
        for each in cards:
            print(json.dumps(asdict(each), ensure_ascii=False))
    else:
        if cards:
            print(text(("name", ">stored", "", ">loss", ">MB", "storage", "made", "sha256"), map(_cells, cards)))
        total = sum(each.bytes for each in cards)
        sets = f"{len(cards)} {'set' if len(cards) == 1 else 'sets'} of weights"
        print(f"{sets}, {total / 1e6:.1f} MB. a2u.load_pretrained(NAME) loads one.")
    if made:
        made.complain("`a2u train` and `a2u matting train` make runs that can ship.")


def _export(
    runs: list[str],
    data: Path | None,
    backgrounds: Path | None,
    folder: Path | None,
    storage: str | None,
    force: bool,
) -> Found[ModelCard]:
    """Export every finished run; those that cannot be exported are named at the end."""
    from a2u.files.outputs import Outputs
    from a2u.pretrained.export import BY, OWN, export

    if storage is not None and storage not in STORAGES:
        raise A2UError(f"There is no storage {storage!r}. {near_match(storage, list(STORAGES))}")
    out = Outputs(folder or OWN, BY, force=True)

    def one(run: Path) -> ModelCard:
        made = export(run, data, out, (storage,) if storage else None, backgrounds, force)
        say(f"{made.name} written")
        return made

    return each_run([Path(run) for run in runs], one)


def _cells(each: ModelCard) -> list[str]:
    metric, unit = ("sad", "SAD") if each.group == MATTING else ("psnr", "dB")
    full, stored = (each.metrics[key][metric] for key in ("full", "stored"))
    made = f"{each.preset}, {each.epochs} {'epoch' if each.epochs == 1 else 'epochs'}"
    size = f"{each.bytes / 1e6:.1f}"
    return [each.name, f"{stored:.2f}", unit, f"({stored - full:+.3f})", size, each.storage, made, each.sha256[:12]]
