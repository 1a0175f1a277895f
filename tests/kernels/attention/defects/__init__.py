"""Seeded attention kernels: WRONG: name → (kernel, the check that must find it); RIGHT: name → kernel of odd habits."""

from . import wrong_gradients, wrong_masks, wrong_memory, wrong_paths, wrong_softmax, wrong_views
from .core import WRONG
from .right import RIGHT

__all__ = [
    "RIGHT",
    "WRONG",
    "wrong_gradients",
    "wrong_masks",
    "wrong_memory",
    "wrong_paths",
    "wrong_softmax",
    "wrong_views",
]
