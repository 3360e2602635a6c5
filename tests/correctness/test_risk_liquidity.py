"""Liquidity: falls of deposits with the shocks that all share, cover by hand, an early warning, and what is refused."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.risk.liquidity import DAYS_PER_MONTH, RUN, TIGHT, USUAL, Liquidity, covered, liquidity
from insights.reports.disclosure import protect
from insights.reports.wording import Wording
from insights.stats.path_tails import path_tails
from insights.stats.results import Estimate, NotEstimable
from insights.topics import risk
from insights.topics.evidence import Estimates, NotAvailable
from insights.topics.risk.liquidity import DAYS, liquidity_evidence

RULES = """[risk.liquidity]
deposits = ["cash"]
liquid = { liquidity = 0.0, bonds = 0.2 }
called = 0.5
least_days = 900
"""
CLIENTS, MONTHS, GONE = 60, 48, 30
"""Client 0 takes all he has out with the month ``GONE``."""


def test_limits_are_broken_one_time_in_twenty_though_all_move_together() -> None:
    rng = np.random.default_rng(5)
    broken: dict[int, list[bool]] = {1: [], 12: []}
    naive = []
    for _ in range(80):
        common = 0.025 * rng.standard_normal(72)
        parts = common + 0.10 * rng.standard_normal((400, 72))
        total = (parts + 1).cumprod(axis=1).sum(axis=0)
        changes = total[1:] / total[:-1] - 1
        found = path_tails(changes[:59], (1, 12), rng=rng)
        assert isinstance(found, dict)
        for h, own in broken.items():
            own.append(bool(1 - np.prod(1 + changes[59 : 59 + h]) > found[h].limit.value))
        # As if each part moved on its own: the spread of one part over the root of their number.
        alone = 1.645 * parts[:, :59].std() / np.sqrt(400) * np.sqrt(12)
        naive.append(bool(1 - np.prod(1 + changes[59:71]) > alone))
    assert np.mean(broken[1]) < 0.12
    assert np.mean(broken[12]) < 0.13
    assert np.mean(naive) > 0.25


def test_intervals_of_limits_cover_them_and_growth_is_not_counted_on() -> None:
    rng = np.random.default_rng(9)
    limit = 1 - np.quantile(np.prod(1 + 0.02 * rng.standard_normal((20_000, 12)), axis=1), 0.05)
    inside, values = 0, []
    for _ in range(40):
        past = 0.02 * rng.standard_normal(60)
        found = path_tails(past, (12,), rng=rng)
        assert isinstance(found, dict)
        inside += found[12].limit.low <= limit <= found[12].limit.high
        values.append(found[12].limit.value)
        assert found[12].beyond.value > found[12].limit.value
    assert inside >= 33
    assert np.mean(values) == pytest.approx(limit, rel=0.15)
    grown = path_tails(past - past.mean() + 0.05, (12,), rng=np.random.default_rng(1))
    still = path_tails(past - past.mean(), (12,), rng=np.random.default_rng(1))
    assert isinstance(grown, dict)
    assert isinstance(still, dict)
    assert grown[12].limit.value == pytest.approx(still[12].limit.value)


def test_a_short_record_is_refused_and_impossible_changes_are_errors() -> None:
    rng = np.random.default_rng(1)
    told = path_tails(np.zeros(23), (1,), rng=rng)
    assert isinstance(told, NotEstimable)
    assert "23 periods are too few" in told.reason
    with pytest.raises(ValueError, match="below -1"):
        path_tails(np.full(30, -1.5), (1,), rng=rng)
    with pytest.raises(ValueError, match="horizons are"):
        path_tails(np.zeros(30), (0,), rng=rng)


def month(k: int) -> str:
    return f"{2020 + k // 12}-{k % 12 + 1:02d}-01"


@pytest.fixture(scope="module")
def made() -> tuple[dict[str, str], np.ndarray]:
    """The files of a bank, and the deposits (clients, months): they fall by 4 in 100 a month in the last four."""
    rng = np.random.default_rng(3)
    steps = 0.01 * rng.standard_normal(MONTHS) + 0.03 * rng.standard_normal((CLIENTS, MONTHS))
    steps[:, -4:] -= 0.04
    held = np.round(50_000 * (1 + steps).cumprod(axis=1), 2)
    held[0, GONE:] = 0.0
    rows = "client_id,month,category,amount\n"
    own = "month,item,amount\n"
    for k in range(MONTHS):
        rows += "".join(f"{i},{month(k)},cash,{held[i, k]:.2f}\n" for i in range(CLIENTS) if held[i, k] > 0)
        rows += "".join(f"{i},{month(k)},funds,1000.00\n" for i in range(CLIENTS) if held[i, k] > 0)
        total = held[:, k].sum()
        for item, amount in (("deposits", -total), ("liquidity", 0.3 * total), ("bonds", 0.5 * total)):
            own += f"{month(k)},{item},{amount:.2f}\n"
    last = month(MONTHS - 1)
    clients = "client_id,joined_on\n" + "".join(f"{i},2015-01-01\n" for i in range(CLIENTS))
    files = {"clients": clients, "balances": rows, "bank_positions": own}
    files["products"] = "product_id,category,liquidity_days\nA,funds,3\nB,funds,90\n"
    files["holdings"] = "client_id,month,product_id,amount\n" + "".join(
        f"{i},{last},{'A' if i % 2 else 'B'},1000.00\n" for i in range(1, CLIENTS)
    )
    files["loans"] = "client_id,month,drawn,limit,collateral_value,days_past_due\n" + "".join(
        f"{i},{last},1000.00,3000.00,2000.00,0\n" for i in range(1, 21)
    )
    return files, held


@pytest.fixture(scope="module")
def bank(made: tuple[dict[str, str], np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Bank:
    config = write_bank(tmp_path_factory.mktemp("liquidity"), made[0], more=RULES, delay=0)
    return open_bank(config, as_of="2023-12-31")


@pytest.fixture(scope="module")
def found(bank: Bank) -> Liquidity:
    told = liquidity(bank)
    assert isinstance(told, Liquidity)
    return told


def test_changes_and_what_is_taken_out_are_those_of_the_books(
    found: Liquidity, made: tuple[dict[str, str], np.ndarray]
) -> None:
    held = made[1]
    total = held.sum(axis=0)
    assert found.total.to_numpy() == pytest.approx(total)
    assert found.changes.to_numpy() == pytest.approx(total[1:] / total[:-1] - 1)
    # What others bring in hides nothing, and who leaves takes all he had.
    taken = np.maximum(held[:, :-1] - held[:, 1:], 0).sum(axis=0) / total[:-1]
    assert found.taken.to_numpy() == pytest.approx(taken)
    assert found.taken.iloc[GONE - 1] > held[0, GONE - 1] / total[GONE - 1]
    assert found.taken.index[0] == found.changes.index[0] == 2020 * 12 + 1
    assert found.largest == pytest.approx(np.sort(held[:, -1])[::-1][:10])


def test_days_of_cover_are_assets_by_what_goes(found: Liquidity, made: tuple[dict[str, str], np.ndarray]) -> None:
    total, top = made[1][:, -1].sum(), np.sort(made[1][:, -1])[::-1][:10].sum()
    assert isinstance(found.covers, dict)
    assert not isinstance(found.gross, NotEstimable)
    usual, tight, run = (found.covers[case] for case in (USUAL, TIGHT, RUN))
    assert usual.assets == pytest.approx(0.8 * total)
    assert tight.assets == run.assets == pytest.approx((0.3 + 0.5 * 0.8) * total)
    assert run.at_once == pytest.approx(top + 0.5 * 20 * 2_000)
    month_of_twenty = found.gross.limit.value
    assert tight.days.value == pytest.approx(DAYS_PER_MONTH * tight.assets / (month_of_twenty * total))
    left = run.assets - run.at_once
    assert run.days.value == pytest.approx(DAYS_PER_MONTH * left / (month_of_twenty * (total - top)))
    assert run.days.low < run.days.value < run.days.high
    assert run.days.value < tight.days.value < usual.days.value
    nothing = covered(100.0, 150.0, Estimate(0.02, 0.01, 0.04, "share", 40), 1_000.0)
    assert nothing.days.value == 0
    assert covered(100.0, 0.0, Estimate(0.0, 0.0, 0.1, "share", 40), 1_000.0).days.value == np.inf


def test_the_early_warning_finds_the_fall_and_page_one_says_so(bank: Bank, found: Liquidity) -> None:
    assert found.alarms
    assert set(found.alarms) <= set(range(2023 * 12 + 8, 2023 * 12 + 12))
    assert found.alarms[-1] == 2023 * 12 + 11
    exhibit = shown(risk.liquidity(bank), bank)
    assert title(exhibit).startswith("In a tight market liquid assets last ")
    said = [m.id for m in exhibit.sentences]
    assert any(m.startswith("The early warning is on") for m in said)
    assert any(m.startswith("That is less than") for m in said)
    words = Wording("en", {}, currency="CHF")
    page = [words.text(row["what"]) for row in shown(risk.overview(bank), bank).tables[0].rows]
    assert any("deposits fall faster than usual" in line for line in page)
    assert any("liquid assets would last" in line for line in page)
    ladder = next(t for t in exhibit.tables if t.columns[0].key == "within")
    amounts = {row["within"].id: row["amount"] for row in ladder.rows}
    assert amounts["within a week"] == pytest.approx(30_000, rel=0.05)
    assert amounts["within a year"] == pytest.approx(29_000, rel=0.05)


def test_one_depositor_who_has_most_is_not_told(bank: Bank, found: Liquidity, monkeypatch: pytest.MonkeyPatch) -> None:
    rich = found.clients.assign(amount=np.where(np.arange(len(found.clients)) == 4, 1e8, found.clients["amount"]))
    total = found.total.copy()
    total.iloc[-1] = rich["amount"].sum()
    one = replace(found, clients=rich, total=total)
    monkeypatch.setattr(sys.modules[liquidity_evidence.__module__], "measured", lambda bank: one)
    told = cast(Estimates, protect(liquidity_evidence(bank)[0], bank.settings.disclosure)["rows"]).rows
    hidden = told[told["measure"].isin((DAYS, "deposits", "deposits_fall", "hhi", "top_ten", "at_once", "a_month"))]
    assert len(hidden) >= 14
    assert hidden["value"].isna().all()
    item = told[(told["measure"] == "item") & (told["of"] == "deposits")]
    assert item["value"].isna().all()


def test_without_own_positions_deposits_or_years_the_reason_is_told(
    made: tuple[dict[str, str], np.ndarray], tmp_path: Path
) -> None:
    files = made[0]
    bare = {name: files[name] for name in ("clients", "balances")}
    lean = open_bank(write_bank(tmp_path / "lean", bare, delay=0), as_of="2023-12-31")
    exhibit = shown(risk.liquidity(lean), lean)
    assert title(exhibit).startswith("In one year of twenty deposits fall by ")
    words = Wording("en", {}, currency="CHF")
    refused = [words.text(r) for r in exhibit.refusals]
    assert any(r.startswith("Days of cover: not available: needs bank_positions") for r in refused)
    assert any(r.startswith("Assets by how soon they are money: ") for r in refused)
    assert not any(row["name"] == DAYS for row in exhibit.estimates)
    young = open_bank(write_bank(tmp_path / "young", files, more=RULES, delay=0), as_of="2021-03-31")
    refused = [words.text(r) for r in shown(risk.liquidity(young), young).refusals]
    assert any("Fewer than two years of deposits are on record" in r for r in refused)
    other = RULES.replace('["cash"]', '["gold"]')
    none = open_bank(write_bank(tmp_path / "none", files, more=other, delay=0), as_of="2023-12-31")
    assert [r.id for r in shown(risk.liquidity(none), none).refusals] == [
        "No balance is of a category that the settings call deposits."
    ]
    empty = open_bank(write_bank(tmp_path / "empty", {"clients": files["clients"]}), as_of="2023-12-31")
    assert isinstance(risk.liquidity(empty), NotAvailable)


def test_a_month_without_any_balance_is_not_a_fall_to_nothing(
    made: tuple[dict[str, str], np.ndarray], tmp_path: Path
) -> None:
    rows = pd.Series(made[0]["balances"].splitlines())
    gap = "\n".join(rows[~rows.str.contains(month(10))]) + "\n"
    config = write_bank(tmp_path, made[0] | {"balances": gap}, more=RULES, delay=0)
    told = liquidity(open_bank(config, as_of="2023-12-31"))
    assert isinstance(told, Liquidity)
    assert told.total.index[0] == 2020 * 12 + 11
    assert told.changes.min() > -0.1
    assert told.taken.max() < 0.1
