"""Columns of the models of leaving: which of them say the same as others."""

import numpy as np

from insights.models.exits.columns import CLEAR_ROWS, _dependent


def test_a_part_of_the_rows_shows_what_is_clear_and_all_rows_decide_what_is_not() -> None:
    n = 5 * CLEAR_ROWS
    values = np.random.default_rng(3).normal(size=(n, 3)).astype(np.float32)
    rare, twin, constant = np.zeros(n, dtype=np.float32), 2 * values[:, 0], np.ones(n, dtype=np.float32)
    rare[7] = 1  # the same in all rows of the part
    assert _dependent(values) is None
    assert _dependent(np.column_stack([values, rare])) is None
    assert _dependent(np.column_stack([values, rare, twin])) == (4, [0])
    assert _dependent(np.column_stack([values, constant])) == (3, [])
