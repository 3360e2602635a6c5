"""Which products clients take up: the law's logit from counts by product, type, tolerance, month and kind of offer."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from recovery.harness import Compared
from recovery.leaving import compare

from insights.demo import DemoBank
from insights.stats.hazard import INTERCEPT, discrete_hazard

CELL = ["product", "type", "tolerance", "month", "offer"]
FOR_ALL = 2
"""Products up to this risk rating are suitable for clients of all types in numbers."""

COMMON = 500_000
"""Products that ask for more wealth than this find some 30 takers in such a bank, too few for effects of their own."""


def cells_of_adoption(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell in which all have the same log odds: what the law reads, how many, and how many took it.

    The macro effects need no more: the rate is that of the month, the market that of the month times the exposure,
    which follows from the tolerance.
    """
    sizes = [int(rows[name].max()) + 1 for name in CELL]
    code = np.ravel_multi_index([rows[name].to_numpy(np.int64) for name in CELL], sizes)
    count = np.bincount(code)
    taken = np.bincount(code, rows["adopted"].to_numpy(float))
    some = np.flatnonzero(count)
    first = np.zeros(len(count), np.int64)
    first[code] = np.arange(len(code))
    cells = pd.DataFrame(dict(zip(CELL, np.unravel_index(some, sizes), strict=True)))
    same = rows[["rate", "market"]].to_numpy(float)[first[some]]
    return cells.assign(rate=same[:, 0], market=same[:, 1], count=count[some], taken=taken[some])


def adoption(bank: DemoBank) -> Mapping[str, Compared]:
    """Macro effects by product and the effects of offers, with a free level for each product and type; then tastes."""
    cells, shelf = cells_of_adoption(bank.adoption), bank.law.products.shelf
    common = np.array([product.minimum <= COMMON for product in shelf])
    cells = cells[common[cells["product"]]].reset_index(drop=True)
    columns, truth = {}, {}
    for j, product in enumerate(shelf):
        if not common[j]:
            continue
        here = cells["product"] == j
        for name, effect in (("rate", product.rate_effect), ("market", product.market_effect)):
            columns[f"{product.code} {name}"] = np.where(here, cells[name], 0.0)
            truth[f"{product.code} {name}"] = effect
    for kind, name in enumerate(OFFERS, start=1):
        columns[name] = (cells["offer"] == kind).to_numpy(float)
        truth[name] = bank.law.offers.effects[kind]
    level = cells["product"] * len(bank.law.people.type_names) + cells["type"]
    fit = discrete_hazard(pd.DataFrame(columns), cells["taken"], trials=cells["count"], baseline=level, link="logit")
    return compare(fit, truth) | tastes(bank, cells)


OFFERS = ("plain offer", "limited offer", "null campaign")


def tastes(bank: DemoBank, cells: pd.DataFrame) -> dict[str, Compared]:
    """Return log odds of the first type, and of the others beside it, of the products that all types may buy."""
    names, found = bank.law.people.type_names, {}
    for j, product in enumerate(bank.law.products.shelf):
        if product.risk_rating > FOR_ALL:
            continue
        here = cells[(cells["product"] == j) & (cells["offer"] == 0)]
        design = here[["rate", "market"]].assign(
            **{name: (here["type"] == k).astype(float) for k, name in enumerate(names) if k}
        )
        fit = discrete_hazard(design, here["taken"], trials=here["count"], link="logit")
        first = product.taste[0]
        truth = {INTERCEPT: bank.law.products.intercept + first}
        truth |= {name: product.taste[k] - first for k, name in enumerate(names) if k}
        label = {INTERCEPT: f"{product.code} {names[0]}"} | {n: f"{product.code} {n} - {names[0]}" for n in names[1:]}
        found |= {label[name]: compared for name, compared in compare(fit, truth).items()}
    return found
