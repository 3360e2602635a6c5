"""Cumulative incidence against published values, a brute-force reference, and small cases worked by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insights.stats.counts import risk_table
from insights.stats.incidence import IncidenceCurve, cumulative_incidence, cumulative_incidence_from_counts
from insights.stats.results import Estimate, NotEstimable


def estimates(curve: IncidenceCurve, months: list[float], cause: str) -> list[Estimate]:
    found = [e for e in curve.at(months, cause=cause) if isinstance(e, Estimate)]
    assert len(found) == len(months)
    return found


def mgus2_curve(shared: Path) -> IncidenceCurve:
    mgus2 = pd.read_csv(shared / "data" / "reference" / "mgus2.csv")
    pcm = mgus2["pstat"] == 1
    cause = np.where(pcm, "pcm", np.where(mgus2["death"] == 1, "death", ""))
    return cumulative_incidence(np.where(pcm, mgus2["ptime"], mgus2["futime"]), cause)


def eu_savings(shared: Path) -> tuple[pd.Series, pd.Series]:
    """Return months from issue to end by the calendar, and the reason ("" in force)."""
    policies = pd.read_csv(
        shared / "data" / "eu_savings" / "policies.csv.gz", parse_dates=["issue.date", "termination.date"]
    )
    issued, ended = policies["issue.date"].dt, policies["termination.date"].dt
    months = 12 * (ended.year - issued.year) + ended.month - issued.month
    return months, policies["lapse.reason"].replace({"In force": "", "Surrender": "surrender", "Claim": "claim"})


@pytest.mark.acceptance("competing_risks_mgus2", part="curves, restricted means, naive")
def test_mgus2(shared: Path, acceptance: dict[str, Any]) -> None:
    expected, curve = acceptance["competing_risks_mgus2"], mgus2_curve(shared)
    tol = expected["tol"]
    for cause in ("pcm", "death"):
        found = estimates(curve, [float(m) for m in expected[cause]], cause)
        assert [e.value for e in found] == pytest.approx(list(expected[cause].values()), abs=tol)
        lost = curve.months_lost(cause, 240)
        assert isinstance(lost, Estimate)
        assert lost.value == pytest.approx(expected["restricted_mean_240_months"][cause], abs=tol)
    alive = curve.restricted_mean(240)
    assert isinstance(alive, Estimate)
    assert alive.value == pytest.approx(expected["restricted_mean_240_months"]["alive"], abs=tol)
    naive = estimates(curve.naive("pcm"), [240], "pcm")[0]
    assert naive.value == pytest.approx(expected["naive_one_minus_km_240"], abs=tol)
    assert naive.value > estimates(curve, [240], "pcm")[0].high  # the shortcut is not even inside the interval


@pytest.mark.acceptance("eu_savings")
@pytest.mark.parametrize("via_counts", [False, True], ids=["rows", "cells"])
def test_eu_savings(shared: Path, acceptance: dict[str, Any], via_counts: bool) -> None:
    expected = acceptance["eu_savings"]
    tol = expected["tol"]
    months, reason = eu_savings(shared)
    if via_counts:
        cells = pd.DataFrame({"months": months, "reason": reason}).value_counts().reset_index()
        counts = risk_table(cells["months"], cells["reason"], weight=cells["count"])
        curve = cumulative_incidence_from_counts(counts)
    else:
        curve = cumulative_incidence(months, reason)
    events = curve.table.groupby("cause")["events"].sum()
    assert events.to_dict() == {"surrender": expected["counts"]["surrender"], "claim": expected["counts"]["claim"]}
    for cause in ("surrender", "claim"):
        table = expected[f"{cause}_by_month"]
        found = estimates(curve, [float(m) for m in table], cause)
        assert [e.value for e in found] == pytest.approx(list(table.values()), abs=tol)
    table = expected["surrender_se"]
    found = estimates(curve, [float(m) for m in table], "surrender")
    assert [e.se for e in found] == pytest.approx(list(table.values()), abs=tol)
    assert {e.n for e in found} == {len(months)}


def test_a_case_by_hand() -> None:
    # Month 1: 4 at risk, one event of each cause (a tie). Month 2: 2 at risk, one event of a, one censored.
    curve = cumulative_incidence([1, 1, 2, 2], ["a", "b", "a", ""])
    table = curve.table.set_index(["time", "cause"])
    assert table["incidence"].to_dict() == pytest.approx(
        {(1, "a"): 0.25, (1, "b"): 0.25, (2, "a"): 0.25 + 0.5 * 0.5, (2, "b"): 0.25}
    )
    assert table["at_risk"].to_list() == [4, 4, 2, 2]
    # Nobody is censored before month 2, so these are binomial shares.
    assert table.loc[(1, "a"), "se"] == pytest.approx(np.sqrt(0.25 * 0.75 / 4))
    lost = curve.months_lost("a", 2)
    assert isinstance(lost, Estimate)
    assert lost.value == pytest.approx(0.25)


def test_without_censoring_incidence_is_the_plain_share_with_its_binomial_error() -> None:
    rng = np.random.default_rng(3)
    time, cause = rng.integers(1, 25, 400), rng.choice(["a", "b", "c"], 400)
    curve = cumulative_incidence(time, cause)
    for month in (3, 12, 24):
        for name in "abc":
            share = float(((time <= month) & (cause == name)).mean())
            found = estimates(curve, [month], name)[0]
            assert found.value == pytest.approx(share, abs=1e-12)
            assert found.se == pytest.approx(np.sqrt(share * (1 - share) / 400), abs=1e-12)
            assert found.n_events == round(400 * share)


def reference(
    time: np.ndarray, cause: np.ndarray, entry: np.ndarray, weight: np.ndarray, of: str, month: float
) -> float:
    """Aalen-Johansen by its definition, one month and one row at a time: shares no code with what it checks."""
    survival, incidence = 1.0, 0.0
    for t in sorted(set(time)):
        if t > month:
            break
        at_risk = any_event = own = 0.0
        for t_i, c_i, e_i, w_i in zip(time, cause, entry, weight, strict=True):
            if e_i < t <= t_i:
                at_risk += w_i
                any_event += w_i * (t_i == t and c_i != "")
                own += w_i * (t_i == t and c_i == of)
        incidence += survival * own / at_risk
        survival *= 1 - any_event / at_risk
    return incidence


def test_delayed_entry_and_weights_against_the_definition() -> None:
    rng = np.random.default_rng(8)
    n = 120
    entry = rng.integers(0, 6, n).astype(float)
    time = entry + rng.integers(1, 40, n) / 2
    cause = rng.choice(["", "a", "b"], n, p=[0.5, 0.3, 0.2])
    weight = rng.integers(1, 5, n).astype(float)
    entry[:20] = 0
    curve = cumulative_incidence(time, cause, entry=entry, weight=weight)
    for of in "ab":
        for month in (0.5, 1, 2.5, 7, 12):
            found = estimates(curve, [month], of)[0]
            assert found.value == pytest.approx(reference(time, cause, entry, weight, of, month), abs=1e-12)


def test_an_event_before_anybody_else_entered_ends_every_cause() -> None:
    curve = cumulative_incidence([1, 5, 6, 7], ["a", "b", "a", ""], entry=[0, 2, 2, 2])
    assert curve.at([0.5], cause="b")[0]
    assert not curve.at([5], cause="b")[0]
    assert curve.table.loc[curve.table["time"] >= 1, ["incidence", "low", "high", "se"]].isna().all(axis=None)


def test_causes_are_named_and_unknown_ones_refused() -> None:
    curve = cumulative_incidence([1, 2, 3], np.array(["a", "b", None]))
    assert curve.causes == ("a", "b")
    with pytest.raises(ValueError, match="no cause is called 'c'; expected one of a, b"):
        curve.at([1], cause="c")
    with pytest.raises(ValueError, match="no cause is called None"):
        curve.at([1])
    with pytest.raises(ValueError, match="no cause is called 'c'"):
        curve.months_lost("c", 2)
    assert curve.naive("a").at([1])[0]  # one cause is left, so it need not be named
    assert not curve.at([1], group="elsewhere", cause="a")[0]


def test_no_event_at_all_is_an_estimate_with_an_upper_end() -> None:
    curve = cumulative_incidence([3] * 30 + [4] * 10, ["b"] + [""] * 39, group=["g"] + ["f"] * 39)
    found = curve.at([4], group="f", cause="b")[0]
    assert isinstance(found, Estimate)
    assert (found.value, found.low, found.n_events) == (0, 0, 0)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 10))
    lost = curve.months_lost("b", 4, "f")
    assert isinstance(lost, Estimate)
    assert lost.value == 0 < lost.high
    censored = cumulative_incidence([3, 4], ["", ""])
    assert censored.causes == ()
    mean = censored.restricted_mean(4)
    assert isinstance(mean, Estimate)
    assert mean.value == 4


def test_rounded_counts_with_too_many_events_are_cut_and_reported() -> None:
    counts = risk_table([1, 2, 3, 4], ["a", "b", "a", ""])
    counts.loc[counts["time"] == 3, "at_risk"] = 5
    counts.loc[(counts["time"] == 3) & (counts["cause"] == "a"), "events"] = 10
    curve = cumulative_incidence_from_counts(counts)
    check = next(c for c in curve.checks if c.name == "events fit the risk sets")
    assert check.statistic == 5
    refused = curve.at([4], cause="a")[0]
    assert isinstance(refused, NotEstimable)
    last = curve.table[curve.table["time"] < 3]
    assert last["incidence"].between(0, 1).all()
