"""nbconvert's exporters with our templates: a notebook's cells as a page's body, or as a deck of slides."""

# nbconvert has no types of its own.
# mypy: disable-error-code="misc, no-untyped-call, no-untyped-def"

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.slides import SlidesExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets import default
from traitlets.config import Config

from a2u.site.mathematics import mathml
from a2u.site.origin import NOTATION

TEMPLATES = Path(__file__).parent / "templates"


class _Renderer(IPythonRenderer):
    """Markdown with formulas as MathML; links to a notebook or to the notation lead to its page."""

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        file = url.split("#")[0]
        if (file.endswith(".ipynb") or file == NOTATION) and ":" not in url:
            url = url.replace(Path(file).suffix, ".html", 1)
        return str(super().link(text, url, title))


def markdown(source: str) -> str:
    """Markdown as the lessons write it → HTML."""
    return str(MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(source))


def template(name: str) -> Any:
    """One of our templates for whole pages, or for a part of them."""
    loader = FileSystemLoader(TEMPLATES)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return made.get_template(name)


class _Ours:
    """What both exporters change."""

    @property
    def default_config(self) -> Config:
        config = Config({
            "TemplateExporter": {
                "extra_template_basedirs": [str(TEMPLATES)],
                "exclude_input_prompt": True,
                "exclude_output_prompt": True,
            },
            # Pictures before markup: the markup of a widget's view would need a kernel.
            "NbConvertBase": {"display_data_priority": ["text/html", "image/png", "text/plain"]},
        })  # fmt: skip
        inherited: Config = super().default_config.copy()
        inherited.merge(config)
        return inherited

    @pass_context
    def markdown2html(self, _context: Any, source: str) -> str:
        """The filter that both templates use."""
        return markdown(source)


class PageExporter(_Ours, HTMLExporter):
    """The cells of a notebook as the body of a page."""

    @default("template_name")
    def _template_name_default(self) -> str:
        return "lesson"


class DeckExporter(_Ours, SlidesExporter):
    """A notebook whose cells say where slides begin (``slideshow.slide_type``) as a deck for reveal.js."""

    @default("template_name")
    def _template_name_default(self) -> str:
        return "deck"
