"""Staircases of conductance in the report: where there are some, and nowhere else."""

import pytest

from pinched.data.waveforms import triangle
from pinched.devices.filament import FilamentCircuit, sweep_filaments
from pinched.devices.presets import roy2025
from pinched.devices.simulated import BinaryDevice, simulate_sweep
from pinched.extraction.endurance import Criterion
from pinched.extraction.switching import extract_switching
from pinched.report import RunRecord
from pinched.report.findings import Findings
from pinched.report.findings.quantum import find_quantum
from pinched.report.numbers import numbers, to_json
from pinched.report.plans.quantum import quantum_plans
from pinched.report.rows import records_of
from pinched.report.style import Width, paper_style, to_png
from pinched.report.view_parts import parts

RULE = Criterion(min_ratio=10.0)


@pytest.fixture(scope="module")
def chip():
    circuit = FilamentCircuit(compliance_set=5e-3, noise_current=1e-7, noise_relative=0.002)
    wave = triangle(2.0, period=2.0, negative=-2.0)
    return sweep_filaments(roy2025(), wave, points=800, circuit=circuit, seed=1, name="chip")


def test_staircases_reach_numbers_tables_page_and_figures(chip):
    table = extract_switching(chip, read_voltage=0.1)
    found = Findings(criterion=RULE, quantum=find_quantum(chip, []))
    said = numbers(chip, table, None, None, RunRecord(read_voltage=0.1), found)
    one = said["conductance_quantum"][0]
    assert one["staircases"] >= 2
    assert one["quantized"]
    assert one["max_g0"] > 8
    assert one["integer"] + one["half_integer"] + one["other"] + one["cannot_tell"] == one["plateaus"]
    assert set(one["processes"]) == {"SET", "RESET"}
    assert "NaN" not in to_json(said)
    rows = records_of(found)["plateaus"]
    assert len(rows) == one["plateaus"]
    assert all(abs(r["p_integer"] + r["p_half_integer"] + r["p_other"] - 1) < 1e-9 for r in rows)
    part = next(p for p in parts(said) if p.title == "Conductance quantum")
    assert part.rows[0][1] == "multiples of half a quantum"
    plans = quantum_plans(found.quantum)
    assert [plan.name for plan in plans] == ["plateaus", "quantum_histogram"]
    with paper_style():
        for plan in plans:
            assert to_png(plan.draw(Width.SINGLE))


def test_two_states_are_no_staircase():
    sweeps = [
        simulate_sweep(BinaryDevice(resistance_lrs=2e3), relative_noise=0.01, seed=k, name=f"d{k}")
        for k in range(4)
    ]
    assert find_quantum(sweeps, []) == ()
    assert "plateaus" not in records_of(Findings(criterion=RULE))
    assert quantum_plans(()) == []
