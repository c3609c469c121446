"""Many processes give what one gives, plug-ins are guarded, memory stays below ten times the file."""

import tracemalloc
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import samples
from data.layouts.instruments import INSTRUMENTS
from data.layouts.texts import TEXTS
from data.limits import within
from pinched._errors import DataFileError, PinchedError
from pinched.data import load
from pinched.data.read import ReadOptions, read_folder, read_sweeps
from pinched.data.read_other import read_any_folder
from pinched.data.readers import READERS, Reader, plugin_readers
from pinched.data.settings import Origin, Setting, SettingName, find, merged
from pinched.data.stated import stated_settings
from pinched.data.table import RawTable


def same(one, two):
    assert [(s.device, s.cycle, s.provenance, s.settings) for s in one.sweeps] == [
        (s.device, s.cycle, s.provenance, s.settings) for s in two.sweeps
    ]
    for a, b in zip(one.sweeps, two.sweeps, strict=True):
        np.testing.assert_array_equal(a.voltage, b.voltage)
        np.testing.assert_array_equal(a.current, b.current)
    assert list(map(str, one.skipped)) == list(map(str, two.skipped))
    assert one.passed_over == two.passed_over


def test_processes_change_nothing(tmp_path, monkeypatch):
    for k in range(12):
        rows = samples.lines(samples.LOOP, samples.CURRENT * (k + 1), mark=",")
        (tmp_path / f"r{k}.csv").write_text("V,I\n" + rows)
    (tmp_path / "bad.csv").write_text("junk")
    (tmp_path / "twin.csv").write_text((tmp_path / "r3.csv").read_text())
    (tmp_path / "drift.csv").write_text("t,r\n0,1e4\n1,1e4\n2,1e4\n")
    (tmp_path / "book.xlsx").write_bytes(samples.keithley_book())
    monkeypatch.setattr(load, "PARALLEL_FROM", 5)
    alone, shared = read_folder(tmp_path), read_folder(tmp_path, workers=2)
    assert len(alone.sweeps) == 13
    assert len(alone.skipped) == 3
    same(alone, shared)
    one, two = read_any_folder(tmp_path), read_any_folder(tmp_path, workers=2)
    assert [type(r) for r in one.records] == [type(r) for r in two.records]


class Gadget:
    """A laboratory's reader, as an entry point would name it."""

    name = "gadget"

    def sniff(self, head, name):  # noqa: ARG002
        return 1.0 if head.startswith(b"GADGET") else 0.0

    def read(self, content, path, dialect):  # noqa: ARG002
        if b"broken" in content:
            raise KeyError("voltage")
        numbers = np.column_stack([samples.LOOP, samples.CURRENT])
        return [RawTable(heads=("V", "I"), numbers=numbers, texts={}, lines=np.arange(1, 42))]


class Grumpy(Gadget):
    name = "grumpy"

    def sniff(self, head, name):  # noqa: ARG002
        raise RuntimeError("no idea")


def points(*names):
    return [EntryPoint(name, f"data.test_load:{name}", "pinched.readers") for name in names]


def test_a_laboratory_adds_its_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(load, "plugin_readers", lambda: plugin_readers(lambda: points("Gadget")))
    (tmp_path / "a.bin").write_bytes(b"GADGET 1 2 3")
    (sweep,) = read_sweeps(tmp_path)
    np.testing.assert_array_equal(sweep.current, samples.CURRENT)
    (tmp_path / "a.bin").write_bytes(b"GADGET broken")
    with pytest.raises(DataFileError, match=r"plug-in 'gadget' failed \(KeyError"):
        read_sweeps(tmp_path)


def test_broken_plug_ins_are_reported_and_left_out(tmp_path, monkeypatch):
    found = plugin_readers(lambda: points("Gadget", "Grumpy", "Missing", "samples"))
    assert [reader.name for reader in found.readers] == ["gadget", "grumpy"]
    assert len(found.notes) == 2
    assert all("left out" in note for note in found.notes)
    assert found.readers[1].sniff(b"x", "x") == 0.0
    monkeypatch.setattr(load, "plugin_readers", lambda: plugin_readers(lambda: points("Missing")))
    (tmp_path / "a.csv").write_text("V,I\n" + samples.lines(samples.LOOP, samples.CURRENT, mark=","))
    result = read_folder(tmp_path)
    assert len(result.sweeps) == 1
    assert any("Missing" in note for note in result.passed_over)


def test_every_reader_is_sure_of_its_own_files_only():
    for name, write in samples.ALL.items():
        content = write()
        sure = sorted((reader.sniff(content[:16384], name), reader.name) for reader in READERS)
        assert sure[-1][0] > 0.5, name
        assert sure[-2][0] < sure[-1][0], (name, sure[-2:])


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Temperature: 25 C", SettingName.TEMPERATURE, 298.15),
        ("temperature (K) = 300", SettingName.TEMPERATURE, 300.0),
        ("Temperature: 25", SettingName.TEMPERATURE, None),
        ("Area (um2): 25", SettingName.AREA, 25e-12),
        ("device area: 1e-4 cm^2", SettingName.AREA, 1e-8),
        ("scan rate: 100 mV/s", SettingName.SWEEP_RATE, 0.1),
        ("Sweep delay, 20 ms", SettingName.DELAY, 0.02),
        ("# Sample: TiO2-7", SettingName.SAMPLE, "TiO2-7"),
        ("Compliance: 5 V", SettingName.COMPLIANCE_CURRENT, None),
        ("Compliance: -1 mA", SettingName.COMPLIANCE_CURRENT, 1e-3),
        ("Series resistance: 1 kohm", SettingName.SERIES_RESISTANCE, 1e3),
        ("Read voltage (mV): 200", SettingName.READ_VOLTAGE, 0.2),
        ("The area: was small", SettingName.AREA, None),
    ],
)
def test_stated_settings(line, name, value):
    found = find(stated_settings([line]).settings, name)
    assert found.value == (value if value is None or isinstance(value, str) else pytest.approx(value))
    assert found.origin is (Origin.UNKNOWN if value is None else Origin.FILE)


def test_settings_merge_and_contradict():
    user, file = Setting("area", 1.0, "m2", Origin.USER), Setting("area", 2.0, "m2")
    assert merged([user], [file]) == (user,)
    with pytest.raises(PinchedError, match="origin"):
        Setting("area", 1.0, "m2", Origin.UNKNOWN)


def peak(path, options=None):
    tracemalloc.start()
    try:
        read_sweeps(path, options)
        return tracemalloc.get_traced_memory()[1] / path.stat().st_size
    finally:
        tracemalloc.stop()


def written(path, rows, *, ragged):
    n = np.arange(rows)
    v, t = 2 * np.sin(n / 100), 0.083 * n
    text = "".join(f"{a:.9g},{b:.12g},{1e-3 * b:.12g}\n" for a, b in zip(t.tolist(), v.tolist(), strict=True))
    if ragged:
        # Row by row, because of the missing value in a column that nobody needs.
        text = text.replace("\n", ",1\n").replace(",1\n", ",\n", 1)
    path.write_text(("Time (s),V (V),I (A),x\n" if ragged else "Time (s),V (V),I (A)\n") + text)
    return path


def test_memory_stays_below_ten_times_the_file(tmp_path):
    assert peak(written(tmp_path / "a.csv", 12_000, ragged=False)) < 10
    head = (
        "Title: x\nDate: x\nPlotname: x\nFlags: real\nNo. Variables: 3\nNo. Points: 12000\nVariables:\n"
        "\t0\ttime\ttime\n\t1\tv(a)\tvoltage\n\t2\ti(b)\tcurrent\nBinary:\n"
    )
    path = tmp_path / "a.raw"
    v = 2 * np.sin(np.arange(12_000) / 100)
    path.write_bytes(head.encode() + np.column_stack([np.arange(12_000.0), v, 1e-3 * v]).tobytes())
    assert peak(path) < 10


@pytest.mark.slow
def test_memory_of_a_large_file_with_gaps(tmp_path):
    assert peak(written(tmp_path / "a.csv", 40_000, ragged=True)) < 10


def survive(path, content, options=None):
    """Whatever the bytes are: records or a `PinchedError` that we foresaw, nothing else, and soon."""
    path.write_bytes(content)
    try:
        with within(60):
            result = read_any_folder([path], options)
    except PinchedError as error:
        raise AssertionError("a bad file must not end the reading of a folder") from error
    for error in result.skipped:
        assert "Please report" not in str(error), error


def looked_at(few, many):
    """Examples that a test draws: few by default, many among the slow tests."""
    return pytest.mark.parametrize(
        "examples", [few, pytest.param(many, marks=pytest.mark.slow)], ids=["few", "many"]
    )


def searched(examples):
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


@looked_at(8, 40)
@pytest.mark.parametrize("name", sorted(samples.ALL))
def test_mutated_files(tmp_path, name, examples):
    whole = samples.ALL[name]()

    @searched(examples)
    @given(
        cut=st.floats(0, 1),
        changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4),
        near=st.booleans(),
    )
    def check(cut, changes, near):
        survive(tmp_path / name, whole[: int(cut * len(whole))])
        changed = bytearray(whole)
        for at, byte in changes:
            # Headers stand at the top: half of the changes fall there.
            changed[int(at * (min(len(whole), 600) - 1 if near else len(whole) - 1))] = byte
        survive(tmp_path / name, bytes(changed))

    check()


@looked_at(25, 120)
def test_mutated_layouts(tmp_path, examples):
    """Characters changed, the end cut off, or the file once more behind itself."""

    @searched(examples)
    @given(
        name=st.sampled_from(sorted(TEXTS | INSTRUMENTS)),
        cut=st.floats(0, 1),
        changes=st.lists(
            st.tuples(st.floats(0, 1), st.sampled_from(list(",;\t\n .-eE'\"#0:(VA"))), max_size=5
        ),
        again=st.booleans(),
    )
    def check(name, cut, changes, again):
        whole = (TEXTS | INSTRUMENTS)[name].bytes
        changed = bytearray(whole * (2 if again else 1))
        for at, mark in changes:
            changed[int(at * (len(changed) - 1))] = ord(mark)
        survive(tmp_path / "a.csv", bytes(changed[: int(cut * len(changed))]))
        survive(tmp_path / "a.csv", bytes(changed), ReadOptions(drop_bad_rows=True, shunt=50))

    check()


@looked_at(25, 120)
def test_any_labelled_lines(tmp_path, examples):
    @searched(examples)
    @given(
        lines=st.lists(
            st.tuples(
                st.sampled_from(["Gprog", "R", "(U2,1)", "V", "t=1", "I:", "#x", ""]),
                st.lists(st.sampled_from(["1e-6", "2", "nan", "x", "", "-1", "9.9e37"]), max_size=8),
            ),
            max_size=8,
        ),
        mark=st.sampled_from([",", ", ", "\t", " "]),
    )
    def check(lines, mark):
        text = "\n".join(mark.join([label, *cells]) for label, cells in lines)
        survive(tmp_path / "a.txt", text.encode())
        survive(tmp_path / "a.txt", text.encode(), ReadOptions(drop_bad_rows=True, state_unit="uS"))

    check()


@looked_at(15, 80)
def test_mutated_real_files(tmp_path, measurements, examples):
    files = sorted(p for p in measurements.rglob("*") if p.suffix in (".csv", ".txt", ".xls", ".dat"))

    @searched(examples)
    @given(pick=st.integers(0, 10**6), cut=st.floats(0, 1), at=st.floats(0, 1), byte=st.integers(0, 255))
    def check(pick, cut, at, byte):
        path = files[pick % len(files)]
        whole = path.read_bytes()[:60_000] if path.suffix != ".xls" else path.read_bytes()
        survive(tmp_path / path.name, whole[: int(cut * len(whole))])
        changed = bytearray(whole)
        changed[int(at * (len(whole) - 1))] = byte
        survive(tmp_path / path.name, bytes(changed))

    check()


def test_a_reader_is_a_plain_record():
    assert all(isinstance(reader, Reader) for reader in READERS)
