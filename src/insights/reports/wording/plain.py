"""Text from outside, made harmless to read: it is escaped where it is written, here it is made one visible line."""

import re

# Control characters break documents; bidirectional overrides make a name read as something else.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_SPACE = re.compile("[\\s\u2028\u2029]+")
LONGEST = 400


def plain(text: str) -> str:
    """Return data as one line of at most ``LONGEST`` characters, with a replacement for each that cannot be seen."""
    line = text
    if not text.isascii() or not text.isprintable():
        line = _UNSEEN.sub("\ufffd", text)
        line = _SPACE.sub(lambda run: "\u00a0" if run.group() == "\u00a0" else " ", line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
