"""Effort goes by what an option brings at least, as far as the means go."""

from dataclasses import replace

import numpy as np
import pytest

from insights.models.channels.effort import PROGRAMME, SOURCE, UNIT, Option, allocate, of_source
from insights.models.channels.sources import yield_of
from insights.stats.results import Estimate, NotEstimable


def option(name: str, cost: float, value: float, low: float, high: float) -> Option:
    return Option(PROGRAMME, name, cost, Estimate(value, low, high, UNIT, 100), 100, 100)


def test_the_lower_end_decides_and_the_means_end_the_list() -> None:
    lucky = option("lucky", 100.0, 9.0, -1.0, 19.0)  # the highest value, and nothing known of it
    sure, good = option("sure", 100.0, 3.0, 2.5, 3.5), option("good", 50.0, 4.0, 2.0, 6.0)
    untold = replace(sure, name="untold", brings=NotEstimable("too few"))
    found = allocate([untold, lucky, good, sure], 120.0)
    assert [o.name for o in found] == ["sure", "good", "lucky", "untold"]
    assert [o.given for o in found] == [100.0, 20.0, 0.0, 0.0]
    assert [o.given for o in allocate([good, sure], 1_000.0)] == [100.0, 50.0]  # no more than it costs today
    assert all(o.given == 0.0 for o in allocate([good, sure], 0.0))


def test_a_source_brings_its_first_year_for_what_its_clients_cost() -> None:
    margins = [1_000.0 + 10 * k for k in range(60)]
    source = yield_of("branch", 80, 40_000.0, np.array(margins), "CHF")
    told = of_source(source)
    assert told.kind == SOURCE
    assert isinstance(told.brings, Estimate)
    assert told.brings.value == pytest.approx(1_295.0 / 500.0)
    assert told.brings.low < told.brings.value < told.brings.high
    assert told.cost == pytest.approx(40_000.0 / 3)  # of three years
    none = of_source(yield_of("branch", 80, 40_000.0, np.array([0.0, -5.0, 4.0] * 20), "CHF"))
    assert isinstance(none.brings, NotEstimable)
