"""The extracts as the bank's systems deliver them; ``bank.template.toml`` says the same from the reader's side.

A test holds the two together.
"""

from insights.demo.extracts.extract import Extract
from insights.demo.extracts.money import MONEY
from insights.demo.extracts.people import PEOPLE
from insights.demo.extracts.service import SERVICE

EXTRACTS: dict[str, Extract] = {**PEOPLE, **MONEY, **SERVICE}
"""Canonical table -> its extract."""
