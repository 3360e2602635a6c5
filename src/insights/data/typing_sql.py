"""The SQL that turns a raw text into a typed value, by the kind of the column and the mapping of the source."""

from insights.data.columns import Column, Kind
from insights.data.settings_sources import NullWhen, TableSource

BLANKS = " \t\r\n\u00a0\u3000\ufeff"
LONGEST_CELL = 4_000
"""Characters. A longer cell is no value of any column; the row is set aside."""

TRUE, FALSE = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")
SQL_TYPES: dict[Kind, str] = {
    "id": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "month": "DATE",
    "money": "DECIMAL(38,6)",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "text": "VARCHAR",
    "code": "VARCHAR",
    "flag": "BOOLEAN",
}
"""Types while intake works; money is stored as DECIMAL(18,2) in the end."""

MOST_SHORT = 999_999_999_999
"""The largest whole amount of a DECIMAL(18,6)."""


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def listed(texts: list[str] | tuple[str, ...]) -> str:
    """Return texts as an SQL list in parentheses."""
    return "(" + ", ".join(literal(text) for text in texts) + ")"


def raw_text(raw: str, empty: NullWhen | None) -> str:
    """Return the raw cell without blanks around it; empty cells, and cells that ``null_when`` names, are null."""
    text = f"nullif({_trimmed(raw)}, '')"
    if empty is None:
        return text
    told = _trimmed(empty.column)
    return f"CASE WHEN coalesce({told} IN {listed(empty.equals)}, false) THEN NULL ELSE {text} END"


def rounded(money: str) -> str:
    """Return the expression of an amount rounded to cents."""
    # The engine rounds long numbers slowly; nearly every amount fits into a short one with as many decimals. Bounded,
    # because the engine takes what may not fit for something that may become null.
    short = f"greatest(least({money}, {MOST_SHORT}), -{MOST_SHORT})"
    return f"CASE WHEN {money} = {short} THEN round({short}::DECIMAL(18,6), 2) ELSE round({money}, 2) END"


def in_cents(money: str) -> str:
    """Return the expression of an amount as it is stored: the cast of a short number is quicker here as well."""
    return f"{rounded(money)}::DECIMAL(18,2)"


def _trimmed(raw: str) -> str:
    # Trimming every kind of blank costs much more than finding out that there is none at either end.
    cell = quoted(raw)
    plain = f"{cell} >= '!' AND {cell} < chr(127) AND reverse({cell}) >= '!' AND reverse({cell}) < chr(127)"
    return f"CASE WHEN {plain} THEN {cell} ELSE trim({cell}, {literal(BLANKS)}) END"


def typed(column: Column, text: str, source: TableSource) -> str:
    """Return the expression of the typed value; it is null where the text cannot be read as the column's kind.

    ``text`` is the name of a text column. Dates without an offset are in the bank's time zone (the connection's).
    Months may be written as any day of the month. An id is the text itself in Unicode normal form C.
    """
    text = quoted(text)
    if codes := source.codes.get(column.name):
        cases = " ".join(f"WHEN {literal(raw)} THEN {literal(code)}" for raw, code in codes.items())
        text = f"(CASE {text} {cases} ELSE {text} END)"
    if column.kind in ("date", "month", "timestamp"):
        moment = f"try_strptime({text}, [{', '.join(literal(format) for format in source.dates)}])::TIMESTAMP"
        day = f"({moment})::DATE"
        return {"timestamp": moment, "date": day, "month": f"date_trunc('month', {day})::DATE"}[column.kind]
    if column.kind in ("money", "number", "integer"):
        return _number(column.kind, text, source)
    if column.kind == "flag":
        return (
            f"CASE WHEN lower({text}) IN {listed(TRUE)} THEN true WHEN lower({text}) IN {listed(FALSE)} THEN false END"
        )
    return f"nfc_normalize({text})"


def _number(kind: Kind, text: str, source: TableSource) -> str:
    plain = f"replace({text}, '\u2212', '-')"
    if source.thousands:
        plain = f"replace({plain}, {literal(source.thousands)}, '')"
    if source.decimal == ",":
        # A point would be read as the decimal sign although the source says that it is none.
        plain = f"CASE WHEN contains({plain}, '.') THEN NULL ELSE replace({plain}, ',', '.') END"
    if kind == "money":
        return f"try_cast({plain} AS {SQL_TYPES['money']})"
    number = f"try_cast({plain} AS DOUBLE)"
    if kind == "number":
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    return f"CASE WHEN {number} = floor({number}) THEN try_cast({number} AS BIGINT) END"
