"""Measures that only one bank has: declared, kept, offered as features, and refused where they know the end."""

from pathlib import Path

import pytest
from shown import shown
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.errors import SettingsError
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.features import client_months
from insights.reports.exhibits.base import Exhibit
from insights.topics import lifecycle

DECLARED = 'items = ["own_score", "own_farewell"]\nstatic = ["own_score", "own_farewell"]'


def bank_of(folder: Path, options: str) -> Bank:
    """A bank with a score of its own, and a number that was written down in the farewell talk."""
    lines = []
    for k in range(400):
        gone = k % 4 == 0
        left = f"2021-{1 + k % 12:02d}-15" if gone else ""
        lines.append(
            f"{k},201{k % 9}-0{1 + k % 9}-01,{left},{'competitor' if gone else ''},{k % 7},{k % 3 if gone else ''}"
        )
    text = "client_id,joined_on,left_on,leave_reason,own_score,own_farewell\n" + "\n".join(lines) + "\n"
    return open_bank(write_bank(folder, {"clients": text}, options={"clients": options}), as_of="2021-12-31")


def test_they_are_features_like_any_other(tmp_path: Path) -> None:
    bank = bank_of(tmp_path, DECLARED)
    features = client_months(bank)
    assert {"own_score", "own_farewell"} <= set(features.numeric)
    hazards = fit_exit_hazards(bank)
    assert hazards.refused["own_farewell"].startswith("leaks the exit")
    assert "own_score" not in hazards.refused
    exhibit = shown(lifecycle.features(bank), bank)
    assert isinstance(exhibit, Exhibit)
    assert "farewell" in str(exhibit.sentences)


def test_a_measure_with_one_current_value_may_not_stand_for_the_past(tmp_path: Path) -> None:
    features = client_months(bank_of(tmp_path, 'items = ["own_score", "own_farewell"]'))
    assert "one current value only" in features.refused["own_score"]


def test_they_must_be_declared(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"(?s)own_score.*without declaring it"):
        bank_of(tmp_path, "")


def test_nobody_is_grouped_by_them(tmp_path: Path) -> None:
    from insights.models.groups import group_columns

    assert not [c for c in group_columns(bank_of(tmp_path, DECLARED)) if c.startswith("own_")]
