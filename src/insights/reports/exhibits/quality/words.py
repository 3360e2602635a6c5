"""What the exhibits of the report say alike."""

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Message


def rounding(bank: Bank) -> tuple[Message, ...]:
    """Say how counts of rows are protected; nothing where the data are public."""
    if bank.settings.disclosure.mode != "bank":
        return ()
    values = {"base": bank.settings.disclosure.round_to, "least": bank.settings.disclosure.min_clients}
    return (
        Message("Counts are rounded to multiples of {base:count}; counts below {least:count} are withheld.", values),
    )
