"""The comparison of packs: quiet where nothing changed, and by name where something was planted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from lean_bank import lean_settings

from insights.data.months import add_months
from insights.data.settings import DisclosureSection
from insights.data.snapshot import open_bank
from insights.demo import write_demo
from insights.models.memory.compared import compared as compared_delivery
from insights.models.memory.inputs import delivered
from insights.models.memory.measures import LEFT, contributions, measure
from insights.models.memory.numbers import Pairs, of_numbers
from insights.models.memory.shapes import Measured
from insights.reports.disclosure import protect
from insights.topics.evidence import Estimates
from insights.topics.summary.changes import ALPHA, ID, NAME, Changes, Rules, _changes, between, evidence_of, paired
from insights.topics.summary.numbers import PAIRED
from insights.topics.summary.own import DIMS
from insights.topics.summary.own import told as own_rows
from insights.topics.summary.pack import Findings

RULES = DisclosureSection()
KEEPS = Rules(RULES.round_to, RULES.min_clients)
NOW, THEN = "2026-10-31", "2026-09-30"
BANKS, SAMPLES = 40, 5


@dataclass(frozen=True)
class Frame:
    """What each client adds to each sum, and which sums are measures and which numbers of other reports."""

    rows: pd.DataFrame
    measures: Pairs
    numbers: Pairs


@dataclass(frozen=True)
class Run:
    """What a run measures: the measures, and numbers of other reports."""

    measures: Measured
    numbers: Measured


def published(run: Run) -> Findings:
    """Return the findings that a pack tells of what was measured, after disclosure control."""
    told = _changes(
        protect(evidence_of(run.measures, None, Findings("", {})), RULES), Findings("", {}), Findings("", {}), KEEPS
    )
    found: dict[str, list[dict[str, Any]]] = {ID: []}
    for r in told.measures.to_dict("records"):
        group = {"measure": r["measure"], **({"group": r["group"]} if r["group"] else {})}
        ends = {"value": r["value"], "low": r["now_low"], "high": r["now_high"]}
        found[ID].append({"name": NAME, "group": group} | ends | {"unit": r["unit"], "n": r["n"], "status": "shown"})
    numbers = cast(Estimates, protect({"numbers": Estimates(own_rows(run.numbers), DIMS)}, RULES)["numbers"]).rows
    for r in numbers.to_dict("records"):
        finding, _, name = r["measure"].partition(" ")
        group = dict(pair.split("=", 1) for pair in r["group"].split(","))
        ends = {e: None if np.isnan(r[e]) else r[e] for e in ("value", "low", "high")}
        row = {"name": name, "group": group} | ends | {"unit": r["unit"], "n": r["n"], "status": r["status"]}
        found.setdefault(finding, []).append(row)
    return Findings(
        "",
        {
            id: {
                "report": id.partition(".")[0],
                "title": {},
                "estimates": [{"months": 12, "level": 0.95, "n_events": None} | row for row in rows],
            }
            for id, rows in found.items()
        },
    )


def compared(now: Run, then: Run) -> Changes:
    """Compare the findings of two packs as the summary and ``insights history`` do."""
    errors = {"errors": paired(now.measures, then.measures), "numbers": paired(now.numbers, then.numbers)}
    return between(published(now), published(then), protect(errors, RULES), KEEPS)


def frames(folder: Path, seed: int, clients: int, months: int, *days: str) -> list[Frame]:
    made = write_demo(folder, clients=clients, months=months, seed=seed)
    lean = lean_settings(made.out, folder.with_name(f"{folder.name}-lean"))
    found = []
    for day in days:
        with open_bank(lean, as_of=day, raw=made.out) as bank:
            rows, measures = contributions(bank)
            more, numbers = of_numbers(bank, rows, add_months(bank.as_of, -12))
            found.append(Frame(pd.concat([rows, more], axis=1), measures, numbers))
    return found


def part(frame: Frame, keys: pd.Index | None = None) -> Run:
    rows = frame.rows if keys is None else frame.rows[frame.rows.index.isin(keys)]
    every = measure(rows, frame.measures | frame.numbers)
    return Run(every.part(slice(0, len(frame.measures))), every.part(slice(len(frame.measures), None)))


def unchanged(folder: Path) -> Iterator[Changes]:
    """Yield the comparisons of two packs a month apart: five separate samples of the clients of each of forty banks."""
    for seed in range(BANKS):
        now, then = frames(folder / str(seed), 100 + seed, 3000, 30, NOW, THEN)
        keys = np.random.default_rng(seed).permutation(now.rows.index.to_numpy())
        for own in np.array_split(keys, SAMPLES):
            yield compared(part(now, pd.Index(own)), part(then, pd.Index(own)))


@pytest.mark.long
def test_at_most_ten_of_two_hundred_unchanged_pairs_flag_anything(tmp_path: Path) -> None:
    found = list(unchanged(tmp_path))
    flagged = [c for c in found if c.clear]
    tested = [int(c.measures["p_value"].notna().sum()) for c in found]
    others = [c.counted(PAIRED) for c in found]
    named: dict[tuple[str, str], int] = {}
    for one in flagged:
        for r in one.measures[one.measures["clear"]].to_dict("records"):
            named[(r["measure"], r["group"])] = named.get((r["measure"], r["group"]), 0) + 1
        for r in one.findings[one.findings["clear"]].to_dict("records"):
            key = (f"{r['finding']} {r['name']}", str(r["group"]))
            named[key] = named.get(key, 0) + 1
    print(
        f"{len(flagged)} of {len(found)} pairs flag anything (alpha {ALPHA}); {np.mean(tested):.1f} measures and "
        f"{np.mean(others):.1f} other numbers each; {named}"
    )
    assert len(found) == BANKS * SAMPLES
    assert min(tested) >= 5
    assert min(others) >= 10
    assert len(flagged) <= 10


def double_leavers(frame: Frame, place: str, seed: int) -> Frame:
    """Let as many more clients of one place leave within the year as left there anyway."""
    rows = frame.rows.copy()
    left, there = rows[f"left {place}"] > 0, (rows[f"there_before {place}"] > 0) & (rows["left"] == 0)
    more = np.random.default_rng(seed).choice(rows.index[there], int(left.sum()), replace=False)
    for column in ("left", f"left {place}"):
        rows.loc[more, column] = 1.0
    return replace(frame, rows=rows)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    return frames(tmp_path_factory.mktemp("planted") / "bank", 3, 4000, 30, NOW, THEN)


@pytest.mark.long
def test_leavers_that_double_in_one_region_are_named_and_nothing_else(planted: list[Frame]) -> None:
    now, then = planted
    place = "Geneva"
    changed = double_leavers(now, place, 1)
    found = compared(part(changed), part(then))
    clear: list[Any] = found.measures[found.measures["clear"]][["measure", "group"]].values.tolist()
    # The whole bank's share moves with it; that of no other region does.
    assert [LEFT, place] in clear
    assert {tuple(c) for c in clear} <= {(LEFT, place), (LEFT, "")}
    # Groups by other columns know nothing of it: their clients are drawn from everywhere.
    assert not compared(part(now), part(then)).clear


@pytest.mark.long
def test_a_lost_half_and_another_scale_are_named_and_nothing_else(tmp_path: Path) -> None:
    """As of four months ago all was well; since then half the contacts are gone, and marks are given out of twenty."""
    day = "2026-06-30"
    made = write_demo(tmp_path / "bank", clients=2000, months=30, seed=4)
    with open_bank(made.out / "bank.toml", as_of=day) as bank:
        then = delivered(bank)
    with open_bank(made.out / "bank.toml", as_of=NOW) as bank:
        assert compared_delivery(bank, then, date.fromisoformat(day)).empty
    contacts = pd.read_csv(made.out / "crm_contacts.csv", dtype=str, keep_default_na=False)
    contacts.iloc[::2].to_csv(made.out / "crm_contacts.csv", index=False, quoting=1)
    survey = pd.read_csv(made.out / "survey.csv", dtype=str, keep_default_na=False)
    late = (survey["answered"].str[:10] > day) & (survey["item_recommend"] != "")
    assert late.sum() > 100
    survey.loc[late, "item_recommend"] = (2 * survey.loc[late, "item_recommend"].astype(float)).astype(int).astype(str)
    survey.to_csv(made.out / "survey.csv", index=False, quoting=1)
    with open_bank(made.out / "bank.toml", as_of=NOW) as bank:
        found = compared_delivery(bank, then, date.fromisoformat(day))
    told = set(zip(found["what"], found["table"], found["column"], strict=True))
    assert told == {("fewer", "contacts", ""), ("shifted", "surveys", "item_recommend")}
