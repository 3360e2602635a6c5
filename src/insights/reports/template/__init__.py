"""The page: one escaping template environment, one style sheet inside it, and a policy that allows nothing else."""

import base64
import functools
import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from insights.errors import DisclosureError
from insights.reports.exhibits.base import Message
from insights.reports.wording import Wording

_HERE = Path(__file__).parent


def render(
    template: str, wording: Wording, *, running: tuple[Message | str, Message | str, Message | str], **values: Any
) -> str:
    """Return a whole page from a template of this folder.

    ``running`` stands on every printed page: top left, top right, bottom left. Every value is escaped unless it is
    ``Markup``, which only the drawing of figures and the reading of Markdown produce.
    """
    style = _style() + _print_margins(*(wording.text(part) for part in running))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _environment().get_template(template)
    return page.render(
        wording=wording,
        t=wording.text,
        say=lambda sentence, **fields: wording.text(Message(sentence, fields)),
        style=Markup(style),
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        **values,
    )


def local_link(file: str) -> str:
    """Return the address of a file of the pack for an ``href``; DisclosureError for anything but a relative path."""
    if re.match(r"[A-Za-z][\w+.-]*:|[/\\]", file) or not file:
        raise DisclosureError(
            "a page would link to an address outside its pack", expected="a file name", todo="give a relative path"
        )
    return quote(file, safe="/#")


def anchor(text: str, taken: set[str]) -> str:
    """Return an id for ``text`` that no other element of the page has, and note it in ``taken``."""
    base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"
    name, n = base, 2
    while name in taken:
        name, n = f"{base}-{n}", n + 1
    taken.add(name)
    return name


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["local_link"] = local_link
    return environment


@functools.cache
def _style() -> str:
    return (_HERE / "style.css").read_text(encoding="utf-8")


def _print_margins(top_left: str, top_right: str, bottom_left: str) -> str:
    """Return the running lines of the printed page."""
    return (
        "@page {"
        f" @top-left {{ content: {_css_string(top_left)}; }}"
        f" @top-right {{ content: {_css_string(top_right)}; }}"
        f" @bottom-left {{ content: {_css_string(bottom_left)}; }}"
        ' @bottom-right { content: counter(page) " / " counter(pages); }'
        " }\n"
    )


def _css_string(text: str) -> str:
    """Return a CSS string in which nothing but letters and digits stands for itself, so that it cannot end early."""
    return '"' + "".join(c if c.isalnum() else f"\\{ord(c):06x}" for c in text) + '"'
