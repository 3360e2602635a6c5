"""Columns of many rows: read in batches, texts as codes of sorted labels; and rows of rows, copied when asked for."""

import ibis
import numpy as np
import pandas as pd
import pytest

from insights.models import columns
from insights.models.columns import EMPTY, Taken, read_columns


def test_texts_become_codes_and_numbers_keep_their_gaps_over_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "BATCH", 2_048)
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(
        {
            "name": rng.choice(["zoe", "adam", "李", None], 10_000),
            "amount": np.where(rng.random(10_000) < 0.1, np.nan, rng.normal(size=10_000)),
            "month": rng.integers(0, 60, 10_000),
        }
    )
    con = ibis.duckdb.connect()
    told = read_columns(con, con.create_table("rows", rows).order_by("month"), ("name",))
    labels, codes = told.coded("name")
    assert labels == ("adam", "zoe", "李")
    month, amount = told.numbers("month", np.int32), told.numbers("amount", np.float32)
    assert month.dtype == np.int32
    assert (np.diff(month) >= 0).all()
    names = np.array([*labels, None], dtype=object)[codes]
    read = pd.DataFrame({"name": names, "amount": amount, "month": month}).fillna({"name": "-"})
    given = rows.astype({"amount": "float32", "month": "int32"}).fillna({"name": "-"})
    keys = ["month", "name", "amount"]
    pd.testing.assert_frame_equal(
        read.sort_values(keys, ignore_index=True)[keys], given.sort_values(keys, ignore_index=True)[keys]
    )
    assert (codes == EMPTY).sum() == rows["name"].isna().sum()


def test_a_table_without_rows_gives_empty_columns() -> None:
    con = ibis.duckdb.connect()
    table = con.create_table("none", schema=ibis.schema({"name": "string", "amount": "float64"}))
    told = read_columns(con, table, ("name",))
    labels, codes = told.coded("name")
    assert labels == ()
    assert codes.shape == (0,)
    assert told.numbers("amount", np.float32).shape == (0,)


def test_rows_of_rows_are_rows_of_the_whole_and_only_what_is_asked_for_is_copied() -> None:
    asked: list[str] = []

    class Watched(dict[str, np.ndarray]):
        def __getitem__(self, name: str) -> np.ndarray:
            asked.append(name)
            return super().__getitem__(name)

    whole = Watched(a=np.arange(10), b=np.arange(10) * 2)
    some = Taken(Taken(whole, np.arange(10) % 2 == 1), np.array([4, 0]))
    assert not asked
    assert some["a"].tolist() == [9, 1]
    assert some["a"] is some["a"]
    assert asked == ["a"]
    assert dict(some).keys() == {"a", "b"}
    assert (len(some), "c" in some) == (2, False)
