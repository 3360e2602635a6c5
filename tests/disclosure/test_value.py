"""A client who dominates his region, or the book, against the exhibits of value: what a reader can work out of him."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.data.snapshot import Bank
from insights.models.value.book import client_book
from insights.models.value.margins import client_margins
from insights.reports.disclosure import protect
from insights.reports.publish import publish
from insights.topics import value
from insights.topics.evidence import Answer, Estimates, MoneySums
from insights.topics.value.cells import REST, group_labels

WITHIN = 0.2
"""Nobody's contribution may be worked out to within this part of it."""


@pytest.fixture(scope="module")
def answers(demo: Bank) -> list[Answer]:
    asks = (value.margin, value.largest, value.tiers, value.tier_moves, value.relationship, value.potential)
    asks += (value.worth, value.bridge, value.hindsight, value.depth, value.activity)
    asked = [ask(demo) for ask in asks] + value.streams(demo)
    for by in (None, "region"):
        asked += [value.concentration(demo, by), value.change(demo, by), value.resources(demo, by)]
    return [a for a in asked if isinstance(a, Answer)]


def test_the_demo_bank_has_a_client_who_dominates_his_region(demo: Bank) -> None:
    margins = client_margins(demo)
    assert margins is not None
    region = demo.table("clients").select("client_id", "region").execute().set_index("client_id")["region"]
    book = client_book(demo)
    assert book is not None
    held = book.assign(region=region.reindex(book["client_id"]).to_numpy()).groupby("region")["assets"]
    assert (held.max() / held.sum()).max() > demo.settings.disclosure.dominance_largest
    # His region is put together with others, and what they make together he does not dominate.
    labels = group_labels(demo, "region", margins)
    giant = int(np.argmax(margins.average_assets(margins.months.count - 12, margins.months.count - 1)))
    assert labels[giant] == REST
    assert len(set(labels)) > 2


def test_no_cell_holds_a_sum_that_one_or_two_make_up(demo: Bank, answers: list[Answer]) -> None:
    rules, seen = demo.settings.disclosure, 0
    for answer in answers:
        told = protect(answer.evidence, rules)
        for name, exact in answer.evidence.items():
            if not isinstance(exact, MoneySums):
                continue
            shown_cells = told[name].cells  # type: ignore[union-attr]
            keys = list(exact.dims)
            both = exact.cells.merge(shown_cells, on=keys, suffixes=("", "_told")) if keys else exact.cells
            for row in both.to_dict("records"):
                if pd.isna(row.get("amount_told", np.nan)):
                    continue
                seen += 1
                assert row["clients"] >= rules.min_clients
                assert row["largest"] <= rules.dominance_largest * row["absolute"]
                assert row["largest"] + row["second"] <= rules.dominance_two * row["absolute"]
                # Two sums with and without him do not tell his part to within a fifth.
                off = 5 * 10 ** (np.floor(np.log10(max(abs(row["amount"]), 1e-9))) - 3)
                assert abs(row["amount_told"] - row["amount"]) <= max(off, 0.5 * row["largest"]) + 1e-6
    assert seen > 40


def test_the_largest_client_is_nowhere_to_be_read(demo: Bank, answers: list[Answer]) -> None:
    """The cell that he is in is never his own amount within a fifth, told as such or as all the others' difference."""
    book, seen = client_book(demo), 0
    assert book is not None
    giant = float(book["assets"].max()), float(book["value"].max())
    for answer in answers:
        told = protect(answer.evidence, demo.settings.disclosure)
        for name, exact in answer.evidence.items():
            if not isinstance(exact, MoneySums) or len(exact.dims) != 1:
                continue
            both = exact.cells.merge(told[name].cells, on=list(exact.dims), suffixes=("", "_told"))  # type: ignore[union-attr]
            for own in giant:
                inside = np.isclose(both["largest"], own)
                for k in np.flatnonzero(inside):
                    rest = both["amount_told"].drop(index=k).sum()
                    for guess in (both["amount_told"].iloc[k], both["amount"].sum() - rest):
                        seen += 1
                        assert np.isnan(guess) or abs(guess - own) > WITHIN * own, (answer.id, name)
    assert seen > 10


PER_CLIENT = {"typical", "effects", "parameters"}
"""Evidence whose money is that of a typical client: medians, trimmed means, parameters of a law of all clients."""


def test_no_estimate_in_money_is_one_that_one_or_two_make_up(demo: Bank, answers: list[Answer]) -> None:
    """Every amount that a model tells carries the sizes of its largest contributions, and obeys the same rule."""
    rules, seen = demo.settings.disclosure, {}
    for answer in answers:
        told = protect(answer.evidence, rules)
        for name, exact in answer.evidence.items():
            if not isinstance(exact, Estimates) or not (exact.rows["unit"] == demo.settings.bank.currency).any():
                continue
            shown_rows = told[name].rows["status"] == "shown"  # type: ignore[union-attr]
            rows = exact.rows[(exact.rows["unit"] == demo.settings.bank.currency) & shown_rows.to_numpy()]
            if name in PER_CLIENT:
                continue
            assert {"largest", "second", "absolute"} <= set(rows), (answer.id, name)
            assert rows[["largest", "second", "absolute"]].notna().all(axis=None), (answer.id, name)
            assert (rows["n"] >= rules.min_clients).all()
            assert (rows["largest"] <= rules.dominance_largest * rows["absolute"]).all(), (answer.id, name)
            assert (rows["largest"] + rows["second"] <= rules.dominance_two * rows["absolute"]).all()
            seen[answer.id] = len(rows)
    assert {"value.worth", "value.bridge", "value.hindsight"} <= set(seen)
    assert any(id.startswith("value.stream_worth") for id in seen)


def test_groups_of_one_exhibit_are_those_of_the_others(demo: Bank) -> None:
    margins = client_margins(demo)
    assert margins is not None
    labels = set(group_labels(demo, "region", margins))
    for answer in (value.concentration(demo, "region"), value.change(demo, "region"), value.resources(demo, "region")):
        assert isinstance(answer, Answer)
        for part in answer.evidence.values():
            rows = part.rows if isinstance(part, Estimates) else part.cells  # type: ignore[union-attr]
            if "group" in rows:
                # Coarser is allowed, finer is not.
                assert set(rows["group"]) <= labels, answer.id


TOTALS = {("tier", "all")}
"""Groups of a finding that are the sum of its others."""


def given_back(findings: list[dict[str, Any]]) -> list[str]:
    """Return the names of what one withheld sum of an exhibit's findings follows from: a total, and all others told."""
    sums: dict[tuple[str, tuple[str, ...]], list[float | None]] = {}
    totals: set[str] = set()
    for row in findings:
        group = {(k, str(v)) for k, v in row["group"].items()}
        if row["unit"] in ("share", "correlation", "sentiment"):
            continue
        if not group or group & TOTALS:
            totals |= {row["name"]} if row["value"] is not None else set()
        elif len(group) == 1:
            sums.setdefault((row["name"], tuple(k for k, _ in group)), []).append(row["value"])
    return [name for (name, _), values in sums.items() if values.count(None) == 1 and name in totals]


def test_no_finding_gives_back_what_one_cell_of_it_withholds(demo: Bank, answers: list[Answer]) -> None:
    """findings.json holds numbers without figures: a withheld one must not be what is missing to a total."""
    row = {"name": "value", "unit": "CHF"}
    cells = [row | {"group": {"tier": name}, "value": value} for name, value in (("A", None), ("B", 5.0), ("C", 3.0))]
    assert given_back([*cells, row | {"group": {}, "value": 20.0}]) == ["value"]
    assert given_back([*cells, row | {"group": {"tier": "all"}, "value": 20.0}]) == ["value"]
    assert given_back(cells) == []
    assert len(answers) > 15
    for answer in answers:
        assert given_back(publish(answer, demo).exhibit["estimates"]) == [], answer.id


def test_findings_hold_only_what_was_protected(demo: Bank, answers: list[Answer]) -> None:
    """An amount in findings.json that no protected evidence leads to would be one that went round protection."""
    seen = 0
    for answer in answers:
        told = protect(answer.evidence, demo.settings.disclosure)
        known: list[float] = []
        exact: list[float] = []
        for name, part in told.items():
            if isinstance(part, MoneySums):
                known += part.cells["amount"].dropna().tolist()
                exact += answer.evidence[name].cells["amount"].tolist()  # type: ignore[union-attr]
            elif isinstance(part, Estimates):
                known += part.rows[["value", "low", "high"]].to_numpy(float).ravel().tolist()
                exact += answer.evidence[name].rows[["value", "low", "high"]].to_numpy(float).ravel().tolist()  # type: ignore[union-attr]
        hidden = np.array([v for v in exact if np.isfinite(v) and abs(v) > 1000 and v not in known])
        for row in publish(answer, demo).exhibit["estimates"]:
            for end in ("value", "low", "high"):
                if row[end] is not None and row["unit"] == demo.settings.bank.currency and len(hidden):
                    seen += 1
                    near = np.abs(hidden - row[end]) < 1e-9 * np.abs(hidden)
                    assert not near.any(), (answer.id, row["name"], row["group"])
    assert seen > 100
