"""Whether the books agree, on what basis the data are held, who may read the lists, and where it all came from."""

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import count_row, dated, records
from insights.reports.wording.labels import code_label, table_label
from insights.topics.evidence import Answer


def reconciliation(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say whether the totals of the reports are those of the general ledger."""
    gaps, by_hand = parts["gaps"], parts["adjustments"]
    rows = []
    for measure, months in gaps.groupby("measure", sort=True):
        worst = months.loc[months["gap"].abs().fillna(0.0).idxmax()]
        rows.append(
            {
                "measure": code_label("measure", str(measure), bank.settings.labels),
                "months": float(len(months)),
                "agree": float(months["agrees"].sum()),
                "gap": worst["gap"],
                "month": "" if months["agrees"].all() else f"{worst['month']:%Y-%m}",
            }
        )
    open_ = int((~gaps["agrees"]).sum())
    values = {"n": float(open_), "all": float(len(gaps)), "adjustments": float(len(by_hand))}
    title = (
        Message("The books agree with the general ledger in every month compared", values)
        if open_ == 0
        else Message("In {n:count} of {all:count} comparisons the books differ from the general ledger", values)
    )
    tables = [
        Table(
            (
                Column("measure", Message("Measure")),
                Column("months", Message("Months compared"), "count"),
                Column("agree", Message("Months that agree"), "count"),
                Column("gap", Message("Largest difference, share of the ledger"), "percent"),
                Column("month", Message("In month"), "month"),
            ),
            tuple(rows),
            Message("Totals of the reports against the general ledger, after adjustments"),
        )
    ]
    if len(by_hand):
        columns = (
            Column("month", Message("Month"), "month"),
            Column("measure", Message("Measure")),
            Column("share", Message("Share of the ledger"), "percent"),
            Column("reason", Message("Reason")),
            Column("made_by", Message("Made by")),
            Column("approved_by", Message("Approved by")),
        )
        told = [
            r | {"month": f"{r['month']:%Y-%m}", "measure": code_label("measure", r["measure"], bank.settings.labels)}
            for r in records(by_hand)
        ]
        tables.append(Table(columns, tuple(told), Message("Adjustments made by hand")))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(
            Message("Adjustments made by hand: {adjustments:count}; each has its reason and its approval.", values)
            if len(by_hand)
            else Message("Nothing was adjusted by hand."),
        ),
        tables=tuple(tables),
        basis=dated(bank, Message("Agreement means to the cent, or to the client.")),
        estimates=tuple(
            count_row(
                "unexplained_share",
                r["gap"],
                unit="share of the general ledger",
                group={"measure": r["measure"], "month": f"{r['month']:%Y-%m}"},
            )
            for r in records(gaps)
            if not r["agrees"]
        ),
    )


def legal_basis(answer: Answer, table: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say on which basis each source may be used."""
    without = table[table["legal_basis"].isna() | (table["legal_basis"] == "")]
    values, labels = {"n": float(len(without)), "all": float(len(table))}, bank.settings.labels
    title = (
        Message("Every source has a stated legal basis", values)
        if without.empty
        else Message("{n:count} of {all:count} sources have no stated legal basis", values)
    )
    rows = tuple(
        {
            "table": table_label(r["table"]),
            "legal_basis": code_label("legal_basis", r["legal_basis"] or "", labels) or Message("not stated"),
            "purpose": code_label("purpose", r["purpose"] or "", labels) or Message("not stated"),
            "consent": r["consent_column"] or Message("not needed"),
            "retention": _kept_for(r["retention_months"]),
        }
        for r in records(table)
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(Message("Rows without consent, or kept for longer than allowed, were left out from the start."),),
        tables=(
            Table(
                (
                    Column("table", Message("Table")),
                    Column("legal_basis", Message("Legal basis")),
                    Column("purpose", Message("Purpose")),
                    Column("consent", Message("Consent read from")),
                    Column("retention", Message("Kept for")),
                ),
                rows,
                Message("Sources and the basis on which they may be used"),
            ),
        ),
        basis=dated(bank),
        caveats=(Message("Basis and purpose are what the bank states in its settings; they are not checked here."),),
    )


def access(answer: Answer, table: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say who may read which restricted list."""
    if table.empty:
        return Exhibit(
            id=answer.id,
            title=Message("No recipient of restricted lists is named"),
            sentences=(Message("Client-level lists are not written until bank.toml names who may read them."),),
            basis=dated(bank),
        )
    values = {"lists": float(table["list"].nunique()), "recipients": float(table["recipient"].nunique())}
    return Exhibit(
        id=answer.id,
        title=Message("{recipients:count} recipients may read {lists:count} restricted lists", values),
        sentences=(Message("Lists of clients lie outside the reports; nobody but the recipient may open them."),),
        tables=(
            Table(
                (
                    Column("recipient", Message("Recipient")),
                    Column("group", Message("System group")),
                    Column("list", Message("List")),
                ),
                tuple(records(table)),
                Message("Who may read which list"),
            ),
        ),
        basis=dated(bank),
    )


def files(answer: Answer, table: pd.DataFrame, bank: Bank) -> Exhibit:
    """List the raw files with their fingerprints."""
    return Exhibit(
        id=answer.id,
        title=Message("The numbers rest on {n:count} files", {"n": float(len(table))}),
        sentences=(Message("A file with another fingerprint is another delivery."),),
        tables=(
            Table(
                (Column("file", Message("File")), Column("sha256", Message("Fingerprint (SHA-256)"))),
                tuple(r | {"sha256": r["sha256"][:16]} for r in records(table)),
                Message("Files read by this run"),
            ),
        ),
        basis=dated(bank),
    )


def _kept_for(months: float | None) -> Message:
    return Message("no limit stated") if months is None else Message("{months:months}", {"months": float(months)})
