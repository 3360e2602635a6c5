"""Mixtures against scikit-learn and a known law; how many classes there are, and when there is only one."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from insights.stats.mixture import (
    adjusted_rand,
    bootstrap_stability,
    choose_classes,
    fit_mixture,
    jaccard,
    matched,
    mixture_rows,
    one_class_test,
)
from insights.stats.mixture.choice import CHOSEN
from insights.stats.mixture.one_class import fit_peak
from insights.stats.mixture.ordered import fit_places, level_chances
from insights.stats.mixture.rows import MixtureRows

SHARES = np.array([0.35, 0.30, 0.20, 0.15])


def types(n: int, seed: int, separation: float = 1.0) -> tuple[np.ndarray, MixtureRows]:
    """Return four types that differ in two numbers, one of them in whole units, and an answer from 1 to 5."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(4, n, p=SHARES)

    def of(means: list[float]) -> np.ndarray:
        common = SHARES @ np.array(means)
        return np.asarray((common + separation * (np.array(means) - common))[kind])

    size = of([12.9, 13.7, 14.0, 15.2]) + 0.6 * rng.standard_normal(n)
    size += np.where(rng.random(n) < 0.03, rng.exponential(0.6, n), 0.0)
    years = np.clip(np.rint(of([3.0, 10.0, 17.0, 24.0]) + 1.3 * rng.standard_normal(n)), 0, None)
    answer = np.clip(np.rint(of([1.7, 2.8, 4.3, 3.6]) + 0.4 * rng.standard_normal(n)), 1, 5)
    return kind, mixture_rows({"size": size, "years": years}, {"answer": answer})


def test_agreement_against_scikit_learn_and_by_hand() -> None:
    rng = np.random.default_rng(0)
    for k, m in ((2, 3), (5, 5), (7, 2)):
        one, other = rng.integers(0, k, 200), rng.integers(0, m, 200)
        assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other), abs=1e-12)
    assert adjusted_rand([0, 0, 1, 1], [1, 1, 0, 0]) == 1.0
    assert adjusted_rand([0, 0, 0], [0, 0, 0]) == 1.0
    np.testing.assert_allclose(jaccard([0, 0, 0, 1], [0, 0, 1, 1]), [[2 / 3, 1 / 4], [0, 1 / 2]])
    assert matched([0, 0, 1, 1, 2], [2, 2, 0, 0, 1], 3).tolist() == [1, 2, 0]
    with pytest.raises(ValueError, match="one label for each unit"):
        adjusted_rand([0, 1], [0])
    with pytest.raises(ValueError, match="negative"):
        adjusted_rand([0, -1], [0, 1])


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_numbers_alone_are_the_mixture_of_scikit_learn(classes: int) -> None:
    rng = np.random.default_rng(5)
    centre = np.array([[0, 0], [4, 1], [1, 5]])[rng.choice(3, 600)]
    x = centre + rng.standard_normal((600, 2)) @ np.array([[1.0, 0.3], [0.0, 0.7]])
    rows = mixture_rows({"a": x[:, 0], "b": x[:, 1]}, {})
    ours = fit_mixture(rows, classes, seed=1, steps=2000)
    theirs = GaussianMixture(classes, tol=1e-9, max_iter=2000, reg_covar=0, n_init=5, random_state=0).fit(rows.x)
    assert ours.loglik == pytest.approx(600 * theirs.score(rows.x), abs=0.02)
    assert ours.parameters == theirs._n_parameters()
    assert ours.bic == pytest.approx(theirs.bic(rows.x), abs=0.05)
    assert adjusted_rand(ours.assign(rows), theirs.predict(rows.x)) > 0.99
    np.testing.assert_allclose(np.sort(ours.share), np.sort(theirs.weights_), atol=2e-3)
    member = ours.membership(rows)
    np.testing.assert_allclose(member.sum(axis=1), 1.0)
    entropy = -(member * np.log(np.maximum(member, 1e-300))).sum()
    assert ours.icl == pytest.approx(ours.bic + 2 * entropy, rel=1e-9)


def test_one_class_is_a_regression_beside_the_shares_of_the_answers() -> None:
    rng = np.random.default_rng(2)
    behind = rng.standard_normal(500)
    answer = np.searchsorted([-1.0, 0.0, 0.8], behind) + 1.0
    x = 0.8 * behind + rng.standard_normal(500)
    rows = mixture_rows({"x": x}, {"answer": answer})
    found = fit_mixture(rows, 1)
    design = np.column_stack([np.ones(500), rows.scored])
    left = rows.x[:, 0] - design @ np.linalg.lstsq(design, rows.x[:, 0], rcond=None)[0]
    counts = np.bincount(answer.astype(int) - 1)
    expected = -250 * (np.log(2 * np.pi * left.var()) + 1) + (counts * np.log(counts / 500)).sum()
    assert found.loglik == pytest.approx(expected, abs=1e-3)
    assert found.parameters == 1 + 1 + 1 + 3


def test_places_of_ordered_answers_are_those_of_an_ordered_probit() -> None:
    truth_cuts, truth_place = np.array([-1.0, 0.2, 1.1]), np.array([0.0, 0.7, -0.5])
    counts = 1e6 * level_chances(truth_cuts, truth_place)
    cuts, place = fit_places(counts, np.array([-0.5, 0.0, 0.5]), np.zeros(3), steps=50)
    np.testing.assert_allclose(cuts, truth_cuts, atol=1e-3)
    np.testing.assert_allclose(place, truth_place, atol=1e-3)
    # A class that is all in one level has a finite place.
    cuts, place = fit_places(np.array([[50.0, 0, 0], [10, 20, 30]]), np.array([-0.5, 0.5]), np.zeros(2), steps=50)
    assert np.isfinite([*cuts, *place]).all()


def test_four_types_are_found_and_named_again_in_every_sample() -> None:
    kind, rows = types(1200, 3)
    found = choose_classes(rows, np.arange(1200), seed="types", replicates=4)
    assert found.mixture.classes == 4
    assert found.stability is not None
    assert adjusted_rand(kind, found.mixture.assign(rows)) > 0.95
    assert found.stability.mean_jaccard.min() > 0.9
    assert found.stability.noise.max() < 0.05
    assert found.table.set_index("classes").loc[4, "verdict"] == CHOSEN
    assert found.checks[0].p_value is not None
    assert found.checks[0].p_value < 0.01
    np.testing.assert_allclose(np.sort(found.mixture.share), np.sort(SHARES), atol=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_without_types_there_is_one_class(seed: int) -> None:
    found = choose_classes(types(1500, seed, separation=0.0)[1], np.arange(1500), seed="none", replicates=4)
    assert found.mixture.classes == 1
    assert found.stability is None


@pytest.mark.parametrize("seed", range(3))
def test_one_skewed_class_whose_parts_go_together_is_one_class(seed: int) -> None:
    rng = np.random.default_rng(seed)
    behind = rng.standard_normal((1500, 3)) @ np.linalg.cholesky(np.full((3, 3), 0.5) + 0.5 * np.eye(3)).T
    answer = np.searchsorted([-1.2, -0.2, 0.6, 1.5], behind[:, 2]) + 1.0
    years = np.rint(6 * np.exp(0.7 * behind[:, 1]))
    rows = mixture_rows({"size": behind[:, 0] + 0.15 * behind[:, 0] ** 2, "years": years}, {"answer": answer})
    assert choose_classes(rows, np.arange(1500), seed="skewed", replicates=4).mixture.classes == 1


def test_the_test_of_one_class_keeps_its_size_where_a_normal_null_would_not() -> None:
    p = []
    for seed in range(8):
        rng = np.random.default_rng(100 + seed)
        x = rng.gamma(3.0, size=400)
        rows = mixture_rows({"x": x, "y": rng.standard_normal(400)}, {"answer": rng.integers(1, 4, 400).astype(float)})
        test = one_class_test(rows, 2, seed=seed, replicates=20)
        assert test.p_value is not None
        p.append(test.p_value)
        # Two normal classes fit the skewed one better than one does, by any textbook measure.
        assert fit_mixture(rows, 2).bic < fit_mixture(rows, 1).bic
    assert sum(v < 0.05 for v in p) <= 2
    assert sum(v > 0.3 for v in p) >= 3


def test_one_peak_follows_any_shape_that_has_one_and_flattens_others() -> None:
    rng = np.random.default_rng(1)
    for x in (rng.standard_normal(2000), rng.gamma(2.0, size=2000), rng.exponential(size=2000), rng.uniform(size=2000)):
        points, below = fit_peak(x)
        density = np.diff(below) / np.diff(points)
        top = int(density.argmax())
        assert (np.diff(density[: top + 1]) >= -1e-9).all()
        assert (np.diff(density[top:]) <= 1e-9).all()
        assert np.abs(np.interp(np.sort(x), points, below) - np.arange(1, 2001) / 2000).max() < 0.02
    two = np.concatenate([rng.normal(-3, 1, 1000), rng.normal(3, 1, 1000)])
    points, below = fit_peak(two)
    assert np.abs(np.interp(np.sort(two), points, below) - np.arange(1, 2001) / 2000).max() > 0.05
    # In whole numbers, by hand: 1 once, 2 three times, 3 twice.
    points, below = fit_peak(np.array([1.0, 2, 2, 2, 3, 3]), 1.0)
    np.testing.assert_allclose(np.interp([0.5, 1.5, 2.5, 3.5], points, below), [0, 1 / 6, 4 / 6, 1])


def test_a_few_billionaires_are_no_class() -> None:
    kind, rows = types(1500, 7)
    rng = np.random.default_rng(7)
    size = np.concatenate([rng.normal(13, 0.6, 700), rng.normal(15.5, 0.6, 300), [22.0, 23.0, 24.5]])
    rich = mixture_rows({"size": size}, {})
    assert rich.x.max() <= 3.5
    found = choose_classes(rich, np.arange(1003), seed="rich", replicates=4)
    assert found.mixture.classes == 2
    assert len(set(found.mixture.assign(rich)[-4:])) == 1
    # Who is not known in everything is placed by what is known of him.
    gaps = rows.others({"size": [15.4, 15.4, np.nan], "years": [24.0, np.nan, 24.0]}, {"answer": [4.0, np.nan, 4.0]})
    model = fit_mixture(rows, 4, seed=1)
    assert set(model.assign(gaps)) == {model.assign(rows)[kind == 3][0]}
    np.testing.assert_allclose(model.membership(gaps).sum(axis=1), 1.0)


def test_rounding_makes_no_class() -> None:
    rng = np.random.default_rng(4)
    years = np.rint(rng.normal(8, 1.2, 2000))
    rows = mixture_rows({"years": years, "size": rng.normal(13, 1, 2000)}, {})
    assert rows.scales[0].unit == 1.0
    assert rows.scales[1].unit == 0.0
    fits = {k: fit_mixture(rows, k, seed=k) for k in (1, 2, 3)}
    assert min(fits, key=lambda k: fits[k].icl) == 1


def test_stability_sees_classes_that_are_none() -> None:
    rows = mixture_rows({"x": np.random.default_rng(0).standard_normal(800)}, {})
    cut = fit_mixture(rows, 4, seed=0)
    found = bootstrap_stability(rows, cut, np.arange(800), seed="none", replicates=8)
    assert found.mean_jaccard.min() < 0.75
    assert found.noise.mean() > 0.05
    np.testing.assert_allclose(found.moved.sum(axis=(1, 2)), 1.0)
    again = bootstrap_stability(rows, cut, np.arange(800), seed="none", replicates=8)
    np.testing.assert_array_equal(found.moved, again.moved)


def test_the_order_of_classes_and_another_unit_change_nothing() -> None:
    _, rows = types(800, 9)
    model = fit_mixture(rows, 4, seed=1)
    turned = model.ordered_by(np.array([2, 0, 3, 1]))
    np.testing.assert_allclose(turned.log_density(rows), model.log_density(rows)[:, [2, 0, 3, 1]])
    assert turned.parameters == model.parameters
    scaled = mixture_rows({"size": 3.7 + rows.x[:, 0], "years": 12 * rows.x[:, 1]}, {"answer": 10.0 * rows.codes[:, 0]})
    np.testing.assert_array_equal(fit_mixture(scaled, 4, seed=1).assign(scaled), model.assign(rows))


def test_what_cannot_be_fitted_is_refused() -> None:
    _, rows = types(100, 1)
    with pytest.raises(ValueError, match="expected one or more"):
        fit_mixture(rows, 0)
    with pytest.raises(ValueError, match="100 units for 11 classes"):
        fit_mixture(rows, 11)
    with pytest.raises(ValueError, match="complete"):
        fit_mixture(rows.others({"size": [np.nan] * 20, "years": [1.0] * 20}, {"answer": [1.0] * 20}), 1)
    with pytest.raises(ValueError, match="one length"):
        mixture_rows({"a": [1.0, 2.0]}, {"b": [1.0]})
    with pytest.raises(ValueError, match="no spread"):
        mixture_rows({"a": [1.0, 1.0]}, {})
    with pytest.raises(ValueError, match="same level"):
        mixture_rows({"a": [1.0, 2.0]}, {"b": [3.0, 3.0]})
    with pytest.raises(ValueError, match="infinite"):
        mixture_rows({"a": [1.0, np.inf]}, {})
