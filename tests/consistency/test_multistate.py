"""Multistate curves against survival, incidence, each other, and brute-force errors."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from insights.stats.incidence import cumulative_incidence
from insights.stats.multistate import StateOccupation, state_occupation, state_occupation_from_counts
from insights.stats.multistate.counts import transition_table
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import kaplan_meier

Array = npt.NDArray[np.float64]


def spells_data(seed: int, n: int = 150, *, late: bool = False, causes: str = "xy") -> pd.DataFrame:
    """One stay each, by half months, that ends in one of the causes or is lost; a third enter late where asked to."""
    rng = np.random.default_rng(seed)
    leave = rng.integers(1, 40, n) / 2
    entry = np.where(rng.random(n) < 1 / 3, rng.integers(0, 20, n) / 2, 0.0) if late else np.zeros(n)
    to = rng.choice(["", *causes], n)
    spells = pd.DataFrame(
        {"unit": np.arange(n), "from": "in", "to": to, "entry": np.where(entry < leave, entry, 0.0), "exit": leave}
    )
    stay = pd.DataFrame({"unit": [n, n + 1], "from": "in", "to": "", "entry": 0.0, "exit": [20.0, 20.0]})
    return pd.concat([stay, spells.assign(group=rng.choice(["p", "q"], n))], ignore_index=True).fillna({"group": "p"})


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "late"])
def test_two_states_are_kaplan_meier_with_its_errors_and_intervals(late: bool) -> None:
    data = spells_data(1, late=late, causes="x")
    curve = state_occupation(data, initial="in")
    survival = kaplan_meier(data["exit"], data["to"], entry=data["entry"], group=data["group"])
    for group in ("p", "q"):
        mine = curve.table[(curve.table["group"] == group) & (curve.table["state"] == "in")]
        theirs = survival.table[survival.table["group"] == group].merge(mine[["time"]])
        for ours, km in (
            ("at_risk", "at_risk"),
            ("occupation", "survival"),
            ("low", "low"),
            ("high", "high"),
            ("se", "se"),
        ):
            assert mine[ours].to_numpy() == pytest.approx(theirs[km].to_numpy(), abs=1e-9, nan_ok=True), ours
        assert len(mine) > 20
        same(curve.expected_time("in", 15, group), survival.restricted_mean(15, group))
        assert curve.at([0.25, 11], "in", group)[1] == approximately(survival.at([11], group)[0])


def same(one: Estimate | NotEstimable, other: Estimate | NotEstimable) -> None:
    assert one == approximately(other)


class approximately:
    """Compares estimates number by number."""

    def __init__(self, other: Estimate | NotEstimable) -> None:
        assert isinstance(other, Estimate)
        self.other = other

    def __eq__(self, found: object) -> bool:
        assert isinstance(found, Estimate)
        numbers = [(e.value, e.low, e.high, e.se) for e in (found, self.other)]
        rest = [(e.n, e.n_events, e.unit, e.level) for e in (found, self.other)]
        return numbers[0] == pytest.approx(numbers[1], abs=1e-9) and rest[0] == rest[1]

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.other)


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "late"])
def test_competing_risks_are_the_incidence_with_its_errors_and_intervals(late: bool) -> None:
    data = spells_data(2, late=late)
    curve = state_occupation(data, initial="in")
    incidence = cumulative_incidence(data["exit"], data["to"], entry=data["entry"], group=data["group"])
    for group in ("p", "q"):
        for cause in "xy":
            for month in (0.25, 3.0, 9.5, 14.0, 19.0):
                same(curve.at([month], cause, group)[0], incidence.at([month], group, cause=cause)[0])
            same(curve.expected_time(cause, 13.5, group), incidence.months_lost(cause, 13.5, group))


def illness(seed: int, n: int = 100, *, late: bool = False) -> pd.DataFrame:
    """Units that go to and fro between well and ill and leave for good, by months, with censoring."""
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(n):
        state, now = "well", float(rng.integers(0, 6)) if late and unit % 3 == 0 else 0.0
        limit = now + rng.integers(6, 24)
        while now < limit:
            leave = now + rng.geometric(0.2 if state == "well" else 0.35)
            to = "out" if rng.random() < 0.25 else "ill" if state == "well" else "well"
            rows.append((unit, state, to if leave <= limit else "", now, min(leave, limit)))
            now = leave
            if to == "out":
                break
            state = to
    return pd.DataFrame(rows, columns=["unit", "from", "to", "entry", "exit"])


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "late"])
def test_counts_give_what_spells_give(late: bool) -> None:
    data = illness(3, late=late)
    data["group"] = np.where(data["unit"] % 2 == 0, "even", "odd")
    units = {str(g): float(n) for g, n in data.groupby("group")["unit"].nunique().items()}
    spells = state_occupation(data, initial="well")
    counts = state_occupation_from_counts(transition_table(data), initial="well", units=units)
    pd.testing.assert_frame_equal(spells.table, counts.table)
    pd.testing.assert_frame_equal(spells.transitions, counts.transitions)
    assert spells.checks == counts.checks
    for group in units:
        same(spells.expected_time("ill", 12, group), counts.expected_time("ill", 12, group))
        same(spells.at([7], "out", group)[0], counts.at([7], "out", group)[0])


def test_cutting_a_stay_in_two_changes_nothing() -> None:
    data = illness(4)
    long = data["exit"] - data["entry"] > 1
    cut = data["entry"] + 1
    first = data.assign(exit=data["exit"].where(~long, cut), to=data["to"].where(~long, ""))
    pieces = pd.concat([first, data[long].assign(entry=cut[long])])
    one, other = state_occupation(data), state_occupation(pieces)
    times = one.table["time"].unique()
    pd.testing.assert_frame_equal(
        one.table, other.table[other.table["time"].isin(times)].reset_index(drop=True), check_dtype=False
    )
    for robust in (False, True):
        same(one.expected_time("ill", 10, robust=robust), other.expected_time("ill", 10, robust=robust))


def test_probabilities_add_up_to_one_and_times_to_the_horizon() -> None:
    curve = state_occupation(illness(5, late=True), initial="well")
    assert curve.table["occupation"].notna().sum() > 30
    assert curve.table.dropna().groupby("time")["occupation"].sum().to_numpy() == pytest.approx(1.0, abs=1e-12)
    spent = [curve.expected_time(state, 12.5) for state in curve.states]
    assert sum(e.value for e in spent if isinstance(e, Estimate)) == pytest.approx(12.5)


def product(data: pd.DataFrame, weight: Array, month: float, state: str) -> tuple[float, float]:
    """Probability of the state at the month, and time in it until then, by the definition and for any weights."""
    states = ["ill", "out", "well"]
    w = weight[data["unit"].to_numpy()]
    first = data.drop_duplicates("unit")
    initial = np.array([(weight[first["unit"]] * (first["from"] == s)).sum() for s in states])
    p, spent, last = initial / initial.sum(), 0.0, 0.0
    k = states.index(state)
    for t in sorted(set(data["exit"])):
        if t > month:
            break
        spent, last = spent + p[k] * (t - last), t
        move = np.eye(3)
        for h, origin in enumerate(states):
            here = ((data["from"] == origin) & (data["entry"] < t) & (data["exit"] >= t)).to_numpy()
            for j, target in enumerate(states):
                gone = here & ((data["exit"] == t) & (data["to"] == target)).to_numpy()
                if gone.any():
                    share = w[gone].sum() / w[here].sum()
                    move[h, j] += share
                    move[h, h] -= share
        p = p @ move
    return float(p[k]), spent + float(p[k]) * (month - last)


def jackknife(statistic: Callable[[Array], float], n: int) -> float:
    """Infinitesimal jackknife: the derivative of the statistic by each unit's weight, squared and added up."""
    step, moved = 1e-5, []
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i], down[i] = 1 + step, 1 - step
        moved.append((statistic(up) - statistic(down)) / (2 * step))
    return float(np.sqrt(np.sum(np.square(moved))))


def test_robust_errors_are_the_infinitesimal_jackknife_of_units() -> None:
    data = illness(6, n=25)
    flip = data["unit"] % 4 == 0  # a quarter starts ill, so that the start has an error too
    data.loc[flip, "from"] = data.loc[flip, "from"].map({"well": "ill", "ill": "well"})
    data.loc[flip, "to"] = data.loc[flip, "to"].replace({"well": "ill", "ill": "well"})
    curve, n = state_occupation(data), 25
    for state in ("ill", "well"):
        at, spent = curve.at([5.0], state, robust=True)[0], curve.expected_time(state, 5.0, robust=True)
        assert isinstance(at, Estimate)
        assert isinstance(spent, Estimate)
        for which, found in enumerate((at, spent)):
            assert found.value == pytest.approx(product(data, np.ones(n), 5.0, state)[which])
            brute = jackknife(lambda w, i=which, s=state: product(data, w, 5.0, s)[i], n)  # type: ignore[misc]
            assert found.se == pytest.approx(brute, rel=1e-6)


def test_frequencies_are_repeated_units() -> None:
    data, times = illness(7, n=40), np.random.default_rng(7).integers(1, 4, 40)
    weighted = state_occupation(data.assign(weight=times[data["unit"]]))
    repeated = pd.concat(
        [data[times[data["unit"]] > r].assign(unit=lambda d, r=r: d["unit"] + 40 * r) for r in range(3)]
    )
    plain = state_occupation(repeated)
    pd.testing.assert_frame_equal(weighted.table, plain.table, check_dtype=False)
    same(weighted.expected_time("ill", 9, robust=True), plain.expected_time("ill", 9, robust=True))


def chain(rng: np.random.Generator, n: int, move: Array, months: int) -> pd.DataFrame:
    """A Markov chain observed by months: every third unit enters late, all are lost at random."""
    states, first = np.array(["a", "b", "out"]), rng.integers(0, 8, n) * (np.arange(n) % 3 == 0)
    last = rng.integers(10, months, n)
    now, rows, since = np.zeros(n, dtype=int), [], first.astype(float)
    unit = np.arange(n)
    for t in range(1, months):
        draw = rng.random(n)
        after = (draw[:, None] > np.cumsum(move[now], axis=1)).sum(axis=1)
        changed = (after != now) & (t > first) & (t <= last)
        rows.append(
            (unit[changed], states[now[changed]], states[after[changed]], since[changed], np.full(changed.sum(), t))
        )
        ended = (t == last) & (after == now) & (now < 2)
        rows.append((unit[ended], states[now[ended]], np.full(ended.sum(), ""), since[ended], np.full(ended.sum(), t)))
        since[changed] = t
        now = after
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    data = pd.DataFrame(dict(zip(["unit", "from", "to", "entry", "exit"], columns, strict=True)))
    return data[data["entry"] < data["exit"]]


def test_intervals_cover_the_truth_of_a_chain() -> None:
    """Occupation and expected time of a chain with known moves, with late entries and losses."""
    move = np.array([[0.85, 0.1, 0.05], [0.2, 0.7, 0.1], [0, 0, 1.0]])
    truth = [np.array([1.0, 0, 0])]
    for _ in range(12):
        truth.append(truth[-1] @ move)
    at, spent = truth[12][1], float(np.sum(truth[:12], axis=0)[1])
    rng, repeats, covered = np.random.default_rng(8), 300, np.zeros(4)
    for _ in range(repeats):
        data = chain(rng, 250, move, 24)
        # Late entrants are in the state that the chain has reached, so their first stay is in the risk set of it.
        curve = state_occupation(data, initial="a")
        for i, robust in enumerate((False, True)):
            for j, found in enumerate(
                (curve.at([12], "b", robust=robust)[0], curve.expected_time("b", 12, robust=robust))
            ):
                assert isinstance(found, Estimate)
                covered[2 * i + j] += found.low <= (at, spent)[j] <= found.high
    assert (np.abs(covered / repeats - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats)).all(), covered / repeats


def test_a_longer_memory_breaks_the_plain_error_but_not_the_robust_one() -> None:
    """Half of the units move at every turn and half never again: the plain error of the occupation is far off."""
    rng, n, repeats = np.random.default_rng(9), 200, 200
    found: list[list[float]] = []
    for _ in range(repeats):
        mover = rng.random(n) < 0.5
        rows = []
        for unit in range(n):
            state, now = "a", 0.0
            for t in np.arange(1.0, 13):
                if mover[unit] and rng.random() < 0.5:
                    rows.append((unit, state, "b" if state == "a" else "a", now, t))
                    state, now = "b" if state == "a" else "a", t
            if now < 12:
                rows.append((unit, state, "", now, 12.0))
        curve = state_occupation(pd.DataFrame(rows, columns=["unit", "from", "to", "entry", "exit"]))
        plain, robust = expected(curve, robust=False), expected(curve, robust=True)
        found.append([plain.value, plain.se or 0, robust.se or 0])
    value, plain_se, robust_se = np.array(found).T
    spread = value.std()
    assert robust_se.mean() == pytest.approx(spread, rel=0.2)  # four standard errors of a deviation of 200
    assert plain_se.mean() < 0.75 * spread


def expected(curve: StateOccupation, *, robust: bool) -> Estimate:
    found = curve.expected_time("b", 12, robust=robust)
    assert isinstance(found, Estimate)
    return found
