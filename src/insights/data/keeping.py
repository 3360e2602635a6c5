"""Writes what intake keeps and what it sets aside: pseudonymised, sorted, the same bytes every time."""

from pathlib import Path

import duckdb
import pandas as pd

from insights.data.columns import Column
from insights.data.ledger import QUARANTINED
from insights.data.pseudonyms import Key
from insights.data.row_rules import IDENTIFIERS
from insights.data.staging import Staged
from insights.data.typing_sql import in_cents, literal, quoted

LONGEST_SHOWN = 80
"""Characters of a cell that the quarantine shows; what is longer is cut and named by its hash."""

RECORD = "event"
FORMAT = "(FORMAT parquet, COMPRESSION zstd)"


def pseudonymise(con: duckdb.DuckDBPyConnection, staged: Staged, key: Key) -> None:
    """Add the ids of persons in the table to the relation ``ids`` (domain, original, pseudonym), each only once.

    Numbers of records are many and nobody has to turn them back: the engine hashes them under the secret that is put
    into the relation ``record_secret``.
    """
    con.execute("CREATE TABLE IF NOT EXISTS ids (domain VARCHAR, original VARCHAR, pseudonym VARCHAR)")
    con.execute("CREATE OR REPLACE TEMP TABLE record_secret AS SELECT ? AS secret", [key.record_secret(staged.name)])
    for column in _persons(staged):
        domain = str(column.domain)
        new = con.execute(
            f"SELECT DISTINCT {quoted(column.name)} AS original FROM {_stored(staged)} "
            f"WHERE {quoted(column.name)} IS NOT NULL AND {quoted(column.name)} NOT IN "
            f"(SELECT original FROM ids WHERE domain = {literal(domain)}) ORDER BY original"
        ).df()
        if new.empty:
            continue
        originals = new["original"].tolist()
        new = pd.DataFrame({"domain": domain, "original": originals, "pseudonym": key.pseudonyms(domain, originals)})
        con.register("new_ids", new)
        con.execute("INSERT INTO ids SELECT domain, original, pseudonym FROM new_ids")
        con.unregister("new_ids")


def id_map(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return pseudonym -> original by domain."""
    known: dict[str, dict[str, str]] = {}
    rows = con.execute("SELECT domain, pseudonym, original FROM ids ORDER BY ALL")
    for domain, pseudonym, original in rows.fetchall():
        known.setdefault(domain, {})[pseudonym] = original
    return known


def write_table(con: duckdb.DuckDBPyConnection, staged: Staged, path: Path) -> list[str]:
    """Write the kept rows as Parquet, sorted by key and day known; return the names of the columns."""
    values = {c.name: _final(staged, c) for c in staged.columns if c.name != "currency"}
    values["known_on"] = "r.known_on"
    select = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
    order = [quoted(name) for name in (*staged.spec.key, staged.spec.date, "known_on") if name in values]
    columns = list(values)
    made = ""
    if staged.made_id:
        made = f"{_made_id(staged, columns)} AS {quoted(staged.spec.key[0])}, "
        columns.insert(0, staged.spec.key[0])
        order = [quoted(name) for name in ("client_id", staged.spec.date) if name in values]
    con.execute(
        f"COPY (SELECT {made}{', '.join(quoted(name) for name in values)} FROM "
        f"(SELECT _n, _file, _row, {select} FROM {staged.kept} r {_joins(staged)}) "
        f"ORDER BY {', '.join([*order, '_n'])}) TO {literal(str(path))} {FORMAT}"
    )
    path.chmod(0o600)
    return columns


def write_quarantine(con: duckdb.DuckDBPyConnection, staged: Staged, path: Path, problems: pd.DataFrame) -> None:
    """Write the rows set aside: extract, file, row, rule, and the mapped columns as text that tells nobody's name.

    Ids are pseudonyms, direct identifiers are masked, long cells are cut and hashed. Letters are masked in cells that
    should have held a date or a number: with a shifted line a name may stand there. Columns that are not mapped are
    not stored; file and row lead back to the extract. ``problems`` are lines that could not even be read as rows.
    """
    some = con.execute(f"SELECT 1 FROM {staged.out} WHERE _action = {literal(QUARANTINED)} LIMIT 1").fetchall()
    # Masks take the engine long to prepare, and of most tables nothing is set aside.
    shown = ", ".join(f"{_shown(staged, c) if some else 'NULL::VARCHAR'} AS {quoted(c.name)}" for c in staged.columns)
    con.register("problem_lines", problems)
    con.execute(
        f"COPY (SELECT {literal(staged.extract)} AS extract, t._file AS file, t._row AS row, o._rule AS rule, "
        f"NULL AS content, {shown} FROM {staged.out} o JOIN {staged.rows} r USING (_n) "
        f"JOIN {staged.texts} t USING (_n) {_joins(staged)} WHERE o._action = {literal(QUARANTINED)} "
        f"UNION ALL BY NAME SELECT {literal(staged.extract)} AS extract, file, row, rule, content FROM problem_lines "
        f"ORDER BY file, row, rule) TO {literal(str(path))} {FORMAT}"
    )
    con.unregister("problem_lines")
    path.chmod(0o600)


def masked(text: str) -> str:
    """Return the SQL expression of a text without direct identifiers, cut and hashed if it is long."""
    for name, pattern in IDENTIFIERS.items():
        text = f"regexp_replace({text}, {literal(pattern)}, {literal(f'[{name}]')}, 'g')"
    return text


def cut(text: str, shown: str) -> str:
    """Return the SQL expression of ``shown``, or of its beginning and the hash of ``text`` where ``text`` is long."""
    return (
        f"CASE WHEN length({text}) > {LONGEST_SHOWN} THEN {shown}[:{LONGEST_SHOWN}] || '… ' || length({text}) || "
        f"' characters, sha256 ' || sha256({text})[:16] ELSE {shown} END"
    )


def _shown(staged: Staged, column: Column) -> str:
    text = f"t.{quoted(column.name)}"
    if column.domain:
        return _final(staged, column)
    # Cut before masking, or a cell of ten million characters goes through every pattern; a margin keeps what crosses.
    start = f"{text}[:{4 * LONGEST_SHOWN}]"
    if column.kind not in ("text", "code", "id"):
        start = f"regexp_replace({start}, '\\p{{L}}', 'x', 'g')"
    return cut(text, masked(start))


def _persons(staged: Staged) -> list[Column]:
    return [column for column in staged.columns if column.domain and column.domain != RECORD]


def _stored(staged: Staged) -> str:
    """Return the rows that leave a trace in the store: kept ones and those in the quarantine."""
    return (
        f"(SELECT * FROM {staged.rows} ANTI JOIN (SELECT _n FROM {staged.out} WHERE _action = 'withheld') USING (_n))"
    )


def _joins(staged: Staged) -> str:
    """Join the pseudonym of every id column, as ``id_<column>``."""
    return " ".join(
        f"LEFT JOIN (SELECT original, pseudonym FROM ids WHERE domain = {literal(str(c.domain))}) "
        f"{quoted('id_' + c.name)} ON {quoted('id_' + c.name)}.original = r.{quoted(c.name)}"
        for c in _persons(staged)
    )


def _final(staged: Staged, column: Column) -> str:
    if column.domain == RECORD:
        return f"'e_' || sha256((SELECT secret FROM record_secret) || r.{quoted(column.name)})[:20]"
    if column.domain:
        return f"{quoted('id_' + column.name)}.pseudonym"
    value = f"r.{quoted(column.name)}"
    return in_cents(value) if column.kind == "money" else value


def _made_id(staged: Staged, columns: list[str]) -> str:
    """Return the expression of an event's id: from extract, row and content, after the persons became pseudonyms."""
    content = ", ".join(f"coalesce({quoted(name)}::VARCHAR, '')" for name in columns)
    return f"'e_' || md5(concat_ws('|', {literal(staged.extract)}, _file, _row, {content}))[:20]"
