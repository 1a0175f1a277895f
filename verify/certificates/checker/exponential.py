"""Exponentials enclosed by truncated series with a bound of what is left out (CERTIFICATE.md, section 13)."""

from fractions import Fraction

from .reading import must

TERMS = 24
DIGITS = 192
"""Binary digits that are kept of an intermediate result."""
LARGEST = 100_000
"""Exponents beyond this are refused: their exponentials would be numbers of as many digits."""


def exponential(x: Fraction, up: bool) -> Fraction:
    """A rational ≥ e^x if `up`, else ≤ e^x; x ≥ 0."""
    must(0 <= x <= LARGEST, "exponential", x, f"it has to be between 0 and {LARGEST}")
    halvings = 0
    while x > Fraction(1, 2):
        x, halvings = rounded(x / 2, up), halvings + 1
    value, term = Fraction(1), Fraction(1)
    for i in range(1, TERMS):
        term = rounded(term * x / i, up)
        value += term
    if up:  # what is left out is at most (1 + x + x² + …) times the next term, and x <= 1/2
        value += 2 * rounded(term * x / TERMS, up)
    for _ in range(halvings):
        value = rounded(value * value, up)
    return value


def rounded(x: Fraction, up: bool) -> Fraction:
    """x ≥ 0 with `DIGITS` binary digits, rounded up or down."""
    a, b = x.as_integer_ratio()
    shift = DIGITS - a.bit_length() + b.bit_length()
    scaled = (a << shift) if shift > 0 else a
    divisor = b if shift > 0 else b << -shift
    whole = -(-scaled // divisor) if up else scaled // divisor
    return Fraction(whole, 1 << shift) if shift > 0 else Fraction(whole << -shift)


def decay(T: int, bits: int) -> int:
    """A whole number within 2 of 2^bits e^(−T / 2^bits), T ≥ 0."""
    if T > bits << bits:
        return 0
    halvings = max(0, T.bit_length() - bits + 8)
    B = bits + halvings + 32
    x = T << (B - bits)  # x / 2^(B + halvings) is at most 2^−8
    term = value = 1 << B
    i, sign = 0, -1
    while term > 0:
        i += 1
        term = (term * x >> (B + halvings)) // i
        value += sign * term
        sign = -sign
    for _ in range(halvings):
        value = value * value >> B
    return value >> (B - bits)
