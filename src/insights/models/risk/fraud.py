"""Fraud: payments screened by what is unusual about them, and how good that would have been at what analysts can do.

The threshold of the test follows from what was known when the test begins: payments and labels of before. Its outcome
is told of payments whose labels have had time to come. What became of those that nobody looked into is not known, so
the share of frauds among alerts has a lower bound (none of them was one) and an upper (as many as of the others).
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.settings_risk import FraudSection
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.fraud_scores import Scores, alerted, scores
from insights.models.risk.payments import (
    BETWEEN,
    EARLY,
    FEATURES,
    LATE,
    NEEDS,
    RULES,
    TEST,
    Cells,
    Days,
    clients_of,
    days_since,
    drawn,
    payments_of,
    rules_of,
    screened,
)
from insights.stats.proportions import proportion, rate
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring.precision import average_precision

TEST_DAYS = 365
FEWEST_FOUND = 10
"""Frauds that a test must have found."""
LOOKED_INTO = 0.8
"""Share of the drawn sample that must have been looked into before misses are told."""
REPLICATES = 200
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trial:
    """How good the screening would have been in a year whose labels have had time to come.

    ``alerts`` and ``frauds``: the payments that raised an alert, and the frauds found by whatever way (with ``caught``:
    whether they raised one). ``confirmed``: frauds by alerts, the lower bound of the precision; ``of_known``: by alerts
    that were looked into; ``area`` under the curve of precision and recall, ``base`` its value for a blind order;
    ``missed``: frauds below the threshold that the drawn sample tells of. ``per_day``: alerts a day.
    """

    alerts: pd.DataFrame = field(repr=False)
    frauds: pd.DataFrame = field(repr=False)
    confirmed: Estimate
    of_known: Estimate | NotEstimable
    area: Estimate
    base: float
    missed: Estimate | NotEstimable
    per_day: float
    learned: bool
    bound_by: str


@dataclass(frozen=True)
class Fraud:
    """The screening as of today.

    ``volume``: payments a day, ``capacity``: those that can be looked into a day; ``rules``: rule, n (payments that it
    struck in the year of the test), clients (theirs) and fraud; ``learning``: why nothing is learned from labels (""
    where it is); ``late``: of frauds old enough to know, the share that was labelled after the maturation;
    ``open`` and ``sample``: the alerts and the drawn payments of the last days, with ``place`` (1 the most
    suspicious). ``days``: those of the trial.
    """

    screened: int
    clients: int
    volume: float
    capacity: float
    rules: pd.DataFrame = field(repr=False)
    learning: str
    bound_by: str
    trial: Trial | NotEstimable
    late: Estimate | NotEstimable
    open: pd.DataFrame = field(repr=False)
    sample: pd.DataFrame = field(repr=False)
    days: Days


def fraud(bank: Bank) -> Fraud | NotEstimable:
    """Return the screening of payments, made once per bank; check ``NEEDS`` first."""
    return once(bank, "risk_fraud", lambda: _made(bank), on_disk=True)


def trial_days(today: int, rules: FraudSection) -> Days:
    """Return the days of the trial: the last year whose labels are mature, and the day before which they were then."""
    ends = today - rules.maturation_days
    begins = ends - TEST_DAYS + 1
    return Days(begins - rules.maturation_days, begins, ends, today)


def _made(bank: Bank) -> Fraud | NotEstimable:
    rules = bank.settings.risk.fraud
    days = trial_days(days_since(bank.as_of), rules)
    cells = screened(bank.con, bank.table("transactions"), rules, days)
    if not len(cells.rows):
        return NotEstimable("no payments to screen")
    return judged(cells, rules, days)


def judged(cells: Cells, rules: FraudSection, days: Days) -> Fraud:
    """Return the screening of payments that the engine has screened."""
    today = _open(cells, rules, days)
    t = cells.table
    clients, found = t.client_id.nunique().execute(), _frauds(cells, rules)
    old = found[found["day"] <= days.today - 2 * rules.maturation_days]
    slow = int((old["labelled"] - old["day"] > rules.maturation_days).sum())
    late = proportion(slow, len(old)) if len(old) >= FEWEST_FOUND else NotEstimable("fewer than ten old frauds")
    return Fraud(
        int(cells.rows["n"].sum()),
        int(clients),
        _per_day(cells, days.today),
        rules.analysts * rules.cases_per_day,
        _struck(cells, days),
        trial=tried(cells, rules, days, found),
        late=late,
        days=days,
        **today,
    )


def tried(cells: Cells, rules: FraudSection, days: Days, found: pd.DataFrame) -> Trial | NotEstimable:
    """Return how good the screening would have been; ``found`` are all payments labelled as frauds."""
    if not len(found):
        return NotEstimable("no payment is labelled as a fraud")
    past = cells.of(EARLY, BETWEEN)
    if not len(past) or not len(cells.of(TEST)):
        return NotEstimable("labels are immature: payments do not go back far enough")
    frauds = found[(found["day"] >= days.begins) & (found["day"] <= days.ends)]
    if len(frauds) < FEWEST_FOUND:
        return NotEstimable(f"{len(frauds)} frauds among the payments of the test; {FEWEST_FOUND} are needed")
    each, by = _by_cell(cells)
    volume = by("n", EARLY, BETWEEN)
    scored = scores(each, volume, by("fraud_then", EARLY), by("n", EARLY))
    share = _share(rules, _per_day(cells, days.begins - 1))
    chosen, bound_by = alerted(scored, volume, _mean_amount(cells, each), share, rules)
    numbers = each["cell"].to_numpy()[chosen]
    alerts = payments_of(cells, numbers, days.begins, days.ends)
    frauds = frauds.assign(caught=frauds["transactions_id"].isin(alerts["transactions_id"]))
    n, hits = len(alerts), int(frauds["caught"].sum())
    cleared = int(alerts["label"].isin(rules.cleared).sum())
    if not n:
        return NotEstimable("no payment of the test raised an alert")
    known = proportion(hits, hits + cleared) if hits + cleared else NotEstimable("no alert was looked into")
    area, base = _area(scored, by("n", TEST), by("fraud", TEST))
    missed = _missed(cells, rules, days, set(alerts["transactions_id"]))
    per_day = n / (days.ends - days.begins + 1)
    return Trial(alerts, frauds, proportion(hits, n), known, area, base, missed, per_day, scored.learned, bound_by)


def _struck(cells: Cells, days: Days) -> pd.DataFrame:
    own = cells.of(TEST)
    rows = []
    for rule, strikes in rules_of(own).items():
        hit = own[strikes]
        who = clients_of(cells, hit["cell"].to_numpy(), days.begins, days.ends)
        rows.append({"rule": rule, "n": int(hit["n"].sum()), "clients": who, "fraud": int(hit["fraud"].sum())})
    return pd.DataFrame(rows)


def _open(cells: Cells, rules: FraudSection, days: Days) -> dict[str, Any]:
    """Return the alerts and the drawn payments of the last days, by all that is known today."""
    each, by = _by_cell(cells)
    every = by("n", EARLY, BETWEEN, TEST, LATE)
    scored = scores(each, every, by("fraud", EARLY, BETWEEN, TEST), by("n", EARLY, BETWEEN, TEST))
    share = _share(rules, _per_day(cells, days.today))
    chosen, bound_by = alerted(scored, every, _mean_amount(cells, each), share, rules)
    first = days.today - rules.open_days + 1
    found = payments_of(cells, each["cell"].to_numpy()[chosen], first, days.today)
    found = _placed(found[found["label"].isna()], each, scored)
    below = drawn(cells, rules.sample_share, first, days.today)
    below = below[below["label"].isna() & ~below["transactions_id"].isin(found["transactions_id"])]
    why = scored.chance.reason if isinstance(scored.chance, NotEstimable) else ""
    return {
        "learning": why,
        "bound_by": bound_by,
        "open": found.reset_index(drop=True),
        "sample": _placed(below, each, scored).reset_index(drop=True),
    }


def _placed(rows: pd.DataFrame, each: pd.DataFrame, scored: Scores) -> pd.DataFrame:
    """Return payments with their place among themselves and the rules that strike (codes with commas between)."""
    own = rows.merge(each.assign(order=scored.order)[[*FEATURES, "order"]], on=list(FEATURES), how="left")
    own = own.sort_values(["order", "amount", "transactions_id"], ascending=[True, False, True], ignore_index=True)
    strikes = rules_of(own)
    own["rules"] = [",".join(r for r in RULES if strikes[r][k]) for k in range(len(own))]
    return own.assign(place=np.arange(1, len(own) + 1)).drop(columns="order")


def _share(rules: FraudSection, volume: float) -> float:
    """Return the share of payments that may raise an alert: what the drawn sample leaves of the capacity."""
    return max(rules.analysts * rules.cases_per_day / volume - rules.sample_share, 0.0)


def _per_day(cells: Cells, last: int) -> float:
    """Return the payments a day in the year up to a day, or since the first where that is less."""
    t = cells.table
    first = max(int(t.day.min().execute()), last - TEST_DAYS + 1)
    number = int(t.filter(t.day >= first, t.day <= last).count().execute())
    return max(number, 1) / max(last - first + 1, 1)


def _by_cell(cells: Cells) -> tuple[pd.DataFrame, Any]:
    """Return the cells, and a function for a column's sums over periods, by cell."""
    each = cells.rows.drop_duplicates("cell").sort_values("cell", ignore_index=True)

    def by(column: str, *periods: str) -> npt.NDArray[np.float64]:
        own = cells.of(*periods).groupby("cell")[column].sum()
        return np.asarray(own.reindex(each["cell"], fill_value=0).to_numpy(float))

    return each[[*FEATURES, "cell"]], by


def _mean_amount(cells: Cells, each: pd.DataFrame) -> npt.NDArray[np.float64]:
    sums = cells.rows.groupby("cell")[["amount", "n"]].sum().reindex(each["cell"])
    return np.asarray((sums["amount"] / sums["n"]).to_numpy(float))


def _frauds(cells: Cells, rules: FraudSection) -> pd.DataFrame:
    t = cells.table
    return t.filter(t.label.isin(rules.fraud)).order_by("day", "transactions_id").execute()


def _area(scored: Scores, n: npt.NDArray[np.float64], frauds: npt.NDArray[np.float64]) -> tuple[Estimate, float]:
    """Return the area under the curve of precision and recall with its interval, and the share of frauds.

    The interval draws payments anew; that payments to one payee belong together is not in it.
    """
    rng = np.random.default_rng(len(n))
    other = np.maximum(n - frauds, 0)
    count = np.concatenate([frauds, other])
    came = np.arange(2 * len(n)) < len(n)
    weights = np.column_stack([count, rng.poisson(count[:, None], (len(count), REPLICATES))]).astype(float)
    score = -np.concatenate([scored.order, scored.order]).astype(float)
    found = average_precision(score, came, np.arange(len(count)), weights)
    low, high = np.nanquantile(found[1:], [0.025, 0.975])
    area = Estimate(float(found[0]), float(low), float(high), "share", int(n.sum()), int(frauds.sum()))
    return area, float(frauds.sum() / n.sum())


def _missed(cells: Cells, rules: FraudSection, days: Days, alerts: set[str]) -> Estimate | NotEstimable:
    """Return the frauds below the threshold in the year of the test, from the payments that the lot drew."""
    below = drawn(cells, rules.sample_share, days.begins, days.ends)
    below = below[~below["transactions_id"].isin(alerts)]
    known = below["label"].isin((*rules.fraud, *rules.cleared))
    if not len(below) or known.mean() < LOOKED_INTO:
        return NotEstimable(f"{int(known.sum())} of {len(below)} payments drawn below the threshold were looked into")
    hits = int(below["label"].isin(rules.fraud).sum())
    told = rate(hits, rules.sample_share * float(known.mean()), unit="frauds")
    return Estimate(told.value, told.low, told.high, "frauds", len(below), hits)


def alert_day(day: int) -> str:
    """Return a day since 1970 as ISO date."""
    return (pd.Timestamp("1970-01-01") + timedelta(days=int(day))).date().isoformat()


__all__ = ["NEEDS", "Fraud", "Trial", "alert_day", "fraud", "judged", "trial_days", "tried"]
