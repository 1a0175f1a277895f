"""What a kernel declares is what it is judged by, and one that is declared wrongly is told so in one line."""

import shutil
from fractions import Fraction

import numpy as np
import pytest

import hardmax
from hardmax.kernels.bounds.exact_scores import LEAST_EXPONENT, PRECISION, largest
from hardmax.kernels.bounds.rounding import decision_bound, gamma, layer_error
from hardmax.kernels.errors import InputError
from hardmax.kernels.protocol import Kernel, declare, unbatched
from hardmax.verify.cli import main
from hardmax.verify.conformance import Options, check_kernel, run_conformance
from hardmax.verify.conformance.inputs.trial import NotTestedError, Sizes, Trial, call, floats, stored
from hardmax.verify.conformance.judge import examine
from hardmax.verify.conformance.text import plain_text

torch = pytest.importorskip("torch")
IN_TORCH = Options(overrides={"arrays": "torch", "dtypes": "float32"})
TIES = ["ties.exact", "ties.duplicates", "ties.near"]


def chosen(S, which):
    """Weights of the maximisers: all of them, the first or the last one."""
    mask = (S == S.max(axis=2, keepdims=True)).astype(S.dtype)
    if which == "all":
        return mask
    j = mask.argmax(axis=2) if which == "first" else S.shape[2] - 1 - mask[:, :, ::-1].argmax(axis=2)
    return np.eye(S.shape[2], dtype=S.dtype)[j]


def kernel(which="all", residual=False):
    def step(Z, A, alpha):
        W = chosen(Z @ A @ Z.swapaxes(1, 2), which)
        m = W @ Z / W.sum(axis=2, keepdims=True)
        return Z + Z.dtype.type(alpha) * m if residual else Z + Z.dtype.type(alpha / (1 + alpha)) * (m - Z)

    return step


def with_torch(Z, A, alpha):
    S = Z @ A @ Z.mT
    W = (S == S.amax(2, keepdim=True)).to(Z.dtype)
    return Z + alpha / (1 + alpha) * (W @ Z / W.sum(2, keepdim=True) - Z)


def statuses(step, only, **declared):
    return {r.status for r in check_kernel(declare(step, **declared), only=only)}


@pytest.mark.parametrize("ties", ["all", "first", "any"])
def test_each_tie_rule_accepts_what_it_declares_and_nothing_else(ties):
    right = {"all": {"all"}, "first": {"first"}, "any": {"first", "last"}}[ties]
    for which in ("all", "first", "last"):
        assert ("fail" in statuses(kernel(which), TIES, ties=ties)) == (which not in right), which


def test_titles_say_what_is_declared():
    titles = {r.id: r.title for r in check_kernel(declare(kernel("first"), ties="first"), only=TIES)}
    assert titles["ties.exact"] == "Exact ties keep the maximiser of lowest index"
    assert not any("every" in title or "Every" in title for title in titles.values())


def test_the_residual_form_is_judged_as_such():
    only = ["ties.exact", "alpha.*", "values.*", "run.layers", "array.kind"]
    assert statuses(kernel(residual=True), only, form="residual", dtypes=("float32", "float64")) == {"pass"}
    assert "fail" in statuses(kernel(residual=True), ["values.bound"])
    report = run_conformance(declare(kernel(), form="residual", dtypes="float32"), only=["values.bound"])
    assert not report.passed
    assert "/ (1 + alpha)" in report.results[0].snippet


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("wide", [False, True])
def test_half_precision_is_judged_by_its_own_bound(dtype, wide):
    def step(Z, A, alpha):
        return with_torch(Z.float(), A.float(), alpha).to(Z.dtype) if wide else with_torch(Z, A, alpha)

    only = ["ties.*", "values.*", "alpha.*", "A.*", "run.layers", "batch.empty", "nan.*", "array.[fks]*", "shape.one*"]
    found = check_kernel(declare(step, arrays="torch", dtypes=dtype), only=only)
    assert [(r.id, r.message) for r in found if r.status not in ("pass", "fragile", "not_tested")] == []

    def wrong(Z, A, alpha):
        return step(Z, A, alpha) * 1.2

    assert "fail" in statuses(wrong, ["values.bound"], arrays="torch", dtypes=dtype)
    first = declare(lambda Z, A, alpha: Z + alpha / (1 + alpha) * (_first(Z, A) - Z), arrays="torch", dtypes=dtype)
    assert run_conformance(first, only=["ties.exact"]).results[0].status == "fail"


def _first(Z, A):
    j = (Z @ A @ Z.mT).argmax(dim=2)
    return torch.gather(Z, 1, j[:, :, None].expand(Z.shape))


@pytest.mark.parametrize("dtype", list(PRECISION))
def test_the_constants_of_a_dtype_are_those_of_torch(dtype):
    info = torch.finfo(getattr(torch, dtype))
    assert 2.0 ** -PRECISION[dtype] == info.eps / 2
    assert 2.0 ** LEAST_EXPONENT[dtype] == info.tiny
    assert largest(dtype) == info.max
    assert gamma(2 ** PRECISION[dtype], dtype) == np.inf


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_scores_and_tokens_computed_in_half_precision_keep_the_bounds(dtype, seed):
    rng = np.random.default_rng(seed)
    n, d = 6, int(rng.integers(1, 5))
    Z = stored(rng.standard_normal((1, n, d)) * 2.0 ** rng.integers(-6, 4), dtype)
    A = stored(rng.standard_normal((d, d)), dtype)
    native = [torch.from_numpy(np.asarray(v, dtype=np.float32)).to(getattr(torch, dtype)) for v in (Z, A)]
    scores = (native[0] @ native[1] @ native[0].mT).double().numpy()[0]
    exact = Z[0].astype(np.float64) @ A.astype(np.float64) @ Z[0].T.astype(np.float64)
    assert (2 * np.abs(scores - exact) <= decision_bound(Z, A, dtype=dtype)[0][:, None]).all()
    moved = with_torch(native[0], torch.eye(d, dtype=native[0].dtype) * 0, 0.7).double().numpy()[0]  # to the mean
    mean = Z[0].astype(np.float64).mean(axis=0)
    target = Z[0] + 0.7 / 1.7 * (mean - Z[0])
    assert (np.abs(moved - target) <= layer_error(Z, n, 0.7, dtype=dtype)[0]).all()


def test_bfloat16_is_rounded_to_the_nearest_even_and_trials_are_rounded_first():
    values = np.random.default_rng(0).standard_normal(4000) * 2.0 ** np.arange(-140, -100).repeat(100)
    values = np.r_[values, values * 2.0**120, 257.0, 259.0, 3.4e38]
    wanted = torch.from_numpy(values).to(torch.bfloat16).double().numpy()
    single = values.astype(np.float32).astype(np.float64)  # torch rounds by way of float32
    assert (stored(single, "bfloat16") == wanted).all()
    trial = Trial((call([(257, 1), (1, 3)]),), "bfloat16")
    assert trial.calls[0].tokens[0][0][0] == 256
    assert floats([(Fraction(1, 3),)], "float16")[0, 0] == np.float16(1 / 3)


def test_numpy_has_no_bfloat16_of_its_own(monkeypatch):
    monkeypatch.setattr("hardmax.kernels.protocol.find_spec", lambda name: None)
    assert 'declare arrays = "torch", or pip install ml_dtypes' in Kernel("k", kernel(), dtypes="bfloat16").missing


def test_a_promise_of_bits_is_tested_where_it_is_made():
    def step(Z, A, alpha):
        moved = kernel()(Z, A, alpha)
        return moved if len(Z) < 9 else moved * 3 / 3

    assert statuses(step, ["batch.invariant"]) == {"not_applicable"}
    assert statuses(step, ["batch.invariant"], batch_invariant=True) == {"fail"}
    assert statuses(kernel(), ["batch.invariant"], batch_invariant=True) == {"pass"}


def test_a_forward_pass_alone_is_declared():
    def forward(Z, A, alpha):
        with torch.no_grad():
            return with_torch(Z, A, alpha)

    for result in check_kernel(declare(forward, arrays="torch"), only=["gradient.exact", "gradient.memory"]):
        assert (result.status, "declare gradients = False" in result.message) == ("not_applicable", True)
    assert statuses(with_torch, ["gradient.[em]*"], arrays="torch", gradients=False) == {"not_applicable", "pass"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            "return Z.amax(2)",
            'takes torch arrays and was given numpy: declare step.arrays = "torch", or give --arrays torch',
        ),
        ("import torch; return torch.from_numpy(Z).to(torch.bfloat16)", 'declare step.dtypes = ("bfloat16",)'),
    ],
)
def test_a_wrong_declaration_is_one_line_with_the_remedy(tmp_path, capsys, lines, words):
    body = "return torch_step(Z, A, alpha)" if "amax" in lines else lines
    (tmp_path / "mine.py").write_text(
        "def torch_step(Z, A, alpha):\n    return Z + 0 * Z.amax(2, keepdim=True)\n\n"
        f"def step(Z, A, alpha):\n    {body}\n"
    )
    with pytest.raises(SystemExit) as ended:
        main(["kernel", f"{tmp_path / 'mine.py'}:step"])
    captured = capsys.readouterr()
    assert (ended.value.code, captured.out) == (2, "")
    (line,) = captured.err.splitlines()
    assert words in line


@pytest.mark.parametrize("step", [lambda Z, A: Z, lambda Z: Z, lambda Z, A, alpha, beta: Z])
def test_a_wrong_signature_is_one_line(step):
    with pytest.raises(InputError, match=r"cannot be called as step\(tokens, A, alpha\)"):
        run_conformance(step)


def test_a_function_of_one_token_set_is_told_how_to_take_batches():
    def step(Z, A, alpha):
        S = Z @ A @ Z.T
        W = (S == S.max(1, keepdims=True)).astype(Z.dtype)
        return Z + alpha / (1 + alpha) * (W @ Z / W.sum(1, keepdims=True) - Z)

    with pytest.raises(
        InputError, match=r"takes one token set \(n, d\): wrap it in hardmax.kernels.protocol.unbatched"
    ):
        run_conformance(step)
    assert statuses(unbatched(step), ["ties.exact"]) == {"pass"}


def test_declarations_can_be_given_in_place_of_the_authors(tmp_path, capsys):
    (tmp_path / "mine.py").write_text("def step(Z, A, alpha):\n    return Z + Z.amax(2, keepdim=True)\n")
    spec, few = f"{tmp_path / 'mine.py'}:step", ["--checks", "values.simultaneous"]
    with pytest.raises(SystemExit) as ended:
        main(["kernel", spec, "--arrays", "torch", "--dtype", "float32", "--sizes", "n=3,B=1-2", *few])
    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert f"load({spec!r}, arrays='torch', dtypes=('float32',))" in out


def test_sizes_rule_out_trials_and_whole_checks():
    found = {
        r.id: r for r in check_kernel(kernel(), only=["shape.*", "array.kind"], options=Options(sizes=Sizes(n=(2, 9))))
    }
    assert found["shape.tokens"].message == "20 trials"
    assert found["shape.dimensions"].status == "pass", "with n = 9"
    assert found["shape.one_token"].status == "not_tested"
    assert "--sizes rules out" in found["array.kind"].message


def test_what_is_wrong_at_a_size_that_is_asked_for_fails():
    """Smaller inputs, which would show it as well, are ruled out."""

    def step(Z, A, alpha):
        S = Z @ A @ Z.swapaxes(1, 2)
        if Z.shape[1] % 176 == 1:
            S[:, :, -1] = -np.inf
        W = chosen(S, "all")
        return Z + alpha / (1 + alpha) * (W @ Z / W.sum(axis=2, keepdims=True) - Z)

    for d in ((1, 9), (64, 64)):
        (found,) = check_kernel(step, only="shape.tokens", options=Options(sizes=Sizes(n=(353, 353), d=d)))
        assert found.status == "fail", found.message
    wrong, sizes = (lambda Z, A, alpha: Z + 1), Options(sizes=Sizes(n=(513, 513)))
    assert {r.status for r in check_kernel(wrong, only="shape.precision,A.below", options=sizes)} == {"fail"}


def test_known_deviations_beside_the_kernel():
    step = hardmax.kernel(known={"ties.exact": "we take the first", "ties.near": "once"})(kernel("first"))
    report = run_conformance(step, only=["ties.exact", "ties.near"])
    assert [r.status for r in report.results] == ["known", "pass"]
    assert report.passed
    assert list(report.stale) == ["ties.near"]
    assert "known       ties.exact: we take the first" in plain_text(report)
    with pytest.raises(InputError, match="known names 'ties'"):
        run_conformance(declare(kernel(), known={"ties": "x"}))


def test_the_decorator_sets_attributes_and_nothing_else():
    @hardmax.kernel(ties="first", dtypes=("float32",))
    def step(Z, A, alpha):
        return Z

    assert (step.ties, step.dtypes, step(1, 2, 3)) == ("first", ("float32",), 1)
    for wrong in ({"ties": "some"}, {"tie": "all"}):
        with pytest.raises(InputError):
            hardmax.kernel(**wrong)(kernel())


def test_compiled_code_is_judged_apart(tmp_path):
    def maybe_wrong(Z, A, alpha):
        return with_torch(Z, A, alpha) + (1 if torch.compiler.is_compiling() else 0)

    def result(step):
        step.arrays = "torch"
        return check_kernel(step, only=["compiled.shapes", "values.simultaneous"])

    assert [r.status for r in result(torch.compile(maybe_wrong, backend="eager"))] == ["pass", "fail"]
    assert [r.status for r in result(torch.compile(with_torch, backend="eager"))] == ["pass", "pass"]
    assert [r.status for r in result(with_torch)] == ["pass", "not_applicable"]
    with torch._dynamo.config.patch(recompile_limit=1):
        (_, gone) = result(torch.compile(with_torch, backend="eager"))
        assert gone.status == "not_tested", gone.message


def _half(*, score=None, rate=lambda rate: rate, most=None, last=None):
    """A half kernel that computes in float32, with a mistake."""

    def step(Z, A, alpha):
        x, form = Z.float(), A.float()
        S = x @ form @ x.mT if score is None else score(x, form)
        if last is not None and Z.shape[1] % last == 1 and Z.shape[1] > last:
            S[..., -1] = -1e30
        W = S == S.amax(2, keepdim=True)
        if most is not None:
            W = W & (W.cumsum(2) <= most)
        mean = W.float() @ x / W.sum(2, keepdim=True)
        return (x + rate(alpha / (1 + alpha)) * (mean - x)).to(Z.dtype)

    return step


def _coordinates(x, form):
    x = x.clone()
    x[..., 8:] = 0
    return x @ form @ x.mT


@pytest.mark.parametrize(
    ("wrong", "only", "dtypes"),
    [
        ({"rate": lambda rate: 0.0 if rate < 0.06 else rate}, ["alpha.*"], ["bfloat16", "float16"]),
        ({"rate": lambda rate: round(rate * 16) / 16}, ["alpha.*"], ["bfloat16", "float16"]),
        ({"rate": lambda rate: rate * 0.97}, ["shape.dimensions"], ["bfloat16"]),
        ({"rate": lambda rate: rate * 0.995}, ["shape.dimensions"], ["float16"]),
        ({"most": 16}, ["shape.tokens"], ["bfloat16", "float16"]),
        ({"last": 64}, ["shape.tokens"], ["bfloat16", "float16"]),
        ({"score": _coordinates}, ["shape.dimensions"], ["bfloat16", "float16"]),
    ],
)
def test_small_mistakes_show_in_half_precision(wrong, only, dtypes):
    for dtype in dtypes:
        assert "fail" in statuses(_half(**wrong), only, arrays="torch", dtypes=dtype), dtype
        assert "fail" not in statuses(_half(), only, arrays="torch", dtypes=dtype), dtype


def test_what_overflows_in_float16_is_not_judged():
    """Scores of a thousand, and 1 + alpha, are beyond float16; a set beside them is judged all the same."""

    def residual(Z, A, alpha):
        S = Z @ A @ Z.mT
        W = (S == S.amax(2, keepdim=True)).to(Z.dtype)
        return (Z + alpha * (W @ Z / W.sum(2, keepdim=True))) / (1 + alpha)

    found = check_kernel(declare(residual, arrays="torch", dtypes="float16"), only=["alpha.*", "batch.[cw]*", "nan.*"])
    assert [(r.id, r.message) for r in found if r.status not in ("pass", "fragile")] == []
    half = declare(residual, arrays="torch", dtypes="float16")
    large, small = [(1000, 0), (500, 0)], [(2, 1), (1, 2)]
    found = examine(half, Trial((call(large, small),), "float16", 3))
    assert found.fault is None
    assert found.unjudged
    assert "no bound holds for scores that large" in found.unjudged[0]
    with pytest.raises(NotTestedError, match=r"1 \+ alpha is beyond float16"):
        examine(half, Trial((call(small, alpha=1 << 20),), "float16"))
    wrong = declare(lambda Z, A, alpha: residual(Z, A, alpha) * 1.1, arrays="torch", dtypes="float16")
    fault = examine(wrong, Trial((call(large, small),), "float16")).fault
    assert fault is not None
    assert fault.row == 1


def test_any_maximiser_may_be_followed_through_a_run():
    assert statuses(kernel("last"), ["run.*", "nan.form"], ties="any") == {"pass"}


@pytest.mark.deep
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch, in its own compiler
@pytest.mark.skipif(shutil.which("gcc") is None, reason="torch's compiler (inductor) needs gcc")
def test_what_a_real_compiler_makes_is_judged():
    def maybe_wrong(Z, A, alpha):
        return with_torch(Z, A, alpha) + (1 if torch.compiler.is_compiling() and Z.shape[1] > 20 else 0)

    def result(step):
        (found,) = check_kernel(torch.compile(step), only=["compiled.shapes"], options=IN_TORCH)
        return found

    assert result(with_torch).status == "pass"
    assert result(maybe_wrong).status == "fail"
    assert "n = 33" in result(maybe_wrong).message


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("seed", [0, 2])  # of seed 2 is a form that is zero: without scores there are no gaps
def test_gradients_of_half_precision_are_judged_or_do_not_apply(dtype, seed):
    half = Kernel("half", with_torch, dtypes=(dtype,), arrays="torch")
    results = run_conformance(half, seed=seed, only=["gradient.*"]).results
    assert {result.id: result.status for result in results} == {
        "gradient.exact": "pass",
        "gradient.differences": "not_tested",
        "gradient.sizes": "not_tested",
        "gradient.upstream": "not_tested",
        "gradient.modes": "pass",
        "gradient.memory": "not_tested",
    }


def test_a_step_without_end_is_judged_where_bfloat16_decides_whom_a_token_follows():
    """The worst of the tokens that bfloat16 cannot tell from the best: no right kernel is worse."""

    def worst(Z, A, alpha):
        tokens = Z.float().numpy()
        S, bound = tokens.astype(float) @ tokens.swapaxes(1, 2), decision_bound(tokens, dtype="bfloat16")
        near = S.max(axis=2, keepdims=True) - S <= bound[:, :, None]
        j = torch.tensor(np.where(near, S, np.inf).argmin(axis=2))
        return torch.gather(Z, 1, j[:, :, None].expand_as(Z)) + (alpha if alpha != alpha else 0)

    half = Kernel("half", worst, dtypes=("bfloat16",), arrays="torch", ties="any")
    (result,) = run_conformance(half, only=["nan.alpha"]).results
    assert result.status == "pass", result.message
