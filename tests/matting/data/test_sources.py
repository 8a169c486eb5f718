"""A data set by its name or folder, and names that are none."""

import pytest

from a2u.errors import A2UError
from a2u.matting.data.sources import open_test, open_train


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: open_test("synthetic", "tset"), "no part 'tset'.*Did you mean 'test'"),
        (lambda: open_train("nowhere/at/all"), "does not exist.*synthetic"),
    ],
)
def test_what_is_no_data_set_is_explained(call, message):
    with pytest.raises(A2UError, match=message):
        call()
