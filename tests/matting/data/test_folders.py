"""Data sets from folders: every layout, what is composed over what, and what a missing or broken file does."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matting_folders import adobe, alphamatting, backgrounds, distinctions, pair, plain, published, save, trimap_file
from PIL import Image

from a2u.errors import A2UError
from a2u.matting.data.composition import compose
from a2u.matting.data.dataset import TestSet, TrainSet
from a2u.matting.data.holdout import hold_out
from a2u.matting.data.sources import open_test, open_train

LAYOUTS = [(adobe, "Adobe Image Matting"), (distinctions, "Distinctions-646"), (plain, "plain")]
TEST_SET = Path("Combined_Dataset", "Test_set")


def behind(cases: TestSet) -> list[int | str]:
    """The numbers of the backgrounds, as seen in the corner where alpha is 0; of a case that fails, why."""
    found: list[int | str] = []
    for index in range(len(cases)):
        try:
            found.append(round((float(cases[index].image[0, 0, 0]) * 255 - 40) / 60))
        except A2UError as error:
            found.append(str(error))
    return found


# --- training and validation


@pytest.mark.parametrize(("make", "title"), LAYOUTS)
def test_foregrounds_of_each_layout_can_be_trained_on(make, title, tmp_path):
    make(tmp_path)
    source = open_train(tmp_path)
    assert source.describe.startswith(title)
    assert "2 foregrounds over 3 backgrounds" in source.describe
    assert "1 foregrounds and 1 backgrounds are held out for validation" in source.describe
    sample = TrainSet(source, crop=32).sample(0, 0)
    assert torch.equal(sample.image, compose(sample.foreground, sample.background, sample.alpha))


@pytest.mark.parametrize(("make", "title"), LAYOUTS)
def test_what_epochs_are_compared_on_is_neither_trained_on_nor_tested(make, title, tmp_path):
    make(tmp_path)
    source, validation, test = open_train(tmp_path), open_test(tmp_path, "validation"), open_test(tmp_path)
    trained = {each.foreground.stem for each in source.pairs}
    assert trained.isdisjoint(validation.names)
    assert trained | set(validation.names) == {"one", "two", "three"}
    assert "held out of training" in validation.describe
    if make is plain:  # it has no test part, and says so
        assert "these are the foregrounds that training on this folder uses" in test.describe
    else:
        assert set(validation.names).isdisjoint(name.split("_")[0] for name in test.names)
        assert trained.isdisjoint(name.split("_")[0] for name in test.names)
    number = behind(validation)[0]  # the background is not trained on either
    assert number not in {int(file.stem[-1]) for file in source.files}
    again = open_test(tmp_path, "validation")
    assert torch.equal(again[0].image, validation[0].image)
    assert torch.equal(again[0].trimap, validation[0].trimap)


def test_every_twentieth_name_is_held_out_whatever_the_order():
    names = [f"f{number}" for number in range(431)]
    held = hold_out(names, "foregrounds")
    assert held == hold_out(reversed(names), "foregrounds")
    assert held == {f"f{number}" for number in range(19, 431, 20)}
    assert hold_out(["b", "a"], "foregrounds") == {"b"}
    with pytest.raises(A2UError, match="at least 2 foregrounds, given 1: one is held out"):
        hold_out(["a", "a"], "foregrounds")


def test_a_validation_folder_of_the_set_spares_its_foregrounds(tmp_path):
    plain(tmp_path)
    pair(tmp_path / "validation", "four")
    assert open_train(tmp_path).foregrounds == 3
    cases = open_test(tmp_path, "validation")
    assert cases.names == ["four"]
    assert str(tmp_path / "validation") in cases.describe
    assert cases[0].alpha is not None
    (tmp_path / "validation" / "alpha" / "four.png").rename(tmp_path / "validation" / "alpha" / "five.png")
    with pytest.raises(A2UError, match=r"1 of 1 images of .*cannot be validated on\. four: there is no four in"):
        open_test(tmp_path, "validation")


def test_training_keeps_off_the_backgrounds_of_the_test(tmp_path):
    adobe(tmp_path)
    base = tmp_path / "Combined_Dataset"
    assert all(file.stem.startswith("coco") for file in open_train(tmp_path).files)
    (base / "train2014").rename(tmp_path / "coco")
    with pytest.raises(A2UError, match=r"no backgrounds to train over .*JPEGImages is for the test.*`backgrounds`"):
        open_train(tmp_path)
    assert open_train(tmp_path, tmp_path / "coco").backgrounds == 3
    with pytest.raises(A2UError, match=r"listed in test_bg_names\.txt"):
        open_train(tmp_path, base / "VOCdevkit" / "VOC2012" / "JPEGImages")
    backgrounds(base / "bg", "v", 5)  # those of the test and two more
    assert {file.stem for file in open_train(tmp_path).files} < {"v3", "v4"}


def test_all_files_are_looked_at_before_training(tmp_path):
    plain(tmp_path)
    pair(tmp_path, "four")
    cut = tmp_path / "fg" / "four.png"
    cut.write_bytes(cut.read_bytes()[:-40])
    save(tmp_path / "alpha" / "one.png", np.zeros((40, 39), dtype=np.uint8))
    see_through = np.full((40, 40, 4), 9, dtype=np.uint8)
    save(tmp_path / "fg" / "two.png", see_through)
    (tmp_path / "bg" / "b0.jpg").write_text("no picture")
    (tmp_path / "alpha" / "three.png").unlink()
    with pytest.raises(A2UError) as refused:
        open_train(tmp_path)
    said = str(refused.value)
    for word in ("4 of the", "four.png cannot", "one.png is 39×40", "two.png has a transparency", "b0.jpg is not an"):
        assert word in said
    assert "no partner of the same name" in said
    assert "three.png" in said


def test_a_photograph_taken_sideways_has_the_size_it_is_read_with(tmp_path):
    plain(tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((20, 40, 3), np.uint8)).save(tmp_path / "fg" / "one.jpg", exif=exif)
    (tmp_path / "fg" / "one.png").unlink()
    ramp = np.linspace(0, 255, 20).astype(np.uint8)  # a flat alpha would have nothing to teach
    save(tmp_path / "alpha" / "one.png", np.broadcast_to(ramp, (40, 20)).copy())
    assert open_train(tmp_path).foregrounds == 2


# --- the layout of the published code


@pytest.mark.parametrize("front", [False, True], ids=["a2u", "indexnet"])
def test_the_layout_of_the_published_code_trains_and_tests(front, tmp_path):
    published(tmp_path, front)
    source = open_train(tmp_path)
    assert "2 foregrounds over 3 backgrounds of" in source.describe
    assert source.files[0].parent.name == "train2014"
    cases = open_test(tmp_path)
    assert sorted(cases.names) == sorted(f"{name}_{number}" for name in ("boy", "boy_1920") for number in (0, 1, 10))
    assert "as composed there" in cases.describe
    for case in cases:  # the picture of this number, and the alpha of its name
        name, _, number = case.name.rpartition("_")
        assert (case.image * 255).round().unique().tolist() == [10 * len(name) + int(number)]
        assert case.alpha is not None
        assert case.alpha.shape == (1, 40, 40)


def test_of_published_pictures_each_may_have_its_own_alpha(tmp_path):
    published(tmp_path)
    test = tmp_path / "Combined_Dataset" / "Test_set"
    (test / "alpha").rename(test / "alpha_copy")
    save(test / "alpha_copy" / "boy_1920_1.png", np.full((40, 40), 51, np.uint8))
    cases = {case.name: case for case in open_test(tmp_path)}
    assert cases["boy_1920_1"].alpha.unique().tolist() == [pytest.approx(0.2)]
    assert len(cases["boy_1920_0"].alpha.unique()) > 10


def test_what_a_published_case_lacks_is_said(tmp_path):
    published(tmp_path)
    test = tmp_path / "Combined_Dataset" / "Test_set"
    (test / "merged" / "boy_1.png").unlink()
    (test / "trimaps" / "boy_10.png").unlink()
    (test / "alpha" / "boy_1920.png").unlink()
    cases = open_test(tmp_path)
    assert "6 test cases, 5 of them incomplete" in cases.describe
    said = {}
    for index, name in enumerate(cases.names):
        try:
            cases[index].name  # noqa: B018
        except A2UError as error:
            said[name] = str(error)
    assert said["boy_1"] == f"there is no boy_1 in {test / 'merged'}."
    assert said["boy_10"] == f"there is no boy_10 in {test / 'trimaps'}."
    assert said["boy_1920_0"] == f"there is no boy_1920_0 and no boy_1920 in {test / 'alpha'}."


# --- names from other systems


def test_partners_may_differ_in_case_and_unicode_form(tmp_path):
    plain(tmp_path)
    for old, fg, alpha in (("one", "Caf\u00e9", "cafe\u0301"), ("two", "IMG_2", "img_2")):
        (tmp_path / "fg" / f"{old}.png").rename(tmp_path / "fg" / f"{fg}.PNG")
        (tmp_path / "alpha" / f"{old}.png").rename(tmp_path / "alpha" / f"{alpha}.png")
    assert open_train(tmp_path).foregrounds == 2
    assert open_test(tmp_path).names == ["Caf\u00e9", "IMG_2", "three"]
    assert [case.name for case in open_test(tmp_path)] == ["Caf\u00e9", "IMG_2", "three"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_lists_of_other_systems_lead_to_the_files(encoding, tmp_path):
    adobe(tmp_path)
    test, voc = tmp_path / TEST_SET, tmp_path / "Combined_Dataset" / "VOCdevkit" / "VOC2012" / "JPEGImages"
    licensed = test / "Adobe-licensed images"
    for file in [*licensed.rglob("dog*")]:
        file.rename(file.with_name(file.name.replace("dog", "Do\u0308g")))  # as a Mac stores ö
    (voc / "v0.jpg").rename(voc / "V0.JPG")
    (test / "test_fg_names.txt").write_bytes("dög.png\r\n\r\ncat.png\r\n".encode(encoding))
    (test / "test_bg_names.txt").write_bytes("v2.jpg\r\nv0.jpg\r\nv1.jpg\r\nv2.jpg\r\n".encode(encoding))
    assert behind(open_test(tmp_path)) == [2, 0, 1, 2]
    with pytest.raises(A2UError, match=r"listed in test_bg_names\.txt"):
        open_train(tmp_path, voc)


# --- tests


def test_composition_1k_follows_its_lists(tmp_path):
    adobe(tmp_path)
    cases = open_test(tmp_path)
    assert cases.names == ["dog_0", "dog_1", "cat_0", "cat_1"]
    assert behind(cases) == [2, 0, 1, 2]
    assert "over 3 backgrounds" in cases.describe
    assert "VOC2012" in cases.describe
    case = cases[0]
    assert case.image.shape == (3, 40, 40)
    assert case.alpha is not None
    assert set(case.trimap.unique().tolist()) == {0, 128, 255}


def test_a_missing_trimap_moves_no_background(tmp_path):
    adobe(tmp_path)
    trimaps = tmp_path / TEST_SET / "Adobe-licensed images" / "trimaps"
    (trimaps / "dog_1.png").unlink()
    trimap_file(trimaps / "cat_2.png")
    cases = open_test(tmp_path)
    assert cases.names == ["dog_0", "dog_1", "cat_0", "cat_1", "cat_2"]
    first, gap, third, fourth, extra = behind(cases)
    assert (first, third, fourth) == (2, 1, 2)
    assert str(gap).startswith("there is no dog_1 in")
    assert "names 2 backgrounds per foreground" in str(extra)
    assert "5 test cases, 2 of them incomplete" in cases.describe


def test_lists_that_do_not_fit_are_refused(tmp_path):
    adobe(tmp_path)
    (tmp_path / TEST_SET / "test_bg_names.txt").write_text("v2.jpg\nv0.jpg\nv1.jpg\n")
    with pytest.raises(A2UError, match="3 lines for 2 foregrounds"):
        open_test(tmp_path)


def test_listed_backgrounds_are_looked_for_everywhere(tmp_path):
    adobe(tmp_path)
    base = tmp_path / "Combined_Dataset"
    voc = base / "VOCdevkit" / "VOC2012" / "JPEGImages"
    (voc / "v0.jpg").rename(base / "train2014" / "v0.jpg")
    (tmp_path / "more").mkdir()
    (voc / "v1.jpg").rename(tmp_path / "more" / "v1.jpg")
    found = behind(open_test(tmp_path))
    assert (found[0], found[1], found[3]) == (2, 0, 2)
    assert "puts it over v1.jpg, which is not in" in str(found[2])
    assert behind(open_test(tmp_path, backgrounds=tmp_path / "more")) == [2, 0, 1, 2]
    (base / "VOCdevkit").rename(tmp_path / "elsewhere")
    (base / "train2014" / "v0.jpg").unlink()
    with pytest.raises(A2UError, match=r"None of the 4 test cases.*dog_0: .*v2\.jpg.*train2014.*`backgrounds`"):
        open_test(tmp_path)


def test_composed_pictures_are_used_as_they_are(tmp_path):
    adobe(tmp_path)
    for name in ("dog_0", "dog_1", "cat_0", "cat_1"):
        save(tmp_path / TEST_SET / "merged" / f"{name}.png", np.full((40, 40, 3), 9, np.uint8))
    cases = open_test(tmp_path)
    assert "as composed there" in cases.describe
    assert (cases[2].image * 255 == 9).all()


def test_distinctions_makes_its_trimaps_and_says_so(tmp_path):
    distinctions(tmp_path)
    cases = open_test(tmp_path)
    assert "1 test cases" in cases.describe
    assert "trimaps eroded here (15×15)" in cases.describe
    assert (cases[0].trimap == 128).any()


def test_a_test_part_over_the_backgrounds_of_training_says_so(tmp_path):
    distinctions(tmp_path)
    said = "training on this folder uses these backgrounds too"
    assert said in open_test(tmp_path).describe
    backgrounds(tmp_path / "Test" / "bg", "t")
    assert said not in open_test(tmp_path).describe
    backgrounds(tmp_path / "more", "m")  # one folder named for a training and its test is shared again
    assert said in open_test(tmp_path, backgrounds=tmp_path / "more").describe
    adobe(tmp_path / "adobe")
    assert said not in open_test(tmp_path / "adobe").describe


def test_alphamatting_has_each_picture_with_each_trimap(tmp_path):
    alphamatting(tmp_path)
    cases = open_test(tmp_path)
    assert cases.names == ["GT01-Trimap1", "GT01-Trimap2"]
    assert cases[0].alpha is not None
    with pytest.raises(A2UError, match="no foregrounds to train on"):
        open_train(tmp_path)


def test_with_one_folder_of_trimaps_cases_have_the_names_of_their_pictures(tmp_path):
    alphamatting(tmp_path, trimaps=1)
    assert open_test(tmp_path).names == ["GT01"]


def test_unpublished_truth_is_none(tmp_path):
    save(tmp_path / "input_lowres" / "doll.png", np.zeros((40, 40, 3), np.uint8))
    trimap_file(tmp_path / "trimap_lowres" / "Trimap1" / "doll.png")
    cases = open_test(tmp_path)
    assert "0 with known alpha" in cases.describe
    assert cases[0].alpha is None


def test_bad_cases_stop_no_batch_job(tmp_path):
    plain(tmp_path)
    pair(tmp_path, "four")
    (tmp_path / "alpha" / "four.png").unlink()
    save(tmp_path / "alpha" / "one.png", np.zeros((40, 39), dtype=np.uint8))
    cases, done, failed = open_test(tmp_path), [], {}
    for index, name in enumerate(cases.names):
        try:
            done.append(cases[index].name)
        except A2UError as error:
            failed[name] = str(error)
    assert done == ["three", "two"]
    assert "one.png is 39×40" in failed["one"]
    assert failed["four"] == f"there is no four in {tmp_path / 'alpha'}."


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "alpha" / "one.png").unlink(), "1 file.*no partner of the same name.*one"),
        (lambda root: [file.unlink() for file in (root / "fg").iterdir()], "holds no picture that could be used"),
        (lambda root: [file.unlink() for file in (root / "bg").iterdir()], "holds no picture that could be used"),
        (lambda root: (root / "bg").rename(root / "elsewhere"), "no backgrounds to train over.*`backgrounds`"),
        (lambda root: (root / "fg").rename(root / "front"), "none of the known layouts; it holds alpha, bg, front"),
        (lambda root: trimap_file(root / "fg" / "one.bmp"), "one.bmp and one.png: which is meant"),
    ],
)
def test_an_incomplete_folder_is_explained(spoil, message, tmp_path):
    plain(tmp_path)
    spoil(tmp_path)
    with pytest.raises(A2UError, match=message):
        open_train(tmp_path)


def test_backgrounds_may_lie_elsewhere(tmp_path):
    plain(tmp_path / "set")
    (tmp_path / "set" / "bg").rename(tmp_path / "photographs")
    assert open_train(tmp_path / "set", tmp_path / "photographs").backgrounds == 3
