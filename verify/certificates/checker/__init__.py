"""The trusted checker of certificates: written from CERTIFICATE.md alone, on the standard library alone.

    python -I verify/certificates/checker a.cert.json folder/

`formats` reads a certificate and has it derived again from its problem: `dynamics` and `itinerary` compute the layers,
`constant_sets` proves that follow sets stay, `frozen` and `self_similar` say where the tokens tend to, `places` where
that is on the polytope, and `clustering` draws the verdicts. `no_a` checks that no A makes given tokens lead, `softmax`
what holds for softmax layers, which `softmax_layers` encloses with the `exponential`s, `gram` (with `gram_layers`) what
tokens do of which only inner products are known, `all_steps` (with `step_places`, `small_steps` and `polynomials`) what
holds for every step, `radius` how far inputs may move, and `all_matrices` (with `disc`) what holds for every A in the
plane. `reading` and `exact` serve them all. No rule has a limit on size, time or memory: `command` runs the checks in
processes that the operating system limits.
"""

from .formats import check
from .reading import Refused

__all__ = ["Refused", "check"]
