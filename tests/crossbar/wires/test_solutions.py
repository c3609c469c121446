"""Voltages and currents of arrays, against an independent nodal solution, ngspice files, and conservation laws."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossbar.wires.nodal_oracle import solve as oracle
from pinched._random import generator
from pinched.crossbar.wires.array import Crossbar
from pinched.crossbar.wires.schemes import Scheme, read_cell, scheme_voltages
from pinched.crossbar.wires.solution import Method

LINEAR = 1e-9
"""Of the largest current: what two direct solvers of the reference files agree to with three digits to spare."""


def conductances(shape, low=-6.0, high=-4.0, name="g"):
    return 10.0 ** generator(0, name, *shape).uniform(low, high, shape)


def voltages(count, share_floating=0.0, name="v"):
    rng = generator(1, name, count)
    found = rng.uniform(-0.3, 0.3, count)
    found[rng.random(count) < share_floating] = np.nan
    found[0] = 0.2
    return found


def assert_same(solution, expected, tolerance=LINEAR):
    word, bit, word_voltage, bit_voltage = expected
    # Where one line alone is held nothing flows, and rounding is all there is.
    largest = max(np.abs(word).max(), np.abs(bit).max(), 1e-6)
    assert np.abs(solution.word_line_current - word).max() <= tolerance * largest
    assert np.abs(solution.bit_line_current - bit).max() <= tolerance * largest
    np.testing.assert_allclose(solution.word_voltage, word_voltage, rtol=0, atol=1e-10)
    np.testing.assert_allclose(solution.bit_voltage, bit_voltage, rtol=0, atol=1e-10)


def files(folder: Path):
    return (
        sorted(folder.glob("xb_*.npz"))
        + sorted(folder.glob("sneak_*.npz"))
        + sorted(folder.glob("asym_*.npz"))
    )


def test_every_linear_reference_file(shared):
    found = files(shared / "reference" / "circuit")
    if not found:
        pytest.skip("no circuit references")
    for path in found:
        with np.load(path) as data:
            get = {k: data[k] for k in data}
        wire = (float(get["r_wl"]), float(get["r_bl"])) if "r_wl" in get else float(get["r"])
        array = Crossbar(
            get["G"], wire_resistance=wire,
            source_resistance=float(get.get("r_source", 0.0)), sense_resistance=float(get.get("r_sense", 0.0)),
        )  # fmt: skip
        if "V" in get:
            largest = np.abs(get["I"]).max()
            by_matrix = get["V"].T @ array.effective_conductance()
            by_lines = Crossbar(get["G"], wire_resistance=wire).read(get["V"].T[:2], tolerance=1e-11)
            assert np.abs(by_matrix - get["I"]).max() <= LINEAR * largest, path.name
            assert by_lines.method is Method.CONJUGATE_GRADIENTS
            assert np.abs(by_lines.current - get["I"][:2]).max() <= LINEAR * largest, path.name
            continue
        solution = array.solve(get["V_wl"], get["V_bl"])
        largest = max(np.abs(get["I_wl"]).max(), np.abs(get["I_bl"]).max())
        assert np.abs(solution.word_line_current - get["I_wl"]).max() <= LINEAR * largest, path.name
        assert np.abs(solution.bit_line_current - get["I_bl"]).max() <= LINEAR * largest, path.name


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 3), (9, 4), (8, 8), (17, 23)])
@pytest.mark.parametrize("floating", [0.0, 0.5])
def test_any_shape_with_unequal_wires_and_floating_lines(shape, floating):
    g = conductances(shape)
    word, bit = voltages(shape[0], floating), voltages(shape[1], floating, "b")
    wires = {"word": 3.0, "bit": 0.4, "source": 25.0, "sense": 7.0}
    array = Crossbar(g, wire_resistance=(3.0, 0.4), source_resistance=25.0, sense_resistance="7 ohm")
    assert_same(array.solve(word, bit), oracle(g, word, bit, **wires))


@pytest.mark.parametrize("both", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("floating", [0.0, 0.4])
def test_lines_that_are_connected_at_both_ends(both, floating):
    g = conductances((11, 14), -4, -2)
    word, bit = voltages(11, floating), voltages(14, floating, "b")
    array = Crossbar(g, wire_resistance=(2.0, 5.0), source_resistance=1.0, both_ends=both)
    expected = oracle(g, word, bit, word=2.0, bit=5.0, source=1.0, both=both)
    assert_same(array.solve(word, bit), expected)
    if not floating and not np.any(bit):
        np.testing.assert_allclose(word @ array.effective_conductance(), expected[1], rtol=1e-9)


def test_reading_with_both_ends_by_every_method():
    g, volts = conductances((9, 12), -4, -3), voltages(9)
    array = Crossbar(g, wire_resistance=4.0, both_ends=(True, True))
    expected = oracle(g, volts, np.zeros(12), word=4.0, bit=4.0, both=(True, True))[1]
    np.testing.assert_allclose(array.read(volts).current, expected, rtol=1e-8)
    np.testing.assert_allclose(volts @ array.effective_conductance(), expected, rtol=1e-9)


def test_broken_wires_and_a_resistance_for_every_segment():
    rng = generator(2, "segments")
    g = conductances((7, 9))
    word, bit = rng.uniform(0.5, 20.0, g.shape), rng.uniform(0.5, 20.0, g.shape)
    word[2, 4] = bit[3, 5] = np.inf
    array = Crossbar(g, wire_resistance=(word, bit))
    volts = voltages(7)
    expected = oracle(g, volts, np.zeros(9), word=word, bit=bit)
    assert_same(array.solve(volts, 0.0), expected)
    np.testing.assert_allclose(volts @ array.effective_conductance(), expected[1], rtol=1e-9, atol=1e-18)


def test_a_cell_cut_off_on_all_sides_has_no_voltage_and_disturbs_nothing():
    g = np.full((3, 3), 1e-4)
    word = np.full((3, 3), 1.0)
    word[0, 1] = word[0, 2] = np.inf
    g[0, 1] = 0.0
    solution = Crossbar(g, wire_resistance=(word, 1.0)).solve(0.3, 0.0)
    assert np.isnan(solution.word_voltage[0, 1])
    assert solution.device_current[0, 1] == 0.0
    assert np.isfinite(solution.bit_line_current).all()


@pytest.mark.parametrize("floating", [0.0, 0.5])
def test_open_cells_and_lines_that_no_voltage_reaches(floating):
    g = conductances((8, 9))
    g[generator(7, "open").random(g.shape) < 0.4] = 0.0
    word, bit = voltages(8, floating), voltages(9, floating, "b")
    array = Crossbar(g, wire_resistance=2.0)
    assert_same(array.solve(word, bit), oracle(g, word, bit, word=2.0, bit=2.0))
    # Two floating lines that only meet each other are an island: no voltage of its own, no current.
    g[3, :] = g[:, 4] = 0.0
    g[3, 4] = 1e-4
    word, bit = word.copy(), bit.copy()
    word[3] = bit[4] = np.nan
    alone = Crossbar(g, wire_resistance=2.0).solve(word, bit)
    assert np.isnan(alone.word_voltage[3]).all()
    assert np.isnan(alone.bit_voltage[:, 4]).all()
    assert alone.device_current[3, 4] == 0.0
    others = np.delete(np.delete(alone.device_current, 3, 0), 4, 1)
    fewer = Crossbar(np.delete(np.delete(g, 3, 0), 4, 1), wire_resistance=2.0)
    assert others.shape == fewer.shape
    assert np.isfinite(alone.word_line_current).all()


def test_short_circuited_cells_are_the_limit_of_small_resistances():
    g = conductances((6, 5))
    g[2, 3] = np.inf
    volts = voltages(6)
    exact = Crossbar(g, wire_resistance=10.0).solve(volts).bit_line_current
    g[2, 3] = 1e5
    near = oracle(g, volts, np.zeros(5), word=10.0, bit=10.0)[1]
    # 1e-5 ohm beside segments of 10 ohm.
    np.testing.assert_allclose(exact, near, rtol=1e-5)
    assert Crossbar(np.full((2, 2), np.inf), wire_resistance=1.0).solve(1.0).word_line_current.sum() > 0.1


@pytest.mark.parametrize("wires", [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0)])
@pytest.mark.parametrize("ends", [(0.0, 0.0), (30.0, 4.0)])
def test_wires_without_resistance(wires, ends):
    g, volts = conductances((6, 8)), voltages(6)
    array = Crossbar(g, wire_resistance=wires, source_resistance=ends[0], sense_resistance=ends[1])
    small = [max(r, 1e-4) for r in wires]  # with smaller ones the other side loses digits
    expected = oracle(g, volts, np.zeros(8), word=small[0], bit=small[1], source=ends[0], sense=ends[1])[1]
    largest = np.abs(expected).max()
    assert np.abs(array.solve(volts).bit_line_current - expected).max() <= 1e-6 * largest
    assert np.abs(array.read(volts).current - expected).max() <= 1e-6 * largest
    if not any(wires) and not any(ends):
        np.testing.assert_array_equal(array.effective_conductance(), g)


def test_a_single_cell_is_a_chain_of_resistances():
    array = Crossbar(
        np.array([[1e-4]]), wire_resistance=(2.0, 3.0), source_resistance=5.0, sense_resistance=7.0
    )
    np.testing.assert_allclose(array.effective_conductance(), [[1 / (1e4 + 2 + 3 + 5 + 7)]], rtol=1e-14)


def test_where_wires_dominate():
    """All cells 1 mS with 10 ohm wires; then 5 % open and 5 % of 10 ohm: it converges, to what merging gives."""
    lines = 96
    rng = generator(3, "stress")
    mixed = conductances((lines, lines))
    kind = rng.random(mixed.shape)
    mixed[kind < 0.05], mixed[kind > 0.95] = 0.0, 0.1
    volts = rng.uniform(0, 0.3, (1, lines))
    for g in (np.full((lines, lines), 1e-3), mixed):
        array = Crossbar(g, wire_resistance=10.0)
        reading = array.read(volts, tolerance=1e-10)
        exact = volts @ array.effective_conductance()
        assert reading.method is Method.CONJUGATE_GRADIENTS
        assert np.abs(reading.current - exact).max() <= 1e-9 * np.abs(exact).max()


@pytest.mark.slow
def test_where_wires_dominate_at_256_lines():
    rng = generator(3, "stress 256")
    g = conductances((256, 256))
    kind = rng.random(g.shape)
    g[kind < 0.05], g[kind > 0.95] = 0.0, 0.1
    volts = rng.uniform(0, 0.3, (1, 256))
    for cells in (g, np.full((256, 256), 1e-3)):
        array = Crossbar(cells, wire_resistance=10.0)
        reading = array.read(volts, tolerance=1e-9)
        exact = volts @ array.effective_conductance()
        assert np.abs(reading.current - exact).max() <= 1e-8 * np.abs(exact).max()


shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))


@settings(max_examples=30, deadline=None)
@given(shape=shapes, wire=st.floats(0.01, 100.0), low=st.floats(-9, -3), seed=st.integers(0, 10**6))
def test_currents_and_energy_are_conserved(shape, wire, low, seed):
    rng = generator(seed, "conservation")
    g = 10.0 ** rng.uniform(low, low + 2, shape)
    array = Crossbar(g, wire_resistance=(wire, 2 * wire), source_resistance=wire, sense_resistance=wire)
    word, bit = rng.uniform(-1, 1, shape[0]), rng.uniform(-1, 1, shape[1])
    s = array.solve(word, bit)
    largest = np.abs(s.word_line_current).max() + np.abs(s.bit_line_current).max()
    assert abs(s.word_line_current.sum() - s.bit_line_current.sum()) <= 1e-10 * largest
    given_power = word @ s.word_line_current - bit @ s.bit_line_current
    cells = (s.device_current * s.device_voltage).sum()
    along_words = (np.diff(s.word_voltage, axis=1) ** 2).sum() / wire
    along_bits = (np.diff(s.bit_voltage, axis=0) ** 2).sum() / (2 * wire)
    ends = (s.word_line_current**2).sum() * 2 * wire + (s.bit_line_current**2).sum() * 3 * wire
    assert given_power == pytest.approx(cells + along_words + along_bits + ends, rel=1e-9)
    assert given_power >= 0


@settings(max_examples=30, deadline=None)
@given(shape=shapes, wire=st.floats(0.01, 1000.0), seed=st.integers(0, 10**6))
def test_the_matrix_is_reciprocal_passive_and_below_the_conductances(shape, wire, seed):
    rng = generator(seed, "reciprocity")
    g = 10.0 ** rng.uniform(-6, -3, shape)
    matrix = Crossbar(g, wire_resistance=(wire, 3 * wire)).effective_conductance()
    assert (matrix >= 0).all()
    # Sources and amplifiers change places: the array seen from the bit lines, turned by 180 degrees.
    turned = g.T[::-1, ::-1]
    other = Crossbar(turned, wire_resistance=(3 * wire, wire)).effective_conductance()
    np.testing.assert_allclose(other, matrix.T[::-1, ::-1], rtol=1e-10, atol=1e-18)
    # With all inputs alike, wires only take current away.
    assert (matrix.sum(0) <= g.sum(0) * (1 + 1e-12)).all()


@pytest.mark.parametrize("shape", [(20, 31), (33, 16), (40, 65), (3, 70)])
def test_merging_and_conjugate_gradients_agree(shape):
    g = conductances(shape, -5, -3)
    volts = generator(4, "agree").uniform(-0.3, 0.3, (3, shape[0]))
    array = Crossbar(g, wire_resistance=(2.0, 1.0), source_resistance=10.0, sense_resistance=3.0)
    reading = array.read(volts, tolerance=1e-11)
    assert reading.method is Method.CONJUGATE_GRADIENTS
    exact = volts @ array.effective_conductance()
    assert np.abs(reading.current - exact).max() <= 1e-10 * np.abs(exact).max()


def test_batches_of_equal_arrays_and_of_inputs():
    g = conductances((3, 2, 10, 12))
    arrays = Crossbar(g, wire_resistance=2.0)
    one = Crossbar(g[2, 1], wire_resistance=2.0)
    np.testing.assert_array_equal(arrays.effective_conductance()[2, 1], one.effective_conductance())
    volts = generator(5, "batch").uniform(0, 0.3, (3, 2, 4, 10))
    currents = arrays.read(volts).current
    assert currents.shape == (3, 2, 4, 12)
    np.testing.assert_allclose(currents[2, 1], one.read(volts[2, 1], tolerance=1e-12).current, rtol=1e-10)


def test_the_matrix_is_kept_until_the_array_is_programmed():
    array = Crossbar(conductances((8, 8)), wire_resistance=1.0)
    first = array.effective_conductance()
    assert array.effective_conductance() is first
    assert array.read(np.ones(8)).method is Method.EFFECTIVE_MATRIX
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1.0
    new = array.program(array.conductance * 2)
    assert new is not array
    assert not np.array_equal(new.effective_conductance(), first)


def test_many_inputs_go_through_the_matrix():
    volts = generator(6, "many").uniform(0, 0.3, (100, 16))
    array = Crossbar(conductances((16, 16)), wire_resistance=1.0)
    reading = array.read(volts)
    assert reading.method is Method.EFFECTIVE_MATRIX
    np.testing.assert_array_equal(reading.current, volts @ array.effective_conductance())


@pytest.mark.parametrize("scheme", list(Scheme))
def test_one_cell_reads(scheme):
    g = conductances((9, 7), -5, -3)
    word, bit = scheme_voltages(g.shape, 4, 2, 0.3, scheme)
    found = read_cell(Crossbar(g, wire_resistance=2.0), 4, 2, voltage="0.3 V", scheme=scheme)
    expected = oracle(g, word, bit, word=2.0, bit=2.0)
    assert found.current == pytest.approx(expected[1][2], rel=1e-9)
    through = g[4, 2] * (expected[2] - expected[3])[4, 2]
    assert found.cell_current == pytest.approx(through, rel=1e-9)
    assert found.sneak_path_current == pytest.approx(expected[1][2] - through, rel=1e-7, abs=1e-12)
    assert found.power > 0


def test_grounding_keeps_sneak_currents_out_and_floating_lets_them_in():
    g = np.full((16, 16), 1e-3)
    g[5, 9] = 1e-6
    array = Crossbar(g, wire_resistance=0.0, source_resistance=0.0)
    grounded = read_cell(array, 5, 9, voltage=0.2, scheme=Scheme.GROUNDED)
    floating = read_cell(array, 5, 9, voltage=0.2, scheme=Scheme.FLOATING)
    assert grounded.sneak_path_current == pytest.approx(0.0, abs=1e-15)
    # 15 cells, then 225, then 15 in series: (1/15 + 1/225 + 1/15) / g.
    assert floating.sneak_path_current == pytest.approx(0.2 * 1e-3 / (2 / 15 + 1 / 225), rel=1e-9)
