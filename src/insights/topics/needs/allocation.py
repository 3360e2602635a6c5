"""A suitable allocation for each client: how far what clients hold is from it, what would move, and the list."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.needs.allocation import ABOVE_RISK, STATES, WITHIN, Mixes, missing_rule, mixes
from insights.models.needs.rows import NeedRows
from insights.models.needs.trials import managers
from insights.stats.proportions import proportion
from insights.stats.results import Estimate
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Evidence,
    MoneySums,
    NotAvailable,
    client_counts,
    money_sums,
)
from insights.topics.needs.shared import every_cell, held_facts, held_rows_of, refused

ID = "needs.allocation"
OFF = "off"
BUY, SELL = "buy", "sell"
ABOVE, MUCH, LITTLE, BARRED, FITS = "above", "much", "little", "barred", "fits"
"""Why a part is to be changed or left: a product above the client's risk, more or less than suits, not open to him."""


@dataclass(frozen=True)
class Allocation:
    """How clients stand to what suits them; nan or None where withheld.

    ``states``: tolerance ("C1" to "C5"), what (``STATES``), clients. ``off`` by tolerance ("" for all): the share whose
    mix is off. ``moves``: part, side ("buy", "sell"), clients, amount (currency).
    """

    states: pd.DataFrame
    off: dict[str, Estimate | None]
    moves: pd.DataFrame


def allocation(bank: Bank) -> Answer | NotAvailable:
    """Count whose mix is within the band of what suits his risk, what is wrong with the others, and what would move."""
    rows = held_rows_of(bank, ID)
    if not isinstance(rows, NeedRows):
        return rows
    if lacking := missing_rule(bank):
        return NotAvailable(ID, lacking)
    found = mixes(bank, rows)
    if not len(found.client):
        return refused(ID, "no client has a tolerance for which an allocation is advised")
    home = household_of(bank, rows.months.client_id[found.client])
    level = np.array([f"C{t}" for t in found.tolerance], dtype=object)
    told = pd.DataFrame({"tolerance": level, "what": found.state, "household": home})
    off = found.state != WITHIN
    moves = []
    for g, part in enumerate(found.parts):
        amount = found.move[off, g]
        side = np.where(amount > 0, BUY, SELL).astype(object)
        moves.append(pd.DataFrame({"part": part, "side": side, "amount": np.abs(amount), "household": home[off]}))
    evidence: dict[str, Evidence] = {
        "states": every_cell(told, "tolerance", "what"),
        # Of all together it is told although a cell by tolerance may be withheld.
        "all": client_counts(told.assign(what=np.where(off, OFF, WITHIN).astype(object)), ("what",)),
        "moves": money_sums(pd.concat(moves, ignore_index=True), ("part", "side"), "amount"),
    }
    rule = {t: dict(shares) for t, shares in bank.settings.needs.allocation.items()}
    facts = held_facts(rows)
    facts |= {"rule": rule, "parts": found.parts, "band": bank.settings.needs.band}
    return Answer(ID, ID, evidence, _allocation, facts)


def allocation_list(bank: Bank, rows: NeedRows) -> pd.DataFrame:
    """Return the clients for whom most would move, of each manager as many as he can see, with their proposed mix.

    Columns: client_id, rm_id, rank (within the manager), risk_tolerance, part, now (amount), now_pct, suits_pct, move
    (amount; + buy, - sell), product_id ("" where nothing is bought), because. One row per part; products above the
    client's risk come first.
    """
    found = mixes(bank, rows)
    off = found.state != WITHIN
    size = np.where(off, np.abs(found.move).sum(axis=1) / 2, 0.0)
    own = pd.DataFrame({"at": np.arange(len(size)), "manager": managers(rows, rows.last)[found.client]})
    own = own.assign(risky=found.state == ABOVE_RISK, size=size, id=rows.months.client_id[found.client])[off]
    order = ["manager", "risky", "size", "id"]
    own = own.sort_values(order, ascending=[True, False, False, True], kind="stable")
    own["rank"] = own.groupby("manager").cumcount() + 1
    own = own[own["rank"] <= bank.settings.needs.offers_per_manager]
    named = [""] * len(found.client) if rows.manager is None else rows.manager[found.client, rows.last]
    codes = np.array([*rows.products.codes, ""], dtype=object)
    lines = []
    for at, rank in zip(own["at"], own["rank"], strict=True):
        total = found.total[at]
        for g, part in enumerate(found.parts):
            move = float(found.move[at, g])
            if not (found.now[at, g] or found.suits[at, g] or found.barred[at, g]):
                continue
            lines.append(
                {
                    "client_id": rows.months.client_id[found.client[at]],
                    "rm_id": named[at] if isinstance(named[at], str) else "",
                    "rank": int(rank),
                    "risk_tolerance": int(found.tolerance[at]),
                    "part": part,
                    "now": round(float(found.now[at, g]), 2),
                    "now_pct": round(100 * float(found.now[at, g]) / total, 1),
                    "suits_pct": round(100 * float(found.suits[at, g]), 1),
                    "move": round(move, 2),
                    "product_id": codes[found.product[at, g]] if move > 0 else "",
                    "because": _because(found, at, g, bank.settings.needs.band),
                }
            )
    columns = ["client_id", "rm_id", "rank", "risk_tolerance", "part", "now", "now_pct", "suits_pct", "move"]
    return pd.DataFrame(lines, columns=[*columns, "product_id", "because"])


def _because(found: Mixes, at: int, part: int, band: float) -> str:
    gap = found.now[at, part] / found.total[at] - found.suits[at, part]
    told = [ABOVE] * bool(found.above[at, part]) + [BARRED] * bool(found.barred[at, part])
    if not found.barred[at, part]:
        told.append(MUCH if gap > band else LITTLE if gap < -band else FITS)
    return ";".join(told)


def _allocation(parts: dict[str, Evidence]) -> Allocation:
    cells = cast(ClientCounts, parts["states"]).cells
    wide = cells.pivot(index="tolerance", columns="what", values="clients").reindex(
        columns=list(STATES), fill_value=0.0
    )
    fine, total = wide[WITHIN].astype(float), wide.sum(axis=1, skipna=False).astype(float)
    off = {str(t): proportion(total[t] - fine[t], total[t]) if total[t] > 0 else None for t in wide.index}
    every = cast(ClientCounts, parts["all"]).cells.set_index("what")["clients"].astype(float)
    well, ill = float(every.get(WITHIN, 0.0)), float(every.get(OFF, 0.0))
    off[""] = proportion(ill, well + ill) if well + ill > 0 else None
    return Allocation(cells, off, cast(MoneySums, parts["moves"]).cells)
