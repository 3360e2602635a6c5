"""Columns read from the engine in batches: texts as codes of sorted labels, numbers as they are, gaps told apart."""

import ibis
import numpy as np
import pandas as pd
import pytest

from insights.models import columns
from insights.models.columns import EMPTY, read_columns


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
