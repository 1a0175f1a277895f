"""JUnit XML for continuous integration: one test case a claim, an input, a kernel or a check.

A claim that was refuted as it must be passes; what did not come out as expected fails, with the counterexample's replay
command; undecided and invalid inputs are errors. Neighbour: `wording` has the sentences.
"""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from ..printable import printable
from ..records.record import ResultRecord
from ..records.run_record import CheckResult, ClaimRecord, KernelRecord, RunRecord
from ..records.store import Records
from .exact_text import configuration_line
from .wording import CHECK_STATUS, EXPECTED, cited, headline, plural, where


def render_junit(records: Records) -> str:
    """The JUnit XML document of a run."""
    run = records.run
    suites = ET.Element("testsuites", {"name": f"hardmax {run.command}"})
    groups: dict[str, list[ET.Element]] = {}
    for suite, case in _cases(records):
        groups.setdefault(suite, []).append(case)
    totals: dict[str, int] = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for name, cases in groups.items():
        tags = {"failures": "failure", "errors": "error", "skipped": "skipped"}
        counts = {"tests": len(cases)} | {k: sum(c.find(tag) is not None for c in cases) for k, tag in tags.items()}
        for key, value in counts.items():
            totals[key] += value
        suite = ET.SubElement(suites, "testsuite", {"name": printable(name)} | {k: str(v) for k, v in counts.items()})
        suite.extend(cases)
    for key, value in totals.items():
        suites.set(key, str(value))
    if run.seconds is not None:
        suites.set("time", f"{run.seconds:.3f}")
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _cases(records: Records) -> Iterator[tuple[str, ET.Element]]:
    """(suite, test case) for everything that was asked."""
    run = records.run
    for claim in run.claims:
        yield f"claims.{claim.family}", _claim(records, claim)
    for result in records.results:
        yield "configurations", _result(result)
    for kernel in run.kernels:
        yield "kernels", _kernel(kernel)
    for check in run.checks:
        yield "checks", _check(run, check)
    if run.interrupted:
        case = _case("run", "completed")
        _outcome(case, "error", "interrupted", headline(run))
        yield "run", case


def _case(group: str, name: str) -> ET.Element:
    return ET.Element("testcase", {"classname": printable(f"hardmax.{group}"), "name": printable(name)})


def _outcome(case: ET.Element, tag: str, message: str, text: str = "") -> None:
    element = ET.SubElement(case, tag, {"message": printable(message)})
    element.text = printable(text) or None


def _claim(records: Records, claim: ClaimRecord) -> ET.Element:
    case = _case(f"claims.{claim.family}", claim.id)
    counts = claim.counts
    numbers = (
        f"{counts.verified} verified ({counts.trivial} of them trivial), {counts.refuted} refuted, "
        f"{counts.undecided} undecided, {counts.vacuous} vacuous"
    )
    found = [c for c in records.counterexamples if c.id in claim.counterexamples]
    evidence = "\n".join(
        f"{c.id}: {c.because} ({where(c.layer)})\n  {configuration_line(c.configuration)}\n  replay: {c.replay}"
        for c in found[:10]
    )
    about = f"{claim.statement}\n{cited(claim.source)}\n{numbers}"
    if not claim.as_expected:
        tag = "error" if claim.verdict in ("undecided", "vacuous", "invalid") else "failure"
        _outcome(case, tag, f"{claim.verdict}, but expected: {EXPECTED[claim.expected]}", f"{about}\n{evidence}")
    elif claim.verdict == "vacuous":
        _outcome(case, "skipped", "no input meets the hypotheses")
    else:
        ET.SubElement(case, "system-out").text = printable(f"{claim.verdict} as expected: {about}\n{evidence}".rstrip())
    return case


def _result(result: ResultRecord) -> ET.Element:
    case = _case("prove", result.input)
    claims = "\n".join(f"{verdict} {name}" for name, verdict in result.claims.items())
    if result.verdict != "verified":
        tag = "failure" if result.verdict == "refuted" else "error"
        _outcome(case, tag, f"{result.verdict}: {result.reason or ''}".removesuffix(": "), claims)
    else:
        ET.SubElement(case, "system-out").text = printable(claims)
    return case


def _kernel(kernel: KernelRecord) -> ET.Element:
    case = _case("kernels", f"{kernel.spec} ({kernel.dtype})")
    numbers = f"{kernel.agree} agree, {kernel.too_close} too close to call, {kernel.disagree} disagree"
    if kernel.disagree:
        first = kernel.first_disagreement
        place = f"; first at layer {first.layer}, token {first.token}" if first else ""
        if kernel.first_failure:
            place += f"; {plural(kernel.failed, 'call')} without an answer, first: {kernel.first_failure.message}"
        message = f"{plural(kernel.disagree, 'decision')} disagree with the exact kernel"
        _outcome(case, "failure", message, numbers + place)
    else:
        ET.SubElement(case, "system-out").text = numbers
    return case


def _check(run: RunRecord, check: CheckResult) -> ET.Element:
    case = _case("checks", check.id)
    if run.subject and run.subject.file:
        case.set("file", printable(run.subject.file))
    text = f"{check.title}\n{check.message}"
    if check.status == "fail":
        place = "" if check.first_divergent_layer is None else f" at layer {check.first_divergent_layer}"
        _outcome(case, "failure", f"{check.message}{place}", f"{check.title}\n\n{check.snippet or ''}".rstrip())
    elif check.status in ("not_applicable", "not_tested", "known"):
        _outcome(case, "skipped", f"{CHECK_STATUS[check.status]}: {check.message}")
    else:
        ET.SubElement(case, "system-out").text = printable(f"{CHECK_STATUS[check.status]}: {text}".rstrip())
    return case
