"""The seeds that random numbers of a report come from: fixed in the code, each by its purpose."""

from collections.abc import Mapping

SEEDS: Mapping[str, tuple[str, ...]] = {
    "quality": (),
    "clients": (
        "19970105",
        "20",
        "20040731",
        "backtest",
        "segments",
    ),
    "lifecycle": (
        "20",
        "20040731",
        "backtest",
        "past predictions",
    ),
    "value": (
        "19970105",
        "20",
        "20040731",
        "backtest",
        "segments",
        "value_hindsight",
        "what came",
    ),
    "loyalty": (
        "19970105",
        "20",
        "20040731",
        "backtest",
        "choosing",
        "late answers",
        "survey",
    ),
    "needs": (
        "19970105",
        "20",
        "20040731",
        "7",
        "backtest",
        "needs",
        "past predictions",
        "segments",
    ),
    "channels": ("through loyalty",),
    "risk": (
        "20",
        "21",
        "22",
        "23",
        "31",
    ),
    "summary": (
        "19970105",
        "20",
        "20040731",
        "7",
        "backtest",
        "memory of packs",
        "needs",
    ),
}
"""Seeds by report, those of the models behind it too: a name where it is derived from one, else the number."""
