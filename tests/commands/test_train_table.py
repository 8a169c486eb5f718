"""Trained rows of Table 1 on a terminal."""

from a2u.commands.train_table import TrainedRow, table_1


def test_the_table_keeps_the_papers_order_and_says_its_data() -> None:
    make = lambda name: TrainedRow(name, "fashion", "quick", 3, 30.0, 0.9, 0.03, 0.01, 12.3, "the sample", "0" * 64)
    text = table_1([make("a2u"), make("nearest")])
    assert text.index("Nearest") < text.index("A²U")
    assert "46.41" in text
    assert "Measured on the sample." in text
    assert "Preset: quick, 3 epochs." in text
    assert make("a2u").as_dict()["paper"]["psnr"] == 46.41


def test_a_row_beside_the_table_has_no_numbers_of_the_paper() -> None:
    results = [
        TrainedRow(name, "mnist", "quick", 1, 30, 0.9, 0.03, 0.01, 1, "the sample", "")
        for name in ("a2u-hybrid", "a2u")
    ]
    assert results[0].as_dict()["paper"] is None
    lines = table_1(results).splitlines()
    assert "47.63" in lines[1]
    assert lines[2].split()[-2:] == ["–", "–"]
    assert lines[-1].startswith("Preset: quick, 1 epoch.")
