"""Which scores are exact in a dtype: see `kernels.exact_scores`."""

from ...kernels.exact_scores import LEAST_EXPONENT, PRECISION, exact_scores

__all__ = ["LEAST_EXPONENT", "PRECISION", "exact_scores"]
