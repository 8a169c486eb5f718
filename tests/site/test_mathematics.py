"""Formulas of the lessons as MathML."""

import pytest
from bs4 import BeautifulSoup

from a2u.errors import A2UError
from a2u.site.mathematics import mathml


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"20\log_{10} x", "20log10x"),
        (r"\mathbf 1^\top w", "𝟏⊤w"),
        (r"t = \arg\max_t z_t", "t=argmaxtzt"),
        (r"\mathrm{RMSE}", "RMSE"),
    ],
)
def test_a_formula_becomes_mathml(latex: str, expected: str) -> None:
    found = BeautifulSoup(mathml(latex), "html.parser").math
    assert found.get_text() == expected
    assert found["alttext"] == latex


def test_function_names_get_a_thin_space_but_not_before_a_bracket() -> None:
    assert "<mspace" in mathml(r"w \ln w")
    assert "<mspace" not in mathml(r"\operatorname{softmax}(x)")


def test_a_numbered_formula_has_its_number_beside_it() -> None:
    assert '<span class="number">(4)</span>' in mathml(r"w = 1 \tag{4}", "block")


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\nosuch x", r"uses \\nosuch"),
        (r"\frac{1", "opens 1 braces and closes 0"),
        ("a & b", "cannot be read"),
    ],
)
def test_a_formula_that_cannot_be_shown_is_named(latex: str, message: str) -> None:
    with pytest.raises(A2UError, match=message):
        mathml(latex)
