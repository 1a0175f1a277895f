"""Right kernels with odd habits, which must pass everything. See `wrong_kernels`.

`RIGHT` has them all: name -> kernel.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from hardmax.kernels.protocol import declare, unbatched

try:
    import torch
except ImportError:
    torch = None

RIGHT = {}
BOTH = ("float64", "float32")


def right(**declared):
    """Register a right kernel with what it declares; in both dtypes if it says nothing."""

    def register(step):
        RIGHT[step.__name__] = declare(step, **{"dtypes": BOTH, "name": step.__name__, **declared})
        return step

    return register


def in_torch(**declared):
    return right(arrays="torch", **declared) if torch else lambda step: step


def scores(Z, A):
    return (Z @ A) @ Z.swapaxes(1, 2)


def mask_of(S):
    return S == S.max(axis=2, keepdims=True)


def mean(mask, Z):
    return (mask.astype(Z.dtype) @ Z) / mask.sum(axis=2)[..., None].astype(Z.dtype)


def move(Z, m, alpha):
    return Z + Z.dtype.type(alpha / (1 + alpha)) * (m - Z)


def plain(Z, A, alpha):
    return move(Z, mean(mask_of(scores(Z, A)), Z), alpha)


# --- wider numbers, other orders of summation ------------------------------------------------------------------------


@right()
def float64_inside(Z, A, alpha):
    return plain(Z.astype(np.float64), A.astype(np.float64), alpha).astype(Z.dtype)


@right()
def long_double_inside(Z, A, alpha):
    return plain(Z.astype(np.longdouble), A.astype(np.longdouble), alpha).astype(Z.dtype)


@right()
def float16_masks_and_float32_sums(Z, A, alpha):
    mask = mask_of(scores(Z, A)).astype(np.float16)
    total = mask.astype(np.float32).sum(axis=2, dtype=np.float32)
    return move(Z, (mask.astype(Z.dtype) @ Z) / total.astype(Z.dtype)[..., None], alpha)


@right()
def keys_times_a_first(Z, A, alpha):
    return move(Z, mean(mask_of(Z @ (A @ Z.swapaxes(1, 2))), Z), alpha)


@right()
def coordinates_summed_backwards(Z, A, alpha):
    Y = Z @ A
    S = np.zeros((len(Z), Z.shape[1], Z.shape[1]), Z.dtype)
    for c in reversed(range(Z.shape[2])):
        S += Y[:, :, None, c] * Z[:, None, :, c]
    return move(Z, mean(mask_of(S), Z), alpha)


@right()
def compensated_sums(Z, A, alpha):
    Y = Z @ A
    S = np.zeros((len(Z), Z.shape[1], Z.shape[1]), Z.dtype)
    lost = np.zeros_like(S)
    for c in range(Z.shape[2]):
        term = Y[:, :, None, c] * Z[:, None, :, c] - lost
        total = S + term
        lost = (total - S) - term
        S = total
    return move(Z, mean(mask_of(S), Z), alpha)


@right()
def einsum(Z, A, alpha):
    S = np.einsum("bic,cd,bjd->bij", Z, A, Z, optimize=True)
    mask = mask_of(S).astype(Z.dtype)
    return move(Z, np.einsum("bij,bjd->bid", mask, Z) / mask.sum(axis=2)[..., None], alpha)


@right()
def means_by_reciprocals(Z, A, alpha):
    mask = mask_of(scores(Z, A)).astype(Z.dtype)
    return move(Z, (mask * (1 / mask.sum(axis=2))[..., None]) @ Z, alpha)


@right()
def sums_divided_at_the_end(Z, A, alpha):
    mask = mask_of(scores(Z, A))
    step = Z.dtype.type(min(alpha, 2.0**60))
    small = step < 1
    weight = step if small else 1 / step
    m = mean(mask, Z)
    return (Z + weight * m) / (1 + weight) if small else (weight * Z + m) / (1 + weight)


@right()
def two_weights(Z, A, alpha):
    rate = alpha / (1 + alpha)
    return Z.dtype.type(1 - rate) * Z + Z.dtype.type(rate) * mean(mask_of(scores(Z, A)), Z)


# --- blocks ----------------------------------------------------------------------------------------------------------


@right()
def queries_in_blocks(Z, A, alpha):
    parts = [Z[:, :0]]
    for i in range(0, Z.shape[1], 48):
        mask = mask_of((Z[:, i : i + 48] @ A) @ Z.swapaxes(1, 2))
        parts.append(move(Z[:, i : i + 48], mean(mask, Z), alpha))
    return np.concatenate(parts, axis=1)


@right()
def keys_in_blocks_with_a_running_maximum(Z, A, alpha):
    Y, (B, n, _) = Z @ A, Z.shape
    best = np.full((B, n), -np.inf, Z.dtype)
    total, count = np.zeros_like(Z), np.zeros((B, n), Z.dtype)
    for j in range(0, n, 64):
        keys = Z[:, j : j + 64]
        S = Y @ keys.swapaxes(1, 2)
        top = np.maximum(best, S.max(axis=2))
        kept = (best == top).astype(Z.dtype)
        mask = (top[..., None] == S).astype(Z.dtype)
        total = total * kept[..., None] + mask @ keys
        count = count * kept + mask.sum(axis=2)
        best = top
    return move(Z, total / count[..., None], alpha)


@right()
def sets_in_chunks(Z, A, alpha):
    return np.concatenate([Z[:0]] + [plain(Z[b : b + 100], A, alpha) for b in range(0, len(Z), 100)])


@right()
def padded_to_blocks_and_masked(Z, A, alpha):
    n = Z.shape[1]
    S = scores(np.pad(Z, ((0, 0), (0, -n % 16), (0, 0))), A)[:, :n]
    S[:, :, n:] = -np.inf
    mask = mask_of(S)[:, :, :n]
    return move(Z, mean(mask, Z), alpha)


@right()
def one_set_at_a_time(Z, A, alpha):
    return unbatched(lambda z, F, a: plain(z[None], F, a)[0])(Z, A, alpha)


# --- results and inputs ----------------------------------------------------------------------------------------------


@right()
def fortran_results(Z, A, alpha):
    return np.asfortranarray(plain(Z, A, alpha))


@right()
def reversed_results(Z, A, alpha):
    return np.ascontiguousarray(plain(Z, A, alpha)[::-1, ::-1, ::-1])[::-1, ::-1, ::-1]


@right()
def read_only_results(Z, A, alpha):
    moved = plain(Z, A, alpha)
    moved.flags.writeable = False
    return moved


@right()
def contiguous_copies(Z, A, alpha):
    return plain(np.array(Z, order="C"), np.array(A, order="C"), alpha)


@right()
def inputs_locked(Z, A, alpha):
    Z, A = Z.view(), A.view()
    Z.flags.writeable = A.flags.writeable = False
    return plain(Z, A, alpha)


@right()
def scratch_memory_reused(Z, A, alpha, _scratch={}):  # noqa: B006 written before it is read
    shape = len(Z), Z.shape[1], Z.shape[1]
    S = _scratch.setdefault((shape, Z.dtype.str), np.empty(shape, Z.dtype)) if np.prod(shape) < 10**5 else None
    S = np.matmul(Z @ A, Z.swapaxes(1, 2), out=S)
    return move(Z, mean(mask_of(S), Z), alpha)


@right()
def remembers_what_it_computed(Z, A, alpha, _known={}):  # noqa: B006 keyed by all that decides
    if Z.size > 100:
        return plain(Z, A, alpha)
    key = Z.tobytes(), A.tobytes(), Z.shape, Z.dtype.str, alpha
    return _known.setdefault(key, plain(Z, A, alpha)).copy()


@right(ties="first")
def first_maximiser(Z, A, alpha):
    return move(Z, np.take_along_axis(Z, scores(Z, A).argmax(axis=2)[:, :, None], axis=1), alpha)


@right(supports_A=False)
def identity_only(Z, A, alpha):
    return plain(Z, np.eye(Z.shape[2], dtype=Z.dtype), alpha)


@right(dtypes=("float32",))
def sorted_tokens(Z, A, alpha):
    order = np.argsort(Z[:, :, 0], axis=1)[:, :, None]
    moved = plain(np.take_along_axis(Z, order, axis=1), A, alpha)
    result = np.empty_like(moved)
    np.put_along_axis(result, order, moved, axis=1)
    return result


@right(form="residual")
def residual(Z, A, alpha):
    return Z + Z.dtype.type(alpha) * mean(mask_of(scores(Z, A)), Z)


@right()
def what_is_not_finite_refused(Z, A, alpha):
    if not (np.isfinite(alpha) and np.isfinite(Z).all() and np.isfinite(A).all()):
        raise ValueError("tokens, A and alpha must be finite")
    return plain(Z, A, alpha)


@right(batch_invariant=True)
def one_thread_a_set(Z, A, alpha):
    with ThreadPoolExecutor(2) as pool:
        sets = list(pool.map(lambda one: plain(one[None], A, alpha)[0], Z)) if len(Z) < 20 else list(plain(Z, A, alpha))
    return np.array(sets, Z.dtype).reshape(Z.shape)


@right()
def products_of_all_numbers_at_once(Z, A, alpha):
    S = ((Z[:, :, :, None] * A).sum(2)[:, :, None] * Z[:, None]).sum(3)
    mask = mask_of(S)
    m = np.where(mask[..., None], Z[:, None], 0).sum(2) / mask.sum(2)[..., None].astype(Z.dtype)
    m[np.isnan(S).any(2)] = np.nan
    return move(Z, m, alpha).astype(Z.dtype)


# --- torch -----------------------------------------------------------------------------------------------------------


def torch_plain(Z, A, alpha):
    S = (Z @ A) @ Z.swapaxes(1, 2)
    mask = (S == S.amax(dim=2, keepdim=True)).to(Z.dtype)
    return Z + alpha / (1 + alpha) * ((mask @ Z) / mask.sum(dim=2, keepdim=True) - Z)


@in_torch()
def torch_float64_inside(Z, A, alpha):
    return torch_plain(Z.double(), A.double(), alpha).to(Z.dtype)


@in_torch(form="residual")
def torch_residual(Z, A, alpha):
    S = ((Z @ A) @ Z.swapaxes(1, 2)).detach()
    W = (S == S.amax(dim=2, keepdim=True)).to(Z.dtype)
    return Z + alpha * ((W @ Z) / W.sum(dim=2, keepdim=True))


@in_torch(gradients=False)
def torch_in_inference_mode(Z, A, alpha):
    with torch.inference_mode():
        return torch_plain(Z, A, alpha)


@in_torch()
def torch_edges(Z, A, alpha):
    B, n, d = Z.shape
    S = ((Z @ A) @ Z.swapaxes(1, 2)).detach()
    b, i, j = (S == S.amax(dim=2, keepdim=True)).nonzero(as_tuple=True)
    flat, to = Z.reshape(B * n, d), b * n + i
    count = torch.zeros(B * n, dtype=Z.dtype).index_add(0, to, torch.ones_like(to, dtype=Z.dtype))
    sums = torch.zeros(B * n, d, dtype=Z.dtype).index_add(0, to, flat[b * n + j])
    return Z + alpha / (1 + alpha) * ((sums / count[:, None]).reshape(Z.shape) - Z)


@in_torch()
def torch_transposed_results(Z, A, alpha):
    return torch_plain(Z, A, alpha).transpose(1, 2).contiguous().transpose(1, 2)


@in_torch()
def torch_einsum(Z, A, alpha):
    S = torch.einsum("bic,cd,bjd->bij", Z, A, Z)
    mask = (S == S.amax(dim=2, keepdim=True)).to(Z.dtype)
    m = torch.einsum("bij,bjd->bid", mask, Z) / mask.sum(dim=2)[..., None]
    return torch.lerp(Z, m, alpha / (1 + alpha))


@in_torch(gradients=False)
def torch_forward_only_declared(Z, A, alpha):
    return torch.from_numpy(plain(Z.numpy(), A.numpy(), alpha))


@in_torch()
def torch_forward_only_without_gradients(Z, A, alpha):
    with torch.no_grad():
        return torch_plain(Z, A, alpha)


@in_torch()
def torch_queries_in_blocks(Z, A, alpha):
    parts = []
    for queries in Z.split(40, dim=1):
        S = (queries @ A) @ Z.swapaxes(1, 2)
        mask = (S == S.amax(dim=2, keepdim=True)).to(Z.dtype)
        parts.append(queries + alpha / (1 + alpha) * ((mask @ Z) / mask.sum(dim=2, keepdim=True) - queries))
    return torch.cat(parts, dim=1)
