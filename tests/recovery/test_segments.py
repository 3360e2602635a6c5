"""The demo bank's planted types are found as segments; where there are none the report says one."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank, open_bank
from insights.demo import write_demo
from insights.demo.law import Law
from insights.models.segments.model import Segments, client_segments
from insights.stats.mixture import adjusted_rand
from insights.topics import clients
from insights.topics.evidence import Answer

POSSIBLE, RECOVERED = 0.9, 0.8


def planted(folder: Path, bank: Bank) -> pd.Series:
    """Return the planted type of every client, by pseudonym."""
    truth = pd.read_parquet(folder.with_name(folder.name + "_truth") / "clients.parquet")
    return pd.Series(truth["type"].to_numpy(), index=Key.load(bank.settings).pseudonyms("client", truth["client_id"]))


def recovered(folder: Path) -> tuple[float, float, Segments]:
    """Return the best possible index, the one reached among clients in force, and the segments."""
    bank = open_bank(folder / "bank.toml", as_of="2026-10-31")
    found = client_segments(bank)
    assert isinstance(found, Segments)
    own = found.code[:, -1]
    placed = own >= 0
    kind = planted(folder, bank).reindex(found.months.client_id[placed])
    assert kind.notna().all()
    best = json.loads((folder.with_name(folder.name + "_truth") / "truth.json").read_text())["segments_best_ari"]
    return best, adjusted_rand(pd.factorize(kind)[0], own[placed].astype(np.int64)), found


def test_planted_types_come_out_as_segments(demo_bank_small: Path) -> None:
    best, reached, found = recovered(demo_bank_small)
    assert best >= POSSIBLE
    assert reached >= RECOVERED
    assert len(found.names) == 4
    assert found.choice is not None
    assert found.choice.stability is not None
    assert found.choice.stability.mean_jaccard.min() > 0.75


def test_without_types_the_report_says_one_segment(tmp_path: Path) -> None:
    law = Law()
    folder = tmp_path / "plain"
    write_demo(folder, clients=320, months=13, law=replace(law, people=replace(law.people, separation=0.0)))
    bank = open_bank(folder / "bank.toml", as_of="2026-10-31")
    found = client_segments(bank)
    assert isinstance(found, Segments)
    assert found.names == ("all",)
    answer = clients.segments(bank)
    assert isinstance(answer, Answer)
    assert answer.exact.table["segment"].tolist() == ["all"]
    chosen = clients.choice(bank)
    assert isinstance(chosen, Answer)
    numbers = chosen.exact.numbers.set_index("classes")
    assert numbers.loc[1, "verdict"] == "chosen"
    # What needs several segments says so.
    refused = clients.moves(bank), clients.later(bank)
    assert all(isinstance(a, Answer) and a.kind == "clients.refused" for a in refused)


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("separation", [1.0, 0.0])
def test_types_of_a_whole_bank(tmp_path: Path, seed: int, separation: float) -> None:
    law = Law()
    folder = tmp_path / "bank"
    people = replace(law.people, separation=separation)
    write_demo(folder, clients=3000, months=24, seed=seed, law=replace(law, people=people))
    best, reached, found = recovered(folder)
    if separation:
        assert best >= POSSIBLE
        assert reached >= RECOVERED
    else:
        assert found.names == ("all",)
