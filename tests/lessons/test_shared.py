"""The maps that all lessons share."""

import pytest
import torch

from a2u.lessons import shared


@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_the_shared_map_is_what_pooling_the_encoder_map_leaves(ratio: int) -> None:
    guide = shared.encoder_map(ratio)
    assert guide.shape == (1, 4, 8 * ratio, 8 * ratio)
    assert torch.equal(shared.small_map(4), torch.nn.functional.max_pool2d(shared.encoder_map(2), 2))
    assert torch.allclose(guide[:, :1], shared.digit(8 * ratio), atol=1e-6)
