"""Names of codes: what a reader sees where the data hold ``competitor``, ``clients`` or the bank's own code."""

import re
from collections.abc import Iterator
from typing import Any

from insights.data.tables import RULES, TABLES
from insights.reports.exhibits.base import Message

CODE = "{code:code}"
"""The id of a message that is a code of the bank: ``Wording`` finds its label, or shows the code itself."""

REPORTS = {
    "quality": Message("Data quality"),
    "clients": Message("Client portraits and segments"),
    "lifecycle": Message("Client lifecycle"),
    "value": Message("Client value"),
    "loyalty": Message("Loyalty"),
    "needs": Message("Product needs and service plans"),
    "channels": Message("Channels and growth"),
    "risk": Message("Risk"),
    "summary": Message("Summary for management"),
}

# Outcomes and merged groups that no extract delivers, the usual legal bases as [tables.*] may state them, and the rules
# of intake by their names in the ledger.
_OURS: dict[str, dict[str, Message]] = {
    "leave_reason": {
        "in force": Message("still a client"),
        "other_reasons": Message("all other reasons"),
        "any": Message("any reason"),
    },
    "legal_basis": {
        "consent": Message("consent"),
        "contract": Message("contract"),
        "employment contract": Message("employment contract"),
        "legal obligation": Message("legal obligation"),
        "legitimate interest": Message("legitimate interest"),
        "no personal data": Message("no personal data"),
        "public interest": Message("public interest"),
        "vital interest": Message("vital interest"),
    },
    "measure": {"assets": Message("assets"), "revenue": Message("revenue"), "clients": Message("number of clients")},
    "rule": {
        "cell_too_long": Message("a cell is far too long"),
        "client_withheld": Message("belongs to a client who is left out"),
        "contradicting_rows": Message("rows with the same key contradict each other"),
        "does_not_follow": Message("does not follow from the balance before, the bookings and the market"),
        "dated_after_known": Message("dated after the day on which it was known"),
        "direct_identifier": Message("holds a name, an address or an account number"),
        "ends_before_it_begins": Message("ends before it begins"),
        "exact_duplicate": Message("delivered twice"),
        "exit_before_joining": Message("left before joining"),
        "known_late": Message("known only long afterwards"),
        "near_duplicate": Message("delivered twice, once with values missing"),
        "no_consent": Message("no consent"),
        "no_exchange_rate": Message("no exchange rate for the month"),
        "other_encoding": Message("a line written in another encoding"),
        "retention_over": Message("past its retention period"),
        "unknown_client": Message("the client is not in the client file"),
        "unreadable_amount": Message("the amount cannot be read"),
        "unreadable_date": Message("the date cannot be read"),
        "unreadable_flag": Message("neither yes nor no"),
        "unreadable_line": Message("the line cannot be read"),
        "unreadable_number": Message("the number cannot be read"),
        "value_missing": Message("missing, though it should be there"),
    },
}
_NOT_RECORDED = Message("not recorded")


def code_label(domain: str, code: str, labels: Any = None) -> Message | str:
    """Return what a code of a column is called: by the bank, else by this package, else the code itself.

    ``domain`` is the column (``leave_reason``, ``region``) or ``rule``; ``labels`` is ``settings.labels``. The answer
    holds no language: a bank's label is looked up when the page is written. A rule may name its column (``rule:name``).
    """
    if labels and code in labels.get(domain, {}):
        return Message(CODE, {"domain": domain, "code": code})
    if known := _known(domain, code):
        return known
    if domain == "rule" and ":" in code:
        rule, column = code.split(":", 1)
        return Message("{column}: {rule}", {"rule": code_label(domain, rule), "column": _any_column(column)})
    if fifth := re.fullmatch(r"([1-5]) of 5", code):
        return Message("fifth {rank:count} of 5", {"rank": int(fifth[1])})
    if decade := re.fullmatch(r"(\d{3}0)s", code):
        return Message("born in the {decade}s", {"decade": decade[1]})
    return _NOT_RECORDED if code == "not recorded" else code


def table_label(name: str) -> Message | str:
    """Return what a canonical table is called."""
    return Message(name.replace("_", " ")) if name in TABLES else name


def column_label(table: str, column: str) -> Message | str:
    """Return what a column of a canonical table is called; a column of the bank's own keeps its name."""
    found = {c.name: c for c in TABLES[table].columns}.get(column) if table in TABLES else None
    return Message(found.label or column.replace("_", " ")) if found else column


def label_ids() -> Iterator[tuple[str, str]]:
    """Yield (message id, place) of every label that is not written out as a message in the source."""
    for spec in TABLES.values():
        yield spec.name.replace("_", " "), "table"
        for column in spec.columns:
            yield column.label or column.name.replace("_", " "), f"column of {spec.name}"
            yield from ((label, f"code of {spec.name}.{column.name}") for label in (column.codes or {}).values())
    yield from ((words, "rule of intake") for words in RULES.values())


def _known(domain: str, code: str) -> Message | None:
    if ours := _OURS.get(domain, {}).get(code):
        return ours
    if domain == "rule":
        return Message(RULES[code]) if code in RULES else None
    for spec in TABLES.values():
        for column in spec.columns:
            if column.name == domain and column.codes and code in column.codes:
                return Message(column.codes[code])
    return None


def _any_column(name: str) -> Message | str:
    """Return the label of a column of whichever table has it."""
    return next((column_label(t, name) for t, s in TABLES.items() if any(c.name == name for c in s.columns)), name)
