"""Corrections on a switching table: what is left out, what is replaced, and that both are counted."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.data.corrections import Correction, CorrectionKind
from pinched.data.sweep import IVSweep, Provenance
from pinched.extraction.corrected import apply_corrections, file_hashes
from pinched.extraction.table import Flag, SwitchingTable

FILES = {"a.csv": "a" * 64, "b.csv": "b" * 64}


def table(files=("a.csv", "a.csv", "a.csv", "b.csv")):
    n = len(files)
    numbers = {
        name: np.arange(n) + offset
        for offset, name in enumerate(
            ["v_set", "v_reset", "resistance_lrs", "resistance_hrs", "v_set_derivative", "v_reset_derivative",
             "resistance_lrs_first_sample", "resistance_hrs_first_sample", "compliance_current", "v_set_step",
             "v_set_confidence"], 1)
    }  # fmt: skip
    return SwitchingTable(
        read_voltage=0.1,
        file=tuple(files),
        device=tuple(f"d{k}" for k in range(n)),
        cycle=np.arange(1, n + 1),
        v_set_flag=(Flag.FORMING,) + (Flag.GRADUAL,) * (n - 1),
        v_reset_flag=(Flag.ABRUPT,) * n,
        resistance_lrs_flag=(Flag.MEASURED,) * n,
        resistance_hrs_flag=(Flag.MEASURED,) * n,
        **{name: values.astype(float) for name, values in numbers.items()},
    )


def correction(kind, cycle, value=None, sha256=FILES["a.csv"], reason="noisy", **more):
    return Correction(
        kind=kind, cycle=cycle, value=value, sha256=sha256, reason=reason,
        time=datetime(2025, 1, 1, tzinfo=UTC), **more,
    )  # fmt: skip


EXCLUDED, SET, RESET = CorrectionKind.EXCLUDED_CYCLE, CorrectionKind.SET_POINT, CorrectionKind.RESET_POINT


def test_nothing_to_correct_changes_nothing():
    start = table()
    found = apply_corrections(start, [], FILES)
    assert found.table is start
    assert found.share_excluded == 0
    assert found.sentences() == ()


def test_cycles_are_left_out_and_counted():
    found = apply_corrections(table(), [correction(EXCLUDED, 2, reason="spike")], FILES)
    assert found.table.device == ("d0", "d2", "d3")
    assert found.table.v_set.tolist() == [1.0, 3.0, 4.0]
    assert found.table.v_hold.size == 3
    assert found.table.read_voltage == 0.1
    assert (found.cycles_before, found.share_excluded) == (4, 0.25)
    assert found.sentences() == ("25 % of the cycles dropped by hand (1 of 4): spike.",)


def test_points_replace_what_the_rule_found():
    log = [
        correction(SET, 1, 0.7),
        correction(SET, 2, 0.8),
        correction(RESET, 3, -0.9),
        correction(RESET, 1, None, sha256=FILES["b.csv"]),
    ]
    start = table()
    found = apply_corrections(start, log, FILES)
    assert found.table.v_set.tolist() == [0.7, 0.8, 3.0, 4.0]
    # A forming cycle stays one: its voltage is still kept out of the statistics.
    assert found.table.v_set_flag[:3] == (Flag.FORMING, Flag.BY_HAND, Flag.GRADUAL)
    assert found.table.v_reset[2] == -0.9
    assert np.isnan(found.table.v_reset[3])
    assert found.table.v_reset_flag[3] is Flag.BY_HAND
    # What a person sets is taken as it stands, without the half step of the rule.
    assert found.table.measured("v_set")[1] == 0.8
    assert np.isnan(found.table.v_set_confidence[1])
    assert not np.isnan(found.table.v_set_confidence[2])
    assert start.v_set.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found.sentences() == (
        "v_set set by hand in 2 of 4 cycles.",
        "v_reset set by hand in 2 of 4 cycles.",
    )


def test_the_last_word_counts_and_can_be_taken_back():
    log = [
        correction(SET, 1, 0.7), correction(SET, 1, 0.9),
        correction(EXCLUDED, 2), correction(EXCLUDED, 2, withdrawn=True),
    ]  # fmt: skip
    found = apply_corrections(table(), log, FILES)
    assert len(found.table) == 4
    assert found.table.v_set[0] == 0.9
    assert len(found.points) == 1


def test_other_files_are_left_aside_and_missing_cycles_are_said():
    log = [
        correction(EXCLUDED, 1, sha256="c" * 64),
        correction(EXCLUDED, 9),
        correction(CorrectionKind.VOLTAGE_COLUMN, None, "V1"),
    ]
    found = apply_corrections(table(), log, FILES)
    assert len(found.table) == 4
    assert [c.cycle for c in found.unmatched] == [9]
    assert found.sentences() == (
        "columns chosen by hand in 1 file(s).",
        "1 correction(s) name a cycle that their file no longer has, the first excluded cycle of cycle 9: they "
        "were not applied.",
    )


def test_everything_excluded_is_an_error():
    log = [correction(EXCLUDED, k) for k in (1, 2, 3)] + [correction(EXCLUDED, 1, sha256=FILES["b.csv"])]
    with pytest.raises(PinchedError, match="all 4 cycles"):
        apply_corrections(table(), log, FILES)


def test_cycles_are_counted_within_their_file_whatever_they_are_called():
    mixed = table(("b.csv", "a.csv", "b.csv", "a.csv"))
    found = apply_corrections(mixed, [correction(EXCLUDED, 2)], FILES)
    assert found.table.device == ("d0", "d1", "d2")


def test_hashes_come_from_the_sweeps():
    v = np.linspace(0, 1, 5)
    sweeps = [
        IVSweep(voltage=v, current=v, provenance=Provenance(file=name, sha256=digest))
        for name, digest in (*FILES.items(), ("a.csv", FILES["a.csv"]))
    ]
    assert file_hashes([*sweeps, IVSweep(voltage=v, current=v)]) == FILES


KINDS = st.sampled_from([EXCLUDED, SET, RESET])


@given(
    st.lists(
        st.tuples(KINDS, st.integers(1, 6), st.sampled_from([*FILES.values(), "c" * 64]), st.booleans()),
        max_size=12,
    )
)
def test_every_correction_is_counted_once(entries):
    start = table()
    log = [
        correction(kind, cycle, None if kind is EXCLUDED or gone else 0.5, sha256, withdrawn=gone)
        for kind, cycle, sha256, gone in entries
    ]
    try:
        found = apply_corrections(start, log, FILES)
    except PinchedError:
        return
    assert len(found.table) + len(found.excluded) == found.cycles_before == len(start)
    by_hand = np.isin(found.table.v_set, 0.5).sum() + np.isin(found.table.v_reset, 0.5).sum()
    assert by_hand == len(found.points)
    assert set(found.table.device) <= set(start.device)
