"""Folders that hold several kinds of measurement: sweeps get their table, the rest is kept beside it."""

import numpy as np
import pytest

from pinched._errors import DataFileError
from pinched.data.traces import Endurance, Retention
from pinched.extraction.gathering import Source
from pinched.extraction.gathering_any import gather_any, no_cycles

BROKEN = "V (V),I (A)\n" + "\n".join(f"{k / 20:.2f},{k * 1e-6:.1e}" for k in range(30)) + "\n1.6,oops\n"


@pytest.fixture
def folder(tmp_path):
    up = np.linspace(0, 1.5, 61)
    v = np.concatenate([up, up[-2::-1], -up[1:], -up[-2::-1]])
    n = np.arange(v.size)
    r = np.where((n > 40) & (n < 160), 1e3, 1e6)
    rows = "\n".join(f"{a:.4f},{b:.6e}" for a, b in zip(v, v / r, strict=True))
    (tmp_path / "loop.csv").write_text("voltage (V),current (A)\n" + rows)
    t = np.arange(0.0, 500.0, 10.0)
    (tmp_path / "kept.csv").write_text(Retention(time=t, resistance=1e4 + t, device="R").to_csv())
    c = np.arange(1.0, 21.0)
    trace = Endurance(cycle=c, resistance_lrs=1e3 + c, resistance_hrs=1e6 + c, device="E")
    (tmp_path / "endured.csv").write_text(trace.to_csv())
    return tmp_path


def test_sweeps_and_other_records_are_both_there(folder):
    found = gather_any([folder], Source())
    assert len(found.cycles.table) == len(found.cycles.sweeps) == 1
    assert sorted(type(record).__name__ for record in found.records) == ["Endurance", "Retention"]
    assert found.cycles.skipped == ()


def test_a_folder_without_sweeps_has_an_empty_table(folder):
    (folder / "loop.csv").unlink()
    found = gather_any([folder], Source(read_voltage="0.2 V"))
    assert len(found.cycles.table) == 0
    assert found.cycles.table.read_voltage == 0.2
    assert len(found.records) == 2


def test_a_file_that_cannot_be_used_stops_unless_it_may_be_left_out(folder):
    (folder / "broken.csv").write_text(BROKEN)
    with pytest.raises(DataFileError, match="oops"):
        gather_any([folder], Source())
    found = gather_any([folder], Source(skip_bad=True))
    assert len(found.cycles.skipped) == 1
    assert "oops" in found.cycles.skipped[0]
    assert len(found.records) == 2


def test_without_sweeps_the_broken_file_is_still_named(folder):
    (folder / "loop.csv").unlink()
    (folder / "broken.csv").write_text(BROKEN)
    found = gather_any([folder], Source(skip_bad=True))
    assert len(found.cycles.skipped) == 1
    with pytest.raises(DataFileError, match="oops"):
        gather_any([folder / "broken.csv"], Source(skip_bad=True))


def test_a_table_of_samples_is_no_measurement(folder):
    (folder / "samples.csv").write_text("device,area (um2)\nloop,100\n")
    (folder / "pinched.toml").write_text('samples = "samples.csv"\n')
    found = gather_any([folder], Source())
    assert len(found.records) == 2
    assert any(setting.name == "area" for setting in found.cycles.sweeps[0].settings)


def test_real_pulses_are_no_sweeps(measurements):
    """Voltage, current and time of one long pulse: two files that would pass for a sweep."""
    found = gather_any([measurements / "agnw_milano2022"], Source())
    assert found.cycles.sweeps == ()
    assert len(found.records) == 2


def test_no_cycles_is_a_table():
    table = no_cycles(0.1)
    assert len(table) == 0
    assert table.devices == ()
    assert list(table.rows()) == []
    assert table.measured("v_set").size == 0
