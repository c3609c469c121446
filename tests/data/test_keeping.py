"""What is kept is given back: `to_csv`, `sweeps_csv` and `to_xarray`, number for number, for every kind of record."""

import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.data import read_other
from pinched.data.keeping import sweeps_csv
from pinched.data.read import read_sweeps
from pinched.data.settings import Setting, SettingName
from pinched.data.sweep import IVSweep, Provenance
from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog

N = np.arange(12.0)
OHMS = 1e4 * (1 + 0.1 * np.sin(N)) / 3
KELVIN = (Setting(SettingName.TEMPERATURE, 300.0, "K"), Setting(SettingName.STACK, "Pt/HfO2/Ti"))
RECORDS = {
    "sweeps": IVSweep(
        voltage=np.sin(N) / 3,
        current=1e-5 * np.sin(N) / 7,
        time=N / 3,
        compliance_current=1e-3,
        settings=KELVIN,
    ),
    "pulses": PulseTrace(
        conductance=1 / OHMS,
        amplitude=N / 7,
        width=0 * N + 1e-6,
        time=N,
        read_voltage=0.1,
        device="D1",
        label="LTP",
        cycle=3,
    ),
    "retention": Retention(
        time=N / 3, resistance=OHMS, read_voltage=0.1, temperature=358.15, device="D1", state="lrs"
    ),
    "endurance": Endurance(
        cycle=N + 1, resistance_lrs=OHMS, resistance_hrs=OHMS * 30, read_voltage=0.1, device="D1"
    ),
    "writes": WriteLog(address=N, resistance=OHMS, lower=0.9 * OHMS, upper=1.1 * OHMS),
}
FIELDS = {
    "sweeps": ("voltage", "current", "time", "compliance_current"),
    "pulses": ("conductance", "amplitude", "width", "time", "read_voltage", "cycle", "label"),
    "retention": ("time", "resistance", "read_voltage", "temperature", "state"),
    "endurance": ("cycle", "resistance_lrs", "resistance_hrs", "read_voltage"),
    "writes": ("address", "resistance", "lower", "upper"),
}


def read(kind, path):
    return read_sweeps(path) if kind == "sweeps" else getattr(read_other, f"read_{kind}")(path)


def assert_same(one, two, fields):
    for name in fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_csv_and_xarray_give_the_same_record_back(tmp_path, kind):
    record = RECORDS[kind]
    (tmp_path / "a.csv").write_text(record.to_csv())
    (from_csv,) = read(kind, tmp_path / "a.csv")
    assert_same(from_csv, record, FIELDS[kind])
    record.to_xarray().to_netcdf(tmp_path / "b.nc")
    (from_netcdf,) = read(kind, tmp_path / "b.nc")
    assert_same(from_netcdf, record, FIELDS[kind])


def test_units_stand_in_the_heads_and_in_the_attributes():
    sweep = RECORDS["sweeps"]
    assert "time (s),voltage (V),current (A)" in sweep.to_csv()
    found = sweep.to_xarray()
    assert {name: found[name].attrs["units"] for name in found} == {
        "time": "s",
        "voltage": "V",
        "current": "A",
    }
    assert found.attrs["compliance_current"] == "0.001 A"
    assert found.attrs["temperature"] == "300.0 K"
    assert found["voltage"].dims == ("sample",)
    levels = LevelReads(resistance=np.arange(1.0, 7.0).reshape(2, 3)).to_xarray()
    assert levels["resistance"].dims == ("read", "cell")


def test_what_is_simulated_stays_simulated(tmp_path):
    sweep = IVSweep(voltage=N, current=N * 1e-6, provenance=Provenance(simulated_by="a law"))
    sweep.to_xarray().to_netcdf(tmp_path / "a.nc")
    assert read_sweeps(tmp_path / "a.nc")[0].provenance.simulated_by == "a law"


names = (
    st.text("abcXYZ019 _-./()=,;:+", min_size=1, max_size=20).map(lambda x: " ".join(x.split())).filter(bool)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(st.tuples(names, st.integers(1, 99)), min_size=1, max_size=5, unique=True),
    # A voltage that stands still is no sweep, and is refused.
    values=st.lists(st.floats(-5, 5), min_size=3, max_size=12).filter(lambda v: len(set(v)) > 1),
    limit=st.none() | st.floats(1e-9, 1.0),
)
def test_many_sweeps_in_one_file(tmp_path, keys, values, limit):
    volts = np.array(values)
    # Ohm's law: numbers alone could as well be a counter, the heads say what they are.
    sweeps = [
        IVSweep(
            voltage=volts, current=1e-6 * (k + 1) * volts, device=device, cycle=cycle,
            compliance_current=limit if k == 0 else None, settings=KELVIN if k == 0 else (),
        )
        for k, (device, cycle) in enumerate(keys)
    ]  # fmt: skip
    path = tmp_path / "set.csv"
    path.write_text(sweeps_csv(sweeps))
    found = read_sweeps(path)
    assert [(s.device, s.cycle, s.compliance_current) for s in found] == [
        (s.device, s.cycle, s.compliance_current) for s in sweeps
    ]
    for one, two in zip(found, sweeps, strict=True):
        assert_same(one, two, ("voltage", "current"))
        stated = {s.name: s.value for s in one.settings if s.name != SettingName.COMPLIANCE_CURRENT}
        assert stated == {s.name: s.value for s in two.settings}


def test_a_set_that_could_not_be_told_apart_is_refused():
    sweep = IVSweep(voltage=N, current=N)
    with pytest.raises(PinchedError, match="two sweeps"):
        sweeps_csv([sweep, sweep])
    with pytest.raises(PinchedError, match="one line"):
        sweeps_csv([IVSweep(voltage=N, current=N, device="a\nb")])


def test_without_xarray_the_way_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(PinchedError, match=r"pinched\[xarray\]"):
        RECORDS["sweeps"].to_xarray()
