"""Attention kernels that are shipped by name: plain NumPy, torch, onnxruntime, JAX, and a forward pass in Triton.

Job: each adapter with its declarations, and the known deviations of the libraries at the pinned versions (`known/`).

May import: `protocol`, and torch, onnxruntime, JAX and triton inside the adapters that need them.
"""

from .shipped import CLASSES, SHIPPED, known_deviations, load_attention

__all__ = ["CLASSES", "SHIPPED", "known_deviations", "load_attention"]
