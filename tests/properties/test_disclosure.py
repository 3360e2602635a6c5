"""Disclosure control on tables, sums and curves that nobody chose."""

import math

import numpy as np
import pandas as pd
import pytest
from disclosure.attackers import RULES, margin_bounds, risk_counts, table
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.reports.disclosure.curves import protect_curves
from insights.reports.disclosure.rounding import apportion, batches, nearest
from insights.reports.disclosure.tables import protect_clients, protect_money
from insights.stats.incidence import cumulative_incidence_from_counts
from insights.stats.survival import kaplan_meier_from_counts
from insights.topics.evidence import MoneySums, client_counts

COUNTS = st.one_of(st.integers(0, 14), st.integers(10, 80))


@st.composite
def tables(draw: st.DrawFn) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    shape = tuple(draw(st.lists(st.integers(2, 4), min_size=1, max_size=3)))
    cells = draw(st.lists(COUNTS, min_size=math.prod(shape), max_size=math.prod(shape)))
    return np.array(cells).reshape(shape)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_no_withheld_cell_is_pinned_by_the_margins(exact: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> None:
    told = protect_clients(table(exact), RULES).cells["clients"].to_numpy(float)
    hidden = np.isnan(told)
    assert hidden[(exact.ravel() > 0) & (exact.ravel() < 10)].all()
    if not hidden.any():
        assert told.sum() == nearest(exact.sum(), 5)
        return
    assert np.abs(told - exact.ravel())[~hidden].max(initial=0) < 5
    # Where everything that is not zero is withheld there is nothing more to hide: no margin is published then.
    if (exact.ravel()[~hidden] > 0).any():
        assert min(margin_bounds(exact, hidden.tolist())) >= 10 - 1e-6


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans())
def test_what_is_shown_and_what_is_not_rest_on_ten_households(seed: int, columns: int, rest: bool) -> None:
    """Families of any size, anywhere in the table: every cell shown has ten of them, and so has what a line hides."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 400))
    home = rng.integers(0, max(int(n / rng.uniform(1, 6)), 1), n)
    rows = pd.DataFrame({"a": rng.choice(list("pqrst"), n, p=rng.dirichlet(np.ones(5))), "household": home})
    rows["b"] = rng.choice(list("xyz")[:columns], n)
    told = protect_clients(client_counts(rows, ("a", "b"), "others" if rest else None), RULES).cells
    assert told["clients"].notna().all() or not rest or told["a"].nunique() <= 1
    named = rows.assign(a=rows["a"].where(rows["a"].isin(told["a"]), "others"))
    wide = told.pivot(index="a", columns="b", values="clients")
    for cells, axis in ((wide, "a"), (wide.T, "b")):
        for line, shown in cells.iterrows():
            across = "b" if axis == "a" else "a"
            own = named[named[axis] == line]
            for place, value in shown.items():
                behind = own.loc[own[across] == place, "household"].nunique()
                assert np.isnan(value) or behind == 0 or behind >= 10
            gone = own[own[across].isin(shown.index[shown.isna()])]
            if shown.notna().any() and (shown > 0).any() and len(gone):
                assert gone["household"].nunique() >= 10


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30), st.sampled_from([1, 3, 5, 10]))
def test_parts_rounded_together_add_up(values: list[int], base: int) -> None:
    told = apportion(values, base)
    assert told.sum() == nearest(sum(values), base)
    assert (told % base == 0).all()
    assert np.abs(told - values).max() < base


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=60))
def test_batches_follow_every_kind_and_their_sum(steps: list[list[int]]) -> None:
    events = np.array(steps, dtype=float)
    counted = np.zeros(events.shape)
    for time, kind in batches(events, 5):
        counted[time, kind] += 5
    behind = counted.cumsum(axis=0) - events.cumsum(axis=0)
    assert np.abs(behind.sum(axis=1)).max() <= 2
    assert behind.max() < 5
    assert behind.min() > -10


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 2)), min_size=1, max_size=40), min_size=2, max_size=6)
)
def test_no_shown_sum_and_no_withheld_remainder_is_dominated(contributions: list[list[float]]) -> None:
    rows = []
    for k, values in enumerate(contributions):
        sizes = sorted((abs(v) for v in values), reverse=True)
        rows.append((f"{k}", len(values), sum(values), sizes[0], ([*sizes, 0.0])[1], sum(sizes)))
    columns = ["d", "clients", "amount", "largest", "second", "absolute"]
    told = protect_money(MoneySums(pd.DataFrame(rows, columns=columns), ("d",)), RULES).cells
    hidden = told["amount"].isna().to_numpy()
    shown = [values for values, gone in zip(contributions, hidden, strict=True) if not gone]
    rest = [v for values, gone in zip(contributions, hidden, strict=True) if gone for v in values]
    for values in [*shown, *([rest] if rest and shown else [])]:
        sizes = sorted((abs(v) for v in values), reverse=True)
        assert len(values) >= 10
        assert sizes[0] <= 0.5 * sum(sizes) + 1e-6
        assert sizes[0] + sizes[1] <= 0.75 * sum(sizes) + 1e-6
    assert hidden.sum() != 1


@st.composite
def client_files(draw: st.DrawFn) -> pd.DataFrame:
    n, groups = draw(st.integers(1, 400)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    life = np.ceil(rng.exponential(draw(st.integers(2, 60)), n))
    life[rng.random(n) < 0.05] = 0.5
    entry = np.where(rng.random(n) < 0.5, 0.0, rng.integers(0, 30, n))
    causes = rng.choice(["", "death", "other_reasons", "competitor"], n, p=[0.3, 0.1, 0.1, 0.5])
    frame = pd.DataFrame({"entry": entry, "exit": entry + life, "cause": causes})
    return frame.assign(group=rng.choice([f"g{k}" for k in range(groups)], n, p=rng.dirichlet(np.ones(groups))))


@settings(max_examples=60, deadline=None)
@given(client_files(), st.booleans())
def test_protected_counts_are_a_coherent_input_for_curves(frame: pd.DataFrame, by: bool) -> None:
    exact = risk_counts(frame, by=by)
    told = protect_curves(exact, RULES)
    counts = told.counts
    assert list(counts.columns) == ["group", "time", "cause", "at_risk", "events"]
    assert set(counts["group"]) == set(told.units.dropna(subset=["units"])["group"])
    assert not counts.duplicated(["group", "time", "cause"]).any()
    assert (counts[["at_risk", "events"]] % 5 == 0).all(axis=None)
    at_times = counts.groupby(["group", "time"]).agg(
        low=("at_risk", "min"), high=("at_risk", "max"), out=("events", "sum")
    )
    assert (at_times["low"] == at_times["high"]).all()
    assert (at_times["out"] <= at_times["low"]).all()
    assert counts["at_risk"].min() >= 10 or counts.empty
    assert (
        counts.groupby(["group", "cause"]).size()
        == counts.groupby("group")["time"]
        .nunique()
        .reindex(counts.groupby(["group", "cause"]).size().index, level="group")
    ).all()
    survival = kaplan_meier_from_counts(counts).table["survival"]
    assert survival.dropna().between(0, 1).all()
    incidence = cumulative_incidence_from_counts(counts).table
    left = incidence.groupby(["group", "time"])["incidence"].sum()
    assert left.to_numpy() + survival.to_numpy() == pytest.approx(1.0, nan_ok=True)
