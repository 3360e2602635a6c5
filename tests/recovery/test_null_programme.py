"""A programme that does nothing, drawn a thousand times: it is called an effect as often as it should be."""

from pathlib import Path

import numpy as np
import pytest

from insights.data.snapshot import open_bank
from insights.demo import Law, write_demo
from insights.demo.people.managers import draw_arms
from insights.demo.streams import stream
from insights.models.channels.lots import LEFT, compare, money
from insights.models.channels.programmes import Reach, managers_at
from insights.models.months import spell_months

DRAWS = 1_000
LEAST, MOST = 0.03, 0.07
"""Rejections at 5 % that are allowed: 1,000 draws have a standard error of 0.7 %."""


@pytest.mark.long
def test_the_null_programme_is_called_an_effect_in_five_percent_of_its_draws(tmp_path: Path) -> None:
    """Only the lot among the managers is drawn anew, from the programme's own stream; the bank stays as it is."""
    write_demo(tmp_path / "bank", clients=2_500, months=48, seed=11)
    bank = open_bank(tmp_path / "bank" / "bank.toml", as_of="2026-10-31")
    months, law = spell_months(bank), Law().null_programme
    day = law.month - 1
    manager = managers_at(bank, months, (day,))[day]
    here = (months.first < day) & (months.last >= day) & (manager != None)  # noqa: E711  (element by element)
    names = sorted(set(manager[here]))
    place = np.searchsorted(names, np.where(here, manager, names[0]).astype(str))
    gone = (months.left & (months.last < day + 12)).astype(float)
    alarms = {"money": 0, LEFT: 0}
    for seed in range(DRAWS):
        treated = draw_arms(len(names), law.share, stream(seed, "null programme"))[place]
        start = np.where(here, np.where(treated, float(day), np.inf), np.nan)
        found = Reach("club", start, np.where(here, float(day), np.nan), manager, True, True)
        alarms["money"] += money(months, found, here, "CHF").p < 0.05
        alarms[LEFT] += compare(LEFT, gone[here], None, treated[here], manager[here], "share").p < 0.05
    shares = {name: count / DRAWS for name, count in alarms.items()}
    print(shares)
    assert all(LEAST <= share <= MOST for share in shares.values()), shares
