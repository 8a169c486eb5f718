"""Every command that a report or a card prints is read by the real command line as the very settings that were run."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import a2u
from hypothesis import given
from hypothesis import strategies as st

from a2u import shell
from a2u.commands import matting_train, table1, table2
from a2u.commands import train as table1_train
from a2u.errors import A2UError
from a2u.matting import report as matting_report
from a2u.matting import settings as matting
from a2u.matting.rows import ROWS as MATTING_ROWS
from a2u.reconstruction import presets as digits
from a2u.reconstruction import report as digits_report
from a2u.reconstruction.network import HEADS
from a2u.reconstruction.rows import EXTRA, ROWS
from a2u.training.precision import PRECISIONS

# Numbers as a person types them, and as they come out of a search: every digit must survive.
positive = st.one_of(st.sampled_from([1e-4, 0.003, 0.01, 1.0, 2.5]), st.floats(1e-9, 1e3))
parts = st.lists(st.floats(0.001, 0.999), max_size=4, unique=True).map(lambda found: tuple(sorted(found)))
seeds = st.integers(0, 2**31)
several = st.lists(seeds, min_size=1, unique=True)
editions = st.sampled_from(["sample", "full"])
places = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], include_characters=" '\"$"), min_size=1)
folders = places.filter(lambda text: text != "synthetic").map(lambda text: f"/{text}")
values = st.one_of(
    st.integers(1, 9), st.booleans(), st.sampled_from(["softmax", "sigmoid+softmax", "5", "true", 'a "b"', "a=b"])
)


@st.composite
def of_table_1(draw: st.DrawFn) -> digits.Settings:
    usual = digits.settings(
        draw(st.sampled_from([*ROWS, *EXTRA])),
        draw(st.sampled_from(["mnist", "fashion"])),
        draw(st.sampled_from(list(digits.PRESETS))),
        draw(seeds),
    )
    changes = {
        "epochs": st.integers(1, 500),
        "batch": st.integers(2, 999),
        "lr": positive,
        "momentum": st.floats(0, 0.999),
        "milestones": parts,
        "weight_decay": st.floats(0, 1),
        "head": st.sampled_from(list(HEADS)),
        "resize": st.sampled_from(["bilinear", "pad"]),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(changes))))
    return replace(usual, **{key: draw(changes[key]) for key in sorted(chosen)})


@st.composite
def of_matting(draw: st.DrawFn) -> matting.Settings:
    data = draw(st.one_of(st.just("synthetic"), folders))
    usual = matting.settings(
        draw(st.sampled_from([*MATTING_ROWS, "a2u:toy", "deconvolution"])),
        draw(st.sampled_from(list(matting.PRESETS))),
        data,
        draw(seeds),
    )
    pretrained = draw(st.booleans())
    changes = {
        "width": st.just(1.0) if pretrained else st.floats(1e-3, matting.WIDEST),
        "crop": st.integers(16, 999),
        "batch": st.integers(2, 99),
        "epochs": st.integers(1, 99),
        "iterations": st.integers(1, 9999),
        "lr": positive,
        "encoder_lr": positive,
        "milestones": st.sets(st.integers(1, 99), max_size=4).map(lambda found: tuple(sorted(found))),
        "freeze": st.booleans(),
        "validation": st.integers(0, 99),
        "test_size": st.integers(16, 999),
        "kernels": st.sets(st.integers(1, 59), min_size=1, max_size=2).map(lambda k: (min(k), max(k))),
        "precision": st.sampled_from(PRECISIONS),
        "options": st.dictionaries(st.sampled_from(["kernel_size", "normalization", "x"]), values),
        "backgrounds": st.none() if data == "synthetic" else st.one_of(st.none(), folders),
    }
    chosen = {*draw(st.sets(st.sampled_from(sorted(changes)))), *(["width"] if pretrained else [])}
    return replace(usual, pretrained=pretrained, **{key: draw(changes[key]) for key in sorted(chosen)})


class Asked(Exception):
    """Raised in place of the work, with what the command line asked for."""


@pytest.fixture(scope="module", autouse=True)
def nothing_is_trained() -> Iterator[None]:
    def stop(*asked: Any, **more: Any) -> None:
        raise Asked(*asked, more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table1_train, "prepare", stop)
        patch.setattr(matting_train, "prepare", stop)
        patch.setattr(table1, "plan", stop)
        patch.setattr(table2, "plan", stop)
        yield


def read(command: str) -> tuple[Any, ...]:
    """What the real command line makes of a command: the arguments of the first work that it would do."""
    program, *words = shlex.split(command)
    assert program == "a2u"
    with pytest.raises(Asked) as asked:
        a2u(*words)
    return asked.value.args


def test_every_setting_can_be_changed_by_the_strategies() -> None:
    """A field that is added must be written, read and drawn here too."""
    drawn = {"row", "set", "preset", "seed", "epochs", "batch", "lr", "momentum", "milestones", "weight_decay", "head"}
    assert {each.name for each in digits.fields(digits.Settings)} == drawn | {"resize"}
    assert {each.name for each in matting.dataclasses.fields(matting.Settings)} == {
        *("row", "preset", "data", "seed", "width", "crop", "batch", "epochs", "iterations", "lr", "encoder_lr"),
        *("milestones", "pretrained", "freeze", "validation", "test_size", "kernels", "precision", "options"),
        "backgrounds",
    }


@given(of_table_1(), st.sampled_from(PRECISIONS), st.one_of(st.none(), folders))
def test_a_row_of_table_1_is_asked_for_again(settings: digits.Settings, precision: str, data: str | None) -> None:
    asked, where, _, _, exact, _ = read(settings.command(data, precision))
    assert asked == settings
    assert (where, exact) == (None if data is None else Path(data), precision)


@given(of_table_1(), st.sampled_from(PRECISIONS), editions)
def test_the_command_of_a_run_follows_from_its_config(settings: digits.Settings, precision: str, edition: str) -> None:
    from types import SimpleNamespace

    images = SimpleNamespace(edition=edition, sha256="0")
    config = digits.config_of(settings, images, images) | ({} if precision == "float32" else {"precision": precision})
    config = json.loads(json.dumps(config))  # as a run keeps it
    assert digits.settings_of(config) == settings
    asked, where, _, _, exact, _ = read(digits.command_of(config))
    assert (asked, exact) == (settings, precision)
    assert where == (Path("DIR") if edition == "full" else None)


@given(of_matting())
def test_a_matting_network_is_asked_for_again(settings: matting.Settings) -> None:
    assert read(settings.command(settings.data, settings.backgrounds or ""))[0] == settings
    assert matting.settings_of(json.loads(json.dumps(settings.as_config()))) == settings


@given(of_matting())
def test_no_path_of_this_machine_is_written(settings: matting.Settings) -> None:
    asked = read(settings.command())[0]
    assert asked == replace(
        settings,
        data=settings.data if settings.data == "synthetic" else "DIR",
        backgrounds=settings.backgrounds and "PICTURES",
    )


@given(
    st.sampled_from(list(digits.PRESETS)),
    several,
    editions,
    st.fixed_dictionaries({}, optional={"epochs": st.integers(1, 99), "precision": st.sampled_from(["tf32", "bf16"])}),
)
def test_a_table_1_is_asked_for_again(preset: str, chosen: list[int], edition: str, changes: dict[str, Any]) -> None:
    written = digits_report._command([{"data": edition, "changes": changes}], preset, chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table1, "check_precision", lambda *_: None)  # this machine may not have it
        found = read(written)
    rows, sets, numbers, asked = found[:4]
    assert (rows, sets, numbers, asked) == (list(ROWS), ["mnist", "fashion"], chosen, preset)
    assert found[5] == (Path("DIR") if edition == "full" else None)
    assert found[8:10] == (changes.get("precision", "float32"), changes.get("epochs"))


@given(of_matting(), several, st.lists(st.sampled_from(list(MATTING_ROWS)), unique=True))
def test_a_table_2_is_asked_for_again(settings: matting.Settings, chosen: list[int], rows: list[str]) -> None:
    some = 0 < len(rows) < len(MATTING_ROWS)
    found = read(matting_report._command(settings, chosen, rows))
    names, preset, _, data, numbers, ablation = found[:6]
    assert (names, preset, numbers) == (rows if some else list(MATTING_ROWS), settings.preset, chosen)
    assert data == ("synthetic" if settings.data == "synthetic" else "DIR")
    assert ablation is not some
    assert found[-1] == {
        "precision": settings.precision,
        "backgrounds": "PICTURES" if settings.backgrounds else None,
    }


def test_words_that_a_shell_would_change_are_quoted() -> None:
    written = shell.command("a2u x", {"data": "my pictures/$HOME", "on": True, "off": False, "none": None, "empty": ()})
    assert written == "a2u x --data 'my pictures/$HOME' --on --no-off --empty none"


@pytest.mark.parametrize("words", ["x", "0.5;0.7", ","])
def test_milestones_that_are_no_numbers_are_refused(words: str) -> None:
    left = a2u("train", "--milestones", words)
    assert left.code == 1
    assert "--milestones" in left.err


@pytest.mark.parametrize("milestones", [(0.5, 0.5), (0.7, 0.5), (0.0,), (1.0,)])
def test_milestones_that_do_not_rise_are_refused(milestones: tuple[float, ...]) -> None:
    with pytest.raises(A2UError, match="milestones must be rising parts of the training"):
        digits.settings("a2u", milestones=milestones)


@pytest.mark.parametrize("words", ["5", "1,2,3", "a,b", "1;2"])
def test_trimap_kernels_are_two_numbers(words: str) -> None:
    left = a2u("matting", "train", "--kernels", words)
    assert left.code == 1
    assert "--kernels takes two whole numbers" in left.err
