"""What loans may cost: expected loss, the shortfall if collateral loses value, and on whom it all hangs."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.households import household_of
from insights.models.risk.defaults import YEAR, Defaults, defaults
from insights.models.risk.loans import DEFAULT, UNCOVERED, Loans, loans
from insights.stats.concentration import herfindahl
from insights.stats.results import Estimate, NotEstimable

FALLS = (0.1, 0.2, 0.3)
TOP = 10
COVER_SHARES = (0.7, 0.8, 0.9, 1.0)
TRACK = 36
"""Months whose warnings and defaults are looked back on."""


@dataclass(frozen=True)
class Credit:
    """The loans of the last month and what they may cost.

    ``today``: the loans of the last month (see ``Loans.today``) with ``pd`` (nan where untold), ``loss`` (expected,
    currency), household. ``loss`` and ``chance`` are the sums and the mean of the performing loans with their
    intervals. ``shortfalls``: by fall of the collateral, by loan (n).
    """

    today: pd.DataFrame = field(repr=False)
    learned: Defaults | NotEstimable
    chance: Estimate | NotEstimable
    loss: Estimate | NotEstimable
    shortfalls: dict[float, np.ndarray] = field(repr=False)


def credit(bank: Bank) -> Credit:
    """Return what the loans of the last month may cost, made once per bank; check ``loans.NEEDS`` first.

    Expected loss is the chance of default within twelve months times what is drawn times the share that is lost:
    ``loss_given_default`` of the part that nothing covers, ``loss_given_default_covered`` of the rest. Those shares are
    the bank's assumption. The interval is that of the number of defaults seen.
    """
    return once(bank, "risk_credit", lambda: _made(bank))


def _made(bank: Bank) -> Credit:
    found, rules = loans(bank), bank.settings.value
    today = found.today
    uncovered = today[f"cover_{UNCOVERED}"].to_numpy(float)
    drawn = today["drawn"].to_numpy(float)
    severity = rules.loss_given_default * uncovered + rules.loss_given_default_covered * (drawn - uncovered)
    performing = (today["state"] != DEFAULT).to_numpy()
    told = defaults(bank)
    chance: Estimate | NotEstimable
    loss: Estimate | NotEstimable
    if isinstance(told, NotEstimable) or not performing.any():
        why = told if isinstance(told, NotEstimable) else NotEstimable("no loan performs")
        today["pd"], today["loss"], chance, loss = np.nan, np.nan, why, why
    else:
        today["pd"] = np.where(performing, told.within_year(today), np.nan)
        today["loss"] = np.where(performing, today["pd"] * severity, np.nan)
        low, high = (end / told.monthly.value for end in (told.monthly.low, told.monthly.high))
        n, events = int(performing.sum()), told.monthly.n_events
        mean, total = float(today["pd"].mean()), float(today["loss"].sum())
        chance = Estimate(mean, mean * low, min(mean * high, 1.0), "share", n, events)
        loss = Estimate(total, total * low, total * high, "money", n, events)
    today["household"] = household_of(bank, today["client_id"])
    cover = today["guarantee"].to_numpy(float) + today["insurance"].to_numpy(float)
    collateral = today["collateral"].to_numpy(float)
    short = {
        fall: np.where(performing, np.maximum(drawn - (1 - fall) * collateral - cover, 0.0), 0.0) for fall in FALLS
    }
    return Credit(today, told, chance, loss, short)


def concentration(today: pd.DataFrame, by: str) -> tuple[float, float, np.ndarray]:
    """Return the Herfindahl index, the share of the ten largest, and the sums by ``by``, the largest first."""
    sums = np.sort(today.groupby(by)["drawn"].sum().to_numpy(float))[::-1]
    total = sums.sum()
    return herfindahl(sums), float(sums[:TOP].sum() / total) if total > 0 else float("nan"), sums


@dataclass(frozen=True)
class Track:
    """How good past warnings of loans were.

    ``warnings`` began in the 36 months that ended a year ago, the first of each client in that time; ``hits`` of them
    were followed by a default within twelve months. Of ``defaults`` in the last 36 months, ``warned`` had been on watch
    in the twelve months before, first ``lead`` months (each) before.
    """

    warnings: int
    hits: int
    defaults: int
    warned: int
    lead: np.ndarray = field(repr=False)

    @property
    def false_alarms(self) -> int:
        """Warnings that no default followed."""
        return self.warnings - self.hits


def track(bank: Bank) -> Track | None:
    """Return how good past warnings of loans were, made once per bank; None where defaults are not recorded."""
    found = loans(bank)
    return once(bank, "risk_track", lambda: looked_back(found.rows, found.last) if found.defaults_recorded else None)


def tracks(bank: Bank) -> dict[float, Track]:
    """Return how good warnings of loans would have been by the share of the collateral from which a loan is watched.

    Made once per bank; empty where defaults are not recorded. ``COVER_SHARES`` and the share of the settings, in order.
    """
    found = loans(bank)
    if not found.defaults_recorded:
        return {}
    shares = sorted({*COVER_SHARES, bank.settings.risk.watch_cover})
    return once(bank, "risk_tracks", lambda: {share: _watched_from(found, share) for share in shares})


def _watched_from(found: Loans, share: float) -> Track:
    rows = found.rows
    near = rows["drawn"] > share * rows["collateral"]
    watched = rows["performing"] & ((rows["late"] > 0) | near) & (rows["drawn"] > 0)
    return looked_back(rows.assign(watched=watched), found.last)


def looked_back(rows: pd.DataFrame, last: int) -> Track:
    """Return how good warnings were; ``rows`` are those of ``Loans``, by client and month.

    A warning begins in the first month in which a loan is watched after one in which it was not. A client counts once,
    however often he was watched: ten warnings of one client are about one person, and disclosure counts persons.
    """
    client, month, watched = (rows[c].to_numpy() for c in ("client_id", "month", "watched"))
    default = rows["default"].to_numpy()
    before = np.concatenate([[False], (client[1:] == client[:-1]) & (month[1:] == month[:-1] + 1) & watched[:-1]])
    begins = watched & ~before & (month <= last - YEAR) & (month > last - YEAR - TRACK)
    begins[begins] = ~pd.Series(client[begins]).duplicated().to_numpy()
    hit = begins & (default <= month + YEAR)
    fell = rows.loc[(default > last - TRACK) & (default <= last), ["client_id", "default"]].drop_duplicates()
    own = rows.loc[watched & (month < default) & (month >= default - YEAR), ["client_id", "month"]]
    first = own.groupby("client_id")["month"].min().reindex(fell["client_id"]).to_numpy(float)
    lead = fell["default"].to_numpy(float) - first
    lead = lead[~np.isnan(lead)]
    return Track(int(begins.sum()), int(hit.sum()), len(fell), len(lead), lead)
