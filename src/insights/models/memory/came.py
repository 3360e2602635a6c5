"""What past runs foretold, as each wrote it down, and from when on it can be held against what came."""

from collections.abc import Callable
from datetime import date

import pandas as pd

from insights.data.months import add_months
from insights.models.memory.store import Memory
from insights.stats.results import NotEstimable

NOTHING_DUE = NotEstimable("no prediction of an earlier run is old enough to be scored")


def told_by(memory: Memory, wanted: Callable[[pd.Series], pd.Series]) -> pd.DataFrame:
    """Return the predictions of a run whose targets are wanted; an earlier version did not write all of them."""
    told = memory.predictions
    if told is None or "since" not in told:
        return pd.DataFrame(columns=["client_id", "target", "months", "value", "since"])
    return told[wanted(told["target"])]


def due(memory: Memory, months: int) -> date:
    """Return the day from which a prediction of a run over so many months can be scored."""
    return add_months(date.fromisoformat(memory.as_of), months)
