"""How income reacts to markets: what is lost of it month by month, and that it is found again from a book."""

import numpy as np
import pytest

from insights.models.value.money import MARGIN, Money
from insights.models.value.reactions import Reaction, displaced, reactions, worn
from insights.stats.inputs import Floats

MONTHS = 60


def book(power: float, fades: float, *, noise: float = 0.0) -> tuple[Money, Floats]:
    """A book without net new money whose income over assets follows one reaction."""
    rng = np.random.default_rng(4)
    growth = np.ones((50, MONTHS))
    growth[:, 1:] = 1 + rng.normal(0.002, 0.02, MONTHS - 1)
    growth[:, 29] = 0.9
    assets = 1e6 * np.cumprod(growth, axis=1)
    rate = np.exp((power - 1) * displaced(growth, fades) + noise * rng.standard_normal(MONTHS))
    income = 0.001 * assets * rate
    return Money(MARGIN, 0, assets, {"fee": income}, np.zeros_like(assets), growth), income


def test_what_is_displaced_is_lost_month_by_month() -> None:
    shock = np.array([[1.0, 0.8, 1.0, 1.0]])
    np.testing.assert_allclose(displaced(shock, 0.1)[0], np.log(0.8) * np.array([0, 1, 0.9, 0.81]))
    np.testing.assert_allclose(displaced(shock, 0.0)[0], np.log(0.8) * np.array([0, 1, 1, 1]))
    steady = np.full((1, 30), np.exp(0.01))
    for fades in (0.0, 0.05, 0.5):
        np.testing.assert_allclose(displaced(steady, fades)[0], 0.01 * worn(np.arange(1, 31), fades))


@pytest.mark.parametrize(("power", "fades"), [(1.4, 0.05), (0.2, 0.05), (1.4, 0.12)])
def test_the_reaction_of_a_book_is_found(power: float, fades: float) -> None:
    money, income = book(power, fades)
    found = reactions(money, [income], MONTHS - 1)[0]
    assert found.fades == fades
    assert found.power == pytest.approx(power, abs=0.03)
    assert found.drift == pytest.approx(0.0, abs=0.01)


def test_noise_makes_the_power_uncertain_and_shows_as_drift() -> None:
    money, income = book(1.4, 0.05, noise=0.15)
    found = reactions(money, [income], MONTHS - 1)[0]
    assert abs(found.power - 1.4) < 3 * found.error
    assert 0.1 < found.error < 0.5
    assert found.drift > 0.05


def test_a_short_past_tells_nothing_of_reactions() -> None:
    money, income = book(1.4, 0.05)
    found = reactions(money, [income], 12)[0]
    assert found == Reaction(1.0, found.fades, 0.5, 0.0)
