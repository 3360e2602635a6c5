"""Goals of the management against the lines of the book: on track, off track, or not to be told."""

from dataclasses import replace

import pandas as pd

from insights.data.snapshot import Bank
from insights.topics.evidence import Answer, NotAvailable
from insights.topics.summary.pack import Pack
from insights.topics.summary.state import state

ID = "summary.goals"


def goals(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Return the lines that have a goal in [targets], each with how it stands."""
    if not bank.settings.targets:
        return NotAvailable(ID, ("[targets]",))
    whole = state(pack, bank)
    named = [str(name) for name in bank.settings.targets]
    return replace(
        whole,
        id=ID,
        kind=ID,
        estimate=lambda evidence: _with_goal(whole.estimate(evidence)["lines"], named),
    )


def _with_goal(lines: pd.DataFrame, named: list[str]) -> pd.DataFrame:
    return lines[lines["line"].isin(named)].reset_index(drop=True)
