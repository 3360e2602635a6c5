"""The client-months that models of leaving are fitted to, as arrays, and what of them was known at a landmark.

All landmarks share one extraction. The features of a month are what was known before it, whatever the day they are
looked at from; so to stand at an earlier landmark it is enough to drop the months after it, and the exits that were not
known by then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from pandas.util import hash_array

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.errors import SnapshotError
from insights.models.cache import once
from insights.models.columns import EMPTY, Taken, read_columns
from insights.models.exits.counts import UNKNOWN
from insights.models.features import client_months

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Singles = npt.NDArray[np.float32]

MISSING = EMPTY
"""The code of a manager or level that is not known."""

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class ExitRows:
    """Client-months, sorted by client, spell and month; all arrays have length n.

    ``month`` counts months from year 0 (year * 12 + month - 1); ``tenure`` is in months; ``cause`` is 0 in a month that
    the client stayed through and otherwise 1 + the place in ``causes``; ``known`` is the day (ordinal) on which that
    exit was known; ``outflow`` is 1 in the month of a large outflow (nan where it cannot be told); ``assets_before``
    are the assets known before the month (currency). ``numeric`` are float features and ``categories`` codes with their
    ``levels``; nan and -1 are missing. ``refused`` says why a feature is not there.
    """

    client: Codes
    spell: Codes
    month: Codes
    tenure: Singles
    manager: Codes
    cause: Codes
    known: Ints
    outflow: Singles
    assets_before: npt.NDArray[np.float64]
    numeric: Mapping[str, Singles]
    categories: Mapping[str, Codes]
    clients: tuple[str, ...] = field(repr=False)
    managers: tuple[str, ...] = field(repr=False)
    causes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]
    lag: int

    @property
    def n(self) -> int:
        """Number of client-months."""
        return len(self.client)

    def take(self, rows: npt.NDArray[np.bool_] | Ints) -> "ExitRows":
        """Return some of the rows; features are copied when they are asked for."""
        own = ("client", "spell", "month", "tenure", "manager", "cause", "known", "outflow", "assets_before")
        changed = {name: getattr(self, name)[rows] for name in own}
        return replace(self, **changed, numeric=Taken(self.numeric, rows), categories=Taken(self.categories, rows))

    def until(self, landmark: date) -> "ExitRows":
        """Return what was known at the end of the landmark: the complete months up to it, exits known by then.

        A client whose exit was not known yet is in force: he has stayed through the month in which he left.
        """
        rows = self.take(self.month <= last_complete(landmark))
        return replace(rows, cause=np.where(rows.known <= landmark.toordinal(), rows.cause, 0).astype(np.int32))

    def at(self, landmark: date) -> "ExitRows":
        """Return one row for each relationship in force at the landmark: the month after the last complete one.

        Its features are what was known before that month. What happened in it is no feature.
        """
        gone = (self.cause > 0) & (self.known <= landmark.toordinal())
        return self.take((self.month == last_complete(landmark) + 1) & ~gone)

    def with_past(self, months: int) -> Ints:
        """Return the positions of the rows of which the same relationship has one ``months`` earlier."""
        now, before = slice(months, None), slice(max(self.n - months, 0))
        same = (self.client[now] == self.client[before]) & (self.spell[now] == self.spell[before])
        return months + np.flatnonzero(same & (self.month[now] - self.month[before] == months))

    def seen_from(self, at: Ints, months: int) -> "ExitRows":
        """Return the rows at some positions (see ``with_past``) with features known ``months`` earlier."""
        rows, before = self.take(at), at - months
        return replace(
            rows,
            manager=self.manager[before],
            assets_before=self.assets_before[before],
            numeric=Taken(self.numeric, before),
            categories=Taken(self.categories, before),
        )

    def of(self, codes: Codes, labels: tuple[str, ...]) -> npt.NDArray[np.object_]:
        """Return labels for codes, None for missing ones."""
        return np.array([*labels, None], dtype=object)[codes]


def exit_rows(bank: Bank, lag: int | None = None) -> ExitRows:
    """Return the client-months of the bank with features known ``lag`` months before (default: the settings).

    Reaches one month beyond the as-of date, in which nothing has happened: its features are those for today. Computed
    once per bank and lag. Raises SnapshotError without a window, as ``models.exits.counts.spells`` does.
    """
    lag = bank.settings.lifecycle.lag_months if lag is None else lag
    return once(bank, ("exit_rows", lag), lambda: _extracted(bank, lag), on_disk=True)


def lots(rows: ExitRows) -> npt.NDArray[np.float64]:
    """Return a number from 0 to 1 for each client code, drawn from his pseudonym: the same in every run."""
    return hash_array(np.array(rows.clients, dtype=object)).astype(np.float64) / 2.0**64


def _extracted(bank: Bank, lag: int) -> ExitRows:
    if bank.window_from is None:
        raise SnapshotError(
            "models of leaving need the day from which leavers are completely recorded",
            expected="complete_from under [window] in bank.toml",
            todo="ask the bank since when clients who left stay in the client file, and write that month down",
        )
    features = client_months(bank, lag=lag, ahead=1)
    rows = _with_known(bank, features.rows)
    left = rows.exit == 1
    outflow = rows.outflow if "outflow" in rows.columns else ibis.null("float64")
    chosen = rows.select(
        "client_id",
        "manager",
        spell=rows.spell.cast("int32"),
        month=(rows.month.year() * 12 + rows.month.month() - 1).cast("int32"),
        tenure=rows.tenure_months.cast("float32"),
        reason=left.ifelse(ibis.coalesce(rows.leave_reason, UNKNOWN), ""),
        known=rows["_known"].delta(ibis.literal(EPOCH), unit="day").cast("int64"),
        outflow=outflow.cast("float32"),
        assets_before=rows.assets_before.cast("float64"),
        **{f"n_{name}": rows[name].cast("float32") for name in features.numeric},
        **{f"c_{name}": rows[name].cast("string") for name in features.categories},
    )
    texts = ("client_id", "manager", "reason", *(f"c_{name}" for name in features.categories))
    told = read_columns(bank.con, chosen, texts)
    clients, client = told.coded("client_id")
    spell, month = told.numbers("spell", np.int32), told.numbers("month", np.int32)
    order = np.lexsort((month, spell, client))
    managers, manager = told.coded("manager")
    reasons, reason = told.coded("reason")
    causes = tuple(r for r in reasons if r)
    place = np.array([causes.index(r) + 1 if r else 0 for r in reasons] or [0], dtype=np.int32)
    coded = {name: told.coded(f"c_{name}") for name in features.categories}
    known = np.nan_to_num(told.numbers("known", np.float64), nan=0.0).astype(np.int64) + EPOCH.toordinal()
    return ExitRows(
        client=client[order],
        spell=spell[order],
        month=month[order],
        tenure=told.numbers("tenure", np.float32)[order],
        manager=manager[order],
        cause=place[reason][order],
        known=known[order],
        outflow=told.numbers("outflow", np.float32)[order],
        assets_before=told.numbers("assets_before", np.float64)[order],
        numeric={name: told.numbers(f"n_{name}", np.float32)[order] for name in features.numeric},
        categories={name: codes[order] for name, (_, codes) in coded.items()},
        clients=clients,
        managers=managers,
        causes=causes,
        levels={name: labels for name, (labels, _) in coded.items()},
        refused=features.refused,
        lag=lag,
    )


def _with_known(bank: Bank, rows: ir.Table) -> ir.Table:
    """Add the day on which the bank knew of the end of the relationship; the day itself where it does not say."""
    end = (rows.month + ibis.interval(months=1) - ibis.interval(days=1)).cast("date")
    clients = bank.table("clients")
    if "left_on" not in clients.columns:
        return rows.mutate(_known=end)
    told = clients.left_known_on if "left_known_on" in clients.columns else clients.left_on
    exits = clients.filter(clients.left_on.notnull())
    exits = exits.select("client_id", _left=clients.left_on, _told=ibis.coalesce(told, clients.left_on))
    rows = rows.left_join(exits, "client_id").drop("client_id_right")
    # An earlier relationship of a client who came back has no such day of its own.
    last = ibis.coalesce(rows["_left"].truncate("M").cast("date") == rows.month, False)
    return rows.mutate(_known=last.ifelse(rows["_told"], end)).drop("_left", "_told")
