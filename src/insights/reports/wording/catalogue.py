"""The translations: gettext catalogues beside this file, read as they are (nothing to compile, nothing to go stale)."""

import functools
import re
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("en", "zh-CN")
_FIELD = re.compile(r"\{[^{}]*\}")


@functools.cache
def catalogue(language: str) -> dict[str, str] | None:
    """Return message id to sentence, or None for the source language. Entries marked fuzzy or empty do not count."""
    if language == "en":
        return None
    path = Path(__file__).parent / f"{language.replace('-', '_')}.po"
    with path.open("rb") as file:
        entries = read_po(file, locale=language.replace("-", "_"))
    return {str(m.id): str(m.string) for m in entries if m.id and m.string and not m.fuzzy}


def needs_translation(message_id: str) -> bool:
    """Return whether anything but fields, digits and signs stands in the message."""
    return any(c.isalpha() for c in _FIELD.sub("", message_id))


def fields(message_id: str) -> list[str]:
    """Return the fields of a message with their formats, sorted: a translation must have the same."""
    return sorted(_FIELD.findall(message_id))
