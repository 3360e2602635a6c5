"""Discrete-time hazards against reference software, against the likelihood written out, and in simulated clusters."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.optimize import minimize

from insights.stats.hazard import INTERCEPT, HazardModel, discrete_hazard
from insights.stats.results import Estimate, NotEstimable

Array = npt.NDArray[np.float64]
COLUMNS = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


def person_weeks(shared: Path) -> pd.DataFrame:
    rossi = pd.read_csv(shared / "data" / "reference" / "rossi.csv")
    weeks = rossi.loc[rossi.index.repeat(rossi["week"])].copy()
    weeks["person"] = weeks.index
    weeks["at"] = weeks.groupby(level=0).cumcount() + 1
    weeks["event"] = ((weeks["at"] == weeks["week"]) & (weeks["arrest"] == 1)).astype(int)
    return weeks.reset_index(drop=True)


def fitted(model: HazardModel | NotEstimable) -> HazardModel:
    assert isinstance(model, HazardModel), model
    return model


def column(model: HazardModel, name: str) -> pd.Series:
    return model.table.set_index("name")[name]


def months(seed: int, n: int = 1500) -> pd.DataFrame:
    """Rows of units and months with two columns, a period, an offset, weights and 30 clusters."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"x": rng.normal(2, 3, n), "z": rng.integers(0, 2, n).astype(float)})
    data["period"] = rng.integers(1, 7, n)
    data["offset"] = rng.normal(0, 0.3, n)
    data["weight"] = rng.choice([0.5, 1.0, 4.0], n)
    data["cluster"] = rng.integers(0, 30, n)
    eta = -2 + 0.15 * data["x"] - 0.5 * data["z"] + data["offset"] + 0.1 * data["period"]
    data["event"] = (rng.random(n) < -np.expm1(-np.exp(eta))).astype(float)
    return data


@pytest.mark.acceptance("discrete_hazard_rossi")
@pytest.mark.parametrize("cells", [False, True], ids=["rows", "cells"])
def test_rossi(shared: Path, acceptance: dict[str, Any], cells: bool) -> None:
    expected, weeks = acceptance["discrete_hazard_rossi"], person_weeks(shared)
    assert len(weeks) == 19809
    if cells:
        weeks = weeks.groupby([*COLUMNS, "at"], as_index=False).agg(event=("event", "sum"), trials=("event", "size"))
    trials = weeks["trials"] if cells else None
    model = fitted(discrete_hazard(weeks[COLUMNS], weeks["event"], trials=trials, baseline=weeks["at"]))
    tol = expected["tol"]
    for name, value in expected["coef"].items():
        assert column(model, "estimate")[name] == pytest.approx(value, abs=tol)
        assert column(model, "se")[name] == pytest.approx(expected["se"][name], abs=tol)
    assert model.deviance == pytest.approx(expected["deviance"], abs=tol)
    assert (model.n, model.n_events) == (expected["rows_fitted"], expected["events"])


def naive_fit(data: pd.DataFrame, link: str, with_weight: bool) -> tuple[Array, Array]:
    """Maximise the likelihood row by row with a general optimiser; return coefficients and model-based covariance."""
    columns = np.column_stack([np.ones(len(data)), data["x"], data["z"]])
    weight = data["weight"].to_numpy() if with_weight else np.ones(len(data))
    event, offset = data["event"].to_numpy(), data["offset"].to_numpy()

    def hazard(beta: Array) -> Array:
        eta = columns @ beta + offset
        return np.asarray(1 / (1 + np.exp(-eta)) if link == "logit" else 1 - np.exp(-np.exp(eta)))

    def lost(beta: Array) -> float:
        h = hazard(beta)
        return -float(weight @ (event * np.log(h) + (1 - event) * np.log(1 - h)))

    beta = minimize(lost, [-2.0, 0.1, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10}).x
    step = 1e-6
    slopes = np.column_stack([(hazard(beta + step * e) - hazard(beta - step * e)) / (2 * step) for e in np.eye(3)])
    h = hazard(beta)
    information = slopes.T @ (slopes * (weight / (h * (1 - h)))[:, None])
    return beta, np.linalg.inv(information)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_the_likelihood_written_out_has_its_maximum_at_the_same_place(link: str) -> None:
    data = months(1)
    model = fitted(discrete_hazard(data[["x", "z"]], data["event"], offset=data["offset"], link=link))
    beta, covariance = naive_fit(data, link, with_weight=False)
    assert model.table["name"].to_list() == [INTERCEPT, "x", "z"]
    assert model.table["estimate"].to_numpy() == pytest.approx(beta, abs=1e-5)
    assert model.covariance == pytest.approx(covariance, rel=1e-4, abs=1e-7)
    weighted = fitted(
        discrete_hazard(data[["x", "z"]], data["event"], offset=data["offset"], link=link, weight=data["weight"])
    )
    assert weighted.table["estimate"].to_numpy() == pytest.approx(naive_fit(data, link, True)[0], abs=1e-5)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_robust_errors_are_those_of_the_definition(link: str) -> None:
    """Scores by numerical differences of each row's log-likelihood, in all parameters, levels of periods included."""
    data = months(2)
    model = fitted(
        discrete_hazard(
            data[["x", "z"]],
            data["event"],
            weight=data["weight"],
            offset=data["offset"],
            baseline=data["period"],
            link=link,
        )
    )
    assert model.levels is not None
    dummies = pd.get_dummies(data["period"]).to_numpy(float)
    columns = np.column_stack([data[["x", "z"]], dummies])
    at = np.concatenate([model.table["estimate"], model.levels["level"]])
    event, weight, offset = (data[c].to_numpy() for c in ("event", "weight", "offset"))

    def hazard(beta: Array) -> Array:
        eta = columns @ beta + offset
        return np.asarray(1 / (1 + np.exp(-eta)) if link == "logit" else 1 - np.exp(-np.exp(eta)))

    def rows(beta: Array) -> Array:
        h = hazard(beta)
        return np.asarray(event * np.log(h) + (1 - event) * np.log(1 - h))

    step, every = 1e-5, np.eye(len(at))
    scores = np.column_stack([(rows(at + step * e) - rows(at - step * e)) / (2 * step) for e in every])
    slopes = np.column_stack([(hazard(at + step * e) - hazard(at - step * e)) / (2 * step) for e in every])
    h = hazard(at)
    assert scores.T @ weight == pytest.approx(0, abs=1e-4)
    bread = np.linalg.inv(slopes.T @ (slopes * (weight / (h * (1 - h)))[:, None]))
    weighted = scores * weight[:, None]
    assert model.covariance == pytest.approx((bread @ weighted.T @ weighted @ bread)[:2, :2], rel=1e-5)
    totals = pd.DataFrame(weighted).groupby(data["cluster"]).sum().to_numpy()
    clustered = fitted(
        discrete_hazard(
            data[["x", "z"]],
            data["event"],
            weight=data["weight"],
            offset=data["offset"],
            baseline=data["period"],
            link=link,
            cluster=data["cluster"],
            small_sample=False,
        )
    )
    assert clustered.covariance == pytest.approx((bread @ totals.T @ totals @ bread)[:2, :2], rel=1e-5)


def test_two_way_clusters_are_the_sum_of_both_less_the_pairs() -> None:
    data = months(3)
    data["other"] = np.random.default_rng(3).integers(0, 25, len(data))

    def covariance(cluster: Any) -> Array:
        return fitted(discrete_hazard(data[["x", "z"]], data["event"], cluster=cluster, small_sample=False)).covariance

    pairs = data["cluster"] * 100 + data["other"]
    both = covariance({"one": data["cluster"], "two": data["other"]})
    assert both == pytest.approx(covariance(data["cluster"]) + covariance(data["other"]) - covariance(pairs), rel=1e-9)
    # Clusters inside larger ones add nothing to the larger ones.
    inside = covariance({"large": data["cluster"], "small": pairs})
    assert inside == pytest.approx(covariance(data["cluster"]), rel=1e-9)


def test_many_rows_start_from_a_sample_and_end_at_the_same_place() -> None:
    """240,000 rows, the columns in single precision, far from zero, against the same fit to the cells."""
    rng = np.random.default_rng(4)
    n = 240_000
    data = pd.DataFrame(
        {"x": 1e4 + rng.integers(0, 5, n), "z": rng.integers(0, 3, n), "period": rng.integers(0, 12, n)}
    )
    eta = -4 + 0.2 * (data["x"] - 1e4) - 0.3 * data["z"]
    data["event"] = rng.random(n) < -np.expm1(-np.exp(eta))
    single = data[["x", "z"]].to_numpy(np.float32)
    cells = data.groupby(["x", "z", "period"], as_index=False).agg(events=("event", "sum"), trials=("event", "size"))
    for baseline in (None, "period"):
        by_row = None if baseline is None else data[baseline]
        by_cell = None if baseline is None else cells[baseline]
        one = fitted(discrete_hazard((["x", "z"], single), data["event"], baseline=by_row))
        other = fitted(discrete_hazard(cells[["x", "z"]], cells["events"], trials=cells["trials"], baseline=by_cell))
        assert one.table["estimate"].to_numpy() == pytest.approx(other.table["estimate"].to_numpy(), rel=1e-6)
        assert one.table["se"].to_numpy() == pytest.approx(other.table["se"].to_numpy(), rel=1e-6)
        assert one.deviance == pytest.approx(other.deviance)
    rare = np.zeros((n, 1), dtype=np.float32)
    rare[::24_001] = 1  # in so few rows that a sample need not see it
    constant = np.full((n, 1), 0.1, dtype=np.float32)
    for extra, said in ((constant, "'c' does not vary"), (rare, "'c' separates"), (single[:, :1] * 2 + 1, "of 'x'")):
        happened = data["event"] & (rare[:, 0] == 0)
        found = discrete_hazard((["x", "z", "c"], np.hstack([single, extra])), happened)
        assert said in str(found)


def test_predictions_are_the_hazards_of_the_model() -> None:
    data = months(5)
    data.loc[data["period"] == 6, "event"] = 0.0
    model = fitted(discrete_hazard(data[["x", "z"]], data["event"], baseline=data["period"]))
    assert model.levels is not None
    assert model.n == (data["period"] < 6).sum()
    found = model.predict(data[["z", "x", "event"]], baseline=data["period"])
    assert (found[data["period"] == 6] == 0).all()
    for period in range(1, 6):  # a free level makes the sum of hazards that of the events (to Fisher's weights)
        rows = data["period"] == period
        level = model.levels.set_index("period").loc[str(period), "level"]
        beta = column(model, "estimate")
        eta = level + data.loc[rows, "x"] * beta["x"] + data.loc[rows, "z"] * beta["z"]
        assert found[rows] == pytest.approx((1 - np.exp(-np.exp(eta))).to_numpy())
    logit = fitted(discrete_hazard(data[["x", "z"]], data["event"], link="logit"))
    assert logit.predict(data[["x", "z"]]).sum() == pytest.approx(data["event"].sum())
    with pytest.raises(ValueError, match="1 periods were not in the fit, such as 7"):
        model.predict(data[["x", "z"]].head(1), baseline=[7])
    with pytest.raises(ValueError, match="expected baseline: the period of every row"):
        model.predict(data[["x", "z"]])
    with pytest.raises(ValueError, match="the columns z are missing"):
        model.predict(data[["x"]], baseline=data["period"])


def test_influence_is_what_leaving_a_cluster_out_does() -> None:
    data = months(6, n=4000)
    model = fitted(discrete_hazard(data[["x", "z"]], data["event"], cluster={"manager": data["cluster"]}))
    assert model.influence is not None
    for k in (0, 7, 29):
        rest = data[data["cluster"] != k]
        change = fitted(discrete_hazard(rest[["x", "z"]], rest["event"])).table["estimate"] - model.table["estimate"]
        told = model.influence.set_index("manager").loc[str(k)].to_numpy(float)
        assert told == pytest.approx(change.to_numpy(), abs=0.03 * model.table["se"].max())


def grouped(rng: np.random.Generator, groups: int, sd: float, size: int = 60) -> pd.DataFrame:
    """Rows of groups whose hazards differ, with a column that differs between groups only, without any effect."""
    group = np.repeat(np.arange(groups), size)
    data = pd.DataFrame(
        {"group": group, "own": rng.normal(size=len(group)), "of_group": rng.normal(size=groups)[group]}
    )
    eta = -1.5 + 0.3 * data["own"] + sd * rng.normal(size=groups)[group]
    data["event"] = (rng.random(len(group)) < -np.expm1(-np.exp(eta))).astype(float)
    return data


def test_few_clusters_need_the_correction_and_have_it() -> None:
    """Twelve groups: the corrected interval of a column of groups covers, the model's own is far too narrow."""
    rng, repeats = np.random.default_rng(7), 150
    covered = {"model": 0, "corrected": 0}
    for _ in range(repeats):
        data = grouped(rng, 12, 0.5)
        columns = data[["own", "of_group"]]
        kinds: dict[str, dict[str, Any]] = {"model": {}, "corrected": {"cluster": data["group"]}}
        for name, options in kinds.items():
            found = fitted(discrete_hazard(columns, data["event"], **options)).coefficient("of_group")
            assert isinstance(found, Estimate)
            covered[name] += found.low <= 0 <= found.high
    shares = {name: n / repeats for name, n in covered.items()}
    assert shares["model"] < 0.75
    assert 0.91 < shares["corrected"] < 0.99
    plain = fitted(discrete_hazard(columns, data["event"], cluster=data["group"], small_sample=False))
    refused = plain.coefficient("own")
    assert isinstance(refused, NotEstimable)
    assert "12 clusters (cluster) are too few for a clustered interval" in refused.reason
    assert plain.table[["se", "low", "high", "p"]].isna().all(axis=None)
    assert plain.table["estimate"].notna().all()


def test_a_random_intercept_finds_how_much_groups_differ() -> None:
    rng = np.random.default_rng(8)
    found = []
    for _ in range(6):
        data = grouped(rng, 40, 0.5, size=100)
        model = fitted(discrete_hazard(data[["own", "of_group"]], data["event"], random_intercept=data["group"]))
        assert model.group_sd is not None
        found.append(model.group_sd)
        own = model.coefficient("own")
        assert isinstance(own, Estimate)
        assert abs(own.value - 0.3) < 4 * (own.se or 0)
        assert set(model.df) == {39.0}
    # The standard deviation of an estimated sd of 40 groups is about a ninth of it.
    assert np.mean(found) == pytest.approx(0.5, abs=3 * 0.5 / 9 / np.sqrt(6))
    same = model.predict(data[["own", "of_group"]], group=data["group"])
    assert same.mean() == pytest.approx(data["event"].mean(), rel=0.02)
    typical = model.predict(data[["own", "of_group"]], group=["elsewhere"] * len(data))
    assert typical == pytest.approx(model.predict(data[["own", "of_group"]]))
    alike = grouped(rng, 40, 0.0, size=100)
    none = fitted(discrete_hazard(alike[["own"]], alike["event"], random_intercept=alike["group"]))
    assert none.group_sd is not None
    assert none.group_sd < 0.15


def test_the_random_intercept_maximises_the_approximation_written_out() -> None:
    data = grouped(np.random.default_rng(9), 15, 0.6)
    model = fitted(discrete_hazard(data[["own"]], data["event"], random_intercept=data["group"]))
    assert model.group_sd is not None
    columns = np.column_stack([np.ones(len(data)), data["own"], pd.get_dummies(data["group"]).to_numpy(float)])
    event = data["event"].to_numpy()

    def criterion(sd: float) -> float:
        theta, penalty = np.zeros(17), np.diag([0.0, 0.0] + [1 / sd**2] * 15)
        theta[0] = -1.5
        for _ in range(30):
            rate = np.exp(columns @ theta)
            h = -np.expm1(-rate)
            information = columns.T @ (columns * (rate**2 * (1 - h) / h)[:, None]) + penalty
            theta = theta + np.linalg.solve(information, columns.T @ (rate * (event / h - 1)) - penalty @ theta)
        loglik = np.sum(event * np.log(h) + (1 - event) * np.log1p(-h)) - theta @ penalty @ theta / 2
        return float(loglik - 15 * np.log(sd) - np.linalg.slogdet(information)[1] / 2)

    best = criterion(model.group_sd)
    for factor in (0.8, 0.95, 1.05, 1.25):
        assert criterion(model.group_sd * factor) < best


def test_too_little_evidence_is_no_number() -> None:
    data = months(10)
    few = data.assign(event=0.0)
    few.loc[:39, "event"] = 1.0
    refused = discrete_hazard(few[["x", "z"]], few["event"])
    assert refused == NotEstimable(
        "40 events are too few for 2 parameters: 50 are needed (10 for each, and at least 50)"
    )
    assert "rows without event" in str(discrete_hazard(few[["x"]], 1 - few["event"]))
    wide = data[["x"]].assign(**{f"v{k}": np.arange(len(data)) % (k + 2) for k in range(40)})
    assert "too few for 41 parameters: 410 are needed" in str(discrete_hazard(wide, data["event"]))
    groups = discrete_hazard(data[["x"]], data["event"], random_intercept=data["cluster"] % 4)
    assert "4 groups tell too little" in str(groups)


def test_columns_that_the_data_cannot_tell_apart_are_named() -> None:
    data = months(11)
    columns = data[["x", "z"]]
    said = {
        "constant": columns.assign(c=3.0),
        "sum": columns.assign(c=columns["x"] + 2 * columns["z"] + 1),
        "separating": columns.assign(c=((data["event"] == 0) & (columns["x"] > 3)).astype(float)),
        "perfect": columns.assign(c=data["event"] * 2 + np.linspace(0, 1, len(data))),
    }
    found = {name: discrete_hazard(design, data["event"]) for name, design in said.items()}
    reasons = {name: model.reason for name, model in found.items() if isinstance(model, NotEstimable)}
    assert set(reasons) == set(said)
    assert reasons["constant"].startswith("the column 'c' does not vary:")
    assert reasons["sum"].startswith("the column 'c' is a linear combination of 'x', 'z':")
    assert reasons["separating"].startswith("the likelihood has no maximum: the column 'c' separates")
    assert reasons["perfect"].startswith("the likelihood has no maximum: the column 'c' separates")
    within = discrete_hazard(columns.assign(c=data["period"] * 2.0), data["event"], baseline=data["period"])
    assert "the column 'c' does not vary within the periods" in str(within)


def test_a_column_far_from_zero_is_no_trouble() -> None:
    data = months(12)
    far = data[["x", "z"]].assign(x=1e7 + data["x"])
    one, other = (fitted(discrete_hazard(d, data["event"])) for d in (data[["x", "z"]], far))
    assert column(other, "estimate")["x"] == pytest.approx(column(one, "estimate")["x"], rel=1e-6)
    assert column(other, "se")["x"] == pytest.approx(column(one, "se")["x"], rel=1e-6)
