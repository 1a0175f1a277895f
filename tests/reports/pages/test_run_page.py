"""The page: verdict first, complete, escaped, self-contained, the same bytes for the same records."""

import json
import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from hardmax.kernels import Configuration
from hardmax.reports import read_records
from hardmax.reports.formats import wording
from hardmax.reports.pages import page_parts, run_page
from hardmax.reports.pages.run_page import render_html
from hardmax.reports.printable import one_line
from hardmax.verify.claims.registry import theorem

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}\u2028\u202e\x00\x1b[31m]]>-->"


class Page(HTMLParser):
    """The elements of a page, their attributes and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def hostile(made):
    """Records in which every free text is hostile."""
    c = Configuration([(2, 0), (-1, 1), (-1, -1), (0, 0)], labels=[HOSTILE] * 4)
    bad = made.counterexample(
        c,
        limits=c.tokens,
        statement=f"all {HOSTILE} hold",
        fails=HOSTILE,
        because=HOSTILE,
        claim=HOSTILE,
        replay=HOSTILE,
        snippet=HOSTILE,
        example=HOSTILE,
        dropped=(HOSTILE,),
    )
    source = replace(made.SOURCE, paper=HOSTILE, version=HOSTILE, label=HOSTILE)
    claim = made.refuted_claim(
        [bad.id], statement=HOSTILE, note=HOSTILE, source=source, hypotheses=(HOSTILE,), id=HOSTILE
    )
    records = made.verify_records(bad, claims=(claim,), arguments=(HOSTILE,), notes=(HOSTILE,), tool_version=HOSTILE)
    kernel = made.kernel_records().run
    subject = replace(kernel.subject, name=HOSTILE, spec=HOSTILE, file=HOSTILE, declared={HOSTILE: HOSTILE})
    check = replace(kernel.checks[1], title=HOSTILE, message=HOSTILE, snippet=HOSTILE)
    numpy = replace(records.run.kernels[0], spec=HOSTILE, dtype=HOSTILE)
    result = made.result(c, name=HOSTILE, reason=HOSTILE, certificate=HOSTILE, claims={HOSTILE: "verified"})
    run = replace(records.run, subject=subject, checks=(check,), kernels=(numpy,), results=1)
    run = replace(
        run, coverage=(replace(run.coverage[0], name=HOSTILE, bins=(replace(run.coverage[0].bins[0], label=HOSTILE),)),)
    )
    return replace(records, run=run, results=(result,))


def check_escaped(text: str) -> None:
    """No element or attribute comes from a record."""
    page = Page(text)
    assert not page.all("img")
    assert [s.get("type") for s in page.all("script")].count(None) == 1, "a second script that would run"
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
    assert "<script>alert" not in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e]", text)


def test_every_value_is_escaped(made):
    text = render_html(hostile(made))
    check_escaped(text)
    assert "49" not in Page(text).text.replace("149", "")
    assert Page(text).text.count("alert(2)") > 25  # all of it is shown
    assert Page(text).text.count(r"\u2028\u202e\u0000\u001b[31m") > 25  # and what could not be seen, too


def test_a_page_without_escaping_is_noticed(made, monkeypatch):
    careless = page_parts.environment().overlay(autoescape=False)
    monkeypatch.setattr(page_parts, "environment", lambda: careless)
    with pytest.raises(AssertionError):
        check_escaped(render_html(hostile(made)))


def everything(made):
    """One page of each kind."""
    c = Configuration([(1, 0), (0, 1)])
    return {
        "verify": made.verify_records(),
        "prove": made.prove_records([made.result(c)]),
        "kernel": made.kernel_records(),
    }


@pytest.mark.parametrize("kind", ["verify", "prove", "kernel"])
def test_equal_records_give_equal_bytes(made, tmp_path, kind):
    records = everything(made)[kind]
    again = read_records(made.write(records, tmp_path))
    assert render_html(records) == render_html(again)


@pytest.mark.parametrize("kind", ["verify", "prove", "kernel"])
def test_the_page_refers_to_nothing_but_the_files_of_its_folder(made, kind):
    page = Page(render_html(everything(made)[kind]))
    for tag, attributes in page.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset", "style", "xlink:href"):
            value = attributes.get(name)
            if tag == "a" and str(value).startswith("https://arxiv.org/abs/"):
                continue  # where a claim is printed: a link, which nothing follows by itself
            assert value is None or re.match("#|counterexamples/|[A-Za-z0-9_.%-]*$", value), (tag, name, value)
    assert not page.all("link") + page.all("iframe") + page.all("object")


def test_the_policy_forbids_the_network_and_every_script_but_ours(made):
    text = render_html(made.verify_records())
    (policy,) = [m["content"] for m in Page(text).all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert policy in text.replace("&#39;", "'").partition("<style>")[0]  # before anything it governs


def test_the_verdict_comes_first(made):
    page = Page(render_html(made.verify_records()))
    shown = page.text[page.text.index("hardmax verify ✓") :]
    assert shown.startswith("hardmax verify ✓ Verified All 2 claims came out as expected on 5,003 configurations")


def test_a_counterexample_says_what_was_claimed_what_breaks_it_when_and_how_to_replay_it(made):
    c = made.zero_token(layer=3)
    text = Page(render_html(made.verify_records(c))).text
    for part in (
        c.statement.partition(c.fails)[0].strip(), c.fails, "Theorem 2.3 in arXiv:2407.01602", c.because,
        "Hypothesis not met: no token is the origin", "at layer 3", c.replay, "(−1, 1)", "α = 1",
        c.snippet.split("\n")[0], c.example, "config.json",
    ):  # fmt: skip
        assert part in text


def test_the_part_that_fails_is_marked_in_the_statement(made):
    text = render_html(made.verify_records())
    assert "<mark>every limit lies on the boundary of K</mark>" in text
    other = made.verify_records(made.zero_token(fails="something else"))
    assert "What fails: <mark>something else</mark>" in render_html(other)


def test_unexpected_counterexamples_stand_before_the_claims_expected_ones_after(made):
    expected = render_html(made.verify_records())
    assert expected.index('id="claims"') < expected.index('id="counterexamples"')
    odd = made.verify_records()
    claims = (odd.run.claims[0], replace(odd.run.claims[1], as_expected=False))
    surprising = render_html(made.with_run(odd, claims=claims, verdict="refuted", exit_status=1))
    assert surprising.index('id="counterexamples"') < surprising.index('id="claims"')
    assert "not expected" in Page(surprising).text
    assert "1 of 2 claims did not come out as expected" in Page(surprising).text


def test_counts_sources_and_coverage_are_in_the_page(made):
    text = Page(render_html(made.verify_records())).text
    for part in (
        "5,000",
        "Theorem 2.3",
        "SIAM" if "SIAM" in made.SOURCE.version else "v2",
        "near ties",
        "3,003",
        "15,990",
    ):
        assert part in text


def test_an_interrupted_run_says_so(made):
    assert "interrupted" in Page(render_html(made.with_run(made.verify_records(), interrupted=True))).text


def test_the_data_of_a_picture_is_valid_json_whatever_the_labels(made):
    text = render_html(hostile(made))
    data = re.findall(r'<script type="application/json">(.*?)</script>', text, re.S)
    assert len(data) == 3
    hostile_labels = [set(json.loads(one)["labels"]) == {one_line(HOSTILE)} for one in data]
    assert hostile_labels.count(True) == 2  # a check has no labels


@pytest.fixture(scope="module")
def many(made):
    """10,000 results, as a page."""
    c = Configuration([(1, 0), (0, 1), (1, 1)])
    one = made.result(c, layers=8)
    results = [
        replace(one, input=f"{i}.json", verdict="refuted" if i % 1000 == 7 else "verified") for i in range(10_000)
    ]
    return render_html(made.prove_records(results, verdict="refuted", exit_status=1))


def test_ten_thousand_results_are_all_counted_and_folded(many):
    page = Page(many)
    inputs = re.findall(
        r'<tr id="result-\d+"><th scope="row"><a href="#result-\d+" class="row">(\d+)\.json</a></th>', many
    )
    assert len(set(inputs)) == 10_000
    assert len(page.all("details")) >= 50
    assert "9,801 to 10,000 of 10,000" in page.text
    assert "Not verified (10)" in page.text


def test_ten_thousand_results_make_a_page_of_a_few_megabytes_with_few_pictures(many):
    assert len(many) < 8_000_000
    assert many.count('class="figure stage"') == run_page.MAX_PICTURES
    assert f"Pictures of {run_page.MAX_PICTURES} of 10,000 trajectories; the tables count all." in Page(many).text


def test_pictures_go_to_what_is_not_verified_first(many):
    first = re.search(r'<article class="card"><h3>(\d+)\.json', many)
    assert first[1] == "7"


def test_more_counterexamples_than_the_page_shows_are_counted(made):
    c = made.zero_token()
    found = [replace(c, id=f"c{i}") for i in range(run_page.MAX_CARDS + 5)]
    text = Page(render_html(made.verify_records(*found))).text
    assert f"the first {run_page.MAX_CARDS} of {run_page.MAX_CARDS + 5}" in text
    assert f"Counterexamples ({run_page.MAX_CARDS + 5})" in text


def test_long_numbers_are_rounded_in_tables_and_exact_in_the_file(made):
    value = f"1/{3**60}"
    c = Configuration([(2, 0), (-1, 1), (-1, -1), (0, made.Fraction(value))])
    text = render_html(made.verify_records(made.counterexample(c, limits=c.tokens)))
    assert "≈ 2.3590e−29" in text
    assert value in text


def test_a_token_that_never_leads_is_not_said_to_of_an_undecided_input(made):
    c = Configuration([(1, 0), (0, 1)])
    undecided = made.result(c, verdict="undecided", leaders=None, freeze_layer=None, reason="the budget ended")
    text = render_html(made.prove_records([undecided], verdict="undecided", exit_status=3))
    assert "never" not in Page(text).text
    assert "not decided" in Page(text).text


@pytest.mark.parametrize("path", ["out/a.cert.json", "javascript:alert(1)", "//evil.example/a", "../../a b&c", "x?y#z"])
def test_a_certificate_is_linked_as_a_file_beside_the_page(made, path):
    c = Configuration([(1, 0), (0, 1)])
    text = render_html(made.prove_records([made.result(c, certificate=path)]))
    links = {a["href"] for a in Page(text).all("a") if not (a["href"] or "").startswith("#")}
    assert len(links) == 1
    assert re.fullmatch(r"[\w.%-]+", links.pop() or "")


def test_a_page_says_what_is_claimed_and_where_it_is_printed(made):
    records = everything(made)["prove"]
    records = replace(records, run=replace(records.run, conclusion={c.id: c.statement for c in theorem()}))
    shown = Page(render_html(records))
    assert wording.THEOREM in shown.text
    for claim in theorem():
        assert claim.id not in records.results[0].claims or claim.statement in shown.text
    links = {a["href"] for tag, a in shown.elements if tag == "a" and a.get("href", "").startswith("https:")}
    assert links == {"https://arxiv.org/abs/2407.01602"}
    assert "arxiv.org/abs/2407.01602" in render_html(everything(made)["verify"])


def test_what_a_run_ran_on_and_why_tokens_stay_is_shown(made):
    records = made.prove_records([made.result(Configuration([(1, 0), (0, 1)]), rules=("leader: <i>", "R1: by 0"))])
    shown = Page(
        render_html(made.with_run(records, environment={"python": "3.14.0", "processor": "a <fast> one"}))
    ).text
    for text in ("Environment", "3.14.0", "a <fast> one", "leader: <i>", "R1: by 0"):
        assert text in shown
    assert "Environment" not in Page(render_html(records)).text
