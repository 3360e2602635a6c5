"""Services, events and rewards: users told apart by hand, a known law told, silence where there is none, refusals."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import demo
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.loyalty.benefits import Benefits, benefits, compare
from insights.models.loyalty.uses import CAME, EARNED, EVENTS, INVITED, REWARDS, SERVICES, SPENT, USED, Use, flag
from insights.stats.effects.overlap import OverlapComparison
from insights.stats.results import NotEstimable
from insights.topics import loyalty
from insights.topics.evidence import NotAvailable

DAY = date(2022, 12, 31)

CLIENTS = """client_id,joined_on,left_on,leave_reason,birth_year
1,2015-01-01,,,1960
2,2015-01-01,2023-05-01,competitor,1961
3,2022-03-01,,,1962
4,2015-01-01,2022-11-30,competitor,1963
5,2015-01-01,2023-06-01,death,1964
6,2015-01-01,,,1965
"""
USES = """client_id,used_on,service,points
6,2021-01-04,health,10
1,2022-01-01,health,50
2,2022-12-31,advice,-20
5,2021-12-31,health,10
5,2023-01-01,health,10
6,2022-06-01,,
"""
INVITATIONS = """client_id,held_on,kind,attended
1,2021-01-03,gala,yes
2,2022-05-01,gala,no
5,2022-06-01,call,yes
"""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    files = {"clients": CLIENTS, "services": USES, "events": INVITATIONS}
    return open_bank(write_bank(tmp_path_factory.mktemp("benefits"), files), as_of="2023-12-31")


@pytest.fixture(scope="module")
def by_hand(bank: Bank) -> pd.DataFrame:
    rows = benefits(bank).rows
    return rows[rows["day"] == DAY].set_index("client_id")


def names(bank: Bank, rows: pd.DataFrame) -> dict[int, int]:
    """Return the place of each client of the extract in the rows, told by his birth year."""
    born = bank.table("clients").select("client_id", "birth_year").execute().set_index("birth_year")["client_id"]
    return {k: rows.index.get_loc(born[1959 + k]) for k in range(1, 7) if born[1959 + k] in rows.index}


def test_only_who_was_there_for_the_whole_year_counts(bank: Bank, by_hand: pd.DataFrame) -> None:
    """Client 3 came during the year, client 4 left before it was over."""
    assert set(names(bank, by_hand)) == {1, 2, 5, 6}


@pytest.mark.parametrize(
    ("use", "users"),
    [
        (Use(SERVICES, USED), {1}),  # spending points is no use; the days before and after the year do not count
        (Use(SERVICES, USED, "health"), {1}),
        (Use(EVENTS, INVITED), {2, 5}),
        (Use(EVENTS, CAME), {5}),
        (Use(EVENTS, CAME, "call"), {5}),
        (Use(REWARDS, EARNED), {1}),
        (Use(REWARDS, SPENT), {2}),
    ],
)
def test_users_are_told_apart_by_what_they_used_in_the_year(
    use: Use, users: set[int], bank: Bank, by_hand: pd.DataFrame
) -> None:
    used = by_hand[flag(use)].to_numpy(float)
    assert {k for k, at in names(bank, by_hand).items() if used[at] > 0} == users


def test_who_left_by_choice_in_the_year_after_left(bank: Bank, by_hand: pd.DataFrame) -> None:
    left = by_hand["left"].to_numpy(float)
    assert {k for k, at in names(bank, by_hand).items() if left[at] > 0} == {2}  # client 5 died


def test_too_few_are_refused(bank: Bank) -> None:
    exhibit = shown(loyalty.benefits(bank), bank)
    assert title(exhibit) == "Whether services, events and rewards hold clients cannot be told"
    assert exhibit.refusals[0].id.startswith("Too few clients used a service")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    lean = open_bank(write_bank(tmp_path, {"clients": CLIENTS}), as_of="2023-12-31")
    answer = loyalty.benefits(lean)
    assert isinstance(answer, NotAvailable)
    assert {"services.used_on", "events.held_on", "services.points"} <= set(answer.needs)


def made_up(effect: float, seed: int = 1, n: int = 6000) -> Benefits:
    """Return the comparison of clients of whom the richer use more and leave less, and users leave by ``effect``."""
    rng = np.random.default_rng(seed)
    wealth = rng.normal(size=n)
    used = rng.random(n) < 1 / (1 + np.exp(1 - wealth))
    left = rng.random(n) < np.clip(0.15 - 0.05 * wealth + effect * used, 0.01, 0.9)
    ids = [f"c{k}" for k in range(n)]
    rows = pd.DataFrame({"client_id": ids, "cluster": ids, "day": DAY, "log2_assets": wealth})
    use = Use(SERVICES, USED)
    rows[flag(use)], rows["left"] = used.astype(float), left.astype(float)
    return compare(rows, (use,), ("log2_assets",), {SERVICES: (DAY,)}, {EVENTS: ("events.kind",)})


def exhibit_of(found: Benefits, bank: Bank, patch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    patch.setattr(sys.modules["insights.topics.loyalty.benefits"], "compared", lambda bank: found)
    return shown(loyalty.benefits(bank), bank)


def test_a_known_law_is_told(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made_up(-0.06)
    told = found.compared[0].found
    assert isinstance(told, OverlapComparison)
    assert told.effect.low < -0.06 < told.effect.high
    assert told.unadjusted.high < -0.06  # who does not look at wealth takes it for an effect
    exhibit = exhibit_of(found, bank, monkeypatch)
    assert title(exhibit).startswith("Clients who used a service or benefit leave less often than clients like them")
    assert any("E-value" in line.id for line in exhibit.caveats)
    assert [line.values["needs"] for line in exhibit.refusals] == [["events.kind"]]


def test_who_leaves_more_is_said_to_leave_more(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    exhibit = exhibit_of(made_up(0.08), bank, monkeypatch)
    assert "leave more often than clients like them: by " in title(exhibit)


def test_without_an_effect_none_is_told_though_users_are_others(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    found = made_up(0.0)
    told = found.compared[0].found
    assert isinstance(told, OverlapComparison)
    assert told.unadjusted.high < 0
    assert told.effect.low < 0 < told.effect.high
    exhibit = exhibit_of(found, bank, monkeypatch)
    assert title(exhibit).endswith("are not seen in who stays: users differ no more than by chance")


def test_thirds_are_told_together_or_not_at_all(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole less two thirds is the other third: one with few users takes the others with it."""
    found = made_up(0.0)
    use = Use(SERVICES, USED)
    told = {}
    for poor in (9, 10):
        rows = found.rows.copy()
        lowest = rows["log2_assets"].rank() <= len(rows) // 3
        rows.loc[lowest, flag(use)] = 0.0
        rows.loc[rows.index[lowest][:poor], flag(use)] = 1.0
        exhibit = exhibit_of(replace(found, rows=rows), bank, monkeypatch)
        told[poor] = [e["group"].get("third") for e in exhibit.estimates if e["name"] == "benefit_use"]
    assert told == {9: [None], 10: [None, "lower third", "middle third", "upper third"]}


def test_few_leavers_are_no_comparison() -> None:
    found = made_up(-0.06, n=300).compared[0].found
    assert isinstance(found, NotEstimable)
    assert "50 and 10 needed" in found.reason


def test_p_value_agrees_with_the_interval() -> None:
    """At 95 % the interval leaves out 0 exactly where p is below 0.05."""
    for seed in range(8):
        told = made_up(-0.02, seed, 2000).compared[0].found
        assert isinstance(told, OverlapComparison)
        assert (told.p_value() < 0.05) == (told.effect.low > 0 or told.effect.high < 0)


def test_the_demo_bank_invites_by_chance_and_serves_the_rich(demo_bank_small: Path) -> None:
    from insights.demo.law import Law

    law, found = Law(), benefits(demo(demo_bank_small))
    invited = found.rows[flag(Use(EVENTS, INVITED))].dropna()
    expected = 1 - (1 - law.events.invited) ** (12 / law.events.every_months)
    assert abs(invited.mean() - expected) < 3 * np.sqrt(expected * (1 - expected) / len(invited))
    wealth = found.rows["log2_assets"].groupby(found.rows[flag(Use(SERVICES, USED))]).mean()
    assert wealth[1.0] > wealth[0.0]
    assert found.same(Use(SERVICES, USED), Use(REWARDS, EARNED))
    assert not found.same(Use(SERVICES, USED), Use(EVENTS, CAME))
