"""Pages say what is so: tables equal the registries, links lead to files. HARDMAX_UPDATE=1 writes tables anew."""

import os
import re
from pathlib import Path

import pytest

from hardmax.strategies import FAMILIES, MATRICES, STEPS
from hardmax.verify.claims.registry import all_claims, derived

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    p for p in ROOT.rglob("*.md") if not {".venv", ".package", "examples", "out"} & set(p.relative_to(ROOT).parts)
)


def claims_table():
    rows = ["| claim | statement | assumes | expected | for all inputs |", "|---|---|---|---|---|"]
    for claim in all_claims():
        shown = derived(claim)
        standing = "" if shown is None else shown.standing
        assumes = ", ".join(claim.assumes)
        rows.append(f"| `{claim.id}` | {claim.statement} | {assumes} | {claim.expected} | {standing} |")
    return "\n".join(rows)


def test_the_table_of_claims_is_the_registry():
    page = ROOT / "verify" / "claims" / "README.md"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- claims -->\n")
    table, _, after = rest.partition("\n<!-- end -->")
    if os.environ.get("HARDMAX_UPDATE"):
        page.write_text(f"{before}<!-- claims -->\n{claims_table()}\n<!-- end -->{after}", encoding="utf-8")
        return
    assert table == claims_table(), f"HARDMAX_UPDATE=1 pytest {__file__} writes it anew"


def test_every_family_of_inputs_has_its_row():
    text = (ROOT / "strategies" / "README.md").read_text(encoding="utf-8")
    tables = text.partition("| family of tokens")[2]
    listed = [name for row in re.findall(r"^\| (`[^|]*) \|", tables, re.M) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted([*FAMILIES, *MATRICES, *STEPS])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page):
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if "://" not in t and not (page.parent / t).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_are_there(page):
    """`verify/…` or `tests/…` in backticks is a path from the root or from the page."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:kernels|strategies|verify|reports|tests)/[\w/.-]+)`", text)
    places = {page.parent, ROOT, ROOT / "tests", ROOT / "reports"}
    assert [n for n in named if not any((place / n).exists() for place in places)] == []
