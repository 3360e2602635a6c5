"""Effects of programmes: recovered in money, none where there is none, and refused where nothing can be told."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from small_bank import write_bank

from insights.data.settings import DisclosureSection
from insights.data.snapshot import open_bank
from insights.models.channels import lots
from insights.models.channels.outcomes import MONEY, Outcome, Rollout
from insights.models.channels.programmes import Reach, reach
from insights.models.channels.rollout import Panel, lay_out, measure, outcome_values
from insights.models.channels.stated import split
from insights.models.months import SpellMonths, spell_months
from insights.reports.disclosure import protect
from insights.stats.effects import ComplierEffect
from insights.stats.results import Estimate, NotEstimable
from insights.topics.channels.changes import change_evidence, change_rows

MONTHS, STARTS = 36, (12, 18)
EFFECT = 0.01
"""A month, as a share of what a client held before; it grows by half a year."""


def effect_of(since: np.ndarray) -> np.ndarray:
    return np.where(since >= 0, EFFECT * (1 + np.minimum(since, 12) / 6), 0.0)


def book(
    seed: int,
    *,
    n: int = 900,
    managers: int = 45,
    starts: tuple[float, ...] = (*STARTS, np.inf),
    effect: float = 1.0,
    lot: bool = False,
    leave: float = 0.004,
    sized: float = 0.0,
    pull: float = 0.5,
) -> tuple[SpellMonths, Reach, np.ndarray]:
    """Return the months of clients, whom a programme reached, and the flows (n, T) that the programme made.

    Managers differ in what their clients bring, and the better ones start first; with ``lot`` the lot decides. With
    ``sized`` the better ones have larger clients (``pull``: log assets per unit of skill), whose rate of new money
    rises by so much a month per unit of log assets, whoever serves them.
    """
    rng = np.random.default_rng(seed)
    manager = rng.integers(0, managers, n)
    skill = rng.normal(0, 1, managers)
    order = rng.permutation(managers) if lot else np.argsort(np.argsort(-skill))
    start = np.array(starts)[order * len(starts) // managers][manager].astype(float)
    held = np.exp(rng.normal(13, 1, n) + (pull * skill[manager] if sized else 0.0))
    columns = np.arange(MONTHS)
    left = rng.random((n, MONTHS)) < leave
    last = np.where(left.any(axis=1), left.argmax(axis=1), MONTHS - 1)
    rate = 0.002 * skill[manager][:, None] + 0.0002 * columns + rng.normal(0, 0.02, (n, MONTHS))
    rate += sized * (np.log(held)[:, None] - 13) * columns
    made = effect * held[:, None] * effect_of(columns - start[:, None])
    flows = held[:, None] * rate + made
    seen = columns <= last[:, None]
    flows, made = (np.where(seen, f, np.nan).astype(np.float32) for f in (flows, made))
    assets = np.where(seen, held[:, None], np.nan).astype(np.float32)
    names = np.array([f"c{k:05d}" for k in range(n)])
    spells = pd.DataFrame({"client_id": names, "spell": 1, "joined_on": pd.Timestamp("2010-01-01")})
    zero = np.zeros(n, dtype=np.int64)
    months = SpellMonths(
        spells, date(2020, 1, 1), zero, last, zero + 100, left.any(axis=1), assets, flows, None, flows, assets, flows,
        None, 0,
    )  # fmt: skip
    day = start
    if lot:
        day = np.where(last < starts[0], np.nan, starts[0])
        start = np.where(np.isnan(day), np.nan, start)
    return months, Reach("faster", start, day, manager.astype(str).astype(object), True, lot), made


def in_money(months: SpellMonths, found: Reach, other_ways: bool = True) -> tuple[Outcome, Panel, np.ndarray]:
    panel = lay_out(months, found, MONTHS)
    values = outcome_values(None, months, panel, MONEY)  # type: ignore[arg-type]
    assert values is not None
    return measure(MONEY, values, panel, currency="CHF", other_ways=other_ways), panel, values


def truth_of(made: np.ndarray, panel: Panel, values: np.ndarray) -> float:
    """Return what the programme made of those compared, in the quarters in which they were seen whole."""
    quarters = made.reshape(len(made), -1, panel.length).sum(axis=2)
    seen = ~np.isnan(values) & np.isfinite(panel.start)[:, None] & (np.arange(panel.periods) >= panel.start[:, None])
    return float(quarters[seen].sum())


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def test_the_worth_in_money_is_covered_where_the_usual_regression_misses_the_effect() -> None:
    inside = missed = 0
    for seed in range(24):
        months, found, made = book(seed)
        told, panel, values = in_money(months, found)
        assert panel.length == 3
        whole = estimate(told.whole)
        inside += whole.low < truth_of(made, panel, values) < whole.high
        missed += estimate(told.usual).high < estimate(told.mean).value
    assert inside >= 20  # of 24 at 95 %: 23, and 20 is the 3 % point
    assert missed >= 16


def test_a_programme_without_effect_shows_none_by_steps_or_by_lot() -> None:
    alarms = {True: 0, False: 0}
    for lot in alarms:
        for seed in range(40):
            starts = (STARTS[0], np.inf) if lot else (*STARTS, np.inf)
            months, found, _ = book(200 + seed, n=500, effect=0.0, starts=starts, lot=lot)
            if lot:
                told = lots.money(months, found, ~np.isnan(found.day), "CHF")
                alarms[lot] += told.p < 0.05
            else:
                panel = lay_out(months, found, MONTHS)
                values = outcome_values(None, months, panel, MONEY)  # type: ignore[arg-type]
                assert values is not None
                alarms[lot] += measure(MONEY, values, replace(panel, traits=None), other_ways=False).p < 0.05
    assert all(k <= 6 for k in alarms.values())  # 2 of 40 expected; 6 is the 1 % point


def test_the_effect_of_a_lot_is_covered_with_those_who_left_in_it() -> None:
    inside = 0
    for seed in range(40):
        months, found, made = book(400 + seed, starts=(12.0, np.inf), lot=True)
        drawn = ~np.isnan(found.day)
        told = lots.money(months, found, drawn, "CHF")
        held = np.nan_to_num(months.assets[:, :12]).max(axis=1)
        kept = drawn & np.isfinite(found.start) & (held <= np.quantile(held[drawn], 0.99))
        truth = float(np.nan_to_num(made[kept][:, 12:24]).sum())
        whole = estimate(told.whole)
        inside += whole.low < truth < whole.high
    assert inside >= 34  # of 40 at 95 %: 38, and 34 is the 2 % point


def test_among_those_alike_no_effect_is_seen_where_larger_clients_alone_made_it() -> None:
    """Without a programme that does anything: larger clients bring more and more, and those reached are larger."""
    plain, alike, inside = [], [], 0
    for seed in range(12):
        months, found, _ = book(600 + seed, effect=0.0, sized=0.0004)
        told, _, _ = in_money(months, found, other_ways=False)
        plain.append(estimate(told.mean).value)
        if isinstance(told.alike, NotEstimable):  # too few carry it
            continue
        among = told.alike
        alike.append(among.value)
        inside += among.low < 0 < among.high
    assert len(alike) >= 9
    error = np.std(alike, ddof=1) / np.sqrt(len(alike))
    assert abs(np.mean(alike)) < 2.5 * error
    assert np.mean(plain) > 5 * error
    assert len(alike) - inside <= 4  # nine in ten are covered: of 12 one is not, and 4 is the 3 % point


def test_where_a_few_clients_would_carry_the_comparison_of_those_alike_none_is_told() -> None:
    """With those reached far larger than the others its interval would hold the truth in 7 of 10."""
    for seed in (3, 4):
        months, found, _ = book(seed, effect=0.0, sized=0.0004, pull=1.5)
        told, _, _ = in_money(months, found, other_ways=False)
        assert isinstance(told.alike, NotEstimable)
        assert "too few alike" in told.alike.reason
        assert isinstance(told.mean, Estimate)  # against all others it is told, with its own assumption


def test_where_those_reached_have_nothing_in_common_with_the_others_nothing_is_told() -> None:
    months, found, _ = book(7)
    reached = np.isfinite(found.start)
    told, _, _ = in_money(replace(months, assets=months.assets * np.where(reached, 1e4, 1.0)[:, None]), found)
    assert isinstance(told.mean, NotEstimable)
    assert "no overlap" in told.mean.reason


def test_clients_before_whom_nothing_is_known_and_a_reach_of_everybody_are_refused() -> None:
    months, found, _ = book(1)
    everybody, _, _ = in_money(months, replace(found, start=np.full(len(found.start), 12.0)))
    assert isinstance(everybody.mean, NotEstimable)
    assert everybody.mean.reason.startswith("all units are treated from the same period on")
    early, _, _ = in_money(months, replace(found, start=np.where(np.isfinite(found.start), 0.0, np.inf)))
    assert isinstance(early.mean, NotEstimable)
    assert early.mean.reason.startswith("no unit's treatment starts within the data")


def test_clients_reached_before_anything_is_known_of_them_are_no_controls(tmp_path: Path) -> None:
    """A programme of clients: one was in it before the window, one from his first month, one before he came back."""
    spells = ("early,1,2011-01-01,", "later,1,2012-01-01,", "never,1,2013-01-01,", "back,1,2014-01-01,2021-02-10",
              "joins,1,2021-03-10,", "back,2,2022-02-10,")  # fmt: skip
    clients = [line.split(",") for line in spells[:5]]
    files = {
        "clients": "client_id,joined_on\n" + "".join(f"{name},{day}\n" for name, _, day, _ in clients),
        "relationships": "client_id,spell,joined_on,left_on\n" + "\n".join(spells) + "\n",
        "balances": "client_id,month,category,amount\nnever,2021-01-31,cash,5.00\n",
        "transactions": "client_id,booked_on,kind,amount\nnever,2021-01-15,inflow,5.00\n",
        "programmes": "programme,client_id,started_on\ncard,early,2019-05-01\ncard,joins,2021-03-20\n"
        "card,later,2021-06-01\ncard,back,2021-06-01\n",
    }
    bank = open_bank(write_bank(tmp_path, files, delay=0), as_of="2022-12-31")
    found = reach(bank, "card")
    assert isinstance(found, Reach)
    joined = pd.to_datetime(spell_months(bank).spells["joined_on"]).dt.year
    told = dict(zip(joined, found.start, strict=True))
    june = 17.0  # 2021, of a window from January 2020 on
    assert (told[2012], told[2013]) == (june, np.inf)
    assert told[2014] == june  # had left by then: not yet reached, and no control of those reached later
    assert np.isnan([told[year] for year in (2011, 2021, 2022)]).all()


def test_without_never_treated_those_not_yet_reached_are_the_controls() -> None:
    months, found, _ = book(2, starts=(12.0, 24.0))
    told, _, _ = in_money(months, found)
    assert told.controls == "not_yet"
    assert estimate(told.whole).low > 0


def test_a_few_managers_on_one_side_are_no_comparison() -> None:
    months, found, _ = book(3, managers=45)
    few = np.where(np.isin(found.manager, ["0", "1", "2"]), 12.0, np.inf)
    told, _, _ = in_money(months, replace(found, start=few))
    assert isinstance(told.mean, NotEstimable)
    assert "clusters; 5 each are needed" in told.mean.reason


def test_starts_off_the_quarters_make_months() -> None:
    months, found, made = book(4, starts=(12.0, 17.0, np.inf))
    told, panel, values = in_money(months, found)
    assert panel.length == 1
    whole = estimate(told.whole)
    assert whole.low < truth_of(made, panel, values) < whole.high


def test_who_leaves_counts_until_he_leaves_and_never_in_the_month_of_leaving() -> None:
    months, found, _ = book(5, leave=0.05)
    _, panel, values = in_money(months, found)
    gone = np.flatnonzero(months.left)
    quarter = months.last[gone] // 3
    assert np.isnan(values[gone, quarter]).all()
    before = gone[quarter > 0]
    kept = ~np.isnan(panel.held[before])
    assert (~np.isnan(values[before, months.last[before] // 3 - 1]))[kept].all()


def test_no_one_client_decides_the_money() -> None:
    months, found, _ = book(6)
    rich: Any = months.flows.copy()
    whom = int(np.flatnonzero(np.isfinite(found.start))[0])
    rich[whom, 20:] = 1e12
    assets = months.assets.copy()
    assets[whom] = 1e13
    told, _, _ = in_money(replace(months, flows=rich, assets=assets), found)
    assert abs(estimate(told.whole).value) < 1e11


def test_how_many_were_not_reached_is_a_count_of_clients_and_protected_as_one() -> None:
    one = Outcome(MONEY, Estimate(0.01, 0.0, 0.02, "share of assets", 1_000), reached=1_003, others=7)
    evidence = change_evidence([Rollout("calls", (one,))])
    assert "others" not in evidence["rows"].rows.columns  # type: ignore[union-attr]
    told = change_rows(protect(evidence, DisclosureSection())).sides.set_index("side")["clients"]
    assert told.isna().all()  # the other side would tell it by subtraction from all
    enough = change_evidence([Rollout("calls", (replace(one, others=48),))])
    told = change_rows(protect(enough, DisclosureSection())).sides.set_index("side")["clients"]
    assert set(told % 5) == {0.0}
    assert abs(told["reached"] - 1_003) < 5
    assert abs(told["others"] - 48) < 5


def answers_twice(seed: int, n: int = 700, managers: int = 50) -> pd.DataFrame:
    """Half of the managers' clients are reached: loyalty rises by half a point, and each point brings 8 % of assets."""
    rng = np.random.default_rng(seed)
    manager = rng.integers(0, managers, n)
    reached = manager < managers // 2
    before = rng.normal(7, 1, n)
    moved = 0.5 * reached + rng.normal(0, 0.4, managers)[manager] + rng.normal(0, 1, n)
    money = 0.04 * reached + 0.08 * moved + rng.normal(0, 0.1, n)
    rows = pd.DataFrame({"reached": reached, "day": pd.Timestamp("2021-01-01"), "cluster": manager.astype(str)})
    rows = rows.assign(**{"loyalty:before": before, "loyalty:after": before + moved})
    return rows.assign(**{"money:before": 0.0, "money:after": money})


def test_the_part_of_the_money_that_runs_through_loyalty_is_covered() -> None:
    inside, shares = 0, []
    for seed in range(20):
        told = split(answers_twice(seed))
        inside += estimate(told.loyal).low < 0.04 < estimate(told.loyal).high
        shares.append(estimate(told.share).value)
    assert inside >= 15  # measured in 600 such books: 91 %; of 20 that is 18, and 15 is the 2 % point
    assert abs(float(np.median(shares)) - 0.5) < 0.06


def test_too_few_who_answered_twice_tell_nothing_of_loyalty() -> None:
    rows = answers_twice(1)
    few = rows[~rows["reached"] | (np.arange(len(rows)) < 60)]
    told = split(few)
    assert isinstance(told.loyal, NotEstimable)
    assert "answered before and after; 50 each are needed" in told.loyal.reason


def test_a_lot_tells_what_taking_part_brought_where_it_moved_who_did() -> None:
    months, found, made = book(31, starts=(12.0, np.inf), lot=True, leave=0.0)
    drawn = ~np.isnan(found.day)
    rng = np.random.default_rng(5)
    # Half of those drawn take part, and they alone bring more; of the others nobody does.
    took = (np.isfinite(found.start) & (rng.random(len(found.start)) < 0.5)).astype(float)
    flows = months.flows - np.nan_to_num(made * (1 - took)[:, None]).astype(np.float32)
    told = lots.money(replace(months, flows=flows), found, drawn, "CHF", took)
    assert isinstance(told.took, ComplierEffect)
    kept = drawn & (took > 0)
    each = float(made[kept][:, 12:24].sum() / kept.sum())
    assert told.took.effect.low < each < told.took.effect.high
    assert abs(told.took.followed.value - 0.5) < 0.08
    nobody = lots.money(months, found, drawn, "CHF", rng.integers(0, 2, len(took)).astype(float))
    assert isinstance(nobody.took, NotEstimable)
    rows = change_rows(protect(change_evidence([Rollout("club", (told,), by_lot=True)]), DisclosureSection())).rows
    row = rows.set_index("row").loc["took"]
    assert row["status"] == "shown"
    assert row["unit"] == "CHF"
