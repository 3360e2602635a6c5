"""The demo bank: the same bytes again, books that close to the cent, and exactly the faults that the truth counts."""

import csv
import dataclasses
import hashlib
import json
import tomllib
from collections import Counter
from datetime import date
from itertools import permutations
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from insights.data.controls import reconcile
from insights.data.intake import check
from insights.data.settings import load_settings
from insights.data.snapshot import open_bank
from insights.data.tables import TABLES
from insights.demo import DemoBank, DemoSummary, Law, simulate, write_demo
from insights.demo.extracts.settings_file import bank_toml
from insights.demo.extracts.specs import EXTRACTS
from insights.demo.words import WORDS, words
from insights.errors import ParameterError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return write_demo(tmp_path_factory.mktemp("demo") / "bank", clients=800, months=24, seed=5)


@pytest.fixture(scope="module")
def bank() -> DemoBank:
    return simulate(Law(), clients=800, months=24, seed=5)


def test_same_seed_gives_the_same_bytes_and_another_seed_another_bank(written: DemoSummary, tmp_path: Path) -> None:
    again = write_demo(tmp_path / "again", clients=800, months=24, seed=5)
    other = write_demo(tmp_path / "other", clients=800, months=24, seed=6)
    assert _hashes(again.out) == _hashes(written.out)
    assert _hashes(again.truth) == _hashes(written.truth)
    same = {name for name, value in _hashes(other.out).items() if value == _hashes(written.out)[name]}
    assert same == {"DEMO_BANK.txt", "bank.toml", "adjustments.csv", "products.csv"}


def test_the_summary_says_what_is_there(written: DemoSummary) -> None:
    assert set(written.files) == {path.name for path in written.out.iterdir()}
    assert set(written.tables) == set(EXTRACTS)
    for name, extract in EXTRACTS.items():
        path = written.out / extract.file
        rows = pq.read_metadata(path).num_rows if extract.kind == "parquet" else len(_read(written.out, name))
        assert rows == written.tables[name], name
    assert str(written.last_month) == "2026-10-01"
    truth = json.loads((written.truth / "truth.json").read_text())
    assert truth["planted"] == [dataclasses.asdict(kind) for kind in written.planted]
    assert truth["law"]["leaving"]["base"] == 0.0025


def test_the_settings_map_every_column_that_a_mapping_may_read(written: DemoSummary) -> None:
    settings = load_settings(written.out / "bank.toml")
    assert set(settings.tables) == set(EXTRACTS)
    for name, extract in EXTRACTS.items():
        source = settings.tables[name]
        if source.query:
            continue
        expected = {field.name: field.raw for field in extract.fields if field.mapped and not field.optional}
        if name == "prospects":
            assert source.consent_column == expected.pop("consent")
        assert {**source.columns, **{item: item for item in source.items}} == expected, name
        assert source.path == extract.file
        assert not {field.raw for field in extract.fields if not field.mapped} & set(source.columns.values())
        for field in extract.fields:
            if field.kind == "code" and field.codes != field.values and field.mapped and field.name != "consent":
                written_codes = {raw: code for raw, code in zip(field.codes, field.values, strict=True) if raw != "C0"}
                assert source.codes[field.name] == written_codes, (name, field.name)
        assert source.legal_basis, name
        assert source.purpose, name


def test_the_template_in_the_root_is_the_demo_banks(written: DemoSummary) -> None:
    root = (ROOT / "bank.toml").read_text(encoding="utf-8")
    made = bank_toml("en", pd.Timestamp("2021-11-01").date(), "data/raw/demo")
    assert root == made, "write the root bank.toml again: insights.demo.extracts.settings_file.bank_toml(...)"
    own = tomllib.loads((written.out / "bank.toml").read_text(encoding="utf-8"))
    assert own["paths"]["raw"] == "."
    assert str(own["window"]["complete_from"]) == "2024-11-01"


def test_the_tables_fit_the_catalogue(bank: DemoBank) -> None:
    for name, frame in bank.tables.items():
        spec = TABLES[name]
        known = {column for column in frame.columns if spec.column(column) is not None}
        assert set(spec.required) <= known, name
        if spec.key and not spec.event:
            versions = ["known_on"] if "known_on" in frame else []
            assert not frame.duplicated([*spec.key, *versions]).any(), name
        for column in spec.columns:
            if column.codes is not None and column.name in frame:
                own = {"relocation"} if column.name == "leave_reason" else set()
                assert set(frame[column.name].dropna()) <= {*column.codes, *own}, (name, column.name)


def test_the_books_close_to_the_cent(bank: DemoBank) -> None:
    keys = ["client_id", "category", "month"]
    balances = bank.tables["balances"].copy()
    bookings = bank.tables["transactions"].copy()
    for frame, columns in ((balances, ["amount", "market_change"]), (bookings, ["amount"])):
        frame[columns] = (100 * frame[columns]).round().astype("int64")
    bookings["month"] = bookings["booked_on"].dt.to_period("M")
    balances["month"] = balances["month"].dt.to_period("M")
    booked = bookings.groupby(keys)["amount"].sum()
    closing = balances.set_index(keys)["amount"]
    change = balances.set_index(keys)["market_change"]
    opening = closing.copy()
    opening.index = opening.index.set_levels(opening.index.levels[2] + 1, level=2)
    first = bank.window_from.to_period("M")
    every = booked.index.union(closing.index).union(opening.index)
    every = every[(every.get_level_values(2) > first) & (every.get_level_values(2) <= bank.last_day.to_period("M"))]
    sides = [part.reindex(every, fill_value=0) for part in (opening, booked, change, closing)]
    assert len(every) > 10_000
    assert (sides[0] + sides[1] + sides[2] == sides[3]).all()
    assert (balances["amount"] >= 0).all()


def test_holdings_add_up_to_what_is_invested(bank: DemoBank) -> None:
    holdings = bank.tables["holdings"].groupby(["client_id", "month"])["amount"].sum()
    balances = bank.tables["balances"]
    invested = balances[balances["category"] != "cash"].groupby(["client_id", "month"])["amount"].sum()
    pd.testing.assert_series_equal(holdings, invested.reindex(holdings.index), check_names=False, rtol=0, atol=0.005)


def test_the_general_ledger_agrees_but_for_the_explained_difference(written: DemoSummary) -> None:
    totals = _read(written.out, "control_totals")
    totals = totals.assign(amount=totals["amount"].astype(float)).pivot(
        index="month", columns="measure", values="amount"
    )
    balances = pq.read_table(written.out / "balances.parquet").to_pandas()
    assets = balances.groupby(balances["month_end"].astype(str))["market_value"].sum().astype(float)
    revenue = _read(written.out, "revenue")
    earned = revenue[["fees", "margin", "cost"]].astype(float).sum(axis=1).groupby(revenue["month"]).sum()
    [adjustment] = list(csv.DictReader((written.out / "adjustments.csv").open()))
    difference = totals["assets"] - assets
    assert difference[adjustment["month"]] == pytest.approx(float(adjustment["amount"]), abs=0.01)
    assert difference.drop(adjustment["month"]).abs().max() < 0.01
    assert (totals["revenue"] - earned).abs().max() < 0.01
    assert adjustment["approved_by"]
    assert adjustment["reason"]


def test_every_planted_fault_is_in_the_files_as_often_as_the_truth_says(written: DemoSummary) -> None:
    planted = {(kind.table, kind.fault): kind.rows for kind in written.planted}
    assert all(rows > 0 for rows in planted.values())
    found = {**_found_in_register(written), **_found_in_prospects(written), **_found_in_books(written)}
    for name, number, day, amount in (
        ("transactions", "BUCHUNGS_NR", "BUCHUNGSTAG", "BETRAG"),
        ("contacts", "contact_no", "date", "cost"),
    ):
        found |= _found_in_events(name, _read(written.out, name), number, day, amount)
    assert found == planted


def test_intake_finds_exactly_what_was_planted_and_nothing_else(written: DemoSummary) -> None:
    """Every planted fault is a line of the intake ledger with its count; the books agree with the general ledger."""
    bank = open_bank(written.out / "bank.toml", as_of=date(2026, 10, 31))
    lines = bank.ledger[bank.ledger["action"].isin(["merged", "quarantined", "withheld", "repaired", "noted"])]
    found = {(r.table, r.rule, r.action): r.rows for r in lines.itertuples()}
    planted = {(kind.table, kind.rule, kind.action): kind.rows for kind in written.planted}
    assert len(planted) == len(written.planted)  # Each fault has a line of its own.
    assert found == planted
    told = {(r.table, r.rule): r for r in bank.ledger.itertuples()}
    late = told["transactions", "known_late:booked_on"]
    raw = _read(written.out, "transactions")
    late_rows = raw[raw["ERFASST_AM"].notna()]
    assert late.amount == pytest.approx(late_rows["BETRAG"].str.replace(",", ".").astype(float).sum())
    for table, own in bank.ledger.groupby("table", sort=False):
        assert own["rows"].iloc[0] == own["before"].iloc[0] == own["after"].iloc[0], table
        leaving = own[own["action"].isin(["merged", "quarantined", "withheld"])]
        assert (leaving["before"] - leaving["rows"] == leaving["after"]).all()
        assert leaving["after"].tolist()[:-1] == leaving["before"].tolist()[1:]
        assert own["rows"].iloc[-1] == own["before"].iloc[-1] == own["after"].iloc[-1]
    assert bank.table("clients").count().execute() == written.clients
    totals = reconcile(bank)
    assert len(totals) == 3 * written.months
    assert (totals["difference"] == 0).all()
    assert (totals["adjustment"] != 0).sum() == 1


def test_the_chinese_bank_passes_intake_with_the_same_faults_found(tmp_path: Path) -> None:
    law = Law()
    asked = dataclasses.replace(law, surveys=dataclasses.replace(law.surveys, pulse=True))
    made = write_demo(tmp_path / "bank", clients=150, months=18, seed=3, language="zh-CN", law=asked)
    settings = load_settings(made.out / "bank.toml")
    assert "item_satisfaction" in settings.tables["surveys"].items
    report = check(settings, date(2026, 10, 31))
    assert report.ok, str(report)
    lines = report.ledger[report.ledger["action"].isin(["merged", "quarantined", "withheld", "repaired", "noted"])]
    found = Counter({(r.table, r.rule, r.action): r.rows for r in lines.itertuples()})
    assert found == Counter({(k.table, k.rule, k.action): k.rows for k in made.planted})


def test_the_truth_counts_what_is_in_the_files(written: DemoSummary) -> None:
    truth = json.loads((written.truth / "truth.json").read_text())
    counts = truth["counts"]
    clients = _read(written.out, "clients").drop_duplicates("KUNDEN_NR")
    clients = clients[~clients["KUNDEN_NR"].str.startswith("K9")]
    inside = clients[clients["SALDIERT_AM"].isna()]
    papers = pd.to_datetime(inside["AUSWEIS_GUELTIG_BIS"], format="%d.%m.%Y")
    assert counts["clients_in_force"] == len(inside)
    assert counts["papers_expired"] == (papers <= pd.Timestamp("2026-10-31")).sum() > 0
    assert counts["referred"] == clients["EMPFOHLEN_VON"].notna().sum() > 0
    spells = _read(written.out, "relationships").drop_duplicates(["KUNDEN_NR", "LFD_NR"])
    assert counts["returns"] == (spells["LFD_NR"] != "1").sum()
    assert set(spells["KUNDEN_NR"]) == set(clients["KUNDEN_NR"])
    loans = _read(written.out, "loans")
    over = loans["drawn"].astype(float) > loans["collateral"].astype(float)
    assert counts["collateral_breaches"] == over.sum() > 0
    assert counts["loans_defaulted"] == loans.loc[loans["default"].notna(), "customer_no"].nunique()
    bookings = _read(written.out, "transactions").drop_duplicates("BUCHUNGS_NR").set_index("BUCHUNGS_NR")
    frauds = pq.read_table(written.truth / "frauds.parquet").column("transactions_id").to_pylist()
    assert len(frauds) == counts["frauds"]
    assert set(bookings.loc[frauds, "BUCHUNGSART"]) <= {"510"}
    assert set(bookings.index[bookings["PRUEFUNG"] == "BETRUG"]) <= set(frauds)
    payers = pq.read_table(written.truth / "payers.parquet").to_pandas()
    assert set(payers["client_id"]) <= set(clients["KUNDEN_NR"])


def test_the_truth_says_what_makes_up_loyalty(written: DemoSummary) -> None:
    """Shapley shares over all orders of the factors, counted out from the law's covariance."""
    told = json.loads((written.truth / "truth.json").read_text())["loyalty"]
    p = Law().people
    weights = np.array(p.loyalty_weights)
    between = np.full((5, 5), p.factor_correlation) + (1 - p.factor_correlation) * np.eye(5)

    def explained(of: tuple[int, ...]) -> float:
        with_attitude = (between @ weights)[list(of)]
        return float(with_attitude @ np.linalg.solve(between[np.ix_(of, of)], with_attitude)) if of else 0.0

    gains = np.zeros(5)
    for order in permutations(range(5)):
        for place, factor in enumerate(order):
            gains[factor] += explained(order[: place + 1]) - explained(order[:place])
    assert list(told["weight"].values()) == [0.30, 0.20, 0.35, 0.15, 0.10]
    assert list(told["lmg"].values()) == pytest.approx(gains / gains.sum())
    assert list(told["weight_share"].values()) == pytest.approx(weights / weights.sum())
    assert sum(told["johnson"].values()) == pytest.approx(1)
    assert sorted(told["johnson"], key=told["johnson"].get) == sorted(told["lmg"], key=told["lmg"].get)


def test_direct_identifiers_stand_in_columns_that_no_mapping_reads(written: DemoSummary) -> None:
    raw = _read(written.out, "clients")
    mapped = set(load_settings(written.out / "bank.toml").tables["clients"].columns.values())
    assert raw[["NAME", "VORNAME", "TELEFON"]].notna().all().all()
    assert not {"NAME", "VORNAME", "TELEFON"} & mapped


def test_exits_are_tied_at_month_ends(bank: DemoBank) -> None:
    left = bank.tables["clients"]["left_on"].dropna()
    assert 0.3 < (left == left + pd.offsets.MonthEnd(0)).mean() < 0.55


def test_one_client_dominates_the_smallest_region(bank: DemoBank) -> None:
    clients = bank.tables["clients"].set_index("client_id")
    last = bank.tables["balances"][bank.tables["balances"]["month"] == bank.last_day.replace(day=1)]
    held = last.groupby("client_id")["amount"].sum()
    region = held[clients["region"].reindex(held.index) == words("en", "region")[-1]]
    assert region.max() / region.sum() > 0.5


def test_chinese_bank_has_chinese_words_in_the_same_places(tmp_path: Path, written: DemoSummary) -> None:
    made = write_demo(tmp_path / "bank", clients=800, months=24, seed=5, language="zh-CN")
    assert {kind: len(words("en", kind)) for kind in WORDS["en"]} == {
        kind: len(words("zh-CN", kind)) for kind in WORDS["zh-CN"]
    }
    settings = load_settings(made.out / "bank.toml")
    assert (settings.bank.language, settings.bank.currency) == ("zh-CN", "CNY")
    assert made.tables == written.tables
    regions = Counter(_read(made.out, "managers")["STANDORT"])
    assert set(regions) <= set(words("zh-CN", "region"))
    assert (made.out / "interessenten.csv").read_bytes().decode("gb18030")


def test_a_demo_bank_is_replaced_and_anything_else_refused(tmp_path: Path) -> None:
    lines: list[str] = []
    write_demo(tmp_path / "bank", clients=30, months=12, progress=lines.append)
    write_demo(tmp_path / "bank", clients=40, months=12)
    truth = json.loads((tmp_path / "bank_truth" / "truth.json").read_text())
    assert truth["arguments"]["clients"] == 40
    assert {path.name for path in tmp_path.iterdir()} == {"bank", "bank_truth"}
    assert lines[-1].startswith("wrote ")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(ParameterError, match="is not a demo bank"):
        write_demo(tmp_path / "mine", clients=30, months=12)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep me"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clients": 3}, "clients is 3"),
        ({"months": 2}, "months is 2"),
        ({"seed": -1}, "seed is -1"),
        ({"language": "fr"}, "no demo bank in 'fr'"),
    ],
)
def test_impossible_arguments_are_refused(tmp_path: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        write_demo(tmp_path / "bank", **arguments)
    assert not (tmp_path / "bank").exists()


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def _read(folder: Path, name: str) -> pd.DataFrame:
    """Read a CSV extract as text, each line in UTF-8 or else in the old encoding."""
    extract = EXTRACTS[name]
    lines = []
    for line in (folder / extract.file).read_bytes().splitlines():
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252"))
    rows = list(csv.reader(lines, delimiter=extract.delimiter))
    return pd.DataFrame(rows[1:], columns=rows[0]).replace("", None)


def _found_in_register(written: DemoSummary) -> dict[tuple[str, str], int]:
    raw = _read(written.out, "clients")
    joined, left, known = (
        pd.to_datetime(raw[column], format="%d.%m.%Y", errors="coerce")
        for column in ("EROEFFNET_AM", "SALDIERT_AM", "SALDIERUNG_GEMELDET_AM")
    )
    data = (written.out / "kundenstamm.csv").read_bytes()
    foreign = 0
    for line in data.splitlines():
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            foreign += 1
    first = raw.drop_duplicates("KUNDEN_NR")
    counted = {
        "line in another encoding": foreign,
        "exit reported late": int(((known - left).dt.days >= 20).groupby(raw["KUNDEN_NR"]).any().sum()),
        "missing birth year": int(first["GEBURTSJAHR"].isna().sum()),
        "telephone number in a text": int(raw["INTERESSEN"].str.contains("please call").sum()),
        "occupation left empty by careless managers": int(first["BERUF"].isna().sum()),
        "exit before joining": int((left < joined).sum()),
        "impossible date": int(joined.isna().sum()),
    }
    return {("clients", fault): n for fault, n in counted.items()} | _found_twice("clients", raw, "KUNDEN_NR")


def _found_in_prospects(written: DemoSummary) -> dict[tuple[str, str], int]:
    raw = _read(written.out, "prospects")
    refused = int((raw["EINWILLIGUNG"] != "J").sum())
    return {("prospects", "consent missing"): refused} | _found_twice("prospects", raw, "INTERESSENT_NR")


def _found_in_books(written: DemoSummary) -> dict[tuple[str, str], int]:
    """Count the balances that do not follow from the month before, and spells whose end was reported late."""
    with duckdb.connect() as con:
        folder = str(written.out)
        broken = con.execute(
            """
            WITH booked AS (
                SELECT KUNDEN_NR AS client,
                    MAP {'LIQ': 'cash', 'FDS': 'funds', 'MAN': 'mandate'}[VERMOEGENSKLASSE] AS part,
                    date_trunc('month', strptime(BUCHUNGSTAG, '%d.%m.%Y'))::DATE AS month,
                    sum(replace(BETRAG, ',', '.')::DECIMAL(18,2)) AS booked
                FROM (SELECT DISTINCT ON (BUCHUNGS_NR) * FROM read_csv($folder || '/buchungen.csv', all_varchar=true,
                    delim=';') WHERE BUCHUNGSART <> '999' AND BUCHUNGSTAG NOT LIKE '31.02.%'
                    AND BETRAG <> '9876543210987,00')
                GROUP BY ALL),
            held AS (
                SELECT customer_no AS client, asset_class AS part, date_trunc('month', month_end)::DATE AS month,
                    market_value AS closing, performance AS change
                FROM read_parquet($folder || '/balances.parquet')),
            opened AS (SELECT client, part, (month + INTERVAL 1 MONTH)::DATE AS month, closing AS opening FROM held)
            SELECT count(*) FROM held FULL JOIN opened USING (client, part, month)
                FULL JOIN booked USING (client, part, month)
            WHERE month > (SELECT min(month) FROM held) AND month <= (SELECT max(month) FROM held)
                AND coalesce(opening, 0) + coalesce(booked, 0) + coalesce(change, 0) <> coalesce(closing, 0)
            """,
            {"folder": folder},
        ).fetchall()[0][0]
    raw = _read(written.out, "relationships")
    left, known = (pd.to_datetime(raw[column], format="%d.%m.%Y") for column in ("SALDIERT_AM", "ERFASST_AM"))
    return {
        ("balances", "does not follow from the books"): broken,
        ("relationships", "exit reported late"): int(((known - left).dt.days >= 20).sum()),
    }


def _found_in_events(name: str, raw: pd.DataFrame, number: str, day: str, amount: str) -> dict[tuple[str, str], int]:
    day_format = "%d.%m.%Y" if raw[day].iloc[0][2] == "." else "%Y-%m-%d"
    days = pd.to_datetime(raw[day], format=day_format, errors="coerce")
    counted = {"impossible date": int(days.isna().sum())}
    if name == "transactions":
        counted["absurd money"] = int((raw[amount].str.replace(",", ".").astype(float).abs() > 1e12).sum())
        counted["booked late"] = int(raw["ERFASST_AM"].notna().sum())
        counted["code outside the list"] = int((raw["BUCHUNGSART"] == "999").sum())
    else:
        counted["code outside the list"] = int((~raw["direction"].isin(["I", "O"])).sum())
    return {(name, fault): n for fault, n in counted.items()} | _found_twice(name, raw, number)


def _found_twice(name: str, raw: pd.DataFrame, number: str) -> dict[tuple[str, str], int]:
    """Count second rows of a number that are the same as the first, and those that lack one of its values."""
    exact = int(raw.duplicated().sum())
    near = int(raw.drop_duplicates().duplicated(number).sum())
    counted = {"exact duplicate": exact, "near duplicate": near}
    return {(name, fault): n for fault, n in counted.items() if n}


def test_streams_of_a_part_do_not_depend_on_other_parts() -> None:
    """A law in which clients behave differently towards the bank leaves the market and the people as they are."""
    law = Law()
    calm = dataclasses.replace(law, contacts=dataclasses.replace(law.contacts, rate=0.01))
    a, b = simulate(law, 100, 12, 3), simulate(calm, 100, 12, 3)
    assert len(b.tables["contacts"]) < len(a.tables["contacts"]) / 5
    pd.testing.assert_frame_equal(a.tables["market"], b.tables["market"])
    pd.testing.assert_frame_equal(a.tables["transactions"], b.tables["transactions"])
    assert np.array_equal(a.manager_effects, b.manager_effects)


def test_a_bank_that_many_leave_is_as_large_as_asked() -> None:
    """Few survive the burn-in, so the pool has to be drawn again, larger."""
    law = Law()
    harsh = dataclasses.replace(law, leaving=dataclasses.replace(law.leaving, base=0.05))
    made = simulate(harsh, 200, 12, 1)
    assert len(made.tables["clients"]) == 200
    assert (made.tables["clients"]["joined_on"] < made.window_from).any()
