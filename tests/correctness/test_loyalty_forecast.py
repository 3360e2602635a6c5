"""One wave held against the next: a stable law is foretold, a shift is noticed, and what is too little is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from loyalty_bank import demo
from shown import shown, title
from small_bank import write_bank
from survey_law import made_up

from insights.data.snapshot import open_bank
from insights.models.loyalty.forecast import Forecasts, predict_waves
from insights.models.loyalty.worth import Worth
from insights.stats.results import NotEstimable
from insights.stats.scoring.ordered import OrderedScores
from insights.topics import loyalty


def waves(seed: int, *, shift: float = 0.0, n: int = 3000) -> Worth:
    """Return the made-up survey in three waves; in the last one loyalty is higher by ``shift`` marks."""
    law = made_up(seed, n)
    wave = np.arange(n) % 3
    marks = np.clip(np.rint(6 + 1.5 * law.rows["loyalty"] + shift * (wave == 2)), 0, 10)
    rows = law.rows.assign(loyalty=marks, wave=wave.astype(str), wave_number=wave)
    return replace(law, rows=rows)


def pooled(found: Forecasts) -> OrderedScores:
    assert isinstance(found.pooled, OrderedScores), found.pooled
    return found.pooled


def test_a_stable_law_is_foretold_and_level() -> None:
    found = predict_waves(waves(1), (0, 10))
    told = pooled(found)
    assert list(found.by_wave) == ["1", "2"]
    assert told.skill.low > 0.1
    assert (told.checks[0].p_value or 0) > 0.01
    assert told.table["expected"].sum() == pytest.approx(1)
    assert found.clients[""] == 2000
    assert len(found.marks) == len(told.table)


def test_a_shift_between_waves_is_noticed() -> None:
    found = predict_waves(waves(2, shift=1.5), (0, 10))
    last, first = found.by_wave["2"], found.by_wave["1"]
    assert isinstance(last, OrderedScores)
    assert isinstance(first, OrderedScores)
    assert (last.checks[0].p_value or 1) < 1e-6 < (first.checks[0].p_value or 0)
    assert last.score.value > first.score.value
    table = last.table
    assert table["low"].iloc[-1] > 0 > table["high"].iloc[0]


def test_one_wave_and_small_waves_are_refused(tmp_path: Path) -> None:
    law = waves(3)
    one = predict_waves(replace(law, rows=law.rows.assign(wave="0", wave_number=0)), (0, 10))
    assert isinstance(one.pooled, NotEstimable)
    assert one.pooled.reason == "there is one wave only: nothing to predict"
    small = predict_waves(replace(law, rows=law.rows[:90], errors=law.errors[:90]), (0, 10))
    assert isinstance(small.pooled, NotEstimable)
    assert "too few" in small.pooled.reason
    assert set(small.skipped) == {"1", "2"}


def test_the_exhibit_says_it(demo_bank_small: Path) -> None:
    bank = demo(demo_bank_small)
    exhibit = shown(loyalty.forecast(bank), bank)
    assert title(exhibit)  # 36 months of 600 clients: foretold or refused, but said in both languages


def test_two_waves_of_a_small_survey_are_told(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    lines = []
    for wave, day in ((1, "2022-06"), (2, "2023-06")):
        mark = rng.integers(1, 6, 300)
        loyal = np.clip(np.rint(1.5 * mark + rng.normal(2, 1.2, 300)), 0, 10).astype(int)
        lines += [f"c{k},{day}-01,{day}-15,{wave},{mark[k]},{mark[k]},{loyal[k]}\n" for k in range(300)]
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"c{k},2020-01-01\n" for k in range(300)),
        "surveys": "client_id,invited_on,answered_on,wave,item_a,item_b,item_l\n" + "".join(lines),
    }
    more = '[loyalty]\noutcome = ["item_l"]\noutcome_scale = [0, 10]\nscale = [1, 5]\n'
    more += '[loyalty.factors]\ncare = ["item_a", "item_b"]\n'
    options = {"surveys": 'items = ["item_a", "item_b", "item_l"]'}
    bank = open_bank(write_bank(tmp_path, files, more=more, options=options), as_of="2024-12-31")
    exhibit = shown(loyalty.forecast(bank), bank)
    assert title(exhibit).startswith("What one wave teaches holds in the next: ")
