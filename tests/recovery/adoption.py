"""Which products clients take up: the law's logit, from all who took one up and a lot of those who did not."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from recovery.harness import Compared
from recovery.leaving import compare

from insights.demo import DemoBank
from insights.stats.hazard import INTERCEPT, discrete_hazard

FOR_ALL = 2
"""Products up to this risk rating are suitable for clients of all types in numbers."""

COMMON = 500_000
"""Products that ask for more wealth than this find some 30 takers in such a bank, too few for effects of their own."""


ONE_IN = 8
"""Of the rows in which nothing was taken up one in so many is kept, by lot: in a logit that moves the level, by the
logarithm of the number, and nothing else."""

OWN = {"spare_cash": "spare_cash", "log_tenure": "log_tenure", "companion": "goes_with", "online": "online"}
"""What of a client's own situation counts, and what the law calls its effect."""


def drawn(bank: DemoBank) -> pd.DataFrame:
    """Return the rows kept, with ``online``: half a step up or down by whether the client uses website and app."""
    rows = bank.adoption
    kept = rows["adopted"] | (np.random.default_rng(1).random(len(rows)) * ONE_IN < 1)
    rows = rows[kept].reset_index(drop=True)
    sign = np.array([product.online for product in bank.law.products.shelf])[rows["product"]]
    return rows.assign(online=sign * (rows["digital"] - 0.5), companion=rows["companion"].astype(float))


def adoption(bank: DemoBank) -> Mapping[str, Compared]:
    """Macro effects by product, those of offers and of the client's own situation, with a free level for each product
    and type; then tastes."""
    rows, shelf = drawn(bank), bank.law.products.shelf
    common = np.array([product.minimum <= COMMON for product in shelf])
    rows = rows[common[rows["product"]]].reset_index(drop=True)
    columns, truth = {}, {}
    for j, product in enumerate(shelf):
        if not common[j]:
            continue
        here = rows["product"] == j
        for name, effect in (("rate", product.rate_effect), ("market", product.market_effect)):
            columns[f"{product.code} {name}"] = np.where(here, rows[name], 0.0)
            truth[f"{product.code} {name}"] = effect
    for kind, name in enumerate(OFFERS, start=1):
        columns[name] = (rows["offer"] == kind).to_numpy(float)
        truth[name] = bank.law.offers.effects[kind]
    for name, called in OWN.items():
        columns[name] = rows[name].to_numpy(float)
        truth[name] = getattr(bank.law.products, called)
    level = rows["product"].astype(int) * len(bank.law.people.type_names) + rows["type"]
    fit = discrete_hazard(pd.DataFrame(columns), rows["adopted"].astype(float), baseline=level, link="logit")
    return compare(fit, truth) | tastes(bank, rows)


OFFERS = ("plain offer", "limited offer", "null campaign")


def tastes(bank: DemoBank, rows: pd.DataFrame) -> dict[str, Compared]:
    """Return log odds of the first type, and of the others beside it, of the products that all types may buy."""
    names, found = bank.law.people.type_names, {}
    for j, product in enumerate(bank.law.products.shelf):
        if product.risk_rating > FOR_ALL:
            continue
        here = rows[(rows["product"] == j) & (rows["offer"] == 0)].reset_index(drop=True)
        # Website and app make no odds for some products: a column without spread has no effect to be found.
        own = [name for name in OWN if here[name].nunique() > 1]
        design = here[["rate", "market", *own]].assign(
            **{name: (here["type"] == k).astype(float) for k, name in enumerate(names) if k}
        )
        fit = discrete_hazard(design, here["adopted"].astype(float), link="logit")
        first = product.taste[0]
        truth = {INTERCEPT: bank.law.products.intercept + first + np.log(ONE_IN)}
        truth |= {name: product.taste[k] - first for k, name in enumerate(names) if k}
        label = {INTERCEPT: f"{product.code} {names[0]}"} | {n: f"{product.code} {n} - {names[0]}" for n in names[1:]}
        found |= {label[name]: compared for name, compared in compare(fit, truth).items()}
    return found
