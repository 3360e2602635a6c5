"""Cox models against R, against definitions written out event by event, and in simulated clusters."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from insights.stats.clustering import Way
from insights.stats.cox import CoxModel, cox
from insights.stats.cox.concordance import Concordance, concordance
from insights.stats.cox.residuals import information_by_cluster
from insights.stats.proportional import proportional_hazards_test
from insights.stats.results import Estimate, NotEstimable

Array = npt.NDArray[np.float64]
COLUMNS = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]


def fitted(model: CoxModel | NotEstimable) -> CoxModel:
    assert isinstance(model, CoxModel), model
    return model


def column(model: CoxModel, name: str) -> dict[str, float]:
    return {str(k): float(v) for k, v in model.table.set_index("name")[name].items()}


def reference(shared: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(shared / "data" / "reference" / f"{name}.csv")


@pytest.mark.acceptance("cox_rossi_efron")
def test_rossi(shared: Path, acceptance: dict[str, Any]) -> None:
    expected, rossi = acceptance["cox_rossi_efron"], reference(shared, "rossi")
    tol = expected["tol"]
    model = fitted(cox(rossi[COLUMNS], rossi["week"], rossi["arrest"]))
    assert column(model, "estimate") == pytest.approx(expected["coef"], abs=tol)
    assert column(model, "se") == pytest.approx(expected["se"], abs=tol)
    assert model.loglik == pytest.approx(expected["loglik"], abs=tol)
    assert model.loglik_null == pytest.approx(expected["loglik_null"], abs=tol)
    robust = column(fitted(cox(rossi[COLUMNS], rossi["week"], rossi["arrest"], robust=True)), "se")
    for name, value in expected["robust_se"].items():
        assert robust[name] == pytest.approx(value, abs=tol)
    # The entry's clusters are ages, its columns fin and prio.
    clustered = cox(rossi[["fin", "prio"]], rossi["week"], rossi["arrest"], cluster=rossi["age"], small_sample=False)
    assert column(fitted(clustered), "se") == pytest.approx(expected["clustered_on_age_fin_prio"], abs=tol)
    agreement = concordance(rossi["week"], rossi["arrest"], model.linear_predictor(rossi))
    assert isinstance(agreement, Concordance)
    assert agreement.value == pytest.approx(expected["concordance"], abs=tol)
    weeks = {float(k): v for k, v in expected["survival_at_means"].items()}
    found = model.survival(rossi[COLUMNS].mean().to_frame().T, weeks)
    assert found[0] == pytest.approx(list(weeks.values()), abs=tol)


@pytest.mark.acceptance("cox_rossi_ph_test")
def test_rossi_proportional_hazards(shared: Path, acceptance: dict[str, Any]) -> None:
    expected, rossi = acceptance["cox_rossi_ph_test"], reference(shared, "rossi")
    model = fitted(cox(rossi[COLUMNS], rossi["week"], rossi["arrest"]))
    test = proportional_hazards_test(model, "km")
    assert dict(zip(test.table["term"], test.table["chi2"], strict=True)) == pytest.approx(
        expected["chi2"], abs=expected["tol"]
    )
    assert test.table["df"].to_list() == [1] * 7 + [7]
    assert [c.statistic for c in test.checks] == test.table["chi2"].to_list()


@pytest.mark.acceptance("cox_heart_start_stop")
def test_heart_start_stop(shared: Path, acceptance: dict[str, Any]) -> None:
    expected, heart = acceptance["cox_heart_start_stop"], reference(shared, "heart")
    model = fitted(
        cox(
            heart[["age", "year", "surgery", "transplant"]],
            heart["stop"],
            heart["event"],
            entry=heart["start"],
            cluster=heart["id"],
            small_sample=False,
        )
    )
    assert column(model, "estimate") == pytest.approx(expected["coef"], abs=expected["tol"])
    assert column(model, "se") == pytest.approx(expected["robust_se_by_id"], abs=expected["tol"])
    assert model.loglik == pytest.approx(expected["loglik"], abs=expected["tol"])


@pytest.mark.acceptance("immortal_time_heart")
def test_who_lives_long_enough_to_be_treated_seems_to_be_helped(shared: Path, acceptance: dict[str, Any]) -> None:
    expected, heart = acceptance["immortal_time_heart"], reference(shared, "heart")
    columns = ["age", "surgery", "transplant"]
    honest = fitted(cox(heart[columns], heart["stop"], heart["event"], entry=heart["start"]))
    assert column(honest, "estimate")["transplant"] == pytest.approx(
        expected["start_stop_age_surgery_transplant"], abs=1e-6
    )
    whole = heart.groupby("id").agg(
        {"age": "first", "surgery": "first", "transplant": "max", "stop": "max", "event": "max"}
    )
    naive = fitted(cox(whole[columns], whole["stop"], whole["event"]))
    told = float(expected["note"].split()[-1])
    assert column(naive, "estimate")["transplant"] == pytest.approx(told, abs=1e-6)


@pytest.mark.acceptance("delayed_entry_mgus2", part="Cox")
def test_mgus2_on_the_scale_of_age(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["delayed_entry_mgus2"]
    known = reference(shared, "mgus2").dropna(subset=["mspike", "hgb"])
    columns = known[["mspike", "hgb"]].assign(sexM=(known["sex"] == "M").astype(float))
    entry = 12 * known["age"]
    model = fitted(cox(columns, entry + known["futime"], known["death"], entry=entry))
    assert column(model, "estimate") == pytest.approx(expected["coef"], abs=expected["tol"])
    assert model.loglik == pytest.approx(expected["loglik"], abs=expected["tol"])
    assert {"n": model.n, "events": model.n_events} == expected["cox"]


@pytest.mark.acceptance("competing_risks_mgus2", part="cause-specific Cox")
def test_mgus2_by_cause(shared: Path, acceptance: dict[str, Any]) -> None:
    expected = acceptance["competing_risks_mgus2"]
    known = reference(shared, "mgus2").dropna(subset=["mspike"])
    columns = known[["age", "mspike"]].assign(sexM=(known["sex"] == "M").astype(float))
    pcm = known["pstat"] == 1
    time = np.where(pcm, known["ptime"], known["futime"])
    causes = {"pcm": pcm, "death": ~pcm & (known["death"] == 1)}
    for cause, event in causes.items():
        model = fitted(cox(columns, time, event))
        assert column(model, "estimate") == pytest.approx(expected[f"cause_specific_cox_{cause}"], abs=expected["tol"])


def spells(seed: int, n: int = 160, *, whole: bool = True) -> pd.DataFrame:
    """Rows with ties, late entry, weights, strata, clusters, and events in two thirds."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"x": rng.normal(3, 2, n), "z": rng.integers(0, 2, n).astype(float)})
    data["entry"] = rng.choice([0.0, 0.0, 2.0, 5.0], n)
    length = rng.exponential(8 / np.exp(0.2 * data["x"] - 0.5 * data["z"]), n)
    data["exit"] = data["entry"] + (np.ceil(length) if whole else length)
    data["event"] = rng.random(n) < 0.67
    data["weight"] = rng.choice([0.5, 1.0, 3.0], n)
    data["stratum"] = rng.choice(["a", "b"], n)
    data["cluster"] = rng.integers(0, 25, n)
    return data


class Definition:
    """Efron's partial likelihood one event at a time; shares no code with what it checks."""

    def __init__(self, data: pd.DataFrame, beta: Array, ties: str = "efron") -> None:
        self.columns, self.weight = data[["x", "z"]].to_numpy(), data["weight"].to_numpy()
        self.data, n = data, len(data)
        self.risk = self.weight * np.exp(self.columns @ beta)
        self.loglik, self.score, self.information = 0.0, np.zeros(2), np.zeros((2, 2))
        self.residuals = np.zeros((n, 2))
        self.expected = np.zeros(n)
        self.steps: list[tuple[str, float, float]] = []
        self.moments: list[tuple[float, Array, Array, float]] = []  # time, score, variance by time
        for (stratum, t), group in data[data["event"]].groupby(["stratum", "exit"]):
            own = group.index.to_numpy()
            at_risk = ((data["entry"] < t) & (data["exit"] >= t) & (data["stratum"] == stratum)).to_numpy()
            d, mean_weight = len(own), self.weight[own].mean()
            hazard, score, variance = 0.0, np.zeros(2), np.zeros((2, 2))
            for k in range(d):
                r = self.risk * at_risk
                if ties == "efron":
                    r[own] *= 1 - k / d
                mean = r @ self.columns / r.sum()
                centred = self.columns - mean
                step = mean_weight / r.sum()
                hazard += step
                self.loglik += (self.weight[own] @ np.log(self.risk[own] / self.weight[own])) / d
                self.loglik -= mean_weight * np.log(r.sum())
                score += (self.weight[own] @ self.columns[own]) / d - mean_weight * mean
                variance += step * (centred.T * r) @ centred
                self.residuals[own] += centred[own] * (self.weight[own] / d)[:, None]
                self.residuals -= centred * (r * step)[:, None]
                self.expected += r * step / self.weight
            self.score, self.information = self.score + score, self.information + variance
            self.steps.append((str(stratum), float(t), hazard))
            self.moments.append((float(t), score, variance, float(d)))


def fit_all(data: pd.DataFrame, **changed: Any) -> CoxModel:
    arguments = {"entry": data["entry"], "strata": data["stratum"], "weight": data["weight"]} | changed
    return fitted(cox(data[["x", "z"]], data["exit"], data["event"], **arguments))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("whole", [True, False], ids=["months", "continuous"])
def test_everything_is_as_the_definition_says(ties: str, whole: bool) -> None:
    data = spells(1, whole=whole)
    model = fit_all(data, ties=ties)
    beta = model.table["estimate"].to_numpy()
    truth = Definition(data, beta, ties)
    assert truth.score == pytest.approx(0, abs=1e-6)
    assert model.loglik == pytest.approx(truth.loglik, abs=1e-8)
    assert model.loglik_null == pytest.approx(Definition(data, np.zeros(2), ties).loglik, abs=1e-8)
    bread = np.linalg.inv(truth.information)
    assert model.covariance == pytest.approx(bread, rel=1e-6)
    assert model.residuals("martingale") == pytest.approx((data["event"] - truth.expected).to_numpy(), abs=1e-6)
    assert model.residuals("dfbeta") == pytest.approx(truth.residuals @ bread, abs=1e-6)
    dfbeta = truth.residuals @ bread
    robust = fit_all(data, ties=ties, robust=True)
    assert robust.covariance == pytest.approx(dfbeta.T @ dfbeta, rel=1e-5)
    totals = pd.DataFrame(dfbeta).groupby(data["cluster"]).sum().to_numpy()
    clustered = fit_all(data, ties=ties, cluster=data["cluster"], small_sample=False)
    assert clustered.covariance == pytest.approx(totals.T @ totals, rel=1e-5)
    assert clustered.influence is not None
    assert clustered.influence[["x", "z"]].to_numpy() == pytest.approx(-totals, abs=1e-6)
    steps = model.baseline.set_index(["stratum", "time"])["hazard"].to_dict()
    at_means = np.exp(model.means @ beta)
    assert steps == pytest.approx({(s, t): h * at_means for s, t, h in truth.steps}, rel=1e-6)


@pytest.mark.parametrize("transform", ["identity", "log", "rank", "km"])
def test_the_proportional_hazards_test_is_the_score_test_of_the_larger_model(transform: str) -> None:
    data = spells(2)
    model = fit_all(data)
    truth = Definition(data, model.table["estimate"].to_numpy())
    times = np.array([m[0] for m in truth.moments])
    g = {"identity": times, "log": np.log(times), "rank": times, "km": times}[transform]
    if transform == "rank":
        g = data["exit"].rank().groupby(data["exit"]).first().loc[times].to_numpy()
    if transform == "km":
        left, survival = {}, 1.0
        for t in sorted(set(data.loc[data["event"], "exit"])):
            left[t] = 1 - survival
            n = ((data["entry"] < t) & (data["exit"] >= t)).sum()
            survival *= 1 - ((data["exit"] == t) & data["event"]).sum() / n
        g = np.array([left[t] for t in times])
    scores, variances = np.stack([m[1] for m in truth.moments]), np.stack([m[2] for m in truth.moments])
    added = g @ scores
    crossed, squares = np.tensordot(g, variances, 1), np.tensordot(g**2, variances, 1)
    variance = squares - crossed @ np.linalg.solve(truth.information, crossed)
    expected = [
        added[0] ** 2 / variance[0, 0],
        added[1] ** 2 / variance[1, 1],
        added @ np.linalg.solve(variance, added),
    ]
    found = proportional_hazards_test(model, transform)
    assert found.table["chi2"].to_list() == pytest.approx(expected, rel=1e-5)
    own = proportional_hazards_test(model, lambda t: 3 * t - 7) if transform == "identity" else found
    assert own.table["chi2"].to_list() == pytest.approx(expected, rel=1e-5)
    together = proportional_hazards_test(model, transform, terms={"both": ["x", "z"]})
    assert together.table["chi2"].to_list() == pytest.approx([expected[2]] * 2, rel=1e-5)
    assert together.table["df"].to_list() == [2, 2]


def test_the_proportional_hazards_test_finds_an_effect_that_fades_and_no_other() -> None:
    rng = np.random.default_rng(3)
    n = 4000
    columns = pd.DataFrame({"fades": rng.normal(size=n), "stays": rng.normal(size=n)})
    # Hazard 0.05 exp(stays / 2 + fades) up to month 6, and without any effect of "fades" after it.
    early = rng.exponential(1 / (0.05 * np.exp(columns["stays"] / 2 + columns["fades"])))
    late = 6 + rng.exponential(1 / (0.05 * np.exp(columns["stays"] / 2)))
    time = np.ceil(np.where(early < 6, early, late))
    model = fitted(cox(columns, np.minimum(time, 36), time <= 36))
    p = proportional_hazards_test(model).table.set_index("term")["p"]
    assert p["fades"] < 1e-6
    assert p["stays"] > 0.001


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_the_information_is_shared_out_among_the_clusters(ties: str) -> None:
    data = spells(10)
    model = fit_all(data, ties=ties)
    assert model.fit is not None
    rows, found = model.fit.rows, model.fit.found
    way = Way("cluster", data["cluster"].to_numpy(), tuple(map(str, range(25))))
    parts = information_by_cluster(rows, found.at, found.sums, way)
    assert parts.sum(axis=0) == pytest.approx(found.sums.information, rel=1e-8)
    assert np.linalg.eigvalsh(parts).min() > -1e-9
    if ties == "breslow":
        columns, risk = data[["x", "z"]].to_numpy(), np.exp(data[["x", "z"]].to_numpy() @ found.beta) * data["weight"]
        naive = np.zeros((25, 2, 2))
        for (stratum, t), events in data[data["event"]].groupby(["stratum", "exit"]):
            at_risk = (data["entry"] < t) & (data["exit"] >= t) & (data["stratum"] == stratum)
            r = (risk * at_risk).to_numpy()
            centred = columns - r @ columns / r.sum()
            for k in range(25):
                own = r * (data["cluster"] == k).to_numpy()
                naive[k] += events["weight"].sum() / r.sum() * (centred.T * own) @ centred
        assert parts == pytest.approx(naive, rel=1e-5, abs=1e-9)


def test_schoenfeld_residuals_add_up_to_nothing_and_name_their_times() -> None:
    data = spells(4)
    model = fit_all(data, weight=None, strata=None)
    residuals = model.residuals("schoenfeld")
    assert isinstance(residuals, pd.DataFrame)
    assert residuals["time"].to_list() == data.loc[data["event"], "exit"].to_list()
    assert residuals[["x", "z"]].sum().to_numpy() == pytest.approx(0, abs=1e-5)
    with pytest.raises(ValueError, match="no residuals are called 'cox'; expected martingale"):
        model.residuals("cox")


def test_survival_is_conditional_on_what_has_been_reached() -> None:
    data = spells(5)
    model = fit_all(data)
    months = np.array([0.0, 1.0, 3.0, 8.0, 500.0])
    rows = data[["x", "z"]].head(3)
    plain = model.survival(rows, months, stratum="a")
    assert (plain[:, 0] == 1).all()
    assert (np.diff(plain, axis=1) <= 0).all()
    given = model.survival(rows, months, stratum="a", since=[0.0, 3.0, 8.0])
    assert given[0] == pytest.approx(plain[0])
    assert given[1] == pytest.approx(np.minimum(plain[1] / plain[1, 2], 1))
    assert given[2].tolist()[:4] == [1.0] * 4
    single = model.survival(rows, months, stratum="a", dtype=np.float32)
    assert single.dtype == np.float32
    assert single == pytest.approx(plain, abs=1e-6)
    beta = model.table["estimate"].to_numpy()
    base = model.baseline[(model.baseline["stratum"] == "a") & (model.baseline["time"] <= 3)]["hazard"].sum()
    assert plain[:, 2] == pytest.approx(np.exp(-base * np.exp((rows.to_numpy() - model.means) @ beta)))
    with pytest.raises(ValueError, match="no stratum is called ''; expected one of 'a', 'b'"):
        model.survival(rows, months)
    with pytest.raises(ValueError, match="the months go down to -1"):
        model.survival(rows, [-1], stratum="a")


@pytest.mark.parametrize("ties", [2, 40, 10**6])
def test_concordance_counts_every_pair(ties: int) -> None:
    rng = np.random.default_rng(ties)
    n = 250
    entry = rng.integers(0, 10, n).astype(float)
    exit = entry + rng.integers(1, 20, n)
    event, stratum = rng.random(n) < 0.5, rng.choice(["a", "b", "c"], n)
    risk, weight = rng.integers(0, ties, n).astype(float), rng.integers(0, 4, n) / 2
    counted = np.zeros(3)
    for i in np.flatnonzero(event):
        others = (entry < exit[i]) & ((exit > exit[i]) | ((exit == exit[i]) & ~event)) & (stratum == stratum[i])
        for k, compared in enumerate((risk < risk[i], risk > risk[i], risk == risk[i])):
            counted[k] += weight[i] * weight[others & compared].sum()
    found = concordance(exit, event, risk, entry=entry, strata=stratum, weight=weight)
    assert isinstance(found, Concordance)
    assert [found.concordant, found.discordant, found.tied_risk] == pytest.approx(counted.tolist())
    assert found.value == pytest.approx((counted[0] + counted[2] / 2) / counted.sum())
    opposite = concordance(exit, event, -risk, entry=entry, strata=stratum, weight=weight)
    assert isinstance(opposite, Concordance)
    assert opposite.value == pytest.approx(1 - found.value)
    assert isinstance(concordance([1, 1], [1, 1], [0, 1]), NotEstimable)
    with pytest.raises(ValueError, match="1 rows are never at risk"):
        concordance([1, 2], [1, 1], [0, 1], entry=[1, 0])


def test_many_rows_start_from_a_sample_and_end_at_the_same_place() -> None:
    rng = np.random.default_rng(6)
    n = 110_000
    x = rng.integers(0, 3, (n, 2)).astype(np.float32)
    time = np.ceil(rng.exponential(30 / np.exp(x @ [0.3, -0.2])))
    event = time <= 24
    data = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "time": np.minimum(time, 24), "event": event})
    one = fitted(cox((["a", "b"], x), data["time"], data["event"]))
    cells = data.value_counts().reset_index()
    other = fitted(cox(cells[["a", "b"]], cells["time"], cells["event"], weight=cells["count"], ties="breslow"))
    plain = fitted(cox((["a", "b"], x), data["time"], data["event"], ties="breslow"))
    assert plain.table["estimate"].to_numpy() == pytest.approx(other.table["estimate"].to_numpy(), rel=1e-6)
    assert plain.table["se"].to_numpy() == pytest.approx(other.table["se"].to_numpy(), rel=1e-6)
    # With a few percent leaving each month, Breslow pulls the effects to zero and Efron does not.
    truth = np.array([0.3, -0.2])
    assert (np.abs(plain.table["estimate"]) < np.abs(one.table["estimate"])).all()
    assert one.table["estimate"].to_numpy() == pytest.approx(truth, abs=0.02)


def test_few_clusters_need_the_correction_and_have_it() -> None:
    """Ten groups of different hazards and a column that differs between groups only, without any effect."""
    rng, repeats = np.random.default_rng(7), 120
    covered = {"plain": 0, "corrected": 0}
    for _ in range(repeats):
        group = np.repeat(np.arange(10), 30)
        columns = pd.DataFrame({"own": rng.normal(size=300), "of_group": rng.normal(size=10)[group]})
        log_hazard = -3 + 0.3 * columns["own"] + 0.5 * rng.normal(size=10)[group]
        time = np.ceil(rng.exponential(1 / np.exp(log_hazard)))
        end = np.minimum(time, 24)
        plain = fitted(cox(columns, end, time <= 24)).coefficient("of_group")
        corrected = fitted(cox(columns, end, time <= 24, cluster=group)).coefficient("of_group")
        for name, found in (("plain", plain), ("corrected", corrected)):
            assert isinstance(found, Estimate)
            covered[name] += found.low <= 0 <= found.high
    assert covered["plain"] / repeats < 0.75
    assert 0.90 < covered["corrected"] / repeats <= 0.995
    refused = fitted(cox(columns, end, time <= 24, cluster=group, small_sample=False)).coefficient("own")
    assert isinstance(refused, NotEstimable)
    assert "10 clusters (cluster) are too few" in refused.reason


def test_what_the_data_cannot_tell_is_said() -> None:
    data = spells(8, n=400)
    columns, time, event = data[["x", "z"]], data["exit"], data["event"]
    few = cox(columns, time, np.arange(400) < 49)
    assert few == NotEstimable("49 events are too few for 2 parameters: 50 are needed (10 for each, and at least 50)")
    assert "does not vary within the risk sets" in str(cox(columns.assign(c=1.0), time, event))
    assert "'c' does not vary within the risk sets" in str(
        cox(columns.assign(c=data["stratum"] == "a"), time, event, strata=data["stratum"])
    )
    assert "'c' is a linear combination of 'x', 'z'" in str(
        cox(columns.assign(c=1 - columns["x"] - 3 * columns["z"]), time, event)
    )
    never = cox(columns.assign(c=~event & (columns["x"] > 2)), time, event)
    assert "the likelihood has no maximum: the column 'c' separates" in str(never)
    order = cox(columns.assign(c=-time + 0.01 * columns["x"]), time, event)
    assert "the likelihood has no maximum" in str(order)


def test_a_column_far_from_zero_is_no_trouble() -> None:
    data = spells(9, n=300)
    one, other = fit_all(data), fit_all(data.assign(x=1e7 + data["x"]))
    assert column(other, "estimate")["x"] == pytest.approx(column(one, "estimate")["x"], rel=1e-6)
    assert column(other, "se")["x"] == pytest.approx(column(one, "se")["x"], rel=1e-6)
    assert other.baseline["hazard"].to_numpy() == pytest.approx(one.baseline["hazard"].to_numpy(), rel=1e-5)
