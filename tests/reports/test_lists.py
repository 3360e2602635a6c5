"""Restricted lists: for their recipient only, harmless in a spreadsheet, and never without a trace in the audit log."""

import csv
import grp
import json
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest
from small_bank import CLIENTS, write_bank

from insights.data.settings import load_settings
from insights.data.snapshot import Bank, open_bank
from insights.errors import DisclosureError, SettingsError, SourceError
from insights.reports.audit import broken_lines, read_audit, write_audit
from insights.reports.lists import check_lists, make_lists, reveal_list, write_list, write_lists

RECIPIENTS = '[lists.recipients.desk]\ngroup = "no-such-group-here"\nlists = ["leavers"]\n'
ROWS = "A1,2020-01-01,2026-09-30,competitor,north,1960\nA2,2020-01-01,,,south,1970\n"
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "  =1", "plain"]
FRAME = pd.DataFrame({"client_id": EVIL, "=region": "north", "amount": [-5.5] * len(EVIL)})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def bank(home: Path, tmp_path: Path) -> Iterator[Bank]:
    with open_bank(write_bank(tmp_path, {"clients": CLIENTS + ROWS}, more=RECIPIENTS), as_of="2026-10-31") as opened:
        yield opened


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_folders_are_for_nobody_else(bank: Bank) -> None:
    path = write_list("leavers", FRAME, bank, recipient="desk")
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".csv", ".parquet", ".xlsx"]
    assert {mode(p) for p in path.parent.iterdir()} == {0o600}
    assert mode(path.parent) == 0o700
    assert mode(path.parent.parent) & 0o044 == 0
    assert path.parent == bank.settings.lists_dir / "desk"
    assert not path.is_relative_to(bank.settings.reports_dir.parent)


def test_the_group_of_the_recipient_may_read(bank: Bank, tmp_path: Path) -> None:
    own = grp.getgrgid(os.getgid()).gr_name
    more = RECIPIENTS.replace("no-such-group-here", own)
    config = write_bank(tmp_path / "grouped", {"clients": CLIENTS + ROWS}, more=more)
    with open_bank(config, as_of="2026-10-31") as grouped:
        path = write_list("leavers", FRAME, grouped, recipient="desk")
        assert (mode(path.parent), mode(path), path.stat().st_gid) == (0o750, 0o640, os.getgid())
        assert [line["action"] for line in read_audit(grouped.settings.state)] == ["made", "released"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_formulas_are_defused(bank: Bank, suffix: str) -> None:
    path = write_list("leavers", FRAME, bank, recipient="desk").with_suffix(suffix)
    if suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = list(csv.reader(file))
        amount: object = "-5.5"
    else:
        cells = list(openpyxl.load_workbook(path).active.iter_rows())
        assert {cell.data_type for row in cells for cell in row} <= {"s", "n"}  # none is a formula
        head, *rows = [[cell.value for cell in row] for row in cells]
        amount = -5.5
    assert head == ["Client", "'=region", "amount"]
    # XML knows one kind of line break.
    assert [str(row[0]).removeprefix("'").replace("\r", "\n") for row in rows] == [e.replace("\r", "\n") for e in EVIL]
    assert [str(row[0]).startswith("'") for row in rows] == [True] * 8 + [False]
    assert {row[2] for row in rows} == {amount}


def test_categories_are_texts_too(bank: Bank) -> None:
    path = write_list("leavers", pd.DataFrame({"region": pd.Categorical(["=1", "b"])}), bank, recipient="desk")
    assert path.read_bytes().decode("utf-8-sig").split() == ["Region", "'=1", "b"]


def test_other_systems_get_the_values_as_they_are(bank: Bank) -> None:
    path = write_list("leavers", FRAME, bank, recipient="desk").with_suffix(".parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(path), FRAME)


def test_each_manager_gets_his_own_part_where_the_recipient_hands_it_on(home: Path, tmp_path: Path) -> None:
    more = RECIPIENTS + 'by_manager = ["leavers"]\n'
    rows = pd.DataFrame({"client_id": ["a", "b", "c"], "rm_id": ["m_2", "m_1", None], "region": ["=1", "x", "y"]})
    with open_bank(write_bank(tmp_path, {"clients": CLIENTS + ROWS}, more=more), as_of="2026-10-31") as bank:
        path = write_list("leavers", rows, bank, recipient="desk")
        folder = path.with_suffix("")
        names = {p.name for p in folder.iterdir()}
        assert names == {f"{m}{s}" for m in ("m_1", "m_2", "no-manager") for s in (".csv", ".xlsx")}
        assert mode(folder) == 0o700
        assert {mode(p) for p in folder.iterdir()} == {0o600}
        own = pd.read_csv(folder / "m_2.csv")
        assert own.to_numpy().tolist() == [["a", "m_2", "'=1"]]
        assert openpyxl.load_workbook(folder / "m_1.xlsx").active.max_row == 2
        write_list("leavers", rows.iloc[:1], bank, recipient="desk")
        assert {p.name for p in folder.iterdir()} == {"m_2.csv", "m_2.xlsx"}


def test_runs_that_write_one_list_at_once_do_not_take_each_others_files(home: Path, tmp_path: Path) -> None:
    more = RECIPIENTS + 'by_manager = ["leavers"]\n'
    managers = [f"m_{i}" for i in range(6)]
    rows = pd.DataFrame({"client_id": managers, "rm_id": managers})
    with open_bank(write_bank(tmp_path, {"clients": CLIENTS + ROWS}, more=more), as_of="2026-10-31") as bank:

        def write(part: pd.DataFrame) -> Path:
            return write_list("leavers", part, bank, recipient="desk")

        with ThreadPoolExecutor(2) as pool:
            paths = list(pool.map(write, [rows, rows.iloc[::2]] * 3))
        folder, listed = paths[0].with_suffix(""), pd.read_csv(paths[0]).iloc[:, 1]
        assert {p.name for p in folder.iterdir()} == {f"{m}{s}" for m in listed for s in (".csv", ".xlsx")}


def test_the_same_list_gives_the_same_bytes(bank: Bank) -> None:
    path = write_list("leavers", FRAME, bank, recipient="desk")
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    write_list("leavers", FRAME, bank, recipient="desk")
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before


def test_control_characters_and_no_rows_can_be_written(bank: Bank) -> None:
    path = write_list("leavers", pd.DataFrame({"content": ["a\x00b", "\x1b"]}), bank, recipient="desk")
    values = [row[0].value for row in openpyxl.load_workbook(path.with_suffix(".xlsx")).active.iter_rows()]
    assert values == ["content", "a�b", "�"]
    write_list("leavers", FRAME.iloc[:0], bank, recipient="desk")
    assert path.read_bytes().decode("utf-8-sig") == "Client,'=region,amount\r\n"


def test_only_named_recipients_get_only_their_lists(bank: Bank) -> None:
    with pytest.raises(SettingsError, match="has no recipient 'board'"):
        write_list("leavers", FRAME, bank, recipient="board")
    with pytest.raises(SettingsError, match="list 'everybody'"):
        write_list("everybody", FRAME, bank, recipient="desk")
    lines = write_lists({"everybody": FRAME}, bank, "attempt")
    assert lines == ["list leavers for desk: not made, by no report of this run or for lack of data"]
    assert not bank.settings.lists_dir.exists()


def test_the_topics_make_the_lists(bank: Bank) -> None:
    made = make_lists(bank, ["lifecycle", "a_report_without_topic"])
    assert list(made) == ["leavers"]
    assert len(made["leavers"]) == 1
    (line,) = write_lists(made, bank, "attempt")
    assert line.startswith("list leavers for desk: 1 rows")
    assert "no-such-group-here" in line


@pytest.mark.parametrize("place", ["reports", "reports/lists", "reports/demo/lists"])
def test_lists_inside_the_reports_are_refused(home: Path, tmp_path: Path, place: str) -> None:
    config = write_bank(tmp_path, {"clients": CLIENTS + ROWS})
    text = config.read_text().replace('raw = "raw"', f'raw = "raw"\nlists = "{place}"')
    config.write_text(text)
    with pytest.raises(DisclosureError, match="inside the folder of reports"):
        check_lists(load_settings(config))


def test_a_run_that_writes_reports_around_the_lists_is_refused(bank: Bank, home: Path) -> None:
    check_lists(bank.settings, home / "elsewhere")
    with pytest.raises(DisclosureError, match="inside the folder of reports"):
        check_lists(bank.settings, home / "lists")


def test_a_revealed_list_is_for_one_and_is_logged(bank: Bank) -> None:
    made = make_lists(bank, ["lifecycle"])["leavers"]
    path = write_list("leavers", made, bank, recipient="desk", attempt="attempt 7")
    opened = reveal_list(path, bank.settings)
    table = pd.read_csv(opened)
    assert list(table["Client_original"]) == ["A1"]
    assert mode(opened) == 0o600
    log = read_audit(bank.settings.state)
    assert [line["action"] for line in log] == ["made", "revealed"]
    assert all(line["who"] and line["at"] for line in log)
    assert log[0]["attempt"] == "attempt 7"
    assert "A1" not in json.dumps(log)
    assert broken_lines(bank.settings.state) == []


def test_what_is_no_list_cannot_be_revealed(bank: Bank, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a list"):
        reveal_list(tmp_path / "nothing.csv", bank.settings)
    stray = bank.settings.reports_dir / "stray.csv"
    stray.parent.mkdir(parents=True)
    stray.write_text("client_id\n")
    with pytest.raises(DisclosureError, match="inside the folder of reports"):
        reveal_list(stray, bank.settings)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda lines: lines, []),
        (lambda lines: [lines[0], lines[1].replace('"list": "b"', '"list": "x"'), lines[2]], [2]),
        (lambda lines: [lines[0], lines[2]], [2]),
        (lambda lines: lines[1:], [1]),
        (lambda lines: [lines[0], lines[2], lines[1]], [2, 3]),
        (lambda lines: [lines[0], "not a line", lines[2]], [2, 3]),
    ],
)
def test_the_audit_log_shows_where_it_was_changed(tmp_path: Path, change: object, broken: list[int]) -> None:
    for name in ("a", "b", "c"):
        write_audit(tmp_path, "made", {"list": name})
    log = tmp_path / "audit.jsonl"
    assert mode(log) == 0o600
    assert callable(change)
    log.write_text("\n".join(change(log.read_text().splitlines())) + "\n")
    assert broken_lines(tmp_path) == broken


def test_mixed_values_of_a_quarantine_can_be_written(bank: Bank) -> None:
    frame = pd.DataFrame(
        {"row": [1, None], "content": ["x", None], "day": pd.to_datetime(pd.Series(["2026-01-01", None]))}
    )
    path = write_list("leavers", frame, bank, recipient="desk")
    assert path.read_text("utf-8-sig").splitlines()[1] == "1.0,x,2026-01-01"


def test_names_of_recipients_cannot_leave_their_folder(bank: Bank) -> None:
    outside = SimpleNamespace(settings=bank.settings, as_of=bank.as_of)
    with pytest.raises(SettingsError):
        write_list("leavers", FRAME, outside, recipient="../../reports")  # type: ignore[arg-type]
