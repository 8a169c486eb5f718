"""The nine rows of Table 1, and the numbers that the paper prints for them."""

import math

import pytest

from a2u.errors import A2UError
from a2u.reconstruction import ROWS, row


def test_table_1_has_its_nine_rows_in_order() -> None:
    assert list(ROWS) == [
        *("nearest", "bilinear", "deconvolution", "pixel_shuffle", "max_unpool", "carafe"),
        *("indexnet-holistic", "indexnet-depthwise", "a2u"),
    ]
    assert [row(name).down for name in ROWS] == ["conv"] * 4 + ["max"] * 5


@pytest.mark.parametrize("name", list(ROWS))
@pytest.mark.parametrize("set_name", ["mnist", "fashion"])
def test_the_papers_mse_is_a_root(name: str, set_name: str) -> None:
    """PSNR = −20 log₁₀ RMSE, to the digits printed: so the numbers were copied right, and the definition holds."""
    paper = row(name).paper[set_name]
    low, high = (-20 * math.log10(paper.rmse + half) for half in (0.00005, -0.00005))
    assert low - 0.02 <= paper.psnr <= high + 0.02


def test_an_unknown_row_gets_the_near_match() -> None:
    with pytest.raises(A2UError, match=r"no row 'indexnet-holistc'.*Did you mean 'indexnet-holistic'"):
        row("indexnet-holistc")
