"""Clock times to seconds: every way to write them, orders of day and month, midnight, and what is no clock."""

import numpy as np
import pytest

from pinched.data.clocks import with_seconds
from pinched.data.columns import Role
from pinched.data.table import RawTable


def table(cells, head="date"):
    n = len(cells)
    return RawTable(
        heads=(head, "R (ohm)"),
        numbers=np.column_stack([np.full(n, np.nan), np.arange(1.0, n + 1)]),
        texts={0: dict(enumerate(cells))},
        lines=np.arange(2, n + 2),
    )


@pytest.mark.parametrize(
    ("cells", "seconds"),
    [
        (["2026-11-28 10:00:00", "2026-11-28T10:00:01.5", "2026-11-28 11:00:00"], [0, 1.5, 3600]),
        (["2026-11-28T23:59:59Z", "2026-11-29T00:00:00Z"], [0, 1]),
        (["28.11.2026 10:00", "28.11.2026 10:01", "29.11.2026 10:00"], [0, 60, 86400]),
        (["11/28/2026 11:59:00 AM", "11/28/2026 12:00:00 PM", "11/28/2026 01:00:00 PM"], [0, 60, 3660]),
        # The fifth of April or the fourth of May: a minute passes either way.
        (["04/05/26 10:00:00", "04/05/26 10:01:00"], [0, 60]),
        # January to February, not the first and the second of the thirty-first month.
        (["31/01/2026 23:59:00", "01/02/2026 00:00:00"], [0, 60]),
        # Two orders run forward: a day, not a month.
        (["01/02/2026 10:00:00", "02/02/2026 10:00:00"], [0, 86400]),
        (["23:59:59,5", "00:00:00,0", "00:00:10,0"], [0, 0.5, 10.5]),
    ],
)
def test_clock_times(cells, seconds):
    found = with_seconds(table(cells))
    assert found.meaning(0).role is Role.TIME
    np.testing.assert_allclose(found.numbers[:, 0], seconds)
    assert 0 not in found.texts
    assert "clock times" in found.notes[-1]


@pytest.mark.parametrize(
    "cells",
    [
        ["2026-11-28 10:00:00", "later"],
        ["2026-11-28 10:00:00", "2026-11-28 09:00:00"],  # runs backwards
        ["2026-13-41 10:00:00", "2026-13-41 10:00:01"],
        ["10:00:00", "10:00:00", "10:00:00", "10:00:01"],  # a clock too coarse for the samples
        ["A1", "A2"],
    ],
)
def test_what_is_no_clock_stays_text(cells):
    given = table(cells)
    assert with_seconds(given) is given


def test_a_time_in_numbers_wins():
    given = RawTable(
        heads=("date", "t (s)"),
        numbers=np.array([[np.nan, 0.0], [np.nan, 1.0]]),
        texts={0: {0: "10:00:00", 1: "10:00:05"}},
        lines=np.array([2, 3]),
    )
    assert with_seconds(given) is given
