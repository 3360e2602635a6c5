"""Tables that watch the process without changing it; a new one is a function here and a spec, and changes no other.

An observer gets the month as it was and a stream of its own. A closing table is made once at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from insights.demo.process import Month, Process
from insights.demo.rows import Rows
from insights.demo.service.access import access_rows
from insights.demo.service.behaviour import behaviour_rows
from insights.demo.service.events import event_rows
from insights.demo.service.notes import note_rows
from insights.demo.service.public import incident_rows, mention_rows, position_rows, source_cost_rows
from insights.demo.service.requests import request_rows
from insights.demo.service.services import service_rows
from insights.demo.service.surveys import survey_rows
from insights.demo.streams import stream

OBSERVERS: dict[str, Callable[[Process, Month, np.random.Generator], Rows]] = {
    "notes": note_rows,
    "surveys": survey_rows,
    "events": event_rows,
    "behaviour": behaviour_rows,
    "services": service_rows,
    "requests": request_rows,
    "access": access_rows,
    "bank_positions": position_rows,
}
CLOSING: dict[str, Callable[[Process, Rows, np.random.Generator], Rows]] = {
    "source_costs": source_cost_rows,
    "mentions": mention_rows,
    "incidents": incident_rows,
}


@dataclass
class Observation:
    """The observers of one bank, each with its stream."""

    process: Process

    def __post_init__(self) -> None:
        """Give every table its own stream, by its name."""
        self._rng = {name: stream(self.process.seed, name) for name in (*OBSERVERS, *CLOSING)}

    def month(self, month: Month) -> dict[str, Rows]:
        """Return the month's rows of every observing table."""
        return {name: observe(self.process, month, self._rng[name]) for name, observe in OBSERVERS.items()}

    def end(self, clients: Rows) -> dict[str, Rows]:
        """Return the tables made once, given the client register."""
        return {name: make(self.process, clients, self._rng[name]) for name, make in CLOSING.items()}
