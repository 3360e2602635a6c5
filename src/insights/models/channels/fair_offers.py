"""Offers by one channel against offers by another, like with like: when they were made, and whom they reached.

Each channel is compared with the one that is used most, in the campaigns (or months) in which both were used. Offers
count by the chance of having come by the other channel (overlap weights), so that what is recorded of the time and of
the clients is the same on both sides. What is not recorded may still differ: it is an association.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.attributes import CATEGORIES, attach_attributes
from insights.stats.effects import OverlapComparison, overlap_comparison
from insights.stats.results import Estimate, NotEstimable

RARE = 20
"""A level that fewer offers of a kind have tells the kinds apart by itself: it is put with the most frequent one."""
BLOCK, WEEKDAY, EARLIER = "block", "weekday", "earlier"


@dataclass(frozen=True)
class LikeWithLike:
    """Acceptances by ``channel`` less those by ``against``: ``plain`` over all offers, ``fair`` like with like.

    ``within`` is the plain difference where both were used, ``compared`` the share of the offers made there. ``unseen``
    is the E-value of the near end of the interval (1: it contains 0), ``apart`` the largest difference of a recorded
    trait before weighting (sd). ``clients``, and ``accepted``: the fewer acceptances of the two.
    """

    channel: str
    against: str
    plain: Estimate | NotEstimable
    fair: Estimate | NotEstimable
    within: Estimate | NotEstimable
    compared: float
    unseen: float
    apart: float
    clients: int
    accepted: int


def with_traits(bank: Bank, rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Return offers with when they were made and what was known of the client then; names of categories and numbers.

    ``rows``: client_id, offered_on, channel, campaign, accepted. An attribute without history is not used.
    """
    asked = rows[["client_id"]].assign(month=rows["offered_on"].dt.to_period("M").dt.to_timestamp().dt.date)
    asked["row"] = np.arange(len(rows))
    told, refused = attach_attributes(bank, ibis.memtable(asked), 1)
    traits = [c for c in (*CATEGORIES, "birth_year") if c not in refused]
    known = told.select("row", *traits).execute().set_index("row").sort_index()
    rows = rows.reset_index(drop=True).join(known)
    rows = rows.sort_values(["client_id", "offered_on"], kind="stable")
    rows[EARLIER] = np.log1p(rows.groupby("client_id").cumcount())
    rows[WEEKDAY] = rows["offered_on"].dt.dayofweek
    rows[BLOCK] = rows["campaign"]
    numbers = [EARLIER]
    if "birth_year" in traits:
        age = (rows["offered_on"].dt.year - rows["birth_year"].astype(float)) / 10
        rows["age"] = age.fillna(age.mean())
        rows["age_squared"] = (rows["age"] - 5) ** 2
        numbers += ["age", "age_squared"]
    return rows, (WEEKDAY, *(c for c in CATEGORIES if c in traits)), tuple(numbers)


def like_with_like(
    rows: pd.DataFrame, categories: Sequence[str] = (), numbers: Sequence[str] = ()
) -> tuple[LikeWithLike, ...]:
    """Compare every channel with the most used one.

    ``rows``: client_id, channel, accepted (0 or 1), block (the campaign or month within which channels are compared),
    and the columns of ``categories`` (levels; empty is a level of its own) and ``numbers`` (no gaps) made equal.
    """
    rows = rows[rows["channel"].notna()]
    sizes = rows["channel"].value_counts().sort_index()
    if len(sizes) < 2:
        return ()
    most = str(sizes.idxmax())
    return tuple(_pair(rows, str(c), most, categories, numbers) for c in sizes.index if c != most)


def _pair(
    rows: pd.DataFrame, channel: str, against: str, categories: Sequence[str], numbers: Sequence[str]
) -> LikeWithLike:
    own = rows[rows["channel"].isin((channel, against))]
    own = own.assign(one=(own["channel"] == channel).astype(float)).reset_index(drop=True)
    used = own.groupby(BLOCK)["one"].transform(lambda c: min(c.sum(), len(c) - c.sum()) >= RARE).astype(bool)
    both = own[used].reset_index(drop=True)
    won = both.groupby("one")["accepted"].sum().reindex([0.0, 1.0], fill_value=0)
    size = int(both["client_id"].nunique()), int(won.min())
    plain = _difference(own)
    if both.empty:
        never = NotEstimable("no campaign used both channels: there is no overlap")
        return LikeWithLike(channel, against, plain, never, never, 0.0, np.nan, np.nan, *size)
    columns = pd.concat([_indicators(both, (BLOCK, *categories)), both[list(numbers)].astype(float)], axis=1)
    columns = _independent(columns)
    found = overlap_comparison(both["accepted"], both["one"], columns, cluster=_cluster(both), unit="share")
    if isinstance(found, NotEstimable):
        return LikeWithLike(
            channel, against, plain, found, _difference(both), len(both) / len(own), np.nan, np.nan, *size
        )
    apart = float(found.table["difference"].abs().max()) if len(found.table) else 0.0
    unseen = found.e_value()[1]
    return LikeWithLike(
        channel, against, plain, found.effect, found.unadjusted, len(both) / len(own), unseen, apart, *size
    )


def _independent(columns: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that those before do not tell: of a campaign made on one day, its weekday tells nothing."""
    middle = (columns - columns.mean()).to_numpy(float)
    size = np.sqrt((middle**2).sum(axis=0))
    left = np.abs(np.diag(np.linalg.qr(middle, mode="r")))
    return columns.loc[:, left > 1e-8 * np.maximum(size, 1e-8)]


def _difference(own: pd.DataFrame) -> Estimate | NotEstimable:
    """Return the plain difference, by the same errors."""
    found = overlap_comparison(
        own["accepted"], own["one"], pd.DataFrame(index=own.index), cluster=_cluster(own), unit="share"
    )
    return found.unadjusted if isinstance(found, OverlapComparison) else found


def _cluster(own: pd.DataFrame) -> np.ndarray | None:
    """Return whose offer each is; None where nobody had two."""
    return None if own["client_id"].is_unique else own["client_id"].astype(str).to_numpy()


def _indicators(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return indicators of the levels that both kinds of offers have often enough, the most frequent apart."""
    made: dict[str, pd.Series] = {}
    for name in names:
        values = rows[name].astype(object).where(rows[name].notna(), "not recorded")
        sizes = rows.groupby([values, "one"]).size().unstack(fill_value=0).min(axis=1)
        common = values.value_counts().sort_index().idxmax()
        made |= {f"{name}:{v}": values == v for v in sizes.index if v != common and sizes[v] >= RARE}
    return pd.DataFrame(made, index=rows.index).astype(float)
