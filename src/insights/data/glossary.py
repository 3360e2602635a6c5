"""The glossary: the words of the project, and every canonical table and column with its unit and meaning.

``python -m insights.data.glossary`` prints it; ``GLOSSARY.md`` is what it printed.
"""

from insights.data.columns import Column, TableSpec
from insights.data.tables import RULES, TABLES

WORDS: dict[str, str] = {
    "extract": "a raw file, or a query over files or a database, as the bank delivers it",
    "intake": "the way of an extract into a canonical table: read, typed, checked, repaired or set aside",
    "canonical table": "a table with the names, units and meanings of this page, whatever the bank calls them",
    "late": "known more than `late_after_days` after its date; noted at intake and kept",
    "ledger": "the record of intake: for each table and rule, how many rows were there before, were touched, and were "
    "there after; a matter of rows, not of money",
    "noted": "kept as it is, with a line in the ledger: late, missing though expected, not following from the books",
    "books": "the bank's own accounts; a matter of money, not of rows",
    "quarantine": "the rows that intake set aside, each with its reason",
    "snapshot": "what was known by the end of one day, and nothing that became known later",
    "as of": "the day of the snapshot",
    "known on": "the day from which the bank knew a row in its present version",
    "window": "the time from which on leavers are completely recorded",
    "client": "a person or company with a relationship to the bank; the unit of analysis",
    "prospect": "somebody who may become a client",
    "household": "clients who belong together; it leaves with its last member and counts once in disclosure control",
    "acquisition source": "what first brought a client or prospect to the bank",
    "relationship manager": "the member of staff who looks after a client (`rm_id`)",
    "management": "those who lead the bank and read the reports; never a relationship manager",
    "exit": "the end of a relationship",
    "outflow": "money that leaves the bank; the client may stay",
    "dormancy": "a relationship without any activity, ended for that reason",
    "report": "one topic's page for a reader",
    "exhibit": "one finding as it is shown: title, sentences, figure, table, what it rests on, caveats",
    "finding": "one published result, as an entry of `findings.json`",
    "pack": "all reports of one bank as of one day",
    "run": "one making of a pack",
    "restricted list": "client-level rows for a named recipient; never part of a report",
    "pseudonym": "what stands for an id inside the project; only the key turns it back",
}

INTRODUCTION = """# Glossary

One word, one thing. This page is made from the code (`python -m insights.data.glossary > GLOSSARY.md`); the tables are
defined in `src/insights/data/catalogue_*.py`.
"""

EVERY_TABLE = """## Tables

Every table also has **known_on** (day from which on the bank knew the row in this version; by default the row's own
date, for monthly tables the month's end plus the reporting delay) and **withdrawn** (true deletes the row of this key
from that day). Amounts are in the bank's reporting currency, with the client's sign: what comes into the bank is
positive. A source in several currencies maps one more column, **currency** (ISO 4217), which is used at intake and not
kept. Columns marked with * are required. A column that is *revealed* by a date is empty before that date.
"""


def glossary() -> str:
    """Return the whole glossary as Markdown."""
    words = [f"- **{word}**: {meaning}." for word, meaning in sorted(WORDS.items())]
    rules = [f"- `{rule}`: {meaning}." for rule, meaning in RULES.items()]
    parts = [
        INTRODUCTION,
        "## Words\n",
        "\n".join(words) + "\n",
        EVERY_TABLE,
        *(_table(spec) for spec in TABLES.values()),
        "## Rules of the columns\n\nA row that breaks one of them is set aside.\n",
        "\n".join(rules) + "\n",
    ]
    return "\n".join(parts)


def _table(spec: TableSpec) -> str:
    head = f"### {spec.name}\n\nOne row per {spec.row}. Key: {', '.join(f'`{k}`' for k in spec.key)}."
    if spec.date:
        head += f" Own date: `{spec.date}`."
    if spec.known != spec.date:
        head += f" Known on: `{spec.known}`."
    for group in spec.one_of:
        head += f" Each row needs {' or '.join(f'`{c}`' for c in group)}."
    rows = [_row(column) for column in spec.columns if column.name not in ("known_on", "withdrawn")]
    return "\n".join([head, "", "| column | label | meaning | unit |", "|---|---|---|---|", *rows, ""])


def _row(column: Column) -> str:
    name = f"`{column.name}`" + ("\\*" if column.required else "")
    meaning = column.meaning
    if column.codes:
        meaning += f" Codes: {', '.join(column.codes)}."
    if column.revealed_by:
        meaning += (
            " Revealed by itself." if column.revealed_by == column.name else f" Revealed by `{column.revealed_by}`."
        )
    return f"| {name} | {column.label} | {meaning} | {column.unit} |"


if __name__ == "__main__":
    print(glossary(), end="")
