"""One visual language: colours that are told apart, scales that mean the same everywhere, and no pyplot."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from processes import python

from a2u.errors import A2UError
from a2u.plots import style
from a2u.plots.maps import side_by_side

RNG = np.random.default_rng(0)
MAP = RNG.normal(size=(2, 4, 5))


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
