"""One row per client in force: what he brings in, holds, costs and risks. The base of tiers, resources and lists."""

import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.households import household_of
from insights.models.value.margins import ASSETS, client_margins
from insights.models.value.service import service_given
from insights.models.value.tiers import YEAR, client_tiers

COST = "cost_to_serve"


def client_book(bank: Bank) -> pd.DataFrame | None:
    """Return the clients in force, in the order of their ids, computed once; None without revenue and balances.

    Columns: client_id, household (a number), rm_id, ``value`` (margin of the last twelve months, or average assets
    without revenue), ``assets`` (average of the twelve month ends), ``cost`` (to serve; where delivered, a positive
    amount), ``tier`` ("" where the client has none yet), and what ``service_given`` tells of the twelve months.
    """
    return once(bank, "client_book", lambda: _made(bank))


def _made(bank: Bank) -> pd.DataFrame | None:
    margins, tiers = client_margins(bank), client_tiers(bank)
    if margins is None or tiers is None:
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
            "tier": tiers.at(last),
        }
    )
    if margins.basis != ASSETS and COST in margins.components:
        frame["cost"] = -margins.over(COST, first, last)
    frame = frame[margins.months.in_force].reset_index(drop=True)
    given = service_given(
        bank, frame["client_id"].to_numpy(), margins.months.month(first), month_end(margins.months.month(last))
    )
    return frame.merge(given, on="client_id", how="left", validate="one_to_one")
