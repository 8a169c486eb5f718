"""Lesson 10: scenes to compose, trimaps of any width, mattes of trained networks, and the table of section 6."""

from functools import cache
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import torch
from torch import Tensor

from a2u import pretrained
from a2u.errors import A2UError, near_match
from a2u.lessons.columns import columns
from a2u.lessons.frame import Drawing, Panel, choice, slider
from a2u.lessons.matting.picture import Picture, strip
from a2u.lessons.matting.synthetic_set import CHOSEN
from a2u.lessons.reports import find_report
from a2u.matting.data import trimap
from a2u.matting.data.augment import window
from a2u.matting.data.composition import alpha_tensor, compose, image_tensor
from a2u.matting.data.synthetic import KINDS, scene
from a2u.matting.data.synthetic.backgrounds import background
from a2u.matting.data.synthetic.source import FIRST_SEED
from a2u.matting.measure.metrics import Scores, measure, to_8bit
from a2u.matting.network.inputs import settle
from a2u.matting.network.network import MattingNet
from a2u.matting.pictures import board
from a2u.matting.report_text import spread_words
from a2u.matting.rows import ROWS, build, row
from a2u.plots.matting import busiest
from a2u.plots.table2 import TableRow, matting_board
from a2u.training.device import derive_seed

SIZE = 128  # of every scene: a matte takes a moment
FIRST = FIRST_SEED["test"]  # scenes and backgrounds that no training has seen
BEHIND = {"hair": 5, "fur": 7, "net": 2, "foliage": 1, "glass": 4, "bubbles": 3, "smoke": 1, "shapes": 0}
WIDEST = 24  # pixels of the widest unknown band
HALF = "½ everywhere"  # what one can say without looking: ½ wherever the trimap does not know
METHODS = ("nearest", "hybrid-cw")  # the rows that the lesson compares
NARROW = 0.25  # of the paper's channels
GROUP = "matting/"  # of the weights that ship


# --- scenes


@cache
def layer(kind: str) -> tuple[Tensor, Tensor]:
    """The foreground of a kind that the contact sheet shows: colour F and alpha, Tensor[3 and 1, 128, 128].

    F is defined everywhere, also where nothing of it is seen.

    Raises:
        A2UError: There are no scenes of this kind.
    """
    if kind not in KINDS:
        raise A2UError(f"There are no scenes of kind {kind!r}. {near_match(kind, list(KINDS))}")
    drawn = scene(kind, FIRST + CHOSEN[kind], SIZE)
    return image_tensor(drawn.colour), alpha_tensor(drawn.alpha)


@cache
def behind(number: int) -> Tensor:
    """A background of the test part, Tensor[3, 128, 128]: photographs for even numbers, textures for odd ones."""
    return image_tensor(window(background("test", number), SIZE, np.random.default_rng(derive_seed(number, "lesson"))))


@cache
def picture(kind: str) -> Tensor:
    """The scene of this kind over its background: Tensor[3, 128, 128]."""
    foreground, alpha = layer(kind)
    return compose(foreground, behind(BEHIND[kind]), alpha)


@cache
def known(kind: str, width: int) -> Tensor:
    """Its trimap with an unknown band of `width` pixels to either side: uint8 Tensor[1, 128, 128]."""
    return trimap.of_width(layer(kind)[1], width)


# --- mattes


def trained() -> list[str]:
    """The rows of Table 2 whose trained networks ship with the library."""
    return [name.removeprefix(GROUP) for name in pretrained.names() if name.startswith(GROUP)]


@cache
def network(name: str) -> MattingNet:
    """The network of a row of Table 2: trained where its weights ship, otherwise narrow and as a training begins."""
    if name in trained():
        model: MattingNet = pretrained.load_pretrained(GROUP + name)[0]
        return model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build(name, NARROW).eval()


def training(name: str) -> str:
    """How the network was trained, in one sentence with its title."""
    said = pretrained.card(GROUP + name).training if name in trained() else "Not trained: weights as a training begins."
    return f"{row(name).title}: {said}"


@cache
def matte(method: str, kind: str, width: int) -> Tensor:
    """Alpha of a scene, Tensor[1, 128, 128]: by the network of a row, or :data:`HALF`; known pixels as the trimap."""
    given = known(kind, width)
    if method == HALF:
        return settle(torch.full((1, SIZE, SIZE), 0.5), given)
    return network(method).predict(picture(kind), given)


@cache
def scores(method: str, kind: str, width: int) -> Scores:
    """The four metrics of a matte, in 8 bits and over the unknown region."""
    made, alpha = to_8bit(matte(method, kind, width)), to_8bit(layer(kind)[1])
    return measure(made, alpha, known(kind, width)[0].numpy())


def title(method: str) -> str:
    """What a method is called."""
    if method == HALF:
        return method
    return row(method).title + ("" if method in trained() else ", untrained")


def beside(kind: str, width: int, methods: tuple[str, ...]) -> Drawing:
    """Image, trimap, truth and mattes with their SAD, the busiest place of them enlarged."""
    alpha, given = layer(kind)[1], known(kind, width)
    sads = {title(method): scores(method, kind, width).sad for method in methods}
    pictures = [Picture("image", picture(kind)), Picture("trimap", given), Picture("truth", alpha, "truth")]
    pictures += [
        Picture(title(method), matte(method, kind, width), "made", f"SAD {sads[title(method)]:.2f}")
        for method in methods
    ]
    figure = strip(pictures, zoom=busiest(alpha[0], SIZE // 4))
    found = ", ".join(f"{name} {sad:.2f}" for name, sad in sads.items())
    words = f"{kind}, {int((given == trimap.UNKNOWN).sum()):,} unknown pixels; SAD: {found}"
    return Drawing(figure, f"A scene of {kind}: image, trimap, true alpha and {len(methods)} mattes, enlarged.", words)


def explorer(kind: str = "hair", method: str = "hybrid-cw", band: int = 6) -> Panel:
    """A scene, a trimap as wide as the slider says, a method: its matte, where it is wrong, and its metrics."""

    def draw(kind: str, method: str, band: int) -> Drawing:
        alpha, given, made = layer(kind)[1], known(kind, band), matte(method, kind, band)
        found, unknown = scores(method, kind, band), int((given == trimap.UNKNOWN).sum())
        error = (made - alpha).abs() * (given == trimap.UNKNOWN)
        pictures = [
            Picture("image", picture(kind)), Picture("trimap", given, note=f"{unknown:,} unknown"),
            Picture("truth", alpha, "truth"), Picture(title(method), made, "made", f"SAD {found.sad:.3f}"),
            Picture("error", error, "error", f"largest {float(error.max()):.2f}"),
        ]  # fmt: skip
        says = (
            f"{title(method)}: SAD {found.sad:.3f}, MSE {found.mse:.4f}, Grad {found.grad:.3f}, Conn {found.conn:.3f} "
            f"over {unknown:,} unknown pixels of {SIZE * SIZE:,}"
        )
        alt = (
            f"A scene of {kind}, its trimap with a band of {band} pixels, its true alpha, the matte by "
            f"{title(method)} and its errors, with one place enlarged below. {says}."
        )
        return Drawing(strip(pictures, zoom=busiest(alpha[0], SIZE // 4)), alt, says)

    methods = [HALF, *(name for name in ROWS if name in (*METHODS, *trained()))]
    return Panel(
        draw,
        kind=choice(list(KINDS), kind, "scene"),
        method=choice([(title(name), name) for name in methods], method, "method"),
        band=slider(0, WIDEST, band, "band"),
    )


# --- the table of section 6


def whole_table(start: str | Path = ".") -> dict[str, Any] | None:
    """The report of `a2u matting table` for this repository, or None without: see `a2u.matting.report.collect`."""
    return find_report("matting", "a2u matting table --report-only", start)


def sads(report: dict[str, Any] | None) -> dict[str, float]:
    """Row → SAD of the networks that were measured; empty without a report."""
    rows = report["rows"] if report else []
    return {each["row"]: each["sad"] for each in rows if each["status"] == "measured"}


def order_words(sads: dict[str, float]) -> str:
    """The rows by their SAD, least first, in lines that fit a page."""
    listed = ", ".join(f"{ROWS[name].title} {sads[name]:.2f}" for name in sorted(sads, key=sads.__getitem__))
    return fill(f"least SAD first: {listed}", 100)


def seeds_words(report: dict[str, Any] | None) -> str:
    """What other seeds reached, a line a row that was trained with several."""
    if report is None or not report["spread"]:
        return "Every network was trained with one seed." if report else "Seeds are compared in figures/matting.md."
    return columns([(each["title"], f"SAD {spread_words(each)}") for each in report["spread"]])


def orders(report: dict[str, Any] | None) -> dict[str, list[str]]:
    """Seed → the rows that were trained with every seed, least SAD first; empty where there is one seed alone."""
    if report is None or not report["spread"]:
        return {}
    seeds = [str(seed) for seed in report["seeds"]]
    rows = [each for each in report["spread"] if all(seed in each["sads"] for seed in seeds)]
    return {seed: [each["row"] for each in sorted(rows, key=lambda each: each["sads"][seed])] for seed in seeds}


def conn_words(report: dict[str, Any] | None) -> str:
    """SAD and Conn by both conventions, a line for every method of which both were measured."""
    if report is None:
        return "Both conventions stand in figures/matting.md of the repository."
    measured = [each for each in (*report["rows"], *report["classical"]) if each["status"] == "measured"]
    rows = [
        (each["title"], f"SAD {each['sad']:.2f}", f"Conn, skip {each['conn']:.2f}", f"empty {each['conn_empty']:.2f}")
        for each in measured
        if each.get("conn_empty") is not None
    ]
    count = f"{report['without_foreground']} of {report['test_images']} trimaps know no foreground"
    return f"{columns(rows)}\n{count}"


def ablation_words(report: dict[str, Any] | None) -> str:
    """The axes of Tables 3 and 4, a line a run, under a line that says how they were made."""
    if report is None:
        return "The ablation stands in figures/matting.json of the repository."
    rows = [
        (each["row"], each["axis"], str(each["value"]), f"SAD {_sad_words(each)}", f"paper {each['paper_sad']:.2f}")
        for each in report["ablation"]
    ]
    return f"below: {report['ablation_label']}\n{columns(rows)}"


def _sad_words(run: dict[str, Any]) -> str:
    return f"{run['sad']:.2f}" if run["status"] == "measured" else "not run"


def show_table(report: dict[str, Any] | None, *, seeds: bool = False) -> Drawing:
    """All of Table 2 beside the paper, with a label that says how it was made; without a report, the paper alone.

    Args:
        seeds: also what other seeds reached, which the lesson asks about before it shows them. The ablation is never
            in this picture: the lesson prints it, once Tables 3 and 4 are introduced (:func:`ablation_words`).
    """
    if report is None:
        lines = [TableRow(each.title, None, None, each.paper) for each in ROWS.values()]
        figure = matting_board(lines, [], label="nothing measured yet")
        return Drawing(figure, "Table 2 of the paper.", "There is no figures/matting.json here: run a2u matting table.")
    measured = [each for each in report["rows"] if each["status"] == "measured"]
    best, worst = (f(measured, key=lambda each: each["sad"]) for f in (min, max))
    alt = "Table 2: SAD, MSE, Grad and Conn of every network, measured here on synthetic scenes, beside the paper's."
    words = (
        f"{len(measured)} of {len(report['rows'])} rows measured, SAD from {best['sad']:.2f} ({best['title']}) to "
        f"{worst['sad']:.2f} ({worst['title']}). Here: {report['label']}; measured on {report['test_data']}."
    )
    if seeds:
        alt = f"{alt[:-1]}; open diamonds are other seeds."
    return Drawing(board(report | {"ablation": []} | ({} if seeds else {"spread": []})), alt, words)
