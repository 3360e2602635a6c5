"""Tiers by hand: shares, hysteresis and holding; the same in twice the currency; what a tier gets; who moves."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import shown, title

from insights.data.settings import DisclosureSection
from insights.data.settings_value import TiersSection
from insights.data.snapshot import Bank, open_bank
from insights.models.value.book import client_book
from insights.models.value.margins import client_margins
from insights.models.value.tiers import client_tiers, place_in_tiers, yearly_value
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


@settings(deadline=None, max_examples=100)
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
    # The highest tier is the most valuable one.
    book = client_book(demo)
    assert book is not None
    mean = book.groupby("tier")["value"].mean()
    assert mean["A"] > mean["B"] > mean["C"] > mean["D"]


def test_what_a_tier_gets(demo: Bank) -> None:
    answer = value.tiers(demo)
    assert isinstance(answer, Answer)
    table = answer.exact.table.set_index("tier")
    book = client_book(demo)
    assert book is not None
    assert table["clients"].sum() == len(book)
    assert table["value"].sum() == pytest.approx(book["value"].sum())
    own = book[book["tier"] == "A"]
    assert table.loc["A", "hours"] == pytest.approx(own["hours"].sum())
    assert np.isnan(table.loc[NEW, "hours"])
    assert title(shown(answer, demo)).startswith("Tier A, ")


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
