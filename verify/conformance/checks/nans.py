"""Checks of values that are no numbers: a NaN is seen, and it stays within its own token set.

The policy is that of the kernels of this project: with a NaN among its tokens no row of scores of a token set has a
maximum, so no token of the set may come out finite, and a token that holds an infinity may not either. The other sets
of the batch are not touched. A kernel that raises an error instead hides nothing; a ValueError or NotImplementedError
is a refusal of the batch, any other error a mistake, since there is no result for the other sets.

A NaN in A, or an infinity that meets a zero of the token, makes all its scores NaN: again nothing finite may come out.
A kernel that declares the first maximiser may take the first NaN for it, as `argmax` does: then the token follows
token 0; one that declares any maximiser may follow any token. With α = NaN there is no next token; α = ∞ may be read as
the limit, a step onto the mean, and as nothing else.

Neighbours: `batches` has the same question for finite values.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ....kernels.bounds.rounding import decision_bound, layer_error
from ..check import Check, NotApplicableError, Subject
from ..failures.snippet import array, loading
from ..inputs.cases import lattice_without_ties
from ..inputs.trial import NoTokensError, next_tokens, raised, raw_step, stored
from ..record import CheckFinding

SHAPES = ((3, 3, 2), (1, 4, 2), (5, 4, 3), (70, 3, 2), (3, 20, 1), (2, 9, 6), (2, 70, 3))
"""(B, n, d) of the batches; one value of the set in the middle is spoiled."""


def _tokens(subject: Subject, shape: tuple[int, int, int], dtype: str) -> NDArray[np.floating]:
    """Integer points without ties: their next tokens have the same bits, whatever else is in the batch.

    In float16 they are divided by 128, so that no score overflows.
    """
    B, n, d = shape
    rng = subject.random(f"nan/{shape}")
    few = [lattice_without_ties(rng, n, d, size=999).tokens for _ in range(min(B, 5))]
    values = np.array([few[b % len(few)] for b in range(B)], dtype=np.float64)
    return stored(values / 128 if dtype == "float16" else values, dtype)


Accepts = Callable[[NDArray, NDArray, int, float], tuple[str, str] | None]
"""(result, result without the bad value, token, value) -> what is wrong and what was to hold, or None."""


def _visible(found: NDArray, clean: NDArray, token: int, value: float) -> tuple[str, str] | None:
    b = len(found) // 2
    if np.isnan(value) and np.isfinite(found[b]).all(axis=1).any():
        return "no score has a maximum, yet tokens came out finite", f"not np.isfinite(found[{b}]).all(axis=1).any()"
    if np.isfinite(found[b, token]).all():
        return "the token came out finite", f"not np.isfinite(found[{b}, {token}]).all()"
    return None


def _contained(found: NDArray, clean: NDArray, token: int, value: float) -> tuple[str, str] | None:
    b = len(found) // 2
    if np.array_equal(np.delete(found, b, axis=0), np.delete(clean, b, axis=0)):
        return None
    wanted = f"np.array_equal(np.delete(found, {b}, axis=0), np.delete(clean, {b}, axis=0))"
    return "the other sets of the batch come out different", wanted


def _spoiled(verdict: Accepts, *, may_raise: bool) -> Callable[[Subject], CheckFinding]:
    """The check that puts NaN, ∞ and −∞ into the first, a middle and the last token of the middle set."""

    def run(subject: Subject) -> CheckFinding:
        count = 0
        for dtype in subject.kernel.dtypes:
            for shape in SHAPES:
                tokens = _tokens(subject, shape, dtype)
                for value in (np.nan, np.inf, -np.inf):
                    for token in sorted({0, shape[1] // 2, shape[1] - 1}):
                        wrong = _wrong(subject, tokens, value, token, verdict, dtype, may_raise=may_raise)
                        if wrong is not None:
                            return _fail(subject, tokens, value, token, dtype, *wrong)
                        count += 1
        return CheckFinding("pass", f"NaN, inf and -inf in tokens of {len(SHAPES)} shapes, {count} calls")

    return run


def _wrong(
    subject: Subject, tokens: NDArray, value: float, token: int, verdict: Accepts, dtype: str, *, may_raise: bool
) -> tuple[str, str] | None:
    """What is wrong with one spoiled call and what was to hold, or None."""
    kernel = subject.kernel
    A = np.eye(tokens.shape[2])
    results = []
    for name, values in (("clean", tokens), ("found", _with(tokens, token, value))):
        try:
            returned = raw_step(kernel, kernel.arrays_for(values, dtype), kernel.arrays_for(A, dtype), 1.0)
            results.append(next_tokens(returned, tokens.shape))
        except NoTokensError as error:
            return str(error), f"({name}.shape, {name}.dtype.kind) == ({tokens.shape}, 'f')"
        except (Exception, SystemExit) as error:
            if name == "found" and may_raise:
                return None
            if name == "found" and isinstance(error, ValueError | NotImplementedError):
                raise NotApplicableError(f"the kernel refuses such a batch: {type(error).__name__}: {error}") from error
            return raised(error), "True"
    clean, found = results
    return verdict(found, clean, token, value)


def _with(tokens: NDArray, token: int, value: float) -> NDArray:
    spoiled = tokens.copy()
    spoiled[len(tokens) // 2, token, 0] = value
    return spoiled


def _fail(
    subject: Subject, tokens: NDArray, value: float, token: int, dtype: str, message: str, wanted: str
) -> CheckFinding:
    b = len(tokens) // 2
    call = "kernel(tokens)" if dtype != "bfloat16" else 'kernel(tokens, dtype="bfloat16")'
    lines = [
        *loading(subject.kernel, subject.spec),
        f"tokens = {array(tokens.tolist(), str(tokens.dtype))}",
        f"clean = {call}",
        f'tokens[{b}, {token}, 0] = float("{value}")',
        f"found = {call}",
        f"assert {wanted}, found",
    ]
    place = f"{dtype}: {value} in token {token} of set {b} of a batch of shape {tokens.shape}"
    return CheckFinding("fail", f"{place}: {' '.join(message.split())}", snippet="\n".join(lines) + "\n")


FORM_SHAPES = ((1, 3, 1), (1, 2, 2), (2, 4, 3), (70, 3, 2), (1, 20, 5), (3, 9, 17), (1, 70, 3), (2, 5, 33))
"""(B, n, d) of the batches whose A is spoiled."""

Spoiled = tuple[NDArray, NDArray, float, NDArray[np.bool_], list[NDArray]]
"""Tokens, A, α, where nothing finite may come out (B, n), and k results (B, n, d) that may all the same."""


def _bad_form(subject: Subject, dtype: str) -> Iterator[tuple[str, Spoiled]]:
    """NaN, ∞ and −∞ in the corners and the middle of A."""
    if not subject.kernel.supports_A:
        raise NotApplicableError("the kernel declares supports_A = False")
    for shape in FORM_SHAPES:
        d = shape[2]
        tokens = _tokens(subject, shape, dtype)
        for a, b in sorted({(0, 0), (0, d - 1), (d - 1, 0), (d - 1, d - 1), (d // 2, d // 2)}):
            for value in (np.nan, np.inf, -np.inf):
                A, given = np.eye(d), tokens.copy()
                A[a, b] = value
                lost = np.ones(shape[:2], dtype=np.bool_)
                if not np.isnan(value):  # only a token without the coordinate has no score; keys have the other one
                    given[..., b] += given[..., b] == 0
                    lost[:, 0] = d > 1 and a != b
                    lost[:, 1:] = False
                    given[:, 0, a] = 0 if a != b else given[:, 0, a]
                most = {"all": 0, "first": 1, "any": shape[1]}[subject.kernel.ties]
                follows = [(given + given[:, j : j + 1]) / 2 for j in range(most)]
                yield f"{value} in A[{a}, {b}]", (given, A, 1.0, lost, follows)


def _bad_step(subject: Subject, dtype: str) -> Iterator[tuple[str, Spoiled]]:
    """α = NaN and ∞."""
    for shape in ((1, 1, 1), (1, 4, 2), (3, 5, 3), (70, 3, 2), (1, 70, 2)):
        tokens = _tokens(subject, shape, dtype)
        scores = tokens.astype(np.float64) @ tokens.astype(np.float64).transpose(0, 2, 1)
        leaders = np.take_along_axis(tokens, scores.argmax(axis=2)[:, :, None], axis=1)  # no ties
        ordered = np.sort(scores, axis=2)
        known = np.full(shape[:2], True)  # of whom it is sure in this dtype whom it follows
        if shape[1] > 1:
            known = ordered[:, :, -1] - ordered[:, :, -2] > decision_bound(tokens, dtype=dtype)
        for alpha, allowed, lost in ((np.nan, [], np.full(shape[:2], True)), (np.inf, [leaders], known)):
            yield f"alpha = {alpha}", (tokens, np.eye(shape[2]), alpha, lost, allowed)


def _finite(spoiled: Callable[[Subject, str], Iterator[tuple[str, Spoiled]]]) -> Callable[[Subject], CheckFinding]:
    """The check that nothing finite comes out where nothing may."""

    def run(subject: Subject) -> CheckFinding:
        kernel, count = subject.kernel, 0
        for dtype in kernel.dtypes:
            for words, (tokens, A, alpha, lost, allowed) in spoiled(subject, dtype):
                count += 1
                place = f"{dtype}: {words}, a batch of shape {tokens.shape}"
                try:
                    native = kernel.arrays_for(tokens, dtype)
                    found = next_tokens(raw_step(kernel, native, kernel.arrays_for(A, dtype), alpha), tokens.shape)
                except NoTokensError as error:
                    return CheckFinding("fail", f"{place}: {error}")
                except (Exception, SystemExit):
                    continue  # an error hides nothing
                wrong = lost & np.isfinite(found).all(axis=2)
                error = layer_error(tokens, 1, 1.0, dtype=dtype)[:, None, :]
                for right in allowed:
                    wrong &= ~(np.abs(found.astype(np.float64) - right) <= error).all(axis=2)
                if wrong.any():
                    b, i = np.argwhere(wrong)[0].tolist()
                    lines = [
                        *loading(kernel, subject.spec, "from hardmax.kernels.protocol import to_numpy"),
                        f"tokens = {array(tokens[b : b + 1].tolist(), dtype)}",
                        f"A = {array(A.tolist(), dtype)}",
                        f'native, form = (kernel.arrays_for(values, "{dtype}") for values in (tokens, A))',
                        f'found = to_numpy(kernel.step(native, form, float("{alpha}")))',
                        f"assert not np.isfinite(found[0, {i}]).all(), found",
                    ]
                    message = f"{place}: token {i} of set {b} came out as a finite point"
                    return CheckFinding("fail", message, snippet="\n".join(lines) + "\n")
        return CheckFinding("pass", f"{count} calls")

    return run


CHECKS: tuple[Check, ...] = (
    Check("nan.visible", "A NaN is never turned into a finite number", _spoiled(_visible, may_raise=True)),
    Check("nan.contained", "A NaN or an infinity stays within its token set", _spoiled(_contained, may_raise=False)),
    Check("nan.form", "A NaN or an infinity in A is never turned into a finite number", _finite(_bad_form)),
    Check("nan.alpha", "An alpha that is no number is never turned into one", _finite(_bad_step)),
)
