"""One file per channel: joined where they are one record, refused with the question where nobody could know."""

import numpy as np
import pytest

from data import samples
from data.samples import CURRENT, LOOP, TIME
from pinched._errors import DataFileError, PinchedError
from pinched.data import load
from pinched.data.options import Columns, ReadOptions
from pinched.data.read import read_folder, read_sweeps
from pinched.data.read_other import read_any, read_any_folder

SHUNT = ReadOptions(shunt="50 ohm")


def write_channels(folder, record="F0001", shift=0.0):
    (folder / f"{record}CH1.CSV").write_bytes(samples.scope("CH1", LOOP + 50 * CURRENT + shift))
    (folder / f"{record}CH2.CSV").write_bytes(samples.scope("CH2", 50 * CURRENT + shift * 1e-3))


def two_columns(path, *columns, head=""):
    path.write_text(head + samples.lines(*columns, mark=","))


@pytest.mark.parametrize("read", [read_folder, read_any_folder])
def test_two_channels_over_a_shunt_are_one_sweep(tmp_path, read):
    write_channels(tmp_path)
    write_channels(tmp_path, "F0002", shift=0.1)
    result = read(tmp_path, SHUNT)
    assert not result.skipped
    one, _ = result.sweeps if read is read_folder else result.records
    np.testing.assert_allclose(one.voltage, LOOP, atol=1e-12)
    np.testing.assert_allclose(one.current, CURRENT, atol=1e-15)
    np.testing.assert_allclose(one.time, TIME)
    assert one.device == "F0001"
    assert one.provenance.file.endswith("F0001CH1.CSV")
    assert "F0001CH2.CSV joined" in one.provenance.guesses[0]


def test_processes_change_nothing(tmp_path, monkeypatch):
    write_channels(tmp_path)
    monkeypatch.setattr(load, "PARALLEL_FROM", 1)
    alone, shared = read_folder(tmp_path, SHUNT), read_folder(tmp_path, SHUNT, workers=2)
    np.testing.assert_array_equal(alone.sweeps[0].current, shared.sweeps[0].current)
    assert alone.sweeps[0].provenance == shared.sweeps[0].provenance


def test_two_voltages_ask_for_the_resistor(tmp_path):
    write_channels(tmp_path)
    result = read_folder(tmp_path)
    assert not result.sweeps
    assert len(result.skipped) == 2
    for error in result.skipped:
        assert "neither is a current" in error.found
        assert "--shunt" in error.cure
        assert "--series-resistor" in error.cure


def test_a_channel_alone_says_where_the_other_may_be(tmp_path):
    (tmp_path / "F0001CH1.CSV").write_bytes(samples.scope())
    with pytest.raises(DataFileError, match=r"no current.*give both files"):
        read_sweeps(tmp_path)


@pytest.mark.parametrize(
    ("voltage", "current"),
    [("run1_V", "run1_I"), ("voltage_7", "current_7"), ("V", "I"), ("C1Trace0", "C2Trace0")],
)
def test_a_voltage_and_a_current_need_no_resistor(tmp_path, voltage, current):
    head = "time (s),Voltage (V)\n", "time (s),Current (uA)\n"
    two_columns(tmp_path / f"{voltage}.csv", TIME, LOOP, head=head[0])
    two_columns(tmp_path / f"{current}.csv", TIME, CURRENT * 1e6, head=head[1])
    (sweep,) = read_any(tmp_path)
    np.testing.assert_allclose(sweep.voltage, LOOP)
    np.testing.assert_allclose(sweep.current, CURRENT, rtol=1e-12)


def test_names_say_what_files_without_heads_hold(tmp_path):
    two_columns(tmp_path / "run1_V.csv", TIME, LOOP)
    two_columns(tmp_path / "run1_I.csv", TIME, CURRENT)
    (sweep,) = read_sweeps(tmp_path)
    np.testing.assert_allclose(sweep.current, CURRENT)


def test_records_that_do_not_match_stay_apart(tmp_path):
    two_columns(tmp_path / "a_V.csv", TIME, LOOP, head="t,V\n")
    two_columns(tmp_path / "a_I.csv", TIME + 1, CURRENT, head="t,I\n")
    two_columns(tmp_path / "b_V.csv", TIME[:-1], LOOP[:-1], head="t,V\n")
    two_columns(tmp_path / "b_I.csv", TIME, CURRENT, head="t,I\n")
    found = {error.path[-7:]: error.found for error in read_folder(tmp_path).skipped}
    assert "times differ" in found["a_V.csv"]
    assert "41 and 40 samples" in found["b_I.csv"]


def test_more_than_two_channels_are_named(tmp_path):
    for k in (1, 2, 3):
        (tmp_path / f"F1CH{k}.CSV").write_bytes(samples.scope(f"CH{k}", k * LOOP))
    with pytest.raises(DataFileError, match="3 channels of one record"):
        read_sweeps(tmp_path, SHUNT)


def test_a_series_resistor_gives_the_current(tmp_path):
    resistor = 1e4
    source = LOOP + resistor * CURRENT
    two_columns(tmp_path / "V1.csv", TIME, source, head="t (s),V (V)\n")
    two_columns(tmp_path / "VMem.csv", TIME, LOOP, head="t (s),V (V)\n")
    for flipped in (1, -1):
        two_columns(tmp_path / "V1.csv", TIME, flipped * source, head="t (s),V (V)\n")
        (sweep,) = read_sweeps(tmp_path, ReadOptions(series_resistor="10 kohm"))
        np.testing.assert_allclose(sweep.voltage, LOOP)
        np.testing.assert_allclose(sweep.current, CURRENT, atol=1e-18)
        assert any("turned round" in guess for guess in sweep.provenance.guesses) == (flipped < 0)


def test_a_series_resistor_in_one_file(tmp_path):
    resistor = 2e3
    path = tmp_path / "a.csv"
    two_columns(path, LOOP + resistor * CURRENT, LOOP, head="V1 (V),V2 (V)\n")
    for columns in (Columns(), Columns(voltage="V2 (V)", current="V1 (V)")):
        (sweep,) = read_sweeps(path, ReadOptions(series_resistor=resistor, columns=columns))
        np.testing.assert_allclose(sweep.voltage, LOOP)
        np.testing.assert_allclose(sweep.current, CURRENT, atol=1e-15)


def test_a_resistor_is_one_thing(tmp_path):
    with pytest.raises(PinchedError, match="both given"):
        ReadOptions(shunt=50, series_resistor=50)
    with pytest.raises(PinchedError, match="above zero"):
        ReadOptions(series_resistor="0 ohm")
    # A current in amperes is no voltage over a shunt, whatever was said.
    path = tmp_path / "a.csv"
    two_columns(path, LOOP, CURRENT, head="V,I\n")
    np.testing.assert_array_equal(read_sweeps(path, SHUNT)[0].current, CURRENT)


def test_real_channels_behind_a_resistor(measurements):
    folder = measurements / "knowm_sdc_tariq" / "main" / "IV_Pulse_Programming"
    result = read_folder(folder, ReadOptions(series_resistor="10 kohm"))
    sweeps = {sweep.device: sweep for sweep in result.sweeps}
    assert sorted(sweeps) == ["Reset", "V2"]
    pulse = sweeps["V2"]
    programmed = pulse.voltage > 0.2
    # 0.498 V of the source and 0.227 V of the device, as the reference says.
    assert np.median(pulse.voltage[programmed]) == pytest.approx(0.227, abs=0.01)
    assert np.median(pulse.current[programmed]) == pytest.approx((0.498 - 0.227) / 1e4, rel=0.05)
    assert np.median(sweeps["Reset"].voltage[sweeps["Reset"].voltage < -1.5]) == pytest.approx(
        -1.64, abs=0.02
    )
