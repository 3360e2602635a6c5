"""An SQL database as a source: SQLite always, a real PostgreSQL where one can be started."""

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from insights.data.settings import Settings, load_settings
from insights.data.sources import fingerprint_sources, read_extract
from insights.errors import SourceError

BANK = '[bank]\nid = "some_bank"\nname = "Some Bank"\ncurrency = "CHF"\n'
VARIABLE = "SOME_BANK_DB"


def bank(folder: Path, select: str) -> Settings:
    text = BANK + f'[extracts.core]\ndatabase_env = "{VARIABLE}"\nselect = "{select}"\n'
    (folder / "bank.toml").write_text(text, encoding="utf-8")
    return load_settings(folder / "bank.toml")


def read(folder: Path, select: str) -> list[tuple[object, ...]]:
    settings = bank(folder, select)
    con = duckdb.connect()
    result = read_extract(settings.extracts["core"], settings, con, "x")
    rows = con.execute("SELECT * FROM x ORDER BY _row").fetchall()
    assert result.rows == len(rows)
    return rows


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with sqlite3.connect(tmp_path / "core.db") as db:
        db.execute("CREATE TABLE client (nr TEXT, start TEXT, money NUMERIC, note TEXT)")
        db.executemany(
            "INSERT INTO client VALUES (?, ?, ?, ?)",
            [("2", "2020-02-01", 7.5, ""), ("1", "2020-01-01", None, "上海"), ("1", "2020-01-01", None, "<b>:x")],
        )
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'core.db'}")
    return tmp_path


def test_sqlite_rows_come_as_text_in_an_order_of_their_own(sqlite: Path) -> None:
    rows = read(sqlite, "SELECT nr, start, money, note FROM client ORDER BY money")
    shown = f"database {VARIABLE}"
    assert rows == [
        ("1", "2020-01-01", None, "<b>:x", shown, 1),
        ("1", "2020-01-01", None, "上海", shown, 2),
        ("2", "2020-02-01", "7.5", None, shown, 3),
    ]


def test_colon_in_a_query_is_no_parameter(sqlite: Path) -> None:
    assert [row[0] for row in read(sqlite, "SELECT nr FROM client WHERE note LIKE '%:x'")] == ["1"]


def test_fingerprint_follows_the_rows_and_not_their_order(sqlite: Path) -> None:
    up = fingerprint_sources(bank(sqlite, "SELECT nr, note FROM client ORDER BY nr"))
    down = fingerprint_sources(bank(sqlite, "SELECT nr, note FROM client ORDER BY nr DESC"))
    assert up == down
    with sqlite3.connect(sqlite / "core.db") as db:
        db.execute("UPDATE client SET note = 'new' WHERE nr = '2'")
    assert fingerprint_sources(bank(sqlite, "SELECT nr, note FROM client ORDER BY nr")) != up


def test_nothing_can_be_written(sqlite: Path) -> None:
    with pytest.raises(SourceError, match="is not a SELECT"):
        read(sqlite, "DELETE FROM client")
    with pytest.raises(SourceError, match="does not give the rows"):
        read(sqlite, "WITH gone AS (SELECT 1) DELETE FROM client RETURNING nr")
    assert len(read(sqlite, "SELECT nr FROM client")) == 3


def test_mistakes_are_told(sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="no such table: customer"):
        read(sqlite, "SELECT * FROM customer")
    with pytest.raises(SourceError, match="two columns of the same name"):
        read(sqlite, "SELECT nr, note AS NR FROM client")
    monkeypatch.setenv(VARIABLE, "not a url")
    with pytest.raises(SourceError, match="does not hold a database URL"):
        read(sqlite, "SELECT 1")
    monkeypatch.setenv(VARIABLE, "oracle+nodriver://u:secret@h/d")
    with pytest.raises(SourceError, match="no driver") as caught:
        read(sqlite, "SELECT 1")
    assert "secret" not in str(caught.value)
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(SourceError, match=f"environment variable {VARIABLE} is not set"):
        read(sqlite, "SELECT 1")


def test_database_that_does_not_answer_gives_no_password_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"postgresql+psycopg://someuser:pw123@127.0.0.1:{_free_port()}/somedb")
    with pytest.raises(SourceError, match="does not give the rows") as caught:
        read(tmp_path, "SELECT 1")
    for part in ("pw123", "someuser", "somedb", "127.0.0.1"):
        assert part not in str(caught.value)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL of our own on a loopback port and return its URL."""
    programs = _programs()
    # Not in pytest's folder: nobody but its owner may enter that, and the server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder = Path(name)
        user, data, port = _unprivileged(folder), folder / "data", _free_port()
        initdb = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "tester",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        _run([*user, *initdb])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _run([*user, programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"])
        try:
            yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
        finally:
            _run([*user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"])


@pytest.fixture
def core(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    engine = sa.create_engine(postgres)
    with engine.begin() as link:
        link.execute(sa.text("DROP TABLE IF EXISTS booking"))
        link.execute(sa.text("CREATE SEQUENCE IF NOT EXISTS made_here"))
        link.execute(
            sa.text(
                "CREATE TABLE booking (nr int, day date, at timestamptz, amount numeric(18,2), ok boolean, who text)"
            )
        )
        link.execute(
            sa.text("INSERT INTO booking VALUES (:nr, '2024-02-29', '2024-02-29 09:30:00+00', :amount, :ok, :who)"),
            [
                {"nr": 2, "amount": Decimal("-12345678901234.05"), "ok": True, "who": "北京"},
                {"nr": 1, "amount": None, "ok": False, "who": ""},
            ],
        )
    engine.dispose()
    monkeypatch.setenv(VARIABLE, postgres)
    return tmp_path


def test_postgres_values_come_as_text(core: Path) -> None:
    select = "SELECT nr, day, day::timestamp AS midnight, amount, ok, who FROM booking"
    shown = f"database {VARIABLE}"
    assert read(core, select) == [
        ("1", "2024-02-29", "2024-02-29", None, "false", None, shown, 1),
        ("2", "2024-02-29", "2024-02-29", "-12345678901234.05", "true", "北京", shown, 2),
    ]


def test_postgres_refuses_to_write(core: Path) -> None:
    with pytest.raises(SourceError, match="read-only transaction"):
        read(core, "SELECT setval('made_here', 5) AS n")
    with pytest.raises(SourceError, match="data-modifying"):
        read(core, "WITH gone AS (DELETE FROM booking RETURNING nr) SELECT nr FROM gone")
    assert len(read(core, "SELECT nr FROM booking")) == 2


def test_postgres_table_in_a_query_of_the_settings(core: Path) -> None:
    settings = bank(core, "SELECT nr, who FROM booking")
    text = (
        settings.path.read_text()
        + "[tables.clients]\nquery = \"SELECT nr AS client_id, DATE '2020-01-01' AS joined_on FROM core\"\n"
    )
    settings.path.write_text(text)
    settings = load_settings(settings.path)
    con = duckdb.connect()
    read_extract(settings.tables["clients"], settings, con, "x")
    assert con.execute("SELECT client_id, joined_on FROM x").fetchall() == [("1", "2020-01-01"), ("2", "2020-01-01")]


def test_postgres_mistake_is_told(core: Path) -> None:
    with pytest.raises(SourceError, match='relation "nothing" does not exist'):
        read(core, "SELECT * FROM nothing")


def test_many_rows_are_streamed(core: Path) -> None:
    rows = read(core, "SELECT generate_series(1, 25000) AS n")
    assert len(rows) == 25_000
    assert {int(str(row[0])) for row in rows} == set(range(1, 25_001))


def _programs() -> Path:
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found and shutil.which("pg_ctl") else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    pytest.skip("no PostgreSQL server program found (on Debian: apt-get install postgresql)")


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL does not run as root: return the start of a command that runs as somebody else."""
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("running as root, and setpriv is missing: PostgreSQL refuses to run as root")
    os.chown(folder, 65534, 65534)
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(command: list[object]) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
