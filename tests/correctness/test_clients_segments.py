"""Segments by hand: names, history, the bank's own; the report in both languages; what a lacking bank is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.settings_segments import SegmentsSection
from insights.data.snapshot import Bank, open_bank
from insights.models.risk_taken import risk_taken
from insights.models.segments.cells import segment_cells
from insights.models.segments.later import followed
from insights.models.segments.model import FOUND, OWN, Segments, client_segments
from insights.models.segments.names import segment_codes, standardised
from insights.models.segments.variables import COLUMNS, attribute_months, building_variables, present
from insights.models.stages import shown_stages
from insights.reports.disclosure import protect
from insights.reports.exhibits.base import Message
from insights.reports.exhibits.clients.choice import choice as show_choice
from insights.topics import clients
from insights.topics.evidence import Answer, NotAvailable

AS_OF = "2021-12-31"
QUESTIONS = [getattr(clients, name) for name in clients.__all__ if name != "client_file"]


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return open_bank(own_bank(tmp_path_factory.mktemp("own")), as_of=AS_OF)


def own_bank(folder: Path, *, static: bool = False, history: bool = True, segment: bool = True) -> Path:
    """Write a bank of 300 clients that brings its own segments; the first forty changed theirs in October 2021."""
    rng = np.random.default_rng(0)
    column = ",segment" if segment else ""
    lines: dict[str, list[str]] = {
        "clients": [f"client_id,joined_on,left_on,birth_year{column}"],
        "balances": ["client_id,month,category,amount"],
        "transactions": ["client_id,booked_on,kind,amount"],
        "client_history": ["client_id,valid_from,segment"],
    }
    for k in range(300):
        name = ("gold", "silver")[k % 2]
        left = "2021-11-10" if k >= 270 else ""
        lines["clients"].append(f"{k},2015-01-01,{left},1960" + (f",{name}" if segment else ""))
        lines["client_history"].append(f"{k},2015-01-01,{('silver', 'gold')[k % 2] if k < 40 else name}")
        if k < 40:
            lines["client_history"].append(f"{k},2021-10-15,{name}")
        size = (2_000_000 if name == "gold" else 200_000) * float(np.exp(rng.normal(0, 0.2)))
        for t in range(24 if not left else 22):
            lines["balances"].append(f"{k},{2020 + t // 12}-{1 + t % 12:02d}-28,funds,{size:.2f}")
        lines["transactions"].append(f"{k},2021-06-10,inflow,{0.1 * size:.2f}")
    if not (history and segment):
        del lines["client_history"]
    options = {"clients": 'static = ["segment"]'} if static else {}
    files = {name: "\n".join(rows) + "\n" for name, rows in lines.items()}
    return write_bank(folder, files, delay=0, options=options)


def test_names_say_what_sets_segments_apart() -> None:
    names = ("wealth", "risk", "experience")
    away = np.array([[1.4, 0.7, 1.7], [0.2, 1.3, 0.75], [-0.1, 0.0, -0.2], [-0.9, -1.0, -1.1]])
    assert segment_codes(away, names) == [
        "experience-high.wealth-high",
        "risk-high.experience-high",
        "middle",
        "experience-low.risk-low",
    ]
    # Two with the same strongest traits are told apart by a third, or else by a number.
    same = np.array([[2.0, 0.0, 1.0], [2.0, 0.9, 1.0], [-1.0, 0.0, 0.0], [-1.0, 0.1, 0.0]])
    codes = segment_codes(same, names)
    assert len(set(codes)) == 4
    assert codes[1] == "wealth-high.experience-high.risk-high"
    assert codes[2:] == ["wealth-low.1", "wealth-low.2"]
    assert segment_codes(np.zeros((1, 3)), names) == ["all"]
    away_of = standardised(np.array([1.0, 1, 3, 3, np.nan]), np.array([0, 0, 1, 1, 1]), 2)
    np.testing.assert_allclose(away_of, [-1.0, 1.0])


def test_nothing_about_the_person_builds_a_segment() -> None:
    assert set(COLUMNS.values()) == {"risk_tolerance", "experience_years"}


def test_history_is_what_was_known_at_each_months_end(own: Bank) -> None:
    months = building_variables(own).months
    values, why = attribute_months(own, "segment", months)
    assert why == ""
    assert values is not None
    changed = (values[:, -2] != values[:, -5]) & present(months)[:, -1]
    assert changed.sum() == 40
    # It counts from the end of October on; at the end of September it did not.
    assert (values[changed, -3] == values[changed, -1]).all()
    assert (values[changed, -4] != values[changed, -1]).all()
    assert pd.isna(values[~present(months)]).all()


def test_a_bank_brings_its_own_segments(own: Bank) -> None:
    found = client_segments(own)
    assert isinstance(found, Segments)
    assert (found.source, found.names) == (OWN, ("gold", "silver"))
    assert found.traits["gold"]["wealth"] == "high"
    assert found.past == ""
    told = clients.segments(own)
    assert isinstance(told, Answer)
    table = told.exact.table.set_index("segment")
    assert table["clients"].tolist() == [135, 135]
    # A quarter ago thirty more were there, and forty stood in the other segment, twenty from each.
    assert table["before"].tolist() == [150, 150]
    assert told.exact.moved is not None
    assert told.exact.moved.value == pytest.approx(40 / 270)
    assert told.exact.leaving["gold"].value == pytest.approx(15 / 150)
    moved = clients.moves(own)
    assert isinstance(moved, Answer)
    assert moved.exact.noise is None
    assert moved.exact.pairs.loc["gold", "silver"] == 20
    later = clients.later(own)
    assert isinstance(later, Answer)
    assert later.exact.clients == {"gold": 150, "silver": 150}
    assert later.exact.money["silver"].value == pytest.approx(0.1, rel=1e-6)
    for ask in QUESTIONS:
        shown(ask(own), own)
    assert "bank's own" in title(shown(clients.choice(own), own))


def test_only_todays_segment_is_no_past(tmp_path: Path) -> None:
    bank = open_bank(own_bank(tmp_path / "today", history=False), as_of=AS_OF)
    found = client_segments(bank)
    assert isinstance(found, Segments)
    assert "client_history.segment" in found.past
    assert (found.code[:, :-1] == -1).all()
    answer = clients.segments(bank)
    assert isinstance(answer, Answer)
    assert "before" not in answer.exact.table
    assert clients.moves(bank).kind == "clients.refused"  # type: ignore[union-attr]
    for ask in QUESTIONS:
        shown(ask(bank), bank)


def test_a_bank_that_lacks_what_segments_are_made_of_is_told_what(tmp_path: Path) -> None:
    bank = open_bank(own_bank(tmp_path / "none", segment=False), as_of=AS_OF)
    answer = clients.segments(bank)
    assert isinstance(answer, NotAvailable)
    assert answer.needs == ("clients.risk_tolerance", "clients.experience_years")
    for ask in QUESTIONS:
        shown(ask(bank), bank)


def test_the_demo_bank_is_shown_in_both_languages(demo: Bank) -> None:
    found = client_segments(demo)
    assert isinstance(found, Segments)
    assert found.source == FOUND
    titles = [title(shown(ask(demo), demo)) for ask in QUESTIONS]
    assert len(set(titles)) == len(QUESTIONS)
    assert "segments" in titles[QUESTIONS.index(clients.segments)]


def test_what_is_counted_agrees_with_the_clients(demo: Bank) -> None:
    found = client_segments(demo)
    assert isinstance(found, Segments)
    force = found.months.in_force
    told = clients.segments(demo)
    assert isinstance(told, Answer)
    assert told.exact.table["clients"].sum() == (found.code[force, -1] >= 0).sum()
    assert (found.code[~force, -1] == -1).all()
    after = followed(demo, found)
    then = present(found.months)[:, after.column]
    assert then[after.place].all()
    assert after.left.sum() == (found.months.left[after.place] <= found.last).sum()


def test_cells_count_every_month_and_every_leaver_once(demo: Bank) -> None:
    found = client_segments(demo)
    assert isinstance(found, Segments)
    cells = segment_cells(found, shown_stages(demo)[0])
    span = slice(found.last - cells.months, found.last)
    valid = (found.code[:, span] >= 0) & (cells.stage[:, span] > 0)
    assert cells.risk["months"].sum() == valid.sum()
    row, column = np.nonzero(valid)
    goes = found.months.left[row] == column + span.start + 1
    assert cells.risk["leavers"].sum() == goes.sum()
    assert 0 < goes.sum() <= (found.months.left <= found.last).sum()


def test_no_small_number_and_no_exact_share_is_shown(demo: Bank) -> None:
    rules = demo.settings.disclosure
    for ask in QUESTIONS:
        answer = ask(demo)
        if not isinstance(answer, Answer):
            continue
        for name, part in protect(answer.evidence, rules).items():
            for column in ("clients", "months"):
                values = getattr(part, "cells", pd.DataFrame()).get(column, pd.Series(dtype=float)).dropna()
                assert (values % rules.round_to == 0).all(), (answer.id, name)
                assert ((values == 0) | (values >= rules.min_clients)).all(), (answer.id, name)


def test_the_first_rule_that_fits_says_what_to_do() -> None:
    rules = SegmentsSection.model_validate(
        {
            "treatments": [
                {"treatment": "call", "stage": "decline", "wealth": "high"},
                {"treatment": "offer", "stage": "decline"},
                {"treatment": "gold", "segment": "gold"},
                {"treatment": "review"},
            ]
        }
    )
    high = {"wealth": "high", "risk": "low"}
    assert rules.treatment(high, "x", "decline") == "call"
    assert rules.treatment({"wealth": "low"}, "x", "decline") == "offer"
    assert rules.treatment(high, "gold") == "gold"
    assert rules.treatment(high, "x") == "review"
    assert SegmentsSection().treatment(high, "x") is None
    with pytest.raises(ValueError, match="never reached"):
        SegmentsSection.model_validate({"treatments": [{"treatment": "all"}, {"treatment": "one", "wealth": "high"}]})


def test_groups_add_up_to_the_clients_and_the_leavers(demo: Bank) -> None:
    answer = clients.groups(demo)
    assert isinstance(answer, Answer)
    found = answer.exact
    table = demo.table("clients").execute()
    force = table[table["left_on"].isna()]
    sizes = found.table.groupby("attribute")["clients"].sum()
    assert sizes["gender"] == force["gender"].notna().sum()
    assert sizes["age"] == force["birth_year"].notna().sum()
    female = found.table.query("attribute == 'gender' and level == 'female'").iloc[0]
    assert female["clients"] == (force["gender"] == "female").sum()
    since, until = pd.Timestamp("2025-10-31"), pd.Timestamp("2026-10-31")
    there = table[(pd.to_datetime(table["joined_on"]) <= since) & ~(pd.to_datetime(table["left_on"]) <= since)]
    gone = there[pd.to_datetime(there["left_on"]) <= until]
    left = found.leaving[("gender", "female")]
    assert left is not None
    assert (left.n_events, left.n) == ((gone["gender"] == "female").sum(), (there["gender"] == "female").sum())


def test_a_group_gets_what_is_set_for_it(demo: Bank) -> None:
    answer = clients.groups(demo)
    assert isinstance(answer, Answer)
    tables = dict(zip(answer.facts["attributes"], shown(answer, demo).tables, strict=True))
    seen = 0
    for name, table in tables.items():
        rules = demo.settings.segments.group_treatments(name)
        levels = answer.exact.table.query("attribute == @name")["level"]
        expected = sum(level in rules for level in levels)
        assert ("treatment" in [c.key for c in table.columns]) == (expected > 0)
        assert sum(r["treatment"] != Message("–") for r in table.rows) == expected
        seen += expected
    assert seen >= 2
    rule = {"treatment": "call", "attribute": "age", "level": "45"}
    with pytest.raises(ValueError, match="under_45"):
        SegmentsSection.model_validate({"groups": [rule]})
    twice = rule | {"level": "under_45"}
    with pytest.raises(ValueError, match="two treatments"):
        SegmentsSection.model_validate({"groups": [twice, twice]})


def test_each_segment_is_held_against_the_data_of_earlier_quarters(demo: Bank) -> None:
    answer = clients.choice(demo)
    assert isinstance(answer, Answer)
    found, names = answer.exact, set(answer.facts["names"])
    past = found.rand[found.rand["what"] != "resamples"]["what"].tolist()
    assert past == ["quarters/3", "quarters/6", "quarters/9", "quarters/12"]
    for what in past:
        own = found.quarters[found.quarters["what"] == what]
        assert set(own["segment"]) == names
        assert own["value"].between(0, 1).all()
        # Where all are sorted alike, so is each.
        if (found.rand.loc[found.rand["what"] == what, "value"] == 1).all():
            assert (own["value"] == 1).all()
    one = shown(answer, demo).tables[0].rows[0]
    assert one["verdict"].id == "ruled out (p {p:p})"
    # Older data that sort clients otherwise are not said to sort them alike, and no agreement is rounded up.
    for value, said in ((0.9968, "alike"), (0.4, "otherwise")):
        told = show_choice(answer, replace(found, rand=found.rand.assign(value=value)), demo).sentences[-1]
        assert said in told.id
        assert told.values["rand"] == pytest.approx(np.floor(value * 1000) / 1000)


def test_portraits_are_shares_of_those_of_whom_it_is_known(demo: Bank) -> None:
    answer = clients.portraits(demo)
    assert isinstance(answer, Answer)
    shares, found = answer.exact.shares, client_segments(demo)
    assert isinstance(found, Segments)
    label = pd.Series(found.labels(found.last), index=found.months.client_id)
    table = demo.table("clients").execute().set_index("client_id")
    own = table.loc[label[label == found.names[0]].index]
    row = shares.query("attribute == 'gender' and level == 'female' and segment == @found.names[0]").iloc[0]
    assert row["share"] == pytest.approx((own["gender"] == "female").mean())
    told = own["interests"].dropna().str.split(";").explode().str.strip()
    level = shares.query("attribute == 'interests'")["level"].iloc[0]
    row = shares.query("attribute == 'interests' and level == @level and segment == @found.names[0]").iloc[0]
    assert row["share"] == pytest.approx((told == level).sum() / own["interests"].notna().sum())


def test_risk_taken_is_the_weighted_rating_of_what_is_held(demo: Bank) -> None:
    found = risk_taken(demo)
    assert found is not None
    products = demo.table("products").execute().set_index("product_id")["risk_rating"].astype(float)
    holdings = demo.table("holdings").execute()
    holdings = holdings[holdings["month"] == holdings["month"].max()]
    balances = demo.table("balances").execute()
    at = int(np.argmax(found.taken))
    own = holdings[holdings["client_id"] == found.client_id[at]]
    amount, rating = own["amount"].astype(float), own["product_id"].map(products)
    here = (balances["client_id"] == found.client_id[at]) & (balances["month"] == holdings["month"].max())
    total = max(float(balances[here]["amount"].astype(float).sum()), float(amount.sum()))
    assert found.taken[at] == pytest.approx((float((amount * rating).sum()) + total - float(amount.sum())) / total)
    assert found.above[at] == pytest.approx(float(amount[rating > found.stated[at]].sum()))
