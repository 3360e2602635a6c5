"""Rules on a whole row and between tables: the order of its dates, its currency, direct identifiers, its client."""

import duckdb

from insights.data.column_rules import empty_out, fatal, judge_value, set_aside
from insights.data.columns import MONEY_LIMIT, Column
from insights.data.staging import Staged, Touched
from insights.data.typing_sql import literal, quoted, rounded

IDENTIFIERS = {
    "e-mail address": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]*[A-Za-z]",
    "account number (IBAN)": r"\b[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){3,7}( ?[A-Z0-9]{1,3})?\b",
    "telephone number": r"(\+|\b00)[0-9][0-9 ()./-]{6,}[0-9]|\b0[1-9][0-9]?[ /-]?[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{2}\b"
    r"|\b1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}\b",
    "identity card number": r"\b[0-9]{17}[0-9Xx]\b",
}
"""What never gets past intake in a text or an open code, as RE2 patterns."""

ANY_IDENTIFIER = "|".join(f"({pattern})" for pattern in IDENTIFIERS.values())
RATE_SERIES = "fx_"


def apply_date_order(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Set aside rows that were known before they happened, or that end before they begin."""
    own = staged.spec.date
    if own is None or not staged.has(own):
        return
    set_aside(con, staged, "dated_after_known", f"{quoted(own)} > known_on")
    if staged.spec.month:
        return  # a month's row may report what happened before the month
    for column in staged.columns:
        if column.kind == "date" and column.revealed_by and column.name not in (own, "left_known_on"):
            rule = "exit_before_joining" if column.name == "left_on" else f"ends_before_it_begins:{column.name}"
            set_aside(con, staged, rule, f"{quoted(column.name)} < {quoted(own)}")


def convert_money(con: duckdb.DuckDBPyConnection, staged: Staged, market: Staged | None, currency: str) -> None:
    """Convert the row's money to the reporting currency; set aside rows without a rate.

    The rate is the month-end rate of the row's own month where it was known as early as the row, else the one of the
    month before: a booking cannot be worth what only later became known. ``fx_usd`` is the price of one US dollar.
    """
    money = [column for column in staged.columns if column.kind == "money"]
    if not staged.has("currency") or not money:
        return
    own = quoted(staged.spec.date) if staged.spec.date else "known_on"
    con.execute(f"CREATE OR REPLACE TEMP TABLE rates AS {_rates(market)}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT r._n, arg_max(x.value, (x.month, x.known_on)) AS rate "
        f"FROM {staged.kept} r JOIN rates x ON x.currency = lower(r.currency) AND x.known_on <= r.known_on "
        f"AND x.month BETWEEN date_trunc('month', r.{own}) - INTERVAL 1 MONTH AND date_trunc('month', r.{own}) "
        "GROUP BY r._n"
    )
    foreign = f"(currency IS NULL OR upper(currency) <> {literal(currency)})"
    set_aside(con, staged, "no_exchange_rate", f"{foreign} AND _n NOT IN (SELECT _n FROM found)")
    for column in money:
        name = quoted(column.name)
        beyond = (
            f"SELECT r._n FROM {staged.kept} r JOIN found USING (_n) WHERE abs({name}::DOUBLE * rate) > {MONEY_LIMIT}"
        )
        judge_value(con, staged, column, "absurd_amount", f"{foreign} AND _n IN ({beyond})")
    changed = ", ".join(f"{quoted(c.name)} = ({quoted(c.name)}::DOUBLE * found.rate)::DECIMAL(38,6)" for c in money)
    con.execute(
        f"UPDATE {staged.rows} AS r SET {changed} FROM found "
        f"WHERE r._n = found._n AND {foreign} AND r._n NOT IN (SELECT _n FROM {staged.out})"
    )


def _rates(market: Staged | None) -> str:
    if market is None:
        return "SELECT '' AS currency, NULL::DATE AS month, NULL::DATE AS known_on, NULL::DOUBLE AS value LIMIT 0"
    return (
        f"SELECT lower(series)[{len(RATE_SERIES) + 1}:] AS currency, month, known_on, value FROM {market.kept} "
        f"WHERE lower(series) LIKE '{RATE_SERIES.replace('_', '!_')}%' ESCAPE '!' AND value > 0"
    )


def round_money(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Round every amount to cents and count the rows in which that changed one as delivered."""
    for column in staged.columns:
        if column.kind == "money":
            name = quoted(column.name)
            changed = f"{name} <> {rounded(name)}"
            total = f"sum({quoted(staged.money)}) FILTER ({changed})" if staged.money else "NULL"
            count, amount = con.execute(f"SELECT count(*) FILTER ({changed}), {total} FROM {staged.kept}").fetchall()[0]
            if count:
                staged.repairs.append(Touched(f"rounded_to_cents:{column.name}", count, amount, staged.present(con)))
                con.execute(f"UPDATE {staged.rows} SET {name} = {rounded(name)} WHERE {changed}")


def remove_identifiers(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Empty texts and open codes that hold a direct identifier; set the row aside where it needs the value."""
    for column in staged.columns:
        pattern = _forbidden(column)
        if pattern is None:
            continue
        name = quoted(column.name)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE telling AS SELECT v FROM "
            f"(SELECT DISTINCT {name} AS v FROM {staged.kept}) WHERE regexp_matches(v, {literal(pattern)})"
        )
        if con.execute("SELECT count(*) FROM telling").fetchall()[0][0]:
            judge_value(con, staged, column, "direct_identifier", f"{name} IN (SELECT v FROM telling)")


def find_orphans(con: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Set aside rows of clients who are not among the kept ones; an optional reference to one is emptied."""
    if staged.name == "clients" or not staged.has("client_id"):
        return
    unknown = "client_id IS NOT NULL AND client_id NOT IN (SELECT client_id FROM kept_clients)"
    column = next(c for c in staged.columns if c.name == "client_id")
    if fatal(staged, column):
        set_aside(con, staged, "unknown_client", unknown)
    else:
        empty_out(con, staged, "client_id", "unknown_client", unknown)


def _forbidden(column: Column) -> str | None:
    """Return the pattern of what the column must not hold.

    An id that stays as it is delivered (a product) may look like a telephone number, but never like an address.
    """
    if column.kind == "text" or (column.kind == "code" and column.codes is None):
        return ANY_IDENTIFIER
    return IDENTIFIERS["e-mail address"] if column.kind == "id" and column.domain is None else None
