"""Settings of the table of markets: which of its series are prices that move what clients hold."""

from typing import Any

from insights.data.settings_sources import Section

MOVED = {"market_series": "[market] indices", "indices": "[market] indices"}
"""Keys that stood in another section once, and where they stand now."""


class IndicesSection(Section):
    """Which series of the table ``market`` are prices that clients' assets and the bank's own positions move with.

    Without ``indices`` those whose name ends in ``_index``. Their past, where it is longer than that of the clients,
    tells what markets may add to values (``[value] market_return`` is the bank's own view); their ups and downs what
    markets may take (``[risk.market]``).
    """

    indices: tuple[str, ...] = ()


def refuse_moved(data: Any, *names: str) -> Any:
    """Raise ValueError, with the place where it stands now, for a key of a section that has moved elsewhere."""
    for name in names:
        if isinstance(data, dict) and name in data:
            raise ValueError(f"{name} has moved: write it as {MOVED[name]} = [...]")
    return data
