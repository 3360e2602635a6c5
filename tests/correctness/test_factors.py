"""Factor models against lavaan, scaled statistics against their definition, and what is refused."""

import re

import numpy as np
import pandas as pd
import pytest

from insights.stats.factors import FactorAnalysis, Invariance, confirmatory, heterotrait_ratios, measurement_invariance
from insights.stats.results import NotEstimable

FACTORS = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
ITEMS = [i for own in FACTORS.values() for i in own]

# Moments of Holzinger & Swineford (1939), nine tests of the pupils of two schools (means; lower half of the
# covariance, divided by n). What lavaan makes of them is in its tutorial (Rosseel 2012, J. Stat. Softw. 48(2)).
SCHOOLS = {
    "Pasteur": (
        156,
        [4.941239, 5.983974, 2.487179, 2.82265, 3.995192, 1.922161, 4.432274, 5.563141, 5.417735],
        [
            [1.39523],
            [0.402103, 1.50375],
            [0.620107, 0.476758, 1.345789],
            [0.567926, 0.088504, 0.16466, 1.319686],
            [0.47194, 0.142551, 0.066445, 1.07981, 1.70791],
            [0.497563, 0.194036, 0.222102, 0.755121, 0.933921, 0.974449],
            [0.046164, -0.203845, -0.024698, 0.321554, 0.170905, 0.219107, 1.16992],
            [0.165195, 0.038512, 0.151611, 0.146989, 0.151505, 0.205647, 0.426092, 0.951991],
            [0.351143, 0.218678, 0.332078, 0.155163, 0.208428, 0.186184, 0.287226, 0.352425, 0.977553],
        ],
    ),
    "Grant-White": (
        145,
        [4.929885, 6.2, 1.99569, 3.317241, 4.712069, 2.468966, 3.92084, 5.488276, 5.327203],
        [
            [1.318647],
            [0.41431, 1.226379],
            [0.53375, 0.478448, 1.073365],
            [0.439868, 0.283103, 0.380965, 1.257212],
            [0.411134, 0.204569, 0.344233, 0.933298, 1.341665],
            [0.412028, 0.243892, 0.407071, 0.906397, 0.898084, 1.280142],
            [0.123285, 0.075727, 0.079681, 0.241305, 0.302994, 0.208295, 1.0618],
            [0.369523, 0.194586, 0.25857, 0.121765, 0.239728, 0.14338, 0.632835, 1.09438],
            [0.573133, 0.281398, 0.395735, 0.361459, 0.422277, 0.315245, 0.441902, 0.566652, 1.051048],
        ],
    ),
}


def rows_with(n: int, mean: np.ndarray, cov: np.ndarray, seed: int) -> np.ndarray:
    """Return n rows that have exactly these moments: the likelihood knows no more of the data."""
    x = np.random.default_rng(seed).standard_normal((n, len(mean)))
    x -= x.mean(axis=0)
    x = x @ np.linalg.inv(np.linalg.cholesky(x.T @ x / n)).T
    return mean + x @ np.linalg.cholesky(cov).T


def holzinger_swineford() -> pd.DataFrame:
    parts = []
    for k, (school, (n, mean, lower)) in enumerate(SCHOOLS.items()):
        half = np.array([row + [0.0] * (9 - len(row)) for row in lower])
        cov = half + half.T - np.diag(np.diag(half))
        parts.append(pd.DataFrame(rows_with(n, np.array(mean), cov, k), columns=ITEMS).assign(school=school))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return holzinger_swineford()


def test_one_group_has_the_fit_of_lavaan(pupils: pd.DataFrame) -> None:
    found = confirmatory(pupils, FACTORS)
    assert isinstance(found, FactorAnalysis)
    assert (found.df, found.n) == (24, 301)
    assert found.chi2 == pytest.approx(85.306, abs=0.001)
    assert found.cfi == pytest.approx(0.931, abs=0.0005)
    assert found.rmsea == pytest.approx(0.092, abs=0.0005)
    assert found.srmr == pytest.approx(0.065, abs=0.0005)
    told = found.table.set_index("item")
    assert told["loading"].round(3).tolist() == [0.772, 0.424, 0.581, 0.852, 0.855, 0.838, 0.570, 0.723, 0.665]
    assert told["se"][["x1", "x2", "x3", "x4"]].round(3).tolist() == [0.055, 0.060, 0.055, 0.023]
    assert found.correlations.loc["visual", "textual"] == pytest.approx(0.459, abs=0.0005)
    assert found.correlations.loc["visual", "speed"] == pytest.approx(0.471, abs=0.0005)
    assert found.correlations.loc["textual", "speed"] == pytest.approx(0.283, abs=0.0005)
    assert found.variance_extracted.round(3).tolist() == [0.371, 0.720, 0.430]


def test_two_groups_have_the_fits_of_lavaan(pupils: pd.DataFrame) -> None:
    found = measurement_invariance(pupils, FACTORS, pupils["school"])
    assert isinstance(found, Invariance)
    told = [(f.df, round(f.cfi, 3), round(f.rmsea, 3)) for f in found.fits]
    assert told == [(48, 0.923, 0.097), (54, 0.921, 0.093), (60, 0.882, 0.107)]
    assert [f.chi2 for f in found.fits] == pytest.approx([115.851, 124.044, 164.103], abs=0.001)
    assert found.fits[0].srmr == pytest.approx(0.068, abs=0.0005)
    # Their means cannot be compared: CFI falls by 0.04 once the intercepts are held equal.
    assert found.table["cfi_lost"].iloc[2] > 0.03


def simulated(n: int, seed: int, *, shift: float = 0.0, weak: float = 0.0) -> pd.DataFrame:
    """Return answers of two groups: in the second x1 is ``shift`` higher, and loads ``weak`` less, than it should."""
    rng = np.random.default_rng(seed)
    behind = rng.multivariate_normal(np.zeros(3), 0.4 + 0.6 * np.eye(3), n)
    load = np.tile([0.8, 0.7, 0.9], 3)
    x = np.repeat(behind, 3, axis=1) * load + 0.6 * rng.standard_normal((n, 9))
    group = np.where(np.arange(n) % 2, "b", "a")
    own = group == "b"
    x[own] += load * 0.5  # a true difference of the factors' means, which must not be taken for another scale
    x[own, 0] += shift - weak * behind[own, 0]
    return pd.DataFrame(x, columns=ITEMS).assign(group=group)


@pytest.mark.parametrize(("more", "level"), [({}, "scalar"), ({"shift": 0.5}, "metric"), ({"weak": 0.6}, "configural")])
def test_each_kind_of_difference_ends_at_its_level(more: dict[str, float], level: str) -> None:
    rows = simulated(4000, 3, **more)
    found = measurement_invariance(rows, FACTORS, rows["group"])
    assert isinstance(found, Invariance)
    assert found.level == level
    if level == "scalar":
        assert found.fits[2].factor_means.loc["b"].to_numpy() == pytest.approx([0.5] * 3, abs=0.08)


def test_what_does_not_fit_in_any_group_is_not_compared() -> None:
    rows = simulated(2000, 4)
    mixed = {"one": ["x1", "x4", "x7"], "two": ["x2", "x5", "x8"], "three": ["x3", "x6", "x9"]}
    found = measurement_invariance(rows, mixed, rows["group"])
    # Items that belong to others: the factors cannot even be told apart, or fit nowhere.
    assert isinstance(found, NotEstimable) or found.level == "none"


def test_the_statistic_of_answers_given_twice_is_halved_where_the_clusters_say_so(pupils: pd.DataFrame) -> None:
    once = confirmatory(pupils, FACTORS)
    twice = pd.concat([pupils, pupils], ignore_index=True)
    found = confirmatory(twice, FACTORS, cluster=np.tile(np.arange(len(pupils)), 2))
    blind = confirmatory(twice, FACTORS)
    assert found.chi2 == pytest.approx(2 * once.chi2, rel=1e-6)
    assert found.scaling == pytest.approx(2 * once.scaling, rel=1e-6)
    assert found.scaled == pytest.approx(once.scaled, rel=1e-6)
    assert blind.scaled == pytest.approx(2 * once.scaled, rel=1e-6)


def test_five_marks_and_heavy_tails_are_allowed_for_by_the_scaling() -> None:
    rng = np.random.default_rng(11)
    plain, scaled = [], []
    for _ in range(60):
        size = np.sqrt(5 / rng.chisquare(5, 400))[:, None]
        behind = rng.multivariate_normal(np.zeros(2), [[1, 0.5], [0.5, 1]], 400)
        x = size * (0.8 * np.repeat(behind, 3, axis=1) + 0.6 * rng.standard_normal((400, 6)))
        found = confirmatory(pd.DataFrame(x, columns=ITEMS[:6]), {"a": ITEMS[:3], "b": ITEMS[3:6]})
        plain.append(found.chi2)
        scaled.append(found.scaled)
    # The model is right: the statistic should be about its 8 degrees of freedom, give or take 0.5 (its Monte-Carlo se).
    assert np.mean(scaled) == pytest.approx(8, abs=1.6)
    assert np.mean(plain) > 10


def test_two_factors_that_are_one_are_not_apart() -> None:
    rng = np.random.default_rng(2)
    behind = rng.multivariate_normal(np.zeros(3), [[1, 0.97, 0.3], [0.97, 1, 0.3], [0.3, 0.3, 1]], 1500)
    x = 0.8 * np.repeat(behind, 3, axis=1) + 0.6 * rng.standard_normal((1500, 9))
    found = heterotrait_ratios(pd.DataFrame(x, columns=ITEMS), FACTORS)
    told = found.table.set_index(["one", "other"])
    assert told["apart"].tolist() == [False, True, True]
    assert told["ratio"].to_numpy() == pytest.approx([0.97, 0.3, 0.3], abs=0.06)
    assert (told["low"] < told["ratio"]).all()
    assert (told["ratio"] < told["high"]).all()


def test_ratio_by_hand() -> None:
    cov = np.full((4, 4), 0.3) + np.diag([0.7] * 4)
    cov[0, 1] = cov[1, 0] = 0.5
    cov[2, 3] = cov[3, 2] = 0.72
    rows = pd.DataFrame(rows_with(200, np.zeros(4), cov, 1), columns=list("abcd"))
    found = heterotrait_ratios(rows, {"one": ["a", "b"], "two": ["c", "d"]})
    assert found.table["ratio"].iloc[0] == pytest.approx(0.3 / np.sqrt(0.5 * 0.72))


@pytest.mark.parametrize(
    ("change", "factors", "reason"),
    [
        (lambda r: r.head(3), FACTORS, "3 rows have all 9 items; a factor analysis needs 100"),
        (lambda r: r.assign(x2=1.0), FACTORS, "everybody gave the same answer to x2"),
        (lambda r: r, {"visual": ["x1", "x2", "x3"]}, "one factor with 3 items has nothing that could be tested"),
        (lambda r: r, {"one": ["x1"], "two": ["x4", "x5", "x6"]}, "the factor one has one item"),
        (lambda r: r.assign(x2=r["x1"] + 1e-9 * r["x3"]), FACTORS, "no proper solution|no maximum"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_reason(pupils: pd.DataFrame, change, factors, reason: str) -> None:
    found = confirmatory(change(pupils), factors)
    assert isinstance(found, NotEstimable)
    assert re.search(reason, found.reason), found.reason


def test_a_small_group_and_a_single_group_are_refused(pupils: pd.DataFrame) -> None:
    few = pupils.assign(school=np.where(np.arange(301) < 20, "small", "rest"))
    found = measurement_invariance(few, FACTORS, few["school"])
    assert isinstance(found, NotEstimable)
    assert found.reason == "20 rows of the group small have all 9 items; it needs 50"
    alone = measurement_invariance(pupils, FACTORS, ["one"] * 301)
    assert isinstance(alone, NotEstimable)
    assert "one group" in alone.reason


def test_rows_with_a_missing_item_are_left_out_and_counted(pupils: pd.DataFrame) -> None:
    gaps = pupils.copy()
    gaps.loc[[1, 5], "x4"] = np.nan
    found = confirmatory(gaps, FACTORS)
    assert (found.n, found.dropped) == (299, 2)


def test_mistakes_are_answered(pupils: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="belongs to two factors"):
        confirmatory(pupils, {"one": ["x1", "x2"], "two": ["x2", "x3"]})
    with pytest.raises(ValueError, match="a factor without items"):
        confirmatory(pupils, {})
    with pytest.raises(ValueError, match="no group or cluster"):
        confirmatory(pupils, FACTORS, group=[None] * 301)
