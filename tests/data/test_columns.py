"""Heads in laboratory use mean what people mean by them; numbers without heads are told apart or refused."""

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.data.columns import Role, meaning
from pinched.data.guess import guess_columns

V, I, T = Role.VOLTAGE, Role.CURRENT, Role.TIME  # noqa: E741


@pytest.mark.parametrize(
    ("head", "role", "unit", "factor"),
    [
        ("V", V, "", 1), ("Voltage", V, "", 1), ("Vtop", V, "", 1), ("V1", V, "", 1), ("U", V, "", 1),
        ("Potential applied (V)", V, "V", 1), ("Smu1.V[1][1]", V, "", 1), ("DrainV", V, "", 1), ("AV", V, "", 1),
        ("Voltage (V)", V, "V", 1), ("bias", V, "", 1), ("Ewe/V", V, "V", 1), ("V (mV)", V, "V", 1e-3),
        ("Vf (V vs. Ref.)", V, "V", 1), ("Dev1/ai0 (V)", V, "V", 1),
        ("V_app", V, "", 1), ("TE_V", V, "", 1), ("CH1 Voltage", V, "", 1),
        ("Spannung [V]", V, "V", 1), ("mV", V, "V", 1e-3), ("V_S", V, "", 1), ("Voltage, V", V, "V", 1),
        ("I", I, "", 1), ("I1", I, "", 1), ("absI", I, "", 1), ("abs(I)", I, "", 1), ("|I|", I, "", 1),
        ("Smu1.I[1][1]", I, "", 1), ("WE(1).Current (A)", I, "A", 1), ("i(A)", I, "A", 1), ("I_exp1", I, "", 1),
        ("I (µA)", I, "A", 1e-6), ("I (uA)", I, "A", 1e-6), ("I (ma)", I, "A", 1e-3), ("<I>/mA", I, "A", 1e-3),
        ("Current_uA", I, "A", 1e-6), ("Strom in mA", I, "A", 1e-3), ("I_TE (nA)", I, "A", 1e-9),
        ("Current (A) cycle 3", I, "A", 1), ("Id (A)", I, "A", 1), ("uA", I, "A", 1e-6),
        ("t", T, "", 1), ("Time (s)", T, "s", 1), ("Time (ms)", T, "s", 1e-3), ("Time (min)", T, "s", 60),
        ("Smu1.Time[1][1]", T, "", 1), ("t_s", T, "s", 1), ("time/s", T, "s", 1),
        ("r", Role.RESISTANCE, "", 1), ("Smu1.R[1][1]", Role.RESISTANCE, "", 1),
        ("R (kohm)", Role.RESISTANCE, "ohm", 1e3),
        ("Index", Role.INDEX, "", 1), ("Item", Role.INDEX, "", 1), ("n_points", Role.INDEX, "", 1),
        ("Device ID", Role.DEVICE, "", 1), ("cell", Role.DEVICE, "", 1), ("Device A", Role.DEVICE, "", 1),
        ("cycle", Role.CYCLE, "", 1), ("Cycle number", Role.CYCLE, "", 1), ("Scan", Role.CYCLE, "", 1),
    ],
)  # fmt: skip
def test_meaning(head, role, unit, factor):
    found = meaning(head)
    assert (found.role, found.unit) == (role, unit)
    assert found.factor == pytest.approx(factor)


@pytest.mark.parametrize(
    "head",
    ["GateV(1)", "Vg", "v_max_V", "i_on_A", "Current range", "Compliance (A)", "log10(I)", "J (A/m^2)",
     "Current density (A/cm2)", "dI/dV", "R = V/I", "V/I", "Power (W)", "Temperature (K)",
     "Q+", "filename", "X", "T", "Sweep direction", "J (A/cm2)", "P1 [uC/cm2]", "dV/dt (V/s)", "lg I", "R (V/A)"],
)  # fmt: skip
def test_what_is_neither_voltage_nor_current_nor_time(head):
    assert meaning(head).role not in (V, I, T)


def test_labels():
    assert meaning("I_exp7").cycle == 7
    assert meaning("I_dev3").device == "dev3"
    assert meaning("D12").device == "d12"
    assert meaning("DrainI(2)").number == 2
    assert meaning("DrainI(2)").stem == meaning("DrainV(2)").stem == "drain"
    assert meaning("absI").absolute


N = np.arange(400)
TRIANGLE = np.abs((N - 100) % 400 - 200) / 100 - 1
RNG = np.random.default_rng(0)
FLOWING = 1e-4 * TRIANGLE**3 * (1 + 0.05 * RNG.normal(size=N.size)) + 1e-7 * RNG.normal(size=N.size)
CLOCK = np.cumsum(0.08 + 0.001 * RNG.random(N.size))


def table(*columns):
    return np.column_stack(columns)


@pytest.mark.parametrize(
    ("columns", "voltage", "currents", "time"),
    [
        ((TRIANGLE, FLOWING), 0, (1,), None),
        ((FLOWING, TRIANGLE), 1, (0,), None),
        ((CLOCK, TRIANGLE, FLOWING), 1, (2,), 0),
        ((CLOCK, FLOWING, TRIANGLE), 2, (1,), 0),
        ((TRIANGLE, FLOWING, CLOCK), 0, (1,), 2),
        ((N + 1, TRIANGLE, FLOWING), 1, (2,), None),
        ((TRIANGLE, FLOWING, np.abs(FLOWING)), 0, (1,), None),
        ((TRIANGLE, FLOWING, TRIANGLE / FLOWING), 0, (1,), None),
        ((TRIANGLE, FLOWING, FLOWING * 0.9, FLOWING * 1.1), 0, (1, 2, 3), None),
        ((-N / 100, -1e-5 * N / 100 * (1 + 0.1 * RNG.random(N.size))), 0, (1,), None),
        ((N / 100, 1e-5 * np.exp(N / 100) * (1 + 0.1 * RNG.random(N.size))), 0, (1,), None),
    ],
)
def test_columns_without_heads(columns, voltage, currents, time):
    guess = guess_columns(table(*columns))
    assert (guess.voltage, guess.currents, guess.time) == (voltage, currents, time)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ((TRIANGLE,), "one column"),
        ((CLOCK, TRIANGLE), "no current"),
        ((TRIANGLE, CLOCK), "no current"),
        ((N * 0.1, TRIANGLE), "no current"),
        ((N, FLOWING), "sample number"),
        ((CLOCK, FLOWING), "as a time does"),
        ((CLOCK, 1e4 + RNG.normal(size=N.size)), "as a time does"),
        ((CLOCK, CLOCK**2, FLOWING), "could be"),
        ((TRIANGLE, TRIANGLE), "the same numbers"),
        ((N * 0.1, FLOWING), "as a time does"),
        ((N * 0 + 1455.0, N * 0 + 100.0, N / 100, N * 0 + 3.5, 5e3 + CLOCK, 5e3 + FLOWING), "told apart"),
    ],
)  # fmt: skip
def test_numbers_that_are_no_sweep(columns, reason):
    with pytest.raises(PinchedError, match=reason):
        guess_columns(table(*columns))
