"""The handbook's claims: verdicts on known laws, cited shares that are asked or not, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loyalty_bank import SECTION, survey_bank
from shown import shown, title
from small_bank import write_bank
from survey_law import made_up

from insights.data.snapshot import open_bank
from insights.errors import SettingsError
from insights.models.loyalty.answers import answers
from insights.models.loyalty.claims import CITED, CLAIMS, NOT_ASKED, stated_shares, test_claims, verdict_on_share
from insights.models.loyalty.worth import Worth
from insights.stats.results import Estimate, NotEstimable
from insights.topics import loyalty

SURVEY = """
[loyalty]
outcome = ["item_l"]
outcome_scale = [0, 10]
scale = [1, 5]
[loyalty.factors]
quality = ["item_a", "item_b"]
[loyalty.stated]
quality = "item_q"
personalisation = "item_p"
relationship = "item_r"
[loyalty.scales]
item_q = [0, 1]
item_p = [0, 1]
item_r = [0, 1]
"""
YES = {"quality": 352, "personalisation": 200, "relationship": 264}
"""So many of 400 agree to each of the three."""
OPTIONS = {"surveys": 'items = ["item_a", "item_b", "item_l", "item_q", "item_p", "item_r"]'}


def named(seed: int) -> Worth:
    """Return the made-up survey with its first factor called quality, its second relation, its third brand."""
    law = made_up(seed)
    names = {"care": "quality", "price": "relation", "brand": "brand"}
    rows, errors = law.rows.rename(columns=names), law.errors.rename(columns=names)
    return Worth(**{**law.__dict__, "rows": rows, "errors": errors, "factors": tuple(names.values())})


def survey(folder: Path, n: int = 400) -> Path:
    rng = np.random.default_rng(1)
    mark = rng.integers(1, 6, n)
    lines = "".join(
        f"c{k},2022-06-01,2022-06-15,{mark[k]},{min(5, mark[k] + k % 2)},{2 * mark[k]},"
        + ",".join(str(int(k < yes)) for yes in YES.values())
        + "\n"
        for k in range(n)
    )
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"c{k},2020-01-01\n" for k in range(n)),
        "surveys": "client_id,invited_on,answered_on,item_a,item_b,item_l,item_q,item_p,item_r\n" + lines,
    }
    return write_bank(folder, files, more=SURVEY, options=OPTIONS)


def test_a_claim_agrees_differs_or_cannot_be_told() -> None:
    law = named(1)
    n = len(law.rows)
    rng = np.random.default_rng(1)
    after = pd.DataFrame({"referred": (rng.random(n) < 0.1).astype(float)}, index=law.rows.index)
    after["margin_after"] = 50 - 4 * law.rows["loyalty"] + rng.normal(size=n)  # the loyal bring less
    told = {t.claim: t for t in test_claims(law, after)}
    assert list(told) == list(CLAIMS)
    assert told["quality_exits"].verdict == "agrees"
    assert told["relation_loyalty"].verdict == "agrees"
    assert told["loyal_margin"].verdict == "differs"
    assert told["brand_clients"].verdict == "unknown"
    assert isinstance(told["brand_clients"].slope, Estimate)
    slope = told["loyal_margin"].slope
    assert isinstance(slope, Estimate)
    assert slope.low < -4 < slope.high
    assert isinstance(told["responsibility_trust"].slope, NotEstimable)
    assert told["responsibility_trust"].slope.reason == NOT_ASKED
    assert told["personal_satisfaction"].verdict == "unknown"  # there is no such factor
    # Adjusted for how many were tested: never below the p-value itself.
    assert all(t.p_adjusted >= t.p for t in told.values() if np.isfinite(t.p))


def test_verdicts_on_shares() -> None:
    def share(low: float, high: float) -> Estimate:
        return Estimate((low + high) / 2, low, high, "share", 100)

    assert verdict_on_share(0.88, share(0.85, 0.90)) == "agrees"
    assert verdict_on_share(0.88, share(0.80, 0.90)) == "unknown"  # it may be near, and may not
    assert verdict_on_share(0.88, share(0.70, 0.80)) == "differs"
    assert verdict_on_share(0.88, None) == verdict_on_share(0.88, NotEstimable("few")) == "unknown"


def test_a_share_that_is_asked_is_compared(tmp_path: Path) -> None:
    bank = open_bank(survey(tmp_path), as_of="2024-12-31")
    told = stated_shares(bank)
    verdicts = {}
    for claim, yes in YES.items():
        found = told[claim]["stated"]
        assert isinstance(found, Estimate)
        assert found.value == pytest.approx(yes / 400)
        verdicts[claim] = verdict_on_share(CITED[claim][0], found)
    assert verdicts == {"quality": "agrees", "personalisation": "differs", "relationship": "unknown"}
    exhibit = shown(loyalty.claims(bank), bank)
    assert len(exhibit.tables[1].rows) == 9
    assert "of the handbook" in title(exhibit)
    assert set(YES) <= {e["group"]["claim"] for e in exhibit.estimates if e["name"] == "share_stated"}


def test_a_stated_item_that_is_not_delivered_is_an_error(tmp_path: Path) -> None:
    config = survey(tmp_path)
    config.write_text(config.read_text().replace('quality = "item_q"', 'quality = "item_z"'))
    with pytest.raises(SettingsError, match="item_z"):
        open_bank(config, as_of="2024-12-31")


def test_responsibility_and_trust_are_held_together_where_the_bank_asks() -> None:
    law = made_up(3)
    assert {t.claim: t.slope for t in test_claims(law, pd.DataFrame())}["responsibility_trust"].reason == "not_asked"
    rng = np.random.default_rng(3)
    mark = 3 + rng.normal(size=len(law.rows))
    rows = law.rows.assign(responsibility=mark, trust=5 + 0.5 * mark + rng.normal(size=len(mark)))
    told = {t.claim: t for t in test_claims(replace(law, rows=rows), pd.DataFrame())}["responsibility_trust"]
    assert told.verdict == "agrees"
    assert told.slope.low < 0.5 < told.slope.high


def test_items_about_trust_are_read_beside_the_factors(tmp_path: Path) -> None:
    section = SECTION.replace("scale = [1, 5]\n", 'scale = [1, 5]\ntrust = ["item_trust"]\n', 1)
    bank = survey_bank(tmp_path, lambda rows: rows.assign(item_trust=rows["item_quality_1"]), section=section)
    told = answers(bank).answers
    assert told["trust"].equals(told["item_trust"].astype(float).rename("trust"))
    assert "trust" not in answers(bank).factors
