"""A client who makes up most of a part of the bridge, against what is told of it: alone, and in sums."""

import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shown import shown, title
from value_bank import AS_OF, write_value_bank

from insights.data.snapshot import Bank, open_bank
from insights.models.value.bridge import LOST, NEW, PARTS, Bridge
from insights.models.value.bridge import bridge as bridged
from insights.reports.disclosure import protect
from insights.reports.exhibits.base import Exhibit
from insights.topics import value
from insights.topics.evidence import Answer
from insights.topics.value.bridge import Told
from insights.topics.value.cells import REST

WITHIN = 0.2
model = importlib.import_module("insights.models.value.bridge")
topic = importlib.import_module("insights.topics.value.bridge")  # the package has a function of this name


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    config = write_value_bank(tmp_path_factory.mktemp("bridge"), came=120)
    with open_bank(config, as_of=AS_OF) as found:
        yield found


@pytest.fixture(scope="module")
def plain(bank: Bank) -> Bridge:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "SAMPLE", 12)  # intervals need not be good here
        found = bridged(bank)
    assert isinstance(found, Bridge)
    return found


def with_giant(found: Bridge, share: float) -> tuple[Bridge, float]:
    """Return the bridge with one client lost who was worth this share of all that is lost, and his worth."""
    clients = found.clients.copy()
    at = clients.index[clients[LOST] < 0][0]
    rest = float(clients.loc[clients.index != at, LOST].abs().sum())
    own = share / (1 - share) * rest
    clients.loc[at, ["was", LOST]] = own, -own
    return replace(found, clients=clients), own


def told(bank: Bank, found: Bridge, monkeypatch: pytest.MonkeyPatch) -> Exhibit:
    monkeypatch.setattr(topic, "bridged", lambda bank: found)
    return shown(value.bridge(bank), bank)


def test_every_part_is_told_where_nobody_dominates(bank: Bank, plain: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    exhibit = told(bank, plain, monkeypatch)
    parts = {r["group"]["part"]: r["value"] for r in exhibit.estimates if r["name"] == "part"}
    assert {LOST, NEW} <= set(parts)
    change = next(r["value"] for r in exhibit.estimates if r["name"] == "change")
    assert sum(parts.values()) == pytest.approx(change)
    ends = {r["name"]: r["value"] for r in exhibit.estimates if r["name"] in ("was", "now")}
    assert ends["was"] + change == pytest.approx(ends["now"])
    assert title(exhibit).startswith("The clients are worth CHF")
    assert any(word in title(exhibit) for word in (" added CHF", " took CHF"))
    assert exhibit.figure is not None
    assert exhibit.figure.kind == "waterfall"


@pytest.mark.parametrize("share", [0.55, 0.7])
def test_a_part_that_one_client_makes_up_is_told_with_others(
    bank: Bank, plain: Bridge, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, own = with_giant(plain, share)
    exhibit = told(bank, found, monkeypatch)
    parts = {r["group"]["part"]: r["value"] for r in exhibit.estimates if r["name"] == "part"}
    assert LOST not in parts
    if not parts:
        return
    # He is told with so many others that he is at most half of them, and no number is finer than a fifth of him.
    together = next(m for r in exhibit.tables[0].rows if (m := r["means"]) and "parts" in m.values).values["parts"]
    assert len(together) > 1
    names = [name for name in PARTS if name not in parts and found.clients[name].any()]
    group = found.clients[names].sum(axis=1).abs()
    assert own <= bank.settings.disclosure.dominance_largest * group.sum()
    unit = WITHIN * own
    assert abs(parts[REST] / unit - round(parts[REST] / unit)) < 0.5
    exact = float(found.clients[names].to_numpy().sum())
    assert abs(parts[REST] - exact) <= own
    assert not any(abs(abs(v) - own) <= 0.01 * own for v in parts.values() if v is not None)


def test_a_book_that_one_client_decides_has_no_bridge(
    bank: Bank, plain: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = plain.clients.copy()
    for name in PARTS:
        if clients[name].any():
            clients.loc[clients.index[clients[name] != 0][0], name] = 1e12
    exhibit = told(bank, replace(plain, clients=clients), monkeypatch)
    assert not exhibit.estimates
    assert exhibit.figure is None
    assert exhibit.refusals


def test_no_cell_of_the_bridge_is_made_up_by_one_or_two(bank: Bank, plain: Bridge) -> None:
    answer = value.bridge(bank)
    assert isinstance(answer, Answer)
    rules = bank.settings.disclosure
    shown_parts = protect(answer.evidence, rules)
    result = answer.estimate(shown_parts)
    assert isinstance(result, Told)
    cells = answer.evidence["parts"].cells  # type: ignore[union-attr]
    assert (cells["clients"] >= rules.min_clients).all()
    assert (cells["largest"] <= rules.dominance_largest * cells["absolute"]).all()
    assert not np.isnan(result.change)
    # The exact sum of a part is told by nothing: it is rounded by the largest contribution to it.
    for row in result.parts.to_dict("records"):
        largest = float(cells.loc[cells["part"] == row["part"], "largest"].iloc[0])
        unit = abs(row["amount"] - round(row["amount"] / (0.2 * largest)) * 0.2 * largest)
        assert unit <= 0.2 * largest


def test_a_bank_without_revenue_hides_in_assets_what_it_hides_in_money(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told in assets there is no part of margins: who left with most of what left is hidden all the same."""
    monkeypatch.setattr(model, "SAMPLE", 12)
    config = write_value_bank(tmp_path, came=120, drop=("revenue",), clients=300)
    with open_bank(config, as_of=AS_OF) as bank:
        plain = bridged(bank)
        assert isinstance(plain, Bridge)
        assert plain.measure == "assets"
        exhibit = told(bank, plain, monkeypatch)
        parts = {r["group"]["part"]: r["value"] for r in exhibit.estimates if r["name"] == "part"}
        assert {LOST, NEW} <= set(parts)
        assert title(exhibit).startswith("Told in assets")
        found, own = with_giant(plain, 0.7)
        exhibit = told(bank, found, monkeypatch)
        parts = {r["group"]["part"]: r["value"] for r in exhibit.estimates if r["name"] == "part"}
        assert LOST not in parts
        numbers = [r[k] for r in exhibit.estimates for k in ("value", "low", "high") if r["name"] == "part" and r[k]]
        assert not any(abs(abs(v) - own) <= 0.01 * own for v in numbers)
        group = [name for name in PARTS if name not in parts and found.clients[name].any()]
        if parts:
            together = found.clients[group].sum(axis=1).abs()
            assert own <= bank.settings.disclosure.dominance_largest * together.sum()
        else:
            assert exhibit.refusals


def test_a_bank_with_too_short_a_past_says_so(bank: Bank) -> None:
    with open_bank(bank.settings.path, as_of="2021-09-30") as early:
        exhibit = shown(value.bridge(early), early)
        assert title(exhibit) == "What changed in the value since last time cannot be told"
        assert exhibit.refusals
