"""What every HTML page shares: its templates, its escaping, and the policy that lets it run nothing but its own script.

Neighbours: `run_page` is the page of a run, `sentiment` the page of the classifier, `templates/` their files.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from ..printable import printable


@cache
def asset(name: str) -> str:
    """The text of a file in `templates/`."""
    return resources.files(str(__package__)).joinpath("templates", name).read_text("utf-8")


def content_policy(style: str, script: str) -> str:
    """The Content-Security-Policy: nothing from the network, and of inline code only what this module wrote."""

    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    sources = f"style-src {digest(style)}; script-src {digest(script)}"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _finalized(value: Any) -> Any:
    return printable(value) if type(value) is str else value


@cache
def environment() -> Environment:
    """The templates: every value is printable and escaped, and one that is missing is an error."""
    templates = Environment(
        loader=FunctionLoader(asset),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["count"] = "{:,}".format
    return templates
