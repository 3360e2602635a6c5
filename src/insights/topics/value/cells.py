"""Groups of clients that may be shown: those that are too small, or that one client dominates, are put together.

Every exhibit of this report that shows money by group uses the same groups, so that what one exhibit puts together no
other takes apart.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from insights.data.settings import DisclosureSection
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.groups import group_of
from insights.models.value.book import YEAR
from insights.models.value.margins import ClientMargins

REST = "other_groups"
Labels = npt.NDArray[np.object_]


def tellable(values: npt.NDArray[np.float64], rules: DisclosureSection) -> bool:
    """Return whether the sum of these contributions (n, zeros are none) may be known: enough, and none dominates."""
    if rules.mode == "public_data":
        return True
    size = np.sort(np.abs(values[values != 0]))[::-1]
    if len(size) < rules.min_clients:
        return False
    whole = size.sum()
    return bool(size[0] <= rules.dominance_largest * whole and size[:2].sum() <= rules.dominance_two * whole)


def merged(labels: Labels, measures: Sequence[npt.NDArray[np.float64]], rules: DisclosureSection) -> Labels:
    """Return the labels (n) with those put together as ``REST`` of which a measure (n each) may not be known.

    The next smallest groups join until the rest may be known itself; where nothing helps everybody is in the rest.
    """
    names, size = np.unique(labels.astype(str), return_counts=True)
    order = [str(name) for name in names[np.argsort(size, kind="stable")]]

    def fine(chosen: list[str]) -> bool:
        inside = np.isin(labels.astype(str), chosen)
        return all(tellable(m[inside], rules) for m in measures)

    rest = [name for name in order if not fine([name])]
    for name in order:
        if not rest or fine(rest):
            break
        if name not in rest:
            rest.append(name)
    return np.where(np.isin(labels.astype(str), rest), REST, labels)


def group_labels(bank: Bank, by: str, margins: ClientMargins) -> Labels:
    """Return the group (n, in the order of ``margins``) of every client, small and dominated groups put together."""
    return once(bank, ("value_groups", by), lambda: _groups(bank, by, margins))


def _groups(bank: Bank, by: str, margins: ClientMargins) -> Labels:
    table = bank.table("clients")
    own = table.select(client_id=table.client_id, group=group_of(bank, by)).execute().set_index("client_id")["group"]
    labels = own.reindex(margins.months.client_id).to_numpy(object)
    last = margins.months.count - 1
    force = margins.months.in_force
    measures = []
    for end in (last, last - YEAR) if margins.months.count >= 2 * YEAR else (last,):
        for everybody in (margins.value(end), margins.average_assets(end - YEAR + 1, end)):
            measures.append(everybody)
    # Those in force, and those among them who bring something: what other exhibits add up.
    measures += [np.where(force, m, 0.0) for m in measures[:2]]
    measures.append(np.where(force, np.maximum(margins.value(), 0.0), 0.0))
    return merged(labels, measures, bank.settings.disclosure)


def top_cuts(
    values: npt.NDArray[np.float64],
    wanted: Sequence[float | int],
    rules: DisclosureSection,
    others: Sequence[npt.NDArray[np.float64]] = (),
) -> list[int]:
    """Return the numbers of the largest values at which a list of them may be cut: each band between may be known.

    ``wanted``: numbers of clients, or shares of all below 1, rising. What may not be known joins the next band.
    ``others`` (n each) are further measures of the same clients that are told of the bands.
    """
    order = np.argsort(-values, kind="stable")
    ranked = [each[order] for each in (values, *others)]
    n = len(order)
    cuts: list[int] = []
    start = 0
    for want in wanted:
        cut = round(want * n) if want < 1 else int(want)
        if cut >= n:
            break
        if cut > start and all(tellable(each[start:cut], rules) for each in ranked):
            cuts.append(cut)
            start = cut
    while cuts and not all(tellable(each[cuts[-1] :], rules) for each in ranked):
        cuts.pop()
    return cuts
