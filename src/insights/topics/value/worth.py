"""Page one: what the clients in force are worth, how sure that is, and when it will be earned."""

from typing import Any, cast

import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.value.forecast import GROWTH_YEARS
from insights.models.value.lifetime import LEVEL, LifetimeValues, lifetime_values
from insights.models.value.money import MARGIN, measure_of
from insights.models.value.totals import giants, sizes_of, summed
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, Need, NotAvailable
from insights.topics.value.refusals import NO_VALUE, refused

ID = "value.worth"
NONE = float("nan")
NO_SIZES = {"largest": NONE, "second": NONE, "absolute": NONE}


def worth(bank: Bank) -> Answer | NotAvailable:
    """Value the clients in force: the whole with its interval, what of it lies beyond five years, and by year.

    ``totals`` by measure: value (interval: what is not known of it), comes (interval: what will really come), beyond
    (the part beyond five years, a share), brought (in the last twelve months), years (that a client is expected to
    stay, of those counted). ``yearly`` by year and measure: clients still there, assets, assets without what markets
    add, what they bring, and what that is worth today.
    """
    values = valued(bank, ID)
    if not isinstance(values, LifetimeValues):
        return values
    unit = bank.settings.bank.currency
    large = giants(values, bank.settings.disclosure)
    whole = summed(values, large)
    clients = values.clients
    n, events = len(clients), values.n_events
    money = {"unit": unit, "n": n, "n_events": events} | _named(whole.sizes)
    total = float(clients["value"].sum())
    brought = clients["margin_12m"].to_numpy(float)
    flat = {"low": NONE, "high": NONE}
    share = {"unit": "share", "n": n, "n_events": events} | flat
    lines: list[dict[str, Any]] = [
        {"measure": "value", "value": whole.value, "low": whole.expected_low, "high": whole.expected_high} | money,
        {"measure": "comes", "value": whole.value, "low": whole.low, "high": whole.high} | money,
        {"measure": "brought", "value": float(brought.sum())} | money | flat | _named(sizes_of(brought)),
        {"measure": "years", "value": float(clients["years"].mean())} | share | {"unit": "years"} | NO_SIZES,
    ]
    if total > 0:
        later = (clients["value"] - clients["value_5y"]).to_numpy(float)
        beyond = {"measure": "beyond", "value": float(later.sum()) / total}
        lines.append(beyond | share | _named(sizes_of(later)))
    return Answer(
        id=ID,
        kind=ID,
        evidence={
            "totals": Estimates(pd.DataFrame(lines), ("measure",)),
            "yearly": Estimates(_yearly(values, unit), ("year", "measure")),
        },
        estimate=lambda parts: {name: cast(Estimates, part).rows for name, part in parts.items()},
        facts=facts_of(values, bank) | {"giants": bool(large.found.any())},
    )


def valued(bank: Bank, id: str) -> LifetimeValues | Answer | NotAvailable:
    """Return the lifetime values, or the answer that says why there are none."""
    missing: tuple[Need, ...] = bank.needs("clients.joined_on", "clients.left_on")
    missing = missing if bank.window_from else (*missing, "[window] complete_from")
    if measure_of(bank) is None:
        missing = (*missing, ("revenue.amount", "balances.amount", "transactions.amount"))
    if missing:
        return NotAvailable(id, missing)
    values = lifetime_values(bank)
    if isinstance(values, NotEstimable):
        return refused(id, NO_VALUE, reason=values.reason)
    return values


def facts_of(values: LifetimeValues, bank: Bank) -> dict[str, Any]:
    """Return what every exhibit of lifetime value says of how it was made."""
    market, expected = values.market, values.inputs.expected
    return {
        "measure": values.measure,
        "in_margin": values.measure == MARGIN,
        "years": values.months // 12,
        "until": add_months(values.landmark, values.months).isoformat(),
        "rate": values.rate,
        "market": None if market is None and not expected else float((1 + expected) ** 12 - 1),
        "market_given": bool(expected) if market is None else market.given,
        "market_months": 0 if market is None else len(market.past),
        "market_longer": market is not None and market.told > 0,
        "lasting_known": values.inputs.forecast.persistence_known,
        "growth_years": GROWTH_YEARS,
        "level": LEVEL,
        "landmark": values.landmark.isoformat(),
    }


def _yearly(values: LifetimeValues, unit: str) -> pd.DataFrame:
    ahead, discount = values.course(), values.inputs.discount
    brought = ahead.brought(values.measure)
    lines = []
    for first in range(0, values.months, 12):
        last = min(first + 12, values.months)
        held = ahead.alive[:, last - 1] * ahead.assets[:, last - 1]
        grown = ahead.alive[:, last - 1] * ahead.grown[:, last - 1]
        own = brought[:, first:last]
        for measure, parts in (
            ("assets", held),
            ("assets_without_market", grown),
            ("brought", own.sum(axis=1)),
            ("value", own @ discount[first:last]),
        ):
            lines.append({"measure": measure, "value": float(parts.sum()), "unit": unit} | _named(sizes_of(parts)))
            lines[-1]["year"] = first // 12 + 1
        there = float(ahead.alive[:, last - 1].sum())
        lines.append({"measure": "there", "value": there, "unit": "clients", "year": first // 12 + 1} | NO_SIZES)
    return pd.DataFrame(lines).assign(low=NONE, high=NONE, n=len(values.clients), n_events=float(values.n_events))


def _named(sizes: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("largest", "second", "absolute"), sizes, strict=True))
