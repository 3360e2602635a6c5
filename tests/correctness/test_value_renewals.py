"""Contracts renewed by period: the published cohort through intake, counts by hand, and what a bank needs for it."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.errors import SettingsError
from insights.models.value.renewals import renewals as counted
from insights.reports.disclosure import protect
from insights.stats.renewal import ShiftedBetaGeometric
from insights.stats.results import NotEstimable
from insights.topics import value
from insights.topics.evidence import Answer, NotAvailable

PUBLIC = '[disclosure]\nmode = "public_data"\n'


def bank_of(
    folder: Path, spells: list[tuple[str, str]], renewal: str = "[value.renewal]\n", as_of: str = "2027-12-31"
) -> Bank:
    """Return a bank with one client for each pair of joining and leaving ("" for those in force)."""
    rows = "".join(f"{i},{joined},{left}\n" for i, (joined, left) in enumerate(spells))
    files = {"clients": "client_id,joined_on,left_on\n" + rows}
    return open_bank(write_bank(folder, files, delay=0, more=PUBLIC + renewal), as_of=as_of)


@pytest.fixture(scope="module")
def published(acceptance: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The 1,000 starters of the published cohort, each losing his contract in the month of the renewal."""
    alive = [round(10 * share) for share in acceptance["shifted_beta_geometric"]["percent_alive"]]
    spells = []
    for year, (before, after) in enumerate(pairwise(alive), start=2021):
        spells += [("2020-01-01", f"{year}-01-01")] * (before - after)
    spells += [("2020-01-01", "")] * alive[-1]
    return bank_of(tmp_path_factory.mktemp("renewals"), spells)


@pytest.mark.acceptance("shifted_beta_geometric", part="through intake")
def test_the_published_cohort_goes_through_intake_to_the_published_numbers(
    published: Bank, acceptance: dict[str, Any]
) -> None:
    expected, found = acceptance["shifted_beta_geometric"], counted(published)
    assert isinstance(found.fit, ShiftedBetaGeometric)
    assert found.counts["at_risk"].iloc[0] == 1000
    assert {k: e.value for k, e in found.fit.parameters.items()} == pytest.approx(
        expected["params"], rel=expected["tol"]
    )
    assert found.fit.loglik == pytest.approx(expected["loglik"], rel=1e-6)
    answer = value.renewals(published)
    assert isinstance(answer, Answer)
    rows = answer.evidence["renewals"].rows  # type: ignore[union-attr]
    survival = rows[rows["measure"] == "survival"].set_index("period")["value"]
    assert [100 * survival[k] for k in range(8, 13)] == pytest.approx(expected["projected_years_8_to_12"], rel=1e-3)
    page = shown(answer, published)
    assert title(page).startswith("62.7% of contracts are renewed the first time")
    told, seen = (rows[rows["measure"] == f"test_{k}"]["value"].iloc[0] for k in ("foretold", "seen"))
    assert seen == pytest.approx(24.1 / 28.9)
    assert told == pytest.approx(seen, abs=0.03)


def test_counts_by_hand(tmp_path: Path) -> None:
    spells = [
        ("2020-01-15", "2020-06-01"),  # before the first renewal: not renewed there
        ("2020-01-15", "2021-01-10"),  # in its month
        ("2020-01-15", "2021-04-20"),  # within three months of it
        ("2020-01-15", "2021-05-01"),  # later: lost at the second renewal
        ("2020-01-15", "2022-02-01"),  # its grace is not over for those who stay: not counted yet
        ("2020-01-15", ""),
        ("2021-06-01", ""),  # has come to no renewal whose grace is over
        ("2019-12-31", ""),  # began before the window
    ]
    found = counted(bank_of(tmp_path, spells, "[value.renewal]\ngrace_months = 3\n", as_of="2022-04-29"))
    assert found.counts["at_risk"].tolist() == [6]
    assert found.counts["lost"].tolist() == [3]
    found = counted(bank_of(tmp_path, spells, "[value.renewal]\ngrace_months = 3\n", as_of="2022-04-30"))
    assert found.counts["at_risk"].tolist() == [6, 3]
    assert found.counts["lost"].tolist() == [3, 2]
    assert isinstance(found.fit, NotEstimable)


def test_what_a_bank_needs_for_it(tmp_path: Path) -> None:
    without = bank_of(tmp_path / "a", [("2020-01-01", "2021-01-01")], "")
    assert value.renewals(without) == NotAvailable("value.renewals", ("[value.renewal]",))
    nobody_leaves = bank_of(tmp_path / "b", [("2020-01-01", "")])
    assert value.renewals(nobody_leaves) == NotAvailable("value.renewals", ("clients.left_on",))
    few = bank_of(tmp_path / "c", [("2020-01-01", "2021-01-01")] * 20)
    answer = value.renewals(few)
    assert isinstance(answer, Answer)
    assert shown(answer, few).refusals
    with pytest.raises(SettingsError, match="as long as the period"):
        bank_of(tmp_path / "d", [("2020-01-01", "")], "[value.renewal]\nperiod_months = 3\ngrace_months = 3\n")


def test_renewals_with_few_losses_are_withheld(published: Bank) -> None:
    answer = value.renewals(published)
    assert isinstance(answer, Answer)
    rules = published.settings.disclosure.model_copy(update={"mode": "bank", "min_clients": 30})
    told = protect(answer.evidence, rules)["renewals"].rows  # type: ignore[union-attr]
    seen = told[told["measure"] == "retention"].set_index("period")
    assert (seen["status"] == "suppressed").tolist() == [False] * 5 + [True] * 2  # 27 and 21 losses
    assert seen.loc[seen["status"] == "suppressed", "value"].isna().all()
