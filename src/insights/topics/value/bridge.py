"""What changed since last time, and why: the value of the clients in force against that of some months before."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.settings import DisclosureSection
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.value.bridge import PARTS, Bridge
from insights.models.value.bridge import bridge as bridged
from insights.models.value.lifetime import LifetimeValues
from insights.models.value.totals import sizes_of
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, Estimates, MoneySums, NotAvailable, money_sums
from insights.topics.value.cells import REST, tellable
from insights.topics.value.refusals import FEW, NO_VALUE, refused
from insights.topics.value.worth import facts_of, valued

ID = "value.bridge"
NONE = float("nan")
TOTAL, NOW, BROUGHT, GROWTH, MARKET = "total", "now", "brought", "growth", "market"
SIZES = ("largest", "second", "absolute")
NOTHING = 1e-6
"""Part of the values that is left by rounding only."""


@dataclass(frozen=True)
class Told:
    """The bridge as a reader may know it.

    ``parts``: part (one of ``PARTS``, or ``REST`` for those told together), clients, amount, low, high, in currency,
    in the order of ``PARTS``; parts that are not at work are left out. ``change`` is their sum as told, with ``low``
    and ``high``; ``now`` the value today and ``was`` what that leaves for the earlier date; nan where withheld.
    ``outlook``: measure (growth, market), period (before, now), value (a share a year).
    """

    parts: pd.DataFrame
    change: float
    low: float
    high: float
    now: float
    brought: float
    outlook: dict[tuple[str, str], float]

    @property
    def was(self) -> float:
        """The value at the earlier date."""
        return self.now - self.change

    def part(self, name: str) -> float:
        """Return the amount of a part, nan where it is not told by itself."""
        found = self.parts.loc[self.parts["part"] == name, "amount"]
        return float(found.iloc[0]) if len(found) else NONE


def bridge(bank: Bank) -> Answer | NotAvailable:
    """Explain the change of the value since the earlier date of the settings, by causes that add up to it.

    Parts that cannot be told alone, because too few clients or one of them make them up, are told with the next
    smallest.
    """
    values = valued(bank, ID)
    if not isinstance(values, LifetimeValues):
        return values
    found = bridged(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, NO_VALUE, reason=found.reason)
    groups = _groups(found.clients, bank.settings.disclosure)
    if not groups:
        return refused(ID, FEW)
    unit, n = bank.settings.bank.currency, len(found.clients)
    home = household_of(bank, found.clients["client_id"])
    own = [
        pd.DataFrame({"part": label, "amount": found.clients[list(g)].sum(axis=1), "household": home})
        for label, g in groups.items()
    ]
    lines = [_line(found, label, parts, unit) for label, parts in groups.items()]
    lines.append(_line(found, TOTAL, tuple(p for parts in groups.values() for p in parts), unit))
    whole = {"low": NONE, "high": NONE, "n": n, "n_events": NONE}
    worth = {"value": float(found.clients["now"].sum()), "unit": unit, **_named(found.clients["now"])}
    lines.append({"part": NOW, **worth} | whole)
    brought = {"value": float(found.brought.sum()), "unit": unit, **_named(found.brought)}
    lines.append({"part": BROUGHT, **brought} | whole)
    return Answer(
        id=ID,
        kind=ID,
        evidence={
            "parts": money_sums(pd.concat(own, ignore_index=True), ("part",), "amount"),
            "lines": Estimates(pd.DataFrame(lines), ("part",)),
            "outlook": Estimates(_outlook(found), ("measure", "period")),
        },
        estimate=lambda evidence: _told(
            cast(MoneySums, evidence["parts"]), cast(Estimates, evidence["lines"]), cast(Estimates, evidence["outlook"])
        ),
        facts=facts_of(values, bank)
        | {
            "before": found.before.isoformat(),
            "now": found.now.isoformat(),
            "rates": found.rates,
            "together": groups.get(REST, ()),
            "n_events": found.n_events,
        },
    )


def _groups(clients: pd.DataFrame, rules: DisclosureSection) -> dict[str, tuple[str, ...]]:
    """Return the parts at work by the label that they are told under: each its own, or ``REST`` for those together."""
    whole = float(clients[["was", "now"]].abs().to_numpy().sum())
    size = {name: float(clients[name].abs().sum()) for name in PARTS}
    size = {name: own for name, own in size.items() if own > NOTHING * whole}

    def fine(names: list[str]) -> bool:
        return tellable(clients[names].sum(axis=1).to_numpy(float), rules)

    together = [name for name in size if not fine([name])]
    for name in sorted(size, key=lambda name: size[name]):
        if not together or fine(together):
            break
        if name not in together:
            together.append(name)
    if together and not fine(together):
        return {}
    found = {name: (name,) for name in PARTS if name in size and name not in together}
    return found | ({REST: tuple(name for name in PARTS if name in together)} if together else {})


def _line(found: Bridge, label: str, parts: tuple[str, ...], unit: str) -> dict[str, object]:
    value, low, high = found.interval(parts)
    own = found.clients[list(parts)].sum(axis=1)
    head = {"part": label, "value": value, "low": low, "high": high, "unit": unit}
    return head | {"n": int((own != 0).sum()), "n_events": float(found.n_events), **_named(own)}


def _named(amounts: "pd.Series[float] | np.ndarray") -> dict[str, float]:
    return dict(zip(SIZES, sizes_of(np.asarray(amounts, dtype=float)), strict=True))


def _outlook(found: Bridge) -> pd.DataFrame:
    rows = []
    for period, own in (("before", found.outlook[0]), ("now", found.outlook[1])):
        for measure in (GROWTH, MARKET):
            value = getattr(own, measure)
            if value is not None:
                rows.append({"measure": measure, "period": period, "value": value, "n": own.n})
    return pd.DataFrame(rows).assign(low=NONE, high=NONE, unit="share", n_events=NONE)


def _told(parts: MoneySums, lines: Estimates, outlook: Estimates) -> Told:
    own = lines.rows.set_index("part")[["value", "low", "high"]].astype(float)
    table = parts.cells[["part", "clients", "amount"]].copy()
    table["place"] = table["part"].map({name: k for k, name in enumerate((*PARTS, REST))})
    table = table.sort_values("place", kind="stable").drop(columns="place").reset_index(drop=True)
    # The sums are rounded more coarsely than their intervals where one client is large.
    for name, wider in (("low", np.minimum), ("high", np.maximum)):
        table[name] = wider(own[name].reindex(table["part"]).to_numpy(float), table["amount"].to_numpy(float))
    seen = {(str(r["measure"]), str(r["period"])): float(r["value"]) for r in outlook.rows.to_dict("records")}
    return Told(
        parts=table,
        change=float(table["amount"].sum(skipna=False)),
        low=float(own["low"][TOTAL]),
        high=float(own["high"][TOTAL]),
        now=float(own["value"][NOW]),
        brought=float(own["value"][BROUGHT]),
        outlook=seen,
    )
