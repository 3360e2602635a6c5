"""Results kept on disk: exactly what was computed, for this bank, day, part, key and code only, and never trusted."""

import multiprocessing
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import insights.data.kept as store
from insights.data.encoded import NotEncodable, decode, encode
from insights.data.kept import kept
from insights.data.pseudonyms import Key
from insights.data.snapshot import Bank, open_bank
from insights.models.cache import once
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.risk import exit_risks
from insights.models.exits.rows import exit_rows
from insights.reports.split import PartBank
from insights.stats.hazard import HazardModel
from insights.stats.results import Estimate, NotEstimable

DAY = "2026-10-31"


@pytest.fixture(scope="module")
def config(demo_bank_small: Path) -> Path:
    return demo_bank_small / "bank.toml"


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Bank) -> Bank:
    """The bank with an empty store of its own."""
    monkeypatch.setattr(store, "FOLDER", f"results-{tmp_path.name}")
    return opened


@pytest.fixture(scope="module")
def opened(config: Path) -> Iterator[Bank]:
    with open_bank(config, as_of=DAY) as bank:
        yield bank


def files(bank: Bank) -> list[Path]:
    found = (bank.processed.path / store.FOLDER).rglob("*")
    return sorted(p for p in found if p.is_file() and not p.name.startswith("."))


def never() -> None:
    raise AssertionError("it was there and is computed again")


def again(value: object) -> object:
    return decode(memoryview(b"".join(encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -1.5, float("inf"), "ü \x00 漢", date(2026, 10, 31), (), (1, "a", None), [1, (2,)],
        {"a": 1, ("b", 2): None, 3: [0.1]}, frozenset({"b", "a"}), NotEstimable("too few"),
        (Estimate(1.0, 0.1, float("inf"), "share", 10),),
    ],
)  # fmt: skip
def test_plain_values_come_back_as_they_were(value: object) -> None:
    found = again(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int32), np.array([0.1, np.nan, -np.inf]), np.zeros((0, 3), np.float32),
        np.arange(12.0).reshape(3, 4), np.asfortranarray(np.arange(12.0).reshape(3, 4)), np.array([True, False]),
        np.array(["", "left", "漢字"]), np.array(["2026-10-31", "NaT"], dtype="datetime64[us]"), np.float32(0.1),
        np.arange(10)[::2],
    ],
)  # fmt: skip
def test_arrays_come_back_to_the_last_bit_and_in_the_same_order_in_memory(array: np.ndarray) -> None:
    found = again(array)
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()
    assert found.flags.f_contiguous == np.asarray(array).flags.f_contiguous or not array.flags.contiguous
    assert not found.flags.writeable or not found.shape


def test_frames_come_back_with_their_types() -> None:
    frame = pd.DataFrame(
        {
            "text": ["a", None, "c"],
            "mixed": pd.Series([1, "x", np.nan], dtype=object),
            "number": [0.1, np.nan, 1e300],
            "whole": np.array([1, 2, 3], dtype=np.int8),
            "flag": [True, False, True],
            "day": pd.to_datetime(["2026-10-31", None, "2025-01-01"]),
        }
    )
    pd.testing.assert_frame_equal(again(frame), frame, check_exact=True)
    pd.testing.assert_frame_equal(again(frame.iloc[:0]), frame.iloc[:0])
    some = frame[frame["number"].notna()]  # rows keep the numbers that they had in the whole
    pd.testing.assert_frame_equal(again(some), some, check_exact=True, check_index_type="exact")
    pd.testing.assert_frame_equal(again(pd.DataFrame({"a": []})), pd.DataFrame({"a": []}))


@dataclass(frozen=True)
class Foreign:
    value: int


@pytest.mark.parametrize(
    "value",
    [
        never, object(), Foreign(1), {1, 2}, Estimate, np.array([object()]), pd.Series([1]),
        pd.DataFrame({"a": pd.Categorical(["x"])}), pd.DataFrame({"a": [1]}, index=["row"]),
    ],
)  # fmt: skip
def test_what_could_run_or_change_has_no_form(value: object) -> None:
    with pytest.raises(NotEncodable):
        encode(value)


@pytest.mark.parametrize(
    "text",
    [
        '["c","os","system",{}]',
        '["c","insights.data.kept","kept",{}]', '["c","insights.stats.results","Estimate",{}]',
        '["c","insights.nowhere","Estimate",{}]', '["a","|O",[1],false]', '["a","<f8",[9],false]', '["?"]', "[", "[[]]",
    ],
)  # fmt: skip
def test_nothing_but_known_dataclasses_is_made_from_bytes(text: str) -> None:
    with pytest.raises(ValueError, match=r"encoded value|line 1"):
        decode(memoryview(len(text).to_bytes(8, "little") + text.encode()))


def test_models_are_the_same_from_memory_and_from_disk(config: Path) -> None:
    with open_bank(config, as_of=DAY) as first:
        rows, hazards, risks = exit_rows(first), fit_exit_hazards(first), exit_risks(first)
    with open_bank(config, as_of=DAY) as second:
        mine = once(second, ("exit_rows", rows.lag), never, on_disk=True)
        assert all((mine.numeric[k].tobytes() == v.tobytes()) for k, v in rows.numeric.items())
        assert (mine.clients, mine.levels, mine.refused) == (rows.clients, rows.levels, rows.refused)
        pd.testing.assert_frame_equal(exit_risks(second), risks, check_exact=True)
        for name, found in fit_exit_hazards(second).models.items():
            was = hazards.models[name]
            assert found.recipe == was.recipe
            if isinstance(was.model, HazardModel):
                pd.testing.assert_frame_equal(found.model.table, was.model.table, check_exact=True)
                assert found.model.covariance.tobytes() == was.model.covariance.tobytes()


def test_a_result_is_computed_once_and_private(bank: Bank) -> None:
    kept(bank, "x", lambda: np.arange(3))
    assert kept(bank, "x", never).tolist() == [0, 1, 2]
    (path,) = files(bank)
    assert path.is_relative_to(bank.processed.path)  # it goes with the tables, by `make clean` or any other way
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parents[1], path.parents[2]):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("harm", ["bit", "cut", "empty", "grown", "folder", "other name"])
def test_a_damaged_file_is_computed_again(bank: Bank, harm: str) -> None:
    kept(bank, "x", lambda: "right")
    (path,) = files(bank)
    data = path.read_bytes()
    if harm == "folder":
        path.unlink()
        path.mkdir()
    elif harm == "other name":  # somebody puts one result in the place of another
        kept(bank, "y", lambda: "wrong")
        other = next(p for p in files(bank) if p != path)
        path.write_bytes(other.read_bytes())
    else:
        changed = {"bit": data[:-1] + bytes([data[-1] ^ 1]), "cut": data[:-5], "empty": b"", "grown": data + b"x"}[harm]
        path.write_bytes(changed)
    assert kept(bank, "x", lambda: "right again") == "right again"
    if harm != "folder":
        assert kept(bank, "x", never) == "right again"


@pytest.mark.parametrize("other", ["key", "settings", "day", "part", "code"])
def test_nothing_is_taken_from_another_bank_day_part_or_code(
    config: Path, bank: Bank, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(bank, "x", lambda: "mine")
    second = bank
    if other == "key":
        monkeypatch.setattr(Key, "results_secret", lambda self: b"another")
    elif other == "code":
        monkeypatch.setattr(store, "code", lambda: "other")
    elif other == "day":
        second = Bank(bank.settings, date(2026, 9, 30), bank.processed)
    elif other == "part":
        second = PartBank(bank.settings, bank.as_of, bank.processed, "region", "north")
    else:
        lifecycle = bank.settings.lifecycle.model_copy(update={"lag_months": 5})
        second = open_bank(config, as_of=DAY)
        second.settings = bank.settings.model_copy(update={"lifecycle": lifecycle})
    assert second.processed.path == bank.processed.path
    assert kept(second, "x", lambda: "other") == "other"


def test_results_of_other_code_are_taken_away(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(bank, "x", lambda: 1)
    (old,) = files(bank)
    monkeypatch.setattr(store, "code", lambda: "newer")
    kept(bank, "x", lambda: 2)
    assert old not in files(bank)
    assert len(files(bank)) == 1


def test_what_has_no_form_or_no_place_is_computed_all_the_same(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept(bank, "x", lambda: never) is never
    assert files(bank) == []

    def refused(folder: Path) -> None:
        raise PermissionError(folder)

    monkeypatch.setattr(store, "_make", refused)
    assert kept(bank, "y", lambda: 1) == 1
    assert files(bank) == []


def test_an_error_leaves_nothing(bank: Bank) -> None:
    with pytest.raises(AssertionError):
        kept(bank, "x", never)
    assert files(bank) == []
    assert kept(bank, "x", lambda: 1) == 1


def test_two_at_once_compute_once(bank: Bank) -> None:
    calls, found = [], []

    def slow() -> np.ndarray:
        calls.append(1)
        time.sleep(0.3)
        return np.full(1000, len(calls))

    workers = [threading.Thread(target=lambda: found.append(kept(bank, "x", slow))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(calls) == 1
    assert all((value == 1).all() for value in found)


def _die(folder: Path, part: str) -> None:
    store.FOLDER = part
    bank = open_bank(folder, as_of=DAY)

    def compute() -> int:
        raise SystemExit(1)

    kept(bank, "x", compute)


def test_whoever_dies_holding_the_lock_frees_it(bank: Bank, config: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(config, store.FOLDER))
    process.start()
    process.join(60)
    assert process.exitcode == 1
    assert kept(bank, "x", lambda: 1) == 1


def test_a_key_must_be_the_same_text_in_every_process(bank: Bank) -> None:
    once(bank, ("a", None, date(2026, 1, 1), frozenset({"m", "n"}), 1.5), lambda: 1, on_disk=True)
    with pytest.raises(TypeError, match="expected text, numbers"):
        once(bank, ("a", object()), lambda: 1, on_disk=True)
