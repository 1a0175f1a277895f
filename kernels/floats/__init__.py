"""Float kernels: fast candidates with follow sets and margins, which `bounds` turns into facts.

Job: `numpy_kernel` (the plain one), `compiled_kernel` (numba), `torch_kernel`, `triton_kernel`, and `large_sets` for
one configuration of up to a million tokens. Each ends in a `Kernel` record that `registry` loads by name.

May import: `exact`, `bounds`, the protocol, and the package that the kernel is written for.
"""
