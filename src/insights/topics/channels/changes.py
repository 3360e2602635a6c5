"""What changes of channels and other programmes were worth: in money, in marks, in waiting time."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.channels.lots import LEFT
from insights.models.channels.managed import INCOME, managed
from insights.models.channels.outcomes import LARGEST, MONEY, OUTCOMES, Outcome, Rollout
from insights.models.channels.programmes import NEEDS, programmes
from insights.models.channels.rollout import rollout as followed
from insights.models.months import spell_months
from insights.stats.effects import ComplierEffect
from insights.stats.results import Estimate, NotEstimable
from insights.topics.channels.refusals import refused
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable
from insights.topics.rows import NAN, estimates, line

ID, ROLLOUT = "channels.changes", "channels.rollout"
DIMS = ("programme", "outcome", "row")
REACHED, OTHERS = "reached", "others"
EFFECT, WHOLE, USUAL, UNTRENDED, OTHER = "effect", "whole", "usual", "untrended", "other_controls"
ALIKE, LEFT_REACHED, LEFT_OTHERS = "alike", "left_reached", "left_others"
EARLY, TOOK, FOLLOWED = "early", "took", "followed"
WHOLE_OF_THEM, THROUGH, THROUGH_SHARE = "whole_of_them", "through", "through_share"
"""Of those who answered the survey twice: the effect on money, its part through loyalty, and that as a share."""


@dataclass(frozen=True)
class ChangeRows:
    """``rows``: programme, outcome, row, value, low, high, p (adjusted), n.

    Row: "effect" (money: of a year, as a share of what was held), "whole" (currency); of a roll-out also "usual"
    (two-way fixed effects), "untrended" (had the trend of before gone on), "other_controls" (not yet reached too),
    "alike" (against others of like assets and years with the bank), and as an outcome of its own "left" ("left_reached"
    and "left_others": share a year), and "early" (had clients acted a period before). Of a lot also "took" (currency
    for each who took part because he was drawn) and "followed" (by how much more often those drawn took part, share).
    ``WHOLE_OF_THEM``, ``THROUGH`` and ``THROUGH_SHARE`` as said there.
    ``path``: programme, months (since the start), value, low, high: bands for all at once. ``sides``: programme, side
    ("reached", "others"), clients, of the effect on money.
    """

    rows: pd.DataFrame
    path: pd.DataFrame
    sides: pd.DataFrame


def missing_for_changes(bank: Bank) -> tuple[str, ...]:
    """Return what the bank lacks for any question about programmes."""
    return (*bank.needs(*NEEDS), *(() if bank.window_from else ("[window] complete_from",)))


def told_programmes(bank: Bank) -> tuple[str, ...]:
    """Return the programmes to be told: those that changed a channel, the latest first, then the others."""
    every = programmes(bank)[::-1]
    named = [p for p in every if p in bank.settings.channels.changes] or list(every)
    return (*named, *(p for p in every if p not in named))


def changes(bank: Bank) -> Answer | NotAvailable:
    """Tell what every programme was worth, the last change of a channel first."""
    if missing := missing_for_changes(bank):
        return NotAvailable(ID, missing)
    found = [managed(bank, name) for name in told_programmes(bank)]
    if not any(isinstance(o.mean, Estimate) for f in found for o in f.outcomes):
        return refused(ID, why(found[0]) if found else "no_rows", {"programme": found[0].name if found else ""})
    return Answer(ID, ID, change_evidence(found), change_rows, change_facts(bank, found))


def rollout(bank: Bank) -> Answer | NotAvailable:
    """Tell how the effect of the last change that came in steps grew, and whether the assumption behind it holds."""
    if missing := missing_for_changes(bank):
        return NotAvailable(ROLLOUT, missing)
    steps = [f for f in (followed(bank, name) for name in told_programmes(bank)) if not f.by_lot]
    if not steps:
        return refused(ROLLOUT, "no_steps")
    primary = steps[0].find(bank.settings.channels.primary)
    if primary is None or primary.effects is None:
        return refused(ROLLOUT, why(steps[0]), {"programme": steps[0].name})
    found = steps[:1]
    return Answer(ROLLOUT, ROLLOUT, change_evidence(found), change_rows, change_facts(bank, found))


def change_evidence(found: list[Rollout]) -> dict[str, Evidence]:
    """Return the outcomes of programmes as evidence."""
    lines: list[dict[str, Any]] = []
    path: list[dict[str, Any]] = []
    sides: list[dict[str, Any]] = []
    for programme in found:
        for o in programme.outcomes:
            lines += _outcome(programme.name, o)
            path += _path(programme, o)
            if o.name == MONEY:
                counts = {REACHED: o.reached, OTHERS: o.others}
                sides += [{"programme": programme.name, "side": s, "clients": n} for s, n in counts.items()]
        lines += _through(programme)
        for row, gone in zip((LEFT_REACHED, LEFT_OTHERS), programme.leaving or (), strict=False):
            if any(isinstance(o.mean, Estimate) for o in programme.outcomes) and isinstance(gone.a_year, Estimate):
                head = {"programme": programme.name, "outcome": LEFT, "row": row}
                lines.append(head | line(gone.a_year, gone.clients, gone.left) | {"p": NAN})
    return {
        "rows": estimates(lines, *DIMS),
        "path": estimates(path, "programme", "outcome", "months"),
        "sides": ClientCounts(pd.DataFrame(sides, columns=["programme", "side", "clients"]), ("programme", "side")),
    }


def change_rows(parts: dict[str, Evidence]) -> ChangeRows:
    """Return the outcomes of programmes from (protected) evidence."""
    rows, path = (cast(Estimates, parts[name]).rows for name in ("rows", "path"))
    return ChangeRows(rows, path, cast(ClientCounts, parts["sides"]).cells)


def change_facts(bank: Bank, found: list[Rollout]) -> dict[str, Any]:
    """Return what is known of programmes beside their effects."""
    opens = spell_months(bank).opens
    return {
        "primary": bank.settings.channels.primary,
        "largest": LARGEST,
        "programmes": [
            {
                "name": f.name,
                "changed": f.name in bank.settings.channels.changes or not bank.settings.channels.changes,
                "by_lot": f.by_lot,
                "by_manager": f.by_manager,
                "months": f.months,
                "length": f.length,
                "starts": [add_months(opens, s).isoformat() for s in f.starts],
                "why": why(f) if not any(isinstance(o.mean, Estimate) for o in f.outcomes) else "",
                "refused": {o.name: o.mean.reason for o in f.outcomes if isinstance(o.mean, NotEstimable)},
                "clusters": f.clusters,
                "controls": {o.name: o.controls for o in f.outcomes},
                "pretrend": {
                    o.name: (o.pretrend.p_value, o.pretrend.name, o.pretrend.reason) for o in f.outcomes if o.pretrend
                },
                "alike": {
                    o.name: o.alike.reason
                    for o in f.outcomes
                    if o.name == MONEY and isinstance(o.mean, Estimate) and isinstance(o.alike, NotEstimable)
                },
                "against": {o.name: o.against for o in f.outcomes},
                "took": _why_taken(f),
                "loyal": _why_through(f),
                "left_out": {
                    o.name: [c.reason for c in o.effects.checks if c.name == "comparisons made"]
                    for o in f.outcomes
                    if o.effects is not None
                },
            }
            for f in found
        ],
        "outcomes": [o for o in OUTCOMES if any(f.find(o) for f in found)],
    }


def why(found: Rollout) -> str:
    """Say why a programme has no effect that could be told: a code, or the words of the statistic that refused."""
    return found.why or next((o.mean.reason for o in found.outcomes if isinstance(o.mean, NotEstimable)), "")


def _outcome(programme: str, o: Outcome) -> list[dict[str, Any]]:
    """Return the rows of one outcome. An effect rests on the smaller of the two sides."""
    fewest = min(o.reached, o.others) if np.isnan(o.events) else o.events
    head = {"programme": programme, "outcome": o.name}
    sizes = o.sizes if o.name == MONEY else (NAN, NAN, NAN)
    told = [head | {"row": EFFECT} | line(o.mean, o.reached, fewest, sizes) | {"p": o.p_adjusted}]
    beside: list[tuple[str, Estimate | NotEstimable]] = [(WHOLE, o.whole), (USUAL, o.usual), (UNTRENDED, o.untrended)]
    beside += [(OTHER, o.other_controls), (ALIKE, o.alike), (EARLY, o.early)]
    for row, found in beside:
        if isinstance(found, Estimate):
            told.append(head | {"row": row} | line(found, o.reached, fewest, sizes) | {"p": NAN})
    if isinstance(o.took, ComplierEffect):
        takers = float(o.took.effect.n_events or 0)
        told.append(head | {"row": TOOK} | line(o.took.effect, o.reached, min(fewest, takers)) | {"p": NAN})
        told.append(head | {"row": FOLLOWED} | line(o.took.followed, o.reached, min(fewest, takers)) | {"p": NAN})
    return told if isinstance(o.mean, Estimate) else []


def _through(programme: Rollout) -> list[dict[str, Any]]:
    """Return how much of the money of those who answered before and after runs through loyalty."""
    told = programme.through
    if told is None:
        return []
    head = {"programme": programme.name, "outcome": MONEY}
    fewest = min(told.reached, told.clients - told.reached)
    parts = ((WHOLE_OF_THEM, told.whole), (THROUGH, told.loyal), (THROUGH_SHARE, told.share))
    return [
        head | {"row": row} | line(found, told.clients, fewest) | {"p": NAN, "unit": "share"}
        for row, found in parts
        if isinstance(found, Estimate)
    ]


def _why_taken(programme: Rollout) -> str:
    """Say why what taking part did cannot be told of a lot; empty where it is told, or nothing was drawn."""
    told = programme.find(MONEY)
    if not programme.by_lot or told is None or not isinstance(told.mean, Estimate):
        return ""
    return told.took.reason if isinstance(told.took, NotEstimable) else ""


def _why_through(programme: Rollout) -> str:
    """Say why the part through loyalty cannot be told; empty where it is told, or the bank asks nobody."""
    told = programme.through
    return told.loyal.reason if told is not None and isinstance(told.loyal, NotEstimable) else ""


def _path(programme: Rollout, o: Outcome) -> list[dict[str, Any]]:
    """Return the effect by months since the start, with bands for all at once; money as of a year."""
    curve = None if o.effects is None else o.effects.by_event_time()
    if curve is None or isinstance(curve, NotEstimable):
        return []
    a_year = 12 / programme.length if o.name in (MONEY, INCOME) else 1.0
    rows = []
    for r in curve.table.to_dict("records"):
        value, low, high = (a_year * float(r[c]) for c in ("effect", "band_low", "band_high"))
        found = Estimate(value, low, high, curve.unit, 0)
        head = {"programme": programme.name, "outcome": o.name, "months": int(r["event_time"]) * programme.length}
        rows.append(head | line(found, int(r["n_treated"]), min(int(r["n_treated"]), o.others)))
    return rows
