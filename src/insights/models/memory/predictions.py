"""Predictions as they stood: written down by the run that made them, and scored when what they foretold is known."""

from dataclasses import dataclass, field

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.exits.risk import ANY, HORIZONS
from insights.models.exits.trials import chosen_model, exit_trials
from insights.models.exits.use import risks_in_use

LEAVING = "leaving"


@dataclass(frozen=True)
class Predicted:
    """``rows``: client_id, target, months, value; one per client and horizon. ``model`` names what made them."""

    rows: pd.DataFrame = field(repr=False)
    model: str


def predicted(bank: Bank) -> Predicted | None:
    """Return the risks of leaving within 3, 6 and 12 months as the reports tell them.

    None where none are told: leavers are not recorded, or there is too little past to have tested the model on.
    """
    if bank.needs("clients.joined_on", "clients.left_on") or bank.window_from is None or not exit_trials(bank):
        return None
    risks = risks_in_use(bank)
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "client_id": risks["client_id"].astype(str),
                    "target": LEAVING,
                    "months": months,
                    "value": risks[f"{ANY}_{months}m"].astype(float),
                }
            )
            for months in HORIZONS
        ],
        ignore_index=True,
    )
    rows = rows[rows["value"].notna()].sort_values(["months", "client_id"], kind="stable").reset_index(drop=True)
    return Predicted(rows, chosen_model(bank).model) if len(rows) else None
