"""Lesson 04: pictures to try, CARAFE's kernel as they change, and exercises that know right from wrong."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
import torch
from PIL import Image
from rendered import pixels

import a2u
from a2u.errors import A2UError
from a2u.lessons import shared
from a2u.lessons.carafe import exercises as carafe_exercises
from a2u.lessons.carafe import explorer as carafe
from a2u.lessons.carafe.inputs import CHANGES, OWN, PICTURES, SIZE, find, maps, read_picture
from a2u.lessons.carafe.picture import Reading, generation, readings
from a2u.matting.counts import DECODER, count
from a2u.plots import style


def picture_file(size=(40, 30), colour=(255, 255, 255), kind="PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, kind)
    return data.getvalue()


# --- exercises


def test_references_agree_with_the_library() -> None:
    op, x = carafe.operator(), shared.small_map(4)
    w = carafe_exercises.kernels_reference(carafe.logits(op, x)[0], 2)
    assert torch.allclose(w, op.kernel(x)[0, 0], atol=1e-6)
    y = op(x)
    for i, j in ((0, 0), (7, 8), (15, 3)):
        assert torch.allclose(carafe_exercises.value_reference(x[0], w, 2, i, j), y[0, :, i, j], atol=1e-5)
    counts = [carafe_exercises.count(c, 100, 3, 64) for c in DECODER]
    assert sum(counts) == count("carafe", DECODER) == 263_824


def test_compressing_pays_from_where_it_is_said_to() -> None:
    for case in ((2, 5, 3, 64), (2, 1, 1, 3), (3, 3, 3, 16)):
        ratio, k, k_enc, compressed = case
        outputs, first = k * k * ratio**2, int(carafe_exercises.pays_reference(*case))
        pays = [carafe_exercises.count(c, outputs, k_enc, compressed) < (c * k_enc**2 + 1) * outputs for c in range(99)]
        assert pays == [c >= first for c in range(99)]


def test_another_design_that_sharpens_passes() -> None:
    verdict = carafe_exercises.SHARP.check(lambda logits: (logits - logits.mean()) + 1 / len(logits))
    assert verdict.passed, verdict.message


# --- pictures


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("change", CHANGES)
def test_pictures_and_their_changes_have_one_shape_and_repeat(name: str, change: str) -> None:
    image = CHANGES[change](find(name))
    assert image.shape == (1, 1, SIZE, SIZE)
    assert torch.equal(image, CHANGES[change](find(name)))
    assert not change.startswith(("noise", "half")) or not torch.equal(image, find(name))


def test_the_shared_digit_gives_the_shared_maps() -> None:
    x, guide = maps(find("a handwritten 2"))
    assert torch.equal(guide, shared.encoder_map(2))
    assert torch.equal(x, shared.small_map(4))


def test_a_picture_of_the_learner_is_read_from_bytes_and_from_a_file(tmp_path) -> None:
    data = picture_file()
    (tmp_path / "own.png").write_bytes(data)
    for source in (data, tmp_path / "own.png", str(tmp_path / "own.png")):
        assert torch.allclose(read_picture(source), torch.ones(1, 1, SIZE, SIZE), atol=1e-5)
    half = Image.new("L", (200, 100))
    half.paste(255, (100, 0, 200, 100))
    half.save(tmp_path / "half.png")
    read = read_picture(tmp_path / "half.png")
    assert read[..., :6].max() < 0.01
    assert read[..., 10:].min() > 0.99


def test_what_is_no_picture_is_explained(tmp_path) -> None:
    with pytest.raises(A2UError, match="There is no file"):
        read_picture(tmp_path / "missing.png")
    with pytest.raises(A2UError, match="cannot be read as a picture"):
        read_picture(b"not a picture")
    with pytest.raises(A2UError, match="cannot be read as a picture"):
        read_picture(picture_file()[:60])
    with pytest.raises(A2UError, match="Load a picture of yours first"):
        find(OWN)


# --- the explorer


def values(control) -> list:
    if hasattr(control, "options"):
        return [option[1] if isinstance(option, tuple) else option for option in control.options]
    return [control.min, (control.min + control.max) // 2, control.max]


@pytest.fixture(scope="module")
def panel():
    return carafe.explorer()


@pytest.mark.parametrize("name", ["picture", "change", "temperature", "row", "column"])
def test_every_control_changes_picture_and_words(panel, name: str) -> None:
    panel.set(picture="a handwritten 2", change="noise added", temperature=1.0, row=7, column=9)
    shown = []
    for value in values(panel.controls[name]):
        if value == OWN:
            continue
        drawing = panel.set(**{name: value})
        assert len(drawing.alt.split()) > 20
        shown.append((panel.image.value, drawing.words))
    assert len({picture for picture, _ in shown}) == len({words for _, words in shown}) == len(shown)


@pytest.mark.parametrize("at", [(0, 0), (0, 15), (15, 0), (15, 15)])
def test_the_sum_in_words_is_the_operators_value_at_the_corners_too(panel, at: tuple[int, int]) -> None:
    panel.set(picture="a slanted line", change="½ added everywhere", temperature=1.0, row=at[0], column=at[1])
    says = panel.drawing.says.splitlines()
    image = find("a slanted line")
    for line, each in zip(says[1:], (image, image + 0.5), strict=True):
        expected = float(carafe.operator()(maps(each)[0])[0, 0, at[0], at[1]].detach())
        assert float(line.rsplit("= ", 1)[1].replace("−", "-")) == pytest.approx(expected, abs=6e-4)


def test_a_loaded_picture_is_shown_and_a_broken_one_explained() -> None:
    own = carafe.explorer()
    own.set(picture="plain grey")
    content = {"name": "me.png", "type": "image/png", "size": 1, "last_modified": datetime.now(UTC)}
    own.controls["load"].value = ({**content, "content": memoryview(picture_file())},)
    assert own.controls["picture"].value == OWN
    assert own.error is None
    assert OWN in own.drawing.alt
    own.controls["load"].value = ({**content, "content": memoryview(b"broken")},)
    assert "cannot be read" in own.caption.value
    assert own.set(picture="an edge").alt.startswith("an edge")


def test_a_path_opens_a_picture_and_a_page_without_a_kernel_has_it(tmp_path) -> None:
    (tmp_path / "own.png").write_bytes(picture_file(colour=(0, 0, 0)))
    own = carafe.explorer(tmp_path / "own.png")
    data, _ = own._repr_mimebundle_()
    assert "image/png" in data
    assert "your picture: " in data["text/plain"]
    with pytest.raises(A2UError, match="There is no file"):
        carafe.explorer(tmp_path / "other.png")


def test_temperature_runs_from_one_winner_to_a_box() -> None:
    op, x = carafe.operator(), shared.small_map(4)
    taps = [carafe.effective(carafe.read(op, x, 7, 9, T).w) for _, T in carafe.TEMPERATURES]
    assert taps == sorted(taps)
    assert taps[0] == pytest.approx(1, abs=0.05)
    assert taps[-1] == pytest.approx(25, abs=0.1)
    assert carafe.effective(torch.full((25,), 1 / 25)) == pytest.approx(25)


# --- plots


def test_generation_shows_the_logits_the_weights_and_the_window() -> None:
    rng = np.random.default_rng(0)
    logits, z = rng.normal(size=(9, 4)), rng.normal(size=(3, 3))
    w = np.exp(logits) / np.exp(logits).sum(axis=0)
    base = pixels(generation(logits, w, z))
    for changed in (generation(-logits, w, z), generation(logits, w[::-1], z), generation(logits, w, -z)):
        assert not np.array_equal(base, pixels(changed))
    assert pixels(generation(rng.normal(size=(1, 9)), np.ones((1, 9)), np.ones((1, 1)))).shape == base.shape
    with pytest.raises(A2UError, match="logits and w are"):
        generation(logits.T, w, z)


def test_position_shows_the_kernels_that_the_operator_uses() -> None:
    op, x = carafe.operator(), shared.small_map(4)
    says = carafe.position(op, x, 0, 7).says.splitlines()[1]
    numbers = [float(v.replace("−", "-")) for v in says.removeprefix("outputs: ").split()]
    assert numbers == pytest.approx(op(x)[0, 0, 0:2, 14:16].flatten().tolist(), abs=6e-4)


def test_readings_share_their_scales_and_mark_every_row() -> None:
    x, y = np.eye(4), np.eye(8)
    weak = Reading(x, np.full((3, 3), 1 / 9), x[:3, :3], y, (2, 2))
    strong = weak._replace(w=np.eye(3))
    alone, both = pixels(readings({"a": weak})), pixels(readings({"a": weak, "b": strong}))
    kernel = slice(60, 200), slice(450, 620)
    assert both[kernel].mean() > alone[kernel].mean(), "beside a strong kernel an even one looks pale"
    for kind in style.COLOURS:
        colour = np.round(255 * np.array(style.matplotlib.colors.to_rgb(style.COLOURS[kind])))
        assert ((abs(both - colour)).max(axis=2) < 8)[300:].sum() > 50
    with pytest.raises(A2UError, match="nothing to draw"):
        readings({})


def test_a_kernel_of_one_weight_is_nearest_neighbour() -> None:
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(a2u.build("carafe", 3, kernel_size=1)(x), a2u.build("nearest", 3)(x))
