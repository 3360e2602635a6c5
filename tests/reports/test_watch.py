"""``insights watch``: it says when nothing is new, new rows give exactly the new alerts, and twice gives none."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from small_bank import write_bank

from insights.cli import main
from insights.data.pseudonyms import Key
from insights.data.settings import load_settings
from insights.data.snapshot import open_bank
from insights.errors import ParameterError
from insights.models.watched import watched
from insights.reports.audit import read_audit
from insights.reports.watch import NEAR, watch

DAY = date(2022, 12, 30)
RECIPIENTS = """
[risk.fraud]
cases_per_day = 0.5
sample_share = 0.001

[lists.recipients]
fraud_desk = { group = "fraud-desk", lists = ["fraud_alerts"] }
risk_desk = { group = "risk-desk", lists = ["risk_register", "needs_changed"], by_manager = ["risk_register"] }
"""


def _clients(more: str = "") -> str:
    lines = [f"{k},2015-01-01,m1,2030-01-01" for k in range(30)]
    lines[3], lines[4] = "3,2015-01-01,m1,2022-12-01", "4,2015-01-01,m2,2023-04-01"
    return "\n".join(["client_id,joined_on,rm_id,kyc_expires_on", *lines]) + "\n" + more


def _bookings(more: str = "") -> str:
    days = [DAY - timedelta(days=7 * k + 1) for k in range(60)]
    rows = [f"{c},{day},payment,-100.00,rent{c}" for c in range(30) for day in days]
    return "client_id,booked_on,kind,amount,counterparty\n" + "\n".join(rows) + "\n" + more


def _contacts(last: int) -> str:
    rng = np.random.default_rng(2)
    rows = []
    for week in range(-1, 60):
        wait = rng.normal(10, 1, 40) if week >= 0 else np.full(40, float(last))
        day = DAY - timedelta(days=7 * week)
        rows += [f"{k % 30},{day},phone,{w:.2f}" for k, w in enumerate(wait)]
    return "client_id,contacted_on,channel,wait_minutes\n" + "\n".join(rows) + "\n"


def _write(folder: Path, *, clients: str = "", bookings: str = "", notes: str = "", last: int = 10) -> Path:
    spoken = "1,2021-11-01,succession\n2,2022-12-20,retirement\n5,2022-06-01,fees\n"
    files = {
        "clients": _clients(clients),
        "transactions": _bookings(bookings),
        "contacts": _contacts(last),
        "notes": "client_id,noted_on,topic\n" + spoken + notes,
    }
    return write_bank(folder, files, more=RECIPIENTS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _files(home: Path) -> dict[str, pd.DataFrame]:
    found = sorted((home / "lists" / "demo").glob("*/*.parquet"))
    return {f"{path.parent.name}/{path.stem}": pd.read_parquet(path) for path in found}


def test_only_what_is_new_is_told_and_it_is_told_once(home: Path, tmp_path: Path) -> None:
    config = _write(tmp_path / "bank")
    begun = watch(config, DAY)
    assert begun[0].startswith("nothing to compare with yet")
    assert begun[-1] == NEAR
    assert _files(home) == {}
    assert watch(config, DAY) == ["nothing new", begun[1], NEAR]
    later = DAY + timedelta(days=7)
    _write(
        tmp_path / "bank",
        clients="30,2015-01-01,m1,2022-06-01\n",
        bookings=f"7,{later},payment,-9000.00,mule\n8,{later},payment,-100.00,rent8\n",
        notes="1,2023-01-03,succession\n2,2023-01-03,retirement\n5,2023-01-03,fees\n6,2022-10-01,fees\n",
        last=30,
    )
    told = watch(config, later)
    key = Key.load(load_settings(config))
    of = dict(enumerate(key.pseudonyms("client", [str(k) for k in range(31)])))
    files = _files(home)
    assert set(files) == {
        f"fraud_desk/fraud_alerts-new-{later}",
        f"risk_desk/needs_changed-new-{later}",
        f"risk_desk/risk_register-new-{later}",
    }
    # Papers of client 3 were told before; those of 4 fall due within 90 days by now, and 30 came with expired ones.
    assert set(files[f"risk_desk/risk_register-new-{later}"]["client_id"]) == {of[4], of[30]}
    # A payment in the extracts of today, and no other: it is the one that is unusual.
    alerts = files[f"fraud_desk/fraud_alerts-new-{later}"]
    assert alerts["client_id"].tolist() == [of[7]]
    assert alerts["rules"].tolist() == ["large_new_payee"]
    # Client 1 spoke of it 14 months ago, 2 a fortnight ago, 5 half a year ago, and 6 too long before today.
    assert files[f"risk_desk/needs_changed-new-{later}"]["client_id"].tolist() == [of[1]]
    assert "channel phone: clients wait longer than in any of the 52 weeks before" in told
    assert not any(pseudonym in line for line in told for pseudonym in of.values())
    again = watch(config, later)
    assert again[0] == "nothing new"
    assert set(_files(home)) == set(files)
    made = [line for line in read_audit(home / "state" / "demo") if line["action"] == "made"]
    assert {line["attempt"] for line in made} == {"watch"}
    # What comes later on the same day goes into a file of its own; nothing is written over.
    _write(tmp_path / "bank", clients="30,2015-01-01,m1,2022-06-01\n31,2015-01-01,m1,2022-06-01\n", last=30)
    third = watch(config, later)
    assert "list risk_register for risk_desk: 1 new" in third
    assert any(name.endswith(f"risk_register-new-3-{later}") for name in _files(home))
    assert any("no longer open" in line for line in third)
    with pytest.raises(ParameterError, match="the last watch was of"):
        watch(config, DAY)


def test_it_compares_with_a_day_as_it_was_known_then(home: Path, tmp_path: Path) -> None:
    config = _write(tmp_path / "bank")
    told = CliRunner().invoke(
        main, ["watch", "--config", str(config), "--as-of", "2023-01-05", "--since", "2022-11-20"]
    )
    assert told.exit_code == 0, told.output
    assert "list risk_register for risk_desk: 2 new" in told.output  # expired on 1 December, and due within 90 days
    assert "list needs_changed for risk_desk: 1 new" in told.output
    assert NEAR in told.output
    wrong = CliRunner().invoke(
        main, ["watch", "--config", str(config), "--as-of", "2023-01-05", "--since", "2023-01-05"]
    )
    assert wrong.exit_code == 2
    assert "is not before" in wrong.output
    lean = open_bank(write_bank(tmp_path / "lean", {"clients": "client_id,joined_on\n1,2015-01-01\n"}), as_of=DAY)
    assert watched(lean).lacking == ("risks", "payments", "needs", "troubles", "outbreaks")
