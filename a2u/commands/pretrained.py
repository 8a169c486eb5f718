"""The body of `a2u pretrained`: list the weights that ship, or make them from finished runs."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from a2u.errors import A2UError, near_match
from a2u.pretrained.cards import HOME, MATTING, Card, card, names
from a2u.pretrained.packing import STORAGES


def pretrained(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[list | export RUN...]", help="What to do. Default: list.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="export: folder with the full test images, as for `a2u train`.")
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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
) -> None:
    """Trained networks that ship with a2u: list them, or make them from finished runs.

    Examples:

        a2u pretrained

        a2u pretrained export runs/*-reduced --data ~/data
    """
    job, *rest = words or ["list"]
    if job not in ("list", "export"):
        raise A2UError(f"a2u pretrained can list and export, not {job!r}: `a2u pretrained export RUN...`.")
    if (job == "list") == bool(rest):
        raise A2UError("list takes no names." if rest else "export needs run folders, such as runs/*-reduced.")
    if job == "export":
        cards = _export(rest, data, folder, storage, force)
    else:
        cards = [card(name, folder or HOME) for name in names(folder or HOME)]
    if as_json:
        for each in cards:
            print(json.dumps(asdict(each), ensure_ascii=False))
        return
    for each in cards:
        print(_line(each))
    total = sum(each.bytes for each in cards)
    print(f"{len(cards)} sets of weights, {total / 1e6:.1f} MB. a2u.load_pretrained(NAME) loads one.")


def _export(runs: list[str], data: Path | None, folder: Path | None, storage: str | None, force: bool) -> list[Card]:
    """Every finished run; one that cannot be exported is named, and the others go on."""
    from a2u.files.outputs import Outputs
    from a2u.pretrained.export import BY, OWN, export

    if storage is not None and storage not in STORAGES:
        raise A2UError(f"There is no storage {storage!r}. {near_match(storage, list(STORAGES))}")
    made, refused = [], []
    out = Outputs(folder or OWN, BY, force=True)
    for run in runs:
        try:
            made.append(export(run, data, out, (storage,) if storage else None, force))
            print(f"a2u: {made[-1].name} written", file=sys.stderr)
        except A2UError as error:
            refused.append(str(error))
            print(f"a2u: {error}", file=sys.stderr)
    if refused:
        raise A2UError(f"{len(refused)} of {len(runs)} runs were not exported; the first: {refused[0]}")
    return made


def _line(each: Card) -> str:
    metric, unit = ("sad", "SAD") if each.group == MATTING else ("psnr", "dB")
    full, stored = (each.metrics[key][metric] for key in ("full", "stored"))
    loss = f"{stored:6.2f} {unit:3} ({stored - full:+.3f})"
    made = f"{each.preset}, {each.epochs} {'epoch' if each.epochs == 1 else 'epochs'}"
    return f"{each.name:32} {loss}  {each.bytes / 1e6:4.1f} MB  {each.storage:24} {made:18} sha256 {each.sha256[:12]}"
