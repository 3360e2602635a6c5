"""Multistate curves against reference software, brute force, and cases worked by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from insights.stats.multistate import StateOccupation, state_occupation, state_occupation_from_counts
from insights.stats.multistate.counts import transition_table
from insights.stats.multistate.markov import BEFORE, markov_test
from insights.stats.results import Estimate, NotEstimable, TestResult

Array = npt.NDArray[np.float64]


def ebmt3(shared: Path) -> pd.DataFrame:
    """One row per patient and state: 1 transplant, 2 recovery, 3 relapse or death; time in years."""
    long = pd.read_csv(shared / "data" / "reference" / "ebmt3_long.csv")
    stays = long[["id", "from", "Tstart", "Tstop"]].drop_duplicates()
    moves = long.loc[long["status"] == 1, ["id", "from", "to"]]
    spells = stays.merge(moves, how="left", on=["id", "from"])
    return spells.rename(columns={"id": "unit", "Tstart": "entry", "Tstop": "exit"})


@pytest.mark.acceptance("multistate_ebmt3")
@pytest.mark.parametrize("via_counts", [False, True], ids=["spells", "counts"])
def test_ebmt3(shared: Path, acceptance: dict[str, Any], via_counts: bool) -> None:
    expected, spells = acceptance["multistate_ebmt3"], ebmt3(shared)
    if via_counts:
        curve = state_occupation_from_counts(transition_table(spells), initial="1")
    else:
        curve = state_occupation(spells)
    for state, name in (("1", "transplant"), ("2", "recovery"), ("3", "relapse_or_death")):
        assert values(curve, expected["years"], state) == pytest.approx(expected[name], abs=expected["tol"])
    assert curve.transitions["events"].to_list() == expected["transitions"]
    times = [curve.expected_time(state, 5) for state in "123"]
    assert sum(e.value for e in times if isinstance(e, Estimate)) == pytest.approx(5)


def values(curve: StateOccupation, months: list[float], state: str, group: str = "") -> list[float]:
    found = [e for e in curve.at(months, state, group) if isinstance(e, Estimate)]
    assert len(found) == len(months)
    return [e.value for e in found]


def made_up(seed: int, n: int = 60, *, late: bool = False, weights: bool = False) -> pd.DataFrame:
    """Units that move among a, b and c by half months and may be lost, or leave for good (gone)."""
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(n):
        state, now = "abc"[rng.integers(3)] if rng.random() < 0.5 else "a", 0.0
        if late and rng.random() < 0.4:
            now = rng.integers(1, 8) / 2
        weight = rng.integers(1, 4) if weights else 1
        while now < 15:
            stay = rng.integers(1, 9) / 2
            to = str(rng.choice([*(s for s in "abc" if s != state), "gone", ""], p=[0.35, 0.35, 0.15, 0.15]))
            if now + stay >= 15:
                stay, to = 15 - now, ""
            rows.append((f"u{unit:03}", state, to, now, now + stay, float(weight)))
            now += stay
            if to in ("gone", ""):
                break
            state = to
    return pd.DataFrame(rows, columns=["unit", "from", "to", "entry", "exit", "weight"])


def definition(spells: pd.DataFrame, initial: dict[str, float], start: float, month: float) -> dict[str, float]:
    """Aalen-Johansen by its definition, one time and one row at a time: shares no code with what it checks."""
    probability = dict.fromkeys(sorted({*spells["from"], *spells["to"]} - {""}), 0.0) | initial
    for t in sorted(set(spells["exit"])):
        if not start < t <= month:
            continue
        at_risk, moved = dict.fromkeys(probability, 0.0), dict[tuple[str, str], float]()
        for row in spells.to_dict("records"):
            if row["entry"] < t <= row["exit"]:
                at_risk[row["from"]] += row["weight"]
                if row["exit"] == t and row["to"]:
                    pair = (row["from"], row["to"])
                    moved[pair] = moved.get(pair, 0.0) + row["weight"]
        after = dict(probability)
        for (h, j), d in moved.items():
            share = probability[h] * d / at_risk[h]
            after[h] -= share
            after[j] += share
        probability = after
    return probability


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "late"])
@pytest.mark.parametrize("start", [0.0, 2.5])
def test_ties_delayed_entry_and_weights_against_the_definition(late: bool, start: float) -> None:
    spells = made_up(1, late=late, weights=True)
    initial = {"a": 0.6, "b": 0.4}
    curve = state_occupation(spells, initial=initial, start=start)
    for month in (start, start + 0.5, 4.0, 7.3, 10.0):
        expected = definition(spells, initial, start, month)
        for state, value in expected.items():
            assert values(curve, [month], state) == pytest.approx([value], abs=1e-12), (month, state)


def test_without_an_initial_state_the_curve_starts_from_the_shares_observed() -> None:
    spells = made_up(2)
    first = spells.drop_duplicates("unit")
    curve = state_occupation(spells)
    for state in "abc":
        share = float((first["from"] == state).mean())
        estimate = curve.at([0.0], state)[0]
        assert isinstance(estimate, Estimate)
        assert estimate.value == pytest.approx(share)
        assert estimate.se == pytest.approx(np.sqrt(share * (1 - share) / len(first)))
        assert estimate.low < share < estimate.high


def test_without_censoring_the_occupation_is_the_plain_share_with_its_binomial_error() -> None:
    """Robust errors are then the multinomial ones exactly, whatever the process."""
    spells = made_up(3, n=200)
    lost = spells.loc[spells["to"] == "", ["unit", "exit"]]
    spells = spells[~spells["unit"].isin(lost.loc[lost["exit"] < 15, "unit"])]
    curve, n = state_occupation(spells), spells["unit"].nunique()
    for month in (3.0, 8.5, 12.0):
        for state in ("a", "b", "c", "gone"):
            here = spells[(spells["entry"] <= month) & (spells["exit"] > month)]
            gone = spells.loc[(spells["to"] == "gone") & (spells["exit"] <= month), "unit"].nunique()
            share = (gone if state == "gone" else (here["from"] == state).sum()) / n
            found = curve.at([month], state, robust=True)[0]
            assert isinstance(found, Estimate)
            assert found.value == pytest.approx(share, abs=1e-12)
            assert found.se == pytest.approx(np.sqrt(share * (1 - share) / n), abs=1e-12)


def test_a_case_by_hand() -> None:
    # Month 1: four in a, one moves to b, one is lost. Month 2: two in a, one to b; one in b, back to a.
    spells = pd.DataFrame(
        [
            ("p", "a", "b", 0, 1),
            ("p", "b", "a", 1, 2),
            ("q", "a", "", 0, 1),
            ("r", "a", "b", 0, 2),
            ("s", "a", "", 0, 3),
            ("p", "a", "", 2, 3),
            ("r", "b", "", 2, 3),
        ],
        columns=["unit", "from", "to", "entry", "exit"],
    )
    curve = state_occupation(spells)
    assert values(curve, [0, 1, 2], "a") == pytest.approx([1, 0.75, 0.75 * 0.5 + 0.25])
    table = curve.table.set_index(["time", "state"])
    assert table["at_risk"].to_list() == [4, 0, 2, 1, 2, 1]
    # Month 1 is binomial: 0.75 x 0.25 / 4. At month 2, b goes back to a for certain and a splits in two:
    # p_a = q / 2 + (1 - q), so the variance is (1/2)^2 Var(q) + q^2 (1/2)(1/2) / 2.
    assert table.loc[(1, "a"), "se"] == pytest.approx(np.sqrt(0.75 * 0.25 / 4))
    assert table.loc[(2, "a"), "se"] == pytest.approx(np.sqrt(0.25 * 0.75 * 0.25 / 4 + 0.75**2 / 8))
    spent = curve.expected_time("b", 3)
    assert isinstance(spent, Estimate)
    assert spent.value == pytest.approx(0.25 + 0.375)
    # b holds 1 - q in month 2 and q / 2 in month 3: together 1 - q / 2 with the variance of both draws.
    assert spent.se == pytest.approx(np.sqrt(0.25 * 0.75 * 0.25 / 4 + 0.75**2 / 8))
    assert (spent.n, spent.n_events) == (4, 3)


def test_expected_rewards_are_rewards_times_expected_months() -> None:
    curve = state_occupation(made_up(4))
    rewards = {"a": 10.0, "b": -3.0, "c": 0.5}
    total = sum(rate * estimate(curve.expected_time(state, 12)).value for state, rate in rewards.items())
    found = estimate(curve.expected_reward(rewards, 12, unit="EUR"))
    assert found.value == pytest.approx(total)
    assert (found.unit, found.low < found.value < found.high) == ("EUR", True)
    uncertain = estimate(curve.expected_reward(rewards, 12, reward_se={"a": 0.5}))
    months_in_a = estimate(curve.expected_time("a", 12)).value
    assert found.se is not None
    assert uncertain.se == pytest.approx(np.hypot(found.se, 0.5 * months_in_a))


def estimate(found: Estimate | NotEstimable) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def test_discounting_is_continuous_at_the_annual_rate() -> None:
    curve = state_occupation(made_up(4))
    fine = np.linspace(0, 12, 24_001)
    middle = (fine[1:] + fine[:-1]) / 2
    share = np.array(values(curve, list(middle), "a"))
    expected = float((share * 1.2 ** (-middle / 12) * np.diff(fine)).sum())
    found = estimate(curve.expected_reward({"a": 1.0}, 12, annual_discount_rate=0.2))
    assert found.value == pytest.approx(expected, rel=1e-6)


def test_a_landmark_uses_only_those_who_are_there() -> None:
    spells = made_up(5, n=120)
    curve = state_occupation(spells, initial="b", start=4, landmark=True)
    there = spells[(spells["from"] == "b") & (spells["entry"] <= 4) & (spells["exit"] > 4)]
    own = spells[spells["unit"].isin(there["unit"])]
    assert set(own["unit"]) < set(spells["unit"])
    for state, value in definition(own, {"b": 1.0}, 4, 9).items():
        assert values(curve, [9], state) == pytest.approx([value], abs=1e-12)
    assert estimate(curve.at([9], "b")[0]).n == there["unit"].nunique()


def test_the_start_can_be_moved_afterwards() -> None:
    spells = made_up(6, late=True)
    moved = state_occupation(spells).given("c", 3)
    direct = state_occupation(spells, initial="c", start=3)
    pd.testing.assert_frame_equal(moved.table, direct.table)


def test_a_curve_ends_where_nobody_shows_how_it_goes_on() -> None:
    # Half of those who could move are in b after month 1, and the only ones seen there are lost in month 2.
    rows = [(f"x{i}", "a", "b", 0, 1) for i in range(5)] + [(f"x{i}", "b", "", 1, 2) for i in range(5)]
    rows += [(f"y{i}", "a", "c" if i < 2 else "", 0, 4) for i in range(5)]
    curve = state_occupation(pd.DataFrame(rows, columns=["unit", "from", "to", "entry", "exit"]))
    assert curve.at([2], "b")[0]
    refused = curve.at([3], "b")[0]
    assert isinstance(refused, NotEstimable)
    assert "nobody is observed in b" in refused.reason
    assert isinstance(curve.expected_time("a", 4), NotEstimable)
    assert any("end early" in check.reason for check in curve.checks)


@pytest.mark.parametrize("initial", ["a", None])
def test_where_nobody_moves_the_interval_is_the_exact_one(initial: str | None) -> None:
    spells = pd.DataFrame({"from": "a", "to": ["b"] + [""] * 59, "entry": 0.0, "exit": [9.0] + [6.0] * 59})
    curve = state_occupation(spells, initial=initial)
    bound = 0.025 ** (1 / 60)
    stay, go = estimate(curve.expected_time("a", 4)), estimate(curve.expected_time("b", 4))
    assert (stay.low, stay.value, stay.high) == pytest.approx((4 * bound, 4, 4))
    assert (go.low, go.value, go.high) == pytest.approx((0, 0, 4 * (1 - bound)))
    none = estimate(curve.at([6], "b")[0])
    assert (none.low, none.value, none.high) == pytest.approx((0, 0, 1 - bound))


def test_who_enters_late_tells_nothing_of_the_time_before() -> None:
    curve = state_occupation(pd.DataFrame({"from": "a", "to": ["b", ""], "entry": [3.0, 4], "exit": [5.0, 6]}))
    assert isinstance(curve.at([2], "a")[0], NotEstimable)
    assert isinstance(curve.expected_time("a", 5), NotEstimable)
    assert any(check.name == "observed from the start" for check in curve.checks)
    assert estimate(state_occupation(spells_of(curve), start=3).expected_time("a", 5)).value == pytest.approx(2)


def spells_of(curve: StateOccupation) -> pd.DataFrame:
    assert curve.spells is not None
    return pd.DataFrame({"from": "a", "to": ["b", ""], "entry": curve.spells.entry, "exit": curve.spells.exit})


def test_rounded_counts_are_cut_and_reported_and_blur_widens() -> None:
    counts = transition_table(made_up(7))
    plain = state_occupation_from_counts(counts, initial="a")
    blurred = state_occupation_from_counts(counts, initial="a", blur=2.0)
    wide, narrow = estimate(blurred.at([6], "b")[0]), estimate(plain.at([6], "b")[0])
    assert wide.value == narrow.value
    assert wide.low < narrow.low < narrow.high < wide.high
    time, state = counts.loc[0, ["time", "from"]]
    first = (counts["time"] == time) & (counts["from"] == state)
    counts.loc[first, "events"] = counts.loc[first, "at_risk"]
    cut = state_occupation_from_counts(counts, initial="a")
    too_many = (first.sum() - 1) * counts.loc[0, "at_risk"]
    assert next(c for c in cut.checks if c.name == "events fit the risk sets").statistic == too_many
    assert cut.table["occupation"].dropna().between(0, 1).all()


def test_robust_errors_need_spells_of_enough_units() -> None:
    spells = made_up(8)
    from_counts = state_occupation_from_counts(transition_table(spells), initial="a")
    for curve, words in (
        (from_counts, "made from counts"),
        (state_occupation(spells.drop(columns="unit")), "same unit"),
        (state_occupation(spells[spells["unit"] < "u015"]), "15 units are too few"),
    ):
        refused = curve.expected_time("a", 2, robust=True)
        assert isinstance(refused, NotEstimable)
        assert words in refused.reason


def test_clusters_that_move_together_widen_the_robust_error() -> None:
    rng = np.random.default_rng(9)
    cluster = np.repeat(np.arange(40), 25)
    leave = rng.random(40)[cluster] > rng.random(1000)
    spells = pd.DataFrame(
        {"unit": np.arange(1000), "from": "a", "to": np.where(leave, "b", ""), "entry": 0, "exit": 1.0}
    )
    unit = estimate(state_occupation(spells).at([1], "b", robust=True)[0])
    shared = estimate(state_occupation(spells.assign(cluster=cluster)).at([1], "b", robust=True)[0])
    sums = np.bincount(cluster, leave - leave.mean())
    assert unit.se == pytest.approx(np.sqrt(leave.mean() * (1 - leave.mean()) / 1000))
    assert shared.se == pytest.approx(np.sqrt((sums**2).sum()) / 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exit": 0.0}, "never at risk: their entry is not before their exit"),
        ({"exit": np.nan}, "values of exit are missing or infinite"),
        ({"entry": -1.0}, "entries are negative"),
        ({"to": "a", "from": "a"}, "lead from a state to itself"),
        ({"from": None}, "`from` is missing"),
        ({"unit": None}, "spells have no unit"),
        ({"weight": -1.0}, "weights are negative"),
    ],
)
def test_bad_spells_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        state_occupation(made_up(10).assign(**change))


def test_spells_that_contradict_each_other_are_refused() -> None:
    columns = ["unit", "from", "to", "entry", "exit"]
    overlap = pd.DataFrame([("p", "a", "b", 0, 3), ("p", "b", "", 2, 4)], columns=columns)
    with pytest.raises(ValueError, match="1 spells begin before the last one of their unit has ended"):
        state_occupation(overlap)
    jump = pd.DataFrame([("p", "c", "", 3, 4), ("p", "a", "b", 0, 3)], columns=columns)
    with pytest.raises(ValueError, match="add the missing transition"):
        state_occupation(jump)
    with pytest.raises(ValueError, match="the spells lack exit"):
        state_occupation(jump.drop(columns="exit"))


def test_bad_questions_are_refused() -> None:
    spells = made_up(11)
    curve = state_occupation(spells, start=2)
    with pytest.raises(ValueError, match="no state is called 'z'; expected one of a, b, c, gone"):
        curve.at([3], "z")
    with pytest.raises(ValueError, match="expected a number >= the start, 2"):
        curve.at([1], "a")
    with pytest.raises(ValueError, match=r"add up to 0\.9"):
        state_occupation(spells, initial={"a": 0.9})
    with pytest.raises(ValueError, match="a landmark needs one initial state"):
        state_occupation(spells, landmark=True)
    with pytest.raises(ValueError, match="unknown: gone"):
        state_occupation(spells, states=["a", "b", "c"])
    counts = transition_table(spells)
    with pytest.raises(ValueError, match="the numbers at risk differ"):
        state_occupation_from_counts(counts.assign(at_risk=np.arange(len(counts))), initial="a")
    with pytest.raises(ValueError, match="lead nowhere"):
        state_occupation_from_counts(counts.assign(to=""), initial="a")
    assert not state_occupation(spells).at([1], "a", "elsewhere")[0]


def memory(seed: int, n: int, *, by_time: float = 1.0, by_origin: float = 1.0) -> pd.DataFrame:
    """Monthly moves a -> c, b -> c, c -> d; the hazard of the last may depend on the time in c, or on the origin."""
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(n):
        origin = "ab"[rng.integers(2)]
        enter = float(rng.geometric(0.15))
        hazard = 0.06 * (by_origin if origin == "a" else 1.0)
        if by_time != 1:
            draws = rng.random(60) < np.where(np.arange(60) < 6, hazard * by_time, hazard)
            stay = float(np.argmax(draws) + 1) if draws.any() else 99.0
        else:
            stay = float(rng.geometric(hazard))
        leave, end = enter + stay, 40.0
        if enter >= end:
            rows.append((unit, origin, "", 0.0, end))
            continue
        rows.append((unit, origin, "c", 0.0, enter))
        rows.append((unit, "c", "d" if leave <= end else "", enter, min(leave, end)))
    return pd.DataFrame(rows, columns=["unit", "from", "to", "entry", "exit"])


def outcome(spells: pd.DataFrame, test: str = "month of entry") -> TestResult:
    found = markov_test(spells).of("c", "d", test)
    assert isinstance(found, TestResult), found
    return found


def test_the_markov_tests_keep_their_level() -> None:
    p = np.array(
        [[outcome(memory(seed, 150), test).p_value for test in ("month of entry", BEFORE)] for seed in range(120)]
    )
    rejected = (p < 0.05).mean(axis=0)
    assert (np.abs(rejected - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 120)).all(), rejected


def test_the_markov_tests_find_the_memory_they_look_for() -> None:
    by_time, by_origin = memory(1, 1500, by_time=3.0), memory(1, 1500, by_origin=2.0)
    assert outcome(by_time).p_value < 1e-6
    assert outcome(by_time, BEFORE).p_value > 0.01
    assert outcome(by_origin, BEFORE).p_value < 1e-6
    found = markov_test(by_time)
    ratio = found.table.query("`from` == 'c' and test == 'month of entry'")["hazard_ratio_12m"].item()
    assert ratio > 1  # those who came later have been there for less time, and the hazard falls with it
    assert "depends on the month of entry" in found.checks[0].reason


def test_with_two_months_of_entry_the_trend_is_the_log_rank_test() -> None:
    from insights.stats.logrank import logrank

    rng = np.random.default_rng(12)
    enter = np.repeat([1.0, 5.0], 150)
    leave = enter + rng.integers(1, 12, 300)
    moved = rng.random(300) < 0.7
    unit = np.arange(300)
    spells = pd.concat(
        [
            pd.DataFrame({"unit": unit, "from": "a", "to": "c", "entry": 0.0, "exit": enter}),
            pd.DataFrame({"unit": unit, "from": "c", "to": np.where(moved, "d", ""), "entry": enter, "exit": leave}),
        ]
    )
    expected = logrank(leave, moved, enter.astype(int), enter)
    assert outcome(spells).statistic == pytest.approx(expected.statistic)


def test_markov_tests_below_the_evidence_say_so() -> None:
    few = markov_test(memory(2, 30))
    refused = few.of("c", "d")
    assert isinstance(refused, NotEstimable)
    assert "moves are too few; the test needs 50" in refused.reason
    assert few.checks[0].p_value is None
    alike = markov_test(memory(3, 400)).of("a", "c")
    assert isinstance(alike, NotEstimable)
    assert "same month" in alike.reason
    assert not few.of("a", "d")
    with pytest.raises(ValueError, match="expected a column unit"):
        markov_test(memory(2, 30).drop(columns="unit"))
    late = memory(4, 400)
    late = late[late["from"] == "c"]  # nobody is seen coming, so the beginning of every stay is unknown
    assert isinstance(markov_test(late).of("c", "d"), NotEstimable)
