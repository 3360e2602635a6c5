"""Liquidity: what clients may take out, what there is to pay it from and for how long, and on whom it hangs."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.risk.liquidity import (
    BASELINE,
    LADDER_NEEDS,
    NEEDS,
    OWN_NEEDS,
    RUN,
    TIGHT,
    TOP,
    USUAL,
    Liquidity,
)
from insights.models.risk.liquidity import liquidity as measured
from insights.models.risk.loans import NEEDS as LOANS
from insights.stats.concentration import herfindahl
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, MoneySums, NotAvailable, money_sums
from insights.topics.risk.refusals import refused
from insights.topics.rows import estimates, line, plain, summed

ID = "risk.liquidity"
CASES = (USUAL, TIGHT, RUN)
DEPOSITS, FALL, FALL_SHARE, BEYOND = "deposits", "deposits_fall", "deposits_fall_share", "deposits_fall_beyond"
LIQUID, AT_ONCE, A_MONTH, DAYS = "liquid", "at_once", "a_month", "days_of_cover"
INDEX, TOP_TEN, UNDRAWN, ALARM = "hhi", "top_ten", "undrawn", "early_warning"
ITEM, BEFORE = "item", "item_before"
BY = ("client_id", "household")
DIMS = ("measure", "of", "months")


@dataclass(frozen=True)
class Outflows:
    """``rows``: measure, of, months, value, low, high. ``ladder``: within, clients, amount; None where untold."""

    rows: pd.DataFrame
    ladder: pd.DataFrame | None


def liquidity(bank: Bank) -> Answer | NotAvailable:
    """Tell how far deposits may fall, for how long liquid assets last then, and on whom deposits hang."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = measured(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    evidence, facts = liquidity_evidence(bank)
    return Answer(ID, ID, evidence, liquidity_rows, facts)


def liquidity_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return liquidity as evidence; check that it can be told first."""
    found, rules = measured(bank), bank.settings.risk.liquidity
    assert isinstance(found, Liquidity)
    all_deposits = summed(found.clients["amount"])
    sizes = tuple(all_deposits[name] for name in ("largest", "second", "absolute"))
    n = all_deposits["n"]
    rows = [all_deposits | {"measure": DEPOSITS}]
    if not isinstance(found.tails, NotEstimable):
        for months, tail in found.tails.items():
            told = {"months": str(months)}
            share = line(tail.limit, n, sizes=sizes)
            rows += [
                {"measure": FALL} | told | _times(share, found.deposits),
                {"measure": FALL_SHARE} | told | share | {"unit": "share"},
                {"measure": BEYOND} | told | _times(line(tail.beyond, n, sizes=sizes), found.deposits),
            ]
    rows += _covers(found, n, sizes)
    for by in BY:
        sums = np.sort(found.clients.groupby(by)["amount"].sum().to_numpy(float))[::-1]
        if len(sums) > TOP:
            kept = dict(zip(("largest", "second", "absolute"), sizes, strict=True))
            top = float(sums[:TOP].sum() / sums.sum())
            rows.append(plain(herfindahl(sums), "index", len(sums), measure=INDEX, of=by) | kept)
            rows.append(plain(top, "share", TOP, measure=TOP_TEN, of=by) | kept)
    if found.undrawn.any():
        rows.append(summed(found.undrawn) | {"measure": UNDRAWN})
    rows += _items(found, all_deposits)
    rows += [plain(1.0, "alarm", n, measure=ALARM) | {"of": _day(month)} for month in found.alarms]
    blank = {"of": "", "months": ""}
    evidence: dict[str, Evidence] = {"rows": estimates((blank | row for row in rows), *DIMS)}
    if found.ladder is not None:
        evidence["ladder"] = money_sums(found.ladder, ("within",), "amount")
    return evidence, _facts(bank, found) | {"called": rules.called, "least": rules.least_days}


def _times(row: dict[str, Any], amount: float) -> dict[str, Any]:
    return row | {name: row[name] * amount for name in ("value", "low", "high")} | {"unit": "money"}


def _covers(found: Liquidity, n: float, sizes: tuple[float, ...]) -> list[dict[str, Any]]:
    if isinstance(found.covers, NotEstimable):
        return []
    rows = []
    top = summed(found.largest)
    for case, cover in found.covers.items():
        # What goes at once is known to whoever knows the days: the ten largest are protected in both.
        behind = {name: top[name] for name in ("n", "largest", "second", "absolute")} if case == RUN else {"n": n}
        own = dict(zip(("largest", "second", "absolute"), sizes, strict=True)) | behind
        rows.append({"measure": LIQUID} | plain(cover.assets, "money", n) | {"of": case})
        if case == RUN:
            rows.append({"measure": AT_ONCE} | plain(cover.at_once, "money", n) | own | {"of": case})
        rows.append({"measure": A_MONTH} | line(cover.a_month, n) | own | {"of": case, "unit": "money"})
        if np.isfinite(cover.days.value):
            rows.append({"measure": DAYS} | line(cover.days, n) | own | {"of": case, "unit": "days"})
    return rows


def _items(found: Liquidity, deposits: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the items of the bank's books; one that is no more than the sum of deposits is protected as that is."""
    if found.items is None:
        return []
    rows = []
    for item in found.items.to_dict("records"):
        for measure, amount in ((ITEM, item["amount"]), (BEFORE, item["before"])):
            row = plain(amount, "money", deposits["n"], measure=measure, of=str(item["item"]))
            if amount < 0 and abs(amount) <= 1.1 * found.deposits:
                row |= {name: deposits[name] for name in ("largest", "second", "absolute")}
            if np.isfinite(amount):
                rows.append(row)
    return rows


def _facts(bank: Bank, found: Liquidity) -> dict[str, Any]:
    rules = bank.settings.risk.liquidity
    missing: dict[str, list[Any]] = {}
    if isinstance(found.covers, NotEstimable) and not isinstance(found.tails, NotEstimable):
        missing["cover"] = [*(bank.needs(*OWN_NEEDS) or OWN_NEEDS[:1]), "risk.liquidity.liquid"]
    if found.ladder is None:
        missing["ladder"] = list(bank.needs(*LADDER_NEEDS) or LADDER_NEEDS[:1])
    if lacking := bank.needs(*LOANS, "loans.limit"):
        missing["undrawn"] = list(lacking)
    why = {"fall": found.tails.reason} if isinstance(found.tails, NotEstimable) else {}
    if isinstance(found.watch, NotEstimable):
        why["watch"] = found.watch.reason
    facts: dict[str, Any] = {"missing": missing, "why": why, "categories": list(rules.deposits)}
    facts |= {"last": _day(int(found.total.index[-1])), "baseline": BASELINE}
    facts |= {"every": bank.settings.risk.false_alarm_months, "months": len(found.changes)}
    facts["discounts"] = dict(sorted(rules.liquid.items()))
    return facts


def liquidity_rows(parts: dict[str, Evidence]) -> Outflows:
    """Return liquidity from (protected) evidence."""
    ladder = cast(MoneySums, parts["ladder"]).cells if "ladder" in parts else None
    return Outflows(cast(Estimates, parts["rows"]).rows, ladder)


def _day(month: int) -> str:
    return date(month // 12, month % 12 + 1, 1).isoformat()
