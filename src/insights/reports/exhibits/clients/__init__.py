"""Words, tables and figures of the report on clients: one file per question."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit
from insights.reports.exhibits.clients.choice import choice, choice_own
from insights.reports.exhibits.clients.file_words import client_file_in_words
from insights.reports.exhibits.clients.groups import groups
from insights.reports.exhibits.clients.later import later
from insights.reports.exhibits.clients.moves import moves
from insights.reports.exhibits.clients.portraits import portraits
from insights.reports.exhibits.clients.refusals import refused
from insights.reports.exhibits.clients.risk import risk
from insights.reports.exhibits.clients.segments import segments
from insights.reports.exhibits.clients.stages import stages
from insights.reports.wording import Wording
from insights.topics.evidence import Answer

WRITERS: dict[str, Callable[[Answer, Any, Bank], Exhibit]] = {
    "clients.segments": segments,
    "clients.choice": choice,
    "clients.choice_own": choice_own,
    "clients.moves": moves,
    "clients.later": later,
    "clients.stages": stages,
    "clients.risk": risk,
    "clients.portraits": portraits,
    "clients.groups": groups,
    "clients.refused": refused,
}

LISTS: dict[str, Callable[[pd.DataFrame, Bank, Wording], pd.DataFrame]] = {"client_file": client_file_in_words}
"""How the file of a client is put into words; it is made on request only."""
