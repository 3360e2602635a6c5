"""Real calls: cellular against telephone, adjusted for when the calls were made and whom they reached."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shown import shown
from small_bank import write_bank

from insights.data.snapshot import open_bank
from insights.models.channels.fair_offers import RARE, LikeWithLike, like_with_like
from insights.models.channels.offers import measure, prepared
from insights.reports.wording import Wording
from insights.stats.results import Estimate, NotEstimable
from insights.topics.channels.offers import offers_answer

WHEN = ("day_of_week",)
WHOM = ("job", "marital", "education", "default", "housing", "poutcome")
NUMBERS = ("euribor3m", "age", "age_squared", "calls")


@pytest.fixture(scope="module")
def calls(shared: Path) -> pd.DataFrame:
    """The calls as offers, in their order; a block is a month of the campaign, counted on through the years.

    Without an earlier campaign there is no outcome of it; unknown housing is unknown for the same clients as loans.
    """
    data = pd.read_csv(shared / "data" / "bank_marketing" / "bank-additional-full.csv.gz", sep=";")
    run = (data["month"] != data["month"].shift()).cumsum()
    data = data.assign(calls=np.log(data["campaign"]), age_squared=(data["age"] - 40) ** 2, channel=data["contact"])
    data = data.assign(block=run, campaign=run.astype(str), client_id=data.index.astype(str))
    data = data.assign(answer=np.where(data["y"] == "yes", "accepted", "declined"), limited_until=None)
    data = data.assign(offered_on=pd.Timestamp("2010-01-01"))
    return prepared(data.assign(product_id="deposit", cost=np.nan))


@pytest.fixture(scope="module")
def pair(calls: pd.DataFrame) -> LikeWithLike:
    (found,) = like_with_like(calls, (*WHEN, *WHOM), NUMBERS)
    return found


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def test_a_third_of_what_cellular_seems_to_sell_more_is_when_and_whom_it_reached(pair: LikeWithLike) -> None:
    """Telephone is compared with cellular, the one used more: the signs are those of telephone."""
    assert (pair.channel, pair.against) == ("telephone", "cellular")
    plain, fair, within = (estimate(e) for e in (pair.plain, pair.fair, pair.within))
    assert plain.value == pytest.approx(-0.0951, abs=5e-4)
    # Adjusted: 6.3 points (5.2 to 7.5). In the months with both alone, unadjusted, it looks like half of it: telephone
    # was used more often when more was sold.
    assert fair.value == pytest.approx(-0.0631, abs=0.001)
    assert (fair.low, fair.high) == pytest.approx((-0.0746, -0.0515), abs=0.001)
    assert plain.value < fair.low
    assert within.value == pytest.approx(-0.0358, abs=0.001)
    # In the first two months, three calls in ten, everybody was called by telephone: nothing to compare.
    assert pair.compared == pytest.approx(0.70, abs=0.01)
    # Something unseen would have to go with both by a risk ratio of 1.5 to bring the near end to nothing.
    assert pair.unseen == pytest.approx(1.55, abs=0.02)


def test_for_the_months_alone_the_weights_are_those_of_strata(calls: pd.DataFrame) -> None:
    """With an indicator for every month overlap weights count each month by n1 n0 / n: worked out here directly."""
    (found,) = like_with_like(calls)
    one = (calls["channel"] == "telephone").astype(float)
    cells = calls.assign(one=one).groupby("block").agg(n=("accepted", "size"), one=("one", "sum"))
    cells = cells[np.minimum(cells["one"], cells["n"] - cells["one"]) >= RARE]
    means = calls.assign(one=one).groupby(["block", "one"])["accepted"].mean().unstack().loc[cells.index]
    weight = cells["one"] * (cells["n"] - cells["one"]) / cells["n"]
    assert estimate(found.fair).value == pytest.approx(float(np.average(means[1.0] - means[0.0], weights=weight)))


def test_the_months_in_which_everybody_was_called_by_telephone_have_nothing_to_compare(calls: pd.DataFrame) -> None:
    early = calls[calls["block"] <= 2]
    assert like_with_like(early) == ()
    (never,) = like_with_like(calls[(calls["block"] <= 2) | (calls["channel"] == "cellular") & (calls["block"] > 2)])
    assert isinstance(never.fair, NotEstimable)
    assert never.fair.reason == "no campaign used both channels: there is no overlap"


def test_the_page_tells_what_is_left_beside_what_it_looks_like(
    calls: pd.DataFrame, pair: LikeWithLike, tmp_path: Path
) -> None:
    bank = open_bank(write_bank(tmp_path, {"clients": "client_id,joined_on\n1,2015-01-01\n"}), as_of="2022-12-31")
    exhibit = shown(offers_answer(replace(measure(calls, "EUR", limits=False), like=(pair,))), bank)
    words = Wording("en", {}, currency="EUR")
    said = " ".join(words.text(s) for s in (*exhibit.sentences, *exhibit.caveats, *exhibit.basis))
    assert "telephone against cellular, in the same campaign and among like clients: −6.3 points" in said
    assert "As it looks: −9.5 points" in said
    assert "is an association" in said
    assert "after it by nothing" in said
