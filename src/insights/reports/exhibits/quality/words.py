"""What the exhibits of the report say alike."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message


def rounding(bank: Bank) -> tuple[Message, ...]:
    """Say how counts of rows are protected; nothing where the data are public."""
    if bank.settings.disclosure.mode != "bank":
        return ()
    values = {"base": bank.settings.disclosure.round_to, "least": bank.settings.disclosure.min_clients}
    return (
        Message(
            "Counts of rows about clients or staff are rounded to multiples of {base:count}, and withheld below "
            "{least:count}.",
            values,
        ),
    )


def money(bank: Bank) -> tuple[Message, ...]:
    """Say how amounts beside counts of rows are protected; nothing where the data are public."""
    if bank.settings.disclosure.mode != "bank":
        return ()
    return (Message("Money affected is told to its first digit only."),)


ENDING_LABELS = {
    "kept": Message("Kept"),
    "merged": Message("Merged"),
    "quarantined": Message("Set aside"),
    "withheld": Message("Withheld by law"),
}
"""What became of rows that came in."""
