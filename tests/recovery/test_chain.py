"""What a lever is worth, held against the demo bank's law: what clients say, who leaves, what keeping them brings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from recovery.chain import as_they_stand, draw, paths, value_kept
from recovery.harness import Study
from recovery.validation import validate

from insights.data.snapshot import open_bank
from insights.demo import Law, write_demo
from insights.models.loyalty.keeping import kept_by_segment, leaving_by_choice
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.models.value.worths import discounts
from insights.stats.resampling import Replicates
from insights.stats.results import Estimate

REPETITIONS = 60
LEVERS = Study(
    "levers",
    "Banks of 4,000 clients over 48 months. For one point more on each factor: points of stated loyalty, the share of "
    "clients who mark 9 or 10, and the share of the exits by choice of the year after, by way of loyalty.",
    draw,
    {"by way of loyalty, error taken out": paths},
    naive={"scores as they stand": as_they_stand},
)


@pytest.mark.long
def test_what_goes_with_one_point_more_is_recovered_from_words_to_exits() -> None:
    validate(LEVERS, REPETITIONS)


CLIENTS, MONTHS, SEED, YEARS = 2_000, 60, 5, 2
SHARE = 0.12


@pytest.mark.long
def test_what_those_kept_bring_is_that_of_the_laws_own_futures(tmp_path: Path) -> None:
    """A share of the exits of one year is taken away: what comes of it is told before, and comes so in 40 futures."""
    folder = tmp_path / "bank"
    write_demo(folder, clients=CLIENTS, months=MONTHS, seed=SEED)
    config = folder / "bank.toml"
    text = config.read_text(encoding="utf-8")
    assert "horizon_years = 10" in text
    config.write_text(text.replace("horizon_years = 10", f"horizon_years = {YEARS}"), encoding="utf-8")
    with open_bank(config, as_of="2024-10-31") as bank:
        values, leaving, rate = lifetime_values(bank), leaving_by_choice(bank), bank.settings.value.annual_discount_rate
    assert isinstance(values, LifetimeValues)
    # The largest client is bound by contract, which nobody at the bank can see: he is left out on both sides.
    bound = values.clients["assets"] == values.clients["assets"].max()
    segment = pd.Series(np.where(bound, "bound", "free"))
    told = kept_by_segment(values, leaving.to_numpy(), segment)
    sure = Replicates(np.array([SHARE]), np.full((999, 1), SHARE), "s", "exponential", 500, 60)
    found = told.worth(sure, 0, "free", "CHF")
    assert isinstance(found, Estimate)
    kept = value_kept(
        Law(), CLIENTS, MONTHS, SEED, horizon=12 * YEARS, share=SHARE, discount=discounts(rate, 12 * YEARS), futures=40
    )
    assert found.low < kept.mean() < found.high
    assert ((found.low < kept) & (kept < found.high)).mean() > 0.8
    assert found.value == pytest.approx(kept.mean(), rel=0.25)
