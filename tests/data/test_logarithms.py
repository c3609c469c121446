"""Columns of logarithms: the quantity comes back, what has a plain column beside it is left alone."""

import math

import numpy as np
import pytest

from pinched.data.read import read_sweeps
from pinched.data.read_other import read_retention
from pinched.extraction.inspection import inspect_paths
from pinched.extraction.suspicions import Doubt
from pinched.extraction.switching import extract_switching

UP = np.linspace(0.05, 2, 40)
VOLTS = np.concatenate([UP, UP[-2::-1], -UP, -UP[-2::-1]])
OHMS = np.where(np.arange(VOLTS.size) < 20, 1e6, 1e3)
OHMS[-50:] = 1e6
AMPS = VOLTS / OHMS


def written(tmp_path, head, values, more=()):
    columns = np.column_stack([VOLTS, values, *(column for _, column in more)])
    heads = ",".join(["V (V)", head, *(name for name, _ in more)])
    path = tmp_path / "sweep.csv"
    path.write_text(
        heads + "\n" + "".join(",".join(f"{x:.12g}" for x in row) + "\n" for row in columns.tolist()),
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("head", "base", "unit"),
    [
        ("log10|I|", 10, 1), ("log10(|I|) (A)", 10, 1), ("log(I)", 10, 1), ("lg I", 10, 1), ("logI", 10, 1),
        ("Log10(Abs(I))", 10, 1), ("log10 (I/A)", 10, 1), ("log I (A)", 10, 1), ("absI_log10", 10, 1),
        ("log10(I (mA))", 10, 1e-3), ("log10(|I| (uA))", 10, 1e-6), ("log(|I (A)|)", 10, 1),
        ("ln(I)", math.e, 1), ("log(current)", math.e, 1e-9),
    ],
)  # fmt: skip
def test_the_current_comes_back(tmp_path, head, base, unit):
    if head == "log(current)":
        # A natural logarithm under "log": as a power of ten it would be a current that nothing shows.
        values = np.log(np.abs(AMPS) * unit)
        expected = np.abs(AMPS) * unit
    else:
        values = np.log(np.abs(AMPS) / unit) / math.log(base)
        expected = np.abs(AMPS)
    (sweep,) = read_sweeps(written(tmp_path, head, values))
    np.testing.assert_allclose(sweep.current, expected, rtol=1e-9)
    assert sweep.current_is_absolute
    np.testing.assert_allclose(sweep.signed_current, np.sign(VOLTS) * expected, rtol=1e-9)
    assert any("powers of" in guess and "that of the voltage" in guess for guess in sweep.provenance.guesses)


def test_switching_is_that_of_the_plain_current(tmp_path):
    (sweep,) = read_sweeps(written(tmp_path, "log10|I|", np.log10(np.abs(AMPS))))
    (plain,) = read_sweeps(written(tmp_path, "I (A)", AMPS))
    found, wanted = extract_switching([sweep]), extract_switching([plain])
    np.testing.assert_allclose(found.v_set, wanted.v_set)
    np.testing.assert_allclose(found.v_reset, wanted.v_reset)
    np.testing.assert_allclose(found.resistance_hrs, wanted.resistance_hrs, rtol=1e-6)


def test_no_current_is_minus_infinity(tmp_path):
    amps = np.where(np.abs(VOLTS) < 0.2, 0.0, np.abs(AMPS))
    with np.errstate(divide="ignore"):
        (sweep,) = read_sweeps(written(tmp_path, "log10(I)", np.log10(amps)))
    np.testing.assert_allclose(sweep.current, amps, rtol=1e-9)


def test_a_plain_current_beside_it_wins(tmp_path):
    path = written(tmp_path, "log10|I|", np.log10(np.abs(AMPS)), [("I (A)", AMPS)])
    (sweep,) = read_sweeps(path)
    np.testing.assert_allclose(sweep.current, AMPS, rtol=1e-9)
    assert not any("powers of" in guess for guess in sweep.provenance.guesses)


def test_a_head_that_lies_is_not_believed(tmp_path):
    """A current in ampere under "log I": 10 to that power is 1 A throughout, which is no sweep of anything."""
    (found,) = inspect_paths([written(tmp_path, "log I", np.abs(AMPS))]).files
    assert found.sweeps == 0


def test_inspect_says_so(tmp_path):
    (found,) = inspect_paths([written(tmp_path, "log(I)", np.log10(np.abs(AMPS)))]).files
    assert any("powers of 10" in guess for guess in found.guesses)
    doubts = {item.doubt for item in found.suspicions}
    assert Doubt.ABSOLUTE_CURRENT in doubts
    assert Doubt.UNKNOWN_UNIT not in doubts


def test_resistances_and_times(tmp_path):
    time = np.geomspace(1, 1e4, 30)
    ohms = 1e4 * time**0.1
    rows = "".join(f"{math.log10(t):.12g}\t{math.log10(r):.12g}\n" for t, r in zip(time, ohms, strict=True))
    (tmp_path / "r.txt").write_text("log10(time (s))\tlog10(R (ohm))\n" + rows)
    (found,) = read_retention(tmp_path / "r.txt")
    np.testing.assert_allclose(found.time, time, rtol=1e-9)
    np.testing.assert_allclose(found.resistance, ohms, rtol=1e-9)
