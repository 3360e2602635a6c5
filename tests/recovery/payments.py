"""Payments of clients who may stop without a word: BG/NBD for how often, gamma-gamma for how much."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from recovery.harness import Compared

from insights.demo import DemoBank
from insights.stats.results import Estimate, NotEstimable
from insights.stats.transactions import bg_nbd, gamma_gamma


def histories(bank: DemoBank) -> pd.DataFrame:
    """Return one row per paying client: repeats x, month of the last t_x, months observed T, mean repeat amount."""
    repeats = bank.payments[bank.payments["months"] > 0]
    found = repeats.groupby("client_id").agg(x=("months", "size"), t_x=("months", "max"), spend=("amount", "mean"))
    payers = bank.payers.set_index("client_id")
    found = found.reindex(payers.index).fillna({"x": 0, "t_x": 0.0})
    return found.assign(T=np.maximum(payers["observed_months"], found["t_x"]))


def frequency(bank: DemoBank) -> Mapping[str, Compared]:
    """The rates and the stopping of BG/NBD, on the log scale on which their intervals are symmetric."""
    rows, law = histories(bank), bank.law.payments
    fit = bg_nbd(rows["x"], rows["t_x"], rows["T"])
    return _logs(fit, {"r": law.r, "alpha": law.alpha, "a": law.a, "b": law.b})


def spend(bank: DemoBank) -> Mapping[str, Compared]:
    """The amounts, from the repeats of those who have any."""
    rows, law = histories(bank), bank.law.payments
    rows = rows[rows["x"] > 0]
    fit = gamma_gamma(rows["x"], rows["spend"])
    return _logs(fit, {"p": law.spend_shape, "q": law.spend_q, "gamma": law.spend_gamma})


def _logs(fit: object, truth: dict[str, float]) -> dict[str, Compared]:
    if isinstance(fit, NotEstimable):
        return {f"log {name}": Compared(np.log(value), fit) for name, value in truth.items()}
    return {f"log {name}": Compared(np.log(value), _log(fit.parameters[name])) for name, value in truth.items()}  # type: ignore[attr-defined]


def _log(found: Estimate) -> Estimate | NotEstimable:
    if found.se is None:
        return NotEstimable("the likelihood has no inner maximum")
    value, low, high = (float(np.log(v)) for v in (found.value, found.low, found.high))
    return Estimate(value, low, high, "log", found.n, found.n_events, found.level, found.se / found.value)
