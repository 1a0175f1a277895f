"""Certificates about the clustering theorem (CERTIFICATE.md, sections 3 and 8): the order of checking, and verdicts."""

from typing import Any

from . import dynamics, frozen, itinerary, places, self_similar
from .exact import integers
from .reading import POINT, OneOf, OrNull, ascending, must

PROOFS = {"frozen": frozen, "self-similar": self_similar}
"""A kind of proof is a file with its SHAPE, and `derive`: what it says about the limits."""

CLAIMS = ("clustering.convergence", "clustering.vertices", "clustering.boundary", "clustering.cluster_points")
SHAPE = {
    "problem": dynamics.SHAPE,
    "claims": dict.fromkeys(CLAIMS, OrNull({"verified", "refuted"})),
    "itinerary": itinerary.SHAPE,
    "leaders": [{"token": int, "layer": int}],
    "proof": OneOf("kind", {kind: proof.SHAPE for kind, proof in PROOFS.items()}),
    "cluster_points": [{"point": POINT, "place": places.SHAPE}],
}


def derive(certificate: dict[str, Any]) -> dict[str, bool | None]:
    """Whether each claim holds, None where it is not decided; refused if anything in the certificate is not so."""
    proof, entries = certificate["proof"], certificate["cluster_points"]
    problem = dynamics.Dynamics(certificate["problem"])

    known = itinerary.follow(problem, certificate["itinerary"], proof["layer"])
    leaders = [{"token": i, "layer": k} for i, k in sorted(known.leaders.items())]
    must(certificate["leaders"] == leaders, "leaders", certificate["leaders"], f"they are {leaders}")

    points, unit = integers([entry["point"] for entry in entries], len(entries), problem.d, "cluster points")
    ascending(points, "cluster points")
    converges, positions = PROOFS[proof["kind"]].derive(problem, known, proof, points, unit)

    if positions:
        for p, entry in enumerate(entries):
            where = f"place of cluster point {p}"
            places.must_lie(problem, entry["place"], points[p], positions, where)
    kinds = {entry["place"]["kind"] for entry in entries if entry["place"]}
    must(positions or not kinds, "places", kinds, "there is no leader")

    on_boundary = all(kind in ("vertex", "projection", "neither") for kind in kinds)
    at_cluster_points = all(kind in ("vertex", "projection") for kind in kinds)
    if not positions:
        return dict(zip(CLAIMS, (converges, False, False, False), strict=True))
    return dict(zip(CLAIMS, (converges, True, converges and on_boundary, converges and at_cluster_points), strict=True))
