"""Relationship value by hand: what referrals move is counted once; activity within a client on banks of known truth."""

from pathlib import Path

import numpy as np
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.value.book import lifetimes
from insights.models.value.relationship import Relationships
from insights.models.value.relationship import relationship_values as related
from insights.models.value.worths import cost_values
from insights.topics import value
from insights.topics.evidence import Answer, NotAvailable

MONTHS = [f"{y}-{m:02}-01" for y in (2020, 2021) for m in range(1, 13)]


def referring(folder: Path, more: str = "") -> Bank:
    """Return 60 clients who bring 10 a month: 0 brought 1 to 12 (source referral) and 13 to 24 (another source)."""
    heads = "client_id,joined_on,referred_by,acquisition_source\n"
    lines = []
    for i in range(60):
        by = "0" if 1 <= i <= 24 else "30" if i == 0 else ""
        lines.append(f"{i},2015-01-01,{by},{'referral' if i <= 12 else 'event'}")
    rows = [(i, m) for i in range(60) for m in MONTHS]
    files = {
        "clients": heads + "\n".join(lines) + "\n",
        "balances": "client_id,month,category,amount\n" + "".join(f"{i},{m},cash,1000\n" for i, m in rows),
        "revenue": "client_id,month,kind,amount\n" + "".join(f"{i},{m},fee,10\n" for i, m in rows),
    }
    return open_bank(write_bank(folder, files, delay=0, more=more), as_of="2021-12-31")


def told(bank: Bank) -> Relationships:
    found = related(bank)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def demo(demo_bank_small: Path) -> Bank:
    return open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")


def test_by_hand_and_nothing_twice(tmp_path: Path) -> None:
    every = told(referring(tmp_path))
    assert every.years is None  # nobody ever left: no lifetime value
    found = every.clients
    each = 120 - 0.08 * 0.15 * 120  # income less the cost of capital on it
    assert (found["wealth"] + found["risk"]).tolist() == pytest.approx([each] * 60)
    assert found["value"].sum() == pytest.approx(60 * each)
    assert found["brand"].sum() == pytest.approx(0, abs=1e-9)
    received = np.sort(found["received"])[::-1]
    # 12 who came through him at a half, 12 whom he helped at a fifth; his own referrer gets half of his own margin
    # and nothing of what he received.
    assert received[:3].tolist() == pytest.approx([(12 * 0.5 + 12 * 0.2) * each, 0.5 * each, 0])
    assert found["given"].sum() == pytest.approx(received.sum())


def test_weights_of_one_leave_the_referred_with_nothing(tmp_path: Path) -> None:
    found = told(referring(tmp_path, "[value.referrals]\ncame = 1.0\nhelped = 1.0")).clients
    own = found[found["kind"] != ""]
    assert (own["wealth"] + own["risk"] - own["given"]).tolist() == pytest.approx([0.0] * len(own), abs=1e-9)
    assert (found["value"] >= -1e-9).all()


def test_all_parts_together_are_what_the_book_is_worth(demo: Bank) -> None:
    every, values = told(demo), lifetimes(demo)
    assert values is not None
    assert every.years == demo.settings.value.horizon_years
    found = every.clients
    assert found["value"].sum() == pytest.approx(values.value.sum(), rel=1e-9)
    assert found["brand"].sum() == pytest.approx(0, abs=1e-3)
    assert found["given"].sum() > 0
    worth = values.clients.set_index("client_id")["value"].reindex(found["client_id"]).fillna(0.0).to_numpy()
    np.testing.assert_allclose(found["wealth"] + found["risk"], worth, rtol=1e-9, atol=1e-6)
    assert every.untold == int((~found["client_id"].isin(values.clients["client_id"])).sum())
    # Costs are split: the cost of risk and that of serving add up to what all costs are worth.
    ahead, start = values.course(), values.inputs.start
    whole = (ahead.alive * ahead.cost) @ values.inputs.discount
    part = 0.3 * start.cost
    rest = cost_values(values.inputs, start.cost - part, float(0.7 * start.means[2]))
    np.testing.assert_allclose(cost_values(values.inputs, part, 0.3 * start.means[2]) + rest, whole, rtol=1e-9)
    assert 0 < -found["risk"].sum() < -whole.sum()


def test_the_exhibit_says_what_cannot_be_told(tmp_path: Path, demo: Bank) -> None:
    answer = value.relationship(demo)
    assert isinstance(answer, Answer)
    parts = answer.exact.parts.set_index("tier")
    tiers = parts.drop(index="all")
    assert tiers["brand"].sum() == pytest.approx(0, abs=1e-6)
    for name in ("wealth", "risk", "value"):
        assert tiers[name].sum() == pytest.approx(parts.loc["all", name])
    assert parts.loc["all", "value"] == pytest.approx(parts.loc["all", "wealth"] + parts.loc["all", "risk"])
    exhibit = shown(answer, demo)
    assert any("not whether the client would have come anyway" in m.id for m in exhibit.caveats)
    assert len(answer.exact.ranks) == 0
    rows = "".join(f"{i},{m},fee,10\n" for i in range(60) for m in MONTHS)
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"{i},2015-01-01\n" for i in range(60)),
        "revenue": "client_id,month,kind,amount\n" + rows,
    }
    plain = open_bank(write_bank(tmp_path, files, delay=0), as_of="2021-12-31")
    assert any("is not delivered" in m.id for m in shown(value.relationship(plain), plain).sentences)


def test_a_rank_index_comes_with_its_stability(tmp_path: Path) -> None:
    bank = referring(tmp_path, "[value.referrals]\nrank_weights = { wealth = 0.6, brand = 0.4 }")
    answer = value.relationship(bank)
    assert isinstance(answer, Answer)
    ranks = answer.exact.ranks
    assert set(zip(ranks["weight"], ranks["factor"], strict=True)) == {
        (w, f) for w in ("wealth", "brand") for f in (0.5, 1.5)
    }
    shown(answer, bank)


def active(folder: Path, effect: float) -> Bank:
    """Return 120 clients, active in random months; an active month lifts the income of the next quarter's months.

    Who is larger is also more active: between clients activity goes with much more income than it brings.
    """
    rng = np.random.default_rng(6)
    size = rng.lognormal(3, 0.8, 120)
    chance = np.clip(0.2 + 0.15 * (np.log(size) - 3), 0.05, 0.95)
    does = rng.random((120, 24)) < chance[:, None]
    lines: dict[str, list[str]] = {"balances": [], "revenue": [], "transactions": []}
    for t, month in enumerate(MONTHS):
        quarter = t // 3
        before = does[:, 3 * quarter - 3 : 3 * quarter].sum(axis=1) if quarter else np.zeros(120)
        for i in range(120):
            income = size[i] * np.exp(effect * before[i] + 0.05 * rng.normal())
            lines["balances"].append(f"{i},{month},cash,{1000 * size[i]:.2f}")
            lines["revenue"].append(f"{i},{month},fee,{income:.4f}")
            if does[i, t]:
                lines["transactions"].append(f"{i},{month[:8]}10,trade,1.00")
    files = {
        "clients": "client_id,joined_on,left_on\n" + "".join(f"{i},2015-01-01,\n" for i in range(120)),
        "balances": "client_id,month,category,amount\n" + "\n".join(lines["balances"]) + "\n",
        "revenue": "client_id,month,kind,amount\n" + "\n".join(lines["revenue"]) + "\n",
        "transactions": "client_id,booked_on,kind,amount\n" + "\n".join(lines["transactions"]) + "\n",
    }
    return open_bank(write_bank(folder, files, delay=0), as_of="2021-12-31")


@pytest.mark.parametrize("effect", [0.0, 0.05])
def test_what_activity_brings_is_found_within_clients(tmp_path: Path, effect: float) -> None:
    bank = active(tmp_path, effect)
    answer = value.activity(bank)
    assert isinstance(answer, Answer)
    rows = answer.exact["effects"].set_index(["measure", "band"])
    total, lead = rows.loc[("total", "")], rows.loc[("lead", "")]
    truth = np.expm1(effect)
    assert total["low"] <= truth <= total["high"]
    assert total["high"] - total["low"] < 0.03
    assert lead["low"] <= 0 <= lead["high"]
    # Between clients it looks like far more.
    assert rows.loc[("between", ""), "low"] > truth + 0.2
    said = title(shown(answer, bank))
    assert said.startswith("After a quarter" if effect else "More activity cannot be shown")


def test_activity_of_the_demo_bank(demo: Bank) -> None:
    answer = value.activity(demo)
    assert isinstance(answer, Answer)
    shown(answer, demo)
    clients = answer.exact["clients"]
    assert clients["clients"].sum() > 100


def test_activity_needs_revenue_and_bookings(tmp_path: Path) -> None:
    bank = referring(tmp_path)
    answer = value.activity(bank)
    assert isinstance(answer, NotAvailable)
    assert "transactions.amount" in answer.needs
