"""Lesson 10: exercises that know right from wrong, flaws of one SAD, scenes and mattes, the table, the explorer."""

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from rendered import pixels

from a2u.errors import A2UError
from a2u.lessons.matting import exercises
from a2u.lessons.matting import explorer as lesson
from a2u.lessons.matting.picture import ERROR_LIMIT, Picture, strip
from a2u.lessons.matting.wrong_mattes import BAND, truth, wrong_mattes
from a2u.matting import losses
from a2u.matting.data.synthetic import KINDS
from a2u.matting.measure import metrics

# --- exercises


def test_mistakes_are_known_however_they_are_written() -> None:
    """What a learner would write, with other operations than the list of mistakes uses."""
    unknown = exercises.UNKNOWN
    sads = {
        "whole image": lambda p, g, t: (p.int() - g.int()).abs().sum() / 255 / 1000,
        "not in [0, 1]": lambda p, g, t: (p.float() - g.float())[t == unknown].abs().sum() / 1000,
        "mean": lambda p, g, t: (p.float() - g.float())[t == unknown].abs().mean() / 255,
        "squared": lambda p, g, t: ((p / 255 - g / 255) ** 2)[t == unknown].sum() / 1000,
    }
    for name, answer in sads.items():
        assert exercises.SAD.check(answer).mistake == name

    def zeros(pred, alpha, image, foreground, background, trimap, epsilon):
        u = (trimap == unknown).float()
        d, c = pred - alpha, pred * foreground + (1 - pred) * background - image
        return ((d.square() + epsilon).sqrt() * u).mean() / 2 + ((c.square() + epsilon).sqrt() * u).mean() / 2

    def by_index(pred, alpha, image, foreground, background, trimap, epsilon):
        d = (pred - alpha)[trimap == unknown]
        again = pred * foreground + (1 - pred) * background - image
        c = again[(trimap == unknown).expand_as(again)]
        return d.abs().mean() / 2 + c.abs().mean() / 2

    def image_by_image(pred, alpha, image, foreground, background, trimap, epsilon):
        u = (trimap == unknown).float()
        d, c = pred - alpha, pred * foreground + (1 - pred) * background - image
        errors = ((d.square() + epsilon).sqrt() + (c.square() + epsilon).sqrt().mean(1, keepdim=True)) / 2
        return ((errors * u).sum((1, 2, 3)) / u.sum((1, 2, 3))).mean()

    assert exercises.LOSS.check(zeros).mistake == "known pixels as zeros"
    assert exercises.LOSS.check(image_by_image).mistake == "mean per image"
    assert exercises.LOSS.check(by_index).mistake == "epsilon missing"


def test_the_bug_as_it_was_handed_out_is_not_attempted_and_shows_what_is_wrong() -> None:
    same = exercises.SAD.check(lambda p, g, t: sum((p - g)[t == exercises.UNKNOWN].tolist()) / 255000)
    assert (same.passed, same.mistake) == (None, None)
    assert re.search(r"still the code that you were given.*expected 0\.\d+, yours is 0\.\d+", same.message)


@pytest.mark.parametrize("away", [1, 2, 3])
def test_more_than_one_trimap_has_every_property(away: int) -> None:
    assert exercises.TRIMAP.check(lambda alpha: exercises._eroded(alpha, away)).passed


def test_a_trimap_that_breaks_a_rule_is_told_which() -> None:
    """Answers other than those that the rules carry."""
    told = {
        "what it claims is true": lambda a: torch.where(a > 0.9, 255, torch.where(a == 0, 0, 128)).to(torch.uint8),
        "only 0, 128 and 255": lambda a: (a * 255).round().to(torch.uint8),
        "not lazy": lambda a: exercises._eroded(a, 5),
    }
    for name, answer in told.items():
        verdict = exercises.TRIMAP.check(answer)
        assert (verdict.passed, verdict.mistake) == (False, name)


@pytest.mark.parametrize("number", range(4))
def test_references_agree_with_the_library(number: int) -> None:
    generator = torch.Generator().manual_seed(number)
    given = exercises._sad_case(generator, number)
    sad = metrics.sad(*(each.numpy() for each in given))
    assert float(exercises.sad_reference(*given)) == pytest.approx(sad, rel=1e-6)
    *arguments, _ = exercises._loss_case(generator, number)
    loss = float(losses.matting_loss(*arguments))
    assert float(exercises.loss_reference(*arguments, losses.EPSILON)) == pytest.approx(loss, rel=1e-5)


# --- flaws


def test_five_flaws_have_one_sad_and_each_metric_a_character() -> None:
    alpha, trimap = truth()
    found = wrong_mattes()
    assert list(found) == ["blurred", "shifted", "holes", "blob", "haze"]
    for each in found.values():
        assert each.matte.dtype == np.uint8
        assert each.scores == metrics.measure(each.matte, alpha, trimap)
        assert each.scores.sad == pytest.approx(0.4, rel=0.02)
    scores = {name: each.scores for name, each in found.items()}
    assert scores["haze"].conn == 0
    assert max(scores, key=lambda name: scores[name].grad) == "holes"
    assert min(scores, key=lambda name: scores[name].mse) == "haze"
    assert min(scores["blob"].mse, scores["holes"].mse) > 1.5 * scores["shifted"].mse


def test_holes_are_inside_and_the_blob_touches_nothing() -> None:
    from scipy.ndimage import label

    alpha, trimap = truth()
    found = wrong_mattes()
    holes, blob = found["holes"].matte, found["blob"].matte
    assert label((holes < 128) & (alpha > 128))[1] == 12
    assert label(blob > 0)[1] == label(alpha > 0)[1] + 1
    for each in (holes, blob):
        assert (trimap[each != alpha] == 128).all(), "a flaw outside the unknown region would cost nothing"
    assert not blob[[0, -1]].any()
    assert BAND > 20


# --- scenes and mattes


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_is_composed_of_its_layers_and_a_wider_band_knows_less(kind: str) -> None:
    (foreground, alpha), image = lesson.layer(kind), lesson.picture(kind)
    back = lesson.behind(lesson.BEHIND[kind])
    assert torch.allclose(image, alpha * foreground + (1 - alpha) * back, atol=1e-6)
    narrow, wide = (lesson.known(kind, width) == 128 for width in (2, 9))
    assert wide[narrow].all()
    assert wide.sum() > narrow.sum()


def test_an_unknown_kind_gives_the_near_match() -> None:
    with pytest.raises(A2UError, match=r"no scenes of kind 'hare'.*'hair'"):
        lesson.layer("hare")


@pytest.mark.parametrize("method", [lesson.HALF, *lesson.METHODS])
def test_a_matte_keeps_what_the_trimap_knows(method: str) -> None:
    made, given = lesson.matte(method, "fur", 4), lesson.known("fur", 4)
    assert (made[given == 255] == 1).all()
    assert (made[given == 0] == 0).all()
    if method == lesson.HALF:
        assert (made[given == 128] == 0.5).all()
    scores = metrics.measure(*map(metrics.to_8bit, (made, lesson.layer("fur")[1])), given[0].numpy())
    assert lesson.scores(method, "fur", 4) == scores


def test_a_network_without_weights_says_that_it_is_not_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    monkeypatch.setattr(lesson.pretrained, "names", list)
    assert lesson.trained() == []
    net = lesson.network.__wrapped__("hybrid-cs")
    assert torch.equal(torch.rand(1), expected), "the random numbers of others are left alone"
    assert not net.training
    assert "Not trained" in lesson.training("hybrid-cs")
    assert lesson.title("hybrid-cs") == "A²U hybrid-cs, untrained"
    assert lesson.title(lesson.HALF) == lesson.HALF


# --- the explorer


@pytest.fixture(scope="module")
def panel():
    return lesson.explorer()


def test_every_control_changes_picture_and_words(panel) -> None:
    start = {"kind": "hair", "method": "hybrid-cw", "band": 6}
    for name, value in {"kind": "net", "method": lesson.HALF, "band": 7}.items():
        before = panel.set(**start).words, panel.image.value
        after = panel.set(**{name: value}).words, panel.image.value
        assert before[0] != after[0], name
        assert before[1] != after[1], name
        assert panel.drawing.alt in html.unescape(panel.caption.value)


@pytest.mark.parametrize("band", [0, lesson.WIDEST])
@pytest.mark.parametrize("kind", ["smoke", "shapes"])
def test_the_numbers_in_words_are_those_of_the_matte(panel, kind: str, band: int) -> None:
    says = panel.set(kind=kind, method="nearest", band=band).says
    found = lesson.scores("nearest", kind, band)
    assert f"SAD {found.sad:.3f}, MSE {found.mse:.4f}, Grad {found.grad:.3f}, Conn {found.conn:.3f}" in says
    assert f"over {int((lesson.known(kind, band) == 128).sum()):,} unknown" in says


# --- the table


def test_the_paper_stands_alone_until_something_is_measured(tmp_path: Path) -> None:
    assert lesson.whole_table(tmp_path) is None
    assert "run a2u matting table" in lesson.show_table(None).says


def report() -> dict:
    row = {
        "row": "nearest",
        "title": "Nearest",
        "parameters": 8,
        "status": "measured",
        "sad": 3.0,
        "mse": 0.1,
        "grad": 2.0,
        "conn": 1.0,
    }
    paper = {"sad": 37.51, "mse": 0.0096, "grad": 19.07, "conn": 35.72}
    rows = [row | {"paper": paper}, row | {"paper": paper, "row": "dynamic-cs", "title": "A²U", "sad": 2.0}]
    rows.append({"row": "carafe", "title": "CARAFE", "status": "not run", "paper": paper})
    return {
        "label": "synthetic set, narrow",
        "command": "a2u matting table",
        "test_data": "40 scenes",
        "rows": rows,
        "spread": [],
        "classical": [],
        "ablation": [],
    }


def test_the_table_in_words_needs_no_table() -> None:
    assert lesson.sads(None) == {}
    assert "figures/matting.json" in lesson.ablation_words(None)
    row = {"row": "dynamic-cs", "axis": "k_up", "value": "3", "paper_sad": 35.86}
    rows = [{"row": "nearest", "status": "measured", "sad": 2.5}, {"row": "bilinear", "status": "not run"}]
    ablation = [row | {"status": "measured", "sad": 3.184}, row | {"value": "5", "status": "not run"}]
    report = {"rows": rows, "ablation_label": "brief preset", "ablation": ablation}
    assert lesson.sads(report) == {"nearest": 2.5}
    first, measured, missing = lesson.ablation_words(report).splitlines()
    assert first == "below: brief preset"
    assert "SAD 3.18 paper 35.86" in " ".join(measured.split())
    assert "SAD not run" in missing


def test_seeds_are_compared_where_there_are_several() -> None:
    assert "figures/matting.md" in lesson.seeds_words(None)
    assert lesson.seeds_words(report()) == "Every network was trained with one seed."
    spread = [{"row": "nearest", "title": "Nearest", "sads": {"0": 2.0, "1": 2.5}, "mean": 2.25, "sd": 0.354}]
    line = lesson.seeds_words(report() | {"spread": spread})
    assert line == "Nearest  SAD 2.25 ± 0.35 over seeds 0, 1 (2.000, 2.500)"


def test_conn_is_given_by_both_conventions_where_both_were_measured() -> None:
    assert "figures/matting.md" in lesson.conn_words(None)
    rows = [{"conn_empty": 1.25}, {"conn_empty": None}, {}]
    known = {**report(), "test_images": 40, "without_foreground": 18}
    known["rows"] = [row | more for row, more in zip(known["rows"], rows, strict=True)]
    assert lesson.conn_words(known).splitlines() == [
        "Nearest  SAD 3.00  Conn, skip 1.00  empty 1.25",
        "18 of 40 trimaps know no foreground",
    ]


def test_the_order_in_words_fits_a_page() -> None:
    words = lesson.order_words({name: 3 - place / 10 for place, name in enumerate(lesson.ROWS)})
    assert words.startswith("least SAD first: A²U dynamic-cs-d† 1.90, A²U dynamic-cs-d 2.00, ")
    assert words.endswith("Nearest 3.00")
    assert max(map(len, words.splitlines())) <= 100


def test_every_seed_has_its_order() -> None:
    spread = [
        {"row": "nearest", "sads": {"0": 2.0, "1": 2.5}},
        {"row": "bilinear", "sads": {"0": 2.25, "1": 2.25}},
        {"row": "carafe", "sads": {"0": 1.0}},
    ]
    found = lesson.orders(report() | {"spread": spread, "seeds": [0, 1]})
    assert found == {"0": ["nearest", "bilinear"], "1": ["bilinear", "nearest"]}
    assert lesson.orders(report()) == lesson.orders(None) == {}


def test_a_report_is_found_from_the_notebooks_folder_and_labelled(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "notebooks").mkdir()
    file = tmp_path / "figures" / "matting.json"
    file.write_text(json.dumps(report()))
    drawing = lesson.show_table(lesson.whole_table(tmp_path / "notebooks"))
    assert "2 of 3 rows measured, SAD from 2.00 (A²U) to 3.00 (Nearest)" in drawing.says
    assert "synthetic set, narrow" in drawing.says
    assert "40 scenes" in drawing.says
    with_more = report() | {"seeds": [0, 1]}
    with_more["spread"] = [{"row": "nearest", "runs": [{"sad": 3.4}, {"sad": 2.5}]}]
    choice = {"row": "dynamic-cs", "axis": "k_up", "value": "3", "sad": 3.2, "paper_sad": 35.86}
    with_more["ablation"] = [choice]
    alone, again = (pixels(lesson.show_table(with_more, seeds=seeds).figure) for seeds in (False, True))
    assert np.array_equal(alone, pixels(drawing.figure)), "as if there were one seed, and no ablation"
    assert alone.shape == again.shape
    assert not np.array_equal(alone, again)
    file.write_text("{")
    with pytest.raises(A2UError, match=r"matting.json is damaged.*--report-only"):
        lesson.whole_table(tmp_path)


# --- plots


def test_a_strip_shows_everything_it_is_given() -> None:
    rng = np.random.default_rng(0)
    image, alpha = rng.random((3, 12, 12)), rng.random((1, 12, 12))
    trimap = np.full((1, 12, 12), 128, dtype=np.uint8)

    def drawn(colours=image, matte=alpha, known=trimap, note="SAD 1", **options) -> np.ndarray:
        pictures = [Picture("image", colours), Picture("trimap", known), Picture("matte", matte, "made", note)]
        return pixels(strip(pictures, **options))

    base = drawn()
    for changed in (
        drawn(colours=1 - image), drawn(matte=1 - alpha), drawn(known=trimap // 2), drawn(note="SAD 2"),
    ):  # fmt: skip
        assert changed.shape == base.shape
        assert not np.array_equal(changed, base)
    assert drawn(columns=2).shape[0] > base.shape[0]
    here, there = drawn(zoom=(0, 0, 4)), drawn(zoom=(8, 8, 4))
    assert here.shape == there.shape
    assert not np.array_equal(here, there)


def test_errors_share_one_scale() -> None:
    error = np.zeros((8, 8))
    error[0, 0] = ERROR_LIMIT
    alone, with_larger = (
        pixels(strip([Picture("a", error / 2, "error"), Picture("b", other, "error")])) for other in (error, 2 * error)
    )
    assert np.array_equal(alone[:, : alone.shape[1] // 2], with_larger[:, : alone.shape[1] // 2])


@pytest.mark.parametrize(
    ("pictures", "zoom", "message"),
    [
        ([], None, "at least one picture"),
        ([Picture("a", np.zeros((4, 4))), Picture("b", np.zeros((4, 5)))], None, "all of one size"),
        ([Picture("a", np.zeros(4))], None, "'a' is to be"),
        ([Picture("a", np.zeros((4, 4)), "guess")], None, "role 'guess'"),
        ([Picture("a", np.zeros((4, 4)))], (2, 2, 3), "leaves the picture"),
    ],
)
def test_what_is_no_strip_is_explained(pictures, zoom, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        strip(pictures, zoom=zoom)
