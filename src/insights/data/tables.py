"""All canonical tables, and the pandera schema of each.

The tables stand in ``catalogue_clients``, ``catalogue_money`` and ``catalogue_service``; nothing else in the package
defines a column.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from insights.data import catalogue_clients, catalogue_money, catalogue_service
from insights.data.columns import (
    CODED_KINDS,
    CURRENCY,
    FIRST_DATE,
    LAST_DATE,
    MONEY_LIMIT,
    Column,
    Kind,
    TableSpec,
)

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = [
    "CODED_KINDS",
    "CURRENCY",
    "FIRST_DATE",
    "LAST_DATE",
    "MONEY_LIMIT",
    "RULES",
    "TABLES",
    "Column",
    "Kind",
    "TableSpec",
    "schema",
]

TABLES: dict[str, TableSpec] = {
    spec.name: spec for catalogue in (catalogue_clients, catalogue_money, catalogue_service) for spec in catalogue.SPECS
}

RULES: dict[str, str] = {
    "not_nullable": "a required value is missing",
    "wrong_type": "the values are not of the column's kind",
    "unknown_code": "the code is not in the list",
    "outside_range": "the value lies outside its possible range",
    "negative_amount": "the amount cannot be negative",
    "absurd_amount": "the amount is absurd",
    "date_outside_range": f"the date lies before {FIRST_DATE.year} or after {LAST_DATE.year}",
    "not_month_start": "the month is not written as its first day",
    "nobody_named": "none of the columns that say who it is about is filled",
}
"""Every rule that the schemas check, by the name that the ledger shows, in words."""


def schema(table: str, extra_codes: Mapping[str, Iterable[str]] | None = None) -> "pa.DataFrameSchema":
    """Return the pandera schema of a canonical table.

    The frame that it validates holds typed values as DuckDB hands them to pandas: days, months and timestamps as
    datetime64, money and numbers as numbers, flags as booleans, the rest as strings; empty values are null. Columns
    that the bank does not deliver may be missing, unless they are required, and columns unknown to the table (a row
    number) are let through. The failure cases of a lazy validation carry a name from ``RULES`` in ``check``.

    ``extra_codes`` adds the bank's own codes by column. Raises KeyError for an unknown table.
    """
    import pandera.pandas as pa  # a second that only intake needs

    spec = TABLES[table]
    own = {column: tuple(codes) for column, codes in (extra_codes or {}).items()}
    return pa.DataFrameSchema(
        {_key(c): _schema_column(c, own.get(c.name, ())) for c in spec.columns},
        checks=[_one_of(group) for group in spec.one_of],
        coerce=False,
        strict=False,
        name=spec.name,
        description=f"one row per {spec.row}",
        metadata={"key": spec.key, "date": spec.date, "month": spec.month},
    )


def _key(column: Column) -> str:
    return "^" + column.name.replace("*", ".+") + "$" if column.is_pattern else column.name


def _schema_column(column: Column, own_codes: tuple[str, ...]) -> "pa.Column":
    import pandera.pandas as pa

    return pa.Column(
        None,
        checks=[_type_check(column.kind), *_value_checks(column, own_codes)],
        nullable=column.nullable,
        required=column.required,
        coerce=False,
        regex=column.is_pattern,
        title=column.label,
        description=column.meaning,
        metadata={"kind": column.kind, "unit": column.unit, "meaning": column.meaning, "label": column.label},
    )


def _type_check(kind: Kind) -> "pa.Check":
    """Check that the column's dtype fits its kind; the dtype differs with the nulls in it, so a set is allowed."""
    import pandera.pandas as pa

    return pa.Check(lambda values: _fits(kind, values), name="wrong_type", error="wrong_type", ignore_na=False)


def _fits(kind: Kind, values: pd.Series) -> bool:
    types = pd.api.types
    if values.isna().all():
        return True
    if kind in ("date", "month", "timestamp"):
        return types.is_datetime64_any_dtype(values)
    if kind in ("money", "integer", "number"):
        return types.is_numeric_dtype(values) and not types.is_bool_dtype(values)
    if kind == "flag":
        return types.is_bool_dtype(values.dropna().infer_objects())
    return types.is_string_dtype(values.dropna())


def _value_checks(column: Column, own_codes: tuple[str, ...]) -> "list[pa.Check]":
    if column.codes is not None:
        allowed = {*column.codes, *own_codes}
        return [_check("unknown_code", lambda v: v.isin(allowed))]
    if column.kind in ("date", "month", "timestamp"):
        until = pd.Timestamp(LAST_DATE) + pd.Timedelta(days=1)
        checks = [_check("date_outside_range", lambda v: (v >= pd.Timestamp(FIRST_DATE)) & (v < until))]
        return checks + ([_check("not_month_start", lambda v: v.dt.day == 1)] if column.kind == "month" else [])
    if column.kind == "money":
        checks = [_check("absurd_amount", lambda v: v.abs() <= MONEY_LIMIT)]
        return checks + ([_check("negative_amount", lambda v: v >= 0)] if column.low == 0 else [])
    if column.low is not None or column.high is not None:
        low, high = column.low, column.high
        return [
            _check(
                "outside_range", lambda v: v.between(-np.inf if low is None else low, np.inf if high is None else high)
            )
        ]
    return []


def _check(name: str, test: Callable[[pd.Series], pd.Series]) -> "pa.Check":
    import pandera.pandas as pa

    return pa.Check(test, name=name, error=name)


def _one_of(columns: tuple[str, ...]) -> "pa.Check":
    import pandera.pandas as pa

    def somebody(frame: pd.DataFrame) -> pd.Series:
        present = [c for c in columns if c in frame.columns]
        return frame[present].notna().any(axis=1) if present else pd.Series(False, index=frame.index)

    return pa.Check(somebody, name="nobody_named", error="nobody_named", ignore_na=False)
