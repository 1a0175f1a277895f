"""All symmetric positive definite A at d = 2 at once: the disc of them in cells with one itinerary each.

`disc` has the cells, `walk` follows the dynamics over them and cuts them, `answer` says what is found. The theorem,
with its proof: verify/theory/MANY_INPUTS.md §4.
"""
