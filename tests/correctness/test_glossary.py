"""The canonical tables hold what the design lists, say what they mean, and agree with GLOSSARY.md."""

import re
from pathlib import Path

import duckdb
import pandera.pandas as pa
import pytest

from insights.data.columns import UNITS
from insights.data.glossary import glossary
from insights.data.tables import RULES, TABLES, Column, schema

COLUMNS = [(table, column) for table, spec in TABLES.items() for column in spec.columns]
EVERY_COLUMN = pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{t}.{c.name}" for t, c in COLUMNS])


def test_glossary_file_agrees_with_the_code() -> None:
    text = (Path(__file__).parents[2] / "GLOSSARY.md").read_text(encoding="utf-8")
    assert text == glossary(), "make it anew: python -m insights.data.glossary > GLOSSARY.md"


@EVERY_COLUMN
def test_column_says_what_it_is(table: str, column: Column) -> None:
    assert column.kind in UNITS
    assert column.unit
    assert column.label
    assert column.label == column.label.strip(". ")
    assert column.meaning[0].isupper()
    assert column.meaning.endswith(".")
    assert "|" not in column.meaning + column.unit + column.label
    if column.kind == "id" and column.name not in ("product_id",):
        assert column.domain, "an id of a person or record becomes a pseudonym"
    if column.revealed_by:
        revealer = TABLES[table].column(column.revealed_by)
        assert revealer is not None
        assert revealer.kind in ("date", "timestamp")


@pytest.mark.parametrize("table", list(TABLES))
def test_table_is_sound(table: str) -> None:
    spec = TABLES[table]
    assert len(set(spec.names)) == len(spec.names)
    assert set(spec.key) <= set(spec.names)
    assert set(spec.names) >= {"known_on", "withdrawn"}
    assert spec.date is None or spec.column(spec.date).kind in ("date", "month")  # type: ignore[union-attr]
    assert spec.month == (spec.date is not None and spec.column(spec.date).kind == "month")  # type: ignore[union-attr]
    assert (f"{table}_id" in spec.names) == spec.event
    for name in (spec.known, *(c for group in spec.one_of for c in group)):
        assert name is None or name in spec.names


@EVERY_COLUMN
def test_schema_carries_unit_and_meaning(table: str, column: Column) -> None:
    built = schema(table)
    key = "^" + column.name.replace("*", ".+") + "$" if column.is_pattern else column.name
    metadata = built.columns[key].metadata
    assert metadata is not None
    assert (metadata["unit"], metadata["meaning"], metadata["label"]) == (column.unit, column.meaning, column.label)
    assert built.columns[key].required == column.required


def test_tables_hold_what_the_design_lists(shared: Path) -> None:
    """The design gives each table as a row: name, one row per, columns, the required ones in bold."""
    rows = re.findall(
        r"^\| ([a-z_]+) \| ([^|]+) \| ([^|]+) \|$", (shared / "design.md").read_text("utf-8"), re.MULTILINE
    )
    assert {name for name, _, _ in rows} == {"table", *TABLES}, "the head of the design's table, and its rows"
    for table, _, listed in rows[1:]:
        spec = TABLES[table]
        bold = re.findall(r"\*\*([a-z_]+)\*\*", listed)
        either = [group for group in spec.one_of if set(group) <= set(bold)]
        assert set(spec.required) | {c for group in either for c in group} == set(bold), table
        plain = re.sub(r"\([^)]*\)|\d–\d", "", listed.replace("*", ""))
        names = [n for n in re.split(r",|\bor\b", plain) if re.fullmatch(r"[a-z_]+", n.strip())]
        assert {n.strip() for n in names} <= set(spec.names), table


def failures(table: str, select: str, **codes: tuple[str, ...]) -> list[tuple[str, str]]:
    frame = duckdb.execute(select).df()
    try:
        schema(table, codes).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        assert set(cases["check"]) <= set(RULES)
        return sorted(set(zip(cases["column"], cases["check"], strict=True)))
    return []


CLIENT = "SELECT 'c' AS client_id, DATE '2020-01-01' AS joined_on"
LOAN = "SELECT 'c' AS client_id, DATE '2020-01-01' AS month, "


@pytest.mark.parametrize(
    ("table", "select", "expected"),
    [
        ("clients", CLIENT, []),
        (
            "clients",
            "SELECT NULL::VARCHAR AS client_id, DATE '2020-01-01' AS joined_on",
            [("client_id", "not_nullable")],
        ),
        ("clients", CLIENT + ", 1879 AS birth_year", [("birth_year", "outside_range")]),
        ("clients", CLIENT + ", 1880 AS birth_year, 5 AS risk_tolerance, 'female' AS gender", []),
        ("clients", CLIENT + ", 6 AS risk_tolerance", [("risk_tolerance", "outside_range")]),
        ("clients", CLIENT + ", 'x' AS gender", [("gender", "unknown_code")]),
        ("clients", CLIENT + ", DATE '1899-12-31' AS left_on", [("left_on", "date_outside_range")]),
        ("clients", CLIENT + ", DATE '9999-12-31' AS left_on", [("left_on", "date_outside_range")]),
        ("clients", CLIENT + ", '1970' AS birth_year", [("birth_year", "outside_range"), ("birth_year", "wrong_type")]),
        ("loans", LOAN + "1e12::DECIMAL(18,2) AS drawn", []),
        ("loans", LOAN + "(1e12 + 1)::DECIMAL(18,2) AS drawn", [("drawn", "absurd_amount")]),
        ("loans", LOAN + "-0.01::DECIMAL(18,2) AS drawn", [("drawn", "negative_amount")]),
        ("loans", "SELECT 'c' AS client_id, DATE '2020-01-31' AS month, 1 AS drawn", [("month", "not_month_start")]),
        (
            "surveys",
            "SELECT 'c' AS client_id, DATE '2020-01-01' AS invited_on, 101 AS item_q",
            [("item_q", "outside_range")],
        ),
        (
            "contacts",
            "SELECT 'c' AS client_id, DATE '2020-01-01' AS contacted_on, 'phone' AS channel, true AS resolved",
            [],
        ),
    ],
)
def test_schema_finds(table: str, select: str, expected: list[tuple[str, str]]) -> None:
    assert failures(table, select) == expected


def test_row_that_names_nobody() -> None:
    row = "SELECT 'p' AS programme, DATE '2020-01-01' AS started_on, NULL::VARCHAR AS client_id, {} AS rm_id"
    assert {check for _, check in failures("programmes", row.format("NULL::VARCHAR"))} == {"nobody_named"}
    assert failures("programmes", row.format("'m'")) == []


def test_codes_of_the_bank_are_allowed_beside_the_canonical_ones() -> None:
    row = CLIENT + ", 'surrender' AS leave_reason"
    assert failures("clients", row) == [("leave_reason", "unknown_code")]
    assert failures("clients", row, leave_reason=("surrender",)) == []
    assert failures("clients", CLIENT + ", 'death' AS leave_reason", leave_reason=("surrender",)) == []
