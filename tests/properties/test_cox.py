"""What must hold of every Cox model, whatever the data (Hypothesis)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.stats.cox import CoxModel, cox
from insights.stats.cox.concordance import Concordance, concordance
from insights.stats.proportional import proportional_hazards_test

some = settings(max_examples=15, deadline=None)
COLUMNS = ["x", "z"]


@st.composite
def rows(draw: st.DrawFn) -> pd.DataFrame:
    """Spells in half months or in thirds of a month, with ties, some entering late, two strata, 22 clusters."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, unit = draw(st.integers(150, 300)), draw(st.sampled_from([0.5, 1 / 3]))
    data = pd.DataFrame({"x": rng.integers(-3, 4, n) / 2, "z": rng.integers(0, 2, n).astype(float)})
    late = draw(st.booleans())
    data["entry"] = rng.integers(0, 8, n) * unit if late else 0.0
    hazard = np.exp(draw(st.floats(-1, 1)) * data["x"] - 0.3 * data["z"])
    data["exit"] = data["entry"] + np.ceil(rng.exponential(6 / hazard)) * unit
    data["event"] = rng.random(n) < draw(st.floats(0.6, 1.0))
    data["stratum"], data["cluster"] = rng.integers(0, 2, n), rng.integers(0, 22, n)
    data["id"] = np.arange(n)
    return data


ways_to_fit = st.fixed_dictionaries(
    {"ties": st.sampled_from(["efron", "breslow"]), "entry": st.just("entry")},
    optional={"strata": st.just("stratum"), "cluster": st.just("cluster"), "robust": st.just(True)},
)


def fit(data: pd.DataFrame, options: dict[str, Any], **changed: Any) -> CoxModel:
    arguments = {k: data[v] if isinstance(v, str) and v in data else v for k, v in options.items()} | changed
    model = cox(data[COLUMNS], data["exit"], data["event"], **arguments)
    assert isinstance(model, CoxModel), model
    return model


def same(one: CoxModel, other: CoxModel) -> None:
    near = max(1e-8, 1e-6 * float(other.table["se"].min()))  # the end of an interval may lie anywhere, at zero too
    for name in ("estimate", "se", "low", "high", "p"):
        assert one.table[name].to_numpy() == pytest.approx(other.table[name].to_numpy(), rel=1e-6, abs=near), name
    assert one.loglik == pytest.approx(other.loglik)
    assert one.loglik_null == pytest.approx(other.loglik_null)
    assert one.n_events == other.n_events


def same_baseline(one: CoxModel, other: CoxModel, unit: float = 1.0) -> None:
    """Compare the baselines where all columns are 0: the means are those of the rows, which may have been split."""
    levels = [m.baseline["cumulative"] / np.exp(m.means @ m.table["estimate"]) for m in (one, other)]
    assert levels[0].to_numpy() == pytest.approx(levels[1].to_numpy(), rel=1e-6)
    assert (one.baseline["time"] * unit).to_numpy() == pytest.approx(other.baseline["time"].to_numpy())


@some
@given(rows(), ways_to_fit, st.integers(0, 1000))
def test_the_order_of_rows_and_the_names_of_groups_do_not_matter(
    data: pd.DataFrame, options: dict[str, Any], seed: int
) -> None:
    named = np.random.default_rng(seed).permutation(22)[data["cluster"]]
    other = data.assign(cluster=[f"manager {k}" for k in named], stratum=[f"branch {k}" for k in data["stratum"]])
    shuffled = fit(other.sample(frac=1, random_state=seed), options)
    plain = fit(data, options)
    same(plain, shuffled)
    same_baseline(plain, shuffled)
    one, two = proportional_hazards_test(plain), proportional_hazards_test(shuffled)
    assert one.table["chi2"].to_numpy() == pytest.approx(two.table["chi2"].to_numpy(), rel=1e-5, abs=1e-7)


@some
@given(rows(), ways_to_fit, st.integers(0, 1000))
def test_splitting_rows_at_a_time_changes_nothing(data: pd.DataFrame, options: dict[str, Any], seed: int) -> None:
    """Also not at a time at which others have events; each row's pieces make a cluster of their own."""
    cut = np.random.default_rng(seed).choice(data["exit"])
    inside = (data["entry"] < cut) & (cut < data["exit"])
    first = data[inside].assign(exit=cut, event=False)
    pieces = pd.concat([data[~inside], first, data[inside].assign(entry=cut)], ignore_index=True)
    if "robust" in options or "cluster" in options:
        options = {k: v for k, v in options.items() if k != "robust"} | {"cluster": "id", "small_sample": False}
    one, other = fit(data, options), fit(pieces, options)
    same(one, other)
    same_baseline(one, other)
    risks = [one.linear_predictor(frame[COLUMNS]) for frame in (data, pieces)]
    before = concordance(data["exit"], data["event"], risks[0], entry=data["entry"])
    after = concordance(pieces["exit"], pieces["event"], risks[1], entry=pieces["entry"])
    assert isinstance(before, Concordance)
    assert isinstance(after, Concordance)
    assert (before.concordant, before.discordant, before.tied_risk) == (
        after.concordant,
        after.discordant,
        after.tied_risk,
    )


@some
@given(rows(), ways_to_fit, st.sampled_from([0.01, 30.4375, -2.0]))
def test_the_scale_of_a_column_and_of_time_do_not_matter(
    data: pd.DataFrame, options: dict[str, Any], factor: float
) -> None:
    days = data.assign(x=data["x"] * factor, entry=data["entry"] * 30.4375, exit=data["exit"] * 30.4375)
    one, other = fit(data, options), fit(days, options)
    own, scaled = (m.table.set_index("name").loc["x"] for m in (one, other))
    assert scaled["estimate"] * factor == pytest.approx(own["estimate"], rel=1e-6, abs=1e-8)
    assert scaled["se"] * abs(factor) == pytest.approx(own["se"], rel=1e-6)
    assert one.loglik == pytest.approx(other.loglik)
    same_baseline(one, other, 30.4375)


@some
@given(rows(), st.sampled_from(["cluster", None]))
def test_a_weight_of_two_is_a_row_twice_under_breslow(data: pd.DataFrame, cluster: str | None) -> None:
    """Not so under Efron, in R either: two rows with an event are tied with each other, one row of weight 2 is not."""
    weight = 1.0 + (np.arange(len(data)) % 2)
    twice = pd.concat([data, data[weight == 2]], ignore_index=True)
    options = {"ties": "breslow", "entry": "entry", "strata": "stratum"} | ({"cluster": cluster} if cluster else {})
    one, other = fit(data, options, weight=weight), fit(twice, options)
    assert one.loglik == pytest.approx(other.loglik)
    for name in ("estimate", "se", "low", "high"):
        assert one.table[name].to_numpy() == pytest.approx(other.table[name].to_numpy(), rel=1e-6, abs=1e-8)
    same_baseline(one, other)


@some
@given(rows(), ways_to_fit)
def test_a_weight_of_zero_is_no_row_and_a_common_weight_no_matter(data: pd.DataFrame, options: dict[str, Any]) -> None:
    strange = data.head(30).assign(x=9.0, cluster=99, event=True)
    both = pd.concat([data, strange], ignore_index=True)
    weight = np.concatenate([np.full(len(data), 1.0), np.zeros(30)])
    plain = fit(data, options)
    same(plain, fit(both, options, weight=weight))
    threefold = fit(data, options, weight=np.full(len(data), 3.0))
    assert threefold.table["estimate"].to_numpy() == pytest.approx(
        plain.table["estimate"].to_numpy(), rel=1e-6, abs=1e-8
    )
    if "cluster" in options or "robust" in options:
        assert threefold.table["se"].to_numpy() == pytest.approx(plain.table["se"].to_numpy(), rel=1e-6)


@some
@given(rows(), ways_to_fit)
def test_those_who_leave_before_the_first_event_do_not_matter(data: pd.DataFrame, options: dict[str, Any]) -> None:
    early = data.head(40).assign(entry=-2.0, exit=-1.0, event=False, x=50.0)
    one, other = fit(data, options), fit(pd.concat([data, early], ignore_index=True), options)
    assert one.table["estimate"].to_numpy() == pytest.approx(other.table["estimate"].to_numpy(), rel=1e-6, abs=1e-8)
    assert one.loglik == pytest.approx(other.loglik)


@some
@given(rows(), ways_to_fit)
def test_martingale_residuals_add_up_to_nothing(data: pd.DataFrame, options: dict[str, Any]) -> None:
    model = fit(data, options)
    residuals = model.residuals("martingale")
    assert isinstance(residuals, np.ndarray)
    assert residuals.sum() == pytest.approx(0, abs=1e-8)
    assert (residuals <= 1 + 1e-9).all()
    assert (residuals[~data["event"]] <= 1e-9).all()


@some
@given(rows(), ways_to_fit, st.floats(0, 10))
def test_survival_falls_with_time_and_with_risk(data: pd.DataFrame, options: dict[str, Any], since: float) -> None:
    model = fit(data, options)
    stratum = model.baseline["stratum"].iloc[0]
    found = model.survival(data[COLUMNS], range(12), stratum=stratum, since=since)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found, axis=1) <= 1e-12).all()
    order = np.argsort(model.linear_predictor(data[COLUMNS]))
    assert (np.diff(found[order], axis=0) <= 1e-12).all()
