"""Exhibits as JSON and back: the kernel that computes one and the process that draws it are not the same."""

import math
from datetime import date
from typing import Any

from insights.errors import DisclosureError
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Paragraph, Table

MESSAGE = "$message"
"""Key of a dict that stands for a message; nothing else may have it."""

UNBOUNDED = Message("unbounded")
"""What a sentence or a table says for an infinite bound, which JSON cannot hold."""

_FIELDS = set(Exhibit.__dataclass_fields__)
_MESSAGES = ("sentences", "basis", "caveats", "refusals")


def to_json(exhibit: Exhibit) -> dict[str, Any]:
    """Return the exhibit as JSON values: no tuple, no date, no numpy, no NaN.

    A missing number (None, NaN, NA) becomes null. Infinity becomes the message "unbounded" where people read it, and
    null in figures, estimates and checks. Raises DisclosureError for a value of any other kind: a frame or an object in
    an exhibit did not pass disclosure control.
    """
    figure = exhibit.figure
    told = {name: [_encode(m) for m in getattr(exhibit, name)] for name in _MESSAGES}
    return told | {
        "id": exhibit.id,
        "title": _encode(exhibit.title),
        "figure": figure
        and {"kind": figure.kind, "data": _encode(figure.data, endless=None), "alt": _encode(figure.alt)},
        "tables": [_table_to(table) for table in exhibit.tables],
        "paragraphs": [
            {"heading": _encode(p.heading), "report": p.report, "sentences": _encode(p.sentences)}
            for p in exhibit.paragraphs
        ],
        "estimates": [_encode(row, endless=None) for row in exhibit.estimates],
        "checks": [_encode(row, endless=None) for row in exhibit.checks],
    }


def from_json(data: Any) -> Exhibit:
    """Return the exhibit that ``to_json`` wrote; DisclosureError for anything that it would not have written."""
    try:
        if set(data) != _FIELDS:
            raise ValueError("fields")
        figure = data["figure"]
        return Exhibit(
            id=_text(data["id"]),
            title=_message(data["title"]),
            figure=figure and Figure(_text(figure["kind"]), _decode(figure["data"]), _message(figure["alt"])),
            tables=tuple(_table_from(table) for table in data["tables"]),
            paragraphs=tuple(
                Paragraph(_decode(p["heading"]), _text(p["report"]), tuple(_message(m) for m in p["sentences"]))
                for p in data["paragraphs"]
            ),
            estimates=tuple(_decode(row) for row in data["estimates"]),
            checks=tuple(_decode(row) for row in data["checks"]),
            **{name: tuple(_message(m) for m in data[name]) for name in _MESSAGES},
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise DisclosureError(
            "an output says that it is an exhibit, but it does not have the form of one",
            expected="what show(...) of this version writes",
            todo="run the notebook again",
        ) from None


def _table_to(table: Table) -> dict[str, Any]:
    columns = [{"key": c.key, "label": _encode(c.label), "kind": c.kind} for c in table.columns]
    rows = [_encode(row) for row in table.rows]
    return {"columns": columns, "rows": rows, "caption": table.caption and _encode(table.caption)}


def _table_from(data: dict[str, Any]) -> Table:
    # A label may be a string: the name of a group is data, not a message.
    columns = tuple(Column(_text(c["key"]), _decode(c["label"]), _text(c["kind"])) for c in data["columns"])
    rows = tuple(_decode(row) for row in data["rows"])
    return Table(columns, rows, data["caption"] and _message(data["caption"]))


def _encode(value: Any, *, endless: Message | None = UNBOUNDED) -> Any:
    if isinstance(value, Message):
        return {MESSAGE: value.id, "values": {str(k): _encode(v, endless=endless) for k, v in value.values.items()}}
    if isinstance(value, dict) and MESSAGE not in value:
        return {str(k): _encode(v, endless=endless) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_encode(v, endless=endless) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a number of numpy
        value = value.item()
    # NaT and NA are equal to nothing, or to nothing that has a truth value.
    if value is None or type(value).__name__ in ("NaTType", "NAType") or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and math.isinf(value):
        return endless and _encode(endless)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | bool | int | float):
        return value
    raise DisclosureError(
        f"an exhibit holds a value of type {type(value).__name__}",
        expected="text, numbers, dates, messages, and lists and dicts of these",
        todo="correct the writer of the exhibit",
    )


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        return _message(value) if MESSAGE in value else {k: _decode(v) for k, v in value.items()}
    return [_decode(v) for v in value] if isinstance(value, list) else value


def _message(data: dict[str, Any]) -> Message:
    if set(data) != {MESSAGE, "values"}:
        raise ValueError("message")
    return Message(_text(data[MESSAGE]), {k: _decode(v) for k, v in data["values"].items()})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value
