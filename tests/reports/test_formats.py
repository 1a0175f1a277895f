"""JUnit, SARIF, Markdown, terminal, JSON and the files of a report: the same verdicts in other people's formats."""

import io
import json
import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from msgspec.structs import replace
from rich.console import Console

from hardmax.kernels import Configuration
from hardmax.reports import RecordError, read_records
from hardmax.reports.formats.exact_text import DOWN, at_most, bound, configuration_line, enclosure_lines
from hardmax.reports.formats.junit import render_junit
from hardmax.reports.formats.markdown import escaped, render_markdown
from hardmax.reports.formats.sarif import render_sarif
from hardmax.reports.formats.terminal import print_summary
from hardmax.reports.formats.wording import command_line
from hardmax.reports.pages.run_page import render_html
from hardmax.reports.records import configuration_record, record
from hardmax.reports.records.codec import schema
from hardmax.reports.report import OWN, render_all, render_json, write_report

HOSTILE = "</failure>]]><b>[x](http://x) @all #1 `a|b` {0}\x00\x1b[31m\nnext"


def surprising(made):
    """A theorem that was refuted, and a claim that should have been."""
    c = made.zero_token()
    theorem = made.claim("clustering.boundary", verdict="refuted", as_expected=False, counterexamples=(c.id,))
    kept = made.refuted_claim([], verdict="verified", as_expected=False)
    open_claim = made.claim("clustering.vertices", verdict="undecided", as_expected=False)
    unmet = made.claim("lemmas.injective", verdict="vacuous")
    c = replace(c, claim=theorem.id)
    return made.verify_records(c, claims=(theorem, kept, open_claim, unmet), verdict="refuted", exit_status=1)


def results(made):
    c = Configuration([(1, 0), (0, 1)])
    wanted = {"verified": None, "refuted": "token 1 is inside", "undecided": "budget", "invalid": "no tokens"}
    found = [made.result(c, name=f"{v}.json", verdict=v, reason=reason) for v, reason in wanted.items()]
    return made.prove_records(found, verdict="refuted", exit_status=1)


# -- JUnit -------------------------------------------------------------------------------------------------------------


def outcomes(text: str) -> dict[str, str]:
    """Test case → "failure", "error", "skipped" or "passed"."""
    found = {}
    for case in ET.fromstring(text.encode()).iter("testcase"):
        tags = {child.tag for child in case} & {"failure", "error", "skipped"}
        found[case.get("name")] = tags.pop() if tags else "passed"
    return found


def test_junit_passes_what_came_out_as_expected_and_fails_the_rest(made):
    assert outcomes(render_junit(made.verify_records())) == {
        "clustering.vertices": "passed",
        "necessity.nonzero": "passed",
        "numpy (float64)": "passed",
    }
    assert outcomes(render_junit(surprising(made))) == {
        "clustering.boundary": "failure",
        "necessity.nonzero": "failure",
        "clustering.vertices": "error",
        "lemmas.injective": "skipped",
        "numpy (float64)": "passed",
    }


def test_junit_of_inputs_and_of_checks(made):
    assert outcomes(render_junit(results(made))) == {
        "verified.json": "passed",
        "refuted.json": "failure",
        "undecided.json": "error",
        "invalid.json": "error",
    }
    known = made.check("aliasing", "known", message="writes into its input")
    records = made.kernel_records()
    records = made.with_run(records, checks=(*records.run.checks, known))
    assert outcomes(render_junit(records)) == {
        "shape.batch": "passed",
        "ties.exact": "failure",
        "gradient": "skipped",
        "ties.rotated": "passed",
        "aliasing": "skipped",
    }


def test_junit_counts_are_those_of_its_cases(made):
    for records in (surprising(made), results(made), made.kernel_records()):
        root = ET.fromstring(render_junit(records).encode())
        for element in (root, *root.iter("testsuite")):
            cases = list(element.iter("testcase"))
            assert int(element.get("tests")) == len(cases)
            for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert int(element.get(key)) == sum(case.find(tag) is not None for case in cases)


def test_junit_says_how_to_replay_a_failure(made):
    (failure,) = [
        f for c in ET.fromstring(render_junit(surprising(made)).encode()).iter("testcase") for f in c.iter("failure")
    ][:1]
    assert failure.get("message") == "refuted, but expected: a theorem"
    assert "replay: hardmax replay out/counterexamples/no-zero-token-1" in failure.text
    assert "every limit lies on the boundary" not in failure.get("message")


def test_junit_of_a_kernel_that_disagrees_and_of_an_interrupted_run(made):
    records = made.verify_records()
    wrong = replace(records.run.kernels[0], disagree=3)
    found = outcomes(render_junit(made.with_run(records, kernels=(wrong,), interrupted=True)))
    assert found["numpy (float64)"] == "failure"
    assert found["completed"] == "error"


def test_junit_survives_any_text(made):
    c = made.zero_token(because=HOSTILE, replay=HOSTILE)
    text = render_junit(made.verify_records(c))
    (out,) = [e.text for e in ET.fromstring(text.encode()).iter("system-out") if e.text and "[x]" in e.text]
    assert "</failure>]]><b>" in out
    assert "\x00" not in text
    assert "\x1b" not in text


# -- SARIF -------------------------------------------------------------------------------------------------------------


def test_sarif_reports_failures_at_the_lines_of_the_kernel(made):
    (run,) = json.loads(render_sarif(made.kernel_records()))["runs"]
    failed, fragile = run["results"]
    assert (failed["ruleId"], failed["level"]) == ("ties.exact", "error")
    assert (fragile["ruleId"], fragile["level"]) == ("ties.rotated", "note")
    place = failed["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "kernels/mine.py"}, "region": {"startLine": 12}}
    assert {r["ruleId"] for r in run["results"]} <= {r["id"] for r in run["tool"]["driver"]["rules"]}
    assert failed["properties"]["configuration"]["tokens"] == [["1", "1"], ["1", "-1"], ["1", "0"]]


def test_sarif_escapes_what_it_would_read_as_placeholders_and_links(made):
    (run,) = json.loads(render_sarif(made.kernel_records()))["runs"]
    text = run["results"][0]["message"]["text"]
    assert text == "token 2 follows {{0}}; its follow set is {{0, 1}} (first wrong layer: 0)"
    check = replace(made.kernel_records().run.checks[1], message="a [b](1) \\")
    (run,) = json.loads(render_sarif(made.with_run(made.kernel_records(), checks=(check,))))["runs"]
    assert run["results"][0]["message"]["text"].startswith(r"a \[b\](1) \\")


def test_sarif_suppresses_known_deviations_and_reports_kernels_that_disagree(made):
    records = made.kernel_records()
    known = replace(records.run.checks[1], status="known")
    numpy = replace(made.verify_records().run.kernels[0], disagree=3)
    (run,) = json.loads(render_sarif(made.with_run(records, checks=(known,), kernels=(numpy,))))["runs"]
    assert run["results"][0]["suppressions"][0]["kind"] == "external"
    assert run["results"][1]["ruleId"] == "kernel.disagrees"


def test_sarif_of_a_kernel_without_a_file_or_with_a_strange_one(made):
    records = made.kernel_records()
    nowhere = replace(records.run.subject, file=None, line=None)
    (run,) = json.loads(render_sarif(made.with_run(records, subject=nowhere)))["runs"]
    assert "physicalLocation" not in run["results"][0]["locations"][0]
    strange = replace(records.run.subject, file="/my kernels/é.py")
    (run,) = json.loads(render_sarif(made.with_run(records, subject=strange)))["runs"]
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "file:///my%20kernels/%C3%A9.py"


# -- Markdown and terminal ---------------------------------------------------------------------------------------------


def test_markdown_has_the_verdict_first_and_every_claim(made):
    text = render_markdown(surprising(made))
    assert text.startswith("## ❌ hardmax verify: refuted\n")
    for name in ("clustering.boundary", "necessity.nonzero", "clustering.vertices"):
        assert f"| `{name}` |" in text
    assert text.index("not expected") < text.index("### Claims")
    assert "`hardmax replay out/counterexamples/no-zero-token-1`" in text


def test_every_format_says_which_configuration_breaks_the_claim_and_what_of_it_fails(made):
    c = made.zero_token(fails="the limit is no interior point")
    records = made.verify_records(c)
    line = "tokens (2, 0) (−1, 1) (−1, −1) (0, 0), A is the identity, α = 1"
    assert f"  - broken by {line}\n" in render_markdown(records)
    assert "  - what fails: the limit is no interior point\n" in render_markdown(records)
    assert f"  {line}\n" in render_junit(records)
    assert f"  {line}\n" in terminal(records)


def test_a_line_shows_of_a_large_configuration_what_a_person_reads():
    tokens = [["1" * 30, f"-{i + 1}"] + ["0"] * 8 for i in range(9)]
    rows = [["2"] + ["0"] * 9] * 10
    step = configuration_record.StepRecord(rule="harmonic", numerator=2, offset=2)
    c = configuration_record.ConfigurationRecord(
        tokens=tuple(map(tuple, tokens)),
        A=tuple(map(tuple, rows)),
        step=step,
        multiplicities=(2,) * 9,
        follow="smallest",
    )
    line = configuration_line(c)
    assert line.startswith("tokens (≈ 1.1111e+29, −1, 0, 0, 0, 0, …) (≈ 1.1111e+29, −2,")
    assert " … (9 in all), some of them repeated, A is [(2, 0, 0, 0, 0, 0, …), (2, " in line
    assert line.endswith("λ at layer k is 2/(k + 2), tokens follow the smallest inner product")
    assert len(line) < 600


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "a model of kind k"),
        ({"b": "1/2", "f": [[["1", "0"], ["0", "1"]]]}, "a model of kind k, b = 1/2, f = the identity"),
        ({"P": [["-1/2", "0"]], "v": ["1", "2"]}, "a model of kind k, P = [(−1/2, 0)], v = (1, 2)"),
        ({"x": [], "y": ["a"], "z": {"w": [1]}}, 'a model of kind k, x = [], y = ["a"], z = {"w": [1]}'),
        ({"deep": [[[["1"]]]], "odd": [["1"], "2"]}, 'a model of kind k, deep = [[[["1"]]]], odd = [["1"], "2"]'),
        (
            {"s": HOSTILE},
            "a model of kind k, s = </failure>]]><b>[x](http://x) @all #1 `a|b` {0}\\u0000\\u001b[31m next",
        ),
    ],
)
def test_the_values_of_any_model_are_shown_in_words(made, given, said):
    c = made.result(Configuration([(1, 0), (0, 1)])).configuration
    other = replace(c, A=None, alpha=None, attention={"k": given})
    assert configuration_line(other) == f"tokens (1, 0) (0, 1), {said}"


def test_an_input_of_which_the_theorem_says_nothing_is_not_called_a_surprise(made):
    c = made.zero_token()
    given = replace(made.prove_records([]), counterexamples=(c,))
    given = made.with_run(given, counterexamples=(c.id,), verdict="refuted")
    for text in (render_markdown(given), render_html(given), terminal(given)):
        assert "not expected" not in text.lower()
        assert "hypothesis" in text
    assert "### Counterexamples that do not meet a hypothesis\n" in render_markdown(given)
    covered = replace(given, counterexamples=(replace(c, dropped=()),))
    assert "### Counterexamples that were not expected\n" in render_markdown(covered)
    assert ">not expected<" in render_html(covered)


def test_a_command_with_thousands_of_files_is_cut(made):
    def command(count):
        return command_line(made.run("prove", arguments=tuple(f"{i}.json" for i in range(count))))

    assert command(24).endswith(" 22.json 23.json")
    assert command(25).endswith(" 22.json 23.json … and 1 more argument, see run.json")
    assert command(10_000).endswith(" 23.json … and 9,976 more arguments, see run.json")


def test_markdown_escapes_every_value(made):
    c = made.zero_token(because=HOSTILE, replay=HOSTILE)
    text = render_markdown(made.verify_records(c))
    assert "\\[x\\](http\\://x) \\@all \\#1 \\`a\\|b\\` {0}" in text
    assert "<b>" not in re.sub(r"`+[^`]*`+", "", text.replace("\\`", "").replace("\\<b\\>", ""))
    assert "\x1b" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    bars = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    head, kernels = bars.count(9), bars.count(8)  # the claims have eight columns, the kernels seven
    assert bars == [9] * head + [8] * kernels
    assert head > 2 < kernels


def test_markdown_of_a_kernel_shows_the_snippet_of_a_failure(made):
    text = render_markdown(made.kernel_records())
    assert "```python\nimport mine" in text
    assert "failed: token 2 follows" in text


def test_escaped_text_is_one_line():
    assert escaped("a\nb\r\n c") == "a b c"


@pytest.mark.parametrize("records", [surprising, results], ids=lambda f: f.__name__)
def test_the_terminal_shows_verdict_failures_and_replay(made, records):
    text = terminal(records(made))
    assert text.startswith("REFUTED")
    if records is surprising:
        assert "Not expected: clustering.boundary in the limit" in text
        assert "replay: hardmax replay" in text
    else:
        assert "token 1 is inside" in text
        assert "verified.json" not in text


def terminal(records, width=100) -> str:
    stream = io.StringIO()
    print_summary(records, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


def test_the_terminal_interprets_neither_markup_nor_control_characters(made):
    c = made.zero_token(because="[bold]x[/bold] [link=http://x]y[/link] \x1b[31m\x07")
    text = terminal(made.verify_records(c), width=200)
    assert "[bold]x[/bold] [link=http://x]y[/link]" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_the_terminal_shows_the_checks_of_a_kernel(made):
    text = terminal(made.kernel_records())
    assert text.startswith("FAILED  mine fails 1 of 4 checks, first ties.exact at layer 0.")
    assert re.search(r"ties.rotated\s+fragile", text)


def test_checks_that_were_not_tested_are_counted_apart(made):
    left = (made.check("nan.visible", "not_tested", message="the run was interrupted"),)
    failing = made.kernel_records().run.checks
    text = terminal(made.kernel_records(checks=failing + left))
    assert text.startswith("FAILED  mine fails 1 of 5 checks, first ties.exact at layer 0; 1 not tested.")
    text = terminal(made.kernel_records(checks=failing[:1] + left, verdict="verified", exit_status=3))
    assert "mine passes 1 check; 1 not tested." in text


# -- all of them -------------------------------------------------------------------------------------------------------


def test_the_json_report_has_the_published_schema_and_all_counts(made):
    for records in (made.verify_records(), results(made), made.kernel_records()):
        data = json.loads(render_json(records))
        jsonschema.validate(data, schema(record.ReportRecord))
        assert len(data["results"]) == records.run.results
        assert data["run"]["verdict"] == records.run.verdict


def test_a_report_writes_its_files_beside_the_records(made, tmp_path):
    made.write(made.verify_records(), tmp_path)
    written = write_report(tmp_path)
    names = [str(p.relative_to(tmp_path)) for p in written]
    assert names[0] == "report.html"
    assert set(names) == {
        "report.html", "report.json", "report.md", "junit.xml", "report.sarif",
        "figures/no-zero-token-1-initial.svg", "figures/no-zero-token-1-final.svg",
    }  # fmt: skip
    assert {name.partition("/")[0] for name in names} == set(OWN)
    assert render_all(read_records(tmp_path)) == {n: (tmp_path / n).read_text("utf-8") for n in names}


def test_a_second_report_leaves_no_figure_of_the_first(made, tmp_path):
    made.write(made.verify_records(), tmp_path)
    write_report(tmp_path)
    (tmp_path / "run.json").unlink()
    made.write(made.kernel_records(), tmp_path)
    write_report(tmp_path)
    assert not list((tmp_path / "figures").iterdir())


def test_a_report_of_damaged_records_writes_nothing(made, tmp_path):
    made.write(made.verify_records(), tmp_path)
    (tmp_path / "counterexamples/no-zero-token-1/record.json").write_text("{", "utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RecordError):
        write_report(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["report.html", "junit.xml", "figures"])
def test_a_report_that_cannot_be_written_leaves_those_of_before(made, tmp_path, name):
    made.write(made.kernel_records() if name == "figures" else made.verify_records(), tmp_path)
    write_report(tmp_path)
    if name == "figures":
        made.write(made.verify_records(), tmp_path)
        (tmp_path / name).write_text("a file")
    else:
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(OSError, match=r"is a folder|lies in a file") as caught:
        write_report(tmp_path)
    first = name if name != "figures" else "figures/no-zero-token-1-initial.svg"
    assert caught.value.filename == str(tmp_path / first)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_input_names_become_safe_file_names(made):
    c = Configuration([(1, 0), (0, 1)])
    names = render_all(made.prove_records([made.result(c, name="../a b/ü<x>.json"), made.result(c, name="/etc/x")]))
    figures = sorted(n for n in names if n.startswith("figures/"))
    assert figures == [
        "figures/1-_x_-final.svg",
        "figures/1-_x_-initial.svg",
        "figures/2-x-final.svg",
        "figures/2-x-initial.svg",
    ]


@pytest.mark.parametrize(
    ("value", "above", "below"),
    [
        ("1/1180591620717411303424", "8.48e−22", "8.47e−22"),
        ("3814697265625000001", "3.82e+18", "3.81e+18"),
        ("-22222222/3", "−7.40e+6", "−7.41e+6"),
        ("1/50", "1/50", "1/50"),
    ],
)
def test_bounds_are_rounded_outwards(value, above, below):
    assert (bound(value), bound(value, DOWN)) == (above, below)


def test_floats_are_rounded_up():
    floats = (0.0, 0.30765128365990163, 9.190330262869306e-07, 5283.910494664532, 1.0, 1e300)
    assert [*map(at_most, floats)] == ["0", "0.308", "9.20e-7", "5,284", "1", "1.01e+300"]


def test_what_is_said_of_an_enclosure_is_true_as_rounded():
    found = record.EnclosureRecord(
        radius="1000000001/3000000000",
        layer=9,
        halvings=10,
        enough="123456789012",
        clusters=(0, 0, 2),
        from_layer=4,
        layers="123456789012",
        within="100000001/900000000",
        epsilon="1/50",
        stays=3,
        left=5,
    )
    text = " ".join(enclosure_lines(found))
    for said in ("up to 0.334 in", "1.24e+11 are enough", "within 0.112 of", "at least 1.23e+11 layers", "1/50 of"):
        assert said in text
