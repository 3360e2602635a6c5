"""What must hold of every discrete-time hazard, whatever the data (Hypothesis)."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.stats.hazard import HazardModel, discrete_hazard

some = settings(max_examples=15, deadline=None)
COLUMNS = ["x", "z"]


@st.composite
def rows(draw: st.DrawFn) -> pd.DataFrame:
    """Rows with few distinct values, so that cells have several; two columns, four periods, 25 clusters."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(300, 600))
    data = pd.DataFrame({"x": rng.integers(-2, 3, n) / 2, "z": rng.integers(0, 2, n).astype(float)})
    data["period"], data["cluster"] = rng.integers(1, 5, n), rng.integers(0, 25, n)
    eta = draw(st.floats(-1.2, 0.3)) + draw(st.floats(-1, 1)) * data["x"] + 0.2 * data["z"]
    data["event"] = (rng.random(n) < -np.expm1(-np.exp(eta))).astype(float)
    return data


ways_to_fit = st.fixed_dictionaries(
    {"link": st.sampled_from(["cloglog", "logit"])},
    optional={"baseline": st.just("period"), "cluster": st.just("cluster"), "robust": st.just(True)},
)


def fit(data: pd.DataFrame, options: dict[str, Any], **changed: Any) -> HazardModel:
    arguments = {k: data[v] if isinstance(v, str) and v in data else v for k, v in options.items()} | changed
    model = discrete_hazard(data[COLUMNS], data["event"], **arguments)
    assert isinstance(model, HazardModel), model
    return model


def same(one: HazardModel, other: HazardModel, *, errors: bool = True) -> None:
    columns = ["estimate", "se", "low", "high", "p"] if errors else ["estimate"]
    for name in columns:
        assert one.table[name].to_numpy() == pytest.approx(other.table[name].to_numpy(), rel=1e-6, abs=1e-8), name
    assert one.deviance == pytest.approx(other.deviance)
    assert (one.n, one.n_events) == (other.n, other.n_events)


@some
@given(rows(), ways_to_fit, st.integers(0, 1000))
def test_the_order_of_rows_and_the_names_of_clusters_do_not_matter(
    data: pd.DataFrame, options: dict[str, Any], seed: int
) -> None:
    named = np.random.default_rng(seed).permutation(25)[data["cluster"]]
    shuffled = data.assign(cluster=[f"manager {k}" for k in named], period=10 - data["period"])
    same(fit(data, options), fit(shuffled.sample(frac=1, random_state=seed), options))


@some
@given(rows(), ways_to_fit)
def test_cells_say_what_rows_say(data: pd.DataFrame, options: dict[str, Any]) -> None:
    keys = [*COLUMNS, "period", "cluster"]
    cells = data.groupby(keys, as_index=False).agg(event=("event", "sum"), trials=("event", "size"))
    assert len(cells) < len(data)
    same(fit(data, options), fit(cells, options, trials=cells["trials"]))


@some
@given(rows(), ways_to_fit, st.sampled_from([0.01, 30.4375, -2.0]))
def test_the_scale_of_a_column_does_not_matter(data: pd.DataFrame, options: dict[str, Any], factor: float) -> None:
    one, other = fit(data, options), fit(data.assign(x=data["x"] * factor), options)
    own, scaled = (m.table.set_index("name").loc["x"] for m in (one, other))
    assert scaled["estimate"] * factor == pytest.approx(own["estimate"], rel=1e-6, abs=1e-8)
    assert scaled["se"] * abs(factor) == pytest.approx(own["se"], rel=1e-6)
    assert scaled["p"] == pytest.approx(own["p"], rel=1e-5, abs=1e-8)
    assert one.deviance == pytest.approx(other.deviance)


@some
@given(rows(), st.sampled_from(["cloglog", "logit"]))
def test_a_weight_of_two_is_a_row_twice(data: pd.DataFrame, link: str) -> None:
    weight = 1.0 + (np.arange(len(data)) % 2)
    twice = pd.concat([data, data[weight == 2]])
    options = {"link": link, "cluster": "cluster"}
    one, other = fit(data, options, weight=weight), fit(twice, options)
    for name in ("estimate", "se", "low", "high"):
        assert one.table[name].to_numpy() == pytest.approx(other.table[name].to_numpy(), rel=1e-6, abs=1e-8)


@some
@given(rows(), ways_to_fit)
def test_a_weight_of_zero_is_no_row(data: pd.DataFrame, options: dict[str, Any]) -> None:
    strange = data.head(50).assign(x=5.0, event=1.0, cluster=99, period=9)
    both = pd.concat([data, strange], ignore_index=True)
    weight = np.concatenate([np.ones(len(data)), np.zeros(50)])
    same(fit(data, options, weight=np.ones(len(data))), fit(both, options, weight=weight))


@some
@given(rows(), st.sampled_from(["cloglog", "logit"]), st.floats(-2, 2))
def test_an_offset_takes_its_part_of_the_effect(data: pd.DataFrame, link: str, part: float) -> None:
    options = {"link": link, "baseline": "period"}
    one, other = fit(data, options), fit(data, options, offset=part * data["x"])
    x = one.table.set_index("name")["estimate"]["x"] - other.table.set_index("name")["estimate"]["x"]
    assert x == pytest.approx(part, abs=1e-6)
    assert other.table["se"].to_numpy() == pytest.approx(one.table["se"].to_numpy(), rel=1e-5)
    assert other.deviance == pytest.approx(one.deviance)


@some
@given(rows(), ways_to_fit)
def test_predictions_are_probabilities_that_add_up_to_the_events(data: pd.DataFrame, options: dict[str, Any]) -> None:
    model = fit(data, options | {"link": "logit"})
    baseline = data["period"] if "baseline" in options else None
    found = model.predict(data[COLUMNS], baseline=baseline)
    assert ((found >= 0) & (found <= 1)).all()
    assert found.sum() == pytest.approx(data["event"].sum(), rel=1e-6)
