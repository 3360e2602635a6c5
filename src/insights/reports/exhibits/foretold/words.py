"""What is foretold, in words: the same in every report and on the page for management."""

from insights.reports.exhibits.base import Message
from insights.topics.foretold import CHANCE, FITS, HIGH, LEAVING, LOW, NEEDS, OPEN, REVERSED, VALUE, WARNINGS

WHAT = {
    LEAVING: Message("leaving"),
    NEEDS: Message("first purchases"),
    VALUE: Message("margins"),
    WARNINGS: Message("warnings"),
}
FAILED = {
    REVERSED: Message("Forecasts of {what} failed: they put clients in the wrong order"),
    CHANCE: Message("Forecasts of {what} failed: they put clients in an order no better than chance"),
}
LEVELS = {
    HIGH: Message(
        "Forecasts of {what} were too low: {value:number} came for each one foretold ({low:number} to {high:number})"
    ),
    LOW: Message(
        "Forecasts of {what} were too high: {value:number} came for each one foretold ({low:number} to {high:number})"
    ),
    FITS: Message(
        "Forecasts of {what} came true: {value:number} came for each one foretold ({low:number} to {high:number})"
    ),
    OPEN: Message("Forecasts of {what} tell clients apart; whether their level was right cannot be told"),
}
UNDECIDED = Message(
    "Forecasts of {what}: {value:number} came for each one foretold ({low:number} to {high:number}); whether they put "
    "clients in the right order cannot be told yet"
)
UNKNOWN = Message("What came of forecasts of {what} cannot be told: too little happened")
