"""The month's bookings as they are made, and the sums that must agree with the change of the balances."""

import numpy as np

from insights.demo.rows import NO_DAY, Rows, stack
from insights.demo.state import CATEGORIES

KINDS = ("inflow", "outflow", "transfer", "security_in", "security_out", "trade", "fee", "interest", "payment")
INFLOW, OUTFLOW, TRANSFER, SECURITY_IN, SECURITY_OUT, TRADE, FEE, INTEREST, PAYMENT = range(9)
CHANNELS = ("branch", "phone", "online", "app")

DETAILS = {"counterparty": np.int64(-1), "label": np.int8(-1), "labelled_on": NO_DAY, "fraud": np.False_}
"""Columns that only payments fill, and what stands in them otherwise. ``fraud`` is the truth, and no column."""


class Bookings:
    """Collects bookings; only those with an amount are kept. Amounts have the client's sign (+ into the bank)."""

    def __init__(self, *, keep: bool = True) -> None:
        """Begin an empty book; without ``keep`` nothing is written down (months that nobody will see)."""
        self.keep = keep
        self.parts: list[Rows] = []

    def add(
        self,
        client: np.ndarray,
        day: np.ndarray,
        kind: int,
        amount: np.ndarray,
        category: int,
        product: np.ndarray | int = -1,
        channel: np.ndarray | int = -1,
        details: Rows | None = None,
    ) -> None:
        """Book ``amount`` (cents) on each client's ``category``; ``details`` are further columns, one entry each."""
        if not self.keep:
            return
        made = np.flatnonzero(amount)
        n = len(made)
        if not n:
            return
        self.parts.append(
            {
                "client_id": client[made],
                "booked_on": np.broadcast_to(day, amount.shape)[made],
                "kind": np.full(n, kind, np.int8),
                "amount": amount[made],
                "category": np.full(n, category, np.int8),
                "product_id": np.broadcast_to(np.asarray(product, np.int8), amount.shape)[made],
                "channel": np.broadcast_to(np.asarray(channel, np.int8), amount.shape)[made],
                **{name: details[name][made] if details else np.full(n, empty) for name, empty in DETAILS.items()},
            }
        )

    def rows(self) -> Rows:
        """Return the month's bookings by day; ties keep the order in which they were made."""
        if not self.parts:
            self.add(np.zeros(1, np.int64), np.array(["1970-01-01"], "datetime64[D]"), 0, np.ones(1, np.int64), 0)
            return {name: values[:0] for name, values in self.parts.pop().items()}
        rows = stack(self.parts)
        order = np.argsort(rows["booked_on"], kind="stable")
        return {name: values[order] for name, values in rows.items()}


def take(assets: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return how ``wanted`` (>= 0, at most the row's sum) is taken from cash first, then funds, then the mandate."""
    parts = np.zeros_like(assets)
    left = wanted.copy()
    for c in range(len(CATEGORIES)):
        parts[:, c] = np.minimum(assets[:, c], left)
        left -= parts[:, c]
    return parts
