"""Every format gives back the numbers and the settings that were written; the files follow its documentation."""

import importlib.util
import sys

import h5py
import numpy as np
import pytest

from data import samples
from data.samples import CURRENT, LOOP, TIME
from pinched._errors import DataFileError
from pinched.data.read import Columns, ReadOptions, read_folder, read_sweeps
from pinched.data.readers.scope import SCOPE
from pinched.data.settings import Origin, SettingName, find
from pinched.data.table import Dialect


def put(path, content):
    path.write_bytes(content)
    return path


def check(sweep, current=CURRENT, voltage=LOOP, time=None, rtol=1e-12):
    np.testing.assert_allclose(sweep.voltage, voltage, rtol=rtol, atol=1e-15)
    np.testing.assert_allclose(sweep.current, current, rtol=rtol, atol=1e-18)
    if time is not None:
        np.testing.assert_allclose(sweep.time, time, rtol=1e-12, atol=1e-15)


def value(sweep, name):
    return find(sweep.settings, name).value


def test_easyexpert_text2csv(tmp_path):
    one, two = read_sweeps(put(tmp_path / "a.csv", samples.text2csv()))
    check(one)
    check(two, 2 * CURRENT)
    assert (one.cycle, two.cycle) == (1, 2)
    assert one.provenance.columns == ("Vtop", "Itop")
    # 0.1 A is the limit of the grounded terminal.
    assert one.compliance_current == 1e-4
    assert value(one, SettingName.SERIES_RESISTANCE) == 1e5
    assert (value(one, SettingName.HOLD), value(one, SettingName.DELAY)) == (0.5, 0.02)
    assert value(one, SettingName.DATE) == "12/04/2022 08:42:23"
    assert (value(one, SettingName.SITE), value(two, SettingName.TEST)) == ("00_02_00", "Loop 2")
    assert find(one.settings, SettingName.COMPLIANCE_CURRENT).origin is Origin.FILE
    assert find(one.settings, SettingName.TEMPERATURE).origin is Origin.UNKNOWN


def test_easyexpert_steps_of_a_second_variable_are_sweeps(tmp_path):
    text = (
        samples.PARAMETERS.format(title="x").replace("Dimension2, 1, 1", "Dimension2, 2, 2")
        + "DataName, Vtop, Itop\n"
    )
    text += samples.lines(np.tile(LOOP, 2), np.concatenate([CURRENT, 3 * CURRENT]), start="DataValue, ")
    one, two = read_sweeps(put(tmp_path / "a.csv", text.encode()))
    check(one)
    check(two, 3 * CURRENT)


def test_easyexpert_classic_test(tmp_path):
    (sweep,) = read_sweeps(put(tmp_path / "a.csv", samples.classic_csv()))
    check(sweep)
    assert sweep.compliance_current == 1e-4
    assert value(sweep, SettingName.DEVICE) == "D7"
    assert value(sweep, SettingName.DATE) == "12/04/2022 08:42:23"


def test_keithley_settings_are_those_of_the_driven_terminal(tmp_path):
    (sweep,) = read_sweeps(put(tmp_path / "a.xlsx", samples.keithley_book()))
    check(sweep)
    assert sweep.compliance_current == 1e-4
    assert value(sweep, SettingName.SITE) == "2,-3"
    assert value(sweep, SettingName.DATE) == "12/04/2019 12:33:25"
    assert (value(sweep, SettingName.DELAY), value(sweep, SettingName.HOLD)) == (0.05, 1.0)
    assert "Anode" in find(sweep.settings, SettingName.COMPLIANCE_CURRENT).place


def test_real_analyser_files_state_their_settings(measurements):
    root = measurements / "format_samples_not_memristor"
    curves = read_sweeps(root / "tests")
    assert {sweep.compliance_current for sweep in curves} == {0.1}
    assert {value(sweep, SettingName.SITE) for sweep in curves} == {"0,0"}
    assert len({value(sweep, SettingName.DATE) for sweep in curves}) == 5
    (agilent,) = read_sweeps(root / "data")
    assert agilent.compliance_current == 1e-5
    assert value(agilent, SettingName.STEP) == 0.0005


def test_what_the_user_says_wins(tmp_path):
    (sweep,) = read_sweeps(
        put(tmp_path / "a.xlsx", samples.keithley_book()), ReadOptions(compliance_current="2 mA")
    )
    assert sweep.compliance_current == 2e-3
    assert find(sweep.settings, SettingName.COMPLIANCE_CURRENT).origin is Origin.USER


def test_overflow_columns_of_a_2400_are_no_matter(tmp_path):
    # FORM:ELEM VOLT,CURR,RES,TIME,STAT: the resistance was not measured, the status stands still.
    rows = "".join(
        f"{v:+.6E},{i:+.6E},+9.910000E+37,{t:+.6E},+2.150800E+04\n"
        for v, i, t in zip(LOOP, CURRENT, TIME, strict=True)
    )
    (sweep,) = read_sweeps(put(tmp_path / "a.csv", rows.encode()))
    check(sweep, time=TIME, rtol=1e-6)


@pytest.mark.parametrize("packed", [False, True])
def test_arc_one_curve_tracer(tmp_path, packed):
    result = read_folder(put(tmp_path / ("a.csv.gz" if packed else "a.csv"), samples.arc_one(packed=packed)))
    assert not result.skipped
    one, two = result.sweeps
    expected = np.abs(CURRENT) * np.sign(LOOP)
    check(one, expected, rtol=1e-9)
    check(two, 2 * expected, rtol=1e-9)
    assert (one.device, one.cycle, two.cycle) == ("W3B5", 1, 2)
    assert "no current" in one.provenance.guesses[0]


@pytest.mark.parametrize("compressed", [False, True])
def test_matlab_5(tmp_path, compressed):
    one, two = read_sweeps(put(tmp_path / "a.mat", samples.matlab5(compressed=compressed)))
    check(one)
    check(two, 2 * CURRENT)
    assert (one.cycle, two.cycle) == (1, 2)
    assert one.compliance_current == 1e-3
    assert value(one, SettingName.SAMPLE) == "A7"


def test_matlab_7_3(tmp_path):
    (sweep,) = read_sweeps(put(tmp_path / "a.mat", samples.matlab73()))
    check(sweep, time=TIME)
    assert value(sweep, SettingName.SAMPLE) == "A7"


def test_hdf5_groups_are_devices(tmp_path):
    one, two = read_sweeps(put(tmp_path / "a.h5", samples.hdf5()))
    sweeps = {sweep.device: sweep for sweep in (one, two)}
    assert sorted(sweeps) == ["dev1", "dev2"]
    check(sweeps["dev1"])
    check(sweeps["dev2"], 2 * CURRENT)
    assert value(one, SettingName.TEMPERATURE) == 300.0


def test_labber(tmp_path):
    sweeps = read_sweeps(put(tmp_path / "a.hdf5", samples.labber()))
    assert [len(sweep) for sweep in sweeps] == [41, 41, 20]
    check(sweeps[1], 2 * CURRENT)
    assert value(sweeps[0], SettingName.OPERATOR) == "Ann"


def test_qcodes_netcdf(tmp_path):
    (sweep,) = read_sweeps(put(tmp_path / "a.nc", samples.qcodes()))
    check(sweep)
    assert value(sweep, SettingName.SAMPLE) == "S12"
    assert value(sweep, SettingName.DATE) == "2023-11-20 10:00:00"
    stepped = read_sweeps(put(tmp_path / "b.nc", samples.qcodes(outer=3)))
    assert [sweep.cycle for sweep in stepped] == [1, 2, 3]
    check(stepped[2], 3 * CURRENT)


def test_tdms_rebuilds_the_time(tmp_path):
    (sweep,) = read_sweeps(put(tmp_path / "a.tdms", samples.tdms()))
    check(sweep, time=TIME)
    assert sweep.compliance_current == pytest.approx(1e-3)


def test_a_missing_package_is_named_with_the_way_to_install_it(tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "pinched.data.readers._optional.find_spec", lambda name: None if name == "nptdms" else real(name)
    )
    with pytest.raises(DataFileError, match=r"pip install pinched\[formats\]"):
        read_sweeps(put(tmp_path / "a.tdms", samples.tdms()))


@pytest.mark.parametrize("x_columns", ["One", "No"])
def test_lvm(tmp_path, x_columns):
    (sweep,) = read_sweeps(put(tmp_path / "a.lvm", samples.lvm(x_columns)))
    check(sweep, time=TIME)
    assert value(sweep, SettingName.OPERATOR) == "Ann"


def test_a_scope_needs_its_shunt(tmp_path):
    path = put(tmp_path / "a.csv", samples.scope_headed())
    with pytest.raises(DataFileError, match="no current"):
        read_sweeps(path)
    for options in (
        ReadOptions(shunt="50 ohm"),
        ReadOptions(shunt=50, columns=Columns(voltage="CH1", current="CH2")),
    ):
        (sweep,) = read_sweeps(path, options)
        check(sweep, time=TIME, rtol=1e-9)
        assert any("50 ohm" in guess for guess in sweep.provenance.guesses)


@pytest.mark.parametrize("write", [samples.rigol, samples.siglent])
def test_scopes_with_two_channels(tmp_path, write):
    (sweep,) = read_sweeps(put(tmp_path / "a.csv", write()), ReadOptions(shunt=50))
    check(sweep, time=TIME - 1 if write is samples.rigol else TIME, rtol=1e-9)


def test_a_scope_file_that_ends_early_is_refused(tmp_path):
    for content in (samples.scope_headed(), samples.siglent(), samples.lecroy(), samples.scope()):
        short = b"\n".join(content.split(b"\n")[:-6]) + b"\n"
        with pytest.raises(DataFileError, match="cut off"):
            read_sweeps(put(tmp_path / "a.csv", short))


def test_segments_are_records_of_their_own():
    tables = SCOPE.read(samples.lecroy(segments=3), "a.csv", Dialect())
    assert [len(table.lines) for table in tables] == [LOOP.size] * 3
    assert all(table.units == ("s", "V") for table in tables)


def test_netcdf_3(tmp_path):
    (sweep,) = read_sweeps(put(tmp_path / "a.nc", samples.netcdf3()))
    check(sweep)
    assert value(sweep, SettingName.SAMPLE) == "A7"


def test_complex_numbers_of_a_simulator_are_refused(tmp_path):
    content = samples.spice(binary=True).replace(b"Flags: real", b"Flags: complex")
    with pytest.raises(DataFileError, match="AC analysis"):
        read_sweeps(put(tmp_path / "a.raw", content))


def test_a_scope_file_of_one_channel_says_what_is_missing(tmp_path):
    with pytest.raises(DataFileError, match="a voltage but no current"):
        read_sweeps(put(tmp_path / "F0001CH1.CSV", samples.scope()))


def test_mdm(tmp_path):
    one, two = read_sweeps(put(tmp_path / "a.mdm", samples.mdm()))
    check(one)
    check(two, 2 * CURRENT)
    assert one.compliance_current == 1e-3
    assert value(one, SettingName.TEMPERATURE) == pytest.approx(300.15)
    assert value(one, SettingName.AREA) == pytest.approx(25e-12)
    assert (value(one, "vg"), value(two, "vg")) == (0.0, 1.0)


@pytest.mark.parametrize("binary", [False, True])
def test_spice_currents_are_the_device_s(tmp_path, binary):
    (sweep,) = read_sweeps(put(tmp_path / "a.raw", samples.spice(binary=binary)))
    check(sweep, np.abs(CURRENT) * np.sign(LOOP), time=TIME)
    assert sweep.provenance.simulated_by
    assert any("turned round" in guess for guess in sweep.provenance.guesses)


def test_ltspice(tmp_path):
    (sweep,) = read_sweeps(put(tmp_path / "a.raw", samples.ltspice()))
    check(sweep, 1e-3 * LOOP, time=TIME, rtol=1e-6)


@pytest.mark.parametrize("names", ["", " time v(te) time i(vs)\n"])
def test_wrdata(tmp_path, names):
    rows = "".join(
        f" {t:.8e}  {v:.8e}  {t:.8e}  {i:.8e} \n" for t, v, i in zip(TIME, LOOP, CURRENT, strict=True)
    )
    (sweep,) = read_sweeps(put(tmp_path / "a.txt", (names + rows).encode()))
    check(sweep, time=TIME, rtol=1e-7)


def test_xyce_prn(tmp_path):
    rows = "".join(
        f"{k:<8d}{t:.8e}   {v:.8e}   {i:.8e}\n"
        for k, (t, v, i) in enumerate(zip(TIME, LOOP, CURRENT, strict=True))
    )
    text = "Index   TIME   V(TE)   I(VS)\n" + rows + "End of Xyce(TM) Simulation\n"
    (sweep,) = read_sweeps(put(tmp_path / "a.prn", text.encode()))
    check(sweep, time=TIME, rtol=1e-7)


@pytest.mark.parametrize("tab", ["\t", "        "])
def test_pymeasure(tmp_path, tab):
    (sweep,) = read_sweeps(put(tmp_path / "DATA2026-06-21_1.csv", samples.pymeasure(tab)))
    check(sweep)
    assert sweep.compliance_current == pytest.approx(1e-4)
    assert value(sweep, SettingName.TEMPERATURE) == pytest.approx(298.15)
    assert value(sweep, SettingName.DELAY) == pytest.approx(0.02)


def test_a_second_header_row_of_experiment_numbers(tmp_path):
    sweeps = read_sweeps(put(tmp_path / "a.xlsx", samples.experiment_rows()))
    assert [sweep.cycle for sweep in sweeps] == [4, 5, 6]
    check(sweeps[2], 3 * CURRENT)


def test_a_second_header_row_of_names(tmp_path):
    text = "Voltage (V)\tCurrent (A)\t\n\texp 7\texp 9\n" + samples.lines(
        LOOP, CURRENT, 2 * CURRENT, mark="\t"
    )
    one, two = read_sweeps(put(tmp_path / "a.txt", text.encode()))
    assert (one.cycle, two.cycle) == (7, 9)
    check(two, 2 * CURRENT)


def test_sizes_that_a_header_claims_are_checked_first(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name in ("V", "I"):
            file.create_dataset(name, shape=(10**10,), dtype="f8", chunks=(1000,))
    with pytest.raises(DataFileError, match="claims 80000 MB"):
        read_sweeps(tmp_path / "a.h5")
    huge = samples.spice(binary=True).replace(b"No. Points: 41", b"No. Points: 99999999")
    with pytest.raises(DataFileError, match="cut off"):
        read_sweeps(put(tmp_path / "a.raw", huge))


def test_heavy_packages_are_not_imported_for_text(tmp_path):
    code = (
        "import sys; from pinched.data.read import read_sweeps; read_sweeps(sys.argv[1]);"
        "print([m for m in ('h5py', 'nptdms', 'scipy.io', 'torch') if m in sys.modules])"
    )
    path = put(tmp_path / "a.csv", ("V,I\n" + samples.lines(LOOP, CURRENT, mark=",")).encode())
    import subprocess

    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
