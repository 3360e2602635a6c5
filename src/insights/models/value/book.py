"""One row per client in force: what he brings in, holds, costs and risks. The base of tiers, resources and lists."""

import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.households import household_of
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.models.value.margins import ASSETS, MARGIN, client_margins
from insights.models.value.service import service_given

COST = "cost_to_serve"
YEAR = 12
NEEDS = ("clients.joined_on", "clients.left_on")


def client_book(bank: Bank) -> pd.DataFrame | None:
    """Return the clients in force, in the order of their ids, computed once; None without revenue and balances.

    Columns: client_id, household (a number), rm_id, ``value`` (margin of the last twelve months, or average assets
    without revenue), ``assets`` (average of the twelve month ends), ``cost`` (to serve; where delivered, a positive
    amount), and what ``service_given`` tells of the twelve months.
    """
    return once(bank, "client_book", lambda: _made(bank))


def with_worth(bank: Bank, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with a client_id with ``worth``: what each client is worth over all years that are counted.

    Without that column where it cannot be told in margins: revenue is not delivered, or leaving cannot be foretold. nan
    for a client whose value is not estimated. It is the value of page one, client by client.
    """
    found = lifetimes(bank)
    if found is None:
        return frame
    worth = found.clients.drop_duplicates("client_id").set_index("client_id")["value"]
    return frame.assign(worth=worth.reindex(frame["client_id"]).to_numpy(float))


def lifetimes(bank: Bank) -> LifetimeValues | None:
    """Return the lifetime values where they can be told in margins; None where a year's value must do.

    That is where revenue is not delivered, or leaving or what clients bring cannot be foretold.
    """
    margins = client_margins(bank)
    if margins is None or margins.basis != MARGIN or bank.needs(*NEEDS) or not bank.window_from:
        return None
    found = lifetime_values(bank)
    return found if isinstance(found, LifetimeValues) else None


def _made(bank: Bank) -> pd.DataFrame | None:
    margins = client_margins(bank)
    if margins is None:
        return None
    last = margins.months.count - 1
    first = max(last - YEAR + 1, 0)
    frame = pd.DataFrame(
        {
            "client_id": margins.months.client_id,
            "household": household_of(bank, margins.months.client_id),
            "rm_id": margins.months.rm_id,
            "value": margins.value(),
            "assets": margins.average_assets(first, last),
        }
    )
    if margins.basis != ASSETS and COST in margins.components:
        frame["cost"] = -margins.over(COST, first, last)
    frame = frame[margins.months.in_force].reset_index(drop=True)
    given = service_given(
        bank, frame["client_id"].to_numpy(), margins.months.month(first), month_end(margins.months.month(last))
    )
    return frame.merge(given, on="client_id", how="left", validate="one_to_one")
