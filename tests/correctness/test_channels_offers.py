"""Marketing offers: shares and costs by hand, a limit compared within campaigns, small numbers withheld with theirs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insights.data.snapshot import open_bank
from insights.models.channels.offers import (
    ACCEPTED,
    ALL,
    ANSWERED,
    COST,
    LIMIT,
    LIMITED,
    MORE,
    UNLIMITED,
    Offers,
    measure,
    prepared,
)
from insights.reports.disclosure import protect
from insights.stats.results import Estimate, NotEstimable
from insights.topics import channels
from insights.topics.evidence import Answer, Estimates


def rows(seed: int, more: float, *, mixed: bool = True) -> pd.DataFrame:
    """Five campaigns; the limit is used more where more is accepted anyway, and adds ``more`` in each of them."""
    rng = np.random.default_rng(seed)
    parts = []
    for k, (base, share) in enumerate(((0.02, 0.2), (0.04, 0.3), (0.08, 0.5), (0.15, 0.7), (0.25, 0.8))):
        n = 400
        limited = rng.random(n) < (share if mixed else float(k > 2))
        accepted = rng.random(n) < base + more * limited
        answer = np.where(accepted, "accepted", np.where(rng.random(n) < 0.3, "declined", None))
        limit = np.where(limited, "2024-06-30", None)
        parts.append(
            pd.DataFrame({"client_id": rng.integers(0, 900, n).astype(str), "answer": answer, "limited_until": limit})
        )
        parts[-1] = parts[-1].assign(offered_on=pd.Timestamp("2024-01-01"), product_id="p", campaign=f"c{k}", cost=12.0)
    return pd.concat(parts, ignore_index=True).assign(channel="letter")


def told(found: Offers, division: str, value: str, name: str) -> Estimate:
    one = next(m.found for m in found.measured if (m.division, m.value, m.measure) == (division, value, name))
    assert isinstance(one, Estimate), one
    return one


def test_shares_and_costs_by_hand() -> None:
    frame = rows(1, 0.02)
    found = measure(prepared(frame), "CHF")
    accepted = (frame["answer"] == "accepted").sum()
    assert told(found, ALL, "", ACCEPTED).value == pytest.approx(accepted / len(frame))
    assert told(found, ALL, "", ANSWERED).value == pytest.approx(frame["answer"].notna().mean())
    assert told(found, ALL, "", COST).value == pytest.approx(12 * len(frame) / accepted)
    limited = frame["limited_until"].notna()
    assert told(found, LIMIT, LIMITED, ACCEPTED).value == pytest.approx((frame["answer"] == "accepted")[limited].mean())
    assert (found.campaigns, found.compared) == (5, 5)


def test_within_campaigns_the_limit_is_covered_where_the_plain_difference_is_far_off() -> None:
    inside = off = 0
    for seed in range(100):
        found = measure(prepared(rows(seed, 0.02)), "CHF")
        more = told(found, LIMIT, "", MORE)
        inside += more.low < 0.02 < more.high
        off += told(found, LIMIT, LIMITED, ACCEPTED).value - told(found, LIMIT, UNLIMITED, ACCEPTED).value > 0.06
    assert 90 <= inside <= 99
    assert off == 100


def test_campaigns_of_one_kind_compare_nothing() -> None:
    found = measure(prepared(rows(1, 0.02, mixed=False)), "CHF")
    more = next(m.found for m in found.measured if m.measure == MORE)
    assert isinstance(more, NotEstimable)
    assert found.compared == 0


def test_where_few_accept_one_kind_the_other_is_withheld_with_it(demo_bank_small: Path) -> None:
    bank = open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")
    answer = channels.offers(bank)
    assert isinstance(answer, Answer)
    part = answer.evidence["rows"]
    assert isinstance(part, Estimates)
    exact = part.rows[(part.rows["division"] == LIMIT) & (part.rows["measure"] == ACCEPTED)]
    shown = protect(answer.evidence, bank.settings.disclosure)["rows"]
    assert isinstance(shown, Estimates)
    # Every campaign of the demo bank is made on one day: its weekday adds nothing, and channels can be compared.
    assert [pair["why"] for pair in answer.facts["like"]] == [""]
    withheld = shown.rows.loc[exact.index, "value"].isna()
    assert withheld.all() or not withheld.any()
    assert withheld.all() == (exact["n_events"].min() < bank.settings.disclosure.min_clients)
