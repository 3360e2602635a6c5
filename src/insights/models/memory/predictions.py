"""Predictions as they stood: written down by the run that made them, and scored when what they foretold is known."""

from dataclasses import dataclass, field

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.exits.risk import ANY, HORIZONS
from insights.models.exits.trials import chosen_model, exit_trials
from insights.models.exits.use import risks_in_use
from insights.models.memory.foretold import alerts_raised, needs_foretold, value_foretold
from insights.models.memory.targets import COLUMNS, LEAVING


@dataclass(frozen=True)
class Predicted:
    """``rows``: client_id, target, months, value, since; one per client, target and horizon.

    ``since`` is the day that they look ahead from (ISO). ``model`` names what made the risks of leaving.
    """

    rows: pd.DataFrame = field(repr=False)
    model: str


def predicted(bank: Bank) -> Predicted | None:
    """Return what the reports foretell of each client: leaving, first purchases, margins; and the warnings raised.

    None where nothing is told of anybody.
    """
    leaving = _leaving(bank)
    parts = [leaving, needs_foretold(bank), value_foretold(bank), alerts_raised(bank)]
    told = [part for part in parts if part is not None and len(part)]
    if not told:
        return None
    rows = pd.concat(told, ignore_index=True)[COLUMNS].astype({"client_id": str, "months": "int64", "value": float})
    rows = rows[rows["value"].notna()].sort_values(["target", "months", "client_id"], kind="stable")
    return Predicted(rows.reset_index(drop=True), "" if leaving is None else chosen_model(bank).model)


def _leaving(bank: Bank) -> pd.DataFrame | None:
    """Return the risks of leaving within 3, 6 and 12 months as the reports tell them.

    None where none are told: leavers are not recorded, or there is too little past to have tested the model on.
    """
    if bank.needs("clients.joined_on", "clients.left_on") or bank.window_from is None or not exit_trials(bank):
        return None
    risks = risks_in_use(bank)
    parts = [
        pd.DataFrame(
            {
                "client_id": risks["client_id"].astype(str),
                "target": LEAVING,
                "months": months,
                "value": risks[f"{ANY}_{months}m"].astype(float),
                "since": bank.as_of.isoformat(),
            }
        )
        for months in HORIZONS
    ]
    return pd.concat(parts, ignore_index=True)
