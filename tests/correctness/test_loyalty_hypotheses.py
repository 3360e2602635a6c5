"""All tests in one list: registered claims by Holm, the rest by Benjamini and Hochberg, none left out."""

from pathlib import Path

import numpy as np
import pytest
from loyalty_bank import demo
from shown import shown
from survey_law import FACTORS, made_up

from insights.models.loyalty.attitude import regress
from insights.stats.multiplicity import benjamini_hochberg, holm
from insights.topics import loyalty
from insights.topics.loyalty.hypotheses import listed


def test_registered_claims_and_the_rest_are_adjusted_apart() -> None:
    law = made_up(1)
    items = {f: law.rows[[f"item_{f}_{j}" for j in range(3)]] for f in FACTORS}
    marks = np.clip(np.rint(6 + 1.5 * law.rows["loyalty"]), 0, 10)
    stated = regress(type(law)(**{**law.__dict__, "rows": law.rows.assign(loyalty=marks)}), items, (0.0, 10.0))
    expected = {("care", "exit"): "lowers", ("brand", "loyalty"): "raises", ("price", "money"): "raises"}
    rows = listed(law, stated, expected)
    # Three factors; stated loyalty, leaving and share of wallet; what is kept, of all and of two segments.
    assert len(rows) == 9 + 9
    kept = rows[rows["outcome"] == "value"]
    assert kept["adjusted"].to_numpy() == pytest.approx(benjamini_hochberg(kept["value"].to_numpy()))
    assert (kept.loc[kept["segment"] == "", "found"] == "raises").all()
    rows = rows[rows["outcome"] != "value"]
    told = rows[rows["registered"]]
    assert list(zip(told["factor"], told["outcome"], strict=True)) == [("brand", "loyalty"), ("care", "left")]
    assert told["adjusted"].to_numpy() == pytest.approx(holm(told["value"].to_numpy()))
    rest = rows[~rows["registered"]]
    for said in (True, False):
        own = rest[(rest["outcome"] == "loyalty") == said]
        assert len(own) == (2 if said else 5)
        assert own["adjusted"].to_numpy() == pytest.approx(benjamini_hochberg(own["value"].to_numpy()))
    assert told.set_index("factor")["found"].to_dict() == {"brand": "raises", "care": "lowers"}
    assert listed(law, stated, {})["registered"].sum() == 0


def test_the_exhibit_lists_them_all(demo_bank_small: Path) -> None:
    bank = demo(demo_bank_small)
    exhibit = shown(loyalty.hypotheses(bank), bank)
    assert len(exhibit.tables[0].rows) == len(exhibit.estimates) >= 5
