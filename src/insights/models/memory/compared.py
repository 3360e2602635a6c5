"""A delivery beside that of an earlier run: what is gone, what has moved in the same months, what new rows are like.

Three questions. Are tables and columns still there? Is what was delivered for some months still delivered for them
(exactly the same months, so nothing here is chance)? Are the values of the rows since then from the distribution of the
twelve months before (stability index with its sampling error)?
"""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.data.tables import TABLES
from insights.models.memory.inputs import delivered, is_number, marks
from insights.models.memory.shapes import Delivered
from insights.stats.drift import stability_index
from insights.stats.results import Estimate

GONE, NEW, FEWER, MORE, RESTATED, SHIFTED = "gone", "new", "fewer", "more", "restated", "shifted"
LATE = 0.05
"""So much of what earlier months hold may come late or be corrected without a word."""
MOVED, SAME = 0.1, 1e-9
"""A mean of the same months that moved by more of a standard deviation was restated; so little of itself is nothing."""
SHIFT = 0.1
"""The lower end of the index above which new rows count as shifted."""
BINS, MOST_VALUES = 10, 20
FEWEST_ROWS = 20
LEVEL = 0.999
COLUMNS = ["what", "table", "column", "before", "now", "low", "high", "n"]


def compared(bank: Bank, then: Delivered, day: date) -> pd.DataFrame:
    """Return what is different from an earlier run as of ``day``, one row each.

    ``what``: "gone" or "new" (a table, or a column of one), "fewer" or "more" (rows of the months that both know;
    before and now are numbers of rows), "restated" (a column's mean of the twelve months before ``day``), "shifted"
    (rows since: ``now`` is the stability index with low and high). ``n`` is how many values are behind a row.
    """
    now = delivered(bank)
    rows = [*_schema(now, then), *_rows(now, then, day), *_restated(bank, then, day), *_shifted(bank, day)]
    return pd.DataFrame(rows, columns=COLUMNS)


def compared_rows(now: Delivered, then: Delivered, day: date) -> pd.DataFrame:
    """Return what ``compared`` tells of tables, columns and numbers of rows, of two runs that only remember them."""
    return pd.DataFrame([*_schema(now, then), *_rows(now, then, day)], columns=COLUMNS)


def _schema(now: Delivered, then: Delivered) -> list[dict[str, object]]:
    found = []
    have, had = (set(zip(d.columns["table"], d.columns["column"], strict=True)) for d in (now, then))
    tables, were = {t for t, _ in have}, {t for t, _ in had}
    for what, whole, parts, others in (
        (GONE, were - tables, had - have, tables),
        (NEW, tables - were, have - had, were),
    ):
        found += [{"what": what, "table": t, "column": ""} for t in sorted(whole)]
        found += [{"what": what, "table": t, "column": c} for t, c in sorted(parts) if t in others]
    return found


def _rows(now: Delivered, then: Delivered, day: date) -> list[dict[str, object]]:
    """Compare the rows of the months that were complete then, table by table."""
    found: list[dict[str, object]] = []
    last = day.replace(day=1).isoformat()
    for table in sorted(set(now.rows["table"]) & set(then.rows["table"])):
        one, other = (d.rows[d.rows["table"] == table] for d in (now, then))
        first = max(one["month"].min(), other["month"].min())
        sizes = [int(r.loc[(r["month"] >= first) & (r["month"] <= last), "rows"].sum()) for r in (one, other)]
        if (one["month"] == "").all():
            sizes = [int(one["rows"].sum()), int(other["rows"].sum())]
        if max(sizes) < FEWEST_ROWS:
            continue
        if sizes[0] < (1 - LATE) * sizes[1]:
            found.append({"what": FEWER, "table": table, "column": "", "before": sizes[1], "now": sizes[0]})
        elif sizes[0] > (1 + LATE) * sizes[1] and TABLES[table].known is None:  # else they may be known late
            found.append({"what": MORE, "table": table, "column": "", "before": sizes[1], "now": sizes[0]})
    return found


def _restated(bank: Bank, then: Delivered, day: date) -> list[dict[str, object]]:
    both = marks(bank, day).merge(then.marks, on=["table", "column"], suffixes=("", "_then"))
    found: list[dict[str, object]] = []
    for r in both.to_dict("records"):
        enough = min(r["filled"], r["filled_then"]) >= FEWEST_ROWS
        least = max(MOVED * r["sd_then"], SAME * abs(r["mean_then"]))
        if enough and abs(r["mean"] - r["mean_then"]) > least:
            head = {"what": RESTATED, "table": r["table"], "column": r["column"]}
            size = min(r["filled"], r["filled_then"])
            found.append(head | {"before": r["mean_then"], "now": r["mean"], "n": size})
    return found


def _shifted(bank: Bank, day: date) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for table in bank.tables_present:
        view, dated = bank.table(table), TABLES[table].date
        columns = sorted(c for c in view.columns if is_number(table, c, view) and not _money(table, c))
        if dated is None or dated not in view.columns or TABLES[table].month or not columns:
            continue  # a month table shows the same clients again: its values are a state, not new rows
        at = view[dated]
        since = ibis.literal(add_months(day, -12), "date")
        recent = view.filter(at > since).select(*columns, _new=at > ibis.literal(day, "date")).cache()
        sizes = recent.agg(new=recent["_new"].cast("int64").sum(), all=recent.count()).execute().iloc[0]
        if not sizes["new"] or sizes["new"] < FEWEST_ROWS:
            continue
        for column in columns:
            index = stability_index(*_histograms(recent, column), level=LEVEL)
            if isinstance(index, Estimate) and index.low > SHIFT:
                head = {"what": SHIFTED, "table": table, "column": column, "now": index.value}
                found.append(head | {"low": index.low, "high": index.high, "n": index.n})
    return found


def _money(table: str, column: str) -> bool:
    """Whether a column holds amounts: those of one month differ from those of a year with every quarterly fee."""
    spec = TABLES[table].column(column)
    return spec is not None and spec.kind == "money"


def _histograms(recent: ir.Table, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the histograms of new and of earlier rows over the values themselves, or over tenths of the earlier."""
    told = recent.filter(recent[column].notnull()).select(new="_new", value=recent[column].cast("float64"))
    values = told.value.nunique().execute()
    if values <= MOST_VALUES:
        at = told.value
    else:
        edges = told.filter(~told.new).value.quantile([k / BINS for k in range(1, BINS)]).execute()
        at = sum((told.value > float(edge)).cast("int64") for edge in np.unique(np.asarray(edges, float)))
    counts = (
        told.mutate(at=at).group_by("at").agg(new=told.new.cast("int64").sum(), old=(~told.new).cast("int64").sum())
    )
    frame = counts.execute()
    return frame["new"].to_numpy(float), frame["old"].to_numpy(float)
