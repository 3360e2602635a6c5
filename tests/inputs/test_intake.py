"""Every kind of bad input, by the message or the line of the ledger that tells of it. Nothing may be lost."""

import multiprocessing
import os
import signal
import time
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from small_bank import CLIENTS, ledger_of, settings_of

from insights.data import intake, judging
from insights.data.checking import ROW_RULES, rule_in_words
from insights.data.intake import check, prepare, taken_in
from insights.data.ledger import Ledger
from insights.data.settings import Settings
from insights.data.staging import Staged
from insights.data.store import atomic_folder, folder_lock, own_scratch, write_atomic
from insights.errors import IntakeError, SourceError

AS_OF = date(2021, 12, 31)
ANNA = "17,2019-03-01,,,north,1960\n"
BOOKINGS = "client_id,booked_on,kind,amount\n"


def processed(folder: Path, files: dict[str, str], **more: object) -> intake.Processed:
    return prepare(settings_of(folder, files, **more), as_of=AS_OF)


def quarantined(made: intake.Processed, table: str) -> pd.DataFrame:
    return pd.read_parquet(made.path / "quarantine" / f"{table}.parquet")


def kept(made: intake.Processed, table: str) -> pd.DataFrame:
    return pd.read_parquet(made.path / "tables" / f"{table}.parquet")


def test_missing_required_column_names_the_nearest(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + ANNA})
    text = (settings.raw / "clients.csv").read_text()
    (settings.raw / "clients.csv").write_text(text.replace("joined_on", "joined_onn"))
    with pytest.raises(IntakeError) as error:
        prepare(settings, as_of=AS_OF)
    assert "clients: the extract has no column 'joined_on'" in error.value.found
    assert "the nearest is 'joined_onn'" in error.value.expected
    assert "17" not in str(error.value)
    report = check(settings, AS_OF)
    assert not report.ok
    assert "clients cannot be built: clients: the extract has no column 'joined_on'" in str(report)


def test_header_that_is_data_is_not_repeated(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + ANNA})
    (settings.raw / "clients.csv").write_text("Ms Example,2019-03-01,x,y,z,w\n1,2,3,4,5,6\n")
    with pytest.raises(IntakeError) as error:
        prepare(settings, as_of=AS_OF)
    assert "Example" not in str(error.value)


def test_unreadable_required_date_costs_the_row(tmp_path: Path) -> None:
    made = processed(tmp_path, {"clients": CLIENTS + ANNA + "18,2020-02-31,,,north,1960\n"})
    assert ledger_of(made.ledger, "clients") == {
        ("in", ""): 2,
        ("quarantined", "unreadable_date:joined_on"): 1,
        ("kept", ""): 1,
    }
    assert quarantined(made, "clients")["joined_on"].tolist() == ["2020-02-31"]


def test_unreadable_exit_date_costs_the_row_and_never_makes_a_stayer(tmp_path: Path) -> None:
    made = processed(tmp_path, {"clients": CLIENTS + ANNA + "18,2020-02-01,soon,,north,1960\n"})
    assert ledger_of(made.ledger, "clients")["quarantined", "unreadable_date:left_on"] == 1
    assert quarantined(made, "clients")["left_on"].tolist() == ["xxxx"]  # a name may stand where a date should


def test_unreadable_attribute_is_emptied_and_counted(tmp_path: Path) -> None:
    made = processed(tmp_path, {"clients": CLIENTS + "17,2019-03-01,,,north,about 1960\n"})
    assert ledger_of(made.ledger, "clients")["repaired", "unreadable_number:birth_year"] == 1
    assert kept(made, "clients")["birth_year"].isna().all()


def test_exit_before_joining(tmp_path: Path) -> None:
    made = processed(tmp_path, {"clients": CLIENTS + ANNA + "18,2020-02-01,2019-02-01,death,north,1960\n"})
    assert ledger_of(made.ledger, "clients")["quarantined", "exit_before_joining"] == 1


def test_date_out_of_range_and_joined_after_known(tmp_path: Path) -> None:
    head = CLIENTS.replace("\n", ",known_on\n")
    rows = "17,2019-03-01,,,n,1960,2019-03-01\n18,1799-01-01,,,n,1960,2019-03-01\n19,2019-03-02,,,n,1960,2019-03-01\n"
    lines = ledger_of(processed(tmp_path, {"clients": head + rows}).ledger, "clients")
    assert lines["quarantined", "date_outside_range:joined_on"] == 1
    assert lines["quarantined", "dated_after_known"] == 1
    assert lines["kept", ""] == 1


def test_negative_and_absurd_money(tmp_path: Path) -> None:
    files = {
        "clients": CLIENTS + ANNA,
        "transactions": BOOKINGS + "17,2020-01-05,inflow,1e13\n17,2020-01-05,inflow,1 Mio\n17,2020-01-06,outflow,-5\n",
        "loans": "client_id,month,drawn,limit\n17,2020-01-31,-1,5\n17,2020-02-29,1,-5\n",
    }
    made = processed(tmp_path, files)
    bookings, loans = ledger_of(made.ledger, "transactions"), ledger_of(made.ledger, "loans")
    assert bookings["quarantined", "absurd_amount:amount"] == 1
    assert bookings["quarantined", "unreadable_amount:amount"] == 1
    assert bookings["kept", ""] == 1
    assert loans["quarantined", "negative_amount:drawn"] == 1
    assert loans["repaired", "negative_amount:limit"] == 1
    assert made.ledger.loc[made.ledger["rule"] == "absurd_amount:amount", "amount"].tolist() == [1e13]
    assert made.ledger.loc[made.ledger["table"] == "clients", "amount"].isna().all()


def test_contradicting_rows_are_all_set_aside(tmp_path: Path) -> None:
    rows = ANNA + "18,2020-02-01,,,north,1960\n18,2020-02-01,,,south,1960\n18,2020-02-01,,,south,1960\n"
    lines = ledger_of(processed(tmp_path, {"clients": CLIENTS + rows}).ledger, "clients")
    assert lines["merged", "exact_duplicate"] == 1
    assert lines["quarantined", "contradicting_rows"] == 2
    assert lines["kept", ""] == 1


def test_second_joining_date_does_not_replace_the_first(tmp_path: Path) -> None:
    made = processed(tmp_path, {"clients": CLIENTS + ANNA + "17,2021-03-01,,,north,1960\n"})
    assert ledger_of(made.ledger, "clients")["quarantined", "contradicting_rows"] == 1
    assert kept(made, "clients")["joined_on"].astype(str).tolist() == ["2019-03-01"]


def test_near_duplicates_complete_each_other(tmp_path: Path) -> None:
    rows = "17,2019-03-01,,,,1960\n17,2019-03-01,2020-05-01,death,,\n17,2019-03-01,,,north,\n"
    made = processed(tmp_path, {"clients": CLIENTS + rows})
    assert ledger_of(made.ledger, "clients")["merged", "near_duplicate"] == 2
    row = kept(made, "clients").iloc[0]
    assert (row["region"], row["leave_reason"], row["birth_year"]) == ("north", "death", 1960)


@pytest.mark.parametrize(("unique", "merged"), [("", 0), ("unique = true", 1)])
def test_equal_bookings_are_two_unless_the_source_says_otherwise(tmp_path: Path, unique: str, merged: int) -> None:
    files = {"clients": CLIENTS + ANNA, "transactions": BOOKINGS + 2 * "17,2020-01-05,inflow,5\n"}
    made = processed(tmp_path, files, options={"transactions": unique})
    assert ledger_of(made.ledger, "transactions").get(("merged", "exact_duplicate"), 0) == merged
    assert kept(made, "transactions")["transactions_id"].is_unique
    assert len(kept(made, "transactions")) == 2 - merged


def test_row_known_later_is_a_version_and_withdrawn_deletes(tmp_path: Path) -> None:
    head = "transactions_id,client_id,booked_on,kind,amount,known_on,withdrawn\n"
    rows = "b1,17,2020-01-05,inflow,5,2020-01-05,\nb1,17,2020-01-05,inflow,6,2020-02-01,\nb1,,,,,2020-03-01,true\n"
    made = processed(tmp_path, {"clients": CLIENTS + ANNA, "transactions": head + rows})
    assert ledger_of(made.ledger, "transactions") == {("in", ""): 3, ("kept", ""): 3}
    assert made.tables["transactions"]["versions"]
    assert kept(made, "transactions")["transactions_id"].nunique() == 1


def test_empty_clients_cannot_be_built_and_other_empty_tables_warn(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="clients: no row can be used \\(the extract has no rows\\)"):
        processed(tmp_path / "a", {"clients": CLIENTS})
    settings = settings_of(tmp_path / "b", {"clients": CLIENTS + ANNA, "transactions": BOOKINGS})
    assert "transactions: the extract has no rows" in check(settings, AS_OF).warnings
    assert kept(prepare(settings, as_of=AS_OF), "transactions").empty


def test_unusable_clients_say_why(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + "17,01.03.2019,,,north,1960\n"})
    report = check(settings, AS_OF)
    assert not report.ok
    assert "no row can be used (unreadable_date:joined_on 1)" in str(report)
    assert "quarantined 1: not a date in any of the formats of the mapping (joined_on)" in str(report)


def test_clients_must_be_mapped(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"products": "product_id,category\np1,funds\n"})
    with pytest.raises(IntakeError, match="the table clients is not mapped"):
        prepare(settings, as_of=AS_OF)


def test_missing_file_is_reported_for_its_table(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + ANNA, "transactions": BOOKINGS})
    (settings.raw / "transactions.csv").unlink()
    with pytest.raises(SourceError, match=r"transactions\.csv"):
        prepare(settings, as_of=AS_OF)
    assert "transactions" in check(settings, AS_OF).problems


@pytest.mark.parametrize("length", [5_000, 10_000_000])
def test_enormous_cell(tmp_path: Path, length: int) -> None:
    made = processed(tmp_path, {"clients": CLIENTS + ANNA + f"18,2020-02-01,,,{'x' * length},1960\n"})
    assert ledger_of(made.ledger, "clients")["quarantined", "cell_too_long"] == 1
    lines = quarantined(made, "clients")
    assert lines["row"].tolist() == [2]
    assert lines.astype(str).map(len).max().max() < 200
    assert "sha256" in str(lines.iloc[0].to_dict())


def test_orphans(tmp_path: Path) -> None:
    files = {
        "clients": CLIENTS + ANNA,
        "transactions": BOOKINGS + "99,2020-01-05,inflow,5\n",
        "prospects": "prospect_id,aware_on,client_id\np1,2020-01-01,99\np2,2020-01-01,17\n",
        "programmes": "programme,client_id,rm_id,started_on\nx,99,,2020-01-01\nx,,m1,2020-01-01\nx,,,2020-01-01\n",
    }
    made = processed(tmp_path, files)
    assert ledger_of(made.ledger, "transactions")["quarantined", "unknown_client"] == 1
    assert ledger_of(made.ledger, "prospects")["repaired", "unknown_client:client_id"] == 1
    assert kept(made, "prospects")["client_id"].notna().sum() == 1
    assert ledger_of(made.ledger, "programmes")["quarantined", "unknown_client"] == 1
    assert ledger_of(made.ledger, "programmes")["quarantined", "nobody_named"] == 1


def test_codes_outside_the_list(tmp_path: Path) -> None:
    files = {
        "clients": CLIENTS + "17,2019-03-01,2020-01-01,moon,north,1960\n",
        "transactions": BOOKINGS + "17,2020-01-05,gift,5\n",
    }
    made = processed(tmp_path, files)
    assert ledger_of(made.ledger, "clients")["repaired", "unknown_code:leave_reason"] == 1
    assert ledger_of(made.ledger, "transactions")["quarantined", "unknown_code:kind"] == 1
    assert kept(made, "clients")["left_on"].notna().all()


def test_own_codes_are_known_by_their_labels(tmp_path: Path) -> None:
    more = '[labels.leave_reason.moon]\nen = "went to the moon"'
    made = processed(tmp_path, {"clients": CLIENTS + "17,2019-03-01,2020-01-01,moon,north,1960\n"}, more=more)
    assert kept(made, "clients")["leave_reason"].tolist() == ["moon"]


def test_direct_identifiers_never_get_past_intake(tmp_path: Path) -> None:
    telling = [
        "call +41 79 123 45 67",
        "a.b@example.com",
        "CH93 0076 2011 6238 5295 7",
        "044 668 18 00",
        "\u7535\u8bdd13812345678",
        "11010519491231002X",
    ]
    harmless = ["golf; 2020-01-05", "CH0012345678", "1234567"]
    rows = "".join(f"{i},2019-03-01,{text}\n" for i, text in enumerate(telling + harmless))
    rows += "97,not a day,mail to c.d@example.com\n"
    made = processed(tmp_path, {"clients": "client_id,joined_on,interests\n" + rows})
    assert ledger_of(made.ledger, "clients")["repaired", "direct_identifier:interests"] == len(telling)
    assert sorted(kept(made, "clients")["interests"].dropna()) == sorted(harmless)
    assert quarantined(made, "clients")["interests"].tolist() == ["mail to [e-mail address]"]


def test_ids_are_pseudonyms_everywhere(tmp_path: Path) -> None:
    files = {
        "clients": "client_id,joined_on,referred_by,household_id,rm_id,name\n"
        "SECRET1,2019-03-01,,SECRET2,SECRET3,SECRET4\n"
        "SECRET5,never,SECRET1,SECRET2,SECRET3,SECRET4\n",
        "transactions": "transactions_id,client_id,booked_on,kind,amount,counterparty\n"
        "SECRET6,SECRET1,2020-01-05,inflow,5,SECRET7\nSECRET8,SECRET9,2020-01-05,inflow,5,SECRET7\n",
    }
    made = processed(tmp_path, files)
    for file in made.path.rglob("*"):
        if file.is_file():
            assert b"SECRET" not in file.read_bytes()
            assert file.stat().st_mode & 0o777 == 0o600
        if file.suffix == ".parquet":
            assert "SECRET" not in pd.read_parquet(file).to_csv()
    assert made.path.stat().st_mode & 0o777 == 0o700
    assert set(kept(made, "transactions")["client_id"]) == set(kept(made, "clients")["client_id"])


def test_clients_without_consent_are_withheld_with_all_that_is_theirs(tmp_path: Path) -> None:
    files = {
        "clients": "client_id,joined_on,referred_by,agreed\n17,2019-03-01,18,yes\n18,2019-03-01,,no\n19,2019-03-01,,\n",
        "transactions": BOOKINGS + "17,2020-01-05,inflow,5\n18,2020-01-05,inflow,6\n18,never,inflow,6\n",
    }
    options = {"clients": 'consent_column = "agreed"\nconsent_values = ["yes"]'}
    made = processed(tmp_path, files, options=options)
    clients, bookings = ledger_of(made.ledger, "clients"), ledger_of(made.ledger, "transactions")
    assert clients["withheld", "no_consent"] == 2
    assert clients["repaired", "client_withheld:referred_by"] == 1
    assert bookings["withheld", "client_withheld"] == 2
    assert quarantined(made, "clients").empty
    assert quarantined(made, "transactions").empty
    assert kept(made, "clients")["referred_by"].isna().all()


def test_retention_removes_old_rows_and_moves_the_window_for_everyone(tmp_path: Path) -> None:
    files = {
        "clients": CLIENTS + ANNA + "18,2019-03-01,2020-11-15,death,n,1960\n19,2019-03-01,2021-01-15,death,n,1960\n",
        "transactions": BOOKINGS + "17,2020-01-05,inflow,5\n17,2021-11-05,inflow,6\n18,2021-11-05,inflow,6\n",
    }
    options = {"clients": "retention_months = 12", "transactions": "retention_months = 3"}
    made = processed(tmp_path, files, options=options)
    assert ledger_of(made.ledger, "clients")["withheld", "retention_over"] == 1
    bookings = ledger_of(made.ledger, "transactions")
    assert bookings["withheld", "retention_over"] == 1
    assert bookings["withheld", "client_withheld"] == 1
    assert made.window_from == date(2021, 1, 1)
    assert processed(tmp_path / "b", files).window_from == date(2020, 1, 1)


def test_money_is_converted_at_the_rate_known_then(tmp_path: Path) -> None:
    files = {
        "clients": CLIENTS + ANNA,
        "market": "month,series,value\n2020-01-31,fx_usd,0.9\n2020-02-29,fx_usd,0.5\n",
        "transactions": "client_id,booked_on,kind,amount,currency\n"
        "17,2020-02-10,inflow,100,USD\n17,2020-02-10,inflow,100,CHF\n17,2020-02-10,inflow,100,EUR\n17,2020-08-01,fee,1,USD\n",
        "balances": "client_id,month,category,amount,currency\n17,2020-02-29,cash,100,USD\n",
    }
    made = processed(tmp_path, files, delay=0)
    assert sorted(kept(made, "transactions")["amount"].astype(float)) == [90, 100]
    assert kept(made, "balances")["amount"].astype(float).tolist() == [50]
    assert ledger_of(made.ledger, "transactions")["quarantined", "no_exchange_rate"] == 2


def test_lines_that_cannot_be_read_are_in_the_quarantine(tmp_path: Path) -> None:
    made = processed(tmp_path, {"clients": CLIENTS + ANNA + "18,2020-02-01\n"})
    assert ledger_of(made.ledger, "clients") == {
        ("in", ""): 2,
        ("quarantined", "wrong_number_of_fields"): 1,
        ("kept", ""): 1,
    }
    assert quarantined(made, "clients")["content"].str.startswith("sha256").all()


def test_ledger_that_does_not_add_up_is_refused() -> None:
    ledger = Ledger()
    ledger.add("clients", "clients.csv", "", "in", 3)
    ledger.add("clients", "clients.csv", "", "kept", 2)
    with pytest.raises(IntakeError, match="3 rows in, 2 accounted for"):
        ledger.check()


def test_every_rule_has_words() -> None:
    assert rule_in_words("unknown_code:kind") == ("the code is not in the list", "kind")
    assert all(rule_in_words(rule)[0] != rule for rule in (*ROW_RULES, "cell_too_long", "not_nullable"))


def test_check_shows_no_client_value_and_warns_about_the_window(tmp_path: Path) -> None:
    rows = "SECRET1,SECRET2,,SECRET3,SECRET4,1960\nSECRET5,2019-03-01,,,north,1960\n"
    report = check(settings_of(tmp_path, {"clients": CLIENTS + rows}), AS_OF)
    assert report.ok
    assert "SECRET" not in str(report)
    assert any("no recorded exit lies before complete_from" in warning for warning in report.warnings)


def test_raw_files_stay_as_they_are_and_the_same_inputs_are_read_once(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + ANNA})
    before = (settings.raw / "clients.csv").read_bytes()
    first = prepare(settings, as_of=AS_OF)
    stamp = (first.path / "manifest.json").stat().st_mtime_ns
    again = prepare(settings, as_of=date(2021, 6, 30))
    assert again.path == first.path
    assert (again.path / "manifest.json").stat().st_mtime_ns == stamp
    assert (settings.raw / "clients.csv").read_bytes() == before
    (settings.raw / "clients.csv").write_text(CLIENTS + ANNA + "18,2020-01-01,,,n,1960\n")
    assert prepare(settings, as_of=AS_OF).path != first.path


def test_same_extracts_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{i},2019-03-{1 + i % 28:02},,,r{i % 7},19{i % 90 + 10}\n" for i in range(3000))
    files = {
        "clients": CLIENTS + rows,
        "transactions": BOOKINGS + "".join(f"{i},2020-01-05,fee,{i}\n" for i in range(3000)),
    }
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path / "one"))
    one = processed(tmp_path, files)
    monkeypatch.setenv("INSIGHTS_HOME", str(tmp_path / "two"))
    two = processed(tmp_path, files)
    assert one.path != two.path
    for name in ("tables/clients.parquet", "tables/transactions.parquet", "ledger.parquet", "manifest.json"):
        assert (one.path / name).read_bytes() == (two.path / name).read_bytes()


def _prepare_and_count(settings: Settings, counter: Path) -> None:
    original = intake._make

    def counted(*args: object) -> None:
        with counter.open("a") as log:
            log.write("made\n")
        time.sleep(0.5)
        original(*args)  # type: ignore[arg-type]

    intake._make = counted  # type: ignore[assignment]
    prepare(settings, as_of=AS_OF)


def test_two_at_once_do_the_work_once(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + ANNA + "77,2019-04-01,,,two,1961\n"})
    counter = tmp_path / "counter"
    fork = multiprocessing.get_context("fork")
    both = [fork.Process(target=_prepare_and_count, args=(settings, counter)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert counter.read_text() == "made\n"


def _half_made(target: Path, ready: Path) -> None:
    with atomic_folder(target) as folder:
        (folder / "half").write_text("x")
        ready.touch()
        time.sleep(60)


def test_killed_in_the_middle_leaves_nothing_visible(tmp_path: Path) -> None:
    target, ready = tmp_path / "target", tmp_path / "ready"
    process = multiprocessing.get_context("fork").Process(target=_half_made, args=(target, ready))
    process.start()
    while not ready.exists():
        time.sleep(0.01)
    with atomic_folder(tmp_path / "other"), atomic_folder(target.with_name("target2")):
        assert [p.name for p in tmp_path.glob(".target.*")], "a living process keeps its folder"
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not target.exists()
    with folder_lock(target), atomic_folder(target) as folder:
        (folder / "whole").write_text("y")
    assert [p.name for p in target.iterdir()] == ["whole"]
    assert not list(tmp_path.glob(".target.*.partial"))


def test_failed_block_removes_its_folder_and_write_atomic_replaces(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_folder(tmp_path / "x") as folder:
        (folder / "not there").read_text()
    assert list(tmp_path.iterdir()) == []
    write_atomic(tmp_path / "f", b"one")
    write_atomic(tmp_path / "f", b"two")
    assert (tmp_path / "f").read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_extracts_that_change_while_they_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + ANNA + "78,2019-04-01,,,x,1961\n"})
    before = set(settings.processed.glob("*"))
    hashes = iter([{"clients.csv": "a"}, {"clients.csv": "b"}])
    monkeypatch.setattr(intake, "fingerprint_sources", lambda settings: next(hashes))
    with pytest.raises(IntakeError, match=r"changed while they were read: clients\.csv"):
        prepare(settings, as_of=AS_OF)
    assert {path for path in settings.processed.glob("*") if path.is_dir()} <= before


def test_balances_that_do_not_follow_are_kept_and_noted(tmp_path: Path) -> None:
    files = {
        "clients": "client_id,joined_on\n1,2020-01-01\n2,2020-01-01\n",
        "balances": "client_id,month,category,amount,market_change\n"
        "1,2021-01-01,cash,100,0\n1,2021-02-01,cash,150.10,0.10\n"  # 100 + 50 + 0.10
        "1,2021-03-01,cash,160,0.10\n"  # 9.80 too much
        "2,2021-01-01,cash,70,0\n2,2021-03-01,cash,70,0\n",  # gone in February, back in March
        "transactions": "client_id,booked_on,kind,amount,category\n1,2021-02-10,inflow,50,cash\n"
        "1,2020-05-10,inflow,7,cash\n1,2021-03-01,outflow,-1,\n",
    }
    processed = prepare(settings_of(tmp_path, files), as_of=date(2021, 12, 31))
    lines = processed.ledger[processed.ledger["table"] == "balances"].set_index("action")
    assert (lines.loc["noted", "rule"], lines.loc["noted", "rows"]) == ("does_not_follow", 3)
    assert lines.loc["noted", "amount"] == pytest.approx(9.80 + 70 + 70)
    assert lines.loc["kept", "rows"] == lines.loc["in", "rows"] == 5


def test_without_categories_nothing_is_said_about_the_books(tmp_path: Path) -> None:
    files = {
        "clients": "client_id,joined_on\n1,2020-01-01\n",
        "balances": "client_id,month,category,amount\n1,2021-01-01,cash,100\n1,2021-02-01,cash,900\n",
        "transactions": "client_id,booked_on,kind,amount\n1,2021-02-10,inflow,50\n",
    }
    processed = prepare(settings_of(tmp_path, files), as_of=date(2021, 12, 31))
    assert "noted" not in set(processed.ledger["action"])


def test_rows_known_late_are_noted_once_and_corrections_are_not_late(tmp_path: Path) -> None:
    files = {
        "clients": "client_id,joined_on,left_on,left_known_on\n1,2020-01-01,,\n2,2020-01-01,2021-03-01,2021-03-15\n"
        "3,2020-01-01,2021-03-01,2021-03-16\n",  # 14 days are in time, 15 are late
        "transactions": "transactions_id,client_id,booked_on,kind,amount,known_on\n"
        "a,1,2021-02-01,inflow,100,2021-02-15\nb,1,2021-02-01,inflow,20.50,2021-02-16\n"
        "b,1,2021-02-01,inflow,21,2021-06-01\n"  # a correction of a row known late
        "c,1,2021-02-01,inflow,7,\nc,1,2021-02-01,inflow,8,2021-09-01\n",  # a correction of one that was in time
        "balances": "client_id,month,category,amount,known_on\n"
        "1,2021-02-01,cash,5,2021-03-19\n1,2021-03-01,cash,6,2021-04-20\n",  # month end, 5 days of delay, and 14 or 15
        "relationships": "client_id,spell,joined_on,left_on,known_on\n3,1,2020-01-01,,2020-01-01\n"
        "3,1,2020-01-01,2021-03-01,2021-04-01\n1,1,2020-01-01,,2020-03-01\n",
    }
    made = processed(tmp_path, files)
    noted = made.ledger[made.ledger["action"] == "noted"].set_index(["table", "rule"])
    assert noted["rows"].to_dict() == {
        ("clients", "known_late:left_on"): 1,
        ("transactions", "known_late:booked_on"): 1,
        ("balances", "known_late:month"): 1,
        ("relationships", "known_late:left_on"): 1,
        ("relationships", "known_late:joined_on"): 1,
    }
    assert noted.loc[("transactions", "known_late:booked_on"), "amount"] == 20.50
    assert noted.loc[("balances", "known_late:month"), "amount"] == 6
    assert (noted["before"] == noted["after"]).all()


def test_expected_values_that_are_missing_are_noted_and_no_others(tmp_path: Path) -> None:
    rows = "1,2020-01-01,,,north,1960\n2,2020-01-01,,,,\n3,2020-01-01,,,,1970\n3,2020-01-01,,,south,1970\n"
    options = {"clients": 'expected = ["region", "joined_on"]'}
    made = processed(tmp_path, {"clients": CLIENTS + rows}, options=options)
    lines = ledger_of(made.ledger, "clients")
    # The third client's region came with a second delivery of the row.
    assert lines["noted", "value_missing:region"] == 1
    assert {rule for action, rule in lines if action == "noted"} == {"value_missing:region"}


def test_lines_in_another_encoding_are_counted_with_their_money(tmp_path: Path) -> None:
    files = {
        "clients": CLIENTS + ANNA,
        "transactions": BOOKINGS.strip() + ",channel\n" + "17,2021-02-01,inflow,5,Zürich\n17,2021-02-01,fee,3,Bern\n",
    }
    settings = settings_of(tmp_path, files, options={"transactions": 'fallback_encoding = "cp1252"'})
    raw = tmp_path / "raw" / "transactions.csv"
    raw.write_bytes(
        raw.read_bytes().replace("ü".encode(), "ü".encode("cp1252")) + "17,2021-03-01,fee,1,Genève\n".encode()
    )
    made = prepare(settings, as_of=AS_OF)
    line = made.ledger[made.ledger["rule"] == "other_encoding"].iloc[0]
    assert (line["table"], line["action"], line["rows"], line["amount"]) == ("transactions", "repaired", 1, 5.0)
    assert (line["before"], line["after"]) == (3, 3)
    assert set(kept(made, "transactions")["channel"]) == {"Zürich", "Bern", "Genève"}


def test_each_line_of_the_ledger_says_how_many_rows_were_there_before_and_after(tmp_path: Path) -> None:
    rows = "1,2020-01-01,,,north,1960\n1,2020-01-01,,,north,1960\n2,soon,,,north,1960\n3,2020-01-01,,,north,old\n"
    made = processed(tmp_path, {"clients": CLIENTS + rows})
    told = made.ledger[["action", "rule", "before", "rows", "after"]].apply(tuple, axis=1).tolist()
    assert told == [
        ("in", "", 4, 4, 4),
        ("quarantined", "unreadable_date:joined_on", 4, 1, 3),
        ("merged", "exact_duplicate", 3, 1, 2),
        ("repaired", "unreadable_number:birth_year", 3, 1, 3),  # it came before the duplicates were merged
        ("kept", "", 2, 2, 2),
    ]


def test_a_table_leaves_the_engine_when_it_is_judged_and_a_check_leaves_nothing(tmp_path: Path) -> None:
    bookings = BOOKINGS + "17,2020-01-05,inflow,10\n99,2020-01-05,inflow,20\n"
    settings = settings_of(tmp_path, {"clients": CLIENTS + ANNA, "transactions": bookings})
    seen: dict[str, list[str]] = {}

    def look(con: duckdb.DuckDBPyConnection, staged: Staged, problems: pd.DataFrame) -> None:
        assert len(problems) == 0
        seen[staged.name] = [row[0] for row in con.execute("SHOW TABLES").fetchall()]

    work = judging.judge(settings, AS_OF, tmp_path, look)
    assert {"raw_transactions", "staged_transactions", "text_transactions"} <= set(seen["transactions"])
    assert "raw_clients" not in seen["transactions"]
    left = {row[0] for row in work.con.execute("SHOW TABLES").fetchall()}
    assert not any(name.endswith("_transactions") for name in left)
    assert work.staged["transactions"].span == (date(2020, 1, 5), date(2020, 1, 5))
    limit = work.con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    assert limit == "1.8 GiB"
    work.con.close()
    assert check(settings, AS_OF).ok
    assert not list(settings.processed.glob(".checking-*"))


def test_the_processes_of_a_run_read_what_it_has_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(tmp_path, {"clients": CLIENTS + ANNA})
    made = prepare(settings, as_of=AS_OF)
    for name, value in taken_in(settings, AS_OF, made).items():
        monkeypatch.setenv(name, value)
    (settings.raw / "clients.csv").unlink()  # the next delivery is on its way
    assert prepare(settings, as_of=AS_OF).path == made.path
    with pytest.raises(SourceError, match="clients"):  # of another day the run has taken in nothing
        prepare(settings, as_of=date(2020, 1, 1))


def test_nothing_is_stored_of_a_delivery_with_a_table_that_cannot_be_built(tmp_path: Path) -> None:
    files = {"clients": CLIENTS + ANNA, "transactions": BOOKINGS + "17,2020-01-05,inflow,10\n"}
    settings = settings_of(tmp_path, files)
    (settings.raw / "transactions.csv").write_text("client_id,booked_on,kind,sum\n17,2020-01-05,inflow,10\n")
    with pytest.raises(IntakeError, match="no column 'amount'"):
        prepare(settings, as_of=AS_OF)
    assert not list(tmp_path.rglob("*.parquet"))


def test_scratch_goes_with_its_owner_and_what_a_killed_process_left_goes_with_the_next(tmp_path: Path) -> None:
    beside = tmp_path / "tables"
    left = tmp_path / ".tables.gone.partial"
    left.mkdir()
    (left / "rows.tmp").write_text("x")
    mine, remove = own_scratch(beside)
    other, remove_other = own_scratch(beside)
    assert mine.is_dir()
    assert mine.stat().st_mode & 0o077 == 0
    assert not left.exists()
    remove()
    assert not mine.exists()
    assert other.is_dir()
    remove_other()
    assert list(tmp_path.iterdir()) == []
