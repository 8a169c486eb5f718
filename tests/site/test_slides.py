"""A lesson cut into slides: where they begin, what stays together, and that nothing is cut off."""

from pathlib import Path

import nbformat
import pytest
from chromium import code_too_wide
from playwright.sync_api import Page
from small_site import NAMES

from a2u.site import slides
from a2u.site.export import PageExporter


def test_slides_begin_at_headings_and_go_on_below() -> None:
    long = "\n\n".join(["A paragraph of some length. " * 12] * 6)
    texts = ["# 01 · Title\n\nLead.", f"## Section\n\n{long}", "### Exercise\n\nAsk.\n\n<details>Hint</details>\n"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text) for text in texts])
    cells = slides.arrange(notebook, "Title").cells
    begins = [cell.metadata.slideshow.slide_type for cell in cells]
    assert begins[0] == begins[1] == "slide"
    assert begins[2:6].count("subslide") == 1, "six long paragraphs need two slides"
    assert [cell.metadata.get("running") for cell in cells if cell.metadata.get("running")] == ["Section"]
    assert cells[-1].source == "### Exercise\n\nAsk."
    assert begins[-1] == "subslide"


def test_formulas_lists_and_code_are_not_cut() -> None:
    text = "Before.\n\n$$a\n\n= b$$\n\n```python\nx = 1\n\ny = 2\n```\n\nAs follows:\n\n- one\n- two"
    found = slides.blocks(text)
    assert found == ["Before.", "$$a\n\n= b$$", "```python\nx = 1\n\ny = 2\n```", "As follows:\n\n- one\n- two"]


def test_a_list_stays_with_its_paragraph_and_no_slide_is_nearly_empty() -> None:
    assert slides.blocks("Four characters.\n\n- one\n- two") == ["Four characters.\n\n- one\n- two"]
    full = "A paragraph that fills a third of a slide. " * 14
    texts = [f"## Section\n\n{full}\n\n{full}\n\nOne sentence more, alone."]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text) for text in texts])
    cells = slides.arrange(notebook, "Title").cells
    assert [cell.metadata.slideshow.slide_type for cell in cells] == ["slide", "subslide", "-"]


def test_concept_questions_show_no_code_and_each_may_stand_on_a_slide_of_its_own() -> None:
    questions = [
        nbformat.v4.new_output("display_data", {"text/plain": "line\n" * 12, "text/html": f"<p>Question {n}?</p>"})
        for n in range(5)
    ]
    asks = nbformat.v4.new_code_cell("concepts.ask()", outputs=questions, metadata={"tags": ["questions"]})
    heading = nbformat.v4.new_markdown_cell("## Five questions")
    cells = slides.arrange(nbformat.v4.new_notebook(cells=[heading, asks]), "Title").cells
    assert [len(cell.outputs) for cell in cells if cell.cell_type == "code"] == [1] * 5
    assert [cell.metadata.slideshow.slide_type for cell in cells].count("subslide") >= 2
    page, _ = PageExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[asks]), {"up": ""})
    assert page.index("Question 0?") < page.index("Question 4?")
    assert "concepts.ask" not in page


@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_slides_turn_and_nothing_is_cut_off(course: Path, page: Page, name: str) -> None:
    page.goto((course / "slides" / f"{name}.html").as_uri())
    page.wait_for_function("Reveal.isReady()")
    page.keyboard.press("Space")
    assert page.evaluate("Reveal.getSlidePastCount()") == 1
    assert page.evaluate("Reveal.getTotalSlides()") > 15
    assert code_too_wide(page, ".slides") == []
    cut = page.evaluate("""() => Reveal.getSlides().filter((slide) => {
        const { h, v } = Reveal.getIndices(slide);
        Reveal.slide(h, v);
        return slide.scrollHeight > slide.clientHeight + 2 || slide.scrollWidth > slide.clientWidth + 2;
    }).map((slide) => `${slide.innerText.slice(0, 60)}: ${slide.scrollHeight} of ${slide.clientHeight}`)""")
    assert cut == []
