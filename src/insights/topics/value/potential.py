"""Potential: what comparable clients hold that a client does not, and whether such gaps have been filled before."""

from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.value.margins import ClientMargins
from insights.models.value.potential import MOSTLY, NEEDS, PeerGaps, peer_gaps
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    money_sums,
    with_households,
)
from insights.topics.value.refusals import FEW, YEAR, margins_of, refused

ID = "value.potential"
HOLDS, GAP, NEITHER = "holds", "gap", "neither"
FILLED, OTHERS = "filled", "others"


def potential(bank: Bank) -> Answer | NotAvailable:
    """Tell for each kind of product who holds it, whose peers mostly do while he does not, and how much that is.

    With two years of data also how many of the gaps of a year ago are filled today, against other clients without it.
    """
    found = margins_of(bank, ID)
    if not isinstance(found, ClientMargins):
        return found
    if needs := bank.needs(*NEEDS, "balances.amount"):
        return NotAvailable(ID, needs)
    now = peer_gaps(bank)
    if now is None:
        return refused(ID, FEW)
    state = np.where(now.held, HOLDS, np.where(now.gap, GAP, NEITHER))
    cells = [
        {"kind": kind, "state": name, "clients": int((state[:, k] == name).sum())}
        for k, kind in enumerate(now.kinds)
        for name in (HOLDS, GAP, NEITHER)
    ]
    home = household_of(bank, now.client_id)
    apart = (
        pd.DataFrame(state, columns=list(now.kinds))
        .assign(household=home)
        .melt("household", var_name="kind", value_name="state")
    )
    evidence: dict[str, Evidence] = {"clients": with_households(pd.DataFrame(cells), apart, ("kind", "state"))}
    if found.months.count >= 2 * YEAR and (before := peer_gaps(bank, YEAR)) is not None:
        filled = _filled(before, now)
        if filled:
            evidence["filled"] = Estimates(pd.DataFrame(filled), ("measure",))
    client, kind = np.nonzero(now.amount)
    amounts = pd.DataFrame(
        {"kind": np.array(now.kinds, dtype=object)[kind], "amount": now.amount[client, kind], "household": home[client]}
    )
    if len(amounts):
        evidence["amount"] = money_sums(amounts, ("kind",), "amount")
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=_potential,
        facts={
            "kinds": now.kinds,
            "mostly": MOSTLY,
            "domain": "category" if bank.has("products", "category") else "product_id",
            "end": month_end(found.months.month(found.months.count - 1)).isoformat(),
        },
    )


def _filled(before: PeerGaps, now: PeerGaps) -> list[dict[str, Any]]:
    """Return the shares of the clients without a kind a year ago who hold it today: of those with a gap, and others."""
    place = pd.Index(now.client_id).get_indexer(pd.Index(before.client_id))
    still = place >= 0
    shared = [(before.kinds.index(k), now.kinds.index(k)) for k in before.kinds if k in now.kinds]
    found = []
    for measure, wanted in ((FILLED, True), (OTHERS, False)):
        clients, bought = [], []
        for was, is_ in shared:
            without = still & ~before.held[:, was] & (before.gap[:, was] == wanted)
            clients.append(place[without])
            bought.append(now.held[place[without], is_])
        who, did = np.concatenate(clients), np.concatenate(bought).astype(float)
        e = ratio_of_sums(did, np.ones(len(did)), cluster=who, unit="share", n_events=int(did.sum()))
        if isinstance(e, Estimate):
            ends = {"value": e.value, "low": max(e.low, 0.0), "high": min(e.high, 1.0), "unit": "share"}
            found.append({"measure": measure, **ends, "n": e.n, "n_events": float(did.sum())})
    return found


def _potential(evidence: dict[str, Evidence]) -> dict[str, pd.DataFrame]:
    empty = pd.DataFrame({"kind": pd.Series(dtype=object), "amount": pd.Series(dtype=float)})
    none = pd.DataFrame(columns=["measure", "value", "low", "high", "unit", "n", "n_events"])
    cells = cast(ClientCounts, evidence["clients"]).cells
    return {
        "clients": cells.pivot(index="kind", columns="state", values="clients"),
        "amount": cast(MoneySums, evidence["amount"]).cells if "amount" in evidence else empty,
        "filled": cast(Estimates, evidence["filled"]).rows if "filled" in evidence else none,
    }
