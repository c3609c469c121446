"""`pinched.toml` and `samples.csv`: what is written is read back, and every mistake is named with its line."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.data.names import NamePattern
from pinched.data.options import Columns, DeviceNaming, ReadOptions
from pinched.data.samples import apply_samples, join_samples, read_samples
from pinched.data.settings import Origin, Setting
from pinched.data.study import FILE, StudyFile, find_study, joined_options, read_study, write_study
from pinched.data.sweep import IVSweep

FULL = StudyFile(
    name_pattern=NamePattern("{device}/{stop}V_{cycle}", p_is_point=True),
    samples='sam"ples ü.csv',
    read_voltage="0.1 V",
    reading=ReadOptions(
        columns=Columns(voltage="V1", current=2),
        current_unit="uA",
        separator="\t",
        compliance_current=1e-4,
        flip=True,
        device_from=DeviceNaming.NAME,
    ),
)


@pytest.mark.parametrize(
    "study", [FULL, StudyFile(), StudyFile(read_voltage=0.2), StudyFile(reading=FULL.reading)]
)
def test_what_is_written_is_read_back(tmp_path, study):
    assert write_study(tmp_path, study) == tmp_path / FILE
    assert read_study(tmp_path) == study


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@given(samples=TEXT, voltage=TEXT.filter(bool), current=st.integers(1, 99), limit=st.floats(1e-12, 1.0))
def test_any_text_survives_the_writer(tmp_path_factory, samples, voltage, current, limit):
    folder = tmp_path_factory.mktemp("study")
    study = StudyFile(
        samples=samples,
        reading=ReadOptions(columns=Columns(voltage=voltage, current=current), compliance_current=limit),
    )
    write_study(folder, study)
    assert read_study(folder) == study


def test_every_option_for_reading_is_a_key(tmp_path):
    """A new field of ReadOptions is understood without a second list."""
    for field in dataclasses.fields(ReadOptions):
        if field.name in ("columns", "device_from"):
            continue
        value = {"decimal": '","', "separator": '";"', "voltage_unit": '"mV"', "current_unit": '"mA"'}.get(
            field.name
        )
        given_values = ['"ms"', '"1 A"', '"1 ohm"', '"uS"', '"x"', "true", "1"] if value is None else [value]
        for text in given_values:
            (tmp_path / FILE).write_text(f"[reading]\n{field.name} = {text}\n")
            try:
                found = getattr(read_study(tmp_path).reading, field.name)
            except PinchedError:
                continue
            assert found != field.default
            break
        else:
            pytest.fail(f"no value fits {field.name}")


def test_a_name_pattern_lets_the_path_tell_devices_apart(tmp_path):
    (tmp_path / FILE).write_text('name_pattern = "{device}_{cycle}"\n')
    assert read_study(tmp_path).reading.device_from is DeviceNaming.PATH
    (tmp_path / FILE).write_text('name_pattern = "{device}_{cycle}"\n[reading]\ndevice_from = "one"\n')
    assert read_study(tmp_path).reading.device_from is DeviceNaming.ONE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('name_patern = "x"', ["line 1", "name_patern", "Did you mean 'name_pattern'"]),
        ("\n\nread_voltage = true", ["line 3", "read_voltage", "wrong type"]),
        ('read_voltage = "0 V"', ["line 1", "above zero"]),
        ('read_voltage = "1 A"', ["line 1", "V is wanted"]),
        ('[reading]\nflip = "yes"', ["line 2", "reading.flip", "true or false"]),
        ('[reading]\ndevice_from = "nam"', ["line 2", "name, path, folder, one"]),
        ("[reading]\ndevice_from = [1]", ["line 2", "name, path, folder, one"]),
        ('[reading]\n\ncurrent_unit = "V"', ["line 3", "reading.current_unit", "no unit in A"]),
        ("[reading]\nflip = true\ncompliance_current = nan", ["line 3", "compliance_current"]),
        ("[reading]\ncolumns = 3", ["line 2", "not known"]),
        ("[columns]\nvoltage = 1.5", ["line 2", "columns.voltage", "text between quotes or a whole number"]),
        ("[columns]\nvolt = 1", ["line 2", "Did you mean 'voltage'"]),
        ("reading = 3", ["line 1", "[reading]"]),
        ("reading.flip = 3", ["line 1", "reading.flip"]),
        ('name_pattern = "{a}{b}"', ["line 1", "side by side"]),
        ("a = ", ["line 1", "no TOML"]),
        ('a = "open', ["no TOML"]),
    ],
)
def test_mistakes_name_line_key_and_cure(tmp_path, text, words):
    (tmp_path / FILE).write_text(text + "\n")
    with pytest.raises(PinchedError) as error:
        read_study(tmp_path)
    for word in [FILE, *words]:
        assert word in str(error.value)


def test_files_that_are_no_text_or_missing(tmp_path):
    with pytest.raises(PinchedError, match="no such file"):
        read_study(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xff\xfe\xff")
    with pytest.raises(PinchedError, match="UTF-8"):
        read_study(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xef\xbb\xbfread_voltage = 0.2\r\n")
    assert read_study(tmp_path).read_voltage == 0.2


def test_a_file_with_comments_is_not_overwritten(tmp_path):
    (tmp_path / FILE).write_text("# thesis\n")
    with pytest.raises(PinchedError, match="exists"):
        write_study(tmp_path, FULL)
    assert (tmp_path / FILE).read_text() == "# thesis\n"
    write_study(tmp_path, FULL, replace=True)
    assert read_study(tmp_path) == FULL
    with pytest.raises(PinchedError, match="no valid text"):
        write_study(tmp_path, StudyFile(samples="\ud800"), replace=True)
    assert read_study(tmp_path) == FULL


def test_the_nearest_study_counts(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / FILE).touch()
    assert find_study(inner / "x.csv") == tmp_path
    (inner / FILE).touch()
    assert find_study(inner) == inner


def test_what_is_said_now_wins_over_the_study():
    study = ReadOptions(columns=Columns(voltage="V1", time="t"), current_unit="uA", flip=True)
    said = ReadOptions(columns=Columns(voltage="V2"), current_unit="nA")
    found = joined_options(said, study)
    assert found.columns == Columns(voltage="V2", time="t")
    assert (found.current_unit, found.flip) == ("nA", True)
    assert joined_options(ReadOptions(), study) == study


def samples(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "samples.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_samples_are_si_with_their_place(tmp_path):
    path = samples(
        tmp_path, '# wafer 3\nDevice,area (um2),thickness [nm],note,T / C\nd1,100,5.5,"a, b",25\nd2,,,,\n'
    )
    table = read_samples(path)
    assert table.columns == ("area", "thickness", "note", "T")
    assert {item.name: item.value for item in table.rows["d1"]} == {
        "area": 1e-10, "thickness": 5.5e-9, "note": "a, b", "T": 298.15,
    }  # fmt: skip
    assert {item.unit for item in table.rows["d1"]} == {"m2", "m", "", "K"}
    assert all(item.origin is Origin.USER for item in table.rows["d1"])
    assert table.rows["d1"][0].place == "samples.csv, line 3"
    assert table.rows["d2"] == ()


def test_tables_of_a_german_excel(tmp_path):
    table = read_samples(samples(tmp_path, "device;area (µm2);x\r\nd1;1,5;a,b\r\n", "cp1252"))
    assert [item.value for item in table.rows["d1"]] == [1.5e-12, "a,b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,area\nd1,3\n", ["line 1", "no column 'device'", "name, area"]),
        ("device,area\nd1,3\n\nd1,4\n", ["line 4", "'d1'", "line 2"]),
        ("device,area\n,3\n", ["line 2", "empty"]),
        ("device,area\nd1\n", ["line 2", "1 cells under 2 heads"]),
        ("device,area (um2)\nd1,big\n", ["line 2", "'big'", "no number"]),
        ("device,a,A\nd1,1,2\n", ["line 1", "several columns"]),
        ("device,\nd1,1\n", ["line 1", "no head"]),
        ("device,a\n", ["no row"]),
        ("# only\n", ["no table"]),
    ],
)
def test_mistakes_in_samples_name_the_line(tmp_path, text, words):
    with pytest.raises(PinchedError) as error:
        read_samples(samples(tmp_path, text))
    for word in ["samples.csv", *words]:
        assert word in str(error.value)


def test_samples_join_by_device(tmp_path):
    table = read_samples(samples(tmp_path, "device,area (um2)\nd1,100\nd2,200\nd9,1\n"))
    v = np.linspace(0, 1, 5)
    own = (Setting("area", 1.0, "m2"), Setting("date", "today"))
    sweeps = [IVSweep(voltage=v, current=v, device=name, settings=own) for name in ("d2", "d1", "d2")]
    assert list(join_samples(sweeps, table)) == ["d2", "d1"]
    found = apply_samples(sweeps, table)
    assert [s.settings[0].value for s in found] == [2e-10, 1e-10, 2e-10]
    assert [item.name for item in found[0].settings] == ["area", "date"]
    with pytest.raises(PinchedError, match=r"'d11' \(and 1 more\); it has d1"):
        join_samples(["d1", "d11", "x"], table)
