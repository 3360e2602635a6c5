"""What a run remembers of what it measured and of what was delivered: the shapes alone, for those who read them."""

from dataclasses import dataclass, field, replace

import pandas as pd

from insights.stats.resampling import Replicates


@dataclass(frozen=True)
class Measured:
    """The m measures of one day with their replicates.

    ``labels`` has one row per measure (measure, group, unit, n, n_events, total, largest, second, absolute),
    ``replicates`` their values (m) and replicates (R, m).
    ``group`` is "" for all clients. ``n`` counts the clients in the denominator, ``n_events`` those in the numerator
    where it counts clients (else nan). ``total`` is the numerator, with the two largest contributions to it and the sum
    of all, for dominance. nan in the values: nobody is in the denominator.
    """

    labels: pd.DataFrame
    replicates: Replicates = field(repr=False)

    def part(self, rows: slice) -> "Measured":
        """Return some of them."""
        own = replace(self.replicates, value=self.replicates.value[rows], values=self.replicates.values[:, rows])
        return Measured(self.labels.iloc[rows].reset_index(drop=True), own)


@dataclass(frozen=True)
class Delivered:
    """What came in. ``rows``: table, month (ISO day; "" for a table without dates), rows. ``columns``: table, column.

    ``marks``: table, column, filled, mean, sd of the columns with numbers, over the rows of the last twelve months.
    """

    rows: pd.DataFrame
    columns: pd.DataFrame
    marks: pd.DataFrame
