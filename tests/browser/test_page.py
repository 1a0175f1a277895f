"""A reader's hands on the page: slider, keys, copy buttons; and the script against the drawing in Python."""

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from msgspec.structs import replace

from hardmax.kernels import Configuration
from hardmax.reports.pages import page_parts, svg
from hardmax.reports.pages.run_page import render_html
from hardmax.reports.pages.scene import scene_of

pytestmark = pytest.mark.browser

THIRD = Fraction(1, 3)
OCTAHEDRON = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0), (0, -1, 0), (0, 0, -1)]
SIMPLEX = [tuple(int(i == j) for j in range(4)) for i in range(4)]


@pytest.fixture(scope="session")
def pictured(made):
    """Counterexamples in one to four dimensions, with everything that a picture can show."""
    line = Configuration([(1,), (-1,), (0,)])
    square = Configuration([(1, 1), (1, -1), (-1, 1), (-1, -1), (Fraction(1, 2), 0), (Fraction(1, 8), Fraction(1, 9))])
    labels = ["<b>great</b>", "שלום 7", "می\u200cخواهم " * 3, "\u202eevil\x1b", *"ef", "a" * 30]
    solid = Configuration([*OCTAHEDRON, (Fraction(1, 4),) * 3], labels=labels)
    more = Configuration([*SIMPLEX, (Fraction(1, 4), Fraction(1, 5), Fraction(1, 6), Fraction(1, 7))])
    return {
        1: made.counterexample(line, name="line", limits=line.tokens),
        2: made.counterexample(square, name="square", limits=[*square.tokens[:4], (1, 0), (1, 1)], layers=7),
        3: made.counterexample(solid, name="solid", limits=[*OCTAHEDRON, (THIRD,) * 3]),
        4: made.counterexample(more, name="more", limits=[*SIMPLEX, SIMPLEX[0]], layer=2),
    }


@pytest.fixture(scope="session")
def page_text(made, pictured):
    return render_html(made.verify_records(*pictured.values()))


def stage(tab, name):
    return tab.page.locator(f"[id='{name}'] .stage")


SHOWN = """svg => {
    const all = (selector, read) => [...svg.querySelectorAll(selector)].map(read);
    const of = (element, name) => element.getAttribute(name);
    return {
        paths: Object.fromEntries(all("path[class]", e => [of(e, "class"), of(e, "d")])),
        tokens: all(".tokens > g", e => [of(e, "class"), of(e, "transform")]),
        labels: all(".labels text", e => [of(e, "class"), e.textContent]),
    };
}"""


def shown(tab, name) -> dict:
    """What the script has drawn."""
    return stage(tab, name).evaluate(SHOWN)


def test_labels_do_not_reorder_or_hide_what_stands_about_them(open_report, page_text):
    state = open_report(page_text).page.locator("[id='solid'] .state").text_content()
    assert (
        "1 \u2068שלום 7\u2069, 2 \u2068می\u200cخواهم می\u200cخواهم می\u200cخواهم\u2069, 3 \\u202eevil\\u001b, 4 e"
        in state
    )


def numbers(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", text)]


def move(tab, name, k: int) -> None:
    """Put the slider of a figure on frame k, as a drag would."""
    slider = tab.page.locator(f"[id='{name}'] input[type=range]")
    slider.evaluate("(s, k) => { s.value = k; s.dispatchEvent(new Event('input', {bubbles: true})); }", k)


def check_drawing(tab, record) -> None:
    """Every frame that the script draws is the one that Python draws."""
    scene = scene_of(record)
    for k in range(len(scene.frames)):
        move(tab, record.id, k)
        expected, drawn = svg.parts(scene, k), shown(tab, record.id)
        assert [c for c, _ in drawn["tokens"]] == [t.classes for t in expected.tokens], f"frame {k}"
        for (_, place), token in zip(drawn["tokens"], expected.tokens, strict=True):
            assert numbers(place) == pytest.approx(list(token.at), abs=0.11), f"frame {k}"
        assert drawn["labels"] == [["end" if t.end else "start", t.text] for t in expected.labels]
        for name, data in expected.paths.items():
            assert re.sub(r"[-\d. ]", "", drawn["paths"][name]) == re.sub(r"[-\d. ]", "", data), f"{name} at frame {k}"
            assert numbers(drawn["paths"][name]) == pytest.approx(numbers(data), abs=0.11), f"{name} at frame {k}"


def check_drawings(tab, records) -> None:
    for record in records:
        check_drawing(tab, record)


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_the_script_draws_every_layer_as_python_does(open_report, page_text, pictured, d):
    check_drawing(open_report(page_text), pictured[d])


def test_the_picture_of_a_check_shows_where_the_kernel_put_the_token(open_report, made):
    records = made.kernel_records()
    (failing,) = [c for c in records.run.checks if c.status == "fail"]
    tab = open_report(render_html(records))
    assert tab.page.locator("[id='ties.exact'] .fails").text_content().strip() == scene_of(failing).failing
    assert shown(tab, failing.id)["paths"]["misplaced"]  # at once, without a hand on the slider
    check_drawing(tab, failing)


MUTANTS = {
    "one layer late": ("const frame = scene.frames[k], next", "const frame = scene.frames[Math.max(k - 1, 0)], next"),
    "leaders at the wrong layer": ("scene.leaders[i] <= layer", "scene.leaders[i] < layer"),
    "ties cut to the first": ("C.map((j) =>", "C.slice(0, 1).map((j) =>"),
    "y upside down": ("SIZE / 2 - scale * up", "SIZE / 2 + scale * up"),
    "hull without its last edge": ("segments(frame.hull.map(", "segments(frame.hull.slice(1).map("),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_script_that_draws_something_else_is_noticed(open_report, made, pictured, monkeypatch, name):
    asset, (right, wrong) = page_parts.asset, MUTANTS[name]
    assert right in asset("page.js")
    monkeypatch.setattr(page_parts, "asset", lambda file: asset(file).replace(right, wrong))
    tab = open_report(render_html(made.verify_records(*pictured.values())))
    with pytest.raises(AssertionError):
        check_drawings(tab, pictured.values())


def test_the_slider_moves_tokens_by_keyboard(open_report, page_text):
    tab = open_report(page_text)
    slider = tab.page.locator("#square input[type=range]")
    slider.focus()
    tab.page.keyboard.press("Home")
    first = shown(tab, "square")["tokens"]
    tab.page.keyboard.press("ArrowRight")
    assert shown(tab, "square")["tokens"] != first
    assert tab.page.locator("#square output").text_content() == "layer 1 of 6"
    assert slider.get_attribute("aria-valuetext") == "layer 1 of 6"
    tab.page.keyboard.press("End")
    assert tab.page.locator("#square output").text_content() == "limit k → ∞"
    assert "The claim fails here." in tab.page.locator("#square .state").text_content()


def test_the_page_opens_at_the_layer_where_the_claim_fails(open_report, page_text):
    tab = open_report(page_text)
    assert tab.page.locator("#more output").text_content() == "layer 2 of 5"
    assert "The claim fails here." in tab.page.locator("#more .state").text_content()


def test_everything_is_reached_by_the_tab_key_in_reading_order(open_report, page_text):
    tab = open_report(page_text)
    reached = []
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        reached.append(tab.page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert {"A", "copy", "play", "INPUT", "SUMMARY", "figure stage"} <= {str(r) for r in reached} | {"figure stage"}
    tab.page.locator("#solid .play").focus()
    tab.page.keyboard.press("Shift+Tab")
    assert tab.page.evaluate("document.activeElement.getAttribute('class')") == "figure stage"


def test_a_solid_turns_by_keyboard_and_by_dragging_a_flat_figure_does_not(open_report, page_text):
    tab = open_report(page_text)
    before = shown(tab, "solid")["tokens"]
    stage(tab, "solid").focus()
    tab.page.keyboard.press("ArrowLeft")
    turned = shown(tab, "solid")["tokens"]
    assert turned != before
    tab.page.keyboard.press("ArrowRight")
    assert shown(tab, "solid")["tokens"] == before
    stage(tab, "solid").scroll_into_view_if_needed()
    box = stage(tab, "solid").bounding_box()
    tab.page.mouse.move(box["x"] + 50, box["y"] + 50)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + 120, box["y"] + 80, steps=4)
    tab.page.mouse.up()
    assert shown(tab, "solid")["tokens"] != before
    assert stage(tab, "square").get_attribute("tabindex") is None


def test_play_runs_to_the_end_and_stops(open_report, made):
    tab = open_report(render_html(made.verify_records(made.zero_token(layers=1))))
    tab.page.locator("input[type=range]").press("Home")
    play, output = tab.page.locator(".play"), tab.page.locator("output")
    assert output.text_content() == "layer 0 of 0"
    play.click()
    assert play.get_attribute("aria-label") == "Pause"
    tab.page.locator(".play[aria-label=Play]").wait_for()
    assert output.text_content() == "limit k → ∞"
    play.click()
    play.click()
    assert play.get_attribute("aria-label") == "Play"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_with_reduced_motion_tokens_jump_from_layer_to_layer(open_report, made, pictured, motion):
    scene = scene_of(pictured[2])
    still = [token.at for k in range(len(scene.frames)) for token in svg.parts(scene, k).tokens]
    tab = open_report(render_html(made.verify_records(pictured[2])), reduced_motion=motion)
    move(tab, "square", 0)
    tab.page.locator(".play").click()
    between = False
    for _ in range(6):
        tab.page.wait_for_timeout(100)
        places = [numbers(place) for _, place in shown(tab, "square")["tokens"]]
        between |= any(min(abs(x - u) + abs(y - v) for u, v in still) > 0.5 for x, y in places)
    assert between == (motion == "no-preference")


def test_the_copied_snippet_runs(open_report, page_text):
    tab = open_report(page_text)
    tab.page.locator("#square .copyable:has(code.snippet) .copy").click()
    tab.page.locator("#square .copyable:has(code.snippet) .copy", has_text="Copied").wait_for()
    code = tab.page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Configuration(" in done.stdout


def test_the_copied_replay_command_is_the_one_of_the_record(open_report, page_text, pictured):
    tab = open_report(page_text)
    tab.page.locator("#line .answers .copy").click()
    tab.page.locator("#line .answers .copy", has_text="Copied").wait_for()
    assert tab.page.evaluate("navigator.clipboard.readText()") == pictured[1].replay


def test_a_saved_figure_is_the_one_of_the_page_and_stands_alone(open_report, page_text):
    tab = open_report(page_text)
    tab.page.locator("#square .stills summary").click()
    with tab.page.expect_download() as download:
        tab.page.locator("#square .save").first.click()
    text = Path(download.value.path()).read_text("utf-8")
    assert text.startswith("<svg")
    assert ".figure .token" in text
    assert "body {" not in text


def test_hostile_labels_are_text(open_report, page_text):
    tab = open_report(page_text)
    assert "<b>great</b>" in [text for _, text in shown(tab, "solid")["labels"]]
    assert tab.page.locator("#solid b").count() == 0


def test_a_script_that_is_not_ours_does_not_run(open_report, page_text):
    text = page_text.replace("</body>", "<script>document.title = 'taken'</script></body>")
    tab = open_report(text, quiet=False)
    assert tab.page.title() == "verified – hardmax verify"
    assert any("Content Security Policy" in complaint for complaint in tab.complaints)


def test_a_request_to_the_network_is_noticed_and_stopped(open_report, page_text):
    text = page_text.replace("</body>", "<img src='http://127.0.0.1:9/x.png'></body>")
    tab = open_report(text, quiet=False)
    tab.page.wait_for_timeout(200)
    with pytest.raises(AssertionError):
        tab.check_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(open_report, page_text, scheme):
    tab = open_report(page_text, color_scheme=scheme)
    for selector in ("body", ".source", ".chip.good", "mark", "header h1"):
        assert tab.page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector


CONTRAST = """element => {
    const channels = (text) => text.match(/[\\d.]+/g).map(Number);
    const over = (top, under) => { const a = top[3] ?? 1; return [0, 1, 2].map(c => a * top[c] + (1 - a) * under[c]); };
    const light = (rgb) => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, c) => sum + v * [0.2126, 0.7152, 0.0722][c], 0);
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.unshift(channels(getComputedStyle(e).backgroundColor));
    const paper = layers.reduce((under, top) => over(top, under), [255, 255, 255]);
    const [a, b] = [light(over(channels(getComputedStyle(element).color), paper)), light(paper)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}"""


def test_in_print_the_stills_are_shown_and_the_controls_are_not(open_report, page_text):
    tab = open_report(page_text)
    tab.page.emulate_media(media="print")
    assert tab.page.locator("#square .controls").is_hidden()
    assert tab.page.locator("#square .still").first.bounding_box()["height"] > 50


def test_without_a_script_the_page_still_shows_the_first_layer(browser, tmp_path, page_text):
    path = tmp_path / "report.html"
    path.write_text(page_text, "utf-8")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(path.as_uri())
    assert page.locator("#square .stage .token").count() == 6
    assert page.locator("#square .controls").is_hidden()
    page.context.close()


def test_a_page_of_ten_thousand_results_opens_and_its_folds_open(open_report, made):
    one = made.result(Configuration([(1, 0), (0, 1), (1, 1)]), layers=4)
    results = [replace(one, input=f"{i}.json") for i in range(10_000)]
    tab = open_report(render_html(made.prove_records(results)))
    assert tab.page.locator("details.chunk").count() == 50
    last = tab.page.locator("details.chunk").last
    last.locator("summary").click()
    assert last.locator("text=9999.json").is_visible()


def test_the_page_fits_a_narrow_screen(open_report, page_text):
    tab = open_report(page_text)
    tab.page.set_viewport_size({"width": 400, "height": 800})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 400
