"""Regressions for durations that must agree with each other and with the curves."""

import numpy as np
import pandas as pd
import pytest

from insights.stats.cox import CoxModel, cox
from insights.stats.cox.concordance import Concordance, concordance
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.logrank import logrank
from insights.stats.results import Estimate
from insights.stats.survival import kaplan_meier

COLUMNS = ["x", "z"]


def spells(seed: int, n: int, months: float) -> pd.DataFrame:
    """Relationships with proportional hazards in continuous time; a month is ``months`` of the mean duration's 20th."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.integers(0, 2, n).astype(float)})
    time = rng.exponential(20 / np.exp(0.4 * data["x"] - 0.5 * data["z"]))
    end = rng.uniform(5, 40, n)
    data["event"], data["exit"] = time <= end, np.ceil(np.minimum(time, end) / months) * months
    return data


def person_months(data: pd.DataFrame, months: float = 1.0) -> pd.DataFrame:
    number = (data["exit"] / months).round().astype(int)
    rows = data.loc[data.index.repeat(number)].copy()
    rows["at"] = (rows.groupby(level=0).cumcount() + 1) * months
    rows["id"] = rows.index
    rows["happens"] = rows["event"] & np.isclose(rows["at"], rows["exit"])
    return rows.reset_index(drop=True)


def estimates(model: object) -> pd.DataFrame:
    assert isinstance(model, (CoxModel, HazardModel)), model
    return model.table.set_index("name").loc[COLUMNS, ["estimate", "se"]]


def test_the_finer_the_months_the_closer_cox_and_the_discrete_hazard() -> None:
    gaps = []
    for months in (4.0, 1.0, 0.25):
        data = spells(1, 1200, months)
        rows = person_months(data, months)
        one = estimates(cox(data[COLUMNS], data["exit"], data["event"]))
        other = estimates(discrete_hazard(rows[COLUMNS], rows["happens"], baseline=rows["at"]))
        gaps.append(float(((one - other) / one["se"].to_numpy()[:, None]).abs().max(axis=None)))
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 0.02  # standard errors


def test_grouping_does_not_change_what_the_discrete_hazard_estimates() -> None:
    """Complementary log-log keeps the hazard ratios of continuous time, also in months in which a third leave."""
    truth, found = [0.4, -0.5], []
    for seed in range(8):
        rows = person_months(spells(seed, 800, 8.0), 8.0)
        found.append(estimates(discrete_hazard(rows[COLUMNS], rows["happens"], baseline=rows["at"])))
    mean = sum(f["estimate"] for f in found) / 8
    error = found[0]["se"].to_numpy() / np.sqrt(8)
    # Censoring within a period counts as lasting to its end, which costs a little.
    assert np.abs(mean.to_numpy() - truth).max() < 4 * error.max()


def test_rows_by_month_give_the_same_cox_model_as_one_row_each() -> None:
    data = spells(2, 400, 1.0)
    rows = person_months(data)
    whole = cox(data[COLUMNS], data["exit"], data["event"], robust=True)
    split = cox(
        rows[COLUMNS], rows["at"], rows["happens"], entry=rows["at"] - 1, cluster=rows["id"], small_sample=False
    )
    assert estimates(split).to_numpy() == pytest.approx(estimates(whole).to_numpy(), rel=1e-6)


def test_clustering_rows_of_one_unit_changes_little_where_the_model_holds() -> None:
    rows = person_months(spells(3, 1500, 1.0))
    model = discrete_hazard(rows[COLUMNS], rows["happens"], baseline=rows["at"])
    clustered = discrete_hazard(rows[COLUMNS], rows["happens"], baseline=rows["at"], cluster=rows["id"])
    assert estimates(clustered)["se"].to_numpy() == pytest.approx(estimates(model)["se"].to_numpy(), rel=0.08)


def test_the_score_test_of_a_single_flag_is_the_logrank_test() -> None:
    """Without ties; the score is that of the null model: twice the gain of the likelihood is close to it."""
    rng = np.random.default_rng(4)
    flag = rng.integers(0, 2, 3000)
    time = rng.exponential(20 / np.exp(0.1 * flag))
    event = time < 30
    test = logrank(np.minimum(time, 30), event, flag)
    model = cox((["flag"], flag[:, None]), np.minimum(time, 30), event)
    assert isinstance(model, CoxModel)
    assert 2 * (model.loglik - model.loglik_null) == pytest.approx(test.statistic, rel=0.02)


def test_without_effects_the_baseline_is_nelson_aalen_and_near_kaplan_meier() -> None:
    rng = np.random.default_rng(5)
    time, event = rng.integers(1, 25, 5000).astype(float), rng.random(5000) < 0.3
    model = cox(([], np.zeros((5000, 0))), time, event, ties="breslow")
    assert isinstance(model, CoxModel)
    at_risk = np.array([(time >= t).sum() for t in model.baseline["time"]])
    events = np.array([((time == t) & event).sum() for t in model.baseline["time"]])
    assert model.baseline["hazard"].to_numpy() == pytest.approx(events / at_risk)
    efron = cox(([], np.zeros((5000, 0))), time, event)
    assert isinstance(efron, CoxModel)
    curve = kaplan_meier(time, event).at([6, 12, 18])
    survival = efron.survival(([], np.zeros((1, 0))), [6, 12, 18])[0]
    for estimate, modelled in zip(curve, survival, strict=True):
        assert isinstance(estimate, Estimate)
        assert modelled == pytest.approx(estimate.value, abs=1e-3)


def test_levels_of_periods_are_the_shares_that_leave() -> None:
    rows = person_months(spells(6, 600, 1.0))
    model = discrete_hazard(([], np.zeros((len(rows), 0))), rows["happens"], baseline=rows["at"])
    assert isinstance(model, HazardModel)
    assert model.levels is not None
    shares = rows.groupby("at")["happens"].mean()
    assert model.levels["hazard"].to_numpy() == pytest.approx(shares.to_numpy(), abs=1e-6)


def test_hazards_of_causes_rest_on_the_same_rows() -> None:
    """Two causes: each is fitted with the other as no event; the hazards of a month add up to that of leaving."""
    rows = person_months(spells(7, 1000, 1.0))
    cause = np.random.default_rng(7).integers(0, 2, len(rows)) == 0
    none = ([], np.zeros((len(rows), 0)))
    parts = [discrete_hazard(none, rows["happens"] & c, baseline=rows["at"]) for c in (cause, ~cause)]
    whole = discrete_hazard(none, rows["happens"], baseline=rows["at"])
    assert isinstance(whole, HazardModel)
    total = np.zeros(len(rows))
    for part in parts:
        assert isinstance(part, HazardModel)
        total += part.predict(none, baseline=rows["at"])
    assert total == pytest.approx(whole.predict(none, baseline=rows["at"]), abs=1e-6)


def test_concordance_is_the_area_under_the_curve_where_all_stay_or_leave_at_once() -> None:
    rng = np.random.default_rng(8)
    left, score = rng.random(500) < 0.4, rng.normal(size=500)
    found = concordance(np.where(left, 1.0, 2.0), left, score)
    assert isinstance(found, Concordance)
    ranks = pd.Series(score).rank()
    area = (ranks[left].sum() - left.sum() * (left.sum() + 1) / 2) / (left.sum() * (~left).sum())
    assert found.value == pytest.approx(area)


def test_rows_that_are_each_a_cluster_are_robust_errors() -> None:
    rng = np.random.default_rng(9)
    n = 25_000  # so many clusters that their sums are made in another way
    columns = rng.normal(size=(n, 2))
    time = np.ceil(rng.exponential(30 / np.exp(columns @ [0.4, -0.2])))
    options = {"cluster": rng.permutation(n), "small_sample": False}
    design = (COLUMNS, columns)
    one, other = (cox(design, np.minimum(time, 24), time <= 24, **k) for k in ({"robust": True}, options))
    assert estimates(other).to_numpy() == pytest.approx(estimates(one).to_numpy(), rel=1e-9)
    first, second = (discrete_hazard(design, time <= 3, **k) for k in ({"robust": True}, options))
    assert estimates(second).to_numpy() == pytest.approx(estimates(first).to_numpy(), rel=1e-9)
