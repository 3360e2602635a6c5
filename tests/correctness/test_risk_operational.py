"""Incidents by manager: who stands out beyond chance, and when that cannot be told."""

from pathlib import Path

import numpy as np
import pytest
from shown import shown
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.risk.incidents_by_manager import ByManager, by_manager, manager_list
from insights.reports.wording import Wording
from insights.stats.results import NotEstimable
from insights.topics import risk

MANAGERS, EACH = 24, 5


def files(managers: int, incidents: list[int]) -> dict[str, str]:
    """Return a bank of so many managers with five clients each, and so many incidents of each manager."""
    clients = "client_id,joined_on,left_on,rm_id\n"
    clients += "".join(f"{i},2015-01-01,,m{i % managers:02d}\n" for i in range(managers * EACH - 1))
    clients += f"{managers * EACH - 1},2015-01-01,2021-06-30,m{managers - 1:02d}\n"
    rows = "occurred_on,kind,reported_on,rm_id,loss\n"
    for manager, count in enumerate(incidents):
        for k in range(count):
            day = f"{2020 + k % 3}-{1 + (manager + 5 * k) % 11:02d}-10"
            rows += f"{day},error,{day},m{manager:02d},{100 + 10 * (manager + k)}\n"
    return {"clients": clients, "incidents": rows}


def opened(folder: Path, managers: int, incidents: list[int]) -> Bank:
    return open_bank(write_bank(folder, files(managers, incidents), delay=0), as_of="2022-12-31")


def refusals(bank: Bank) -> list[str]:
    words = Wording("en", {}, currency="CHF")
    return [words.text(r) for r in shown(risk.operational(bank), bank).refusals]


def test_who_has_more_than_chance_is_in_the_list_and_not_on_the_page(tmp_path: Path) -> None:
    bank = opened(tmp_path, MANAGERS, [25, *[2] * (MANAGERS - 1)])
    found = by_manager(bank)
    assert isinstance(found, ByManager)
    assert found.rows["incidents"].sum() == 25 + 2 * (MANAGERS - 1)
    assert found.rows["expected"].sum() == pytest.approx(found.rows["incidents"].sum())
    # The last manager lost a client half way through: so much less is expected of him.
    months = np.sort(found.rows["client_months"].to_numpy())
    assert months[1:] == pytest.approx(36 * EACH)
    assert months[0] == pytest.approx(36 * (EACH - 1) + 18)
    assert found.found.test.p_value is not None
    assert found.found.test.p_value < 0.001
    listed = manager_list(bank)
    assert listed is not None
    assert listed["unusual"].tolist() == [True] + [False] * (MANAGERS - 1)
    # Drawn towards one: of 25 where 3 were expected, not all is his.
    assert 2 < listed["factor"].iloc[0] < 25 / 3
    exhibit = shown(risk.operational(bank), bank)
    assert any(m.id.startswith("Managers differ by more than chance") for m in exhibit.sentences)
    assert not any(str(name) in str(exhibit) for name in listed["rm_id"])
    assert set(listed["process"]) == {""}  # there is one process only
    assert {"incidents_by_manager"} <= set(risk.lists(bank)) <= {"incidents_by_manager", "staff_conduct"}
    # Managers differ, so the rate of the process is known less well than counting says.
    (rate,) = (r for r in exhibit.estimates if r["name"] == "rate")
    assert rate["high"] / rate["value"] > np.exp(1.96 / np.sqrt(25 + 2 * (MANAGERS - 1))) * 1.05


def test_a_manager_who_fails_in_a_process_of_his_own_is_named_with_it_in_the_list(tmp_path: Path) -> None:
    made = files(MANAGERS, [4] * MANAGERS)
    rows = "".join(f"{2020 + k % 3}-{1 + k % 11:02d}-{1 + k:02d},payments,2022-12-01,m05,\n" for k in range(24))
    rows += "".join(f"2021-05-{1 + m:02d},payments,2021-06-01,m{m:02d},\n" for m in range(MANAGERS))
    bank = open_bank(write_bank(tmp_path, made | {"incidents": made["incidents"] + rows}, delay=0), as_of="2022-12-31")
    listed = manager_list(bank)
    assert listed is not None
    assert listed.loc[listed["process"] != "", "process"].tolist() == ["payments"]
    exhibit = shown(risk.operational(bank), bank)
    assert any(m.id.startswith("Some managers fail in other processes") for m in exhibit.sentences)


def test_managers_who_are_alike_are_not_told_apart(tmp_path: Path) -> None:
    counts = np.random.default_rng(3).poisson(3, MANAGERS).tolist()
    bank = opened(tmp_path, MANAGERS, counts)
    exhibit = shown(risk.operational(bank), bank)
    assert any(m.id.startswith("Managers do not differ by more than chance") for m in exhibit.sentences)
    listed = manager_list(bank)
    assert listed is not None
    assert not listed["unusual"].any()


def test_one_manager_few_incidents_and_no_names_are_refused_with_the_reason(tmp_path: Path) -> None:
    one = opened(tmp_path / "one", 1, [30])
    assert isinstance(by_manager(one), NotEstimable)
    assert any("Fewer than twenty managers have clients" in r for r in refusals(one))
    assert manager_list(one) is None
    few = opened(tmp_path / "few", 30, [*[1] * 22, *[0] * 8])
    assert any("Fewer incidents name a manager than there are managers" in r for r in refusals(few))
    nameless = {name: text.replace("rm_id", "nobody") for name, text in files(MANAGERS, [3] * MANAGERS).items()}
    bare = open_bank(write_bank(tmp_path / "bare", nameless, delay=0), as_of="2022-12-31")
    told = refusals(bare)
    assert any(r.startswith("Incidents by manager: not available: needs incidents.rm_id") for r in told)


def test_months_without_an_incident_and_losses_of_none_are_no_failure(tmp_path: Path) -> None:
    made = files(MANAGERS, [2] * MANAGERS)
    head, *rest = made["incidents"].splitlines()
    costless = "\n".join([head, *(f"{line.rsplit(',', 1)[0]}," for line in rest)]) + "\n"
    bank = open_bank(write_bank(tmp_path, made | {"incidents": costless}, delay=0), as_of="2022-12-31")
    assert any("Fewer than twenty losses are known" in r for r in refusals(bank))
    exhibit = shown(risk.operational(bank), bank)
    assert not any(row["name"].startswith("yearly_loss") for row in exhibit.estimates)
    assert any(row["name"] == "incidents" for row in exhibit.estimates)  # December has none
