"""`a2u guided`: trains, goes on, compares seed by seed, and refuses bad input in one line."""

import json
from pathlib import Path

import pytest
from command import a2u

ROWS = "bilinear,carafe,a2u-dynamic-cs,a2u-dynamic-cs-softmax,bilinear-skip-last,carafe-skip-last"
QUICK = ["guided", "--preset", "quick", "--rows", ROWS, "--seeds", "0,1", "--epochs", "1", "--steps", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guided")


def test_a_table_with_paired_differences(folder: Path) -> None:
    done = a2u(*QUICK, "--runs", folder / "runs", "--out", folder)
    assert done.code == 0, done.err
    report = json.loads((folder / "guided.json").read_text())
    (part,) = report["parts"]
    assert [each["row"] for each in part["rows"]] == ["bilinear", "carafe", "a2u-dynamic-cs"]
    carafe = part["rows"][1]
    gaps = [1000 * (carafe["seeds"][s]["band"] - part["rows"][0]["seeds"][s]["band"]) for s in ("0", "1")]
    assert list(carafe["difference"]["by_seed"].values()) == pytest.approx(gaps)
    assert carafe["difference"]["verdict"] in ("better", "worse", "cannot be told")
    assert part["rows"][0]["difference"] is None
    assert {each["against"] for each in part["variants"]} == {"a2u-dynamic-cs", "bilinear-skip-last"}
    text = (folder / "guided.md").read_text()
    assert part["command"] in text
    assert "2 steps of batch 4, seeds 0, 1" in text, "a shortened run says so"
    assert (folder / "guided.png").read_bytes()[:4] == b"\x89PNG"
    assert "A²U dynamic-cs" in done.out


def test_what_is_there_is_not_trained_again(folder: Path) -> None:
    before = (folder / "guided.json").read_text()
    done = a2u(*QUICK, "--runs", folder / "runs", "--out", folder)
    assert done.code == 0, done.err
    assert done.err.count("complete already") == 12
    assert (folder / "guided.json").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "carafee"], "no row 'carafee'. Did you mean 'carafe'"),
        (["--tasks", "alfa"], "Unknown task 'alfa'"),
        (["--factors", "3"], "--factors takes 4 and 8"),
        (["--preset", "hour"], "no preset 'hour'"),
        (["--lr", "0"], "lr must be positive"),
        (["--report-only"], "no complete run of guided upsampling"),
    ],
)
def test_bad_input_gets_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = a2u("guided", *arguments, "--runs", tmp_path / "runs", "--out", tmp_path)
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
