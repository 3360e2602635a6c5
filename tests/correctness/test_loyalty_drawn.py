"""Programmes by lot: a known effect told as one, none where there is none, and refusals."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import demo
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.loyalty.drawn import USE, Drawn, compare
from insights.models.trial import Trial
from insights.stats.results import Estimate, NotEstimable
from insights.topics import loyalty
from insights.topics.evidence import Answer, NotAvailable


@pytest.fixture(scope="module")
def bank(demo_bank_small: Path) -> Bank:
    return demo(demo_bank_small)


def made_up(
    effect: float, *, left: float = 0.20, managers: int = 60, seed: int = 1, n: int = 6000, alone: bool = False
) -> Drawn:
    """Half of the managers are drawn; their clients leave by ``effect`` more, and managers differ by themselves."""
    rng = np.random.default_rng(seed)
    of = rng.integers(0, managers, n)
    arm = rng.permutation(managers) < managers // 2
    own = 0.05 * rng.standard_normal(managers)
    rows = pd.DataFrame({"client_id": [f"c{k}" for k in range(n)], "unit": [f"m{k}" for k in of]})
    rows = rows.assign(treated=arm[of], started_on="2024-01-01", manager=rows["unit"])
    found = Trial("club", rows, True, 0, 0, None)
    chance = np.clip(left + own[of] + effect * arm[of], 0, 1)
    after = pd.DataFrame({"left": (rng.random(n) < chance).astype(float)}, index=rows.index)
    after[USE] = (rng.random(n) < 0.1 + 0.2 * arm[of]).astype(float)
    after["loyalty"] = np.where(rng.random(n) < 0.2, 7 + rng.standard_normal(n), np.nan)
    return compare("events", found, after[["left"]] if alone else after)


def effect_of(found: Drawn, outcome: str = "left") -> Any:
    return next(e for e in found.effects if e.outcome == outcome)


def test_the_effect_of_a_lot_is_found_and_its_interval_covers() -> None:
    inside = 0
    for seed in range(40):
        told = effect_of(made_up(-0.03, seed=seed, alone=True)).found
        assert isinstance(told, Estimate)
        inside += told.low < -0.03 < told.high
    assert inside >= 34  # of 40 at 95 %: 38, and 34 is the 2 % point


def test_a_lot_of_managers_without_clusters_would_be_too_sure() -> None:
    """Managers differ by themselves: the error by manager is larger than that of clients drawn one by one."""
    found = made_up(0.0, seed=3)
    told = effect_of(found).found
    assert told.se > 1.3 * np.sqrt(4 * 0.2 * 0.8 / found.clients)


def test_few_leavers_and_one_arm_are_refused() -> None:
    few = effect_of(made_up(0.0, left=-1.0)).found
    assert isinstance(few, NotEstimable)
    assert "10 are needed" in few.reason


def exhibit_of(found: Drawn, bank: Bank, patch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    patch.setattr(sys.modules["insights.topics.loyalty.drawn"], "programmes", lambda bank: (found,))
    return shown(loyalty.drawn(bank), bank)


def test_the_page_calls_it_an_effect(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    exhibit = exhibit_of(made_up(-0.05), bank, monkeypatch)
    assert title(exhibit).startswith("Drawn by lot, “club” holds clients: ")
    assert "no mere association" in exhibit.sentences[0].id
    assert exhibit.sentences[1].id.startswith("It moved use")
    worse = exhibit_of(made_up(0.06), bank, monkeypatch)
    assert title(worse).startswith("Drawn by lot, “club” drives clients away: ")


def test_the_demo_banks_club_holds_nobody_and_the_page_says_so(bank: Bank) -> None:
    answer = loyalty.drawn(bank)
    assert isinstance(answer, Answer)
    exhibit = shown(answer, bank)
    assert "holds clients" not in title(exhibit)
    assert "drives clients away" not in title(exhibit)


def test_where_the_lot_does_nothing_it_is_called_an_effect_once_in_twenty() -> None:
    alarms = sum(effect_of(made_up(0.0, seed=seed, n=1500, alone=True)).p < 0.05 for seed in range(200))
    assert 3 <= alarms <= 19  # 10 expected; each end is a 0.5 % point


def test_without_a_programme_by_lot_it_says_what_is_needed(
    bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = exhibit_of(Drawn("events", "club", why="not_drawn"), bank, monkeypatch)
    assert refused.refusals[0].id == "The programme {name} was not drawn by lot."
    lean = open_bank(write_bank(tmp_path, {"clients": "client_id,joined_on\n1,2015-01-01\n"}), as_of="2023-12-31")
    answer = loyalty.drawn(lean)
    assert isinstance(answer, NotAvailable)
    assert answer.needs[0] == "[loyalty] drawn"
