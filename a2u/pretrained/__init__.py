"""Trained networks that ship with a2u: weights as safetensors, each with a card that says what made and measured it.

>>> from a2u import pretrained
>>> model, card = pretrained.load_pretrained("toy/a2u-mnist")
>>> model(torch.zeros(1, 1, 32, 32)).shape
torch.Size([1, 1, 32, 32])
"""

from a2u.pretrained.cards import ModelCard, card, names
from a2u.pretrained.load import load_pretrained

__all__ = ["ModelCard", "card", "load_pretrained", "names"]
