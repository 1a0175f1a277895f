"""Polytopes given by rational points: membership, faces, projections, each with a certificate.

Job: `polytope` answers, `answers` are its records; `exact_lp` (simplex with Farkas vectors) and `cone` decide, on what
`point_set` prepares. No float takes part.

May import: `kernels`.
"""
