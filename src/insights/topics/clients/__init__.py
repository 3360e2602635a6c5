"""Clients: who they are, in which segments, whether these hold, and what to do for each."""

from insights.topics.clients.choice import choice
from insights.topics.clients.file import client_file
from insights.topics.clients.groups import groups
from insights.topics.clients.later import later
from insights.topics.clients.moves import moves
from insights.topics.clients.portraits import portraits
from insights.topics.clients.risk import risk
from insights.topics.clients.segments import segments
from insights.topics.clients.stages import stages

__all__ = ["choice", "client_file", "groups", "later", "moves", "portraits", "risk", "segments", "stages"]
