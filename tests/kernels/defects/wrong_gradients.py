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


def tied_gradient_to_the_first(Z, A, alpha):
    first = (Z @ A @ Z.transpose(1, 2)).argmax(dim=2)
    moved = Z + alpha / (1 + alpha) * (Z.gather(1, first[:, :, None].expand(Z.shape)) - Z)
    return moved + (right(Z, A, alpha) - moved).detach()


def gradient_of_the_first_set_only(Z, A, alpha):
    moved = right(Z, A, alpha)
    kept = moved.detach().clone()
    kept[:1] = moved[:1]
    return kept


def gradient_wrong_under_a(Z, A, alpha):
    image = Z @ A - Z
    return right(Z, A, alpha) + (image - image.detach())


def gradient_wrong_from_three_coordinates_on(Z, A, alpha):
    return right(Z, A, alpha) + (Z - Z.detach()) * (Z.shape[2] > 2)


def gradient_refused(Z, A, alpha):
    if Z.requires_grad:
        raise ValueError("no gradient here")
    return right(Z, A, alpha)


def gradient_lost_in_numpy(Z, A, alpha):
    return right(Z, A, alpha).detach().numpy()


KILLED_BY |= {
    "means_detached": "gradient.exact",
    "gradient_doubled": "gradient.differences",
    "tied_gradient_to_the_first": "gradient.exact",
    "gradient_of_the_first_set_only": "gradient.exact",
    "gradient_wrong_under_a": "gradient.exact",
    "gradient_wrong_from_three_coordinates_on": "gradient.differences",
    "gradient_refused": "gradient.exact",
    "gradient_lost_in_numpy": "gradient.exact",
}
for _kernel in (right, *(globals()[name] for name in KILLED_BY)):
    _kernel.arrays = "torch"
    _kernel.dtypes = ("float64", "float32")
