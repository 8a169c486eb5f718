"""The bodies of `a2u matting evaluate` and `a2u matting predict`. Progress goes to stderr, results to stdout."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from a2u.commands.bar import bar, say
from a2u.commands.options import Device
from a2u.commands.reports import evaluation_text
from a2u.errors import A2UError
from a2u.files.writing import make_folder
from a2u.matting.data.listing import shown
from a2u.matting.measure.evaluate import Measured, blame, results, write_evaluation
from a2u.matting.measure.evaluate import evaluate as evaluate_on
from a2u.matting.measure.metrics import Convention
from a2u.matting.measure.predictors import of_classical, of_mattes
from a2u.matting.network.inference import check_tile
from a2u.matting.settings import SYNTHETIC
from a2u.pretrained.find import load_network
from a2u.training.device import choose_device

WEIGHTS = (
    "A trained network: the name of weights that ship (matting/dynamic-cs-d-norm), a run folder of `a2u matting train` "
    "(its best epoch), a checkpoint in one, or a checkpoint of the published A²U code (.pth, .ckpt, .safetensors …; no "
    "code in it is run)."
)
ClassicalOption = Annotated[
    str | None, typer.Option(help="A method without learning: closed-form or knn (slow on large images).")
]
TileOption = Annotated[
    int | None,
    typer.Option(
        help="For networks: compute in squares of this side, in less memory, a multiple of 16. "
        "Default: 512 for images of more than 1.5 million pixels."
    ),
]


def evaluate(
    run: Annotated[Path | None, typer.Argument(metavar="[RUN]", help=WEIGHTS)] = None,
    classical: ClassicalOption = None,
    mattes: Annotated[
        Path | None,
        typer.Option(
            help="Finished mattes instead, from any program: a folder with NAME.png, or NAME-alpha.png, for each image."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="synthetic, or the folder of a data set: Adobe Image Matting, Distinctions-646, alphamatting.com, or "
            "plain with image, alpha, trimap. Default: what the run was trained on; without a run, synthetic."
        ),
    ] = None,
    part: Annotated[
        str, typer.Option(help="Of the data: test, or validation, on which training compares its epochs.")
    ] = "test",
    size: Annotated[
        int | None, typer.Option(min=16, help="Side of the synthetic scenes. Default: the run's, or 256.")
    ] = None,
    backgrounds: Annotated[
        Path | None, typer.Option(help="For a folder of foregrounds alone: a folder of pictures to put behind them.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many images.")] = None,
    convention: Annotated[
        str,
        typer.Option(help="Of Conn, where matte and truth share nothing: skip (as published with A²U) or empty."),
    ] = "skip",
    tile: TileOption = None,
    device: Device = "auto",
    last: Annotated[bool, typer.Option("--last", help="A run's last epoch, instead of its best.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Keep mattes/NAME.png and scores.json, .csv and .txt here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON on stdout, instead of a table.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="One line per image as CSV on stdout, instead of a table.")
    ] = False,
) -> None:
    """Measure mattes on a data set: SAD, MSE, Grad and Conn of a network, a classical method or finished files.

    An image that fails is reported at the end, with exit code 1; the others
    are still measured, and the means are over those.

    Examples:

        a2u matting evaluate matting/dynamic-cs

        a2u matting evaluate runs/matting-dynamic-cs-narrow

        a2u matting evaluate --classical knn --limit 4 -o results

        a2u matting evaluate dynamic-cs-d.pth --data ~/composition-1k --csv

        a2u matting evaluate --mattes ~/mattes --data ~/composition-1k
    """
    from a2u.matting.data.sources import open_test

    conn = _convention(convention)
    if as_json and as_csv:
        raise A2UError("Results are printed once: give --json or --csv. With -o both are kept as files.")
    _one_of({"RUN": run, "--classical": classical, "--mattes": mattes})
    chosen = choose_device(device)
    _before_the_work(tile, out)
    trained = load_network(run, best=not last) if run else None
    if trained:
        data, size = data or trained.data, size or trained.test_size
        for note in trained.notes:
            say(note)
    cases = open_test(data or SYNTHETIC, part, size or 256, backgrounds)
    if trained:
        predictor = trained.predictor(chosen, tile)
    else:
        predictor = of_classical(classical) if classical else of_mattes(mattes or Path())
    count = min(limit or len(cases), len(cases))
    given = list(mattes.rglob("*")) if mattes else []
    keep = results(out, cases.names[:count], [*cases.files, *given, *([run] if run else [])]) if out else None
    words = cases.describe if count == len(cases) else f"{cases.describe}; the first {count} of {len(cases)} images"
    with bar(count, "images") as drawn:
        seen = 0

        def on_image(name: str, result: Measured | str) -> None:
            nonlocal seen
            seen += 1
            if isinstance(result, str):
                say(f"{shown(name)}: FAILED. {result}")
            score = f"SAD {result.scores.sad:.3f}" if isinstance(result, Measured) and result.scores else ""
            drawn.show(seen, words=f"{shown(name)} {score}")

        report = evaluate_on(
            cases, predictor, words, names=cases.names, count=count, keep=keep, convention=conn, on_image=on_image
        )
    if keep:
        for path in write_evaluation(report, evaluation_text(report), keep):
            say(shown(str(path)))
    if as_json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    elif report.measured:
        print(report.to_csv() if as_csv else evaluation_text(report), end="" if as_csv else "\n")
    if report.failed:
        raise blame(report.failed, count)


def predict(
    image: Annotated[Path, typer.Argument(help="An image, or a folder of images.")],
    trimap: Annotated[
        Path,
        typer.Argument(
            help="Its trimap (0 background, 128 unknown, 255 foreground), or a folder with one for each name."
        ),
    ],
    weights: Annotated[Path | None, typer.Option(help=WEIGHTS)] = None,
    classical: ClassicalOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for NAME-alpha.png and NAME-cutout.png.")] = Path(
        "mattes"
    ),
    cutout: Annotated[bool, typer.Option(help="Write the cut-out too, not only the alpha.")] = True,
    tile: TileOption = None,
    device: Device = "auto",
    last: Annotated[bool, typer.Option("--last", help="A run's last epoch, instead of its best.")] = False,
) -> None:
    """Cut out what is in front: an alpha and an RGBA picture of each image, from its trimap.

    On the photographs of `a2u figure photographs`, --classical closed-form
    follows hair best to the eye. The networks that ship are small and were
    trained on drawn scenes: they are meant for learning, and blur hair.

    The cut-out has only the estimated colours of the foreground, so that
    no rim of the old background shows; they are in the space of the
    image's colour profile, which is kept. With folders, an image that fails is
    reported at the end, with exit code 1; the others are written.

    Examples:

        a2u matting predict cat.jpg cat-trimap.png --classical closed-form -o out

        a2u matting predict photos/ trimaps/ --classical closed-form

        a2u matting predict photos/ trimaps/ --weights a2u-matting.pth

        a2u matting predict photos/ trimaps/ --weights matting/dynamic-cs-d-norm
    """
    from a2u.matting.cutouts import Cut, Pair, cut_all, pairs
    from a2u.matting.cutouts import results as results_of

    chosen, failed = pairs(image, trimap)
    _one_of({"--weights": weights, "--classical": classical})
    on = choose_device(device)
    outputs = results_of(chosen, out, cutout, [weights] if weights else [])
    _before_the_work(tile, out)
    trained = load_network(weights, best=not last) if weights else None
    predictor = trained.predictor(on, tile) if trained else of_classical(classical or "")
    for line in (predictor.title, *(trained.notes if trained else ())):
        say(line)

    def on_pair(pair: Pair, result: Cut | str) -> None:
        if isinstance(result, str):
            say(f"{shown(pair.name)}: FAILED. {result}")
            return
        say(f"{shown(pair.name)}: {result.width}×{result.height}, {result.seconds:.1f} s{_memory(result.peak_bytes)}")
        for path in (result.alpha, result.cutout):
            if path is not None:
                print(shown(str(path)), flush=True)

    count = len(chosen) + len(failed)
    for name, reason in failed.items():
        say(f"{shown(name)}: FAILED. {reason}")
    failed |= cut_all(chosen, predictor, outputs, colours=cutout, on_pair=on_pair)
    if failed:
        raise blame(failed, count)


def _one_of(methods: dict[str, Any]) -> None:
    """Refuse no method and more than one; an empty name counts as given."""
    given = [name for name, value in methods.items() if value is not None]
    if len(given) != 1:
        what = f"{' and '.join(given)} are" if given else "none is"
        raise A2UError(
            f"One method makes the mattes, but {what} given: choose one of {', '.join(methods)}. "
            f"`a2u matting train` makes a run; --classical knn needs none."
        )


def _convention(name: str) -> Convention:
    if name == "skip":
        return "skip"
    if name == "empty":
        return "empty"
    raise A2UError(f"Conn has two conventions, skip and empty; given --convention {name!r}.")


def _before_the_work(tile: int | None, out: Path | None) -> None:
    """Refuse now what would fail for every image."""
    if tile is not None:
        check_tile(tile)
    if out is not None:
        make_folder(out)


def _memory(peak: int | None) -> str:
    return "" if peak is None else f", {peak / 2**20:,.0f} MiB more at its peak"
