"""One bank that the attackers share: what is computed of it once serves all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from insights.data.snapshot import Bank, open_bank


@pytest.fixture(scope="session")
def demo(demo_bank_small: Path) -> Iterator[Bank]:
    """The small demo bank, opened; not to be changed."""
    with open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31") as bank:
        yield bank
