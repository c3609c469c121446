"""A folder as it lies on a disk: samples joined, contradictions told, channels joined, a first study written."""

import numpy as np
import pytest

from data import samples
from data.samples import CURRENT, LOOP
from pinched._errors import PinchedError
from pinched.data.kinds import DataKind
from pinched.data.options import DeviceNaming, ReadOptions
from pinched.data.study import FILE, read_study
from pinched.extraction.inspecting import inspect_study, start_study
from pinched.extraction.suspicions import Doubt

PLAIN = ReadOptions()


@pytest.fixture
def folder(tmp_path):
    for device in ("d1", "d2"):
        (tmp_path / device).mkdir()
        for cycle in (1, 2):
            top = "# stack: Pt/HfO2\n" if device == "d1" else ""
            scale = cycle * (1 if device == "d1" else 3)
            rows = samples.lines(LOOP, scale * CURRENT, mark=",")
            (tmp_path / device / f"25um_2V_{cycle}.csv").write_text(f"{top}V (V),I (A)\n{rows}")
    return tmp_path


def doubts(found, doubt):
    return [item.text for file in found.files for item in file.suspicions if item.doubt is doubt]


def test_a_clash_between_name_file_and_samples_is_told(folder):
    (folder / "samples.csv").write_text("device,size (um),stack\nd1,30,Pt/TiO2\nd9,25,Pt/HfO2\n")
    found = inspect_study([folder], PLAIN)
    assert found.samples == str(folder / "samples.csv")
    assert found.samples_unused == ("d9",)
    assert len(found.files) == 4  # the table of samples is no measurement
    told = doubts(found, Doubt.CLASH)
    assert any("the name says size 25 um, samples.csv says 30 um" in text for text in told)
    assert any("samples.csv says stack 'Pt/TiO2', the file says 'Pt/HfO2'" in text for text in told)
    assert doubts(found, Doubt.SAMPLE_UNKNOWN) == ["samples.csv has no row for device 'd2'"] * 2
    # What a person wrote into the table counts first.
    assert next(item.value for item in found.files[0].settings if item.name == "stack") == "Pt/TiO2"


def test_no_clash_where_all_agree(folder):
    (folder / "samples.csv").write_text("device,size (um),stack\nd1,25,pt/hfo2\nd2,25,\n")
    found = inspect_study([folder], PLAIN)
    assert doubts(found, Doubt.CLASH) == doubts(found, Doubt.SAMPLE_UNKNOWN) == []


def test_a_first_study_is_written_once(folder):
    (folder / "samples.csv").write_text("device,area (um2)\nd1,25\nd2,25\n")
    said = ReadOptions(compliance_current="1 mA")
    found = inspect_study([folder], said)
    path = start_study(found, said)
    assert path == folder / FILE
    study = read_study(folder)
    assert study.name_pattern == found.proposal.pattern
    assert (study.samples, study.reading.compliance_current) == ("samples.csv", "1 mA")
    assert study.reading.device_from is DeviceNaming.PATH
    text = path.read_text()
    with pytest.raises(PinchedError, match="exists"):
        start_study(inspect_study([folder], PLAIN), PLAIN)
    assert path.read_text() == text
    again = inspect_study([folder], PLAIN)
    assert {file.devices for file in again.files} == {("d1",), ("d2",)}
    assert all(file.compliance.stated == (1e-3,) for file in again.files)


def test_nothing_is_written_where_nothing_is_known(tmp_path):
    (tmp_path / "a.csv").write_text("V,I\n" + samples.lines(LOOP, CURRENT, mark=","))
    with pytest.raises(PinchedError, match="nothing to write"):
        start_study(inspect_study([tmp_path], PLAIN), PLAIN)
    assert not (tmp_path / FILE).exists()


def test_channels_of_one_record_are_told_together(tmp_path):
    (tmp_path / "F1CH1.CSV").write_bytes(samples.scope("CH1", LOOP + 50 * CURRENT))
    (tmp_path / "F1CH2.CSV").write_bytes(samples.scope("CH2", 50 * CURRENT))
    one, two = inspect_study([tmp_path], ReadOptions(shunt="50 ohm")).files
    assert (one.kind, one.sweeps, one.problem, one.devices) == (DataKind.SWEEP, 1, "", ("F1",))
    np.testing.assert_allclose(one.sampling.voltage_range, (-1, 1), atol=1e-12)
    assert (two.part_of, two.problem, two.sweeps) == (one.file, "", 0)
    for file in inspect_study([tmp_path], PLAIN).files:
        assert "--shunt" in file.problem


def test_a_unit_that_is_none_and_a_column_of_no_use_are_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("V (V),I (arb),glow\n" + samples.lines(LOOP, CURRENT, CURRENT[::-1], mark=","))
    (file,) = inspect_study([path], PLAIN).files
    found = {item.doubt: item for item in file.suspicions}
    assert "'arb' is no unit" in found[Doubt.UNKNOWN_UNIT].text
    assert found[Doubt.UNKNOWN_UNIT].place == "column 2 'I (arb)'"
    assert "not used" in found[Doubt.TRAILING_COLUMN].text
    path.write_text(
        "V (V),I (A) (forward sweep),I (SMU1)\n" + samples.lines(LOOP, CURRENT, 2 * CURRENT, mark=",")
    )
    (file,) = inspect_study([path], PLAIN).files
    assert Doubt.TRAILING_COLUMN not in {item.doubt for item in file.suspicions}
