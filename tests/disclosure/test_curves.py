"""Attacks on curves, and the price: protected curves must stay near the exact ones."""

import itertools

import numpy as np
import pandas as pd
import pytest
from disclosure.attackers import RULES, clients, cumulative, risk_counts

from insights.errors import DisclosureError
from insights.reports.disclosure import protect
from insights.reports.disclosure.curves import ANY, OTHER, protect_curves
from insights.stats.incidence import cumulative_incidence_from_counts
from insights.stats.results import Estimate
from insights.stats.survival import kaplan_meier_from_counts
from insights.topics.evidence import RiskCounts

REGIONS = {"north": 0.5, "east": 0.3, "south": 0.2}
LATE = {"joining": 0.9, "tiny": 0.1}


def shown_groups(evidence: RiskCounts) -> set[str]:
    named = set(evidence.units.dropna(subset=["units"])["group"])
    assert named == set(evidence.counts["group"])
    return named


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return clients(6000, 1, shares=REGIONS)


def test_groups_add_up_to_all_clients_at_every_time(many: pd.DataFrame) -> None:
    together = protect_curves(risk_counts(many, by=False), RULES)
    apart = protect_curves(risk_counts(many), RULES)
    ends = apart.counts.groupby("group")["time"].max().min()
    difference = (cumulative(together) - cumulative(apart)).loc[:ends]
    assert len(difference) > 100
    assert (difference["events"] == 0).all()
    assert apart.units["units"].sum() == together.units["units"].sum()


def test_all_clients_less_the_groups_shown_is_no_small_group() -> None:
    frame = clients(6000, 2, shares={"north": 0.6, "east": 0.3, "south": 0.099, "isle": 0.001})
    assert (frame["group"] == "isle").sum() < 10
    apart = protect_curves(risk_counts(frame), RULES)
    together = protect_curves(risk_counts(frame, by=False), RULES)
    assert shown_groups(apart) == {"north", "east"}
    ends = apart.counts.groupby("group")["time"].max().min()
    rest = (cumulative(together) - cumulative(apart)).loc[:ends, "events"]
    assert (rest % 5 == 0).all()
    assert rest.max() >= 10


def test_reason_by_reason_the_views_differ_by_fives(many: pd.DataFrame) -> None:
    together = cumulative(protect_curves(risk_counts(many, by=False), RULES), by="cause")
    apart = protect_curves(risk_counts(many), RULES)
    ends = apart.counts.groupby("group")["time"].max().min()
    for cause in set(together) & set(apart.counts["cause"]) - {OTHER}:
        assert (together[cause].loc[:ends] == cumulative(apart, by="cause")[cause].loc[:ends]).all()


def test_what_is_merged_for_all_is_merged_in_the_groups() -> None:
    for seed in range(6):
        frame = clients(1500, seed, shares=REGIONS, hazards=(0.004, 0.012, 0.0003, 0.0001))
        together, apart = (protect_curves(risk_counts(frame, by=by), RULES) for by in (False, True))
        named = set(apart.counts["cause"]) - {OTHER, ANY}
        assert named <= set(together.counts["cause"])
        per_group = frame[frame["cause"] != ""].groupby(["group", "cause"]).size()
        assert all(per_group[group, cause] >= 10 for group in shown_groups(apart) for cause in named)


def test_rare_reasons_of_one_group_are_merged_in_all() -> None:
    frame = clients(3000, 3, shares=REGIONS)
    dead = frame[(frame["cause"] == "death") & (frame["group"] == "south")]
    frame.loc[dead.index[3:], "cause"] = "competitor"
    apart = protect_curves(risk_counts(frame), RULES)
    assert "death" not in set(apart.counts["cause"])
    assert OTHER in set(apart.counts["cause"])
    assert apart.counts.groupby(["group", "cause"])["events"].sum().min() >= 5


def test_one_leaver_in_a_withheld_group_leaves_the_rest_in_fives() -> None:
    frame = clients(4000, 5, shares={"north": 0.6, "east": 0.3, "south": 0.095, "isle": 0.005})
    isle = frame.index[(frame["group"] == "isle") & (frame["cause"] != "")]
    assert 1 < len(isle) < 10
    outputs = []
    for gone in range(len(isle)):
        world = frame.copy()
        world.loc[isle[:gone], "cause"] = ""
        told = protect_curves(risk_counts(world), RULES)
        assert shown_groups(told) == {"north", "east"}
        outputs.append(cumulative(told, by="group"))
    changed = pd.concat([(a - b).abs() for a, b in itertools.pairwise(outputs)])
    assert (changed % 5 == 0).all(axis=None)
    # One leaver less, run after run: what is shown of the other groups goes up as well as down, so it tells nothing.
    ends = pd.concat([output.iloc[-1] for output in outputs], axis=1).diff(axis=1)
    assert (ends > 0).any(axis=None)
    assert (ends < 0).any(axis=None)


def test_a_five_more_stands_for_one_leaver_or_for_many() -> None:
    frame = clients(4000, 6, shares={"north": 0.7, "south": 0.3})
    in_force = frame.index[(frame["cause"] == "") & (frame["group"] == "south")][:30]
    totals = []
    for more in range(30):
        world = frame.copy()
        world.loc[in_force[:more], "cause"] = "competitor"
        told = protect_curves(risk_counts(world), RULES)
        totals.append(int(told.counts.loc[told.counts["group"] == "south", "events"].sum()))
    runs = pd.Series(totals).value_counts().sort_index().iloc[1:-1]
    assert set(np.diff(totals)) <= {-5, 0, 5, 10}
    assert (runs >= 2).all()


def test_the_months_of_single_exits_are_not_seen() -> None:
    exits = [7.0, 19.0, 23.0, 31.0, 38.0, 44.0, 52.0, 58.0, 63.0, 71.0, 77.0, 85.0]
    frame = pd.DataFrame({"entry": 0.0, "exit": [*exits, *[120.0] * 30], "cause": ["x"] * 12 + [""] * 30, "group": "a"})
    told = protect_curves(risk_counts(frame), RULES).counts
    assert told["time"].tolist() == [0.5, *range(1, 121)]
    assert told.loc[told["events"] > 0, "time"].tolist() == [23, 58]


def test_exact_days_are_not_seen() -> None:
    frame = clients(3000, 7, shares={"": 1.0})
    days = frame.assign(exit=frame["exit"] - np.random.default_rng(7).random(len(frame)) * 0.4)
    told = protect_curves(risk_counts(days), RULES)
    assert told.counts["time"].drop_duplicates().tolist()[1:] == list(range(1, int(told.counts["time"].max()) + 1))
    exact, near = (kaplan_meier_from_counts(c) for c in (risk_counts(days).counts, told.counts))
    for month in (12, 60, 120):
        assert isinstance(a := exact.at([month])[0], Estimate)
        assert isinstance(b := near.at([month])[0], Estimate)
        assert b.value == pytest.approx(a.value, abs=0.01)


def test_the_curve_ends_before_few_are_at_risk(many: pd.DataFrame) -> None:
    exact = risk_counts(many).counts
    for group, told in protect_curves(risk_counts(many), RULES).counts.groupby("group"):
        last = told["time"].max()
        reached = exact[(exact["group"] == group) & (exact["time"] <= last)]
        assert reached["at_risk"].min() >= 10
        beyond = exact[(exact["group"] == group) & (exact["time"] > last)]
        assert beyond.empty or beyond.sort_values("time")["at_risk"].iloc[0] < 10


def test_a_group_that_is_observed_late_starts_late() -> None:
    late = clients(3000, 8, shares={"old": 1.0})
    late = late[late["exit"] > 100].assign(entry=100.0)
    frame = pd.concat([clients(3000, 9, shares={"all": 1.0}), late], ignore_index=True)
    told = protect_curves(risk_counts(frame), RULES).counts
    somebody = told[told["at_risk"] > 0]
    assert somebody.groupby("group")["time"].min().to_dict() == {"all": 0.5, "old": 101.0}
    # The month before, with nobody at risk, tells that the curve is conditional on reaching it.
    assert told[told["at_risk"] == 0][["group", "time"]].drop_duplicates().to_numpy().tolist() == [["old", 100.0]]
    assert kaplan_meier_from_counts(told).restricted_mean(120, "old").reason


def test_intervals_grow_by_the_error_of_rounding(many: pd.DataFrame) -> None:
    told = protect_curves(risk_counts(many), RULES)
    plain = kaplan_meier_from_counts(told.counts)
    honest = kaplan_meier_from_counts(told.counts, blur=told.blur)
    assert told.blur == pytest.approx(5 / 3**0.5)
    group = str(told.counts["group"].iloc[0])
    for month in (12, 60):
        a, b = plain.at([month], group=group)[0], honest.at([month], group=group)[0]
        assert isinstance(a, Estimate)
        assert isinstance(b, Estimate)
        assert (b.value, b.se > a.se, b.high - b.low > a.high - a.low) == (a.value, True, True)
        least = told.counts[(told.counts["group"] == group) & (told.counts["time"] <= month)]["at_risk"].min()
        assert b.se == pytest.approx(((a.se / a.value) ** 2 + (told.blur / least) ** 2) ** 0.5 * a.value)


@pytest.mark.parametrize("n", [4, 9])
def test_too_few_of_everything_leaves_nothing(n: int) -> None:
    frame = clients(4000, 10, shares=REGIONS).head(n)
    told = protect_curves(risk_counts(frame), RULES)
    assert told.counts.empty
    assert told.units["units"].isna().all()


def test_counts_of_a_group_of_unknown_size_are_refused(many: pd.DataFrame) -> None:
    evidence = risk_counts(many)
    with pytest.raises(DisclosureError, match="not told exactly once"):
        protect_curves(RiskCounts(evidence.counts, evidence.units.iloc[1:]), RULES)


def test_the_same_evidence_gives_the_same_bytes(many: pd.DataFrame) -> None:
    first, second = (protect({"exits": risk_counts(many)}, RULES)["exits"] for _ in range(2))
    assert isinstance(first, RiskCounts)
    assert isinstance(second, RiskCounts)
    assert first.counts.to_csv() == second.counts.to_csv()


def errors(frame: pd.DataFrame, *, by: bool) -> pd.DataFrame:
    """Return survival and incidence, protected less exact, in units of half a rounding step over the number at risk."""
    exact, told = risk_counts(frame, by=by), protect_curves(risk_counts(frame, by=by), RULES)
    curves = [kaplan_meier_from_counts(e.counts) for e in (exact, told)]
    causes = [cumulative_incidence_from_counts(e.counts) for e in (exact, told)]
    rows = []
    for group, counts in told.counts.groupby("group"):
        for month in range(12, int(counts["time"].max()) + 1, 12):
            unit = 2.5 / counts.loc[counts["time"] <= month, "at_risk"].iloc[-1]
            pairs = [("survival", [c.at([month], str(group))[0] for c in curves])]
            pairs += [
                (cause, [c.at([month], str(group), cause=cause)[0] for c in causes])
                for cause in set(causes[0].causes) & set(causes[1].causes)
            ]
            for name, (a, b) in pairs:
                assert isinstance(a, Estimate)
                assert isinstance(b, Estimate)
                rows.append((name, (b.value - a.value) / unit, b.value - a.value, (b.se or 0) / (a.se or np.nan)))
    return pd.DataFrame(rows, columns=["name", "units", "error", "se"])


@pytest.mark.parametrize(("n", "seeds"), [(600, 12), (5000, 6)])
def test_protected_curves_stay_near_the_exact_ones_and_do_not_drift(n: int, seeds: int) -> None:
    found = pd.concat([errors(clients(n, s, shares=REGIONS), by=False) for s in range(seeds)])
    survival = found[found["name"] == "survival"]
    assert survival["units"].abs().max() < 1
    assert abs(survival["units"].mean()) < 0.06
    assert found["units"].abs().max() < 2
    assert found.groupby("name")["units"].mean().abs().max() < 0.12
    assert survival["se"].mean() == pytest.approx(1, abs=0.03)


def test_so_do_those_of_groups() -> None:
    found = pd.concat([errors(clients(5000, s, shares=REGIONS), by=True) for s in range(6)])
    assert found["units"].abs().max() < 3
    assert found.groupby("name")["units"].mean().abs().max() < 0.1
    assert found.groupby("name")["units"].std().max() < 0.6
