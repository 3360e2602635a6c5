"""Tiers by hand: shares, hysteresis and holding; the same in twice the currency; what a tier gets; who moves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import shown, title

from insights.data.settings import DisclosureSection
from insights.data.settings_value import TiersSection
from insights.data.snapshot import Bank, open_bank
from insights.models.value.book import client_book, lifetimes, with_worth
from insights.models.value.margins import client_margins
from insights.models.value.past import past_worths
from insights.models.value.tiers import WORTH, client_tiers, place_in_tiers, tier_dates, with_tier, yearly_value
from insights.topics import value
from insights.topics.evidence import Answer
from insights.topics.value.cells import REST, merged, tellable, top_cuts
from insights.topics.value.tiers import LEFT, NEW

RULES = TiersSection(shares={"A": 0.1, "B": 0.4}, rest="C", margin=0.1, hold_months=3)
VALUES = np.arange(1.0, 101.0)
NONE = np.full(100, -1, dtype=np.int8)
LONG = np.full(100, 99)


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


def test_placed_anew_each_tier_holds_its_share() -> None:
    found = place_in_tiers(VALUES, NONE, LONG, RULES)
    assert np.bincount(found).tolist() == [10, 40, 50]
    assert found[-10:].tolist() == [0] * 10


def test_a_client_moves_only_beyond_the_margin_and_after_the_hold() -> None:
    before = place_in_tiers(VALUES, NONE, LONG, RULES)
    values = VALUES.copy()
    bound = np.quantile(values, 0.9)
    for value_, held, expected in (
        (bound * 1.05, 99, 1),  # above the bound, but within the margin: stays in B
        (bound * 1.5, 99, 0),
        (bound * 1.5, 2, 1),  # has been in B for two months only
    ):
        own, months = values.copy(), LONG.copy()
        own[89], months[89] = value_, held
        assert place_in_tiers(own, before, months, RULES)[89] == expected
    own = values.copy()
    own[95] = bound * 0.95
    assert place_in_tiers(own, before, LONG, RULES)[95] == 0
    own[95] = bound * 0.5
    assert place_in_tiers(own, before, LONG, RULES)[95] == 1


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 2)), min_size=5, max_size=60), st.sampled_from([2.0, 0.5, 8.0])
)
def test_another_currency_changes_no_tier(values: list[float], rate: float) -> None:
    x = np.array(values)
    before, held = np.arange(len(x), dtype=np.int8) % 3, np.arange(len(x)) % 5
    one, other = (place_in_tiers(v, before, held, RULES) for v in (x, rate * x))
    assert one.tolist() == other.tolist()
    assert set(one) <= {0, 1, 2}


def test_tiers_of_the_demo_bank(demo: Bank) -> None:
    tiers, margins = client_tiers(demo), client_margins(demo)
    assert tiers is not None
    assert margins is not None
    last = margins.months.count - 1
    assert (tiers.tier[:, :11] == -1).all()
    assert ((tiers.tier[:, last] >= 0) == ~np.isnan(yearly_value(margins, last))).all()
    # Hysteresis: most stay from one month to the next, and nobody changes twice within the hold.
    changes = (tiers.tier[:, 1:] != tiers.tier[:, :-1]) & (tiers.tier[:, :-1] >= 0) & (tiers.tier[:, 1:] >= 0)
    assert 0 < changes.mean() < 0.05
    hold = demo.settings.value.tiers.hold_months
    for row in changes[changes.sum(axis=1) > 1]:
        assert np.diff(np.flatnonzero(row)).min() >= hold
    # They go by what clients are worth over all years: within the margin of the bounds each holds who is worth most.
    assert tiers.by == WORTH
    book = client_book(demo)
    assert book is not None
    frame = with_worth(demo, with_tier(demo, book))
    frame = frame[frame["tier"] != ""]
    bounds = {share: frame["worth"].quantile(1 - share) for share in (0.05, 0.20, 0.50)}
    # Who changed within the hold stays where he is until it is over, whatever he is worth by then.
    settled = margins.months.client_id[tiers.tier[:, last] == tiers.tier[:, last - hold]]
    frame = frame[frame["client_id"].isin(settled)]
    assert len(frame) > 200
    slack = demo.settings.value.tiers.margin
    for better, worse, share in (("A", "B", 0.05), ("B", "C", 0.20), ("C", "D", 0.50)):
        bound = bounds[share]
        assert (frame.loc[frame["tier"] <= better, "worth"] >= bound * (1 - slack) - 1e-6).all()
        assert (frame.loc[frame["tier"] >= worse, "worth"] <= bound * (1 + slack) + 1e-6).all()


def test_past_values_are_those_of_today_at_todays_own_date(demo: Bank) -> None:
    now = lifetimes(demo)
    assert now is not None
    client, same = past_worths(demo, now, now.inputs.start.at)
    assert client.tolist() == now.inputs.start.client.tolist()
    np.testing.assert_allclose(same, now.value, rtol=1e-9)
    client, then = past_worths(demo, now, now.inputs.start.at - 12)
    both = np.intersect1d(client, now.inputs.start.client, return_indices=True)[1:]
    assert 0.5 < then.sum() / now.value.sum() < 2
    assert np.corrcoef(then[both[0]], now.value[both[1]])[0, 1] > 0.8


def test_runs_of_one_half_year_look_at_the_same_earlier_dates(demo: Bank) -> None:
    margins = client_margins(demo)
    assert margins is not None
    seen = []
    for cut in range(3):  # October, September, August
        months = replace(margins.months, count=margins.months.count - cut)
        last = months.count - 1
        dates = tier_dates(months)
        assert dates[-1] == last
        assert last - 12 in dates
        own = [c for c in dates if months.month(c).month in (6, 12)]
        assert min(own) <= max(last - 24, 11 + 5)
        assert set(dates) == {*own, last, last - 12}
        seen.append(own)
    assert seen[0] == seen[1] == seen[2]
    assert tier_dates(replace(margins.months, count=14)) == [
        c for c in (11, 13) if c == 13 or margins.months.month(c).month in (6, 12)
    ]


def test_what_a_tier_gets(demo: Bank) -> None:
    answer = value.tiers(demo)
    assert isinstance(answer, Answer)
    table = answer.exact.table.set_index("tier")
    book = client_book(demo)
    assert book is not None
    book = with_worth(demo, with_tier(demo, book))
    assert table["clients"].sum() == len(book)
    assert table["worth"].sum() == pytest.approx(book["worth"].sum())
    assert table["value"].sum() == pytest.approx(book["value"].sum())
    own = book[book["tier"] == "A"]
    assert table.loc["A", "hours"] == pytest.approx(own["hours"].sum())
    assert np.isnan(table.loc[NEW, "hours"])
    exhibit = shown(answer, demo)
    assert title(exhibit).startswith("Tier A, ")
    assert " is worth " in title(exhibit)
    assert any(
        "Tiers by lifetime value over 10 years" in str(m) or "Tiers by lifetime value" in m.id for m in exhibit.basis
    )


def test_moves_add_up_and_hold_no_small_cell(demo: Bank) -> None:
    answer = value.tier_moves(demo)
    assert isinstance(answer, Answer)
    found = answer.exact
    margins = client_margins(demo)
    assert margins is not None
    column = margins.months.count - 13
    there = (margins.months.left > column) & (margins.months.joined <= column)
    assert np.nansum(found) == there.sum()
    cells = found.fillna(0).to_numpy()
    assert ((cells == 0) | (cells >= demo.settings.disclosure.min_clients)).all()
    assert found.columns[-1] == LEFT
    shown(answer, demo)


def test_groups_are_put_together_until_none_can_be_read_off() -> None:
    disclosure = DisclosureSection()
    labels = np.repeat(np.array(["small", "giant", "large", "larger"], dtype=object), [5, 30, 60, 90])
    amounts = np.ones(185)
    amounts[5] = 1000.0  # one client dominates his group
    found = merged(labels, [amounts], disclosure)
    assert set(found) == {REST}  # even all of them together are dominated: nothing can be told
    amounts[5] = 40.0
    found = merged(labels, [amounts], disclosure)
    assert set(found) == {REST, "larger", "large"} or set(found) == {REST, "larger"}
    assert tellable(amounts[found == REST], disclosure)
    assert top_cuts(amounts, (1, 10, 50), disclosure) in ([50], [])
    assert top_cuts(np.ones(185), (10, 50), disclosure) == [10, 50]
