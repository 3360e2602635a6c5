"""Why the margin changed over the year: more assets, other returns, or other clients. The parts add up exactly."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.value.margins import ClientMargins
from insights.stats.decomposition import split_change
from insights.topics.evidence import Answer, Estimates, Evidence, MoneySums, NotAvailable, money_sums
from insights.topics.value.cells import group_labels, merged
from insights.topics.value.refusals import FEW, YEAR, margins_of, refused

ID = "value.change"
SIZES = ("smaller half", "next 30%", "next 15%", "largest 5%")
CUTS = (0.5, 0.8, 0.95)
NOW, BEFORE = "now", "before"
Amounts = dict[str, np.ndarray]


PARTS = ("volume", "rate", "mix")


@dataclass(frozen=True)
class Change:
    """``parts``: part (volume, rate, mix) and amount in currency, nan where withheld.

    ``rates``: group, period ("before", "now"), measure ("rate": margin over average assets, "share": of all assets),
    value.
    """

    parts: pd.DataFrame
    rates: pd.DataFrame

    @property
    def total(self) -> float:
        """The change: the sum of the parts as shown, nan where one is withheld.

        It is the difference of the two years' margins as they are told: the largest part takes up what rounding leaves.
        """
        return float(self.parts["amount"].sum(skipna=False)) if len(self.parts) else float("nan")

    def part(self, name: str) -> float:
        """Return one part, nan where it is withheld."""
        found = self.parts.loc[self.parts["part"] == name, "amount"]
        return float(found.iloc[0]) if len(found) else float("nan")

    def rate(self, group: str, period: str, measure: str) -> float | None:
        """Return one rate or share, None where it is withheld."""
        rows = self.rates
        at = (rows["group"] == group) & (rows["period"] == period) & (rows["measure"] == measure)
        found = rows.loc[at, "value"]
        return None if found.empty or pd.isna(found.iloc[0]) else float(found.iloc[0])


def change(bank: Bank, by: str | None = None) -> Answer | NotAvailable:
    """Split the change of the margin against the year before into volume, rate and mix between groups of clients.

    Groups are those of ``by``, or of the clients' own average assets, with the same bounds in both years.
    """
    own_id = f"{ID}_by" if by else ID
    found = margins_of(bank, own_id, 2 * YEAR, income=True)
    if not isinstance(found, ClientMargins):
        return found
    last = found.months.count - 1
    spans = {NOW: (last - YEAR + 1, last), BEFORE: (last - 2 * YEAR + 1, last - YEAR)}
    assets = {period: np.maximum(found.average_assets(*span), 0.0) for period, span in spans.items()}
    margin = {period: found.over("margin", *span) for period, span in spans.items()}
    labels = _labels(bank, by, found, assets, margin)
    if min(a.sum() for a in assets.values()) <= 0:
        return refused(own_id, FEW)
    home = household_of(bank, found.months.client_id)
    evidence: dict[str, Evidence] = {
        "parts": MoneySums(_parts(labels, assets, margin, home), ("part",)),
        "rates": Estimates(_rates(labels, assets, margin), ("group", "period", "measure")),
        "total": money_sums(_totals(margin, home), ("period",), "amount"),
    }
    return Answer(
        id=own_id,
        kind=ID,
        evidence=evidence,
        estimate=_change,
        facts={
            "by": by,
            "end": month_end(found.months.month(last)).isoformat(),
            "components": tuple(found.components),
            "default_rate": found.default_rate,
            "own_rate": found.defaults > 0,
        },
    )


def _labels(
    bank: Bank,
    by: str | None,
    found: ClientMargins,
    assets: Amounts,
    margin: Amounts,
) -> Amounts:
    if by is not None:
        labels = group_labels(bank, by, found)
        return dict.fromkeys(assets, labels)
    held = np.concatenate(list(assets.values()))
    bounds = np.quantile(held[held > 0], CUTS) if (held > 0).any() else np.zeros(len(CUTS))
    own = {p: np.array(SIZES, dtype=object)[np.searchsorted(bounds, a)] for p, a in assets.items()}
    # Both years must allow a group to be shown, or it is put together with the next in both.
    periods = list(own)
    stacked = np.concatenate([own[p] for p in periods])
    measures = []
    for k, p in enumerate(periods):
        for amounts in (assets[p], margin[p]):
            measures.append(
                np.concatenate([amounts if j == k else np.zeros(len(amounts)) for j in range(len(periods))])
            )
    labels = merged(stacked, measures, bank.settings.disclosure)
    size = len(found.months.client_id)
    return {p: labels[k * size : (k + 1) * size] for k, p in enumerate(periods)}


def _parts(labels: Amounts, assets: Amounts, margin: Amounts, home: np.ndarray) -> pd.DataFrame:
    """Return the parts of the change; households contribute, each the changes of the margins of its members."""
    sums = {}
    for period in (BEFORE, NOW):
        frame = pd.DataFrame({"group": labels[period], "base": assets[period], "amount": margin[period]})
        sums[period] = frame.groupby("group").sum()
    groups = sums[BEFORE].index.union(sums[NOW].index)
    b, n = (sums[period].reindex(groups).fillna(0.0) for period in (BEFORE, NOW))
    split = split_change(b["base"], b["amount"], n["base"], n["amount"], groups)
    moved = np.abs(margin[NOW] - margin[BEFORE])
    own = np.sort(np.bincount(home, moved))[::-1]
    own = np.append(own[own > 0], [0.0, 0.0])
    sizes = {
        "clients": int((moved > 0).sum()),
        "households": len(own) - 2,
        "largest": own[0],
        "second": own[1],
        "absolute": own.sum(),
    }
    return pd.DataFrame([{"part": part, "amount": getattr(split, part), **sizes} for part in PARTS])


def _rates(labels: Amounts, assets: Amounts, margin: Amounts) -> pd.DataFrame:
    rows = []
    for period in (BEFORE, NOW):
        whole = assets[period].sum()
        for group in sorted(set(labels[period])):
            own = (labels[period] == group) & (assets[period] > 0)
            held = assets[period][own]
            size = np.append(np.sort(held)[::-1], [0.0, 0.0])
            head = {"group": group, "period": period, "low": np.nan, "high": np.nan, "unit": "share", "n": len(held)}
            head |= {"n_events": np.nan, "largest": size[0], "second": size[1], "absolute": size.sum()}
            if held.sum() > 0:
                rows.append(head | {"measure": "rate", "value": margin[period][own].sum() / held.sum()})
                rows.append(head | {"measure": "share", "value": held.sum() / whole})
    return pd.DataFrame(rows)


def _totals(margin: Amounts, home: np.ndarray) -> pd.DataFrame:
    rows = [pd.DataFrame({"period": period, "amount": margin[period], "household": home}) for period in (NOW, BEFORE)]
    return pd.concat(rows, ignore_index=True)


def _change(evidence: dict[str, Evidence]) -> Change:
    parts = cast(MoneySums, evidence["parts"]).cells
    total = cast(MoneySums, evidence["total"]).cells.set_index("period")["amount"]
    left = float(total.get(NOW, np.nan) - total.get(BEFORE, np.nan)) - float(parts["amount"].sum(skipna=False))
    if not np.isnan(left):
        # Each is rounded on its own: what is missing to the difference of the two years is within their rounding.
        amounts = parts["amount"].to_numpy(dtype=float).copy()
        amounts[np.abs(amounts).argmax()] += left
        parts = parts.assign(amount=amounts)
    return Change(parts, cast(Estimates, evidence["rates"]).rows)
