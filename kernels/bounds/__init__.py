"""Which decisions of a float kernel are proved.

Job: `rounding` (the error bound, derived), `half` (how far next tokens of half precision may be), `certify` (facts
about a batch: floats where proved, exact replay where not), `exact_scores` (inputs on which floats make no error at
all), `judge` (what is right, lost to rounding or wrong), `crosscheck` (a kernel against the exact one).

May import: `exact` and the protocol; never a particular kernel.
"""
