"""The pages on a phone, on a desk, in the dark and on paper; their accessibility; many results."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

import hardmax.reports
from hardmax.kernels import Configuration
from hardmax.reports.pages import svg
from hardmax.reports.pages.run_page import render_html
from hardmax.reports.pages.scene import scene_of

pytestmark = pytest.mark.browser

GALLERY = Path(hardmax.reports.__file__).parent / "examples"
PAGES = ("first-maximiser", "emerging-leader", "dropped-hypotheses", "paper-2508.09628", "control")
HIDDEN = """() => [...document.querySelectorAll("body *")].filter((e) => {
    const box = e.getBoundingClientRect();
    const scrolls = e.closest("pre, svg");
    return !scrolls && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
}).map((e) => e.outerHTML.slice(0, 120))"""
"""What stands outside the window, but for text in boxes that scroll."""


def text_of(name):
    return (GALLERY / name / "report.html").read_text("utf-8")


@pytest.fixture
def many(made):
    """A page of 450 results in three folds."""
    one = made.result(Configuration([(1, 0), (0, 1), (1, 1)]), layers=3)
    changed = {7: {"verdict": "refuted", "reason": "why not"}}
    numbered = [replace(one, input=f"{i}.json", freeze_layer=(i * 37) % 450, **changed.get(i, {})) for i in range(450)]
    return render_html(made.prove_records(numbered))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_cut_off_or_squeezed(open_report, name, width):
    tab = open_report(text_of(name))
    tab.page.set_viewport_size({"width": width, "height": 844})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.page.evaluate(HIDDEN) == []
    for text in tab.page.locator(".finding, .statement, td > .source").all()[: 6 if width == 390 else 0]:
        assert text.bounding_box()["width"] > 250


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
@pytest.mark.parametrize("name", [*PAGES, "many"])
def test_no_rule_of_accessibility_is_broken(browser, tmp_path, many, name, width, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed: pip install axe-playwright-python"
    )
    path = tmp_path / "report.html"
    path.write_text(many if name == "many" else text_of(name), "utf-8")
    size = {"width": width, "height": 844}
    context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)  # axe is a script of its own
    page = context.new_page()
    page.goto(path.as_uri())
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:150]) for v in found] == []
    context.close()


def test_on_paper_every_counterexample_has_one_page(open_report):
    tab = open_report(text_of("dropped-hypotheses"))
    pages = len(re.findall(rb"/Type /Page\b", tab.page.pdf(format="A4")))
    tab.page.set_viewport_size({"width": 718, "height": 1000})  # of A4, without the margins
    tab.page.emulate_media(media="print")
    cards = tab.page.locator("article.card")
    assert cards.count() == 6
    assert pages == 6 + 2  # and two of claims
    for card in cards.all():
        assert card.bounding_box()["height"] < 1039
        assert card.locator(".still").count() == card.locator(".still:visible").count() == 2
        assert card.locator("button:visible, .stage:visible, input:visible").count() == 0
    assert tab.page.evaluate(HIDDEN) == []
    clipped = "all => all.filter(e => e.offsetHeight && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    assert tab.page.locator("pre").evaluate_all(clipped) == []


def test_rows_are_found_by_a_text_sorted_by_a_column_and_reached_by_an_address(open_report, many):
    tab = open_report(many)
    search, shown = tab.page.locator(".filter input"), tab.page.locator("tr[id^=result-]:visible")
    search.fill("refuted")
    assert shown.count() == 1
    assert tab.page.locator(".filter output").text_content() == "1 of 450"
    assert shown.first.get_attribute("id") == "result-8"
    search.fill("")
    assert shown.count() == 450, "every fold was opened for the search, and stays open"
    folds = tab.page.locator("details.chunk")
    head = folds.first.locator("th", has_text="frozen from layer").locator("button")
    layers = "rows => rows.map(row => Number(row.cells[3].textContent))"
    rows = tab.page.locator("tr[id^=result-]")
    head.click()
    assert rows.evaluate_all(layers) == list(range(450))
    head.click()
    assert rows.evaluate_all(layers) == list(reversed(range(450)))
    assert folds.first.locator("[aria-sort=descending]").count() == 1


def test_an_address_opens_the_fold_of_its_row(open_report, many):
    tab = open_report(many)
    assert not tab.page.locator("#result-450").is_visible()
    tab.page.evaluate("location.hash = 'result-450'")
    tab.page.locator("#result-450").wait_for(state="visible")
    assert tab.page.locator("#result-450 a.row").get_attribute("href") == "#result-450"


def test_labels_stand_beside_one_another(made):
    close = Configuration(
        [(i, j) for i in (1, 2, 3, 4) for j in (1, 2, 3, 4)], labels=[f"a word {i}" for i in range(16)]
    )
    scene = scene_of(made.result(close, layers=3, limits=None))
    for k in range(len(scene.frames)):
        boxes = []
        for label in svg.parts(scene, k).labels:
            wide, (x, y) = svg.LETTER * len(label.text), label.at
            boxes.append((x - wide if label.end else x, y - 11, x if label.end else x + wide, y + 3))
        for i, a in enumerate(boxes):
            assert 0 <= a[0] < a[2] <= svg.SIZE
            assert not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in boxes[:i])


def test_a_solid_has_axes_that_turn_and_a_crowd_has_small_marks(open_report, made):
    solid = made.counterexample(
        Configuration([(1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, -1, -1)]), name="solid", limits=None, layers=3
    )
    crowd = made.counterexample(
        Configuration([(i % 10 - 4, i // 10 - 4) for i in range(100)]), name="crowd", limits=None, layers=3
    )
    tab = open_report(render_html(made.verify_records(solid, crowd)))
    axes = tab.page.locator("#solid .stage path.axis")
    before = axes.get_attribute("d")
    assert before.count("M") == 3
    assert tab.page.locator("#solid .stage .labels text").all_text_contents()[:3] == ["x", "y", "z"]
    tab.page.locator("#solid .stage").focus()
    tab.page.keyboard.press("ArrowLeft")
    assert axes.get_attribute("d") != before
    assert tab.page.locator("#crowd .stage.many").count() == 1
    size = "e => getComputedStyle(e).r"
    dots = [tab.page.locator(f"#{name} .stage .dot").first.evaluate(size) for name in ("solid", "crowd")]
    assert dots == ["5px", "3px"]
