"""Sources by yield: counted and summed by hand, intervals that cover, and nothing told where there is no margin."""

from pathlib import Path

import numpy as np
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.channels.sources import sources, yield_of
from insights.stats.results import Estimate, NotEstimable
from insights.topics import channels
from insights.topics.evidence import Answer


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Thirty clients by friends in 2021 and twenty by the fair in 2022; each brings 100 a month from joining on."""
    clients = ["client_id,joined_on,left_on,acquisition_source"]
    revenue = ["client_id,month,kind,amount"]
    for k in range(50):
        friend, year = k < 30, 2021 if k < 30 else 2022
        month = 1 + k % 6
        left = "2022-03-20" if k == 0 else ""
        clients.append(f"{k},{year}-{month:02d}-10,{left},{'friend' if friend else 'fair'}")
        for t in range(36):
            y, m = 2020 + t // 12, 1 + t % 12
            if (y, m) >= (year, month) and not (k == 0 and (y, m) > (2021, 4)):
                revenue.append(f"{k},{y}-{m:02d}-28,fee,{100 + k % 7}.00")
    costs = ["month,acquisition_source,amount"]
    costs += [f"{2020 + t // 12}-{1 + t % 12:02d}-01,friend,{10 * (t + 1)}.00" for t in range(36)]
    costs += [f"{2020 + t // 12}-{1 + t % 12:02d}-01,fair,500.00" for t in range(36)]
    files = {name: "\n".join(rows) + "\n" for name, rows in
             (("clients", clients), ("revenue", revenue), ("source_costs", costs))}  # fmt: skip
    folder = tmp_path_factory.mktemp("sources")
    config = write_bank(folder, files, delay=0, options={"clients": 'static = ["acquisition_source"]'})
    return open_bank(config, as_of="2022-12-31")


def test_costs_and_clients_of_the_same_months_and_the_margin_of_a_first_year(bank: Bank) -> None:
    found = {s.source: s for s in sources(bank)}
    assert (found["friend"].won, found["fair"].won) == (30, 20)
    assert estimate(found["friend"].cost).value == pytest.approx(sum(10 * (t + 1) for t in range(36)) / 30)
    assert estimate(found["fair"].cost).value == pytest.approx(500 * 36 / 20)
    friends = [12 * (100 + k % 7) for k in range(1, 30)]
    # The first has stopped bringing anything after four months: he counts with what he brought.
    first = 100 * 4
    margin = (sum(friends) + first) / 30 - _capital(friends, first)
    assert estimate(found["friend"].margin).value == pytest.approx(margin, rel=1e-6)
    assert found["fair"].followed == 4  # those of January 2022 have been clients for twelve months
    back = estimate(found["friend"].back)
    assert back.value == pytest.approx(12 * estimate(found["friend"].cost).value / margin, rel=1e-6)


def _capital(friends: list[int], first: int) -> float:
    """Return what capital costs a client: 8 % a year on 15 % of a year's income, charged monthly."""
    return 0.08 * 0.15 * (sum(friends) + first) / 30


def test_the_page_says_where_the_cost_is_earned_back(bank: Bank) -> None:
    answer = channels.sources(bank)
    assert isinstance(answer, Answer)
    exhibit = shown(answer, bank)
    assert (
        title(exhibit)
        == "A client won costs CHF 222 (friend) to CHF 900 (fair); earned back first: friend, in 2.2 months"
    )
    told = {e["name"]: e["value"] for e in exhibit.estimates if e["group"] == {"acquisition_source": "fair"}}
    assert told["clients_won"] == 20
    assert "source_margin" not in told  # four clients are too few for a mean


def test_intervals_cover_where_the_number_won_and_what_they_bring_are_chance() -> None:
    rng, cost, back = np.random.default_rng(1), 0, 0
    for _ in range(400):
        won = int(rng.poisson(80))
        found = yield_of("fair", won, 80 * 1000.0, rng.lognormal(7, 1, won), "CHF")
        one, two = estimate(found.cost), found.back
        cost += one.low < 1000 < one.high
        truth = 12 * 1000 / np.exp(7.5)
        back += isinstance(two, Estimate) and two.low < truth < two.high
    assert 0.92 <= cost / 400 <= 0.99
    assert 0.90 <= back / 400 <= 0.99


def test_a_margin_that_is_not_told_from_nothing_is_never_earned_back() -> None:
    rng = np.random.default_rng(2)
    found = yield_of("fair", 60, 1e5, rng.normal(0, 500, 60), "CHF")
    assert isinstance(found.back, NotEstimable)
    assert isinstance(yield_of("fair", 0, 1e5, np.zeros(0), "CHF").cost, NotEstimable)
    assert isinstance(yield_of("fair", 60, 0.0, np.ones(60), "CHF").cost, NotEstimable)


def test_the_demo_banks_costs_are_within_their_intervals(demo_bank_small: Path) -> None:
    from insights.demo import Law

    bank = open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")
    names = ("referral", "branch", "event", "online", "intermediary")
    truth = dict(zip(names, Law().source_costs.per_client, strict=True))
    for s in sources(bank):
        cost = estimate(s.cost)
        assert cost.low < truth[s.source] < cost.high, s.source
