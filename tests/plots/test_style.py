"""Figures are functions of arrays: they show what they are given, in one visual language, without pyplot."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from processes import python
from rendered import pixels

from a2u.errors import A2UError
from a2u.lessons.one_formula.picture import reference_points, weight_curves
from a2u.plots import sheet, style
from a2u.plots.maps import comparison, flat, side_by_side
from a2u.plots.witness import SHOWN, arrange, witness

RNG = np.random.default_rng(0)
MAP = RNG.normal(size=(2, 4, 5))


def window_witness(x: np.ndarray, channels: list[int], k: int, i: int, j: int):
    """A witness with random weights over the k×k window around (i, j) of some channels."""
    where, z = [], []
    for c in channels:
        for a in range(i - k // 2, i - k // 2 + k):
            for b in range(j - k // 2, j - k // 2 + k):
                inside = 0 <= a < x.shape[1] and 0 <= b < x.shape[2]
                where.append((c, a, b))
                z.append(x[c, a, b] if inside else 0.0)
    return RNG.normal(size=len(z)), np.array(z), np.array(where)


# --- the visual language

# Severe red-, green- and blue-blindness as linear maps of linear RGB (Machado, Oliveira, Fernandes 2009).
BLINDNESS = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = matrix @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", BLINDNESS)
@pytest.mark.parametrize(("one", "other"), [("z", "w"), ("z", "y"), ("w", "y")])
def test_window_kernel_and_output_are_told_apart(one: str, other: str, sight: str) -> None:
    seen = [lab(np.array(BLINDNESS[sight]) @ linear(style.COLOURS[kind])) for kind in (one, other)]
    assert np.linalg.norm(seen[0] - seen[1]) > 12  # in CIE Lab; about 2 is just noticeable
    assert style.GLYPHS[one] != style.GLYPHS[other]


@pytest.mark.parametrize("colour", [*style.COLOURS.values(), style.MUTED, style.INK, *style.NETWORKS])
def test_text_colours_are_readable_on_paper(colour: str) -> None:
    luminance = np.array([0.2126, 0.7152, 0.0722]) @ linear(colour)
    assert 1.05 / (luminance + 0.05) >= 4.5  # WCAG AA


@pytest.mark.parametrize("kind", ["signed", "weights"])
def test_zero_is_white_and_scales_are_centred(kind: str) -> None:
    cmap, norm = style.scale(kind, [-0.5, 2.0])
    assert (norm.vmin, norm.vmax) == (-2, 2)
    assert np.allclose(cmap(norm(0.0)), 1, atol=0.02)


def test_errors_start_at_zero_and_share_one_scale() -> None:
    assert (style.scale("errors", [1.0], [3.0])[1].vmin, style.scale("errors", [1.0], [3.0])[1].vmax) == (0, 3)
    assert style.scale("errors", [0.0])[1].vmax == 1, "no error at all is still a scale"
    with pytest.raises(A2UError, match=r"Unknown kind of map 'error'.*errors"):
        style.scale("error", [1.0])


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.50"), (-0.126, "−0.13"), (-0.001, "0.00"), (12.0, "12.00")])
def test_numbers_have_a_real_minus_and_no_negative_zero(value: float, text: str) -> None:
    assert style.number(value) == text


@pytest.mark.parametrize(
    ("values", "tight"),
    [([[0.25, 0.5]], False), ([[-0.06, -0.06]], True), ([[-0.06, 10.25]], True)],
)
def test_numbers_that_would_touch_lose_their_zero_and_nothing_else(values: list, tight: bool, monkeypatch) -> None:
    written: list[str] = []
    place = sheet._placed
    monkeypatch.setattr(sheet, "_placed", lambda text, *rest: written.append(text) or place(text, *rest))
    _, ax = style.canvas(2, 1)
    sheet.numbers(ax, sheet.Block(0.1, 0.1, 0.43, 1, 2), values, *style.scale("signed", values))
    plain = [style.number(value) for value in values[0]]
    assert written == ([{"−0.06": "−.06"}.get(text, text) for text in plain] if tight else plain)


def test_networks_have_none_of_the_colours_of_window_kernel_and_output() -> None:
    assert not {*style.NETWORKS, style.PRINTED, style.MEASURED} & set(style.COLOURS.values())
    assert len(set(style.NETWORKS)) == len(style.NETWORKS) >= 4


def test_nothing_uses_pyplot_or_changes_the_settings_of_the_reader() -> None:
    code = (
        "import matplotlib, sys; before = matplotlib.rcParams.copy()\n"
        "import numpy as np\nfrom a2u.plots import style; from a2u.plots.maps import side_by_side\n"
        "import a2u.plots.witness, a2u.lessons.one_formula.picture\n"
        "style.png(side_by_side({'x': np.eye(3)}))\n"
        "assert 'matplotlib.pyplot' not in sys.modules; assert matplotlib.rcParams.copy() == before"
    )
    python("-c", code, check=True)


def test_equal_figures_give_equal_bytes_and_packing_changes_no_pixel() -> None:
    fig = side_by_side({"x": MAP[0]})
    assert style.png(fig) == style.png(side_by_side({"x": MAP[0]}))
    loose, tight = (np.asarray(Image.open(io.BytesIO(style.png(fig, small=small)))) for small in (False, True))
    assert np.array_equal(loose, tight)
    assert tight.shape == (435, 1440, 3)


# --- maps


def test_channels_without_a_part_in_a_value_do_not_change_its_picture() -> None:
    x, y = np.random.default_rng(0).random((2, 3, 4, 4))
    y = np.repeat(np.repeat(y, 2, 1), 2, 2)
    w, z, where = np.ones(1), x[1, 1:2, 1], np.array([[1, 1, 1]])
    loud = x.copy()
    loud[2] *= 50
    pictures = [pixels(witness(each, y, w, z, where, (1, 2, 2))) for each in (x, loud)]
    assert np.array_equal(*pictures)


def test_maps_side_by_side_share_one_scale() -> None:
    alone, beside = (pixels(side_by_side({"a": MAP[0], "b": factor * MAP[0]})) for factor in (1, 10))
    left = slice(40, 250), slice(0, alone.shape[1] // 2)
    assert beside[left].mean() > alone[left].mean() + 3, "beside a map ten times as strong, this one must look pale"


@pytest.mark.parametrize("maps", [{}, {"a": np.zeros((2, 3, 4))}, {"a": np.zeros((0, 4))}])
def test_what_is_no_map_is_refused(maps: dict) -> None:
    with pytest.raises(A2UError, match="arrays \\(height, width\\)"):
        side_by_side(maps)


def test_comparison_shows_where_two_answers_differ_and_nothing_is_white() -> None:
    target = np.ones((3, 3))
    wrong = target.copy()
    wrong[1, 2] -= 5
    drawn = [pixels(comparison(target, yours)) for yours in (target, target + 1e-6, wrong)]
    middle = (slice(45, 92), slice(658, 700))  # a cell of the difference, outlines left out
    violet = np.array([0x43, 0x20, 0x8F])
    found = [(np.abs(p[:, 640:] - violet).max(axis=-1) < 3).sum() for p in drawn]
    assert found[0] == found[1] == 0 < found[2], "what is too small is violet in the difference"
    assert [np.median(p[middle]) for p in drawn[:2]] == [254, 254], "no difference is as good as white"


def test_comparison_has_the_colours_of_what_it_compares() -> None:
    for kind, colour in style.COLOURS.items():
        drawn = pixels(comparison(MAP[0], MAP[0], kind, "one of two"))
        ink = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
        found = (np.abs(drawn - ink).max(axis=-1) < 3).any(axis=0).nonzero()[0]
        assert found.min() < 100 < 332 < found.max() < 640, "target and yours, not their difference"
        assert not np.array_equal(drawn, pixels(comparison(MAP[0], MAP[0], kind)))


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [((), (1, 1)), ((9,), (3, 3)), ((5,), (1, 5)), ((2, 3), (2, 3)), ((2, 3, 4), (3, 9)), ((5, 2, 1), (5, 5))],
)
def test_any_array_can_be_laid_flat(shape: tuple, drawn: tuple) -> None:
    assert flat(np.ones(shape)).shape == drawn


# --- the witness


def test_taps_are_sorted_into_their_window_and_the_map_ends_where_it_ends() -> None:
    w, z, where = window_witness(MAP, [1], 3, 0, 4)
    shuffled = RNG.permutation(9)
    taps = arrange(w[shuffled], z[shuffled], where[shuffled], 4, 5)
    assert (taps.top, taps.left, taps.channels) == (-1, 3, [1])
    assert np.array_equal(taps.w[0], w.reshape(3, 3))
    assert np.array_equal(taps.outside, [[True] * 3, [False, False, True], [False, False, True]])


def test_of_many_channels_those_with_the_largest_products_are_shown() -> None:
    x = np.ones((20, 3, 3))
    w, z, where = window_witness(x, list(range(20)), 1, 1, 1)
    taps = arrange(w, z, where, 3, 3)
    assert taps.all_channels == 20
    assert set(taps.channels) == set(np.argsort(abs(w))[-SHOWN:].tolist())


def test_missing_taps_stay_missing() -> None:
    taps = arrange([1.0, 2.0], [0.5, 0.5], [(0, 0, 0), (0, 1, 1)], 4, 5)
    assert np.isnan(taps.w[0, 0, 1])
    assert not np.isnan(taps.w[0, 1, 1])


def test_a_witness_whose_parts_do_not_fit_is_refused() -> None:
    with pytest.raises(A2UError, match="w and z of one length"):
        arrange([1.0], [1.0, 2.0], [(0, 0, 0)], 4, 5)


@pytest.mark.parametrize(("size", "k"), [((1, 1), 3), ((1, 1), 1), ((4, 5), 2), ((3, 9), 7), ((64, 64), 5)])
def test_every_window_can_be_drawn_on_every_map(size: tuple, k: int) -> None:
    x = RNG.normal(size=(1, *size))
    y = x.repeat(2, 1).repeat(2, 2)
    w, z, where = window_witness(x, [0], k, size[0] - 1, 0)
    picture = pixels(witness(x, y, w, z, where, (0, 2 * size[0] - 1, 0), title="any"))
    assert picture.shape == (475, 960, 3)
    for kind in style.COLOURS:  # window, kernel and output are all there
        assert (abs(picture - np.round(255 * np.array(to_rgb(style.COLOURS[kind])))).max(axis=2) < 8).sum() > 50


def test_the_picture_follows_its_value() -> None:
    w, z, where = window_witness(MAP, [0], 3, 1, 1)
    y = MAP.repeat(2, 1).repeat(2, 2)
    pictures = [
        pixels(witness(MAP, y, a, z, where, at)) for a, at in [(w, (0, 2, 2)), (w, (0, 2, 3)), (2 * w, (0, 2, 2))]
    ]
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


# --- distance


def test_reference_points_are_outlined_and_the_output_is_green() -> None:
    kernels = {"one": np.ones((1, 1)), "four": np.pad(np.full((2, 2), 0.25), ((1, 0), (0, 1)))}
    picture = pixels(reference_points(kernels, (0.25, -0.25)))
    green = abs(picture - np.round(255 * np.array(to_rgb(style.Y)))).max(axis=2) < 8
    assert green[:, : green.shape[1] // 2].sum() > 20
    assert green[:, green.shape[1] // 2 :].sum() > 20


def test_weight_curves_mark_what_is_met() -> None:
    d = np.linspace(-1, 1, 21)
    without, with_points = (pixels(weight_curves({"hat": (d, 1 - abs(d), p, p)})) for p in ([], [0.5]))
    assert not np.array_equal(without, with_points)


@pytest.mark.parametrize(("values", "text"), [([0.0, 1.0], "0.00 … 1.00"), ([0.5, 0.5], "0.50"), ([], "empty")])
def test_ranges_in_words(values: list, text: str) -> None:
    assert sheet.span(values) == text


def test_a_picture_does_not_depend_on_the_users_style() -> None:
    """Dark styles, LaTeX, hand-drawn lines, other layouts: everything begins from matplotlib's own settings."""
    import matplotlib
    import matplotlib.style

    def draw() -> list[bytes]:
        fig, ax = style.canvas(3, 2)
        with style.context():
            ax.text(1, 1, "wᵀz")
            ax.plot([0, 2], [1, 1])
            other = style.figure(3, 2)
            axes = other.add_subplot(title="gain")
            axes.plot([1, 3, 2], label="a")
            axes.legend()
        return [style.png(fig), style.png(other)]

    expected = draw()
    own = {"text.usetex": True, "figure.constrained_layout.use": True, "path.sketch": (1, 2, 3), "font.size": 30}
    with matplotlib.rc_context():
        matplotlib.style.use(["dark_background", "ggplot"])
        matplotlib.rcParams.update(own)
        assert draw() == expected
        assert matplotlib.rcParams["font.size"] == 30  # the user's own is as it was
