"""Market columns of the real policies, measured when each policy ended: as features, each of them is refused."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insights.data.snapshot import open_bank
from insights.models.exit_leaks import leaks
from insights.models.exit_rows import ExitRows, exit_rows, last_complete

REPOSITORY = Path(__file__).parents[2]
SERIES = ("CPI", "EUidx", "rate1Y", "rate2Y", "rate10Y", "unemploy", "industry", "RTV")


@pytest.fixture(scope="module")
def policies(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "data" / "eu_savings" / "policies.csv.gz", parse_dates=["issue.date"])


@pytest.fixture(scope="module")
def rows(shared: Path) -> ExitRows:
    config = REPOSITORY / "examples" / "eu_savings" / "bank.toml"
    return exit_rows(open_bank(config, as_of="2008-01-01", raw=shared / "data" / "eu_savings"))


def offered(rows: ExitRows, policies: pd.DataFrame, columns: list[str]) -> ExitRows:
    """Return the rows with columns of the policies as features, as if they had been known from the day of issue.

    Pseudonyms tell nothing, so a policy is found by what it shares with few others: month of issue, end and cause; what
    is asked here is the same for all of these.
    """
    began = rows.month - rows.tenure.astype(int)
    last = np.append(np.diff(rows.client) != 0, True)
    client = pd.DataFrame({"client": rows.client, "began": began, "month": rows.month, "cause": rows.cause})[last]
    client["end"] = np.where(client["cause"] > 0, client["month"], 0)
    issued, ended = policies["issue.date"], pd.to_datetime(policies["termination.date"])
    theirs = policies[columns].assign(
        began=issued.dt.year * 12 + issued.dt.month - 1,
        end=np.where(policies["lapse.reason"] == "In force", 0, ended.dt.year * 12 + ended.dt.month - 1),
    )
    found = client.merge(theirs.groupby(["began", "end"], as_index=False).first(), on=["began", "end"], how="left")
    values = found.set_index("client")[columns].reindex(rows.client).to_numpy(np.float32)
    return replace(rows, numeric={**rows.numeric, **{c: values[:, k] for k, c in enumerate(columns)}})


def market_columns(policies: pd.DataFrame) -> list[str]:
    found = [c for c in policies.columns if c.split(".")[0] in SERIES]
    assert len(found) == 20
    return found


def test_every_market_column_is_refused_by_name_and_honest_columns_are_not(
    rows: ExitRows, policies: pd.DataFrame
) -> None:
    columns = market_columns(policies)
    told = offered(rows, policies, columns)
    assert not np.isnan(told.numeric[columns[0]]).any()
    found = leaks(told)
    assert set(found) == set(columns)
    assert all(reason.startswith("leaks the exit") for reason in found.values())
    assert {"age_decades"} == set(rows.numeric)
    assert {"gender", "income_band"} == set(rows.categories)


def test_they_are_refused_at_a_past_landmark_too(rows: ExitRows, policies: pd.DataFrame) -> None:
    """With what was known at the end of 2004: two thousand policies had ended, and the columns gave them away."""
    day = date(2004, 12, 31)
    columns = market_columns(policies)
    told = offered(rows, policies, columns).until(day)
    assert int(told.month.max()) == last_complete(day)
    assert set(leaks(told)) == set(columns)
