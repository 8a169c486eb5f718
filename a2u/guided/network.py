"""The network of the experiment: features of the picture, and an operator that enlarges the coarse map by them.

With C1(k) a 1×1 convolution to k channels, s stages (4×: 2, 8×: 3), I the picture, A the coarse map:

    features   F = C3(relu(C3(I)))                two 3×3 convolutions, at the size of the picture
    levels     F_j = F averaged over 2ʲ×2ʲ        j = 0 … s
    enter      x = C1(cat(A, F_s))                at the size of the coarse map
    stages     x = U2(x, guide = F_j)             j = s−1 … 0; U2 is the operator under study
    leave      result = C1(x)

From the coarse map on, everything but U2 works on single pixels, so the picture's detail can reach the result through
the kernels of U2 alone: with kernels that ignore the picture, as those of bilinear interpolation do, it cannot reach it
at all. `skip` adds a second way, C1(F_j) added to x, to see what an operator is worth beside one.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from a2u.checks import check_choice, check_map, check_positive
from a2u.errors import A2UError
from a2u.operators import build
from a2u.training.device import derive_seed

SKIPS = ("none", "last", "all")
SOURCES = ("features", "picture", "decoder", "both")  # what the operator's kernels are made from
MEAN, SPREAD = 0.5, 0.25  # of the pictures, about: the features see values around 0


class GuidedNet(nn.Module):
    """Coarse maps (N, K, H, W) and pictures (N, 3, 2ˢH, 2ˢW) → sharp maps (N, K, 2ˢH, 2ˢW).

    Args:
        operator: any registered upsampling operator of ratio 2, "name" or "name:preset".
        options: passed on to the operator.
        maps: K.
        stages: s.
        channels: of the features and of the map that is enlarged.
        skip: "none"; "last" adds a way for the features at the last stage; "all" at every stage.
        source: what guides the operator, at the size of its result: "features" F_j, "picture" I averaged, "decoder"
            the map x itself, enlarged by bilinear interpolation, "both" decoder and features side by side.
        seed: of the initial weights. All but the operator's are the same, bit for bit, for every operator.

    Raises:
        A2UError: Unknown operator or choice, or a guide that the operator cannot take.
    """

    def __init__(
        self,
        operator: str,
        options: Mapping[str, Any] | None = None,
        *,
        maps: int = 1,
        stages: int = 2,
        channels: int = 16,
        skip: str = "none",
        source: str = "features",
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_choice("skip", skip, SKIPS)
        check_choice("source", source, SOURCES)
        maps, stages, c = (
            check_positive(*each) for each in (("maps", maps), ("stages", stages), ("channels", channels))
        )
        self.source, self.stages = source, stages
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(seed, "network"))
            self.features = nn.Sequential(nn.Conv2d(3, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1))
            self.enter = nn.Conv2d(maps + c, c, 1)
            self.leave = nn.Conv2d(c, maps, 1)
            ways = nn.ModuleList(nn.Conv2d(c, c, 1) for _ in range(stages))  # drawn for every choice of skip
            self.ways = ways if skip == "all" else ways[-1:] if skip == "last" else nn.ModuleList()
            torch.manual_seed(derive_seed(seed, "operator"))
            guide = {"features": c, "picture": 3, "decoder": c, "both": 2 * c}[source]
            self.up = nn.ModuleList(
                build(operator, channels=c, ratio=2, guide_channels=guide, **(options or {})) for _ in range(stages)
            )

    def forward(self, coarse: Tensor, picture: Tensor) -> Tensor:
        """The sharp maps, as they come out of the last layer: not clipped to [0, 1]."""
        factor = 2**self.stages
        height, width = check_map("The coarse map", coarse).shape[2:]
        if check_map("The picture", picture).shape[2:] != (height * factor, width * factor):
            raise A2UError(
                f"The picture must be {factor} times as large as the coarse map, {height * factor}×{width * factor}, "
                f"given {picture.shape[2]}×{picture.shape[3]}."
            )
        features = self.features((picture - MEAN) / SPREAD)
        x = self.enter(torch.cat([coarse, F.avg_pool2d(features, factor)], 1))
        for number, up in enumerate(self.up):
            side = factor // 2 ** (number + 1)
            level = F.avg_pool2d(features, side)
            x = up(x, self._guide(x, level, picture, side))
            way = number - (self.stages - len(self.ways))
            x = x + self.ways[way](level) if way >= 0 else x
        result: Tensor = self.leave(x)
        return result

    def _guide(self, x: Tensor, level: Tensor, picture: Tensor, side: int) -> Tensor:
        if self.source == "features":
            return level
        if self.source == "picture":
            return F.avg_pool2d(picture, side)
        enlarged = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return enlarged if self.source == "decoder" else torch.cat([enlarged, level], 1)
