"""One call before the checks: a kernel that was declared wrongly is told so in one line, not by fifty failing checks.

Neighbours: `bench` and `worker` probe before they run checks.
"""

import inspect
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from ....kernels.errors import InputError
from ....kernels.protocol import Kernel
from ..checks.promises import compiled_frames
from ..inputs.trial import HALVES, NotTestedError, raw_step

TOKENS = [[[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]], [[1.0, 0.0], [3.0, -1.0], [0.0, 2.0]]]
"""(2, 3, 2) small integers, with an exact tie."""


def probe(kernel: Kernel) -> bool:
    """Call `kernel` once in each of its dtypes; what it computes is not looked at.

    Returns:
        Whether torch compiled it, or tried to.

    Raises:
        InputError: it takes other arguments than (tokens, A, alpha), arrays of another library, one token set alone, or
            computes in half precision and does not declare it. Any other mistake is for the checks to find.
    """
    try:
        inspect.signature(kernel.step).bind(None, None, 1.0)
    except TypeError as error:
        what = f"cannot be called as step(tokens, A, alpha): {error}; define step(tokens, A, alpha)"
        raise _refused(kernel, what) from error
    except ValueError:  # a builtin without a signature
        pass
    if (dynamo := sys.modules.get("torch._dynamo")) is not None:
        dynamo.reset()  # what was compiled before would not be seen
    before = compiled_frames()
    for dtype in kernel.dtypes:
        try:
            result = _call(kernel, dtype)
        except NotTestedError:  # of sizes that it is not asked for
            return False
        except (Exception, SystemExit) as error:
            if any(_works_on(kernel, kernel.arrays, known) for known in kernel.dtypes):
                continue  # it is this dtype that it does not take
            other = "torch" if kernel.arrays == "numpy" else "numpy"
            if _works_on(kernel, other, dtype):
                said = " ".join(f"{type(error).__name__}: {error}".split())
                remedy = f'declare step.arrays = "{other}", or give --arrays {other}'
                raise _refused(
                    kernel, f"takes {other} arrays and was given {kernel.arrays}: {remedy} ({said})"
                ) from error
            if _works_on_one_set(kernel, dtype):
                what = "takes one token set (n, d): wrap it in hardmax.kernels.protocol.unbatched, which makes batches"
                raise _refused(kernel, what) from error
            continue
        found = str(getattr(result, "dtype", "")).removeprefix("torch.")
        if found in HALVES and found != dtype:
            remedy = f'declare step.dtypes = ("{found}",) or give --dtype {found} if that is what it computes in'
            raise _refused(kernel, f"returned {found} for {dtype} tokens: {remedy}, else return {dtype}")
    return compiled_frames() > before


def _call(kernel: Kernel, dtype: str, tokens: Any = TOKENS) -> Any:
    identity = [[1.0, 0.0], [0.0, 1.0]]
    return raw_step(kernel, kernel.arrays_for(tokens, dtype), kernel.arrays_for(identity, dtype), 1.0)


def _works_on_one_set(kernel: Kernel, dtype: str) -> bool:
    """Whether the kernel gives an answer to a token set without a batch."""
    try:
        return tuple(_call(kernel, dtype, TOKENS[0]).shape) == (3, 2)
    except (Exception, SystemExit):
        return False


def _works_on(kernel: Kernel, arrays: Any, dtype: str) -> bool:
    """Whether the kernel gives an answer to arrays of a library."""
    foreign = find_spec("torch") is None or kernel.device != "cpu" or (arrays == "numpy" and dtype == "bfloat16")
    if arrays != kernel.arrays and foreign:
        return False
    try:
        return tuple(_call(replace(kernel, arrays=arrays), dtype).shape) == (2, 3, 2)
    except (Exception, SystemExit):
        return False


def _refused(kernel: Kernel, what: str) -> InputError:
    return InputError(f"kernel {kernel.name} {what}")
