"""Filaments that open channel by channel: the closed form of their mean, the paper's numbers, bounds, addresses."""

import dataclasses

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.constants import G_0
from pinched.data.waveforms import triangle
from pinched.devices.filament import FilamentCircuit, pulse_filaments, sweep_filaments
from pinched.devices.laws.quantum_filament import QuantumFilament
from pinched.devices.presets import ROY2025_SERIES, roy2025, roy2025_slow_reset, roy2025_update
from pinched.devices.presets.preset import Evidence
from pinched.extraction.nonlinearity import Convention
from pinched.extraction.plasticity import fit_update

DEVICES = 120


@pytest.mark.parametrize("series", ROY2025_SERIES, ids=lambda s: s.figure)
def test_the_series_of_the_paper_come_out(series):
    traces = pulse_filaments(
        roy2025(), series.amplitudes, width=series.width, devices=DEVICES,
        circuit=FilamentCircuit(compliance_set=series.compliance_current),
    )  # fmt: skip
    g = np.array([t.conductance for t in traces]) / G_0
    for pulses, stated in series.stated:
        # Printed with a "~": to half a quantum, or three standard errors of the mean.
        error = 3.0 * g[:, pulses].std(ddof=1) / np.sqrt(DEVICES)
        assert g[:, pulses].mean() == pytest.approx(stated, abs=max(0.5, error))


def test_what_is_stated_what_derived_and_what_assumed_is_told():
    assert roy2025.evidence_of("quantum") is Evidence.READ
    assert "threshold_set" in roy2025.named(Evidence.ASSUMED)
    assert "rate_set" in roy2025.named(Evidence.DERIVED)
    assert roy2025_update().label_up == 5.08


@pytest.mark.parametrize("volts", [2.0, -2.0])
def test_the_mean_is_that_of_the_closed_form(volts):
    # Small channels: the jump process nears its mean law; three standard errors, and 3 % for channels of a tenth.
    law = dataclasses.replace(roy2025(), quantum=0.1, scatter=0.0, conductance_hrs=0.0)
    start = 0 if volts > 0 else 150
    traces = pulse_filaments(law, (volts,) * 6, width=5e-3, channels=start, devices=60)
    g = np.array([t.conductance for t in traces]) / G_0
    for pulses in (2, 6):
        expected = law.expected(pulses, 5e-3, volts, start=0.1 * start)
        assert g[:, pulses].mean() == pytest.approx(expected, rel=0.03, abs=0.05)


def test_levels_are_multiples_and_stay_within_the_room():
    law = dataclasses.replace(roy2025(), scatter=0.0, conductance_hrs=0.0)
    traces = pulse_filaments(
        law, (3.5,) * 20, width=20e-3, devices=10, circuit=FilamentCircuit(compliance_set=3e-3)
    )
    steps = np.array([t.conductance for t in traces]) / (0.5 * G_0)
    assert steps == pytest.approx(np.round(steps), abs=1e-9)
    assert steps.max() == law.capacity(3e-3) == 21


def test_nothing_moves_below_the_thresholds():
    trace = pulse_filaments(roy2025(), (0.7, -0.7) * 50, width=1.0, channels=7)[0]
    # Within the scatter of a level and no more: no event was drawn.
    assert np.ptp(trace.conductance) == 0


def test_the_source_holds_its_limit_and_the_series_resistance_its_share():
    circuit = FilamentCircuit(compliance_set=2e-3, compliance_reset=1e-3, series_resistance=100.0)
    sweep = sweep_filaments(roy2025(), triangle(2.5, period=1.0, negative=-2.5), points=400, circuit=circuit)[
        0
    ]
    assert sweep.current.max() <= 2e-3
    assert sweep.current.min() >= -1e-3
    assert (sweep.current * sweep.voltage >= 0).all()
    assert sweep.current[sweep.voltage == 0] == pytest.approx(0, abs=1e-18)
    assert sweep.provenance.simulated_by


def test_a_device_is_the_same_whatever_the_number_of_devices():
    few = pulse_filaments(roy2025(), (1.8,) * 5, width=20e-3, devices=2, seed=4, name="a")
    many = pulse_filaments(roy2025(), (1.8,) * 5, width=20e-3, devices=6, seed=4, name="a")
    for one, other in zip(few, many, strict=False):
        assert one.conductance.tolist() == other.conductance.tolist()
    assert not np.array_equal(many[0].conductance, many[1].conductance)


def test_a_slow_reset_lasts_hundreds_of_pulses_and_steps_back_sometimes():
    trace = pulse_filaments(roy2025_slow_reset(), (-1.5,) * 500, width=5e-3, channels=40)[0]
    g = np.round(trace.conductance / G_0 * 2) / 2
    assert g[0] == 20
    assert 3 < g[100] < 12
    assert g[400] < 4
    assert (np.diff(g) > 0).any()  # an atom may come back


def test_the_stated_nonlinearity_is_not_that_of_the_filament():
    # Said in the preset: logarithmic growth has a label near 2.4, the paper states 5.08 for Fig. 7b.
    traces = pulse_filaments(
        roy2025(), (1.5,) * 30, width=5e-3, devices=40, circuit=FilamentCircuit(compliance_set=5e-3)
    )
    mean = np.mean([t.conductance for t in traces], axis=0)
    label = fit_update(dataclasses.replace(traces[0], conductance=mean)).nonlinearity(
        Convention.NEUROSIM_LABEL
    )
    assert 2.0 < label < 2.9


def test_bad_filaments_are_refused():
    with pytest.raises(PinchedError, match="above zero"):
        QuantumFilament(rate_set=0.0)
    with pytest.raises(PinchedError, match="half of the events"):
        QuantumFilament(backward=0.5)
    with pytest.raises(PinchedError, match="not finite"):
        QuantumFilament(scale_set=float("nan"))
    with pytest.raises(PinchedError, match="room for"):
        pulse_filaments(roy2025(), (1.0,), width=1e-3, channels=500)
    with pytest.raises(PinchedError, match="no limit"):
        FilamentCircuit(compliance_set=0.0)
    with pytest.raises(PinchedError, match="read voltage above zero"):
        pulse_filaments(roy2025(), (), width=1e-3)
