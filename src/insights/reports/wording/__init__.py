"""Sentences in the reader's language: messages are translated, their values written as that language writes them."""

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from insights.errors import ParameterError
from insights.reports.exhibits.base import Message
from insights.reports.wording.catalogue import LANGUAGES, catalogue, needs_translation
from insights.reports.wording.formats import Formats, is_missing
from insights.reports.wording.labels import CODE
from insights.reports.wording.plain import plain

__all__ = ["LANGUAGES", "Wording", "plain"]

Labels = Mapping[str, Mapping[str, Mapping[str, str]]]


class Wording:
    """Everything that depends on the reader's language.

    ``labels`` are the bank's own names of its codes (``labels[column][code][language]``), ``currency`` is the code of
    the reporting currency, ``mode`` the disclosure mode. ``missing`` collects the messages that had no translation.
    """

    def __init__(self, language: str, labels: Labels | None = None, *, currency: str = "", mode: str = "bank") -> None:
        if language not in LANGUAGES:
            raise ParameterError(
                f"there is no wording in language {language!r}",
                expected=f"one of {', '.join(LANGUAGES)}",
                todo="correct [bank] language or [reports] languages in bank.toml",
            )
        self.language = language
        self.labels: Labels = labels or {}
        self.mode = mode
        self.missing: set[str] = set()
        self._catalogue = catalogue(language)
        self.mark = self.text(Message("withheld") if mode == "bank" else Message("n/a"))
        self.formats = Formats(language, currency, self.mark)

    def text(self, message: Message | str) -> str:
        """Return the message in the reader's language, as plain text (not escaped); a string is data and stays."""
        if isinstance(message, str):
            return plain(message)
        if message.id == CODE:
            return self._code(str(message.values["domain"]), str(message.values["code"]))
        sentence = _MessageFormatter(self, message).vformat(self.translate(message.id), (), message.values)
        return sentence.replace("= <", "<")  # of a p value too small to be written

    def heading(self, message: Message | str) -> str:
        """Return the text with a capital where it begins a line of its own; data keeps the letters it has.

        So does a label of the bank's own that is written like a brand (eBanking).
        """
        text = self.text(message)
        brand = isinstance(message, Message) and message.id == CODE and text[1:2].isupper()
        return text if isinstance(message, str) or brand else text[:1].upper() + text[1:]

    def translate(self, message_id: str) -> str:
        """Return the sentence for a message id, its fields still open; note the id as missing where there is none."""
        if self._catalogue is None:
            return message_id
        if message_id not in self._catalogue and needs_translation(message_id):
            self.missing.add(message_id)
        return self._catalogue.get(message_id, message_id)

    def value(self, value: Any, kind: str = "text") -> str:
        """Return one value written as ``kind`` says; a missing one as the mark for what is not shown."""
        if isinstance(value, Message):
            return self.text(value)
        if is_missing(value):
            return self.mark
        if isinstance(value, Sequence) and not isinstance(value, str):
            if kind == "either":
                return self.formats.listed([self.value(v) for v in value], either=True)
            return self.formats.listed([self.value(v, kind) for v in value])
        if kind in ("text", ""):
            return plain(value) if isinstance(value, str) else self.formats.number(value)
        return self.formats.write(value, kind)

    def _code(self, domain: str, code: str) -> str:
        names = self.labels.get(domain, {}).get(code, {})
        return plain(names.get(self.language) or names.get("en") or code)


class _MessageFormatter(string.Formatter):
    """Format fields by name only: no attributes, no indices, no conversions, whatever a message id may hold."""

    def __init__(self, wording: Wording, message: Message) -> None:
        self._wording = wording
        named = [name for _, name, spec, _ in self.parse(message.id) if name and spec == "money"]
        values = {name: message.values.get(name) for name in named}
        self._money = {k: float(v) for k, v in values.items() if isinstance(v, int | float) and not is_missing(v)}
        # The ends of an interval are read against each other.
        self._one_unit = {"low", "high"} <= set(self._money)

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        if not re.fullmatch(r"[A-Za-z_]\w*", field_name):
            raise ValueError(f"a field of a message is a plain name, found {field_name!r}")
        return kwargs[field_name], field_name

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion:
            raise ValueError(f"a field of a message has no conversion, found !{conversion}")
        return value

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "money" and not isinstance(value, Message | str | Sequence) and not is_missing(value):
            return self._wording.formats.money(value, self._money.values(), one_unit=self._one_unit)
        return self._wording.value(value, format_spec)
