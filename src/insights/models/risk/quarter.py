"""What became of the register of a quarter ago: by today's rules, on what was known then."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.clients import in_force
from insights.models.risk.register import HIGH, MIDDLE, asked, open_risks
from insights.stats.results import NotEstimable

MONTHS = 3
WORKING_DAYS = 65
"""In a quarter."""
CAME_TRUE, BURNS_ON, UNWARNED, SMOULDERS, NEW, WENT_OUT = (
    "came true",
    "burns on",
    "without warning",
    "smoulders on",
    "new",
    "went out",
)
FATES = (CAME_TRUE, BURNS_ON, UNWARNED, SMOULDERS, NEW, WENT_OUT)


@dataclass(frozen=True)
class Quarter:
    """``rows``: client_id, risk, fate of every risk open on ``day`` or now; ``before``: those of then, with level.

    A warning (middle level) came true when the same risk of the client is serious (high) now. A serious risk burns on,
    or burns without having been warned of; a risk that is not open any more went out: it was settled, the client left,
    or the alarm was false. All others smoulder, since then or new.
    """

    day: date
    rows: pd.DataFrame = field(repr=False)
    before: pd.DataFrame = field(repr=False)

    @property
    def arrived(self) -> int:
        """Risks that are open now and were not a quarter ago: at least so many came up."""
        return int(self.rows["fate"].isin((UNWARNED, NEW)).sum())


def quarter(bank: Bank) -> Quarter | NotEstimable:
    """Return what became of the register of a quarter ago, made once per bank; check ``asked`` first."""
    return once(bank, "risk_quarter", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Quarter | NotEstimable:
    if bank.part is not None:
        return NotEstimable("the register of a part is not looked back on")
    day = add_months(bank.as_of, -MONTHS)
    with Bank(bank.settings, day, bank.processed) as then:
        if set(asked(bank)) - set(asked(then)):
            return NotEstimable("some risks could not be told a quarter ago")
        if not len(in_force(then)):
            return NotEstimable("nobody was a client a quarter ago")
        before = open_risks(then)[["client_id", "risk", "level"]]
    now = open_risks(bank)[["client_id", "risk", "level"]]
    return Quarter(day, followed(before, now), before)


def followed(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return client_id, risk, fate of the open risks of two days (client_id, risk, level; each pair once)."""
    both = before.merge(now, on=["client_id", "risk"], how="outer", suffixes=("_then", "_now"))
    then, today = both["level_then"], both["level_now"]
    fate = np.select(
        [
            today.isna(),
            (today == HIGH) & (then == MIDDLE),
            (today == HIGH) & (then == HIGH),
            today == HIGH,
            then.notna(),
        ],
        [WENT_OUT, CAME_TRUE, BURNS_ON, UNWARNED, SMOULDERS],
        NEW,
    )
    rows = both[["client_id", "risk"]].assign(fate=fate)
    return rows.sort_values(["client_id", "risk"], ignore_index=True)
