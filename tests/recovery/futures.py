"""What the clients in force will bring: the law's own futures of them, as many as one likes, from the same state.

``future_margins`` is what a lifetime value is held against: the expectation of everything that ``revenue`` will hold of
the clients in force at a landmark, month by month after it, given all that the law knows of them. In each future the
market, every client's money, loans, payments and moods go another way. Nobody leaves in it: given the path of his
hazards a client is still there with probability exp(-sum), which weighs what he brings. That is the mean over the
draws of leaving with far less noise, because no client's path depends on whether he, or another, leaves.

To compare: ``write_demo`` with the same law, clients, months and seed; open the bank as of ``as_of``, and value the
clients in force over ``horizon`` months. ``entity_id("client", position)`` is the number of a client in the extracts.
"""

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from recovery.oracle import Held, Watched, fork

from insights.demo.clock import Clock
from insights.demo.law import Law
from insights.demo.money.monthly import REVENUE_KINDS
from insights.demo.process import Month
from insights.demo.service.contacts import mean_cost
from insights.stats.inputs import Floats


@dataclass(frozen=True)
class FutureMargins:
    """Means over futures for the clients in force at the end of ``as_of`` (positions ``at``, n of them).

    Money is in currency units with the bank's sign (costs negative). ``by_kind`` (n, months, 3): what each brings in
    each month as ``REVENUE_KINDS``, nothing once he has left; ``alive`` (n, months): chance to be there at the month's
    end; ``assets`` and ``drawn`` (n, months): assets and loan at the month's end, 0 once he has left. ``totals``
    (futures, months): what all of them bring in each future, given its market and paths; they vary by the market and
    little else. What a client brings after he has left and come back is not in it.
    """

    as_of: date
    at: np.ndarray
    by_kind: Floats
    alive: Floats
    assets: Floats
    drawn: Floats
    totals: Floats
    equity: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def margin(self) -> Floats:
        """What each client brings in each month, (n, months)."""
        found: Floats = self.by_kind.sum(axis=2)
        return found

    def mean_value(self, discount: Floats | None = None) -> tuple[float, float]:
        """Return the mean over clients of the discounted margin, and its Monte-Carlo standard error over futures.

        ``discount`` (months): what a unit in each month after ``as_of`` is worth now; None: 1.
        """
        each = self.totals @ (np.ones(self.totals.shape[1]) if discount is None else discount) / len(self.at)
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))


def future_margins(
    law: Law,
    clients: int,
    months: int,
    seed: int,
    *,
    horizon: int,
    futures: int = 1000,
    fresh_market: bool = True,
    beyond: bool = False,
) -> FutureMargins:
    """Simulate ``futures`` futures of ``horizon`` months that begin ``horizon`` months before the bank's last one.

    ``beyond``: they begin after its last month instead (whole years only), so that the bank is seen as it is delivered.

    With ``fresh_market`` every future has a market of its own, without a planted crash that was still to come (the
    default law's comes half-way through the window: choose horizon < months / 2, or compare expectations only).
    Otherwise all have the market that the bank then saw. Costs about 2 ms per 1,000 clients, future and month.
    """
    process = Watched(law, clients, months, seed, tables=False)
    landmark = process.clock.total - 1 - (0 if beyond else horizon)
    for month in process.run():
        if month.t == landmark:
            break
    as_of: date = process.clock.month_end(landmark).item()
    if beyond:
        _lengthen(process, horizon)
    process.payments.made, process.offers.done = [], []  # type: ignore[union-attr]  # Nobody reads them any more.
    at = np.flatnonzero(process.state.present)
    sums = {name: np.zeros((len(at), horizon)) for name in ("alive", "assets", "drawn", *REVENUE_KINDS)}
    totals, equity = np.zeros((futures, horizon)), np.zeros((futures, horizon))
    for k in range(futures):
        future = fork(process, seed, k, landmark, fresh_market=fresh_market)
        future.held = Held(at, np.zeros(len(at)), np.zeros((len(at), 5)))
        equity[k] = future.market.equity[landmark + 1 : landmark + 1 + horizon]
        for h in range(horizon):
            happened = future._month(landmark + 1 + h, record=False)
            alive = np.exp(-future.held.so_far)
            told = brought(future, happened, at) | {"alive": np.ones(len(at))}
            for name, values in told.items():
                sums[name][:, h] += alive * values
            totals[k, h] = alive @ sum(told[name] for name in REVENUE_KINDS)
    means = {name: values / futures for name, values in sums.items()}
    by_kind = np.stack([means.pop(name) for name in REVENUE_KINDS], axis=2)
    return FutureMargins(as_of=as_of, at=at, by_kind=by_kind, totals=totals, equity=equity, **means)


def _lengthen(bank: Watched, horizon: int) -> None:
    """Let a bank that has come to its end go on: nobody joins any more, all else goes on as before.

    The new clock calls its months by names ``horizon`` months earlier, so that the seasons stay only over whole years.
    """
    if horizon % 12:
        raise ValueError(f"the bank goes on for {horizon} months; expected whole years")
    old, market = bank.clock, bank.market
    bank.clock = Clock(old.months + horizon, old.burn_in)
    for part in (bank.treasury, bank.payments, bank.offers, bank.loans):
        part.clock = bank.clock  # type: ignore[union-attr]
    bank.payments.until[bank.payments.until == old.months] = bank.clock.months
    # Only the length counts: every future draws its own market from here.
    names = ("equity", "bonds", "rate", "fx", "variance")
    longer = {name: np.append(getattr(market, name), np.zeros(horizon)) for name in names}
    last = old.total - 1
    variance = _next_variance(bank, market.equity[last], market.variance[last])
    longer["variance"][last + 1] = variance
    bank.market = bank.treasury.market = replace(market, **longer)


def _next_variance(bank: Watched, equity: float, variance: float) -> float:
    p = bank.law.market
    surprise = equity - p.equity_mean
    return (1 - p.arch - p.garch) * p.equity_sd**2 + p.arch * surprise**2 + p.garch * variance


def brought(bank: Watched, month: Month, at: np.ndarray) -> dict[str, Floats]:
    """Return what the clients ``at``, all of them there, brought in the month, in currency units; contacts on average.

    The kinds of ``REVENUE_KINDS``, and ``assets`` and ``drawn`` at the month's end.
    """
    law, place = bank.law, np.full(len(bank.people), -1)
    place[month.income.at] = np.arange(len(month.income.at))
    own = place[at]
    risk = np.full(len(bank.people), -1)
    risk[month.risk.at] = np.arange(len(month.risk.at))
    seen = risk[at]
    assert month.payment_fees is not None
    fee = month.income.fee[own] + month.payment_fees[at]
    margin = month.income.margin[own] + bank.loans.margin()[at]
    cost = law.wealth.cost_fixed + mean_cost(law, month.risk.log_wealth[seen], month.risk.digital[seen])
    found = dict(zip(REVENUE_KINDS, (fee / 100, margin / 100, -cost), strict=True))
    assets = bank.state.assets[at].sum(axis=1) / 100
    return found | {"assets": assets, "drawn": np.where(bank.loans.active[at], bank.loans.drawn[at], 0) / 100}
