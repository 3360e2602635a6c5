"""What was known about each client before each month: the covariates of every model of leaving.

A feature is computed from what the bank knew ``lag`` months before the month that it predicts. An attribute of the
client counts only with its history, or where the bank declares that it never changes; today's value in a past month
would be a look ahead.
"""

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from insights.data.panel import panel
from insights.data.snapshot import Bank
from insights.models.attributes import CATEGORIES, OWN, attach_answer, attach_attributes, attach_programmes
from insights.models.outflows import NEEDS, with_outflows

PROGRAMME = "programme_"
"""Prefix of the features that say whether a client was in the treated arm of a randomised programme."""

HAPPENED = ("assets", "flows")
KNOWN = ("assets", "flows", "contacts", "complaints", "visits")
"""The panel's measures of a month, and with a lag, that features and outflows are made of."""


@dataclass(frozen=True)
class Features:
    """The client-month table with its covariates.

    ``rows`` has columns of the panel (see ``insights.data.panel``; of its measures ``HAPPENED`` and ``KNOWN``),
    ``manager`` (who looked after the client then, null where not known), ``assets_before`` (known assets, currency;
    null where there is none), the ``numeric`` covariates as floats, the ``categories`` as text, and ``outflow`` of the
    month where bookings are delivered. Any of them may be null. ``refused`` says of every feature that this bank does
    not allow why.
    """

    rows: ir.Table
    numeric: tuple[str, ...]
    categories: tuple[str, ...]
    refused: dict[str, str]
    lag: int


def client_months(bank: Bank, *, lag: int | None = None, ahead: int = 0) -> Features:
    """Return every client-month with a full history of features, and the features.

    A client who entered late has no history in his first ``history_months`` months: "no complaint in six months" would
    be said of clients who had one before the window. Those months are left out, and he enters that much later; so are
    the first ``lag`` months of a new client, of whom nothing was known then. ``ahead`` adds months after the as-of
    date for those in force on it (see ``panel``).
    """
    rules = bank.settings.lifecycle
    lag = rules.lag_months if lag is None else lag
    known = f"_lag{lag}"
    rows = _with_history(panel(bank, lag=lag, ahead=ahead, happened=HAPPENED, known=KNOWN), rules.history_months, lag)
    if not bank.needs(*NEEDS):
        rows = with_outflows(bank, with_outflows(bank, rows), known=known)
    rows, refused = attach_attributes(bank, rows, lag)
    rows = attach_answer(bank, rows, lag)
    rows, programmes = attach_programmes(bank, rows, PROGRAMME)
    made: dict[str, ir.Value] = {}
    for name, (needs, make) in _NUMERIC.items():
        absent = [column.format(known=known) for column in needs if column.format(known=known) not in rows.columns]
        if absent:
            refused.setdefault(name, f"needs {', '.join(c.removesuffix(known) for c in absent)}")
        else:
            made[name] = make(rows, known).cast("float64")
    own = {c: rows[c].cast("float64") for c in rows.columns if c.startswith(OWN)}
    made |= own
    before = rows[f"assets{known}"] if f"assets{known}" in rows.columns else ibis.null("float64")
    rows = rows.mutate(**made, assets_before=before).filter(lambda t: t["_history"]).drop("_history")
    categories = tuple(c for c in CATEGORIES if c in rows.columns)
    return Features(rows, (*made, *programmes), categories, refused, lag)


def _with_history(rows: ir.Table, history: int, lag: int) -> ir.Table:
    """Mark the months whose features can be known: a client of last month has none two months ago."""
    spell = ibis.window(group_by=["client_id", "spell"])
    number = ibis.row_number().over(ibis.window(group_by=["client_id", "spell"], order_by="month"))
    late = rows.entry.max().over(spell) == 1
    rows = rows.mutate(_number=number, _late=late)
    enough = rows["_late"].ifelse(rows["_number"] >= history, rows.tenure_months >= lag)
    return rows.mutate(_history=enough).drop("_number", "_late")


def _back(months: int) -> ibis.expr.builders.WindowBuilder:
    """Return the window of so many rows up to this one; the rows of a spell are its months, without gaps."""
    return ibis.window(group_by=["client_id", "spell"], order_by="month", preceding=(months - 1, 0))


_NUMERIC: dict[str, tuple[tuple[str, ...], Callable[[ir.Table, str], ir.Value]]] = {
    # A doubling of assets is a step of one; below one unit of currency there is nothing to lose.
    "log2_assets": (("assets{known}",), lambda t, k: ibis.greatest(t[f"assets{k}"], 1.0).log2()),
    "complaint_6m": (("complaints{known}",), lambda t, k: t[f"complaints{k}"].max().over(_back(6)) > 0),
    "log2_contacts_6m": (("contacts{known}",), lambda t, k: (t[f"contacts{k}"].sum().over(_back(6)) + 1).log2()),
    "outflow_12m": (("outflow{known}",), lambda t, k: t[f"outflow{k}"].max().over(_back(12)) > 0),
    "net_share_3m": (("net_share{known}",), lambda t, k: ibis.greatest(ibis.least(t[f"net_share{k}"], 1.0), -1.0)),
    "online_3m": (("visits{known}",), lambda t, k: t[f"visits{k}"].sum().over(_back(3)) > 0),
    "age_decades": (("birth_year",), lambda t, k: (t.month.year() - t.birth_year - 60) / 10),
    "risk_tolerance": (("risk_tolerance",), lambda t, k: t.risk_tolerance),
    "investing_decades": (("experience_years",), lambda t, k: t.experience_years / 10),
    "manager_decades": (("manager_since",), lambda t, k: (t.month - t.manager_since).cast("float64") / 3652.5),
    "satisfaction": (("satisfaction",), lambda t, k: t.satisfaction),
    "recommendation": (("recommendation",), lambda t, k: t.recommendation),
}
"""Name of each numeric feature, the columns it needs, and how it is made; yes or no is 1 or 0."""
