"""Tables that are not about single clients: cost of acquisition, public mentions, operational incidents."""

import numpy as np

from insights.demo.process import Month, Process
from insights.demo.rows import NO_MONEY, Rows, pick
from insights.demo.state import CASH

ITEMS = ("deposits", "liquidity", "bonds", "lending", "banks")
CHANNELS = ("press", "social media", "forum")
INCIDENTS = ("payment error", "system outage", "wrong advice", "data error", "theft")


def source_cost_rows(process: Process, clients: Rows, rng: np.random.Generator) -> Rows:
    """Return the rows of ``source_costs``: what each source costs in the long run per client, spread evenly."""
    p, clock = process.law.source_costs, process.clock
    won = np.bincount(
        clients["acquisition_source"][clients["joined_on"] >= np.datetime64(clock.window_from)], minlength=5
    )
    yearly = np.asarray(p.per_client) * np.maximum(won, 1) / clock.months
    months = np.arange(clock.burn_in, clock.total)
    factor = np.exp(p.spread * rng.standard_normal((len(months), len(yearly))))
    return {
        "month": np.repeat(clock.month_start(months), len(yearly)),
        "acquisition_source": np.tile(np.arange(len(yearly), dtype=np.int8), len(months)),
        "amount": np.rint(100 * yearly * factor).astype(np.int64).ravel(),
    }


def mention_rows(process: Process, clients: Rows, rng: np.random.Generator) -> Rows:
    """Return the rows of ``mentions``: every day and channel of the window, with one outbreak of bad ones."""
    p, clock = process.law.mentions, process.clock
    days = np.arange(np.datetime64(clock.window_from), np.datetime64(clock.last_day) + 1)
    start = int(p.outbreak_at * len(days))
    outbreak = np.where((np.arange(len(days)) >= start) & (np.arange(len(days)) < start + p.outbreak_days), 1.0, 0.0)
    rates = {
        "positive": np.tile(p.positive, (len(days), 1)),
        "neutral": np.tile(p.neutral, (len(days), 1)),
        "negative": np.asarray(p.negative) * (1 + (p.outbreak_factor - 1) * outbreak[:, None]),
    }
    return {
        "day": np.repeat(days, len(CHANNELS)),
        "channel": np.tile(np.arange(len(CHANNELS), dtype=np.int8), len(days)),
        **{tone: rng.poisson(rate).ravel() for tone, rate in rates.items()},
    }


def incident_rows(process: Process, clients: Rows, rng: np.random.Generator) -> Rows:
    """Return the rows of ``incidents`` reported by the last day; the delay is a geometric number of months."""
    p, clock, n_clients = process.law.incidents, process.clock, len(clients["client_id"])
    n = int(rng.poisson(p.per_thousand * n_clients / 1000 * clock.months))
    t = np.sort(rng.integers(clock.burn_in, clock.total, n))
    occurred = clock.day(t, rng.random(n))
    delay = np.rint(30.4 * (rng.geometric(1 / (1 + p.delay_months), n) - 1)).astype(np.int64)
    client = rng.integers(0, n_clients, n)
    there = (clients["joined_on"][client] <= occurred) & ~(clients["left_on"][client] < occurred)
    loss = np.rint(100 * np.exp(p.log_loss + p.log_loss_sd * rng.standard_normal(n))).astype(np.int64)
    rows: Rows = {
        "occurred_on": occurred,
        "kind": rng.integers(0, len(INCIDENTS), n).astype(np.int8),
        "client_id": np.where(there & (rng.random(n) < p.with_client), client, -1),
        "rm_id": np.where(rng.random(n) < p.with_manager, clients["rm_id"][client], -1),
        "loss": np.where(rng.random(n) < p.loss_unknown, NO_MONEY, loss),
        "reported_on": occurred + delay,
    }
    return pick(rows, rows["reported_on"] <= np.datetime64(clock.last_day))


def position_rows(process: Process, month: Month, rng: np.random.Generator) -> Rows:
    """Return the month's rows of ``bank_positions``: deposits are the clients' cash, the rest follows from shares."""
    p, state = process.law.positions, process.state
    deposits = int(state.assets[:, CASH].sum())
    noise = np.exp(p.spread * rng.standard_normal(len(p.shares)))
    own = np.rint(deposits * np.asarray(p.shares) * noise).astype(np.int64)
    assets = np.append(own, process.loans.total)
    amounts = np.concatenate([[-deposits], assets, [deposits - assets.sum()]])
    return {
        "month": np.full(len(ITEMS), process.clock.month_start(month.t)),
        "item": np.arange(len(ITEMS), dtype=np.int8),
        "amount": amounts,
    }
