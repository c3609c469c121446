"""Files written here come back number by number; real files of eight laboratories give what is known of them."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinched._errors import DataFileError, PinchedError
from pinched.data.read import Columns, DeviceNaming, ReadOptions, read_folder, read_sweeps

LOOP = np.concatenate([np.arange(0, 10), np.arange(10, -10, -1), np.arange(-10, 1)]) / 10
CURRENT = 1e-4 * LOOP**3 + 3.7e-6 * np.sin(np.arange(LOOP.size))
TIME = 0.25 * np.arange(LOOP.size)


def text(*columns, head="V,I", separator=",", decimal=".", end="\n", first=""):
    rows = [
        separator.join(f"{value:.12e}".replace(".", decimal) for value in row)
        for row in zip(*columns, strict=True)
    ]
    return first + end.join(([head] if head else []) + rows) + end


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def check(sweep, voltage=LOOP, current=CURRENT, time=None):
    np.testing.assert_allclose(sweep.voltage, voltage, rtol=1e-12, atol=0)
    np.testing.assert_allclose(sweep.current, current, rtol=1e-11, atol=0)
    if time is not None:
        np.testing.assert_allclose(sweep.time, time, rtol=1e-12, atol=0)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    separator=st.sampled_from([",", ";", "\t", " ", "   ", ", "]),
    decimal=st.sampled_from([".", ","]),
    unit=st.sampled_from(
        [("V", 1.0, "A", 1.0), ("mV", 1e-3, "uA", 1e-6), ("V", 1.0, "nA", 1e-9), ("kV", 1e3, "mA", 1e-3)]
    ),
    bracket=st.sampled_from(["{} ({})", "{} [{}]", "{}({})"]),
    names=st.sampled_from([("t", "V", "I"), ("Time", "Voltage", "Current"), ("time", "Vtop", "Itop")]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    trailing=st.booleans(),
    bom=st.booleans(),
    comment=st.sampled_from(["", "# measured on Monday\n", "% 12 3\n"]),
    order=st.permutations([0, 1, 2]),
)  # fmt: skip
def test_any_dialect_gives_back_the_numbers(
    tmp_path, separator, decimal, unit, bracket, names, end, trailing, bom, comment, order
):
    if separator.strip() == "," and decimal == ",":
        return
    v_unit, v_factor, i_unit, i_factor = unit
    columns = [TIME, LOOP / v_factor, CURRENT / i_factor]
    heads = [bracket.format(name, u) for name, u in zip(names, ("s", v_unit, i_unit), strict=True)]
    mark = separator
    head = mark.join(heads[k] for k in order)
    body = text(
        *(columns[k] for k in order), head=head, separator=mark, decimal=decimal, end=end, first=comment
    )
    if trailing and separator in (",", ";"):
        body = body.replace(end, separator + end)
    path = write(tmp_path / "loop.csv", body.encode("utf-8-sig" if bom else "utf-8"))
    (sweep,) = read_sweeps(path)
    check(sweep, time=TIME)
    assert sweep.device == "loop"
    assert sweep.cycle == 1
    assert any("comma" in guess for guess in sweep.provenance.guesses) == (decimal == ",")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings(tmp_path, encoding):
    path = write(
        tmp_path / "a.csv",
        text(LOOP, CURRENT * 1e6, head="Spannung (V);Strom (µA)", separator=";").encode(encoding),
    )
    check(read_sweeps(path)[0])


def test_provenance_names_what_was_stated_and_what_was_guessed(tmp_path):
    stated = write(tmp_path / "a.csv", text(LOOP, CURRENT, head="Voltage (V),Current (A)"))
    silent = write(tmp_path / "b.csv", text(LOOP, CURRENT * 2, head="V,I", first="Sample X\n\n"))
    one, two = read_sweeps([stated, silent])
    assert one.provenance.guesses == ()
    assert one.provenance.columns == ("Voltage (V)", "Current (A)")
    assert one.provenance.first_line == 2
    assert len(one.provenance.sha256) == 64
    assert two.provenance.first_line == 4
    assert "column 2 'I' taken as current in A: the head states no unit" in two.provenance.guesses


def test_units_row_under_the_head(tmp_path):
    rows = text(LOOP * 1e3, CURRENT * 1e9, head="Voltage\tCurrent\nmV\tnA", separator="\t")
    (sweep,) = read_sweeps(write(tmp_path / "a.txt", rows))
    check(sweep)
    assert any("units" in guess for guess in sweep.provenance.guesses)


def test_head_in_a_comment_and_metadata_above(tmp_path):
    rows = text(TIME, LOOP, CURRENT, head="", separator="  ")
    first = "#Procedure: <iv.Sweep>\n#\tCompliance: 1e-3 A\n# Time (s)  V (V)  I (A)\n"
    (sweep,) = read_sweeps(write(tmp_path / "a.dat", first + rows))
    check(sweep, time=TIME)


@pytest.mark.parametrize(
    "preamble",
    [
        "Compliance,1e-3\nDate,12.03.2024\nOperator,\n",
        "Points\n41\n\n",
        "a,b,c,d\n1,2,3,4\n\n",
        "Title: run 3\nArea (um2): 25\n",
    ],
)
def test_preamble_lines_are_not_data(tmp_path, preamble):
    check(read_sweeps(write(tmp_path / "a.csv", preamble + text(LOOP, CURRENT)))[0])


def test_leading_label_cells_and_repeated_blocks(tmp_path):
    block = (
        "SetupTitle, x\nTestParameter, Bias.Source, -0.05, 0, 0\n"
        "Dimension1, 41, 41\nDimension2, 1, 1\nDataName, DrainV, DrainI\n"
    )
    rows = "".join(f"DataValue, {v!r}, {i!r}\n" for v, i in zip(LOOP.tolist(), CURRENT.tolist(), strict=True))
    sweeps = read_sweeps(write(tmp_path / "a.csv", block + rows + block + rows))
    assert [sweep.cycle for sweep in sweeps] == [1, 2]
    for sweep in sweeps:
        check(sweep)


def test_gzip(tmp_path):
    path = write(tmp_path / "loop.csv.gz", gzip.compress(text(LOOP, CURRENT).encode()))
    (sweep,) = read_sweeps(path)
    check(sweep)
    assert sweep.device == "loop"


def book(path, **sheets):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def test_workbook_with_several_sheets(tmp_path):
    table = [["V", "I"], *zip(LOOP.tolist(), CURRENT.tolist(), strict=True)]
    notes = [["Test Name", "vds"], ["Compliance", 0.1], ["Start/Bias", 0]]
    path = book(tmp_path / "a.xlsx", Run1=table, Run2=table, Calc=[], Settings=notes)
    result = read_folder(path)
    assert not result.skipped
    assert [(s.device, s.cycle, s.provenance.sheet) for s in result.sweeps] == [
        ("a", 1, "Run1"),
        ("a", 2, "Run2"),
    ]
    assert any("Settings" in note for note in result.passed_over)
    check(result.sweeps[0])
    (only,) = read_sweeps(path, ReadOptions(sheet="Run2"))
    assert only.provenance.sheet == "Run2"
    with pytest.raises(DataFileError, match="Run1"):
        read_sweeps(path, ReadOptions(sheet="Run7"))


def test_curves_side_by_side_current_first(tmp_path):
    rows = [["DrainI(1)", "DrainV(1)", "GateV(1)", "DrainI(2)", "DrainV(2)", "GateV(2)"]]
    rows += [[i, v, 0.0, 2 * i, v, 1.0] for v, i in zip(LOOP.tolist(), CURRENT.tolist(), strict=True)]
    one, two = read_sweeps(book(tmp_path / "a.xlsx", Data=rows))
    check(one)
    check(two, current=2 * CURRENT)
    assert (one.cycle, two.cycle) == (1, 2)


def test_pairs_of_unequal_length(tmp_path):
    rows = ["V,I,V,I"]
    for k, (v, i) in enumerate(zip(LOOP.tolist(), CURRENT.tolist(), strict=True)):
        rows.append(f"{v},{i},{v},{2 * i}" if k < 20 else f"{v},{i},,")
    one, two = read_sweeps(write(tmp_path / "a.csv", "\n".join(rows)))
    check(one)
    check(two, LOOP[:20], 2 * CURRENT[:20])


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        ("V,I_exp1,I_exp2", [("a", 1), ("a", 2)]),
        ("V,I_exp4,I_exp9", [("a", 4), ("a", 9)]),
        ("V,I1,I2", [("a", 1), ("a", 2)]),
        ("Voltage (V),Current (A) cycle 3,Current (A) cycle 5", [("a", 3), ("a", 5)]),
        ("V,I_dev3,I_dev7", [("dev3", 1), ("dev7", 1)]),
        ("V,D12,D13", [("D12", 1), ("D13", 1)]),
        ("V,device 4,device 5", [("device 4", 1), ("device 5", 1)]),
    ],
)
def test_one_voltage_many_currents(tmp_path, heads, expected):
    sweeps = read_sweeps(write(tmp_path / "a.csv", text(LOOP, CURRENT, 2 * CURRENT, head=heads)))
    assert [(s.device, s.cycle) for s in sweeps] == expected
    check(sweeps[0])
    check(sweeps[1], current=2 * CURRENT)
    assert any("share" in guess for guess in sweeps[0].provenance.guesses)


def test_device_and_cycle_columns(tmp_path):
    rows = ["device,cycle,V,I"]
    for device in ("A1", "B2"):
        for cycle in (1, 2):
            rows += [
                f"{device},{cycle},{v},{i * cycle}"
                for v, i in zip(LOOP.tolist(), CURRENT.tolist(), strict=True)
            ]
    sweeps = read_sweeps(write(tmp_path / "a.csv", "\n".join(rows)))
    assert [(s.device, s.cycle) for s in sweeps] == [("A1", 1), ("A1", 2), ("B2", 1), ("B2", 2)]
    check(sweeps[1], current=2 * CURRENT)


def test_cycle_column_starting_at_zero(tmp_path):
    rows = ["cycle;V;I"]
    for cycle in (0, 1):
        rows += [f"{cycle};{v};{i}" for v, i in zip(LOOP.tolist(), CURRENT.tolist(), strict=True)]
    sweeps = read_sweeps(write(tmp_path / "a.csv", "\n".join(rows)))
    assert [s.cycle for s in sweeps] == [1, 2]


@pytest.mark.parametrize("gap", ["\n", "\n\n", "V,I\n", "# cycle 2\n", "Sweep 2\nV,I\n"])
def test_blocks(tmp_path, gap):
    path = write(tmp_path / "a.csv", text(LOOP, CURRENT) + gap + text(LOOP, 2 * CURRENT, head=""))
    sweeps = read_sweeps(path)
    assert [s.cycle for s in sweeps] == [1, 2]
    check(sweeps[1], current=2 * CURRENT)


def test_double_spaced_file_is_one_trace(tmp_path):
    check(read_sweeps(write(tmp_path / "a.csv", text(LOOP, CURRENT).replace("\n", "\n\n")))[0])


def test_several_loops_stay_one_trace(tmp_path):
    (sweep,) = read_sweeps(write(tmp_path / "a.csv", text(np.tile(LOOP, 3), np.tile(CURRENT, 3))))
    assert len(sweep) == 3 * LOOP.size


def test_overrides(tmp_path):
    path = write(tmp_path / "a.csv", text(CURRENT * 1e6, LOOP * 1e3, TIME * 1e3, head="a,b,c"))
    for columns in (
        Columns(voltage="b", current="a", time="c"),
        Columns(voltage=2, current=1, time=3),
        Columns(voltage="2", current="A", time=3),
    ):
        options = ReadOptions(
            columns=columns, voltage_unit="mV", current_unit="uA", time_unit="ms", compliance_current="1 mA"
        )
        (sweep,) = read_sweeps(path, options)
        check(sweep, time=TIME)
        assert sweep.compliance_current == pytest.approx(1e-3)
    (flipped,) = read_sweeps(
        path, ReadOptions(columns=Columns(voltage=2, current=1), voltage_unit="mV", flip=True)
    )
    check(flipped, -LOOP, -CURRENT * 1e6)


@pytest.mark.parametrize(
    "columns", [Columns(voltage="U"), Columns(voltage=0, current=1), Columns(voltage=1, current=9)]
)
def test_wrong_column_names_what_there_is(tmp_path, columns):
    path = write(tmp_path / "a.csv", text(LOOP, CURRENT))
    with pytest.raises(DataFileError, match=r"heads are: 'V', 'I'|this file has 2"):
        read_sweeps(path, ReadOptions(columns=columns))


@pytest.mark.parametrize(
    "wrong",
    [
        {"decimal": ";"},
        {"separator": "ab"},
        {"current_unit": "V"},
        {"compliance_current": "-1 mA"},
        {"separator": ",", "decimal": ","},
    ],
)
def test_wrong_options(wrong):
    with pytest.raises(PinchedError):
        ReadOptions(**wrong)


def test_folders_patterns_and_what_is_passed_over(tmp_path):
    for k, name in enumerate(["x/run 10.csv", "x/run 2.csv", "x/y/run 1.txt"]):
        write(tmp_path / name, text(LOOP, (k + 1) * CURRENT))
    for name in ["x/README.txt", "x/notes.md", "x/plot.png", "x/.hidden.csv", "x/.git/a.csv", "LICENSE"]:
        write(tmp_path / name, "junk")
    result = read_folder(tmp_path)
    assert [s.device for s in result.sweeps] == ["run 2", "run 10", "run 1"]
    assert not result.skipped
    assert len(result.passed_over) == 4
    assert [s.device for s in read_sweeps(str(tmp_path / "x/*.csv"))] == ["run 2", "run 10"]
    assert len(read_sweeps([tmp_path, str(tmp_path / "x" / "run 2.csv")])) == 3


def test_device_naming(tmp_path):
    for k, name in enumerate(["a/1.csv", "a/2.csv", "a/10.csv", "b/1.csv"]):
        write(tmp_path / name, text(LOOP, (k + 1) * CURRENT))

    def named(naming):
        return [(s.device, s.cycle) for s in read_sweeps(tmp_path, ReadOptions(device_from=naming))]

    assert named(DeviceNaming.PATH) == [("a/1", 1), ("a/2", 1), ("a/10", 1), ("b/1", 1)]
    assert named(DeviceNaming.FOLDER) == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
    assert named(DeviceNaming.ONE) == [("device", k) for k in (1, 2, 3, 4)]
    with pytest.raises(DataFileError, match=r"device '1', cycle 1.*DeviceNaming.PATH"):
        named(DeviceNaming.NAME)


def test_the_same_data_twice_is_refused(tmp_path):
    write(tmp_path / "a.csv", text(LOOP, CURRENT))
    write(tmp_path / "b.csv", text(LOOP, CURRENT))
    with pytest.raises(DataFileError, match=r"b\.csv.*same bytes as .*a\.csv"):
        read_sweeps(tmp_path)
    write(tmp_path / "c.csv.gz", gzip.compress(text(LOOP, CURRENT).encode()))
    assert [Path(e.path).name for e in read_folder(tmp_path).skipped] == ["b.csv", "c.csv.gz"]


def test_progress_is_told(tmp_path):
    write(tmp_path / "a.csv", text(LOOP, CURRENT))
    seen = []

    class Count:
        def track(self, steps, description, total):
            seen.append((description, total))
            yield from steps

    read_sweeps(tmp_path, progress=Count())
    assert seen == [("reading", 1)]


def expected(measurements, key):
    return [e for e in json.loads((measurements / "expected.json").read_text()) if key in e]


def test_every_nbsto_dialect(measurements):
    entries = [e for e in expected(measurements, "i_abs_max_A") if e["file"].startswith("nbsto")]
    assert len(entries) > 30
    for entry in entries:
        (sweep,) = read_sweeps(measurements / entry["file"])
        assert len(sweep) == entry["points"], entry["file"]
        assert np.abs(sweep.current).max() == pytest.approx(entry["i_abs_max_A"], rel=1e-3), entry["file"]
        turns = entry["v_turns"]
        assert sweep.voltage[0] == pytest.approx(turns[0], abs=0.01)
        assert sweep.voltage[-1] == pytest.approx(turns[-1], abs=0.01)
        assert sweep.voltage.min() == pytest.approx(min(turns), abs=0.01)
        assert sweep.voltage.max() == pytest.approx(max(turns), abs=0.01)


def test_nbsto_tree_keeps_the_decoy_out(measurements):
    result = read_folder(measurements / "nbsto_tiotto", ReadOptions(device_from=DeviceNaming.PATH))
    assert len(result.sweeps) == 39
    (error,) = result.skipped
    assert error.path.endswith("-4V_2.csv")
    assert "no current" in error.found
    assert len({s.device for s in result.sweeps}) == 39


def test_siox_shares_one_voltage(measurements):
    sweeps = read_sweeps(measurements / "siox_bianchi2023")
    assert [s.cycle for s in sweeps] == list(range(1, 56))
    assert {len(s) for s in sweeps} == {404}
    assert {s.device for s in sweeps} == {"siox_exp001-055"}
    assert all(s.current_is_absolute for s in sweeps)
    assert sweeps[0].current[0] == 6.1942e-10


def test_knowm_loops_are_microampere_and_say_so(measurements):
    files = sorted((measurements / "knowm_sdc_tariq/main/IV_Curve_Fitting").glob("File*IV.txt"))
    slopes = next(e for e in expected(measurements, "conductance_uS"))["conductance_uS"]
    for file, slope in zip(files, slopes, strict=True):
        (silent,) = read_sweeps(file)
        assert any("current_unit='uA'" in guess for guess in silent.provenance.guesses)
        (sweep,) = read_sweeps(file, ReadOptions(current_unit="uA"))
        assert len(sweep) == 200
        assert np.polyfit(sweep.voltage, sweep.current, 1)[0] == pytest.approx(slope * 1e-6, rel=0.02)


def test_agnw_columns_are_told_by_their_numbers(measurements):
    for name, pulse in (("example_file_1.txt", 2.0), ("example_file_2.txt", 3.0)):
        (sweep,) = read_sweeps(measurements / "agnw_milano2022/raw_data_fitting" / name)
        assert sweep.provenance.columns == ("column 1", "column 3", "column 2")
        assert len(sweep) == 3000
        assert sweep.voltage.max() == pytest.approx(pulse, rel=1e-3)
        assert sweep.time is not None
        assert sweep.time[-1] == pytest.approx(351.8, abs=0.1)


def test_instrument_samples(measurements):
    root = measurements / "format_samples_not_memristor"
    (agilent,) = read_sweeps(root / "data")
    assert (len(agilent), agilent.provenance.columns) == (201, ("DrainV", "DrainI"))
    (nova,) = read_sweeps(root / "raw_data")
    assert (len(nova), nova.provenance.columns) == (
        820,
        ("Time (s)", "Potential applied (V)", "WE(1).Current (A)"),
    )
    assert nova.current[0] == 2.825927734375e-08
    curves = read_sweeps(root / "tests")
    assert len(curves) == 35
    assert {len(s) for s in curves} == {31}
    assert {s.voltage.max() for s in curves} == {3.0}
    assert len({s.device for s in curves}) == 5


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("tio2_drift_elgeresy2024", "resistance over time"),
        ("mos2_lee_metrics", "table of results"),
        ("yflash_wang2022", "conductances"),
        ("rram_1t1r_levy_radar2021", "one column|cannot be told apart|neither a voltage nor a current"),
        ("knowm_sdc_tariq/main/IV_Pulse_Programming", "sample number|neither is a current"),
        ("knowm_sdc_tariq/main/GaussianFiTConductance", "one column"),
    ],
)
def test_what_is_no_sweep_is_refused_with_the_reason(measurements, folder, reason):
    result = read_folder(measurements / folder)
    assert not result.sweeps
    assert result.skipped
    for error in result.skipped:
        assert re.search(reason, error.found), error
