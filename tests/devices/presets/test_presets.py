"""Presets: numbers with an origin, the names that the command line takes, devices that run."""

import subprocess
import sys

import numpy as np
import pytest

import pinched as pi
from circuit_references import assert_agrees, load
from pinched._errors import PinchedError
from pinched.data.waveforms import triangle
from pinched.devices import presets
from pinched.devices.drive import drive
from pinched.devices.law import Law, parameters
from pinched.devices.laws.memdiode import DynamicMemdiode
from pinched.devices.laws.vteam import Vteam
from pinched.devices.presets import DEVICES, Evidence, Preset, cao2023
from pinched.devices.presets.record import PublishedDevice
from pinched.report.references import bibliography


@pytest.mark.parametrize("name", DEVICES)
def test_each_preset_is_a_device_with_a_source_and_an_origin_for_every_number(name):
    preset = DEVICES[name]
    assert isinstance(preset(), Law)
    assert preset.source in bibliography()
    assert preset.read_in
    counted = sum(len(preset.named(evidence)) for evidence in Evidence)
    assert counted == len(parameters(preset()))


@pytest.mark.parametrize("name", DEVICES)
def test_each_preset_runs_under_a_triangle(name):
    sweep = drive(DEVICES[name](), triangle(0.5, period=1e-3), series_resistance=1e3, points=50, seed=1)
    assert np.isfinite(sweep.current).all()
    assert (sweep.current * sweep.voltage >= -1e-18).all()


def test_names_follow_from_the_attributes():
    for name, preset in DEVICES.items():
        assert getattr(presets, name.replace("-", "_")) is preset


def test_a_file_that_was_imported_does_not_hide_its_preset():
    code = (
        "import pinched.devices.presets.pickett2009, pinched.devices.presets.marraccini2025; import pinched as pi; "
        "pi.presets.pickett2009(); pi.presets.marraccini2025()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_what_is_from_memory_says_so():
    assert "a_on" in presets.pickett2009.named(Evidence.FROM_MEMORY)
    assert presets.pickett2009.from_memory
    assert not presets.jiang2014_asu.from_memory
    assert presets.pickett2009.evidence_of("f_off") is Evidence.READ
    with pytest.raises(PinchedError, match="no parameter"):
        presets.pickett2009.evidence_of("nothing")
    with pytest.raises(PinchedError, match="origin"):
        Preset(device=Vteam(), source="x", read_in="y", but={"nothing": Evidence.ASSUMED})


def test_the_memristor_of_srtio3_meets_its_circuit(shared):
    reference = load(shared, "yakopcic_srtio3_tri")
    run = drive(presets.tiotto2023(), reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy(), run.current)


def test_the_memdiode_meets_its_circuit(shared):
    reference = load(shared, "dmm_tri_1Vs")
    law = presets.aguirre2022()
    assert isinstance(law, DynamicMemdiode)
    run = drive(law, reference.waveform, times=reference.time)
    assert_agrees(reference, run.trace.state[0].numpy(), run.current)


def test_jart_sets_at_its_published_voltage():
    wave = pi.Waveform(time=np.array([0.0, 1.0]), voltage=np.array([0.0, -1.0]))
    run = drive(presets.cuppers2019(), wave, points=4000)
    v_set = float(run.trace.source[int(np.argmax(run.trace.state[0].numpy() > 1e26))])
    assert v_set == pytest.approx(-0.5499, abs=2e-3)


def test_neurosim_starts_with_its_cell():
    cell = presets.chen2018()
    assert float(cell.after(cell.g_min, 97.0)) == pytest.approx(cell.g_max, rel=1e-9)
    assert float(cell.after(cell.g_max, -100.0)) == pytest.approx(cell.g_min, rel=1e-9)


def test_the_table_of_the_review_has_its_sixteen_lines():
    assert len(cao2023) == 16
    assert len({device.name for device in cao2023}) == 16
    by_name = {device.name: device for device in cao2023}
    first = by_name["Pt/h-BN/Ag"]
    assert (first.thickness, first.on_off_ratio, first.retention, first.endurance) == (
        0.33e-9,
        1e7,
        None,
        10**8,
    )
    assert by_name["Ag/CeO2/Pt"].on_off_ratio == 4
    assert by_name["Ag/CuInSe2/Mo"].on_off_ratio == 4e5
    assert by_name["Ag/fluoropolymer/Au"].retention == 2000
    assert sum(device.retention is None for device in cao2023) == 1


def test_the_table_agrees_with_the_text_of_the_review(shared):
    text = next((shared / "papers").glob("002*.txt")).read_text(encoding="utf-8")
    table = text.split("Table 1 Comparison")[1].split("but most of the neural")[0]
    rows = [line.split("\t") for line in table.splitlines() if line.count("\t") == 5][1:]
    assert len(rows) == 16
    power = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁺", "0123456789+")

    def number(cell):
        mantissa, _, exponent = cell.replace("×", "x").partition("10^")
        if not exponent:
            return float(cell)
        return float(mantissa.rstrip("x") or 1.0) * 10.0 ** float(exponent)

    for row, device in zip(rows, cao2023, strict=True):
        stack, thickness, ratio, retention, endurance, _ = row
        # The text was taken from a page, where a subscript stands apart.
        assert stack.translate(power).replace("_x", "x").replace(" ", "") == device.name.replace(" ", "")
        assert float(thickness) * 1e-9 == pytest.approx(device.thickness)
        assert number(ratio) == pytest.approx(device.on_off_ratio)
        assert number(endurance) == pytest.approx(device.endurance)
        assert device.retention is None if retention == "N" else number(retention) == device.retention


def test_a_record_seeds_a_law_and_says_what_it_does_not_know():
    record = next(device for device in cao2023 if device.name == "Ag/HfOx/Pt")
    seeded = record.seed(Vteam(r_on=2e3))
    assert seeded.device.r_off == 2e6
    assert seeded.device.r_on == 2e3
    assert "v_on" in seeded.missing
    assert "r_off" not in seeded.missing
    assert "retention of 10000 s" in seeded.report()
    assert "v_on" in seeded.report()


def test_the_film_of_a_record_is_the_film_of_a_drift_device():
    record = cao2023[3]
    seeded = record.seed(presets.strukov2008_memtorch())
    assert seeded.device.thickness == 3e-9
    assert seeded.device.r_off == pytest.approx(1e5)


def test_a_law_without_resistances_cannot_be_seeded():
    with pytest.raises(PinchedError, match="no r_on"):
        cao2023[0].seed(presets.yakopcic2013())


@pytest.mark.parametrize("change", [{"on_off_ratio": 0.5}, {"thickness": -1.0}, {"stack": ("Ag", "Pt")}])
def test_impossible_records_are_refused(change):
    settings = {
        "stack": ("Ag", "HfOx", "Pt"), "thickness": 3e-9, "on_off_ratio": 10.0, "retention": None, "endurance": 10,
    } | change  # fmt: skip
    with pytest.raises(PinchedError):
        PublishedDevice(**settings)
