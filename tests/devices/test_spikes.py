"""Paired pulses and spike timing: the shown facilitation, decay constants found again, heat alone makes a window."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform
from pinched.devices.laws.second_order import SecondOrder
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.wox import SinhDrift, SoftCeiling, Wox
from pinched.devices.spikes import paired_pulses, pulse_memory, spike_rate, spike_timing
from pinched.extraction.short_term import Index

VOLATILE = Wox(drift=SinhDrift(eta1=1.0, eta2=2.2), rate=0.6, tau=0.05, window=SoftCeiling())


def test_the_facilitation_of_the_shown_pair():
    """36.63 uA and 58.91 uA, +60.8 %, for 10 ms pulses of 1.5 V with 10 ms between them."""
    pair = {"amplitude": "1.5 V", "width": "10 ms", "rise": "0.1 ms", "gaps": [0.01]}
    increase = paired_pulses(VOLATILE, **pair, convention=Index.INCREASE)
    assert increase.index[0] == pytest.approx(0.608, abs=5e-4)
    assert increase.gap[0] == pytest.approx(0.0101)
    ratio = paired_pulses(VOLATILE, **pair, convention=Index.RATIO)
    assert ratio.index[0] == pytest.approx(increase.index[0] + 1.0, rel=1e-12)


def test_facilitation_decays_with_the_time_constant_of_the_law():
    found = paired_pulses(
        VOLATILE,
        amplitude=1.5,
        width=0.01,
        gaps=np.geomspace(0.005, 0.3, 9).tolist(),
        convention=Index.INCREASE,
    )
    assert len(found.time_constant) == 1
    assert found.time_constant[0] == pytest.approx(0.05, rel=1e-5)


def test_a_device_with_a_threshold_does_not_facilitate_below_it():
    found = paired_pulses(Vteam(), amplitude=-0.3, width=1e-3, gaps=[1e-3, 1e-2], convention=Index.INCREASE)
    np.testing.assert_allclose(found.index, 0.0, atol=1e-12)


def test_heat_of_the_first_pulse_helps_the_second():
    """Without a thermal resistance every pulse does the same; with one, the closer the more."""
    gaps = [2e-8, 1e-7, 3e-7, 1e-6]
    common = {"amplitude": 1.2, "width": 1e-7, "gaps": gaps, "convention": Index.INCREASE}
    warm = paired_pulses(SecondOrder(), **common).index
    cold = paired_pulses(SecondOrder(thermal_resistance=0.0, k=5e14), **common).index
    assert (np.diff(warm) < 0).all()
    assert warm[0] > 5.0 * warm[-1]
    assert np.ptp(cold) < 1e-3 * cold.mean()


def test_spike_timing_by_heat_alone():
    """Equal pulses that do not overlap: the later one decides, and the window closes with the thermal time."""
    law = SecondOrder(w_initial=0.5)
    spike = Waveform(time=np.array([0.0, 0.0, 1e-7, 1e-7]), voltage=np.array([0.0, 0.9, 0.9, 0.0]))
    delays = [-2e-6, -3e-7, -1.5e-7, 1.5e-7, 3e-7, 2e-6]
    learned = spike_timing(law, spike, spike, delays, rest=2e-6)
    far, near = learned.change[[0, -1]], learned.change[[2, 3]]
    assert near[0] > 0 > near[1]
    assert learned.change[2] > learned.change[1] > learned.change[0]
    assert learned.change[3] < learned.change[4] < learned.change[5]
    assert np.abs(far).max() < 0.1 * np.abs(near).min()


def test_both_electrodes_see_the_difference_of_the_spikes():
    """Two equal spikes at once are no voltage at all; one that jumps at its start is waited for."""
    law = SecondOrder(w_initial=0.5)
    spike = Waveform(time=np.array([0.0, 0.0, 1e-7, 1e-7]), voltage=np.array([0.0, 1.2, 1.2, 0.0]))
    small = Waveform(time=np.array([0.0, 1e-8]), voltage=np.array([0.0, 0.0]))
    assert abs(spike_timing(law, spike, spike, [0.0], rest=1e-6).change[0]) < 1e-9
    shifted = spike_timing(law, spike, small, [-1e-6, 0.0, 1e-6], rest=3e-6).change
    np.testing.assert_allclose(shifted, shifted[1], rtol=1e-3)
    turned = spike_timing(law, small, spike, [0.0], rest=1e-6).change[0]
    assert turned < 0 < shifted[0]


def test_bad_input_names_its_cure():
    many = Wox(tau=torch.tensor([0.05, 0.1]))
    with pytest.raises(PinchedError, match="one device at a time"):
        paired_pulses(many, amplitude=1.0, width=1e-2, gaps=[1e-2], convention=Index.RATIO)
    with pytest.raises(PinchedError, match="at least one"):
        paired_pulses(VOLATILE, amplitude=1.0, width=1e-2, gaps=[], convention=Index.RATIO)
    with pytest.raises(PinchedError, match="gap is 0"):
        paired_pulses(VOLATILE, amplitude=1.0, width=1e-2, gaps=[0.0], convention=Index.RATIO)
    open_end = Waveform(time=np.array([0.0, 1.0]), voltage=np.array([0.0, 1.0]))
    with pytest.raises(PinchedError, match="end at 0 V"):
        spike_timing(VOLATILE, open_end, open_end, [0.1], rest=1.0)


def test_a_device_that_forgets_keeps_more_after_more_pulses():
    found = pulse_memory(VOLATILE, (1, 4, 16), amplitude=1.5, width=0.01, gap=0.005, rest=0.3, reads=30)
    assert found.pulses.tolist() == [1, 4, 16]
    # One time constant, which the law states: all trains relax by it, to the state before (nothing is kept).
    assert found.time_constant == pytest.approx(np.full(3, 0.05), rel=0.01)
    assert np.abs(found.kept).max() < 0.05
    assert "short-term in all trains" in found.text


def test_faster_spikes_leave_more():
    spike = Waveform(time=np.array([0.0, 0.0, 0.01, 0.01]), voltage=np.array([0.0, 1.5, 1.5, 0.0]))
    found = spike_rate(VOLATILE, spike, (2.0, 10.0, 40.0), count=5, rest=0.01)
    assert found.rises
    assert (found.change > 0).all()
    with pytest.raises(PinchedError, match="do not fit"):
        spike_rate(VOLATILE, spike, (160.0,), count=2, rest=0.1)
