"""What a run foretells besides leaving: what clients will buy first, what they will bring, and who was warned of."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.memory.targets import AHEAD, ALERT, MARGIN, NEED
from insights.models.needs.rows import STEP, missing
from insights.models.needs.trials import Trials, foretold, trials
from insights.models.risk.register import asked, open_risks
from insights.models.value.lifetime import LifetimeValues, lifetime_values
from insights.models.value.money import MARGIN as IN_MARGINS
from insights.models.value.money import measure_of


def needs_foretold(bank: Bank) -> pd.DataFrame | None:
    """Return the chances of a first purchase within three months: client, target, months, value, since.

    ``since`` is the first day of the last month that they rest on (ISO). None where needs are not told.
    """
    if missing(bank) or not isinstance(trials(bank), Trials):
        return None
    told = foretold(bank)
    return told.assign(target=NEED + told["category"].astype(str), months=STEP)


def value_foretold(bank: Bank) -> pd.DataFrame | None:
    """Return what each client in force is expected to bring; None where values are not told in margins."""
    if bank.needs("clients.joined_on", "clients.left_on") or bank.window_from is None:
        return None
    if measure_of(bank) != IN_MARGINS:
        return None
    found = lifetime_values(bank)
    if not isinstance(found, LifetimeValues):
        return None
    brought = found.course().brought(IN_MARGINS)
    own = found.clients["client_id"].astype(str)
    since = bank.as_of.replace(day=1).isoformat()
    parts = [
        pd.DataFrame(
            {
                "client_id": own,
                "target": MARGIN,
                "months": months,
                "value": brought[:, :months].sum(axis=1),
                "since": since,
            }
        )
        for months in AHEAD
        if months <= brought.shape[1]
    ]
    return pd.concat(parts, ignore_index=True)


def alerts_raised(bank: Bank) -> pd.DataFrame | None:
    """Return the open risks of the register, one row per client and reason; None where no risk can be told."""
    if not asked(bank):
        return None
    rows = open_risks(bank)
    return pd.DataFrame(
        {
            "client_id": rows["client_id"].astype(str),
            "target": ALERT + rows["reason"].astype(str),
            "months": 0,
            "value": 1.0,
            "since": bank.as_of.isoformat(),
        }
    )
