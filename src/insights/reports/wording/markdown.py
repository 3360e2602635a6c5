"""Markdown from notebooks and from management: prose only. Raw HTML is text, links and pictures are their words."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import mistune
from markupsafe import Markup
from mistune.plugins.table import table

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"(\s*(?:[-*+]|\d+[.)])\s+)(.*)")


def units(source: str) -> Iterator[tuple[str, str]]:
    """Yield (mark, text) for every heading, list item and paragraph: the pieces that are translated one by one.

    ``mark`` is what stood before the text (``## `` or ``- ``); an empty text separates paragraphs.
    """
    mark, lines = "", list[str]()

    def flush() -> Iterator[tuple[str, str]]:
        nonlocal mark
        if lines:
            yield mark, " ".join(lines)
        lines.clear()
        mark = ""

    for line in source.splitlines():
        heading, item = _HEADING.match(line), _ITEM.match(line)
        if heading:
            yield from flush()
            yield f"{heading[1]} ", heading[2]
        elif item:
            yield from flush()
            mark = item[1]
            lines.append(item[2].strip())
        elif line.strip():
            lines.append(line.strip())
        else:
            yield from flush()
            yield "", ""
    yield from flush()


def translated(source: str, translate: Callable[[str], str]) -> str:
    """Return the Markdown with each of its pieces translated."""
    return "\n".join(f"{mark}{translate(text)}" if text else "" for mark, text in units(source))


def prose(source: str) -> Markup:
    """Return Markdown as HTML without headings' ids, links, pictures or raw HTML; headings become bold paragraphs."""
    return Markup(str(_RENDER(source)))


class _Prose(mistune.HTMLRenderer):
    """Headings belong to the page's own order, and a page has no address outside itself."""

    def __init__(self) -> None:
        super().__init__(escape=True)

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return f'<p class="subheading">{text}</p>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return text


def _reader() -> mistune.Markdown:
    reader = mistune.Markdown(renderer=_Prose(), plugins=[table])
    # Tags are not a part of this Markdown at all: they are text like any other.
    reader.block.rules.remove("raw_html")
    reader.inline.rules.remove("inline_html")
    return reader


_RENDER = _reader()
