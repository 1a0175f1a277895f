"""A certificate of any format: its shape, its seal, and whether its claims are what its proof shows."""

import hashlib
import json

from . import all_matrices, all_steps, clustering, gram, no_a, radius, softmax
from .reading import load, must, read, refuse

FORMATS = {
    "hardmax certificate": clustering,
    "hardmax no A": no_a,
    "hardmax softmax": softmax,
    "hardmax Gram": gram,
    "hardmax all steps": all_steps,
    "hardmax radius": radius,
    "hardmax all A": all_matrices,
}
"""The one place where a new kind of certificate is registered: a file with its SHAPE, and `derive`."""
VERSION = 1
WORDS = {True: "verified", False: "refuted", None: "nothing"}


def check(text: str) -> dict[str, str]:
    """The verdicts {claim: verdict} of a certificate that proves all of them; of any other, `Refused` is raised."""
    document = load(text)
    if type(document) is not dict or document.get("version") != VERSION:
        refuse("version", "another version or none", f"{VERSION} is known")
    name = document.get("format")
    if type(name) is not str or name not in FORMATS:
        refuse("certificate, format", name, f"it has to be in {[*FORMATS]}")
    kind = FORMATS[name]
    certificate = read(document, {"format": str, "version": int, **kind.SHAPE, "seal": str}, "certificate")

    unsealed = {key: value for key, value in document.items() if key != "seal"}
    canonical = json.dumps(unsealed, sort_keys=True, separators=(",", ":"))
    seal = hashlib.sha256(canonical.encode()).hexdigest()
    must(certificate["seal"] == seal, "seal", certificate["seal"], "that is not the content's")

    proved, claims = kind.derive(certificate), certificate["claims"]
    for claim, verdict in claims.items():
        word = WORDS[proved[claim]]
        must(verdict is None or verdict == word, claim, verdict, f"proved is {word}")
    verdicts = {claim: verdict for claim, verdict in claims.items() if verdict}
    must(verdicts, "claims", "none", "there has to be one")
    return verdicts
