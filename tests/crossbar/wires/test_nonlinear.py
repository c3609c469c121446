"""Arrays of devices that are not linear: ngspice files, an independent Newton iteration, selectors, transistors."""

import numpy as np
import pytest
import torch

from crossbar.wires.nodal_oracle import solve as oracle
from pinched._errors import PinchedError
from pinched._random import generator
from pinched.crossbar.wires.array import Crossbar
from pinched.crossbar.wires.cells import DeviceCells, SelectorCells, Transistor, TransistorCells
from pinched.crossbar.wires.nonlinear import NonlinearCrossbar
from pinched.crossbar.wires.schemes import Scheme, read_cell
from pinched.crossbar.wires.solution import Method
from pinched.devices.laws.conduction import MemdiodeConduction, OhmicConduction, SinhConduction
from pinched.devices.laws.yakopcic import Yakopcic

NONLINEAR = 1e-8
"""Of the largest current: what the files support."""


def sinh_cells(g, v_0):
    return DeviceCells(law=SinhConduction(i_0=torch.from_numpy(g * v_0), v_0=v_0))


def conductances(shape):
    return 10.0 ** generator(0, "nonlinear", *shape).uniform(-5, -3, shape)


def test_the_sinh_reference_files(shared):
    found = sorted((shared / "reference" / "circuit").glob("sinh_*.npz"))
    if not found:
        pytest.skip("no circuit references")
    for path in found:
        with np.load(path) as data:
            get = {k: data[k] for k in data}
        array = NonlinearCrossbar(
            cells=sinh_cells(get["G"], float(get["V0"])), shape=get["G"].shape,
            wire_resistance=(float(get["r_wl"]), float(get["r_bl"])),
        )  # fmt: skip
        solution = array.solve(get["V_wl"], get["V_bl"])
        largest = max(np.abs(get["I_wl"]).max(), np.abs(get["I_bl"]).max())
        assert np.abs(solution.word_line_current - get["I_wl"]).max() <= NONLINEAR * largest, path.name
        assert np.abs(solution.bit_line_current - get["I_bl"]).max() <= NONLINEAR * largest, path.name
        np.testing.assert_allclose(solution.word_voltage, get["Vw"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 4), (9, 12)])
@pytest.mark.parametrize("segments", [False, True])
def test_sinh_devices_against_another_newton(shape, segments):
    g, v_0 = conductances(shape), 0.15
    rng = generator(1, "nonlinear", *shape)
    word, bit = rng.uniform(-0.8, 0.8, shape[0]), rng.uniform(-0.2, 0.2, shape[1])
    word[shape[0] // 2 + 1 :], bit[shape[1] // 2 + 1 :] = np.nan, np.nan
    # A resistance for every segment takes the sparse solver, one for all the iteration.
    wire = (np.full(shape, 4.0), np.full(shape, 2.0)) if segments else (4.0, 2.0)
    array = NonlinearCrossbar(
        cells=sinh_cells(g, v_0), shape=shape, wire_resistance=wire, sense_resistance=3.0
    )
    found = array.solve(word, bit)
    assert found.method is (Method.SPARSE if segments else Method.CONJUGATE_GRADIENTS)
    expected = oracle(
        g, word, bit, word=4.0, bit=2.0, sense=3.0,
        law=lambda v: (g * v_0 * np.sinh(v / v_0), g * np.cosh(v / v_0)),
    )  # fmt: skip
    largest = np.abs(expected[0]).max()
    assert np.abs(found.word_line_current - expected[0]).max() <= 1e-9 * largest
    assert np.abs(found.bit_line_current - expected[1]).max() <= 1e-9 * largest
    assert found.residual <= 1e-9


def test_ohmic_devices_are_a_linear_array():
    g = conductances((12, 9))
    volts = generator(2, "ohmic").uniform(-0.3, 0.3, (2, 12))
    cells = DeviceCells(law=OhmicConduction(conductance=torch.from_numpy(g)))
    found = NonlinearCrossbar(cells=cells, shape=(12, 9), wire_resistance=5.0).read(volts)
    exact = volts @ Crossbar(g, wire_resistance=5.0).effective_conductance()
    np.testing.assert_allclose(found.current, exact, rtol=1e-9)
    assert found.iterations <= 2


def test_any_law_in_its_state():
    """One cell of a law with a state, behind its wires, solved by bisection on the current."""
    law = Yakopcic()
    state = np.array([[0.4]])
    array = NonlinearCrossbar(
        cells=DeviceCells(law=law, state=state), shape=(1, 1), wire_resistance=(200.0, 50.0)
    )
    found = array.solve(0.9)
    low, high = 0.0, 0.9
    for _ in range(200):
        middle = 0.5 * (low + high)
        if 250.0 * float(law.current(0.4, middle)) + middle > 0.9:
            high = middle
        else:
            low = middle
    assert found.device_voltage[0, 0] == pytest.approx(low, rel=1e-9)


def test_a_selector_shares_the_voltage_with_its_device_and_keeps_half_selected_cells_off():
    g = conductances((8, 8))
    device = DeviceCells(law=OhmicConduction(conductance=torch.from_numpy(g)))
    selector = SinhConduction(i_0=1e-9, v_0=0.05)
    with_one = NonlinearCrossbar(
        cells=SelectorCells(device=device, selector=selector), shape=(8, 8), wire_resistance=1.0
    )
    without = NonlinearCrossbar(cells=device, shape=(8, 8), wire_resistance=1.0)
    found = read_cell(with_one, 3, 4, voltage=1.0, scheme=Scheme.HALF)
    bare = read_cell(without, 3, 4, voltage=1.0, scheme=Scheme.HALF)
    current = found.cell_current
    # In series: the voltages that the same current needs add up.
    both = current / g[3, 4] + 0.05 * np.arcsinh(current / 1e-9)
    assert found.cell_voltage == pytest.approx(both, rel=1e-9)
    assert abs(found.sneak_path_current / current) < 0.3 * abs(bare.sneak_path_current / bare.cell_current)


def test_transistors_connect_the_selected_row_alone():
    g = conductances((6, 5))
    cells = TransistorCells(
        device=DeviceCells(law=OhmicConduction(conductance=torch.from_numpy(g))),
        transistor=Transistor(beta=1e-3, threshold=0.4),
        gate_voltage=np.where(np.arange(6) == 2, 1.5, 0.0)[:, None],
    )
    found = NonlinearCrossbar(cells=cells, shape=(6, 5), wire_resistance=(1.0, 1.0)).solve(0.2, 0.0)
    through = found.device_current
    assert found.residual <= 1e-9
    assert np.abs(np.delete(through, 2, axis=0)).max() < 1e-11
    # The device and the channel carry the same current; bit lines lie near 0 V.
    for j in range(5):
        drain = found.word_voltage[2, j] - through[2, j] / g[2, j]
        source = found.bit_voltage[2, j]
        over = 1.5 - 0.4
        channel = 0.5e-3 * ((over - source) ** 2 - (over - drain) ** 2) + 1e-12 * (drain - source)
        assert channel == pytest.approx(through[2, j], rel=1e-8)


def test_slopes_of_cells_are_those_of_their_currents():
    g = torch.from_numpy(conductances((3, 4)))
    device = DeviceCells(law=MemdiodeConduction(i_0=g * 0.1, alpha=4.0))
    rng = generator(3, "slopes")
    word, bit = rng.uniform(-0.6, 0.6, (3, 4)), rng.uniform(-0.3, 0.3, (3, 4))
    for cells in (
        device,
        SelectorCells(device=device, selector=SinhConduction(i_0=1e-7, v_0=0.1)),
        TransistorCells(device=device, transistor=Transistor(), gate_voltage=1.0),
    ):
        h = 1e-6
        flow = cells.flow(word, bit)
        by_word = (cells.flow(word + h, bit).current - cells.flow(word - h, bit).current) / (2 * h)
        by_bit = (cells.flow(word, bit + h).current - cells.flow(word, bit - h).current) / (2 * h)
        np.testing.assert_allclose(flow.by_word, by_word, rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(flow.by_bit, by_bit, rtol=1e-5, atol=1e-12)


def test_what_makes_no_array_is_refused():
    cells = DeviceCells(law=OhmicConduction(conductance=torch.full((3, 4), 1e-4)))
    with pytest.raises(PinchedError, match=r"shape \(3, 4\)"):
        NonlinearCrossbar(cells=cells, shape=(4, 4))
    array = NonlinearCrossbar(cells=cells, shape=(3, 4), wire_resistance=1.0)
    with pytest.raises(PinchedError, match="every line floats"):
        array.solve(np.nan, np.nan)
    with pytest.raises(PinchedError, match="word lines"):
        array.read(np.ones(5))
    with pytest.raises(PinchedError, match="beta"):
        Transistor(beta=0.0)
