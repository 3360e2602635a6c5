"""Every number of either pack is compared in some way, or a reason is told: none is left out in silence."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lean_bank import lean_settings

from insights.data.snapshot import open_bank
from insights.models.memory.measures import contributions, measure
from insights.models.memory.numbers import LEFT_IN_GROUP, REACH, RESOLVED, SCORE, of_numbers
from insights.reports.compare import HOW
from insights.stats.changes import change_between, change_within
from insights.stats.results import Estimate
from insights.topics.summary import numbers as kinds
from insights.topics.summary.numbers import JUDGED, UNJUDGED, numbers
from insights.topics.summary.pack import Findings

THEN, NOW = "2026-09-30", "2026-10-31"


def row(name: str, value: float | None, half: float | None = None, unit: str = "share", **more: Any) -> dict[str, Any]:
    ends = {} if half is None or value is None else {"low": value - half, "high": value + half, "level": 0.95}
    head = {"name": name, "group": {}, "months": None, "value": value, "low": None, "high": None, "level": None}
    told = {"unit": unit, "n": 100.0, "n_events": None, "status": "suppressed" if value is None else "shown"}
    return head | ends | told | more


def pack(day: str, **found: list[dict[str, Any]]) -> Findings:
    by_id = {id.replace("__", "."): rows for id, rows in found.items()}
    return Findings(day, {id: {"report": id.partition(".")[0], "estimates": rows} for id, rows in by_id.items()})


EARLY = pack(
    THEN,
    clients__groups=[row("left_12m", 0.050, 0.02, group={"age": "40-49"}), row("clients", 400.0, unit="clients")],
    lifecycle__outlook=[row("expected", 50.0, 10.0), row("p_x", 0.2, unit="p"), row("sum", 1e6, unit="CHF")],
    lifecycle__stages=[row("clients", 900.0, unit="clients", group={"month": THEN, "stage": "growth"})],
    value__bridge=[row("part", 5.0, 1.0)],
    quality__intake=[row("rows", 1000.0, unit="rows")],
    risk__x=[row("y", 1.0, 0.1), row("gone", 1.0, 0.1), row("open", 3.0, low=1.0, high=math.inf)],
    channels__state=[row("resolved", None), row("rated", 0.5, 0.1)],
    summary__state=[row("line", 1.0)],
)
LATE = pack(
    NOW,
    clients__groups=[row("left_12m", 0.090, 0.02, group={"age": "40-49"}), row("clients", 420.0, unit="clients")],
    lifecycle__outlook=[row("expected", 90.0, 10.0), row("p_x", 0.9, unit="p"), row("sum", 2e6, unit="CHF")],
    lifecycle__stages=[row("clients", 930.0, unit="clients", group={"month": NOW, "stage": "growth"})],
    value__bridge=[row("part", 9.0, 1.0)],
    quality__intake=[row("rows", 2000.0, unit="rows")],
    risk__x=[row("y", 1.5, 0.1), row("new", 1.0, 0.1), row("open", 3.0, low=1.0, high=math.inf)],
    channels__state=[row("resolved", 0.7, 0.1), row("rated", 0.9, 0.1)],
    summary__state=[row("line", 2.0)],
)
ERRORS = pd.DataFrame(
    {"measure": [LEFT_IN_GROUP], "group": ["age=40-49"], "value": [0.004], "n": [500.0], "n_events": [25.0]}
)


def test_every_number_of_either_pack_is_compared_or_says_why_not() -> None:
    found = numbers(LATE, EARLY, ERRORS, not_judged=("channels",))
    told = {(f"{r['finding']} {r['name']}"): r["how"] for r in found.to_dict("records")}
    assert told == {
        "clients.groups left_12m": kinds.PAIRED,
        "clients.groups clients": kinds.CLIENTS,
        "lifecycle.outlook expected": kinds.INTERVALS,
        "lifecycle.outlook p_x": kinds.TESTS,
        "lifecycle.outlook sum": kinds.TOTALS,
        "lifecycle.stages clients": kinds.CLIENTS,  # each pack's own day is the same place in both
        "value.bridge part": kinds.KIND,
        "quality.intake rows": kinds.RECORDS,
        "risk.x y": kinds.INTERVALS,
        "risk.x new": kinds.ONE_PACK,
        "risk.x gone": kinds.ONE_PACK,
        "risk.x open": kinds.BOUNDS,
        "channels.state resolved": kinds.WITHHELD,
        "channels.state rated": kinds.DELIVERED,
        "summary.state line": kinds.COPIES,
    }
    assert set(told.values()) == {*JUDGED, *UNJUDGED} == set(HOW)
    judged = found["how"].isin(JUDGED)
    assert found.loc[judged, ["low", "high", "p_value"]].notna().all().all()
    assert found.loc[~judged, ["low", "high", "p_value"]].isna().all().all()
    both = Counter(numbers(LATE, LATE, None)["how"])
    assert sum(both.values()) == sum(len(f["estimates"]) for f in LATE.by_id.values())


def test_the_best_way_there_is_decides() -> None:
    found = numbers(LATE, EARLY, ERRORS).set_index(["finding", "name"])
    left = found.loc[("clients.groups", "left_12m")]
    # 0.004 and what three digits leave open: z is 10; by both intervals it would be 2.0.
    assert (left["high"] - left["low"]) / 2 == pytest.approx(1.96 * 0.004, rel=1e-2)
    apart = numbers(LATE, EARLY, None).set_index(["finding", "name"]).loc[("clients.groups", "left_12m")]
    assert (apart["high"] - apart["low"]) / 2 == pytest.approx(0.04)
    # Fewer than ten movers are as ten: sqrt(10) of 500 clients, whatever the error says.
    least = numbers(LATE, EARLY, ERRORS, least=10.0).set_index(["finding", "name"]).loc[("clients.groups", "left_12m")]
    assert (least["high"] - least["low"]) / 2 == pytest.approx(1.96 * math.sqrt(10) / 500, rel=1e-2)
    count = found.loc[("clients.groups", "clients")]
    assert (count["high"] - count["low"]) / 2 == pytest.approx(1.96 * (20 + math.sqrt(420)), rel=1e-3)


def test_an_interval_for_anything_between_two_numbers_holds_for_the_worst() -> None:
    """Two numbers that go against each other as far as can be: only the sum of both errors holds their difference."""
    one, other = Estimate(1.0, 0.9, 1.2, "x", 50), Estimate(0.5, 0.3, 0.6, "x", 40)
    found, apart = change_within(one, other), change_between(one, other)
    assert (found.low, found.high) == (pytest.approx(0.5 - 0.1 - 0.1), pytest.approx(0.5 + 0.2 + 0.2))
    assert found.low < apart.low < apart.high < found.high
    rng = np.random.default_rng(1)
    z = rng.normal(0, 1, 20000)
    held = abs((z - (-z)) - 0) <= 1.96 * (1 + 1)  # errors of 1 each, correlation -1
    assert 0.945 < held.mean() < 0.955


def test_numbers_of_reports_are_what_the_clients_add_up_to(demo_bank_small: Path) -> None:
    lean = lean_settings(demo_bank_small, demo_bank_small.with_name("lean"))
    bank, start = open_bank(lean, as_of=NOW, raw=demo_bank_small), pd.Timestamp("2025-10-31")
    frame, measures = contributions(bank)
    more, pairs = of_numbers(bank, frame, start.date())
    found = measure(pd.concat([frame, more], axis=1), measures | pairs)
    at = found.labels.assign(value=found.replicates.value).set_index(["measure", "group"])["value"]
    rows = bank.table("contacts").execute()
    rows = rows[pd.to_datetime(rows["contacted_on"]) > start]
    phone = rows[rows["channel"] == "phone"]
    assert at[RESOLVED, "channel=phone"] == pytest.approx(phone["resolved"].dropna().astype(float).mean())
    clients = bank.table("clients").execute()
    here = set(clients.loc[clients["left_on"].isna(), "client_id"].astype(str))
    reached = len(here & set(phone["client_id"].astype(str))) / len(here)
    assert at[REACH, "channel=phone"] == pytest.approx(reached, abs=0.01)  # who came back has two relationships
    survey = bank.table("surveys").execute()
    items = list(bank.settings.loyalty.outcome)
    told = survey[pd.to_datetime(survey["answered_on"]) > start][items].astype(float).mean(axis=1, skipna=False)
    assert at[SCORE, "score=loyalty,what=as_answered"] == pytest.approx(told.mean())
    groups = [g for m, g in pairs if m == LEFT_IN_GROUP and g.startswith("age=")]
    inside = found.labels[found.labels["group"].isin(groups)]
    known = set(clients.loc[clients["birth_year"].notna(), "client_id"].astype(str))
    assert inside["n_events"].sum() == frame.loc[frame.index.isin(known), "left"].sum() > 30
