"""Write the conformance set of the certificate format anew: from `tests/verify`, python -m certificates.write.

`accept/` holds proofs. `refuse/` holds files that differ from one of them in one respect, and some false proofs;
`reasons.json` says what the checker has to say about each. Any checker can be run against the files.
"""

import json
from pathlib import Path

from hardmax.verify.certificates import checker
from hardmax.verify.certificates.writer import to_text

from . import softmax_numbers, steps_numbers
from .accepted import accepted
from .refused import refused

FOLDER = Path(__file__).parent


def main() -> None:
    """Replace all files of the set."""
    documents = accepted()
    texts = {"accept": {name: to_text(document) for name, document in documents.items()}}
    texts["refuse"] = {name: text for name, (text, _) in refused(documents).items()}
    for kind, files in texts.items():
        (FOLDER / kind).mkdir(exist_ok=True)
        for old in (FOLDER / kind).glob("*.cert.json"):
            old.unlink()
        for name, content in files.items():
            (FOLDER / kind / f"{name}.cert.json").write_text(content, encoding="utf-8", newline="")
    softmax_numbers.write(checker)
    steps_numbers.write(checker)
    reasons = {name: reason for name, (_, reason) in sorted(refused(documents).items())}
    (FOLDER / "reasons.json").write_text(json.dumps(reasons, indent=1) + "\n", encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
