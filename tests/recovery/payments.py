"""Payments of clients who may stop without a word: BG/NBD for how often, gamma-gamma for how much."""

from collections.abc import Mapping

import numpy as np
from recovery.harness import Compared

from insights.demo import DemoBank
from insights.models.value.streams.fit import spend_history
from insights.stats.results import Estimate, NotEstimable
from insights.stats.transactions import EventSummary, bg_nbd, gamma_gamma, summarise_events
from insights.stats.transactions.summaries import DAYS


def histories(bank: DemoBank) -> EventSummary:
    """Return the summary that the value report makes: whole days, several of a day as one, leavers as long as seen."""
    payers = bank.payers.set_index("client_id")
    began = payers["first_month"]
    day = DAYS["months"] * (bank.payments["months"] + began.reindex(bank.payments["client_id"]).to_numpy())
    until = np.floor(DAYS["months"] * (began + payers["observed_months"]))
    return summarise_events(
        bank.payments["client_id"], day, bank.payments["amount"], end=float(until.max()), until=until
    )


def frequency(bank: DemoBank) -> Mapping[str, Compared]:
    """The rates and the stopping of BG/NBD, on the log scale on which their intervals are symmetric."""
    rows, law = histories(bank), bank.law.payments
    fit = bg_nbd(*rows.history)
    return _logs(fit, {"r": law.r, "alpha": law.alpha, "a": law.a, "b": law.b})


def spend(bank: DemoBank) -> Mapping[str, Compared]:
    """The amounts, from the repeats of those who have any."""
    rows, law = histories(bank), bank.law.payments
    x, mean, _ = spend_history(rows)
    fit = gamma_gamma(x, mean)
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
