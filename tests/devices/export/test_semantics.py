"""What is exported says what the law says: every law, read back as text and computed without a simulator."""

from __future__ import annotations

import math

import numpy as np
import pytest

from devices.export.reading import Module, Subcircuit, value_of
from law_cases import number, widths
from pinched.devices._expression import evaluate
from pinched.devices._program import record
from pinched.devices.export import Dialect, subcircuit, verilog_a
from pinched.devices.export._elements import RATE_UNIT
from pinched.devices.law import parameters
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.registry import LAWS
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.windows import Biolek, Joglekar, Prodromakis, Zha

# So short that no rate comes near what a circuit cuts off.
TAU = 1e-40
CASES = dict(LAWS.items()) | {
    f"linear-drift {w.__name__}": (lambda w=w: LinearIonDrift(window=w(p=2.0)))
    for w in (Joglekar, Biolek, Prodromakis, Zha)
}


def points(law, count=25):
    """Random states (share of the range by name, SI by input) and voltages inside the bounds."""
    rng = np.random.default_rng(3)
    for _ in range(count):
        shares = {v.name: float(rng.uniform(0.02, 0.98)) for v in law.states}
        inputs = {name: number(value) for name, value in parameters(law).items()}
        for k, (variable, (low, _), width) in enumerate(
            zip(law.states, law.bounds(), widths(law), strict=True)
        ):
            base = number(low) if math.isfinite(number(low)) else 0.0
            inputs[f"state {k}"] = base + width * shares[variable.name]
        yield float(rng.uniform(-1.2, 1.2)), shares, inputs


def expected(law, voltage, inputs, current):
    """Rates of the shares (1/s) and the closure (A), straight from the recorded formula."""
    formula = record(law)
    found = evaluate([*formula.rate, formula.closure], inputs | {"voltage": voltage, "current": current})
    if formula.play:
        low, high = found[:2]
        drawn = min(max(inputs["state 0"], low), high) - inputs["state 0"]
        return [drawn / (TAU * 1e-6) / widths(law)[0]], found[-1]
    return [r / w for r, w in zip(found[:-1], widths(law), strict=True)], found[-1]


@pytest.mark.parametrize("name", CASES)
def test_netlists_and_modules_compute_what_the_law_computes(name):
    law = CASES[name]()
    implicit = record(law).implicit
    netlist = Subcircuit(subcircuit(law, time_scale=TAU))
    module = Module(verilog_a(law, time_scale=TAU))
    for voltage, shares, inputs in points(law):
        current = 1e-5 * voltage if implicit else 0.0
        try:
            rates, closure = expected(law, voltage, inputs, current)
        except (ArithmeticError, ValueError):
            continue  # a current that the law does not take at this point
        if not all(math.isfinite(x) and abs(x) < 1e40 for x in (*rates, closure)):
            continue
        for found, unit in ((netlist, RATE_UNIT), (module, 1.0)):
            own, flow = found.at(voltage, shares, current if implicit else None)
            scale = 1e-6 if implicit else 1.0
            assert [r / unit / TAU for r in own] == pytest.approx(rates, rel=1e-7, abs=1e-12)
            assert flow * scale == pytest.approx(closure, rel=1e-7, abs=1e-25)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("dialect", list(Dialect))
def test_subcircuits_have_plain_numbers_and_short_lines(name, dialect):
    text = subcircuit(LAWS[name](), time_scale=1.0, dialect=dialect)
    assert "float64" not in text
    assert "nan" not in text.replace("resonan", "")
    assert not any("**" in line or "^" in line for line in text.splitlines() if not line.startswith("*"))
    assert max(map(len, text.splitlines())) < 400
    assert text.count(".subckt") == text.count(".ends") == 1


@pytest.mark.parametrize("start", [0.0, 1e-9, 0.5, 1.0 - 1e-9, 1.0])
def test_bounds_are_hard_and_let_go_at_full_speed(start):
    netlist = Subcircuit(subcircuit(Vteam(), time_scale=1.0))
    rate = 1e-6 * 50.0
    out, back = netlist.charge("w", start, rate), netlist.charge("w", start, -rate)
    unit = 1e-9
    assert 0.0 <= out <= 50.0 * unit * (1 + 1e-12)
    assert -50.0 * unit * (1 + 1e-12) <= back <= 0.0
    if start <= 0.5:
        assert out == pytest.approx(50.0 * unit)
    if start >= 0.5:
        assert back == pytest.approx(-50.0 * unit)
    if start == 1.0:
        assert out == 0.0
    if start == 0.0:
        assert back == 0.0


def test_beyond_a_bound_a_state_is_drawn_back():
    netlist = Subcircuit(subcircuit(Vteam(), time_scale=1.0))
    assert netlist.charge("w", 1.001, 1e-6) < 0
    assert netlist.charge("w", -0.001, -1e-6) > 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2*-3", 6.0),
        ("1-2-3", -4.0),
        ("8/4/2", 1.0),
        ("(1<2) ? 3 : 4", 3.0),
        ("pow(-2, 3)", 8.0),
        ("-pow(-2, 2)", -4.0),
        ("max(1, min(5, 3))*2", 6.0),
        ("(0<-1) ? ln(-1) : 7", 7.0),
    ],
)
def test_the_reader_reads_as_ngspice_does(text, value):
    assert value_of(text, {}, magnitude=True) == value
