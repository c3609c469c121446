"""Resistances per branch against closed forms and against the values of expected.json."""

import json
from itertools import pairwise

import numpy as np
import pytest

import pinched as pi
from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import split_cycles
from pinched.extraction.resistance import branch_name, extract_resistances, extract_small_signal
from pinched.extraction.table import Flag


def path(*corners, step=0.01):
    pieces = [np.linspace(a, b, round(abs(b - a) / step) + 1) for a, b in pairwise(corners)]
    return np.concatenate([pieces[0], *(p[1:] for p in pieces[1:])])


def sweep_of(voltage, law):
    return IVSweep(voltage=voltage, current=law(voltage))


def test_every_resistance_of_the_expected_table(measurements):
    """Nb:SrTiO3, 39 files. 3 % is the tolerance stated there: interpolation between samples of a steep curve."""
    entries = [e for e in json.loads((measurements / "expected.json").read_text()) if "R_ohm_at" in e]
    checked = 0
    for entry in entries:
        table = extract_resistances(pi.read_sweeps(measurements / entry["file"]), [0.5, -0.5])
        for branch, read, resistance in entry["R_ohm_at"]:
            assert table.at(branch, read)[0] == pytest.approx(resistance, rel=entry["R_tolerance_rel"]), (
                entry["file"],
                branch,
                read,
            )
            checked += 1
    assert checked == 156


def test_siox_states_by_branch(measurements):
    """The 55 experiments: LRS on "2.50->-1.60", HRS on "0.00->2.50" at 0.2 V (3 % and 10 %, expected.json)."""
    entry = json.loads((measurements / "expected.json").read_text())[0]
    table = extract_resistances(pi.read_sweeps(measurements / "siox_bianchi2023"), "0.2 V")
    lrs, hrs = table.at("2.50->-1.60", 0.2), table.at("0.00->2.50", 0.2)
    np.testing.assert_allclose(lrs, [row["LRS"] for row in entry["per_cycle"]], rtol=0.03)
    np.testing.assert_allclose(hrs, [row["HRS"] for row in entry["per_cycle"]], rtol=0.10)
    ratios = table.ratios()
    assert ratios.ratio.shape == (55, 1)
    np.testing.assert_allclose(np.sort(ratios.ratio[:, 0]), np.sort(hrs / lrs))


def test_closed_forms_of_the_shape():
    """I = V: 2 and 1. I = V^2 sign V: 4 and 1. A diode exp(V/V0) - 1: both from the formula."""
    voltage = path(1, -1)
    reads = [0.5, -0.5, 0.8]
    ohmic = extract_resistances(sweep_of(voltage, lambda v: 1e-3 * v), reads)
    np.testing.assert_allclose(ohmic.resistance, 1e3)
    np.testing.assert_allclose(ohmic.nonlinearity, 2.0)
    np.testing.assert_allclose(ohmic.rectification, 1.0)
    # Linear interpolation of a parabola on a 10 mV grid errs by (dV/2)^2 / V^2 between samples: below 2e-3 at 0.25 V.
    square = extract_resistances(sweep_of(voltage, lambda v: 1e-3 * v * np.abs(v)), reads)
    np.testing.assert_allclose(square.nonlinearity, 4.0, rtol=2e-3)
    diode = extract_resistances(sweep_of(voltage, lambda v: 1e-9 * np.expm1(v / 0.1)), [0.5])
    assert diode.rectification[0, 0] == pytest.approx(np.expm1(5.0) / -np.expm1(-5.0), rel=1e-3)
    assert diode.nonlinearity[0, 0] == pytest.approx(np.expm1(5.0) / np.expm1(2.5), rel=2e-3)


@pytest.mark.parametrize(
    ("corners", "names", "cycles"),
    [
        ((0, 2, -1, 0), ["0.00->2.00", "2.00->-1.00", "-1.00->0.00"], [1, 1, 0]),
        ((0, 2, -1, 2, -1, 0), ["0.00->2.00", "2.00->-1.00", "-1.00->2.00", "2.00->-1.00", "-1.00->0.00"],
         [1, 1, 2, 2, 0]),
        ((0, 2, 0, 2, 0), ["0.00->2.00", "2.00->0.00", "0.00->2.00", "2.00->0.00"], [1, 1, 2, 2]),
        ((1, -3, 1), ["1.00->-3.00", "-3.00->1.00"], [1, 1]),
        ((1, -3, 1, -3, 1), ["1.00->-3.00", "-3.00->1.00", "1.00->-3.00", "-3.00->1.00"], [2, 1, 1, 2]),
        ((0, -2, 1, -2, 0), ["0.00->-2.00", "-2.00->1.00", "1.00->-2.00", "-2.00->0.00"], [0, 1, 1, 0]),
    ],
)  # fmt: skip
def test_branches_and_cycles(corners, names, cycles):
    """Cycle of each branch at +0.5 V (0: not reached), and as many cycles as `split_cycles` finds."""
    sweep = sweep_of(path(*corners), lambda v: 1e-3 * v)
    table = extract_resistances(sweep, [0.5, -0.5])
    assert list(table.branch) == names
    reached = np.isfinite(table.resistance)
    assert [int(c) if ok else 0 for c, ok in zip(table.cycle[:, 0], reached[:, 0], strict=True)] == cycles
    assert int(table.cycle[reached].max()) == len(split_cycles(sweep))


def test_units_and_absolute_currents_change_nothing():
    sweep = sweep_of(path(0, 2, -1, 0), lambda v: 1e-6 * np.sinh(3 * v))
    table = extract_resistances(sweep, ["500 mV", "-0.5 V"])
    lost = extract_resistances(IVSweep(voltage=sweep.voltage, current=np.abs(sweep.current)), [0.5, -0.5])
    np.testing.assert_array_equal(table.resistance, lost.resistance)
    # The other electrode: read voltages change their sign and the branches their names.
    turned = extract_resistances(sweep.flipped(), [-0.5, 0.5])
    np.testing.assert_array_equal(table.resistance, turned.resistance)
    scaled = extract_resistances(IVSweep(voltage=sweep.voltage, current=1e3 * sweep.current), [0.5, -0.5])
    np.testing.assert_allclose(scaled.resistance, table.resistance / 1e3)


def test_bounds_are_flagged():
    voltage = path(0, 1, 0)
    rng = np.random.default_rng(1)
    limited = IVSweep(voltage=voltage, current=np.minimum(voltage / 100.0, 1e-3))
    assert extract_resistances(limited, 0.5).flag == ((Flag.COMPLIANCE,), (Flag.COMPLIANCE,))
    noisy = IVSweep(voltage=voltage, current=1e-12 + np.abs(1e-14 * rng.standard_normal(voltage.size)))
    assert extract_resistances(noisy, 0.5).flag[0] == (Flag.NOISE,)
    assert extract_resistances(limited, 3.0).flag[0] == (Flag.NONE,)


def test_the_stated_error_is_the_scatter_of_repeats():
    """The current at the read voltage scatters over 400 noisy copies as much as each copy says of itself."""
    rng = np.random.default_rng(3)
    voltage = path(0.01, 1, step=0.02)
    values, errors = [], []
    for _ in range(400):
        current = 1e-6 * np.sinh(2 * voltage) * np.exp(0.05 * rng.standard_normal(voltage.size))
        table = extract_resistances(IVSweep(voltage=voltage, current=current), 0.51)
        values.append(table.resistance[0, 0])
        errors.append(table.relative_error[0, 0])
    # 8 second differences each: the median of 400 such estimates is known to a few per cent.
    assert np.std(np.log(values)) == pytest.approx(np.median(errors), rel=0.15)


def test_wrong_input_is_named():
    sweep = sweep_of(path(0, 1, 0), lambda v: v)
    with pytest.raises(PinchedError, match="0 V"):
        extract_resistances(sweep, 0.0)
    with pytest.raises(PinchedError, match="at least one"):
        extract_resistances([], 0.1)
    with pytest.raises(PinchedError, match=r"no branch '2\.00->0\.00'"):
        extract_resistances(sweep, 0.1).at("2.00->0.00", 0.1)
    assert branch_name(-1e-9, -2) == "0.00->-2.00"


def test_knowm_small_signal_states(measurements):
    """Six states of expected.json (linear fit of all points, 2 %); the file is in uA, as its heldout says."""
    name = "knowm_sdc_tariq/main/IV_Curve_Fitting/File{1..6}IV.txt"
    entry = next(e for e in json.loads((measurements / "expected.json").read_text()) if e["file"] == name)
    folder = measurements / "knowm_sdc_tariq" / "main" / "IV_Curve_Fitting"
    for k, (conductance, offset) in enumerate(zip(entry["conductance_uS"], entry["offset_uA"], strict=True)):
        voltage, current = np.loadtxt(folder / f"File{k + 1}IV.txt").T
        found = extract_small_signal(IVSweep(voltage=voltage, current=1e-6 * current))
        assert found.conductance == pytest.approx(1e-6 * conductance, rel=entry["rel_tol"])
        assert found.offset == pytest.approx(1e-6 * offset, rel=entry["rel_tol"])
    rng = np.random.default_rng(9)
    hits = 0
    for _ in range(200):
        v = np.linspace(-0.1, 0.1, 50)
        line = extract_small_signal(
            IVSweep(voltage=v, current=1e-5 * v + 2e-7 + 1e-8 * rng.standard_normal(50))
        )
        hits += abs(line.conductance - 1e-5) < 1.96 * line.conductance_error
    assert 178 <= hits <= 200  # 95 % of 200 is 190, 4 sigma are 12
    with pytest.raises(PinchedError, match="one voltage"):
        extract_small_signal(IVSweep(voltage=np.ones(5), current=np.ones(5)))
