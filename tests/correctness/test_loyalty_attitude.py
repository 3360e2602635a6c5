"""Stated loyalty on the factors: categories by hand, a law that is recovered, few managers, and refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank
from survey_law import FACTORS, made_up

from insights.data.snapshot import open_bank
from insights.models.loyalty.attitude import HIGH, LOW, MIDDLE, Attitude, categories, levels_of, regress
from insights.models.loyalty.worth import Worth
from insights.stats.measurement_error import CorrectedRegression
from insights.stats.ordinal import OrderedFit
from insights.stats.ordinal.margins import MarginalEffects
from insights.stats.ordinal.partial import PartialFit
from insights.stats.results import NotEstimable
from insights.topics import loyalty

SURVEY = """
[loyalty]
outcome = ["item_l"]
outcome_scale = [0, 10]
scale = [1, 5]
[loyalty.factors]
care = ["item_a", "item_b"]
"""


def regressed(found: Worth) -> Attitude:
    """Return the regression of the made-up survey, its loyalty as marks from 0 to 10."""
    marks = np.clip(np.rint(6 + 1.5 * found.rows["loyalty"]), 0, 10)
    found = replace(found, rows=found.rows.assign(loyalty=marks))
    items = {f: found.rows[[f"item_{f}_{j}" for j in range(3)]] for f in FACTORS}
    return regress(found, items, (0.0, 10.0))


def test_categories_by_hand() -> None:
    marks = np.repeat([0.0, 2, 3, 7, 9.5, 10], [3, 10, 30, 40, 10, 50])
    codes, ranges = categories(marks, (0, 10))
    # 0 and 2 join 3 (13 answers are too few); 9.5 goes to the even mark 10.
    assert np.bincount(codes).tolist() == [43, 40, 60]
    assert ranges == [(0.0, 3.0), (7.0, 7.0), (10.0, 10.0)]
    levels, reach = levels_of(ranges, (0, 10))
    assert levels == {LOW: ("0",), MIDDLE: ("1",), HIGH: ("2",)}
    assert reach[LOW] == (0.0, 3.0)
    # Eleven parts of a scale of a hundred marks; five marks stay five.
    assert len(categories(np.tile(np.arange(101.0), 40), (0, 100))[1]) == 11
    _, five = categories(np.repeat([1.0, 2, 3, 4, 5], 40), (1, 5))
    assert levels_of(five, (1, 5))[1] == {LOW: (1.0, 3.0), MIDDLE: (4.0, 4.0), HIGH: (5.0, 5.0)}
    _, ten = categories(np.repeat(np.arange(11.0), 40), (0, 10))
    assert levels_of(ten, (0, 10))[1] == {LOW: (0.0, 6.0), MIDDLE: (7.0, 8.0), HIGH: (9.0, 10.0)}


def test_the_law_is_recovered_and_every_factor_has_its_place() -> None:
    found = regressed(made_up(1))
    assert isinstance(found.fit, OrderedFit)
    slopes = found.fit.table.set_index("name")["estimate"]
    assert slopes["care"] > slopes["price"] > slopes["brand"] > 0
    assert not found.by_signs
    assert found.p["care"] < 1e-6
    assert isinstance(found.effects, MarginalEffects)
    table = found.effects.table.set_index(["column", "category"])["effect"]
    for factor in FACTORS:
        assert sum(table[(factor, level)] for level in found.levels) == pytest.approx(0, abs=1e-9)
        assert table[(factor, HIGH)] > 0 > table[(factor, LOW)]
    # In points: 1.5 times the law, once the error of the scores is out; as they stand care is too small.
    assert isinstance(found.corrected, CorrectedRegression)
    own = found.corrected.table.set_index("factor")
    assert own.loc["care", "slope"] == pytest.approx(0.9, abs=3 * float(own.loc["care", "se"]))
    assert own.loc["care", "uncorrected"] < 0.9 - 3 * float(own.loc["care", "se"])
    assert sum(found.counts.values()) == 4000


def test_effects_that_differ_over_the_scale_get_a_slope_at_every_mark() -> None:
    law = made_up(2, 6000)
    rng = np.random.default_rng(2)
    spread = np.exp(0.35 * law.rows["care"])
    uneven = replace(law, rows=law.rows.assign(loyalty=law.rows["loyalty"] + spread * rng.logistic(size=6000) * 0.5))
    found = regressed(uneven)
    assert "care" in found.unequal
    assert isinstance(found.partial, PartialFit)
    assert isinstance(found.effects, MarginalEffects)
    assert found.effects.source == found.partial.source


def test_few_managers_are_judged_by_signs() -> None:
    found = regressed(made_up(3, 1500, managers=24))
    assert found.by_signs
    assert found.p["care"] == pytest.approx(1 / 2000)
    assert found.p["brand"] > found.p["care"]


def test_what_the_survey_cannot_tell_is_said(tmp_path: Path) -> None:
    law = made_up(4, 400)
    same = regress(replace(law, rows=law.rows.assign(loyalty=7.0)), {}, (0, 10))
    assert isinstance(same.fit, NotEstimable)
    assert "everybody chose" in same.fit.reason
    few = regressed(replace(law, rows=law.rows[:3], errors=law.errors[:3]))
    assert isinstance(few.fit, NotEstimable)
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"c{k},2020-01-01\n" for k in range(80)),
        "surveys": "client_id,invited_on,answered_on,item_a,item_b,item_l\n"
        + "".join(f"c{k},2022-06-01,2022-06-15,{k % 5 + 1},{k % 4 + 1},8\n" for k in range(80)),
    }
    options = {"surveys": 'items = ["item_a", "item_b", "item_l"]'}
    bank = open_bank(write_bank(tmp_path, files, more=SURVEY, options=options), as_of="2024-12-31")
    exhibit = shown(loyalty.attitude(bank), bank)
    assert title(exhibit) == "Which factors go with stated loyalty cannot be told"
    assert exhibit.refusals[0].id == "Everybody gave the same answer to {items}."


def test_one_factor_and_clients_without_managers_are_enough(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    mark = rng.integers(1, 6, 400)
    loyal = np.clip(np.rint(mark * 1.5 + rng.normal(2, 1.5, 400)), 0, 10).astype(int)
    other = np.clip(mark + rng.integers(-1, 2, 400), 1, 5)
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"c{k},2020-01-01\n" for k in range(400)),
        "surveys": "client_id,invited_on,answered_on,item_a,item_b,item_l\n"
        + "".join(f"c{k},2022-06-01,2022-06-15,{mark[k]},{other[k]},{loyal[k]}\n" for k in range(400)),
    }
    options = {"surveys": 'items = ["item_a", "item_b", "item_l"]'}
    bank = open_bank(write_bank(tmp_path, files, more=SURVEY, options=options), as_of="2024-12-31")
    exhibit = shown(loyalty.attitude(bank), bank)
    assert title(exhibit).startswith("One point more in care goes with ")
    told = pd.DataFrame(exhibit.estimates).set_index("name")
    assert told.loc["p_effect", "value"] < 0.001
