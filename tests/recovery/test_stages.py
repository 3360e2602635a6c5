"""Stages of the demo bank: shares by months since joining against those of a bank many times larger."""

from pathlib import Path

import pandas as pd
import pytest

from insights.data.snapshot import open_bank
from insights.demo import write_demo
from insights.topics import lifecycle
from insights.topics.evidence import Answer, Estimates

HORIZONS = (12, 24, 36, 60)
SMALL, LARGE, BANKS = 1_500, 24_000, 6


def occupation(folder: Path, clients: int, seed: int) -> pd.DataFrame:
    """Return share, low and high by state and months since joining, of a bank made with this seed."""
    write_demo(folder, clients=clients, months=60, seed=seed, language="en")
    with open_bank(folder / "bank.toml", as_of="2026-10-31") as bank:
        answer = lifecycle.stage_life(bank)
        assert isinstance(answer, Answer)
        part = answer.evidence["occupation"]
    assert isinstance(part, Estimates)
    rows = part.rows[part.rows["months"].isin(HORIZONS)]
    return rows.set_index(["state", "months"])[["value", "low", "high"]]


@pytest.mark.long
def test_intervals_of_small_banks_cover_the_shares_of_a_large_one(tmp_path: Path) -> None:
    truth = occupation(tmp_path / "large", LARGE, seed=100)["value"].rename("truth")
    covered, away = [], []
    for k in range(BANKS):
        found = occupation(tmp_path / f"small{k}", SMALL, seed=k).join(truth)
        found = found[found["truth"] > 0.02]
        covered += ((found["low"] <= found["truth"]) & (found["truth"] <= found["high"])).tolist()
        away += (found["value"] - found["truth"]).tolist()
    assert len(covered) >= 80
    # The shares of one bank depend on each other and on its markets, so the count varies more than that of lots.
    assert sum(covered) / len(covered) >= 0.85
    assert abs(sum(away) / len(away)) < 0.01
