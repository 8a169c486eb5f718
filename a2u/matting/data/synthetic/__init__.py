"""Scenes with exact alpha, drawn by code from seeds: matting that anyone can train and test without a licensed set.

>>> layer = scene("hair", seed=7, size=256)
>>> layer.colour.shape, layer.alpha.shape
((256, 256, 3), (256, 256))
"""

from a2u.matting.data.synthetic.scenes import KINDS, scene

__all__ = ["KINDS", "scene"]
