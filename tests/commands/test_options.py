"""The library names parameters; the command line says them as its user types them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import typer
from command import a2u
from project import ROOT

from a2u.commands.matting_train import train as matting_train
from a2u.commands.options import as_options, know_options, milestones_of, named_values
from a2u.commands.pretrained import pretrained
from a2u.commands.train import train
from a2u.errors import A2UError

LIBRARY = sorted(
    path for path in (ROOT / "a2u").rglob("*.py") if path.parts[len(ROOT.parts) + 1] not in ("commands", "site")
)


def knows(function: object) -> None:
    app = typer.Typer()
    app.command()(function)  # type: ignore[type-var]
    know_options(typer.main.get_command(app).params)


@pytest.fixture(autouse=True)
def nothing_stays_known() -> Iterator[None]:
    yield
    know_options([])


@pytest.mark.parametrize(
    ("function", "said", "typed"),
    [
        (train, "Use `device='cpu'`.", "Use --device cpu."),
        (train, "choose a `batch` that can", "choose a --batch that can"),
        (train, "add `download=True`, or leave out `data`", "add --download, or leave out --data"),
        (train, "in another `folder`.", "in another --name or --runs."),
        (train, "`a2u train` makes runs; `weights` is none of its options", None),
        (matting_train, "Use `pretrained=False`: a random encoder.", "Use --no-pretrained: a random encoder."),
        (matting_train, "`encoder_lr=0.1`", "--encoder-lr 0.1"),
        (matting_train, "`milestones=20,26`", "--milestones 20,26"),
        (pretrained, "another `folder`, or `force=True`", "another --folder, or --force"),
    ],
)
def test_parameters_become_the_options_of_the_command_that_runs(function: object, said: str, typed: str | None) -> None:
    assert as_options(said) == said  # no command runs
    knows(function)
    assert as_options(said) == (typed or said)


def test_the_command_line_never_shows_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "Use --device cpu (or auto)" in a2u("train", "--device", "cuda").err
    assert "Use --precision float32." in a2u("train", "--precision", "tf32").err
    assert "Use --step auto." in a2u("train", "--step", "captured").err
    assert "Point --data at a folder" in a2u("train", "--data", ".").err
    assert "leave out --backgrounds." in a2u("matting", "train", "--backgrounds", ".").err
    assert list(tmp_path.iterdir()) == []
    assert as_options("Use `device='cpu'`.") == "Use `device='cpu'`."  # nothing stays known when a command has ended


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """The text of every error that a file raises, without what is filled in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Raise) and node.exc is not None:
            words = [each.value for each in ast.walk(node.exc) if isinstance(each, ast.Constant)]
            yield node.lineno, "".join(word for word in words if isinstance(word, str))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_names_no_option(path: Path) -> None:
    """Whole commands may be named as a remedy (`a2u train --row a2u`), options of whatever command runs may not."""
    for line, text in messages(path):
        alone = re.sub(r"`a2u [^`]*`|pip install [^ ]+( [^ ]+)?", "", text)
        assert not re.search(r"(?<![\w-])--[a-z]", alone), f"{path.relative_to(ROOT)}:{line}: {text}"


def test_lists_are_read_from_one_option() -> None:
    assert milestones_of("20,26") == (20, 26)
    assert milestones_of("none") == ()
    with pytest.raises(A2UError, match="rising whole numbers"):
        milestones_of("26,20")
    assert named_values(["kernel_size=5", "normalization=softmax"]) == {"kernel_size": 5, "normalization": "softmax"}
    with pytest.raises(A2UError, match="NAME=VALUE"):
        named_values(["kernel_size"])
