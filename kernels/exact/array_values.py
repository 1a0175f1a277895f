"""What an array says: floats as the dyadic rationals that they are, text as the exact numbers that it names.

Neighbours: `configuration` is made of such arrays, `array_file` reads them from files, `json_values` reads text.
"""

import sys
from fractions import Fraction
from typing import Any

from ..errors import InputError
from .json_values import number
from .matrix import exact_matrix

MAX_NUMBERS = 2_000_000
"""Larger arrays are refused: exact work on millions of numbers would not end."""


def exact_array(name: str, values: Any, ndim: int) -> Any:
    """The numbers of an array, exactly: a Fraction (ndim 0) or a list of rows (ndim 2).

    Args:
        name: what it is, for messages.
        values: an array of NumPy, torch or another library that NumPy reads, or nested lists.
        ndim: how many dimensions it must have.

    Raises:
        ExactnessError: an object in it is no exact number.
        InputError: it has another shape, NaN or infinity, or a type that is not read exactly, or subnormal numbers are
            flushed here.
    """
    import numpy as np  # exact work needs no NumPy, and `hardmax --help` should not wait for it

    refuse_flushing()
    array = as_numpy(name, values)
    if array.ndim != ndim:
        raise InputError(f"{name} has shape {array.shape}; {'a number' if ndim == 0 else 'a 2-d array'} is required")
    if array.size > MAX_NUMBERS:
        raise InputError(f"{name} has {array.size} numbers; at most {MAX_NUMBERS} are read for exact work")
    if array.dtype.kind in "OU":
        given = array.tolist() if isinstance(values, np.ndarray) else values
        return exact_matrix(name, given) if ndim == 2 else number(name, given)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} has dtype {array.dtype}; float or integer values are required")
    if array.dtype.kind == "f":
        if array.dtype.itemsize > 8:
            raise InputError(f"{name} has dtype {array.dtype}; float64 is the widest float read exactly")
        if not np.isfinite(array).all():
            where = np.argwhere(~np.isfinite(array))[0].tolist()
            raise InputError(f"{name}{where or ''} is {array[tuple(where)]}; every value must be finite")
    if ndim == 0:
        return Fraction(array.item())
    return [[Fraction(v) for v in row] for row in array.tolist()]


def as_numpy(name: str, values: Any) -> Any:
    """`values` as a NumPy array; a torch tensor of any float type, also bfloat16, as float64, which loses nothing."""
    import numpy as np

    if type(values).__module__.partition(".")[0] == "torch" and hasattr(values, "detach"):
        if values.numel() > MAX_NUMBERS:
            raise InputError(f"{name} has {values.numel()} numbers; at most {MAX_NUMBERS} are read for exact work")
        values = values.detach().cpu().to_dense() if values.is_sparse else values.detach().cpu()
        values = (values.double() if values.is_floating_point() else values).resolve_conj().resolve_neg().numpy()
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"{name} is not a rectangular array: {error}") from None


def refuse_flushing() -> None:
    """Refuse to read floats exactly where the processor takes subnormal numbers for 0.

    Raises:
        InputError: this thread flushes subnormal numbers.
    """
    if not sys.float_info.min / 2 > 0:
        raise InputError(
            "this process flushes subnormal numbers to zero, so floats cannot be read as what they are; "
            "call torch.set_flush_denormal(False)"
        )
