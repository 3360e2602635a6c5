"""The path of prospects by hand, against competing risks, and refused where it cannot be told."""

from pathlib import Path

import numpy as np
import pytest
from shown import shown, title
from small_bank import write_bank

from insights.data.snapshot import Bank, open_bank
from insights.stats.incidence import cumulative_incidence
from insights.stats.results import Estimate
from insights.topics import lifecycle
from insights.topics.evidence import Answer, NotAvailable

HEAD = "prospect_id,aware_on,considered_on,decided_on,acquisition_source,client_id\n"
CLIENTS = "client_id,joined_on,left_on,leave_reason\n"


def small(folder: Path, prospects: str) -> Bank:
    joined = [line.split(",") for line in prospects.splitlines() if line.split(",")[-1]]
    clients = CLIENTS + "9999,2020-01-01,,\n" + "".join(f"{line[-1]},{line[3]},,\n" for line in joined)
    files = {"clients": clients, "prospects": HEAD + prospects}
    return open_bank(write_bank(folder, files), as_of="2022-12-31")


def test_steps_of_the_path_counted_by_hand(tmp_path: Path) -> None:
    bank = small(
        tmp_path,
        "1,2022-01-10,2022-03-10,2022-04-10,branch,c1\n"  # considers after 2, joins after 1 more
        "2,2022-01-20,2022-05-10,,branch,\n"  # considers after 4, still open
        "3,2022-01-20,,,online,\n"  # open
        "4,2022-06-10,,2022-08-10,online,\n"  # declined after 2 without considering
        "5,2022-10-10,2022-11-10,,online,\n",
    )
    answer = lifecycle.path(bank)
    assert isinstance(answer, Answer)
    curve = answer.exact
    shares = {step: [e.value for e in curve.at([1, 2, 3, 6], step, cause="on")] for step in ("awareness", "path")}
    # After a month one of five considers, after two one of four; the one who declined stays at risk to the end.
    assert shares["awareness"] == pytest.approx(
        [1 / 5, 1 - 4 / 5 * 3 / 4, 1 - 4 / 5 * 3 / 4, 1 - 4 / 5 * 3 / 4 * 2 / 3]
    )
    assert shares["path"] == pytest.approx([0, 0, 1 / 4, 1 / 4])  # the fifth was followed for two months only
    assert curve.at([1], "consideration", cause="on")[0].value == pytest.approx(1 / 3)


def test_declining_competes_with_joining(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    lines, time, cause = [], [], []
    for i in range(500):
        start = int(rng.integers(0, 24))
        ends, how = int(rng.integers(1, 30)), rng.choice(["joined", "declined"])
        over = start + ends <= 35
        day = f"{2020 + (start + ends) // 12}-{(start + ends) % 12 + 1:02}-05" if over else ""
        client = f"c{i}" if over and how == "joined" else ""
        lines.append(f"{i},{2020 + start // 12}-{start % 12 + 1:02}-03,,{day},branch,{client}")
        time.append(ends if over else 35 - start)
        cause.append(how if over else "")
    answer = lifecycle.conversion(small(tmp_path, "\n".join(lines) + "\n"))
    assert isinstance(answer, Answer)
    mine = answer.exact.at([6, 11], "branch", cause="on")
    theirs = cumulative_incidence(time, cause).at([6, 11], cause="joined")
    # Until 12 months nobody's observation ends for the date, so both are plain shares.
    for a, b in zip(mine, theirs, strict=True):
        assert isinstance(a, Estimate)
        assert isinstance(b, Estimate)
        assert a.value == pytest.approx(b.value)
    later = answer.exact.at([20], "branch", cause="on")[0]
    usual = cumulative_incidence(time, cause).at([20], cause="joined")[0]
    naive = cumulative_incidence(time, cause).naive("joined").at([20])[0]
    assert isinstance(later, Estimate)
    assert isinstance(usual, Estimate)
    assert isinstance(naive, Estimate)
    assert later.value == pytest.approx(usual.value, abs=0.03)
    assert naive.value > later.value + 0.05


def test_only_prospects_who_joined_are_no_conversion_rate(tmp_path: Path) -> None:
    bank = small(tmp_path, "".join(f"{i},2021-01-10,,2021-05-10,branch,c{i}\n" for i in range(50)))
    for ask in (lifecycle.path, lifecycle.conversion):
        exhibit = shown(ask(bank), bank)
        assert not exhibit.estimates
        assert "100%" in exhibit.refusals[0].id


def test_without_prospects_a_conversion_rate_is_refused(tmp_path: Path) -> None:
    bank = open_bank(write_bank(tmp_path, {"clients": CLIENTS + "1,2020-01-01,,\n"}), as_of="2022-12-31")
    for ask in (lifecycle.path, lifecycle.conversion):
        answer = ask(bank)
        assert isinstance(answer, NotAvailable)
        assert "prospects.aware_on" in answer.needs


def test_few_prospects_are_not_shown(tmp_path: Path) -> None:
    bank = small(tmp_path, "1,2022-01-10,2022-03-10,2022-04-10,branch,c1\n2,2022-01-20,,,branch,\n")
    assert shown(lifecycle.path(bank), bank).estimates == ()


def test_the_exhibits_of_the_demo_bank(demo_bank_small: Path) -> None:
    bank = open_bank(demo_bank_small / "bank.toml", as_of="2026-10-31")
    path = shown(lifecycle.path(bank), bank)
    assert "of prospects join within a year of the first contact" in title(path)
    assert {row["name"] for row in path.estimates} == {"share_on", "months_in_step"}
    assert shown(lifecycle.conversion(bank), bank).title


def test_those_who_declined_are_shown_where_they_are_many(tmp_path: Path) -> None:
    lines = []
    for i in range(300):
        month = i % 12 + 1
        end, client = (f"2021-{month:02}-20", f"c{i}") if i % 3 == 0 else ("2022-03-10", "") if i % 3 == 1 else ("", "")
        lines.append(f"{i},2020-{month:02}-05,,{end},branch,{client}")
    bank = small(tmp_path, "\n".join(lines) + "\n")
    exhibit = shown(lifecycle.path(bank), bank)
    assert {row["group"]["step"] for row in exhibit.estimates} >= {"path", "against"}
