"""Lifetime values held against what the law's own futures of the same clients bring."""

from pathlib import Path

import numpy as np
from recovery.futures import FutureMargins, future_margins
from recovery.harness import Compared

from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank, open_bank
from insights.demo import Law, write_demo
from insights.demo.extracts.render import entity_id
from insights.models.value.lifetime import LEVEL, LifetimeValues, lifetime_values
from insights.stats.inputs import Floats
from insights.stats.results import Estimate, NotEstimable

CLIENTS, MONTHS, YEARS = 5_000, 60, 5
FUTURES = 100
MARKET_YEARLY = 0.024
"""What the law's markets add to all assets in a year, by Law(): 45 % of them move with equities (5.3 % a year)."""
PLAIN = {
    "cost_of_capital_rate = 0.08": "cost_of_capital_rate = 0.0",
    "loss_given_default = 0.40": "loss_given_default = 0.0",
    "loss_given_default_covered = 0.10": "loss_given_default_covered = 0.0",
    "# market_return = 0.02 ": f"market_return = {MARKET_YEARLY} ",
}
"""Only what ``revenue`` holds is compared, over years in which net new money is carried on; markets as expected."""


def write_plain_bank(folder: Path, seed: int, clients: int = CLIENTS, years: int = YEARS) -> Path:
    """Write the bank of a seed with the settings of ``PLAIN`` and return its settings file."""
    write_demo(folder, clients=clients, months=MONTHS, seed=seed)
    path = folder / "bank.toml"
    text = path.read_text(encoding="utf-8")
    for was, now in (PLAIN | {"horizon_years = 10": f"horizon_years = {years}"}).items():
        assert was in text, was
        text = text.replace(was, now)
    path.write_text(text, encoding="utf-8")
    return path


def beside(bank: Bank, values: LifetimeValues, best: FutureMargins) -> Floats:
    """Return what each client (n, as in the values) brings on average over the futures, undiscounted.

    nan for the one client whom a contract binds: no extract tells that he will not leave.
    """
    names = Key.load(bank.settings).pseudonyms("client", [entity_id("client", int(i)) for i in best.at])
    place = {name: k for k, name in enumerate(names)}
    found = best.margin.sum(axis=1)[[place[name] for name in values.clients["client_id"]]]
    found[int(np.argmax(values.clients["assets"]))] = np.nan
    return np.asarray(found)


def valued_beside(
    folder: Path, seed: int, clients: int, years: int, futures: int
) -> tuple[LifetimeValues, FutureMargins, Floats]:
    """Return the undiscounted values of a bank's clients, its futures, and what each brings in these (``beside``)."""
    best = future_margins(Law(), clients, MONTHS, seed, horizon=12 * years, futures=futures, beyond=True)
    config = write_plain_bank(folder / f"bank_{seed}", seed, clients, years)
    with open_bank(config, as_of=best.as_of.isoformat()) as bank:
        values = lifetime_values(bank, rate=0.0)
        assert not isinstance(values, NotEstimable)
        return values, best, beside(bank, values, best)


def mean_value(
    folder: Path, seed: int, clients: int = CLIENTS, years: int = YEARS, futures: int = FUTURES
) -> dict[str, Compared]:
    """Compare the mean value of the clients of a bank with the mean over its futures."""
    values, best, truth = valued_beside(folder, seed, clients, years, futures)
    told = ~np.isnan(truth)
    drawn = values.drawn.expected[told].mean(axis=0, dtype=float)
    low, high = (float(q) for q in np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    n, se = int(told.sum()), float(drawn.std())
    answer = Estimate(float(values.value[told].mean()), low, high, level=LEVEL, se=se, n=n, unit="CHF")
    return {"mean value": Compared(float(truth[told].mean()), answer, best.mean_value()[1])}
