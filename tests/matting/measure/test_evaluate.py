"""`a2u matting evaluate` and `a2u matting predict`: what is measured and written, and what one bad file does."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from command import a2u
from PIL import Image
from tiny_matting import case

from a2u.commands.reports import evaluation_text
from a2u.errors import A2UError
from a2u.files.outputs import Outputs
from a2u.matting.classical import estimate_foreground
from a2u.matting.data.composition import to_bytes
from a2u.matting.data.dataset import Case
from a2u.matting.data.files import read_image
from a2u.matting.measure.evaluate import Evaluation, evaluate, write_evaluation
from a2u.matting.measure.metrics import measure, to_8bit
from a2u.matting.measure.predictors import Predictor, of_mattes, of_network
from a2u.matting.network.network import MattingNet

HALF = Predictor("half everywhere", lambda case: (torch.full_like(case.trimap, 0.5, dtype=torch.float32), 7))


class WithFaults:
    """Three cases, of which the second cannot be read and the method fails on the third."""

    names = ("good", "unreadable", "case-2")

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Case:
        if index == 1:
            raise A2UError("pictures/unreadable.png is damaged.")
        return case(index)


def test_every_image_is_measured_from_the_bytes_that_are_written(tmp_path: Path) -> None:
    cases = [case(0), case(1, 9, 31)]
    report = evaluate(cases, HALF, "two ramps", keep=Outputs(tmp_path, "a test"))
    for each, measured in zip(cases, report.measured, strict=True):
        matte = np.asarray(Image.open(tmp_path / "mattes" / f"{each.name}.png"))
        assert matte.dtype == np.uint8
        assert measured.scores == measure(matte, to_8bit(each.alpha), each.trimap[0].numpy())
        assert (measured.height, measured.width, measured.peak_bytes) == (*matte.shape, 7)
        assert measured.unknown == int((each.trimap == 128).sum())
    means = report.totals().compute()
    assert means.sad == pytest.approx(sum(each.scores.sad for each in report.measured) / 2)


def test_the_convention_of_conn_is_passed_on_and_told() -> None:
    nothing = Predictor("nothing", lambda case: (torch.zeros(case.trimap.shape), None))
    known = case(0)
    known = Case("blank", known.image, torch.ones_like(known.alpha), torch.full_like(known.trimap, 128))
    skip, empty = (evaluate([known], nothing, "", convention=name) for name in ("skip", "empty"))
    assert skip.totals().compute().conn == 0
    assert empty.totals().compute().conn == pytest.approx(20 * 24 / 1000)
    assert "nothing is shared: empty" in evaluation_text(empty)
    both = {"skip": 0.0, "empty": pytest.approx(20 * 24 / 1000)}
    for report in (skip, empty):  # whatever the convention of its table, a report keeps both
        assert report.as_dict()["mean_conns"] == report.measured[0].conns == both
    assert "by the other convention: skip, 0.000" in evaluation_text(empty)
    assert "by the other convention: empty, 0.480" in evaluation_text(skip)
    assert skip.as_dict()["without_foreground"] == 1
    assert evaluate([case(0)], HALF, "").as_dict()["without_foreground"] == int(not (case(0).trimap == 255).any())


def test_a_fault_is_told_and_the_rest_goes_on() -> None:
    def fails_on_the_last(given: Case) -> tuple[torch.Tensor, None]:
        if given.name == "case-2":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.zeros(given.trimap.shape), None

    heard = []
    predictor = Predictor("fragile", fails_on_the_last)
    report = evaluate(
        WithFaults(), predictor, "", names=WithFaults.names, on_image=lambda name, result: heard.append((name, result))
    )
    assert [each.name for each in report.measured] == ["case-0"]
    assert report.failed == {
        "unreadable": "pictures/unreadable.png is damaged.",
        "case-2": "The memory ran out: free some, or take a smaller image. A network can also compute it in parts "
        "(`tile=512`), or with `device='cpu'`.",
    }
    assert [name for name, _ in heard] == ["case-0", "unreadable", "case-2"]


def test_an_unexpected_fault_is_named_too_and_ctrl_c_is_none() -> None:
    def broken(given: Case) -> tuple[torch.Tensor, None]:
        raise ZeroDivisionError("float division by zero")

    report = evaluate([case(0)], Predictor("broken", broken), "")
    assert report.failed == {"case-0": "ZeroDivisionError: float division by zero"}

    def stopped(given: Case) -> tuple[torch.Tensor, None]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate([case(0)], Predictor("stopped", stopped), "")


def test_without_a_truth_there_is_a_matte_and_no_score(tmp_path: Path) -> None:
    report = evaluate([case(0, truth=False)], HALF, "", keep=Outputs(tmp_path, "a test"))
    assert report.measured[0].scores is None
    assert report.as_dict()["mean"] is None
    assert (tmp_path / "mattes" / "case-0.png").is_file()
    assert "1 without a true alpha" in evaluation_text(report)


def test_the_report_is_text_json_and_csv(tmp_path: Path) -> None:
    report = evaluate(WithFaults(), HALF, "ramps", names=WithFaults.names)
    paths = write_evaluation(report, evaluation_text(report), Outputs(tmp_path / "new" / "folder", "a test"))
    assert [path.name for path in paths] == ["scores.json", "scores.csv", "scores.txt"]
    document = json.loads(paths[0].read_text())
    assert (document["method"], document["data"], document["images"]) == ("half everywhere", "ramps", 2)
    assert document["mean"]["sad"] == pytest.approx(np.mean([each["scores"]["sad"] for each in document["each"]]))
    rows = list(csv.DictReader(io.StringIO(paths[1].read_text())))
    assert [row["image"] for row in rows] == ["case-0", "case-2", "unreadable"]
    assert float(rows[0]["sad"]) == report.measured[0].scores.sad
    assert rows[2]["failed"].endswith("damaged.")
    text = paths[2].read_text()
    assert "mean of 2 images" in text
    assert "on ramps" in text


def test_of_many_images_the_text_shows_the_worst() -> None:
    report = evaluate([case(seed, 6, 8) for seed in range(25)], HALF, "many")
    lines = evaluation_text(report).splitlines()
    assert sum(line.startswith("case-") for line in lines) == 20
    assert any("of 25" in line for line in lines)
    assert evaluation_text(Evaluation("m", "d", "skip")).count("mean of") == 0


def test_a_networks_mattes_are_its_predictions_whole_or_in_tiles() -> None:
    torch.manual_seed(0)
    net, given = MattingNet("nearest", width=0.125), case(3, 40, 50)
    expected = net.predict(given.image, given.trimap)
    for tile in (None, 16):
        alpha, peak = of_network(net, "nearest", tile=tile).matte(given)
        torch.testing.assert_close(alpha, expected, rtol=0, atol=1e-4)
        assert peak is not None


def test_finished_mattes_are_measured_in_the_unknown_region(tmp_path: Path) -> None:
    given = case(4)
    Image.fromarray(np.full((20, 24), 51, np.uint8)).save(tmp_path / "case-4.png")
    alpha, _ = of_mattes(tmp_path).matte(given)
    assert torch.equal(alpha[given.trimap == 255], torch.ones(int((given.trimap == 255).sum())))
    assert bool((to_8bit(alpha)[given.trimap[0].numpy() == 128] == 51).all())
    report = evaluate([case(5), case(4, 20, 23)], of_mattes(tmp_path), "")
    assert "neither case-5.png nor case-5-alpha.png in" in report.failed["case-5"]
    assert "24×20" in report.failed["case-4"]


@pytest.mark.parametrize("name", ["case-4.png", "case-4-alpha.png", "CASE-4.TIF", "Case-4-Alpha.png"])
def test_mattes_are_found_as_other_programs_and_predict_name_them(name: str, tmp_path: Path) -> None:
    Image.fromarray(np.full((20, 24), 51, np.uint8)).save(tmp_path / name)
    Image.fromarray(np.full((20, 24, 4), 51, np.uint8)).save(tmp_path / "case-4-cutout.png")  # not to be looked at
    report = evaluate([case(4)], of_mattes(tmp_path), "")
    assert not report.failed


@pytest.mark.parametrize("names", [("case-4.png", "case-4-alpha.png"), ("case-4.png", "case-4.tif")])
def test_of_two_mattes_none_is_chosen(names: tuple[str, str], tmp_path: Path) -> None:
    for name in names:
        Image.fromarray(np.full((20, 24), 51, np.uint8)).save(tmp_path / name)
    report = evaluate([case(4)], of_mattes(tmp_path), "")
    assert "which is the matte? Remove one." in report.failed["case-4"]


def test_an_empty_folder_holds_no_mattes(tmp_path: Path) -> None:
    with pytest.raises(A2UError, match=r"holds no pictures; mattes are in a folder, NAME\.png or NAME-alpha\.png"):
        of_mattes(tmp_path)


# --- the commands


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two pairs; a picture without a trimap, a trimap without a picture, and one of another size."""
    images, trimaps = tmp_path / "images", tmp_path / "trimaps"
    images.mkdir()
    trimaps.mkdir()
    for seed in range(3):
        given = case(seed)
        Image.fromarray(to_bytes(given.image)).save(images / f"p{seed}.png")
        known = given.trimap[0].numpy()
        Image.fromarray(known[:, :-1] if seed == 2 else known).save(trimaps / f"p{seed}.png")
    Image.fromarray(to_bytes(case(9).image)).save(images / "alone.png")
    Image.fromarray(case(9).trimap[0].numpy()).save(trimaps / "lost.png")
    return images, trimaps


def test_predict_writes_an_alpha_and_a_cutout(folders: tuple[Path, Path], tmp_path: Path) -> None:
    images, trimaps = folders
    code, out, _ = a2u(
        "matting",
        "predict",
        images / "p0.png",
        trimaps / "p0.png",
        "--classical",
        "closed-form",
        "-o",
        tmp_path / "out",
    )
    assert code == 0
    assert [Path(line).name for line in out.split()] == ["p0-alpha.png", "p0-cutout.png"]
    alpha = np.asarray(Image.open(tmp_path / "out" / "p0-alpha.png"))
    cutout = np.asarray(Image.open(tmp_path / "out" / "p0-cutout.png"))
    np.testing.assert_array_equal(cutout[..., 3], alpha)
    known = case(0).trimap[0].numpy()
    assert alpha[known == 255].min() == 255
    assert alpha[known == 0].max() == 0
    colours = estimate_foreground(read_image(images / "p0.png"), torch.from_numpy(alpha.copy())[None].float() / 255)
    assert np.abs(cutout[..., :3].astype(int) - to_bytes(colours).astype(int))[alpha > 60].mean() < 2


def test_predict_of_folders_goes_on_and_lists_what_failed(folders: tuple[Path, Path], tmp_path: Path) -> None:
    code, out, err = a2u("matting", "predict", *folders, "--classical", "knn", "--no-cutout", "-o", tmp_path / "out")
    assert code == 1
    assert [Path(line).name for line in out.split()] == ["p0-alpha.png", "p1-alpha.png"]
    assert err.strip().splitlines()[-1] == "a2u: 3 of 5 images failed for the reasons above: alone, lost, p2."
    for line in ("alone: FAILED. it has no trimap in", "lost: FAILED. it has no image in", "p2: FAILED. The image and"):
        assert err.count(line) == 1
    assert "23×20" in err


def test_predict_explains_what_it_cannot_use(folders: tuple[Path, Path], tmp_path: Path) -> None:
    images, trimaps = folders
    picture, known = images / "p0.png", trimaps / "p0.png"
    (tmp_path / "empty").mkdir()
    wrong = {
        (picture, known): "none is given: choose one of --weights, --classical",
        (tmp_path / "x.png", tmp_path / "y.png", "--classical", "knn"): "x.png and no",
        (picture, trimaps, "--classical", "knn"): "two files or two folders",
        (tmp_path / "empty", trimaps, "--classical", "knn"): "holds no image",
        (picture, known, "--weights", tmp_path / "none"): "There are no weights",
        (picture, picture, "--classical", "knn", "-o", tmp_path / "o"): "p0.png holds colours",
    }
    for arguments, message in wrong.items():
        code, _, err = a2u("matting", "predict", *arguments)
        assert code == 1
        assert message in err
    Image.open(known).save(tmp_path / "p0-alpha.png")
    code, _, err = a2u("matting", "predict", picture, tmp_path / "p0-alpha.png", "--classical", "knn", "-o", tmp_path)
    assert code == 1
    assert "p0-alpha.png is read by this command, and would be replaced" in err


def test_evaluate_measures_a_folder_and_keeps_everything(folders: tuple[Path, Path], tmp_path: Path) -> None:
    data = tmp_path / "data"
    for kind in ("image", "alpha", "trimap"):
        (data / kind).mkdir(parents=True)
    for seed in range(2):
        given = case(seed)
        Image.fromarray(to_bytes(given.image)).save(data / "image" / f"p{seed}.png")
        Image.fromarray(to_8bit(given.alpha)).save(data / "alpha" / f"p{seed}.png")
        Image.fromarray(given.trimap[0].numpy()).save(data / "trimap" / f"p{seed}.png")
    code, out, _ = a2u(
        "matting", "evaluate", "--classical", "closed-form", "--data", data, "--json", "-o", tmp_path / "out"
    )
    document = json.loads(out)
    assert code == 0
    assert document["scored"] == 2
    assert document["mean"]["sad"] < 0.05
    assert sorted(path.name for path in (tmp_path / "out" / "mattes").glob("*.png")) == ["p0.png", "p1.png"]
    code, again, _ = a2u("matting", "evaluate", "--mattes", tmp_path / "out" / "mattes", "--data", data, "--csv")
    rows = list(csv.DictReader(io.StringIO(again)))
    assert [float(row["sad"]) for row in rows] == [each["scores"]["sad"] for each in document["each"]]
    (data / "trimap" / "p1.png").write_bytes(b"no picture")
    code, out, err = a2u("matting", "evaluate", "--classical", "closed-form", "--data", data)
    assert code == 1
    assert "mean of 1 image " in out
    assert "1 of 2 images failed for the reasons above: p1" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "none is given: choose one of RUN, --classical, --mattes"),
        (["run", "--classical", "knn"], "RUN and --classical are given"),
        (["nowhere"], "There are no weights at nowhere"),
        (["--classical", "knm"], "Did you mean 'knn'"),
        (["--mattes", "nowhere"], "nowhere is not a folder; mattes are in a folder"),
        (["--classical", "knn", "--convention", "s"], "two conventions, skip and empty"),
        (["--classical", "knn", "--json", "--csv"], "printed once"),
        (["--classical", "knn", "--data", "nowhere"], "nowhere does not exist"),
    ],
)
def test_evaluate_explains_what_it_cannot_use(arguments: list[str], message: str) -> None:
    code, _, err = a2u("matting", "evaluate", *arguments)
    assert code == 1
    assert message in err
