"""The exact problem: which keys a row may see, what is refused, and rounding, by brute force."""

import numpy as np
import pytest

from hardmax.kernels.attention.problem import FORMATS, Problem, rounded
from hardmax.kernels.errors import InputError

from . import bank, inputs


def arrays(B=1, H=1, Hk=1, Lq=3, Lk=5, D=2, Dv=2):
    rng = np.random.default_rng(0)
    return [rounded(rng.standard_normal(s), "float16") for s in ((B, H, Lq, D), (B, Hk, Lk, D), (B, Hk, Lk, Dv))]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_rounding_is_that_of_torch(dtype):
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
    rng = np.random.default_rng(1)
    form = FORMATS[dtype]
    x = rng.standard_normal(20_000) * 2.0 ** rng.integers(form.least - form.digits - 3, form.top + 1, 20_000)
    x = np.concatenate([x, [0.0, -0.0, form.largest, -form.largest, form.tiny, form.eta, form.eta / 2]])
    x = x[np.abs(x) < 2.0**128].astype(np.float32).astype(np.float64)  # torch rounds float64 to half by way of float32
    expected = torch.from_numpy(x).to(getattr(torch, dtype)).to(torch.float64).numpy()
    assert np.array_equal(rounded(x, dtype), expected)
    info = torch.finfo(getattr(torch, dtype))
    assert (form.largest, form.tiny, form.u) == (info.max, info.tiny, info.eps / 2)


@pytest.mark.parametrize("alignment", ["top_left", "bottom_right"])
@pytest.mark.parametrize("window", [None, (1, 0), (-1, 1), (0, -1), (2, 2)])
def test_masks_are_those_of_the_definition(alignment, window):
    for Lq, Lk in ((4, 4), (3, 6), (6, 3)):
        q, k, v = arrays(Lq=Lq, Lk=Lk)
        mask = np.random.default_rng(Lq).random((Lq, Lk)) < 0.8
        for causal in (False, True):
            problem = Problem(q, k, v, causal=causal, window=window, alignment=alignment, mask=mask)
            head = problem.head(0, 0)
            full = np.zeros((Lq, Lk), dtype=bool)
            full[:, head.seen] = head.allowed
            for i in range(Lq):
                place = i + (Lk - Lq if alignment == "bottom_right" else 0)
                for j in range(Lk):
                    left, right = (-1, -1) if window is None else window
                    sees = mask[i, j] and (not causal or j <= place)
                    sees = sees and (left < 0 or j >= place - left) and (right < 0 or j <= place + right)
                    assert full[i, j] == sees
            assert np.array_equal(full, bank.allowed(bank.Plan(), problem, 0, 0))


def test_heads_read_their_group_and_hidden_keys_vanish():
    q, k, v = arrays(H=4, Hk=2)
    k[0, 1, 4], v[0, 1, 4] = np.nan, np.inf
    mask = np.ones((3, 5), dtype=bool)
    mask[:, 4] = False
    problem = Problem(q, k, v, mask=mask)
    assert np.array_equal(problem.head(0, 2).v, v[0, 1, :4])
    assert problem.head(0, 3).finite.all()
    assert not Problem(q, k, v).head(0, 3).finite.any()
    assert problem.head(0, 3).length == 5
    assert problem.head(0, 0, rows=[1]).q.tolist() == q[0, 0, [1]].tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"q": np.zeros((2, 3))}, "four axes"),
        ({"k": np.zeros((1, 1, 5, 3))}, "are required"),
        ({"v": np.zeros((1, 1, 4, 2))}, "are required"),
        ({"q": np.full((1, 1, 3, 2), 0.1)}, "no float16 numbers"),
        ({"dtype": "float8"}, "must be one of"),
        ({"scale": np.inf}, "finite number"),
        ({"softcap": 0.0}, "softcap is 0.0"),
        ({"softcap_order": "both"}, "softcap_order"),
        ({"alignment": "middle"}, "alignment"),
        ({"window": (1, 2, 3)}, "(left, right)"),
        ({"mask": np.ones((7, 5), dtype=bool)}, "must broadcast"),
        ({"mask": np.ones((3, 5))}, "booleans"),
        ({"bias": np.full((3, 5), 0.1)}, "no float16 numbers"),
    ],
)
def test_what_is_refused_is_refused_in_one_line(change, words):
    q, k, v = arrays()
    with pytest.raises(InputError, match=r"^[^\n]*$") as error:
        Problem(**({"q": q, "k": k, "v": v, "dtype": "float16"} | change))
    assert words in str(error.value)


def test_heads_that_do_not_divide_are_refused():
    q, k, v = arrays(H=3, Hk=2)
    with pytest.raises(InputError, match="must divide"):
        Problem(q, k, v)


def test_every_family_makes_problems():
    rng = np.random.default_rng(3)
    for dtype in FORMATS:
        for family in inputs.FAMILIES:
            assert inputs.problem(rng, family, dtype, softcap=True).dtype == dtype
