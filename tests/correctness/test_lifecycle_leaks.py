"""Market columns of the real policies, measured when each policy ended: as features, each of them is refused."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from insights.data.months import last_complete
from insights.data.snapshot import open_bank
from insights.models.exits.leaks import leaks
from insights.models.exits.rows import ExitRows, exit_rows

REPOSITORY = Path(__file__).parents[2]
SERIES = ("CPI", "EUidx", "rate1Y", "rate2Y", "rate10Y", "unemploy", "industry", "RTV")


@pytest.fixture(scope="module")
def rows(shared: Path) -> ExitRows:
    config = REPOSITORY / "examples" / "eu_savings" / "bank.toml"
    return exit_rows(open_bank(config, as_of="2008-01-01", raw=shared / "data" / "eu_savings"))


@pytest.fixture(scope="module")
def market_columns(shared: Path) -> set[str]:
    names = pd.read_csv(shared / "data" / "eu_savings" / "policies.csv.gz", nrows=1).columns
    found = {f"own_{c.replace('.', '_')}" for c in names if c.split(".")[0] in SERIES}
    assert len(found) == 20
    return found


def test_every_market_column_is_refused_by_name_and_honest_columns_are_not(
    rows: ExitRows, market_columns: set[str]
) -> None:
    found = leaks(rows)
    assert set(found) == market_columns
    assert all(reason.startswith("leaks the exit") for reason in found.values())
    assert set(rows.numeric) == market_columns | {"age_decades"}
    assert set(rows.categories) == {"gender", "income_band"}


def test_they_are_refused_at_a_past_landmark_too(rows: ExitRows, market_columns: set[str]) -> None:
    """With what was known at the end of 2004: two thousand policies had ended, and the columns gave them away."""
    day = date(2004, 12, 31)
    then = rows.until(day)
    assert int(then.month.max()) == last_complete(day)
    assert set(leaks(then)) == market_columns
