"""Predictions made at past landmarks beside what clients then bought first, and two simple rules beside them."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.needs.kinds import PEERS, peer_groups
from insights.models.needs.model import Learned, learn, predict, trees
from insights.models.needs.rows import STEP, NeedRows, need_rows
from insights.models.needs.suitable import Bools, Floats
from insights.stats.resampling import Replicates, ratio_of, replicate_weights
from insights.stats.results import Estimate, NotEstimable
from insights.stats.scoring.precision import average_precision, average_precision_at

ORIGINS = (12, 9, 6, 3)
"""Months before the last landmark at which predictions are tried."""
LOGIT, TREES, SEGMENT, POPULAR, SAME = "logit", "trees", "segment", "popular", "same"
BEFORE = "before"
"""The logit as it was learned three months before: what the run before would have said."""
MODELS = (LOGIT, TREES, BEFORE)
RULES = (SEGMENT, POPULAR, SAME)
PRECISION, AREA, MAP = "precision", "pr_auc", "map3"
FIRST = 3
"""Of how many kinds of product, ranked for each client, MAP@3 looks at."""
REPLICATES = 200
SEED = "needs"
FEWEST_EVENTS = 50
HORIZONS = (3, 6)
TOO_FEW = f"{{}} first purchases at past dates are too few to judge predictions: {FEWEST_EVENTS} are needed"


@dataclass(frozen=True)
class Trials:
    """One row per client, category and landmark at which he could be offered it.

    ``frame``: ``client`` (code), ``kind`` (place of the category), ``column`` (landmark), ``manager`` (code, of the
    landmark), ``came_3m``, ``came_6m`` (nan: not complete yet), and a score per way of choosing: ``logit``, ``trees``
    (nan where there are none), ``before``, ``segment``, ``popular``, ``same``. ``used`` is "logit" or "trees".
    ``scores`` has Replicates by (measure, way); precision is that of the offers which the managers' capacity allows,
    ``chosen`` by way.
    """

    frame: pd.DataFrame = field(repr=False)
    used: str
    scores: dict[tuple[str, str], Replicates] = field(repr=False)
    chosen: dict[str, Bools] = field(repr=False)
    learned_from: int

    def score(self, measure: str, way: str, less: str = "") -> Estimate | NotEstimable:
        """Return a score with its interval, or by how much it is above that of another way (paired by client)."""
        found = self.scores[measure, way]
        found = found - self.scores[measure, less] if less else found
        return found.estimate(unit="share", method="normal")

    def lift(self, way: str, over: str) -> Estimate | NotEstimable:
        """Return how many times as often offers chosen one way were bought as those chosen another; in pairs."""
        return ratio_of(self.scores[PRECISION, way], self.scores[PRECISION, over])


def trials(bank: Bank) -> Trials | NotEstimable:
    """Return the trials, made once; NotEstimable with fewer than 50 first purchases in the months tried."""
    return once(bank, "need_trials", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> Trials | NotEstimable:
    rows = need_rows(bank)
    if rows is None:
        return NotEstimable("nobody holds a product")
    if len(rows.landmarks) < 2:
        return NotEstimable(TOO_FEW.format(0))
    columns = [c for c in (rows.last - o for o in ORIGINS) if c in rows.landmarks[1:]]
    logits = {c: learn(rows, c) for c in sorted({*columns, *(c - STEP for c in columns)}) if c in rows.landmarks}
    parts = [_tried(rows, column, logits) for column in columns]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    events = int(frame["came_3m"].sum()) if len(frame) else 0
    if events < FEWEST_EVENTS:
        return NotEstimable(TOO_FEW.format(events))
    capacity = bank.settings.needs.offers_per_manager
    # A way that could not choose at one of the dates is not held against those that could.
    ways = [w for w in (*MODELS, *RULES) if (frame[w].notna().any() if w == TREES else frame[w].notna().all())]
    chosen = {w: chosen_rows(frame, w, capacity) for w in ways}
    scores = _scores(frame, chosen, rows.months.client_id)
    found = Trials(frame, LOGIT, scores, chosen, len(rows.landmarks))
    if TREES in ways:
        better = [found.score(measure, TREES, LOGIT) for measure in (PRECISION, AREA)]
        if all(isinstance(b, Estimate) and b.low > 0 for b in better):
            return Trials(frame, TREES, scores, chosen, len(rows.landmarks))
    return found


def _tried(rows: NeedRows, column: int, logits: dict[int, Learned]) -> pd.DataFrame:
    """Return the rows of one landmark, with scores as they could be made then; ``logits`` by when they were learned."""
    allowed = rows.eligible(column) & ~rows.declined[:, :, column]
    model = predict(rows, logits[column], column)
    # A category that was not foretold then would not have been offered.
    before = np.nan_to_num(predict(rows, logits[column - STEP], column)) if column - STEP in logits else None
    allowed &= ~np.isnan(model)
    other = trees(rows, column)
    other = np.full(model.shape, np.nan) if other is None else other
    client, kind = np.nonzero(allowed)
    head = {"client": client, "kind": kind, "column": column, "manager": managers(rows, column)[client]}
    known = {f"came_{h}m": rows.came(column, h)[client, kind].astype(float) for h in HORIZONS}
    frame = pd.DataFrame(head | known)
    if column + HORIZONS[1] > rows.last:
        frame["came_6m"] = np.nan
    rules = {SEGMENT: segment(rows, column), POPULAR: popular(rows, column), SAME: same(rows, column)}
    scores = {LOGIT: model, TREES: other, BEFORE: other * np.nan if before is None else before} | rules
    return frame.assign(**{name: values[client, kind] for name, values in scores.items()})


def managers(rows: NeedRows, column: int) -> npt.NDArray[np.int64]:
    """Return the code of each client's manager at a month's end (n); where managers are not recorded all have 0."""
    if rows.manager is None:
        return np.zeros(len(rows.months.client_id), dtype=np.int64)
    named = [v if isinstance(v, str) else "" for v in rows.manager[:, column]]
    return np.unique(named, return_inverse=True)[1].astype(np.int64)


def segment(rows: NeedRows, column: int) -> Floats:
    """Return how often clients of the same segment, each in his most likely one, bought each category before (n, k)."""
    size = rows.kinds[column].shape[1]
    return _rates(rows, column, {c: rows.kinds[c].argmax(axis=1) for c in rows.landmarks if c <= column}, size)


def popular(rows: NeedRows, column: int) -> Floats:
    """Return how often clients of the same risk tolerance and wealth bought each category first before (n, k).

    Wealth in thirds of the landmark; the share of those who could, over all earlier landmarks with known outcomes.
    """
    past = (c for c in rows.landmarks if c <= column)
    return _rates(rows, column, {c: peer_groups(rows.assets[:, c], rows.tolerance[:, c]) for c in past}, PEERS)


def _rates(rows: NeedRows, column: int, group: dict[int, npt.NDArray[np.int64]], size: int) -> Floats:
    """Return by client (n, k) the share of first purchases of his group (by landmark: n) among those who could."""
    came, could = (np.zeros((size, rows.bought.shape[1])) for _ in range(2))
    for past in (c for c in group if c <= column - STEP):
        who = rows.eligible(past)
        did = who & rows.came(past, STEP) & (rows.told <= column)
        for k in range(who.shape[1]):
            could[:, k] += np.bincount(group[past], who[:, k], size)
            came[:, k] += np.bincount(group[past], did[:, k], size)
    rate = (came + 1e-3) / (could + 1.0)
    return np.asarray(rate[group[column]])


def same(rows: NeedRows, column: int) -> Floats:
    """Return the rule "as last time" (n, k): what was bought most in the last three months, first to who bought lately.

    Who bought anything first in those months stands before all others; within both groups the category decides.
    """
    before = column - STEP
    did = rows.came(before, STEP) & (rows.told <= column)
    share = did.sum(axis=0) / max(int(did.sum()), 1)
    lately = np.asarray(did.any(axis=1), dtype=float)
    return np.asarray(share[None, :] + lately[:, None])


def chosen_rows(frame: pd.DataFrame, way: str, capacity: int) -> Bools:
    """Return which rows a way would offer: one per client, the highest scores of each manager and landmark.

    Of rows with the same score those of a fixed lot count, so that no rule gains from the order of the clients.
    """
    own = frame[["client", "column", "manager"]].assign(score=frame[way].to_numpy())
    own["lot"] = np.random.default_rng(len(frame)).random(len(frame))
    own = own.dropna(subset=["score"]).sort_values(["score", "lot"], ascending=[False, True], kind="stable")
    best = own.drop_duplicates(["column", "client"])
    best = best[best.groupby(["column", "manager"]).cumcount() < capacity]
    found = np.zeros(len(frame), dtype=bool)
    found[best.index.to_numpy()] = True
    return found


def _scores(
    frame: pd.DataFrame, chosen: dict[str, Bools], client_id: npt.NDArray[np.object_]
) -> dict[tuple[str, str], Replicates]:
    """Return precision at capacity, average precision of all rows and MAP@3, drawn by client with the same weights."""
    came, client = frame["came_3m"].to_numpy(), frame["client"].to_numpy()
    drawn = replicate_weights(client_id.astype(str), seed=SEED, replicates=range(REPLICATES)).astype(np.float32)
    weights = np.concatenate([np.ones((len(client_id), 1), dtype=np.float32), drawn], axis=1)
    clusters = len(np.unique(client))
    found = {}
    for way, rows in chosen.items():
        own = weights[client[rows]]
        share = (own * came[rows, None]).sum(axis=0) / own.sum(axis=0)
        area = average_precision(frame[way].to_numpy(), came > 0, client, weights)
        score, column = frame[way].to_numpy(float), frame["column"].to_numpy()
        who, precision = average_precision_at(score, came, client, column, FIRST)
        drawn_of = weights[who]
        ranked = (drawn_of * precision[:, None]).sum(axis=0) / drawn_of.sum(axis=0)
        for measure, values in ((PRECISION, share), (AREA, area), (MAP, ranked)):
            head = values[:1].astype(float)
            found[measure, way] = Replicates(head, values[1:, None].astype(float), SEED, "poisson", clusters, clusters)
    return found


def score_of(bank: Bank, rows: NeedRows) -> Floats:
    """Return the probability of a first purchase within three months (n, k) now, of the model that is in use."""
    return once(bank, "need_score", lambda: _now(bank, rows), on_disk=True)


def learned_now(bank: Bank, rows: NeedRows) -> Learned:
    """Return the logits as they are learned now."""
    return once(bank, "need_logits", lambda: learn(rows, rows.last), on_disk=True)


def _now(bank: Bank, rows: NeedRows) -> Floats:
    tried = trials(bank)
    found = predict(rows, learned_now(bank, rows), rows.last)
    if isinstance(tried, Trials) and tried.used == TREES:
        other = trees(rows, rows.last)
        found = found if other is None else np.where(np.isnan(found), np.nan, other)
    return found


def foretold(bank: Bank) -> pd.DataFrame:
    """Return client_id, category, value (chance within three months), since (first day of the last month, ISO), now.

    Never to be asked for while the score is made: whoever holds the lock of one result and waits for that of the other
    would wait for himself.
    """

    def made() -> pd.DataFrame:
        rows = need_rows(bank)
        assert rows is not None
        chance = score_of(bank, rows)
        client, kind = np.nonzero(~np.isnan(chance))
        names = np.array(rows.products.categories, dtype=object)
        told = {"client_id": rows.months.client_id[client].astype(str), "category": names[kind]}
        since = add_months(rows.months.opens, rows.last).isoformat()
        return pd.DataFrame(told | {"value": chance[client, kind], "since": since})

    return once(bank, "need_foretold", made, on_disk=True)
