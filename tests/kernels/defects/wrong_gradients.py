"""Wrong torch kernels: the layer is right, its gradient is not. `right` is a correct one. See `wrong_kernels`."""

KILLED_BY: dict[str, str] = {}


def right(Z, A, alpha):
    S = Z @ A @ Z.transpose(1, 2)
    mask = (S == S.amax(dim=2, keepdim=True)).to(Z.dtype)
    m = (mask @ Z) / mask.sum(dim=2, keepdim=True)
    return Z + alpha / (1 + alpha) * (m - Z)


def means_detached(Z, A, alpha):
    moved = right(Z.detach(), A, alpha)
    return moved + (Z - Z.detach()) / (1 + alpha)


def gradient_doubled(Z, A, alpha):
    moved = right(Z, A, alpha)
    return 2 * moved - moved.detach()


for _kernel, _check in ((means_detached, "gradient.exact"), (gradient_doubled, "gradient.differences")):
    KILLED_BY[_kernel.__name__] = _check
for _kernel in (right, means_detached, gradient_doubled):
    _kernel.arrays = "torch"
    _kernel.dtypes = ("float64", "float32")
