"""Lesson 08: the shortened experiment, its explorer, its table, and exercises that know right from wrong."""

import json
from pathlib import Path

import pytest
import torch
from project import NOTEBOOKS

from a2u.data import load
from a2u.errors import A2UError
from a2u.lessons.mode import choose_mode
from a2u.lessons.train_on_digits import exercises
from a2u.lessons.train_on_digits import explorer as nine_networks
from a2u.lessons.train_on_digits import short as train_on_digits
from a2u.lessons.train_on_digits.picture import copied
from a2u.reconstruction import ROWS, Experiment, settings
from a2u.reconstruction.report import collect
from a2u.training import Run, fit


def test_a_psnr_that_counts_the_square_twice_is_twice_as_good() -> None:
    """The code of the bug hunt: 20 log₁₀ belongs to the root."""
    copies, images = exercises._copies(torch.Generator().manual_seed(0), 0)
    given = exercises.PSNR.given
    assert given is not None
    assert given(copies, images) == pytest.approx(2 * float(exercises.psnr_reference(copies, images)), rel=1e-5)


def test_a_loop_with_an_optimizer_is_the_reference_and_leaves_the_network_that_it_was_given() -> None:
    def loop(model: torch.nn.Module, batches: torch.Tensor, lr: float) -> list[float]:
        optimizer, losses = torch.optim.SGD(model.parameters(), lr=lr), []
        for batch in batches:
            loss = torch.nn.functional.l1_loss(model(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    assert exercises.TRAIN.check(loop).passed, "every answer gets a copy of the same network"
    assert exercises.TRAIN.check(lambda *given: sorted(loop(*given))).passed is False


def test_a_code_may_mix_the_pixels_of_its_place_as_long_as_it_can_be_undone() -> None:
    generator = torch.Generator().manual_seed(0)
    mix = torch.linalg.qr(torch.randn(64, 64, generator=generator))[0]

    def mixed(images: torch.Tensor) -> torch.Tensor:
        code = torch.einsum("dc,nchw->ndhw", mix, exercises.code_reference(images)[:, :64])
        return torch.nn.functional.pad(code, (0, 0, 0, 0, 0, 64))

    assert exercises.PACK.check(mixed).passed
    verdict = exercises.PACK.check(
        lambda images: exercises.code_reference(images) * (torch.arange(128) != 7)[:, None, None]
    )
    assert verdict.mistake == "no pixel is lost"


def test_quick_mode_says_how_little_it_uses() -> None:
    experiment = train_on_digits.experiment("a2u", choose_mode("quick"))
    assert (len(experiment.images), len(experiment.test_images)) == (train_on_digits.TRAIN, train_on_digits.TEST)
    assert experiment.train.source.startswith("the first 180 of the embedded sample")
    assert experiment.device.type == "cpu"


def test_full_mode_is_what_the_command_does() -> None:
    experiment = train_on_digits.experiment("a2u", choose_mode("full"))
    assert experiment.settings == settings("a2u")
    assert len(experiment.images) == len(load("mnist", "train"))


@pytest.mark.parametrize("count", [0, 1001])
def test_more_images_than_there_are_is_refused(count: int) -> None:
    with pytest.raises(A2UError, match=f"not {count}"):
        train_on_digits.first(load("mnist", "test"), count)


def test_own_runs_are_found_by_row_and_the_longest_counts(tmp_path) -> None:
    digits = train_on_digits.first(load("mnist", "test"), 8)
    for name, epochs in (("short", 1), ("long", 2)):
        task = Experiment(settings("nearest", epochs=epochs, batch=4), digits, digits)
        with Run(tmp_path / name, task.config) as run:
            history = fit(task, run)
    found = train_on_digits.measured(tmp_path)
    assert found == {ROWS["nearest"].title: history[-1]["psnr"]}
    with pytest.raises(A2UError, match="no run on 'fashion'"):
        train_on_digits.measured(tmp_path, "fashion")


def table(tmp_path: Path) -> Path:
    """A repository with the report of two short runs."""
    digits = train_on_digits.first(load("mnist", "test"), 8)
    for row in ("nearest", "a2u"):
        task = Experiment(settings(row, epochs=1, batch=4), digits, digits)
        with Run(tmp_path / "runs" / f"{row}-mnist-quick", task.config) as run:
            fit(task, run)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "table1.json").write_text(json.dumps(collect(tmp_path / "runs", "quick", [0])))
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    return tmp_path / "notebooks" / "solutions"


def test_the_whole_table_is_found_from_both_editions_and_says_how_it_was_made(tmp_path: Path) -> None:
    solutions = table(tmp_path)
    report = train_on_digits.whole_table(solutions)
    assert report is not None
    assert report == train_on_digits.whole_table(solutions.parent)
    drawing = train_on_digits.show_table(report)
    assert drawing.says.startswith("2 of 18 results, ")
    assert "quick preset: 1 epoch" in drawing.says
    lines = train_on_digits.verdicts(report).splitlines()
    assert len(lines) == 1 + 8
    assert lines[4].split("depth-wise with fewer parameters")[1].split() == ["not", "measured", "holds"]


def test_a_lesson_without_its_repository_shows_the_paper_and_how_to_measure(tmp_path: Path) -> None:
    assert train_on_digits.whole_table(tmp_path) is None
    assert "run a2u table1" in train_on_digits.show_table(None).says
    assert "run a2u table1" in train_on_digits.verdicts(None)


def test_a_damaged_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "table1.json").write_text("{")
    with pytest.raises(A2UError, match=r"table1.json is damaged.*a2u table1 --report-only"):
        train_on_digits.whole_table(tmp_path)


# --- nine networks, opened


@pytest.mark.parametrize("name", nine_networks.available())
def test_what_the_explorer_opens_is_what_the_network_computed(name: str) -> None:
    found = nine_networks.seen(name)
    channel = found.channels[3]
    w = nine_networks.weights(name, 5, 11, 14, channel=3)
    t = found.op.witness(found.x, found.guide, at=(5, channel, 11, 14))
    assert torch.equal(w, t.w)
    assert float((t.w @ t.z).detach()) == pytest.approx(float(found.y[5, channel, 11, 14]), abs=1e-5)
    spread = found.y.std(dim=(0, 2, 3))[found.channels]
    assert bool((spread.diff() <= 0).all())  # the busiest channel first


def test_all_nine_rows_of_the_table_can_be_opened() -> None:
    assert nine_networks.available() == list(ROWS)


def test_the_psnr_of_a_digit_is_that_of_its_copy() -> None:
    image, copy = nine_networks.images()[4], nine_networks.seen("a2u").copies[4]
    assert nine_networks.psnr("a2u", 4) == pytest.approx(float(exercises.psnr_reference(copy, image)), abs=1e-3)


def test_the_explorer_says_what_it_shows() -> None:
    panel = nine_networks.explorer()
    assert "1 pass over all 60,000 MNIST images" in panel.drawing.says
    assert f"This digit {nine_networks.psnr('a2u', 0):.1f} dB" in panel.drawing.says
    assert "288 weights" in panel.set(operator="deconvolution").says
    assert "w = 1.00" in panel.set(operator="nearest", image=19, row=0, column=31, channel=31).says
    assert panel.error is None


def test_images_of_two_shapes_are_refused() -> None:
    with pytest.raises(A2UError, match="both"):
        copied(torch.rand(4, 4), torch.rand(5, 4), None, None, title="", score="")


def test_a_channel_for_the_ink_is_found_whatever_its_level() -> None:
    image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    encoded = torch.cat([1 - image, 0 * image + 9, 5 + 0.5 * image, 0.2 * image], 1)
    assert train_on_digits.inked(encoded, image) == 2


def test_what_lesson_08_says_of_the_table_holds_for_the_one_that_it_shows() -> None:
    report = train_on_digits.whole_table(NOTEBOOKS)
    assert report is not None
    here = {(cell["row"], cell["set"]): cell["psnr"]["mean"] for cell in report["table"]}
    digits = {row: here[row, "mnist"] for row in ROWS}
    assert round(digits["max_unpool"] - digits["bilinear"]) == 4
    assert round(digits["a2u"] - digits["max_unpool"]) == 12
    assert digits["nearest"] - digits["carafe"] == pytest.approx(1, abs=0.1)
    assert digits["max_unpool"] > digits["deconvolution"]
    assert ROWS["max_unpool"].paper["mnist"].psnr < ROWS["deconvolution"].paper["mnist"].psnr
    verdicts = {(each["claim"], each["set"]): each["verdict"] for each in report["claims"]}
    for set in ("mnist", "fashion"):
        features, resolution, holistic, depthwise = (v for (_, of), v in verdicts.items() if of == set)
        assert (resolution, depthwise) == ("holds", "holds")
        assert (features, holistic) == ("does not hold", "does not hold")
        by_features = [here[row, set] for row in ("max_unpool", "indexnet-holistic", "indexnet-depthwise", "a2u")]
        by_distance = [here[row, set] for row in ("nearest", "bilinear")]
        assert min(by_features) > max(by_distance)  # but for CARAFE the first would hold
