"""An operator with seeded weights, and maps for it, in float64."""

import torch

import a2u


def seeded(name, channels=4, ratio=2, **options):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return a2u.build(name, channels, ratio, **options).double().eval()


def maps(n=2, channels=4, height=5, width=3, ratio=2, seed=0):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(n, channels, height, width, generator=rng, dtype=torch.float64)
    guide = torch.randn(n, channels, height * ratio, width * ratio, generator=rng, dtype=torch.float64)
    return x, guide
