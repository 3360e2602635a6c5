"""The extracts as the bank's systems deliver them; ``bank.template.toml`` says the same from the reader's side.

A test holds the two together.
"""

from insights.demo.extract import Extract
from insights.demo.specs_money import MONEY
from insights.demo.specs_people import PEOPLE
from insights.demo.specs_service import SERVICE

EXTRACTS: dict[str, Extract] = {**PEOPLE, **MONEY, **SERVICE}
"""Canonical table -> its extract."""
