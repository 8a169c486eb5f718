"""Live curves: what is drawn while a training runs, how often, and what stays when it is done."""

import json
from types import SimpleNamespace

import pytest

pytest.importorskip("ipywidgets")

from a2u.errors import A2UError
from a2u.lessons.train_on_digits.live import LiveCurves
from a2u.training import Progress

PNG = b"\x89PNG"


def replay(live: LiveCurves, batches: list[list[float]], psnr: list[float], report_every: int = 1) -> None:
    """What `fit` tells its hooks about these losses: the mean over the epoch so far."""
    history: list[dict[str, float]] = []
    for epoch, losses in enumerate(batches, start=1):
        for step in range(1, len(losses) + 1):
            if step % report_every == 0 or step == len(losses):
                mean = sum(losses[:step]) / step
                live.on_step(Progress(epoch, len(batches), step, len(losses), mean, history))
        history = [*history, {"psnr": psnr[epoch - 1]}]
        live.on_epoch(Progress(epoch, len(batches), len(losses), len(losses), mean, history))


def watched(interval: float = 0.0, title: str = "A²U", epochs: int = 2, steps: int = 3) -> LiveCurves:
    live = LiveCurves(interval)
    live.watch(title, SimpleNamespace(epochs=epochs, steps=steps))
    return live


def test_the_losses_of_single_steps_are_recovered_from_running_means() -> None:
    live = watched()
    replay(live, [[0.9, 0.5, 0.4], [0.3, 0.2, 0.1]], psnr=[12.0, 15.0])
    assert live.curves["A²U"].losses == pytest.approx([0.9, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert live.curves["A²U"].scores == [(3, 12.0), (6, 15.0)]


def test_reports_that_are_far_apart_give_the_mean_of_the_steps_between() -> None:
    live = watched(steps=4)
    replay(live, [[0.8, 0.6, 0.4, 0.2], [0.4, 0.4, 0.2, 0.2]], psnr=[1.0, 2.0], report_every=2)
    assert live.curves["A²U"].losses == pytest.approx([0.7, 0.7, 0.3, 0.3, 0.4, 0.4, 0.2, 0.2])


def test_the_picture_changes_while_training_runs() -> None:
    live = watched()
    seen = [bytes(live.view.value)]
    live.view.observe(lambda change: seen.append(bytes(change["new"])), "value")
    replay(live, [[0.9, 0.5, 0.4], [0.3, 0.2, 0.1]], psnr=[12.0, 15.0])
    assert live.pictures == 8  # six steps, two epochs
    assert len(set(seen)) == len(seen) >= 8
    assert all(picture.startswith(PNG) for picture in seen)


def test_a_picture_is_drawn_no_more_often_than_asked() -> None:
    seconds = iter(range(1000))
    live = LiveCurves(interval=20, clock=lambda: float(next(seconds)))  # a second passes between two looks at it
    live.watch("A²U", SimpleNamespace(epochs=1, steps=50))
    replay(live, [[0.9] * 50], psnr=[12.0])
    assert live.pictures == 4  # at steps 1, 21 and 41, as drawing looks at the clock, too; and after the epoch


def test_without_time_there_is_a_picture_at_the_first_step_and_after_each_epoch() -> None:
    live = LiveCurves(interval=1, clock=lambda: 5.0)
    live.watch("A²U", SimpleNamespace(epochs=2, steps=50))
    replay(live, [[0.9] * 50, [0.5] * 50], psnr=[12.0, 15.0])
    assert live.pictures == 1 + 2


def test_finish_puts_the_growing_picture_away_and_says_what_happened() -> None:
    live = watched()
    view = live.view
    replay(live, [[0.9, 0.5, 0.4], [0.3, 0.2, 0.1]], psnr=[12.0, 15.0])
    drawing = live.finish()
    assert view.layout.display == "none"
    assert drawing.png().startswith(PNG)
    assert drawing.says == "A²U: 6 steps, and the loss fell."


def test_a_loss_that_rises_is_reported_as_it_is() -> None:
    live = watched(epochs=1)
    replay(live, [[0.1, 0.5, 0.9]], psnr=[9.0])
    assert live.finish().says == "A²U: 3 steps, and the loss did not fall."


def test_curves_of_one_experiment_after_another_share_a_picture() -> None:
    live = watched(title="Bilinear", epochs=1)
    replay(live, [[0.3, 0.2, 0.1]], psnr=[9.0])
    live.finish()
    live.watch("A²U", SimpleNamespace(epochs=1, steps=5))
    replay(live, [[0.3, 0.2, 0.1, 0.1, 0.1]], psnr=[12.0])
    assert list(live.curves) == ["Bilinear", "A²U"]
    assert "Bilinear, A²U" in live.finish().alt


def test_watching_again_begins_the_curve_again() -> None:
    live = watched(epochs=1)
    replay(live, [[0.3, 0.2, 0.1]], psnr=[9.0])
    live.watch("A²U", SimpleNamespace(epochs=1, steps=3))
    assert live.curves["A²U"].losses == []


def test_a_page_without_a_kernel_gets_a_picture_and_words_that_are_always_the_same() -> None:
    bundles = [watched().view._repr_mimebundle_() for _ in range(2)]
    (data, metadata), (again, _) = bundles
    assert data["image/png"] == again["image/png"]
    assert data["text/plain"] == again["text/plain"] == "Training: A²U, 2 passes of 3 steps"
    assert metadata["image/png"]["alt"] == data["text/plain"]
    json.dumps(data)


def test_hooks_without_a_training_say_what_to_do() -> None:
    with pytest.raises(A2UError, match=r"call live\.watch"):
        LiveCurves().on_step(Progress(1, 1, 1, 1, 0.5))
