"""The kernels against each other and against the plain loop of research code, in one run.

    python tests/benchmarks/bench_kernels.py [section …]        sections: screening, layer, large

Every line names what is compared and prints medians and their ratio; see README.md beside this file. On a machine that
is busy with other things ratios between one and two threads mean little: look at the load average printed first.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from plain_loop import hardmax_layer, transformer

from hardmax.kernels import registry
from hardmax.kernels.bounds.certify import certify
from hardmax.kernels.floats import compiled_kernel, large_sets

rng = np.random.default_rng(0)


def seconds(function: Callable[[], object], repeats: int = 7, warm: bool = True) -> float:
    """Median seconds of a call, after one that is not counted."""
    if warm:
        function()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        function()
        times.append(perf_counter() - start)
    return median(times)


def gaussian(B: int, n: int, d: int) -> np.ndarray:
    return rng.standard_normal((B, n, d))


def reviews(B: int, n: int, d: int) -> np.ndarray:
    """Like embedded reviews: a vocabulary with Zipf's law, so words repeat, and padding with one word at the end."""
    vocabulary = rng.standard_normal((5000, d)) * rng.gamma(2, 1, (5000, 1))
    weights = 1 / np.arange(1, 5001)
    words = rng.choice(5000, (B, n), p=weights / weights.sum())
    words[np.arange(n) >= rng.integers(n // 3, n + 1, (B, 1))] = 0
    return vocabulary[words]


def plain_seconds(function: Callable[..., object], tokens: np.ndarray, *arguments: object) -> float:
    """Median seconds of the plain loop over the given sets, each computed once."""
    return median(seconds(partial(function, z, np.eye(z.shape[1]), *arguments), repeats=1, warm=False) for z in tokens)


def screening() -> None:
    """Thousands of reviews of n = 128 words, 8 layers, every decision proved."""
    print("screening: n = 128, K = 8, alpha = 1/2; microseconds a review")
    for name, make in (("gaussian", gaussian), ("reviews", reviews)):
        for d, B in ((2, 8000), (16, 4000)):
            tokens = make(B, 128, d)
            plain = plain_seconds(transformer, tokens[:30], 0.5, 8)
            ran = seconds(partial(compiled_kernel.run, tokens, None, 0.5, 8)) / B
            proof = partial(certify, compiled_kernel.kernel, tokens, None, 0.5, 8)
            proved, result = seconds(proof) / B, proof()
            print(
                f"  {name:8} d = {d:2}: plain {plain * 1e6:.0f}, run {ran * 1e6:.2f}, certified {proved * 1e6:.2f};\n"
                f"      certified is {plain / proved:.0f} x plain; proof costs {proved / ran:.2f} x;"
                f" floats prove {100 - 100 * len(result.replayed) / B:.3f} %,"
                f" frozen {100 * (result.frozen >= 0).mean():.1f} %"
            )


def layer() -> None:
    """One layer by every kernel, and how near each comes to the arithmetic of n² scores."""
    peak = multiply_adds()
    print("layer: one layer of n = 128 with sets and margins; microseconds a set, share of the arithmetic floor")
    print(
        f"  floor: n² d multiply-adds at the rate of a 2048 x 2048 matrix product here:"
        f" {peak['float64'] / 1e9:.0f} (float64) and {peak['float32'] / 1e9:.0f} (float32) billion a second"
    )
    for d, B in ((2, 2000), (16, 1000)):
        tokens = gaussian(B, 128, d)
        print(f"  d = {d:2}: plain loop {plain_seconds(hardmax_layer, tokens[:50], 0.5) * 1e6:.0f}")
        for name in registry.SHIPPED:
            kernel = registry.load(name)
            if kernel.missing or name == "large":
                print(f"      {name:8} not run: {kernel.missing or 'made for one large set'}")
                continue
            assert kernel.layer is not None
            for dtype in ("float64", "float32"):
                z, form = kernel.arrays_for(tokens, dtype), kernel.arrays_for(np.eye(d), dtype)
                run = partial(kernel.layer, z, form, 0.5)
                time = seconds(partial(finished, run) if getattr(z, "is_cuda", False) else run) / B
                floor = 128 * 128 * d / peak[dtype]
                print(f"      {name:8} {dtype} {time * 1e6:6.1f}, {100 * floor / time:3.0f} % of {floor * 1e6:.2f}")


def finished(function: Callable[[], object]) -> None:
    """Call it, and wait for the CUDA device: it works on after the call has returned."""
    import torch

    function()
    torch.cuda.synchronize()


def multiply_adds() -> dict[str, float]:
    """Multiply-adds a second that this machine reaches in a large matrix product, by dtype."""
    rates = {}
    for dtype in ("float64", "float32"):
        x = rng.standard_normal((2048, 2048)).astype(dtype)
        rates[dtype] = 2048**3 / seconds(partial(np.matmul, x, x))
    return rates


def large() -> None:
    """One set of very many tokens."""
    print("large: seconds for one set")
    times = {}
    for n in (10**4, 10**5, 10**6):
        tokens = rng.standard_normal((n, 2))
        times[n] = seconds(partial(large_sets.run, tokens, None, 0.5, 1000), repeats=5)
        result = large_sets.run(tokens, None, 0.5, 1000)
        assert (result.leader >= 0).all()
        print(f"  gaussian, d = 2, n = {n}: {times[n]:.3f} to capture all tokens ({result.layers} layers)")
    growth = np.log(times[10**6] / times[10**4]) / np.log(100)
    print(f"  cost grows like n^{growth:.2f} from 10^4 to 10^6")
    angles = rng.uniform(0, 2 * np.pi, 10**5)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    time = seconds(partial(large_sets.layer, circle, None, 0.5), repeats=3)
    print(f"  circle, d = 2, n = 10^5: {time:.3f} a layer")
    tokens = rng.standard_normal((10**5, 8))
    scanned = seconds(partial(large_sets.layer, tokens, None, 0.5), repeats=3)
    compiled = seconds(partial(compiled_kernel.layer, tokens[None], None, 0.5), repeats=1, warm=False)
    print(
        f"  gaussian, d = 8, n = 10^5: {scanned:.3f} a layer by norm;"
        f" all scores by the compiled kernel {compiled:.2f}, {compiled / scanned:.1f} x"
    )


SECTIONS = {"screening": screening, "layer": layer, "large": large}

if __name__ == "__main__":
    print(f"{len(os.sched_getaffinity(0))} processors, load average {os.getloadavg()[0]:.1f}")
    for section in sys.argv[1:] or SECTIONS:
        SECTIONS[section]()
