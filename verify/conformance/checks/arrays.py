"""Checks of memory: any layout of the input, input left as it is, fresh output of the same kind, the same bits twice.

Neighbours: `trial.arranged` lays arrays out.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ....kernels.protocol import to_numpy
from ..check import Check, NotApplicableError, Subject
from ..failures.snippet import assignments, loading
from ..inputs.cases import lattice_without_ties, random_points
from ..inputs.lattices import SHAPES, Lattice, Shape, lattice
from ..inputs.trial import Arrangement, Call, NotTestedError, arranged, call, floats, layouts, raised, raw_step
from ..record import CheckFinding
from .sizes import Sequences, screened

SIZES = ((2, 3, 2), (2, 5, 3), (3, 4, 1), (1, 9, 4), (2, 8, 8), (70, 4, 2), (2, 65, 3), (2, 7, 33), (3, 33, 17))
SIZES = (*SIZES, (1, 257, 2), (2, 12, 130), (257, 3, 2))
"""(B, n, d) that every layout is tried with."""


def _memory(arrangement: Arrangement) -> Sequences:
    """Tokens in a layout, alone and with A in the same one, under A that are not symmetric."""

    def sequences(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
        if arrangement not in layouts(subject.kernel):
            raise NotApplicableError(f"torch has no {arrangement} tensors")
        rng = subject.random(f"array.{arrangement}")
        for dtype in subject.kernel.dtypes:
            for B, n, d in SIZES:
                for form in ("contiguous", arrangement):
                    shape = rng.choice(SHAPES) if subject.kernel.supports_A else "identity"
                    yield (
                        [lattice(rng, n, d, dtype, B=B, shape=shape, arrangement=arrangement, form=form)],
                        dtype,
                    )

    return sequences


def _expanded(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
    """Stride 0: one set for a whole batch, one token for a whole set, one number for a whole token, one row for A."""
    rng = subject.random("array.expanded")
    for dtype in subject.kernel.dtypes:
        for B, n, d in ((2, 3, 2), (3, 9, 3), (70, 4, 2), (2, 65, 3), (4, 7, 33)):
            shape = rng.choice(SHAPES) if subject.kernel.supports_A else "identity"
            one = lattice(rng, n, d, dtype, shape=shape, arrangement="expanded")
            several = replace(one, sets=lattice(rng, n, d, dtype, B=3).sets, B=3)
            yield [replace(one, B=B)], dtype
            yield [replace(several, sets=np.repeat(several.sets[:, :1], n, axis=1))], dtype
            yield [replace(several, sets=np.repeat(several.sets[:, :, :1], d, axis=2))], dtype
            if subject.kernel.supports_A:
                row = np.array([rng.randint(-3, 3) for _ in range(d)])
                yield [replace(several, A=np.tile(row, (d, 1)), form="expanded")], dtype


def _form(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
    """Every layout of A beside every layout of the tokens."""
    if not subject.kernel.supports_A:
        raise NotApplicableError("the kernel declares supports_A = False")
    rng = subject.random("array.form")
    for dtype in subject.kernel.dtypes:
        for form in layouts(subject.kernel):
            for arrangement in layouts(subject.kernel):
                if form != arrangement:
                    B, n, d = rng.choice(SIZES)
                    shape: Shape = rng.choice(("permutation", "shear", "dense"))
                    d = max(d, 2)
                    yield (
                        [lattice(rng, n, d, dtype, B=B, shape=shape, arrangement=arrangement, form=form)],
                        dtype,
                    )


MANY = 4_096
"""Sets of a batch that is large enough for what kernels do with large ones only."""
LATER = 9
"""Calls after which a result must be as it was: some kernels take turns with a few buffers."""


def _calls(subject: Subject) -> Iterator[tuple[str, Call]]:
    """Per dtype a batch of integer points, one of full mantissas, one where nothing moves, and many small shapes."""
    rng = subject.random("arrays")
    for dtype in subject.kernel.dtypes:
        yield dtype, call(lattice_without_ties(rng, 5, 2).tokens, lattice_without_ties(rng, 5, 2).tokens)
        yield dtype, random_points(rng, 20, 5, dtype).call()
        yield dtype, call([(2, 0), (0, 2), (-2, -2)])
        for n, d in ((70, 3), (600, 2), (6, 70)):
            yield dtype, random_points(rng, n, d, dtype).call()
        for n in range(1, 13):
            B, d = rng.randint(1, 3), rng.randint(2, 5)
            yield dtype, call(*(lattice_without_ties(rng, n, d).tokens for _ in range(B)))
            yield dtype, call(lattice_without_ties(rng, n, 2).tokens)


def _each_call(
    question: Callable[[Subject, str, Call], tuple[str, list[str]] | None],
) -> Callable[[Subject], CheckFinding]:
    """The check that asks `question` of some calls: what is wrong, and the lines that show it; or None."""

    def run(subject: Subject) -> CheckFinding:
        count = 0
        for dtype, one in _calls(subject):
            try:
                wrong = question(subject, dtype, one)
            except (Exception, SystemExit) as error:
                wrong = raised(error), ["found = kernel.step(native, form, alpha)"]
            if wrong is not None:
                message, lines = wrong
                native = [f"native, form = (kernel.arrays_for(values, {dtype!r}) for values in (tokens, A))"]
                text = [*loading(subject.kernel, subject.spec), *assignments(one, dtype), *native, *lines]
                return CheckFinding("fail", f"{dtype}: {' '.join(message.split())}", snippet="\n".join(text) + "\n")
            count += 1
        return CheckFinding("pass", f"{count} calls")

    return run


def _unchanged(subject: Subject, dtype: str, one: Call) -> tuple[str, list[str]] | None:
    kernel = subject.kernel
    tokens, A = floats(one.tokens, dtype), floats(one.A, dtype)
    for arrangement in layouts(kernel):
        native, form = (arranged(kernel, values, arrangement, dtype) for values in (tokens, A))
        raw_step(kernel, native, form, one.alpha)
        for name, before, after in (("tokens", tokens, native), ("A", A, form)):
            if not np.array_equal(before, to_numpy(after)):
                variable = "native" if name == "tokens" else "form"
                lines = ["kernel.step(native, form, alpha)", f"assert np.array_equal(np.asarray({variable}), {name})"]
                if arrangement != "contiguous":
                    again = f"native, form = (arranged(kernel, values, {arrangement!r}) for values in (tokens, A))"
                    lines = ["from hardmax.verify.conformance import arranged", again, *lines]
                return f"the kernel overwrote {name}, {arrangement} in memory", lines
    many = np.tile(tokens, (MANY // len(tokens), 1, 1))
    if one.shape[1] == 5 and kernel.device == "cpu":
        try:
            subject.sizes.require(many.shape)
        except NotTestedError:
            return None
        native = kernel.arrays_for(many, dtype)
        raw_step(kernel, native, kernel.arrays_for(A, dtype), one.alpha)
        if not np.array_equal(many, to_numpy(native)):
            lines = [
                f"many = np.tile(tokens, ({MANY // len(tokens)}, 1, 1))",
                f"native = kernel.arrays_for(many, {dtype!r})",
                "kernel.step(native, form, alpha)",
                "assert np.array_equal(np.asarray(native), many)",
            ]
            return f"the kernel overwrote the tokens of a batch of {len(many)}", lines
    return None


def _kind(subject: Subject, dtype: str, one: Call) -> tuple[str, list[str]] | None:
    kernel = subject.kernel
    native = kernel.arrays_for(floats(one.tokens, dtype), dtype)
    found = raw_step(kernel, native, kernel.arrays_for(floats(one.A, dtype), dtype), one.alpha)
    lines = ["found = kernel.step(native, form, alpha)"]
    if type(found) is not type(native):
        return (
            f"returned a {type(found).__name__} for a {type(native).__name__}",
            [*lines, "assert type(found) is type(native), type(found)"],
        )
    if tuple(found.shape) != tuple(native.shape) or found.dtype != native.dtype:
        return (
            f"returned {found.dtype} of shape {tuple(found.shape)} for {native.dtype} of shape {tuple(native.shape)}",
            [*lines, "assert (found.dtype, found.shape) == (native.dtype, native.shape), (found.dtype, found.shape)"],
        )
    if str(getattr(found, "device", "cpu")) != str(getattr(native, "device", "cpu")):
        return f"returned a tensor on {found.device}", [*lines, "assert found.device == native.device, found.device"]
    return None


def _fresh(subject: Subject, dtype: str, one: Call) -> tuple[str, list[str]] | None:
    kernel = subject.kernel
    native, form = (kernel.arrays_for(floats(values, dtype), dtype) for values in (one.tokens, one.A))
    first = raw_step(kernel, native, form, one.alpha)
    kept = to_numpy(first).copy()
    lines = ["found = kernel.step(native, form, alpha)", "kept = np.array(found)"]
    for _ in range(LATER):
        raw_step(kernel, native * 3 + 1, form, one.alpha)
    if not np.array_equal(kept, to_numpy(first)):
        lines += [f"for _ in range({LATER}):", "    kernel.step(native * 3 + 1, form, alpha)"]
        return "a later call overwrote the result", [*lines, "assert np.array_equal(np.asarray(found), kept)"]
    native *= 0
    if not np.array_equal(kept, to_numpy(first)):
        lines += ["native *= 0", "assert np.array_equal(np.asarray(found), kept)"]
        return "the result shares memory with the input", lines
    return None


def _twice(subject: Subject, dtype: str, one: Call) -> tuple[str, list[str]] | None:
    kernel = subject.kernel
    native, form = (kernel.arrays_for(floats(values, dtype), dtype) for values in (one.tokens, one.A))
    first, *others = (to_numpy(raw_step(kernel, native, form, one.alpha)).copy() for _ in range(6))
    if all(first.tobytes() == other.tobytes() for other in others):
        return None
    lines = [
        "results = {np.asarray(kernel.step(native, form, alpha)).tobytes() for _ in range(50)}",
        "assert len(results) == 1, f'{len(results)} different results'",
    ]
    return "the same call gave different bits", lines


CHECKS: tuple[Check, ...] = (
    screened("array.fortran", "Input may be in Fortran order", _memory("fortran")),
    screened("array.permuted", "Input may have its outer axes permuted", _memory("permuted")),
    screened("array.padded", "Input may be the corner of a larger buffer", _memory("padded")),
    screened("array.sliced", "Input may be some tokens of longer sets", _memory("sliced")),
    screened("array.offset", "Input may begin within a buffer", _memory("offset")),
    screened("array.strided", "Input may be a strided view", _memory("strided")),
    screened("array.reversed", "Input may have negative strides", _memory("reversed")),
    screened("array.readonly", "Input may be read-only", _memory("readonly")),
    screened("array.expanded", "Input may have stride 0", _expanded),
    screened("array.form", "A may be laid out otherwise than the tokens", _form),
    Check("array.unchanged", "Input is not modified", _each_call(_unchanged)),
    Check("array.kind", "The result has the type, dtype and shape of the tokens", _each_call(_kind)),
    Check("array.fresh", "The result is memory of its own", _each_call(_fresh)),
    Check("repeat.bits", "The same call gives the same bits", _each_call(_twice)),
)
