"""Where the data of matting come from: the synthetic set, or a folder of the reader's own."""

from pathlib import Path

from a2u.errors import A2UError, near_match
from a2u.matting.data.dataset import Source, TestSet
from a2u.matting.data.synthetic.source import SyntheticSource, synthetic_tests
from a2u.matting.settings import SYNTHETIC

TEST_PARTS = ("test", "validation")


def open_train(spec: str | Path = SYNTHETIC, backgrounds: str | Path | None = None) -> Source:
    """What to train on; `.describe` says it in one line.

    Args:
        spec: "synthetic", or a folder in one of the layouts of `a2u/matting/data/layouts.py`; what the part
            "validation" of `open_test` shows is left out.
        backgrounds: for a folder that holds no backgrounds of its own, one that does.

    Raises:
        A2UError: No such folder, or nothing in it that can be used.
    """
    if str(spec) == SYNTHETIC:
        return SyntheticSource()
    from a2u.matting.data.folders import open_train_folder

    return open_train_folder(Path(spec), None if backgrounds is None else Path(backgrounds))


def open_test(
    spec: str | Path = SYNTHETIC, part: str = "test", size: int = 512, backgrounds: str | Path | None = None
) -> TestSet:
    """What to test on; `.describe` says it in one line.

    Args:
        spec: "synthetic", or a folder.
        part: "test" or "validation": what training on the same data leaves out, to compare its epochs on.
        size: of the synthetic scenes; pictures from folders keep theirs.
        backgrounds: for a folder of foregrounds without backgrounds.

    Raises:
        A2UError: No such part or folder, or nothing in it that can be used.
    """
    if part not in TEST_PARTS:
        raise A2UError(f"There is no part {part!r} to test on. {near_match(part, TEST_PARTS)}")
    if str(spec) == SYNTHETIC:
        return synthetic_tests(part, size)
    from a2u.matting.data.folders import open_test_folder, open_validation_folder

    opens = open_test_folder if part == "test" else open_validation_folder
    return opens(Path(spec), None if backgrounds is None else Path(backgrounds))
