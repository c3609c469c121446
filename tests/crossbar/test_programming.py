"""Writing inside the array: closed forms without wires, and what wires and half-selected cells do."""

import math

import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched.crossbar.array_options import Wires
from pinched.crossbar.cell_models import LawCells, UpdateCells
from pinched.crossbar.imperfections import Imperfections, Place
from pinched.crossbar.programming import Bias, OpenLoop, Order, VerifiedPulses
from pinched.crossbar.window import ConductanceWindow, window_of
from pinched.data.waveforms import Waveform
from pinched.devices.drive import drive
from pinched.devices.laws.vteam import Vteam
from pinched.devices.updates import ConstantUpdate

LAW = ConstantUpdate(g_min=1e-6, g_max=1.01e-4, step_up_size=1e-6, step_down_size=1e-6)
WINDOW = window_of(LAW, 0.2)
PLACE = Place(seed=0, layer="fc", array=0)
LONG = {"device": LAW, "slope": 0.02}


def steps(*shape, seed=0):
    """Targets that a whole number of pulses reaches."""
    counts = torch.randint(0, 20, shape, generator=torch.Generator().manual_seed(seed))
    return WINDOW.g_min + counts.double() * (WINDOW.width / 100), counts


def test_open_loop_gives_each_cell_its_pulses():
    target, counts = steps(2, 4, 3)
    how = OpenLoop(**LONG)
    found, record = how.program(target, WINDOW, Imperfections(), Wires(), PLACE)
    # Half the write voltage at a slope of 20 mV: exp(-50) of a pulse.
    torch.testing.assert_close(found, target, rtol=1e-9, atol=1e-15)
    assert torch.equal(record.pulses, counts.double())
    assert record.steps == int(counts.amax(-1).sum(-1).max())
    assert record.time == pytest.approx(record.steps * how.width)
    assert record.disturb < 1e-9
    assert math.isnan(record.missed)


def test_half_selected_cells_move_by_the_voltage_they_see():
    # One cell, n pulses at V; its neighbours see V / 2, which is sinh(V / 2 V0) / sinh(V / V0) of a pulse.
    target = torch.full((3, 3), WINDOW.g_min, dtype=torch.float64)
    target[1, 1] = WINDOW.g_min + 10 * WINDOW.width / 100
    how = OpenLoop(device=LAW, slope=0.5, voltage=2.0, order=Order.CELLS)
    found, record = how.program(target, WINDOW, Imperfections(), Wires(), PLACE)
    share = math.sinh(1.0 / 0.5) / math.sinh(2.0 / 0.5)
    wanted = WINDOW.g_min + 10 * share * WINDOW.width / 100
    for i, j in ((0, 1), (2, 1), (1, 0), (1, 2)):
        assert float(found[i, j]) == pytest.approx(wanted, rel=1e-9)
    assert float(found[0, 0]) == pytest.approx(WINDOW.g_min)
    assert record.disturb > 0
    found, record = OpenLoop(device=LAW, slope=0.5, bias=Bias.TRANSISTOR).program(
        target, WINDOW, Imperfections(), Wires(), PLACE
    )
    assert record.disturb == 0
    torch.testing.assert_close(found, target, rtol=1e-9, atol=0)


def test_wires_take_voltage_and_verification_gives_it_back():
    target, _ = steps(1, 6, 5, seed=2)
    wires = Wires(word=20.0, bit=20.0)
    blind = OpenLoop(device=LAW, slope=0.1).program(target, WINDOW, Imperfections(), wires, PLACE)[0]
    # Half-selected cells gain exp(-10) of a pulse of 1 uS, a hundred times.
    assert bool((blind <= target + 1e-8).all())
    assert float((target - blind).max()) > 0.008 * WINDOW.width
    how = VerifiedPulses(device=LAW, slope=0.1, tolerance=0.01, most=40)
    seen, record = how.program(target, WINDOW, Imperfections(), wires, PLACE)
    assert float((seen - target).abs().max()) < float((blind - target).abs().max())
    assert record.missed == 0
    assert record.reads > 6
    assert record.energy > 0


def test_verification_corrects_a_spread_that_open_loop_keeps():
    target, _ = steps(1, 5, 4, seed=3)
    now = Imperfections(device_to_device=0.3)
    blind = OpenLoop(**LONG).program(target, WINDOW, now, Wires(), PLACE)[0]
    seen, record = VerifiedPulses(**LONG, tolerance=0.01, most=40).program(
        target, WINDOW, now, Wires(), PLACE
    )
    reachable = target > WINDOW.g_min * 2
    assert float((seen - target)[reachable].abs().max()) <= 0.0101 * WINDOW.width
    assert float((blind / target).log().std()) == pytest.approx(0.3, rel=0.4)
    assert record.pulses.sum() > 0


def test_a_pulse_of_a_compact_law_is_that_of_the_time_loop():
    law = Vteam(w_initial=2e-9)
    state = (torch.full((1, 1), 2e-9, dtype=torch.float64),)
    for volt, width in ((-0.8, 1e-4), (0.9, 2e-4)):
        wanted = drive(
            law, Waveform(time=np.array([0.0, width]), voltage=np.array([volt, volt])), points=3
        ).trace.state[0, -1]
        cells = LawCells(law=law)
        found = cells.pulse(state, torch.full((1, 1), volt * cells.raising, dtype=torch.float64), width)[0]
        assert float(found) == pytest.approx(float(wanted), rel=1e-4)
    # VTEAM turns on below zero: what raises the conductance is a negative voltage.
    assert LawCells(law=law).raising == -1.0
    assert float(LawCells(law=law).conductance(LawCells(law=law).start((1,)), 0.1)) == pytest.approx(1e-5)


def test_small_pulses_of_an_update_law():
    cells = UpdateCells(update=LAW, voltage=2.0, slope=0.1)
    volts = torch.tensor([2.0, -2.0, 1.9, 0.0], dtype=torch.float64)
    wanted = [1.0, -1.0, math.sinh(19.0) / math.sinh(20.0), 0.0]
    assert cells.pulses_of(volts).tolist() == pytest.approx(wanted, rel=1e-12)


def test_what_cannot_be_programmed_is_refused():
    with pytest.raises(PinchedError, match="not what a pulse does"):
        OpenLoop(device=ConductanceWindow())
    with pytest.raises(PinchedError, match="tolerance is 2"):
        VerifiedPulses(device=LAW, tolerance=2.0)
    with pytest.raises(PinchedError, match="voltage is -1"):
        OpenLoop(device=LAW, voltage=-1.0)
