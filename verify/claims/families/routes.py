"""Two routes to one result: what was proved is found again in an independent way, or the run has failed.

These are no claims of the paper but claims of this program about itself: a refutation is a bug, with the configuration
that shows it. They cost more than a proof, so campaigns look at a sample. Where no solver's floats can be made exact
nothing independent is known, and the input is undecided; at most one in a hundred may be.
"""

from fractions import Fraction

from ....kernels.exact.rational_text import show
from ...certificates.evidence import Interior, Neither, Projection, Vertex
from ...certificates.self_check import answer_to
from ...provers.freeze.outcome import Frozen
from ..case import Case
from ..certified import certificate_of
from ..inputs import Every
from ..places import case_places
from ..registry import Claim, Finding, Source, assumed
from . import clustering

SOURCE = Source("hardmax", "this version", "independent routes")
_KINDS = {Vertex: "vertex", Projection: "projection", Neither: "neither", Interior: "interior"}


def check_polytope(case: Case) -> Finding:
    """Vertices of K, cluster points and weights from the dynamics agree with what cvxpy finds from the limits alone."""
    from ...geometry.second_route.routes import UnconfirmedError, compare, second_route  # cvxpy is slow to load

    outcome = case.outcome
    if not isinstance(outcome, Frozen):
        return Finding("undecided", "there are no limits to compare")
    if not case.configuration.has_inner_product or not outcome.leaders:
        return Finding("vacuous", "the second route needs an inner product and a leader")
    sign = 1 if case.configuration.follow == "largest" else -1
    A = tuple(tuple(sign * v for v in row) for row in case.configuration.A)
    try:
        route = second_route(outcome.limits, A)
    except UnconfirmedError as reason:
        return Finding("undecided", str(reason))
    kinds = {s: _KINDS.get(type(place), "outside") for s, place in case_places(case).items()}
    differences = compare(route, outcome.limits, outcome.leaders, outcome.weights, kinds)
    for d in differences:
        where = "" if d.point is None else f" of {show(d.point)}"
        message = f"{d.what}{where}: the dynamics say {d.dynamics}, the limits alone {d.second}"
        return Finding("refuted", message, outcome.freeze_layer)
    return Finding("verified", "cvxpy, made exact, finds the same vertices, cluster points and weights from the limits")


def check_certificate(case: Case) -> Finding:
    """The certificate of this case is accepted by the independent checker, with the verdicts of the claims."""
    document = certificate_of(case)
    if document is None:
        return Finding("vacuous", "nothing is decided, so there is no certificate")
    answer, detail = answer_to(document)
    if answer == "not checked":
        return Finding("undecided", f"the certificate is not checked: {detail}")
    if answer != "accepted":
        return Finding("refuted", f"the checker refuses the certificate: {detail}")
    claimed = {claim: verdict for claim, verdict in document["claims"].items() if verdict}
    if detail != claimed:
        return Finding("refuted", f"the checker derives {detail} from the certificate of {claimed}")
    return Finding("verified", "the independent checker accepts the certificate")


CLAIMS = (
    Claim(
        "routes.polytope",
        "the polytope, cluster points and weights of the dynamics are those that cvxpy finds from the limits alone",
        assumed("nonzero", "distinct", "spd", "constant_step"),
        SOURCE,
        "theorem",
        check_polytope,
        may_stay_open=Fraction(1, 100),
        inputs=(Every(100),),
        example=clustering.EXAMPLE,
    ),
    Claim(
        "routes.certificate",
        "the certificate of every decided configuration is accepted by the independent checker",
        assumed("constant_step"),
        SOURCE,
        "theorem",
        check_certificate,
        inputs=(Every(100),),
        example=clustering.EXAMPLE,
    ),
)
