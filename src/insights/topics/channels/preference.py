"""Which channel clients prefer and at what time, and how well that tells their next contact."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.preference import MONTHS, NEEDS, TIMES, TRIAL_MONTHS, Preferred
from insights.models.preference import preference as preferred
from insights.topics.channels.refusals import refused
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    NotAvailable,
    client_counts,
)
from insights.topics.rows import estimates, line, plain

ID = "channels.preference"
REST = "others"
"""Where what few prefer is counted together."""
OWN, COMMON, GAIN, TOLD = "own", "common", "gain", "told"


@dataclass(frozen=True)
class PreferenceRows:
    """``trials``: what ("channel", "time"), measure (see ``Trial``), value, low, high, n.

    ``clients``: what, name, clients who prefer it (nan: withheld).
    """

    trials: pd.DataFrame
    clients: pd.DataFrame


def preference(bank: Bank) -> Answer | NotAvailable:
    """Tell how many clients prefer which channel and time, and how well that told their next contact."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = preferred(bank)
    made = {what: p for what in ("channel", "time") if isinstance(p := getattr(found, what), Preferred)}
    if not made:
        return refused(ID, "too_few_waits")
    lines: list[dict[str, Any]] = []
    for what, trial in found.trials.items():
        size = trial.clients, trial.hits
        for measure, one in ((OWN, trial.own), (COMMON, trial.common), (GAIN, trial.gain)):
            lines.append({"what": what, "measure": measure} | line(one, *size))
        lines.append({"what": what, "measure": TOLD} | plain(trial.told, "share", *size))
    told = [row for row in lines if not np.isnan(row["value"])]
    evidence: dict[str, Evidence] = {"trials": estimates(told, "what", "measure")}
    evidence |= {f"clients.{what}": _counted(bank, p) for what, p in made.items()}
    facts = {"months": MONTHS, "trial": TRIAL_MONTHS, "times": {k: list(v) for k, v in TIMES.items()}}
    return Answer(ID, ID, evidence, _rows, facts)


def _counted(bank: Bank, found: Preferred) -> ClientCounts:
    rows = pd.DataFrame({"name": found.first, "household": household_of(bank, found.client_id)})
    return client_counts(rows, ("name",), rest=REST)


def _rows(parts: dict[str, Evidence]) -> PreferenceRows:
    frames = [
        cast(ClientCounts, part).cells.assign(what=name.removeprefix("clients."))
        for name, part in parts.items()
        if name.startswith("clients.")
    ]
    return PreferenceRows(cast(Estimates, parts["trials"]).rows, pd.concat(frames, ignore_index=True))
