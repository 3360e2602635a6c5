"""Channels that clients took up themselves: what selection makes is found out, an effect is not hidden."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.models.channels import adoption as adopted
from insights.models.channels.outcomes import ALL_CONTACTS, MARK, MONEY
from insights.models.months import SpellMonths
from insights.stats.effects import OverlapComparison
from insights.stats.results import Estimate

MONTHS = 48


def book(seed: int, *, effect: float = 0.0, hidden: float = 0.0, n: int = 1_500) -> tuple[SpellMonths, pd.DataFrame]:
    """The often in touch and the wealthy take up the app more, and bring more; ``hidden`` do so for good measure."""
    rng = np.random.default_rng(seed)
    eager, secret = rng.normal(0, 1, n), rng.normal(0, 1, n)
    took = rng.random(n) < 1 / (1 + np.exp(1.0 - 0.8 * eager - (1.0 if hidden else 0.0) * secret))
    held = np.exp(13 + 0.5 * eager)  # what sets them apart is on record
    rate = 0.003 * eager[:, None] + hidden * secret[:, None] + rng.normal(0, 0.01, (n, MONTHS))
    rate[:, 36:] += effect / 12 * took[:, None]
    assets = np.repeat(held[:, None], MONTHS, axis=1).astype(np.float32)
    flows = (held[:, None] * rate).astype(np.float32)
    names = np.array([f"c{k:05d}" for k in range(n)])
    spells = pd.DataFrame({"client_id": names, "spell": 1, "joined_on": pd.Timestamp("2010-01-01")})
    zero = np.zeros(n, dtype=np.int64)
    months = SpellMonths(
        spells, date(2019, 1, 1), zero, zero + MONTHS - 1, zero + 60, np.zeros(n, bool), assets, flows, None, flows,
        assets, flows, None, 0,
    )  # fmt: skip
    count = rng.poisson(np.exp(0.5 * eager)[:, None] * 0.6, (n, MONTHS)).astype(float)
    app = np.zeros((n, MONTHS), bool)
    app[took, 24 + rng.integers(0, 12, took.sum())] = True
    row, column = np.nonzero(app)
    rows = pd.DataFrame({"client_id": names[row], "month": 2019 * 12 + column, "channel": "app", "asked": True})
    rows.attrs["count"] = count
    return months, rows


def found_in(monkeypatch: pytest.MonkeyPatch, months: SpellMonths, rows: pd.DataFrame) -> adopted.Adopted:
    count = rows.attrs["count"]
    sums = {ALL_CONTACTS: (count, count), MARK: None}
    monkeypatch.setattr(adopted, "spell_months", lambda bank: months)
    monkeypatch.setattr(adopted, "complete_months", lambda bank, months: MONTHS)
    monkeypatch.setattr(adopted, "contact_sums", lambda bank, months, name: sums[name])
    monkeypatch.setattr(adopted, "contacts", lambda bank: SimpleNamespace(rows=rows))
    bank: Any = SimpleNamespace(settings=SimpleNamespace(channels=SimpleNamespace(digital=("app", "online"))))
    told = adopted._made(bank)
    assert [(t.channel, t.outcome) for t in told] == [("app", MONEY)]
    return told[0]


def test_recorded_differences_are_taken_away_and_an_effect_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, clear, plain = 0, 0, []
    for seed in range(30):
        told = found_in(monkeypatch, *book(seed, effect=0.03))
        assert isinstance(told.found, OverlapComparison)
        assert isinstance(told.placebo, Estimate)
        inside += told.found.effect.low < 0.03 < told.found.effect.high
        clear += told.placebo.low < 0 < told.placebo.high
        plain.append(told.found.unadjusted.value)
    assert inside >= 26  # of 30 at 95 %: 28.5, and 26 is the 6 % point
    assert clear >= 26
    assert np.mean(plain) > 0.045
    assert told.adopters + told.others == 1_500
    assert (told.found.table["difference_weighted"].abs() < 1e-6).all()
    assert told.found.table["difference"].max() > 0.3


def test_a_hidden_difference_shows_in_the_year_before_anybody_had_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = found_in(monkeypatch, *book(1, hidden=0.004))
    assert isinstance(told.placebo, Estimate)
    assert told.placebo.low > 0
    assert told.p_adjusted < 0.05
