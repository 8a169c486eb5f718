"""MNIST and Fashion-MNIST: a real sample inside the package, the full sets from a folder or a download."""

from a2u.data.digits import RESIZES, Digits, load, to_float32x32

__all__ = ["RESIZES", "Digits", "load", "to_float32x32"]
