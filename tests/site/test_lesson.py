"""What a lesson says of itself in its first cell."""

import nbformat
import pytest

from a2u.errors import A2UError
from a2u.site.lesson import describe


def test_a_first_cell_without_its_parts_is_explained() -> None:
    cell = nbformat.v4.new_markdown_cell("# A title\n\nand no more")
    with pytest.raises(A2UError, match="first cell of 03_x must begin"):
        describe("03_x", nbformat.v4.new_notebook(cells=[cell]))
