"""Reports in a real browser: Chromium from the system, driven by Playwright, without any network.

Where Playwright or Chromium is not installed the tests skip and say what to install. `HARDMAX_CHROMIUM` names another
executable.
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def made():
    """The module that makes records, loaded from its file because test folders are no packages."""
    name = "hardmax_made_records"
    if name not in sys.modules:
        path = Path(__file__).parents[1] / "reports" / "made_records.py"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install 'hardmax[browser]'"
    )
    executable = os.environ.get("HARDMAX_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("no Chromium found: apt-get install chromium, or name one in HARDMAX_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Tab:
    """An open report: its page, and everything that should not happen while it is open."""

    def __init__(self, page):
        self.page, self.complaints, self.requests = page, [], []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def check_quiet(self) -> None:
        """No error, no console message, and no request but for the page itself."""
        assert not self.complaints
        assert [url for url in self.requests if not url.startswith("blob:")] == self.requests[:1]
        assert self.requests[0].startswith("file://")


@pytest.fixture
def open_report(browser, tmp_path):
    """A function that opens the text of a page from a file and checks at the end that it stayed quiet."""
    tabs = []

    def opened(text: str, *, quiet: bool = True, **options) -> Tab:
        path = tmp_path / f"report-{len(tabs)}.html"
        path.write_text(text, "utf-8")
        context = browser.new_context(viewport={"width": 1200, "height": 900}, **options)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        tab = Tab(context.new_page())
        tab.page.goto(path.as_uri())
        tabs.append((tab, quiet))
        return tab

    yield opened
    for tab, quiet in tabs:
        if quiet:
            tab.check_quiet()
        tab.page.context.close()
