"""SARIF 2.1.0 of a kernel's checks, so that code hosts show failures at the kernel's own lines.

Neighbours: `junit` reports the same checks as test cases.
"""

import re
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from ..printable import json_text, printable
from ..records.codec import encode
from ..records.run_record import CheckResult, KernelRecord, RunRecord, SubjectRecord
from ..records.store import Records
from .wording import CHECK_STATUS

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
DISAGREES = "kernel.disagrees"
_LEVELS = {"fail": "error", "known": "error", "fragile": "note"}
"""Statuses that are results, and how grave they are; checks that pass or do not apply are no results."""


def render_sarif(records: Records) -> str:
    """The SARIF log of a run: every failed, known or fragile check, and every kernel that disagrees."""
    run = records.run
    rules = [{"id": check.id, "shortDescription": _message(check.title)} for check in run.checks]
    if run.kernels:
        text = "Follow sets are those of the exact kernel wherever the error bound decides."
        rules.append({"id": DISAGREES, "shortDescription": _message(text)})
    results = [_check(run, check) for check in run.checks if check.status in _LEVELS]
    results += [_kernel(kernel) for kernel in run.kernels if kernel.disagree]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "hardmax", "version": printable(run.tool_version), "rules": rules}},
                "invocations": [{"executionSuccessful": not run.interrupted, "exitCode": run.exit_status}],
                "results": results,
            }
        ],
    }
    return json_text(log, readable=True) + "\n"


def _check(run: RunRecord, check: CheckResult) -> dict[str, Any]:
    message = check.message or CHECK_STATUS[check.status]
    properties: dict[str, Any] = {"status": check.status}
    if check.first_divergent_layer is not None:
        message += f" (first wrong layer: {check.first_divergent_layer})"
        properties["firstDivergentLayer"] = check.first_divergent_layer
    if check.gap_ulps is not None:
        properties["gapUlps"] = check.gap_ulps
    if check.configuration is not None:
        properties["configuration"] = encode(check.configuration)
    if check.snippet is not None:
        properties["snippet"] = printable(check.snippet)
    result: dict[str, Any] = {
        "ruleId": check.id,
        "level": _LEVELS[check.status],
        "message": _message(message),
        "properties": properties,
    }
    if run.subject is not None:
        result["locations"] = [_location(run.subject)]
    if check.status == "known":
        result["suppressions"] = [{"kind": "external", "justification": "listed as a known deviation"}]
    return result


def _message(text: str) -> dict[str, str]:
    """A SARIF message: braces would be placeholders and brackets links, so they are escaped as the standard says."""
    return {"text": re.sub(r"([\\\[\]])", r"\\\1", printable(text).replace("{", "{{").replace("}", "}}"))}


def _location(subject: SubjectRecord) -> dict[str, Any]:
    """The place in the kernel's file; its name alone where it comes from no file."""
    location: dict[str, Any] = {
        "logicalLocations": [{"name": printable(subject.name), "fullyQualifiedName": printable(subject.spec)}]
    }
    if subject.file is not None:
        path = PurePath(subject.file)
        uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
        region = {} if subject.line is None else {"region": {"startLine": max(subject.line, 1)}}
        location["physicalLocation"] = {"artifactLocation": {"uri": uri}, **region}
    return location


def _kernel(kernel: KernelRecord) -> dict[str, Any]:
    first = kernel.first_disagreement
    place = f", first at layer {first.layer}, token {first.token}" if first else ""
    failure = kernel.first_failure
    if failure is not None:
        place += f"; {kernel.failed} of them calls without an answer, first: {failure.message}"
    shown = first or failure
    return {
        "ruleId": DISAGREES,
        "level": "error",
        "message": _message(f"{kernel.spec} ({kernel.dtype}): {kernel.disagree} decisions disagree{place}"),
        "locations": [{"logicalLocations": [{"fullyQualifiedName": printable(kernel.spec)}]}],
        "properties": {} if shown is None else {"configuration": encode(shown.configuration)},
    }
