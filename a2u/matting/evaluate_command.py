"""The bodies of `a2u matting evaluate` and `a2u matting predict`. Progress goes to stderr, results to stdout."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from a2u.errors import A2UError
from a2u.matting.evaluate import Measured, blame, write_report
from a2u.matting.evaluate import evaluate as evaluate_on
from a2u.matting.metrics import Convention
from a2u.matting.predictors import Predictor, of_classical, of_mattes, of_weights
from a2u.training.device import choose_device

WeightsOption = Annotated[
    Path | None,
    typer.Option(
        help="A trained network: a run folder of `a2u matting train` (its best epoch), the checkpoint in one, or a "
        "published A²U checkpoint."
    ),
]
ClassicalOption = Annotated[
    str | None, typer.Option(help="A method without learning instead: closed-form or knn (slow on large images).")
]
DeviceOption = Annotated[str, typer.Option(help="For networks: auto (a GPU if there is one), cpu, cuda, or cuda:1.")]
TileOption = Annotated[
    int | None,
    typer.Option(min=1, help="For networks: compute large images in squares of this side, in less memory."),
]


def evaluate(
    data: Annotated[
        str, typer.Argument(help="Folder of a data set (see `a2u matting train --help`), or synthetic.")
    ] = "synthetic",
    weights: WeightsOption = None,
    classical: ClassicalOption = None,
    mattes: Annotated[
        Path | None,
        typer.Option(help="Finished mattes instead, of any program: a folder with NAME.png for each image."),
    ] = None,
    part: Annotated[str, typer.Option(help="Which images: test or validation.")] = "test",
    size: Annotated[int, typer.Option(min=16, help="Of the synthetic scenes; pictures of a folder keep theirs.")] = 512,
    backgrounds: Annotated[
        Path | None, typer.Option(help="For a folder of foregrounds alone: a folder of pictures to lay behind them.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many images.")] = None,
    convention: Annotated[
        str,
        typer.Option(help="Of Conn, where matte and truth share nothing: skip (as published with A²U) or empty."),
    ] = "skip",
    tile: TileOption = None,
    device: DeviceOption = "auto",
    last: Annotated[bool, typer.Option("--last", help="A run's last epoch, instead of its best.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Keep mattes/NAME.png and scores.json, .csv and .txt here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON on stdout, instead of a table.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="A line an image as CSV on stdout, instead of a table.")
    ] = False,
) -> None:
    """Measure mattes on a data set: SAD, MSE, Grad and Conn of a network, a classical method or finished files.

    An image that fails is reported at the end, with exit code 1; the others
    are measured all the same, and the means are over those.

    Examples:

        a2u matting evaluate --classical knn --limit 4

        a2u matting evaluate --weights runs/matting-dynamic-cs-narrow -o results

        a2u matting evaluate ~/data/composition-1k --weights dynamic-cs-d.pth --tile 1024 --csv

        a2u matting evaluate ~/data/composition-1k --mattes ~/other/mattes
    """
    from a2u.matting.sources import open_test

    conn = _convention(convention)
    if as_json and as_csv:
        raise A2UError("Results are printed once: give --json or --csv. With -o both are kept as files.")
    predictor = _predictor(weights, classical, mattes, device, tile, last)
    cases = open_test(data, part, size, backgrounds)
    count = min(limit or len(cases), len(cases))
    words = cases.describe if count == len(cases) else f"{cases.describe}, the first {count} of {len(cases)} images"
    _say(f"{predictor.title}; on {words}")
    keep = out / "mattes" if out else None
    with _Bar(count) as bar:
        report = evaluate_on(
            cases, predictor, words, names=cases.names, count=count, keep=keep, convention=conn, tell=bar.tell
        )
    if out:
        for path in write_report(report, out):
            _say(str(path))
    if as_json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        print(report.to_csv() if as_csv else report.to_text(), end="" if as_csv else "\n")
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
    weights: WeightsOption = None,
    classical: ClassicalOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for NAME-alpha.png and NAME-cutout.png.")] = Path(
        "mattes"
    ),
    cutout: Annotated[bool, typer.Option(help="Write the cut-out too, not the alpha alone.")] = True,
    tile: TileOption = None,
    device: DeviceOption = "auto",
    last: Annotated[bool, typer.Option("--last", help="A run's last epoch, instead of its best.")] = False,
) -> None:
    """Cut out what is in front: an alpha and an RGBA picture of each image, from its trimap.

    The cut-out has the estimated colours of the foreground alone, so that
    no rim of the old background shows. Of folders, an image that fails is
    reported at the end, with exit code 1; the others are written.

    Examples:

        a2u matting predict cat.jpg cat-trimap.png --weights runs/matting-dynamic-cs-narrow -o out

        a2u matting predict photos/ trimaps/ --classical closed-form
    """
    from a2u.matting.cutouts import Cut, Pair, cut_all, pairs

    chosen, failed = pairs(image, trimap)
    predictor = _predictor(weights, classical, None, device, tile, last)
    _say(predictor.title)

    def tell(pair: Pair, result: Cut | str) -> None:
        if isinstance(result, str):
            _say(f"{pair.name}: FAILED. {result}")
            return
        _say(f"{pair.name}: {result.width}×{result.height}, {result.seconds:.1f} s{_memory(result.peak_bytes)}")
        for path in (result.alpha, result.cutout):
            if path is not None:
                print(path, flush=True)

    count = len(chosen) + len(failed)
    for name, reason in failed.items():
        _say(f"{name}: FAILED. {reason}")
    failed |= cut_all(chosen, predictor, out, colours=cutout, tell=tell)
    if failed:
        raise blame(failed, count)


def _predictor(
    weights: Path | None, classical: str | None, mattes: Path | None, device: str, tile: int | None, last: bool
) -> Predictor:
    """The one method that the options name."""
    given = [
        name for name, value in (("--weights", weights), ("--classical", classical), ("--mattes", mattes)) if value
    ]
    if len(given) != 1:
        what = f"given {' and '.join(given)}" if given else "none is given"
        raise A2UError(
            f"One method makes the mattes, and {what}. Choose --weights RUN (a trained network; `a2u matting train` "
            f"makes one) or --classical closed-form (or knn)."
        )
    if weights:
        return of_weights(weights, choose_device(device), tile, best=not last)
    if classical:
        return of_classical(classical)
    assert mattes is not None
    return of_mattes(mattes)


def _convention(name: str) -> Convention:
    if name == "skip":
        return "skip"
    if name == "empty":
        return "empty"
    raise A2UError(f"Conn has two conventions, skip and empty; given --convention {name!r}.")


def _say(text: str) -> None:
    """A line on stderr, above the progress bar."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stderr)


def _memory(peak: int | None) -> str:
    return "" if peak is None else f", {peak / 2**20:,.0f} MiB"


class _Bar:
    """A progress bar over images on a terminal; what fails gets a line of its own."""

    def __init__(self, count: int) -> None:
        from tqdm import tqdm

        self.bar = tqdm(total=count, unit="image", leave=False, disable=None)

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def tell(self, name: str, result: Measured | str) -> None:
        self.bar.update()
        if isinstance(result, str):
            _say(f"{name}: FAILED. {result}")
        elif result.scores:
            self.bar.set_postfix_str(f"{name}: SAD {result.scores.sad:.3f}")
