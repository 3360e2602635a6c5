"""Numbers read from findings pass as they are, and nothing that was withheld comes back by that way."""

import pandas as pd
import pytest
from disclosure.attackers import RULES

from insights.errors import DisclosureError
from insights.reports.disclosure import protect
from insights.topics.evidence import Published


def rows(status: str, value: float) -> Published:
    nan = float("nan")
    return Published(
        pd.DataFrame([{"line": "a", "value": value, "low": nan, "high": nan, "status": status}]), ("line",)
    )


def test_what_was_shown_passes() -> None:
    told = rows("shown", 5.0)
    assert protect({"told": told}, RULES)["told"] is told


@pytest.mark.parametrize("status", ["suppressed", "not_estimable", "absent"])
def test_what_was_withheld_stops_the_run_if_it_has_a_value(status: str) -> None:
    assert protect({"told": rows(status, float("nan"))}, RULES)
    with pytest.raises(DisclosureError, match="withheld"):
        protect({"told": rows(status, 5.0)}, RULES)
