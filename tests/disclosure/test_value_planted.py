"""A client of the middle whose lifetime value dwarfs all others of his tier, segment and stage: nobody reads it off.

The attacker has every finding of the report, and adds up: what is told of the cell that the client is in, and what is
left of a whole, told by any exhibit, once all that is told of its other parts is taken away.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.data.snapshot import Bank, open_bank
from insights.models.cache import once
from insights.models.segments.model import Segments, client_segments
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.models.value.stake import value_at_stake
from insights.reports.publish import publish
from insights.topics import value
from insights.topics.evidence import Answer

WITHIN = 0.2
SHARE = 0.8
"""His worth, as a part of that of all others."""
ASKS = (value.worth, value.tiers, value.tier_moves, value.largest, value.relationship, value.resources)


@pytest.fixture(scope="module")
def planted(demo: Bank) -> Iterator[tuple[Bank, str]]:
    """The bank with the client whose value is out of all proportion, and his id."""
    found = lifetime_values(demo)
    assert isinstance(found, LifetimeValues)
    told = value_at_stake(demo).dropna(subset=["risk"]).sort_values("worth")
    mine = str(told["client_id"].iloc[len(told) // 2])
    at = int(np.flatnonzero(found.clients["client_id"] == mine)[0])
    own = SHARE * float(np.delete(found.value, at).sum())
    clients = found.clients.copy()
    clients.loc[at, ["value", "value_5y", "value_undiscounted"]] = own * np.array([1.0, 0.6, 1.4])
    lots = np.random.default_rng(3).normal(1.0, 0.1, found.drawn.expected.shape[1])
    drawn = [each.copy() for each in (found.drawn.expected, found.drawn.realised)]
    for each in drawn:
        each[at] = own * lots
    made = replace(found, clients=clients, drawn=replace(found.drawn, expected=drawn[0], realised=drawn[1]))
    rules = demo.settings.value
    with open_bank(demo.settings.path, as_of=demo.as_of.isoformat()) as bank:
        key = ("lifetime_values", bank.as_of, 12 * rules.horizon_years, rules.annual_discount_rate)
        assert once(bank, key, lambda: made) is made
        yield bank, mine


@pytest.fixture(scope="module")
def answers(planted: tuple[Bank, str]) -> list[Answer]:
    found = [ask(planted[0]) for ask in ASKS]
    assert all(isinstance(answer, Answer) for answer in found)
    return [answer for answer in found if isinstance(answer, Answer)]


def cells_of(bank: Bank, mine: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the clients with worth, stake and every group that exhibits tell them by, and the groups of the client."""
    frame = value_at_stake(bank)
    segments = client_segments(bank)
    assert isinstance(segments, Segments)
    own = pd.Series(segments.labels(segments.last), index=segments.months.client_id)
    frame = frame.assign(segment=own.reindex(frame["client_id"]).to_numpy())
    row = frame[frame["client_id"] == mine].iloc[0]
    return frame, {by: str(row[by]) for by in ("tier", "segment", "stage")} | {"clients": "top"}


def guesses(findings: list[dict[str, Any]], name: str, by: str, cell: str, wholes: list[float]) -> list[float]:
    """Return what the attacker makes of one grouping: the cell itself, and each whole less the other parts told."""
    parts = {r["group"][by]: r["value"] for r in findings if r["name"] == name and set(r["group"]) == {by}}
    parts.pop("all", None)
    if not parts:
        return []
    others = sum(v for group, v in parts.items() if group != cell and v is not None)
    found = [whole - others for whole in wholes]
    return found if parts.get(cell) is None else [*found, parts[cell]]


def test_his_worth_is_not_to_be_had_from_any_grouping(planted: tuple[Bank, str], answers: list[Answer]) -> None:
    bank, mine = planted
    frame, cells = cells_of(bank, mine)
    row = frame[frame["client_id"] == mine].iloc[0]
    # He dominates his tier, segment and stage: told as they are, the stakes of one of these would be his own.
    alone = {
        by: float(row["stake"]) / float(frame.loc[frame[by] == cells[by], "stake"].sum()) for by in list(cells)[:3]
    }
    assert min(alone.values()) > bank.settings.disclosure.dominance_largest
    assert max(alone.values()) > 1 / (1 + WITHIN)
    findings = {answer.id: publish(answer, bank).exhibit["estimates"] for answer in answers}
    every = [r for rows in findings.values() for r in rows]
    whole = [r["value"] for r in findings["value.worth"] if r["name"] == "value" and not r["group"]]
    whole += [
        r["value"] for r in findings["value.relationship"] if r["name"] == "value" and r["group"] == {"tier": "all"}
    ]
    wholes = {"worth": [w for w in whole if w is not None], "value_at_stake": []}
    for name in ("worth", "value_at_stake"):
        for by in cells:
            told = [r["value"] for r in every if r["name"] == name and set(r["group"]) == {by}]
            if told and None not in told:
                wholes[name].append(sum(told))
    seen = 0
    for name, column in (("worth", "worth"), ("value_at_stake", "stake")):
        for by, cell in cells.items():
            for guess in guesses(every, name, by, cell, wholes[name]):
                seen += 1
                assert abs(guess - row[column]) > WITHIN * row[column], (name, by, guess / row[column])
    rows = findings["value.relationship"]
    for guess in guesses(rows, "value", "tier", cells["tier"], wholes["worth"]):
        seen += 1
        assert abs(guess - row["worth"]) > WITHIN * row["worth"], guess / row["worth"]
    assert seen > 6


def test_no_move_between_tiers_is_his_alone(answers: list[Answer], planted: tuple[Bank, str]) -> None:
    bank = planted[0]
    rows = next(publish(a, bank).exhibit["estimates"] for a in answers if a.id == "value.tier_moves")
    told = [r["value"] for r in rows if r["value"] is not None]
    assert told
    assert not [v for v in told if 0 < v < bank.settings.disclosure.min_clients]
