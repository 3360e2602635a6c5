"""Households beside clients, and who takes others along: counted by hand."""

from pathlib import Path

import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.stats.results import Estimate
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable, RiskCounts

HEAD = "client_id,joined_on,left_on,leave_reason,household_id\n"


def small(folder: Path, rows: str) -> Bank:
    return open_bank(write_bank(folder, {"clients": HEAD + rows}), as_of="2023-01-31")


def _events(answer: object) -> dict[str, list[tuple[float, float, float]]]:
    """Return (time, at risk, events) of the months with an exit, by group."""
    assert isinstance(answer, Answer)
    part = answer.evidence["exits"]
    assert isinstance(part, RiskCounts)
    found: dict[str, list[tuple[float, float, float]]] = {}
    for row in part.counts.to_dict("records"):
        if row["events"]:
            found.setdefault(row["group"], []).append((row["time"], row["at_risk"], row["events"]))
    return found


def test_a_household_leaves_with_its_last_member(tmp_path: Path) -> None:
    bank = small(
        tmp_path,
        "1,2020-01-10,2020-11-10,competitor,a\n"  # 10 months; his wife stays
        "2,2020-06-10,2021-12-10,death,a\n"  # 18 months, and the household 23
        "3,2020-03-10,2021-03-10,competitor,\n"  # alone: client and household, 12 months
        "4,2020-02-10,,,b\n"
        "5,2021-02-10,,,b\n",
    )
    found = _events(lifecycle.households(bank))
    assert found["client"] == [(10, 5, 1), (12, 4, 1), (18, 3, 1)]
    assert found["household"] == [(12, 3, 1), (23, 2, 1)]


def test_a_household_that_left_before_the_window_is_not_in_it(tmp_path: Path) -> None:
    bank = small(tmp_path, "1,2015-01-10,2018-11-10,death,a\n2,2016-06-10,2019-12-10,death,a\n3,2020-03-10,,,\n")
    answer = lifecycle.households(bank)
    assert isinstance(answer, Answer)
    part = answer.evidence["exits"]
    assert isinstance(part, RiskCounts)
    assert part.units.set_index("group")["units"].to_dict() == {"client": 1, "household": 1}


def test_who_comes_back_begins_anew_unless_somebody_held_the_place(tmp_path: Path) -> None:
    clients = HEAD + "1,2020-02-10,,,a\n2,2020-02-10,,,b\n3,2020-01-10,,,b\n4,2019-12-10,2020-01-15,death,\n"
    returned = ("1", "2")
    spells = "client_id,spell,joined_on,left_on,leave_reason\n" + "".join(
        f"{i},1,2020-02-10,2021-02-10,competitor\n{i},2,2022-02-10,,\n" for i in returned
    )
    config = write_bank(tmp_path, {"clients": clients, "relationships": spells + "3,1,2020-01-10,,\n"})
    found = _events(lifecycle.households(open_bank(config, as_of="2023-01-31")))
    # The second spells have been followed for eleven months; the household b has been there all the time.
    assert found["client"] == [(1, 6, 1), (12, 3, 2)]
    assert found["household"] == [(1, 4, 1), (12, 2, 1)]


def _shares(bank: Bank) -> dict[str, Estimate]:
    answer = lifecycle.taken_along(bank)
    assert isinstance(answer, Answer)
    return {group: e for group, e in answer.exact.items() if isinstance(e, Estimate)}


def test_leavers_are_followed_by_those_who_stayed(tmp_path: Path) -> None:
    found = _shares(
        small(
            tmp_path,
            "1,2015-01-10,2020-11-10,competitor,a\n2,2015-01-10,2021-03-10,competitor,a\n"  # follows after 4 months
            "3,2015-01-10,2020-11-10,competitor,b\n4,2015-01-10,2022-06-10,competitor,b\n"  # too late
            "5,2015-01-10,2021-11-10,competitor,c\n6,2015-01-10,2021-11-10,competitor,c\n"  # together: one follows
            "7,2015-01-10,2021-05-10,competitor,d\n8,2022-01-10,,,d\n"  # joined after he had gone
            "9,2015-01-10,2021-05-10,death,\n",
        )
    )
    # Leavers with somebody left: 1, 3 and one of 5 and 6.
    assert found["leaver"].value == pytest.approx(2 / 3)
    assert (found["leaver"].n, found["leaver"].n_events) == (3, 2)


def test_the_reference_is_the_first_other_of_a_household_that_nobody_had_left(tmp_path: Path) -> None:
    pairs = "".join(f"{2 * i},2015-01-10,,,h{i}\n{2 * i + 1},2015-01-10,,,h{i}\n" for i in range(1, 5))
    found = _shares(
        small(
            tmp_path,
            pairs + "20,2015-01-10,2022-05-10,death,x\n21,2015-01-10,2022-08-10,death,x\n"
            "22,2015-01-10,2021-10-10,death,y\n23,2015-01-10,,,y\n",
        )
    )
    # January 2022: 8 of the pairs and both of x, for each of whom the other leaves; y was left within the year before.
    # January 2021: 8, both of x, and y, whose second member sees the first leave in October 2021.
    assert found["whole"].value == pytest.approx(3 / 22)
    assert (found["whole"].n, found["whole"].n_events) == (22, 3)


def test_both_exhibits_are_written_in_both_languages(tmp_path: Path) -> None:
    rows = []
    for i in range(400):
        first, second = ("2021-03-10", "2021-09-10") if i % 10 == 0 else ("2021-03-10", "") if i % 5 == 0 else ("", "")
        for j, left in enumerate((first, second)):
            day = left or ("2022-02-10" if i % 7 == 0 and j == 0 else "")
            rows.append(f"{2 * i + j},2019-06-10,{day},{'competitor' if day else ''},h{i}")
    bank = small(tmp_path, "\n".join(rows) + "\n")
    assert "of households are still with the bank after" in title(shown(lifecycle.households(bank), bank))
    along = shown(lifecycle.taken_along(bank), bank)
    assert "were followed within a year" in title(along)
    assert along.tables
    assert any(row["name"] == "difference" for row in along.estimates)


def test_demo_bank(demo_bank_small: Path) -> None:
    bank = open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")
    for ask in (lifecycle.households, lifecycle.taken_along):
        shown(ask(bank), bank)


@pytest.mark.parametrize("left", ["", "2021-06-10"])
def test_nobody_left_or_everybody_did(tmp_path: Path, left: str) -> None:
    reason = "death" if left else ""
    bank = small(tmp_path, "".join(f"{i},2015-01-10,{left},{reason},h{i // 2}\n" for i in range(60)))
    for ask in (lifecycle.households, lifecycle.taken_along):
        shown(ask(bank), bank)


def test_without_households_the_column_is_named(tmp_path: Path) -> None:
    bank = small(tmp_path, "1,2015-01-10,2021-06-10,death,\n2,2015-01-10,,,\n")
    answer = lifecycle.households(bank)
    assert isinstance(answer, NotAvailable)
    assert answer.needs == ("clients.household_id",)
