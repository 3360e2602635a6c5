"""Packs in turn, by the command: a broken model is found out on page one, and a damaged pack stops nothing."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from reports.packs import findings, insights, make_pack

from insights.data.settings import load_settings
from insights.demo import write_demo
from insights.models.memory.store import NAME, read_memory, write_memory
from insights.models.memory.targets import LEAVING
from insights.reports.history import read_pack

OLD, BROKEN, NOW = "2026-04-30", "2026-08-31", "2026-10-31"
"""The first day on which four landmarks test a model, a pack in between, and half a year after the first."""
REPORTS = ("--report", "lifecycle", "--report", "summary")


def page_one(pack: Path) -> str:
    """Return what the summary says before its first table, as a reader sees it."""
    page = (pack / "summary.html").read_text(encoding="utf-8")
    page = page.split('<section class="exhibit"')[1].split("<table")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def reverse(config: Path, home: Path, pack: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the run of a pack have told the reverse: the riskiest least likely to leave."""
    patch.setenv("INSIGHTS_HOME", str(home))
    settings = load_settings(config)
    path = settings.state / pack.name / NAME
    memory = read_memory(path, settings, read_pack(pack)["stamp"]["data"])
    assert memory is not None
    assert memory.predictions is not None
    told = memory.predictions.copy()
    for _, own in told[told["target"] == LEAVING].groupby("months"):
        ranked = own["value"].sort_values().to_numpy()
        told.loc[own["value"].sort_values().index, "value"] = ranked[::-1]
    assert write_memory(path, replace(memory, predictions=told), settings)


@pytest.mark.long
def test_a_broken_model_is_found_out_and_a_damaged_pack_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_demo(tmp_path / "bank", clients=3000, months=54, seed=1).out / "bank.toml"
    old = make_pack(tmp_path, config, OLD, *REPORTS)
    damaged = make_pack(tmp_path, config, BROKEN, *REPORTS)
    sound = make_pack(tmp_path, config, NOW, *REPORTS)
    assert "Warning" not in page_one(sound)
    assert findings(sound)["lifecycle.foretold"]["estimates"]
    assert "still work" in findings(sound)["summary.past"]["title"]["id"]

    reverse(config, tmp_path, old, monkeypatch)
    (damaged / "findings.json").write_text("[")
    again = make_pack(tmp_path, config, NOW, *REPORTS)
    assert "Warning: what earlier packs foretold of leaving did not come true" in page_one(again)
    assert "in the wrong order" in findings(again)["lifecycle.foretold"]["title"]["id"]
    assert "failed" in findings(again)["summary.past"]["title"]["id"]
    summary = unescape((again / "summary.html").read_text(encoding="utf-8")).replace("\u00a0", " ")
    assert "The pack of 31 August 2026 is left out of the comparison" in summary
    assert "since 30 April 2026" in summary or "Since 30 April 2026" in summary
    told = insights(tmp_path, "history", "--config", config).stdout
    assert f"{BROKEN}  damaged: findings.json was changed after the run" in told
