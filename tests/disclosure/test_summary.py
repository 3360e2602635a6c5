"""An attacker holds two packs beside each other that differ by one leaver of a small cell, and learns nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lean_bank import lean_settings

from insights.data.snapshot import Bank, open_bank
from insights.models.memory.measures import LEFT, contributions, measure
from insights.models.memory.shapes import Measured
from insights.reports.disclosure import protect
from insights.topics.evidence import Answer
from insights.topics.summary.changes import ID, NAME, Changes, Rules, _changes, evidence_of
from insights.topics.summary.pack import Findings

MINE = "Ticino"


@pytest.fixture(scope="module")
def bank(demo_bank_small: Path) -> Bank:
    lean = lean_settings(demo_bank_small, demo_bank_small.with_name("lean"))
    return open_bank(lean, as_of="2026-10-31", raw=demo_bank_small)


@pytest.fixture(scope="module")
def frame(bank: Bank) -> tuple[pd.DataFrame, dict[tuple[str, str], tuple[str, str]]]:
    return contributions(bank)


def with_leavers(frame: pd.DataFrame, place: str, leavers: int) -> pd.DataFrame:
    """Return the clients with so many leavers in one place: exactly so many of those who were there before left."""
    there = frame.index[frame[f"there_before {place}"] > 0]
    own = frame.copy()
    for column in ("left", f"left {place}"):
        own.loc[there, column] = 0.0
        own.loc[there[:leavers], column] = 1.0
    return own


def seen(bank: Bank, now: Measured, then: Measured | None, before: Findings) -> Changes:
    """Return what every reader may work with: the estimate from protected evidence, and nothing else."""
    told = protect(evidence_of(now, then, before), bank.settings.disclosure)
    return _changes(told, Findings("now", {}), before, Rules.of(bank.settings))


def published(changes: Changes) -> Findings:
    rows = [
        {
            "name": NAME,
            "group": {"measure": r["measure"], **({"group": r["group"]} if r["group"] else {})},
            "months": 12,
        }
        | {"value": r["value"], "low": r["now_low"], "high": r["now_high"], "level": 0.95, "unit": r["unit"]}
        | {"n": r["n"], "n_events": None, "status": "shown"}
        for r in changes.measures.to_dict("records")
    ]
    return Findings("then", {ID: {"report": "summary", "title": {}, "estimates": rows}})


def numbers(changes: Changes, **where: Any) -> list[tuple[Any, ...]]:
    rows = changes.measures
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return [tuple(r) for r in rows.drop(columns="clear").fillna(-1.0).itertuples(index=False)]


@pytest.mark.parametrize("leavers", [1, 2, 4, 6, 8])
def test_one_leaver_more_in_a_small_cell_changes_no_number_of_that_cell(
    bank: Bank, frame: tuple[pd.DataFrame, Any], leavers: int
) -> None:
    rows, pairs = frame
    assert 10 <= (rows[f"there_before {MINE}"] > 0).sum() < 60
    one, other = (measure(with_leavers(rows, MINE, n), pairs) for n in (leavers, leavers + 1))
    alone = [seen(bank, found, None, Findings("", {})) for found in (one, other)]
    # Fewer than ten left there: neither pack tells the cell, nor anything that it could be worked out from.
    assert all(not numbers(a, measure=LEFT, group=MINE) for a in alone)
    shown = [{r[1] for r in numbers(a, measure=LEFT)} - {""} for a in alone]
    places = {group for measure_, group in pairs if measure_ == LEFT and group}
    assert all(len(places - s) >= 2 or not s for s in shown)
    # Held beside each other, the second pack tells of no change there either.
    later = seen(bank, other, one, published(alone[0]))
    assert not numbers(later, measure=LEFT, group=MINE)


def test_the_whole_moves_in_fives_or_not_at_all(bank: Bank, frame: tuple[pd.DataFrame, Any]) -> None:
    """From one to ten leavers more, the number of leavers that an attacker reads off the share moves by 0, 5 or 10."""
    rows, pairs = frame
    counts = []
    for leavers in range(1, 11):
        found = seen(bank, measure(with_leavers(rows, MINE, leavers), pairs), None, Findings("", {}))
        (row,) = [r for r in found.measures.to_dict("records") if r["measure"] == LEFT and r["group"] == ""]
        counts.append(round(row["value"] * row["n"], 6))
    steps = np.diff(counts)
    assert set(np.unique(steps)) <= {0.0, 5.0}
    assert (steps == 0).sum() >= 7


def test_an_interval_does_not_tell_how_few_moved(bank: Bank, frame: tuple[pd.DataFrame, Any]) -> None:
    """One, three or nine leavers more than forty: the error of the change of the whole is that of ten movers."""
    rows, pairs = frame
    place = next(g for m, g in pairs if m == LEFT and g and (rows[f"there_before {g}"] > 0).sum() > 100)
    before = published(seen(bank, measure(with_leavers(rows, place, 40), pairs), None, Findings("", {})))
    widths = set()
    for more in (1, 3, 9):
        one, other = (measure(with_leavers(rows, place, n), pairs) for n in (40, 40 + more))
        found = seen(bank, other, one, before).measures
        (row,) = found[(found["measure"] == LEFT) & (found["group"] == "")].to_dict("records")
        widths.add(round((row["high"] - row["low"]) * row["n"], 6))
    assert len(widths) == 1


def test_errors_of_changes_are_withheld_with_their_cells(bank: Bank, frame: tuple[pd.DataFrame, Any]) -> None:
    rows, pairs = frame
    one, other = (measure(with_leavers(rows, MINE, n), pairs) for n in (3, 4))
    told = protect(evidence_of(other, one, Findings("", {})), bank.settings.disclosure)["errors"]
    own = told.rows[(told.rows["measure"] == LEFT) & (told.rows["group"] == MINE)]  # type: ignore[union-attr]
    assert own["value"].isna().all()


def test_an_answer_keeps_no_exact_count(bank: Bank) -> None:
    from insights.topics import summary
    from insights.topics.summary.pack import Pack

    answer = summary.changes(Pack(Findings("2026-10-31", {}), {}), bank)
    assert isinstance(answer, Answer)
    assert set(answer.facts) == {"before", "memory", "gaps", "titles"}
