"""Three changes planted between two packs, by the command: the pages name exactly these."""

import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from reports.packs import findings, insights, make_pack

from insights.demo import write_demo

THEN, NOW = "2026-06-30", "2026-10-31"
PLACE, SCALE = "Geneva", 2
LEFT = "clients who left within twelve months"


def read(path: Path, sep: str = ",") -> pd.DataFrame:
    """Return an extract as text, each byte of other encodings kept."""
    return pd.read_csv(path, sep=sep, dtype=str, keep_default_na=False, encoding_errors="surrogateescape")


def write(frame: pd.DataFrame, path: Path, sep: str = ",") -> None:
    frame.to_csv(path, sep=sep, index=False, quoting=1, errors="surrogateescape")


def double_leavers(folder: Path) -> None:
    """Let so many more clients of the place leave since the last pack that twice the share of then has left."""
    clients, spells = read(folder / "kundenstamm.csv", ";"), read(folder / "beziehungen.csv", ";")
    joined, left = (
        pd.to_datetime(clients[c], format="%d.%m.%Y", errors="coerce") for c in ("EROEFFNET_AM", "SALDIERT_AM")
    )
    here = clients["REGION"] == PLACE

    def state(day: str) -> tuple[int, int]:
        """Return how many were there a year before, and how many of them have left."""
        end = pd.Timestamp(day)
        start = end - pd.DateOffset(years=1)
        there = here & (joined <= start) & (left.isna() | (left > start))
        return int(there.sum()), int((there & (left <= end)).sum())

    (there_then, gone_then), (there, gone) = state(THEN), state(NOW)
    more = round(2 * gone_then / there_then * there) - gone
    year_ago = pd.Timestamp(NOW) - pd.DateOffset(years=1)
    open_ends = clients.index[here & left.isna() & (joined <= year_ago)]
    rng = np.random.default_rng(1)
    chosen = rng.choice(open_ends, more, replace=False)
    days = [pd.Timestamp(THEN) + pd.Timedelta(days=int(k)) for k in rng.integers(1, 110, more)]
    ends = dict(zip(clients.loc[chosen, "KUNDEN_NR"], [d.strftime("%d.%m.%Y") for d in days], strict=True))
    for column in ("SALDIERT_AM", "SALDIERUNG_GEMELDET_AM"):
        clients.loc[chosen, column] = clients.loc[chosen, "KUNDEN_NR"].map(ends)  # a client may be delivered twice
    clients.loc[chosen, "SALDIERUNGSGRUND"] = "K"
    mine = spells["KUNDEN_NR"].isin(ends) & (spells["SALDIERT_AM"] == "")
    spells.loc[mine, "SALDIERT_AM"] = spells.loc[mine, "KUNDEN_NR"].map(ends)
    spells.loc[mine, "SALDIERUNGSGRUND"] = "K"
    write(clients, folder / "kundenstamm.csv", ";")
    write(spells, folder / "beziehungen.csv", ";")


def change_scale(folder: Path) -> None:
    """From the last pack on the mark of the recommendation goes up to twenty."""
    survey = read(folder / "survey.csv")
    late = (survey["answered"].str[:10] > THEN) & (survey["item_recommend"] != "")
    marks = SCALE * survey.loc[late, "item_recommend"].astype(float)
    survey.loc[late, "item_recommend"] = marks.astype(int).astype(str)
    write(survey, folder / "survey.csv")


def lose_half(folder: Path) -> None:
    write(read(folder / "crm_contacts.csv").iloc[::2], folder / "crm_contacts.csv")


def said(pack: Path, exhibit: str) -> str:
    """Return what a reader sees of an exhibit of the summary before its fine print."""
    page = (pack / "summary.html").read_text(encoding="utf-8")
    own = page.split(f'id="{exhibit}"')[1].split('<div class="fine">')[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", own)).split())


def clear(found: dict[str, Any]) -> set[tuple[str, ...]]:
    """Return the measures whose change is more than chance, as the title names them."""
    names = found["title"]["values"].get("names", [])
    return {(n["values"]["measure"]["id"], code(n["values"]["part"])) if n["values"] else (n["id"],) for n in names}


def code(label: Any) -> str:
    """Return the code behind a label that the bank may have named."""
    return str(label["values"]["code"]) if isinstance(label, dict) else str(label)


@pytest.mark.long
def test_three_planted_changes_are_named_and_nothing_else(tmp_path: Path) -> None:
    folder = write_demo(tmp_path / "bank", clients=3000, months=36, seed=3).out
    config = folder / "bank.toml"
    make_pack(tmp_path, config, THEN)
    sound = make_pack(tmp_path, config, NOW)
    assert findings(sound)["summary.changes"]["title"]["id"] == "Nothing material changed since {before:date}"
    assert findings(sound)["summary.delivery"]["title"]["id"].startswith("The delivery is as it was")

    double_leavers(folder)
    change_scale(folder)
    lose_half(folder)
    pack = make_pack(tmp_path, config, NOW)
    told = findings(pack)
    changes, delivery = told["summary.changes"], told["summary.delivery"]
    # The whole bank's share moves with that of the place; that of no other place does.
    assert (LEFT, PLACE) in clear(changes) <= {(LEFT, PLACE), (LEFT,)}
    assert [t["id"] for t in changes["title"]["values"]["tables"]] == ["contacts", "surveys"]
    assert [t["id"] for t in delivery["title"]["values"]["tables"]] == ["contacts", "surveys"]
    named = {(r["name"], r["group"]["table"], r["group"].get("column", "")) for r in delivery["estimates"]}
    assert named == {("fewer", "contacts", ""), ("shifted", "surveys", "item_recommend")}
    page = said(pack, "summary-changes")
    assert f"{LEFT}: {PLACE}" in page
    assert "Other numbers that changed by more than chance" not in page
    day = date.fromisoformat(THEN)
    assert f"The delivery changed since {day.day} {day:%B %Y}: contacts and surveys" in said(pack, "summary-delivery")
    listed = insights(tmp_path, "history", "--config", config, "--compare", THEN, NOW).stdout
    lines = [line.strip() for line in listed.splitlines()]
    assert any(line.startswith(f"left_12m {PLACE}: ") for line in lines)
    assert "delivered otherwise, so what rests on it is not judged: contacts, surveys" in lines
    assert not any(line.startswith(("loyalty_mark", "contacts_12m", "channels", "value")) for line in lines)
