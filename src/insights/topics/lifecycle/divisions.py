"""The path of a prospect and the stages of a client tied together: everybody stands in one place, and it adds up."""

from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.stages import STAGES, shown_stages, stage_needs
from insights.topics.evidence import Answer, ClientCounts, NotAvailable
from insights.topics.lifecycle.stages import NOT_YET, in_force

AWARENESS, CONSIDERATION, DECIDED, AGAINST = "awareness", "consideration", "decision", "declined"
EXPERIENCE, EXIT = "experience", "exit"
PATH_OF = {AWARENESS: AWARENESS, CONSIDERATION: CONSIDERATION, DECIDED: DECIDED, AGAINST: EXIT, EXIT: EXIT}
"""The step of the path for each place; the stages and those not yet judged lie inside ``EXPERIENCE``."""


def two_divisions(bank: Bank) -> Answer | NotAvailable:
    """Count everybody by the place where he stands: a prospect by his path, a client by his stage, a leaver as exit."""
    if missing := stage_needs(bank):
        return NotAvailable("lifecycle.two_divisions", missing)
    found, apart = shown_stages(bank)
    last = found.months.months - 1
    clients = in_force(found, last)
    if not apart:
        clients.pop(STAGES[-1])
    clients = {k: n for k, n in clients.items() if n or k != NOT_YET}
    prospects, ties = _prospects(bank)
    clients[EXIT] = _gone(bank)
    cells = pd.DataFrame(
        [{"place": place, "clients": n} for place, n in {**prospects, **clients}.items()], columns=["place", "clients"]
    )
    inside = sum(n for place, n in clients.items() if place != EXIT)
    return Answer(
        id="lifecycle.two_divisions",
        kind="lifecycle.two_divisions",
        evidence={"places": ClientCounts(cells, ("place",))},
        estimate=lambda evidence: cast(ClientCounts, evidence["places"]).cells,
        facts={
            "prospects": bool(prospects),
            "stages_are_all_clients": inside == _registered(bank),
            "apart": apart,
            **ties,
        },
    )


def _prospects(bank: Bank) -> tuple[dict[str, int], dict[str, Any]]:
    """Return the prospects who are no clients by place, and whether those who joined are all in the register."""
    if not bank.has("prospects", "aware_on"):
        return {}, {}
    rows = bank.table("prospects")
    columns = [c for c in ("considered_on", "decided_on", "client_id") if c in rows.columns]
    told = (
        rows.select("prospect_id", *columns)
        .execute()
        .reindex(columns=["prospect_id", "considered_on", "decided_on", "client_id"])
    )
    register = set(bank.table("clients").select("client_id").execute()["client_id"])
    joined = told["client_id"].notna().to_numpy()
    known = told["client_id"].isin(register).to_numpy() & joined
    decided, considered = told["decided_on"].notna().to_numpy(), told["considered_on"].notna().to_numpy()
    open_ = ~joined & ~decided
    places = {
        AWARENESS: int((open_ & ~considered).sum()),
        CONSIDERATION: int((open_ & considered).sum()),
        DECIDED: int((joined & ~known).sum()),
        AGAINST: int((decided & ~joined).sum()),
    }
    whole = sum(places.values()) + int(known.sum()) == len(told)
    twice = bool(told.loc[known, "client_id"].duplicated().any())
    kept = {place: n for place, n in places.items() if n or place in (AWARENESS, CONSIDERATION)}
    return kept, {"prospects_add_up": whole, "joined_are_clients": not (joined & ~known).any() and not twice}


def _registered(bank: Bank) -> int:
    """Return the number of clients in force by the client register alone."""
    clients = bank.table("clients")
    gone = clients.left_on.notnull().sum().execute() if "left_on" in clients.columns else 0
    return int(clients.count().execute()) - int(gone)


def _gone(bank: Bank) -> int:
    """Return the number of clients who have left since the window opened, by the register."""
    clients = bank.table("clients")
    if "left_on" not in clients.columns:
        return 0
    assert bank.window_from is not None
    return int(np.asarray((clients.left_on >= bank.window_from).sum().execute()).item() or 0)
