"""Pulses, retention, endurance, levels: recognised from heads and numbers, read in SI, written and read back."""

import json

import numpy as np
import pytest

from data import samples
from pinched._errors import DataFileError
from pinched.data.kinds import DataKind, recognise
from pinched.data.options import ReadOptions
from pinched.data.patterns import repeats
from pinched.data.read_other import (
    read_any,
    read_any_folder,
    read_endurance,
    read_levels,
    read_pulses,
    read_retention,
    read_writes,
)
from pinched.data.readers.text import read_text
from pinched.data.settings import Setting, find
from pinched.data.sweep import IVSweep
from pinched.data.table import Dialect
from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog

N = np.arange(40)
RNG = np.random.default_rng(3)
STATE = 1e-5 * 0.9**N


def entry(measurements, part):
    found = [e for e in json.loads((measurements / "expected.json").read_text()) if part in e["file"]]
    return found[0]


def table(*columns, head="", mark=","):
    rows = "".join(mark.join(f"{x:.9g}" for x in row) + "\n" for row in zip(*columns, strict=True))
    return (head + "\n" if head else "") + rows


def kind(text):
    return recognise(read_text(text, "x", Dialect())[0], ReadOptions()).kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (table(N, STATE, head="pulse,G (S)"), DataKind.PULSES),
        (table(N, 1 / STATE, head="Pulse number,Resistance (ohm)"), DataKind.PULSES),
        (table(0 * N + 1.5, 0 * N + 1e-6, STATE, head="Pulse amplitude (V),Width (s),G (S)"), DataKind.PULSES),
        (table(N * 10.0, 1e4 + N, head="time (s),R (ohm)"), DataKind.RETENTION),
        (table(N * 10.0, 1e4 + N, head="t,r"), DataKind.RETENTION),
        (table(N * 10.0 + 0.5, 1e4 + RNG.normal(size=40)), DataKind.RETENTION),
        (table(N * 10.0, N * 0 + 0.1, 1e-5 * (1 + 0.01 * RNG.normal(size=40)), head="t,V,I"), DataKind.RETENTION),
        (table(N + 1, 1e3 + N, 1e5 + N, head="cycle,LRS (ohm),HRS (ohm)"), DataKind.ENDURANCE),
        (table(N + 1, 1e3 + N, 1e5 + N, head="Cycle,R_on,R_off"), DataKind.ENDURANCE),
        (table(1e5 + N, 1e3 + N, N * 0 + 1.5, head="resetRes,setRes,Vforce"), DataKind.ENDURANCE),
        (table(samples.LOOP, samples.CURRENT, head="V,I"), DataKind.SWEEP),
        (table(samples.LOOP, samples.CURRENT), DataKind.SWEEP),
        (table(1e4 + RNG.normal(size=40)), DataKind.LEVELS),
        (table(N, RNG.normal(size=40)), DataKind.UNKNOWN),
        (table(N * 0.1, np.abs(N % 20 - 10) / 10), DataKind.UNKNOWN),
        (table(N, N + 1.0, N + 2.0, head="v_set_V,v_reset_V,on_off_ratio"), DataKind.RESULTS),
    ],
)  # fmt: skip
def test_kinds(text, expected):
    assert kind(text) is expected


def test_the_name_of_a_file_decides_nothing(tmp_path):
    (tmp_path / "retention.csv").write_text(table(samples.LOOP, samples.CURRENT, head="V,I"))
    (record,) = read_any(tmp_path)
    assert isinstance(record, IVSweep)
    with pytest.raises(DataFileError, match="sweep, not retention"):
        read_retention(tmp_path)


RECORDS = [
    PulseTrace(
        conductance=STATE, amplitude=N * 0 + 1.5, width=N * 0 + 1e-6, time=N * 0.25, read_voltage=0.1,
        compliance_current=1e-3, device="W1B2", label="Gprog", cycle=7,
    ),
    PulseTrace(conductance=np.where(N == 3, np.nan, STATE), device="a"),
    Retention(time=N * 10.0, resistance=1e4 + N / 7, read_voltage=0.2, temperature=358.15, device="d", state="lrs"),
    Endurance(cycle=N + 1.0, resistance_lrs=1e3 + N / 3, resistance_hrs=1e5 + N / 9, device="d"),
    LevelReads(resistance=1e4 * np.exp(RNG.normal(size=(2, 40))), device="array"),
    WriteLog(address=N + 3.0, resistance=5e3 + N / 3, lower=4.9e3 + 0.0 * N, upper=5.1e3 + 0.0 * N, device="array"),
]  # fmt: skip


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_text_and_back(tmp_path, record):
    (tmp_path / "x.csv").write_text(record.to_csv(), encoding="utf-8")
    (back,) = read_any(tmp_path)
    assert type(back) is type(record)
    for name in record.__dataclass_fields__:
        if name in ("provenance", "settings"):
            continue
        np.testing.assert_array_equal(getattr(back, name), getattr(record, name), err_msg=name)


def test_sweeps_keep_their_settings_in_text(tmp_path):
    settings = (
        Setting("temperature", 300.0, "K"),
        Setting("area", 2.5e-11, "m2"),
        Setting("sweep_rate", 0.1, "V/s"),
    )
    sweep = IVSweep(
        voltage=samples.LOOP, current=samples.CURRENT, settings=(*settings, Setting("date", "2023-11-20"))
    )
    (tmp_path / "x.csv").write_text(sweep.to_csv(), encoding="utf-8")
    (back,) = read_any(tmp_path)
    for item in sweep.settings:
        assert find(back.settings, item.name).value == item.value


def test_units_that_nothing_states_are_asked_for(tmp_path):
    path = tmp_path / "g.txt"
    path.write_text(table(15 + RNG.normal(size=40)))
    with pytest.raises(DataFileError, match="state_unit='uS'"):
        read_levels(path)
    (levels,) = read_levels(path, ReadOptions(state_unit="uS"))
    assert levels.conductance.mean() == pytest.approx(15e-6, rel=0.05)


def test_device_columns_part_the_records(tmp_path):
    rows = "".join(f"{d},{10 * k},{r + k}\n" for d, r in (("A1", 1e4), ("B2", 1e5)) for k in range(5))
    (tmp_path / "x.csv").write_text("device,time (s),R (ohm)\n" + rows)
    one, two = read_retention(tmp_path)
    assert (one.device, two.device) == ("A1", "B2")
    assert two.resistance[0] == 1e5


def test_bad_cells_are_named(tmp_path):
    path = tmp_path / "x.csv"
    for bad, reason in (("abc", "line 4"), ("9.91e37", "overflow")):
        path.write_text(f"time (s),R (ohm)\n0,1e4\n1,1e4\n2,{bad}\n3,1e4\n")
        with pytest.raises(DataFileError, match=reason):
            read_retention(path)
    (kept,) = read_retention(path, ReadOptions(drop_bad_rows=True))
    assert np.isnan(kept.resistance[2])


def test_a_table_that_lies_on_its_side(tmp_path):
    (tmp_path / "x.csv").write_text(
        "V, "
        + ", ".join(map(repr, samples.LOOP.tolist()))
        + "\nI, "
        + ", ".join(map(repr, samples.CURRENT.tolist()))
    )
    (sweep,) = read_any(tmp_path)
    np.testing.assert_array_equal(sweep.current, samples.CURRENT)


def test_arc_one_sessions_hold_every_kind(tmp_path):
    (tmp_path / "x.csv").write_bytes(samples.arc_one())
    records = read_any(tmp_path)
    assert [type(r).__name__ for r in records] == [
        "IVSweep",
        "IVSweep",
        "Retention",
        "Endurance",
        "PulseTrace",
    ]
    retention, endurance, pulses = records[2:]
    np.testing.assert_allclose(np.diff(retention.time), 10)
    assert (retention.device, retention.read_voltage) == ("W3B6", 0.2)
    np.testing.assert_allclose(endurance.resistance_lrs, 1e3 + np.arange(4))
    np.testing.assert_allclose(endurance.resistance_hrs, 1e5 + np.arange(4))
    np.testing.assert_allclose(pulses.conductance, 1 / (9e3 - 100 * np.arange(5)))
    assert (pulses.label, pulses.width[0]) == ("P", 1e-6)


def test_repeated_reads_are_told_from_repeated_patterns():
    levels = np.exp(np.array([8.3, 8.4, 8.5, 8.6]))[(np.arange(256) + np.arange(256) // 16) % 4]
    written = levels * np.exp(0.01 * RNG.normal(size=256))
    assert repeats(written) == 1
    reads = np.concatenate([written * np.exp(0.001 * RNG.normal(size=256)) for _ in range(3)])
    assert repeats(reads) == 3


def test_yflash_cycles(measurements):
    want = entry(measurements, "data_cycle2cycle")
    traces = read_pulses(measurements / want["file"])
    programmed = [t for t in traces if t.label == "Gprog"]
    erased = [t for t in traces if t.label == "Gerase"]
    assert (len(programmed), len(erased)) == (want["prog_traces"], want["erase_traces"])
    assert [len(t) for t in (programmed[0], erased[0], programmed[-1], erased[-1])] == [
        want[f"{when}_{what}_points"] for when in ("first", "last") for what in ("prog", "erase")
    ]
    assert all(t.conductance[-1] < t.conductance[0] for t in programmed)
    assert all(t.conductance[-1] > t.conductance[0] for t in erased)
    every = np.concatenate([t.conductance for t in traces])
    assert want["G_min_S"][0] <= every.min() <= want["G_min_S"][1]
    assert want["G_max_S"][0] <= every.max() <= want["G_max_S"][1]
    assert {t.device for t in traces} == {"(U2,2,4)"}
    assert [t.cycle for t in programmed] == list(range(1, 401))
    assert programmed[0].width[0] == 0.0002
    assert erased[0].width[0] == 0.0001


def test_yflash_devices(measurements):
    want = entry(measurements, "device2device")
    traces = read_pulses(measurements / want["file"])
    assert len(traces) == want["lines"]
    for label in ("Gprog", "Gerase"):
        assert len({t.device for t in traces if t.label == label}) == want["devices"]


@pytest.mark.parametrize("name", ["example_file_1.txt", "example_file_2.txt"])
def test_nanowire_pulses(measurements, name):
    want = entry(measurements, name)
    (trace,) = read_pulses(measurements / want["file"])
    assert len(trace) == want["rows"]
    pulsed = trace.amplitude > 0.5
    assert trace.amplitude[pulsed].max() == pytest.approx(want["pulse_V"], rel=1e-3)
    assert trace.amplitude[~pulsed].mean() == pytest.approx(want["read_V"], rel=0.01)
    assert trace.time[pulsed][-1] == pytest.approx(want["pulse_end_s"], abs=0.1)
    assert trace.time[-1] == pytest.approx(want["t_last_s"], abs=0.1)
    found = (trace.conductance[0], trace.conductance[pulsed][-1], *trace.conductance[~pulsed][[0, -1]])
    keys = ("G_first_S", "G_end_of_pulse_S", "G_first_read_S", "G_last_read_S")
    np.testing.assert_allclose(found, [want[key] for key in keys], rtol=1e-3)


def test_drift(measurements):
    entries = [e for e in json.loads((measurements / "expected.json").read_text()) if "R_median_first20" in e]
    assert len(entries) == 10
    for want in entries:
        (drift,) = read_retention(measurements / want["file"])
        assert len(drift) == want["points"]
        assert drift.time[-1] == pytest.approx(want["t_end_s"], rel=want["tol_rel"])
        assert np.median(drift.resistance[:20]) == pytest.approx(
            want["R_median_first20"], rel=want["tol_rel"]
        )
        assert np.median(drift.resistance[-20:]) == pytest.approx(
            want["R_median_last20"], rel=want["tol_rel"]
        )
        assert (drift.resistance.min(), drift.resistance.max()) == pytest.approx(
            (want["R_min"], want["R_max"])
        )
        # Two reads differ by the noise of both.
        noise = np.std(np.diff(drift.resistance)) / np.median(drift.resistance) / np.sqrt(2)
        assert noise == pytest.approx(want["noise_rel_std_of_diff"], rel=0.05)
        backwards = any("does not rise" in guess for guess in drift.provenance.guesses)
        assert backwards != want["monotone_t"]


def test_levels_before_and_after_a_bake(measurements):
    folder = measurements / "rram_1t1r_levy_radar2021" / "exptdata" / "retention" / "data"
    want = entry(measurements, "readtest3bpc")
    (log,) = read_writes(folder / "writetest4.csv")
    (before,) = read_levels(folder / "readtest3bpc1-prebake.csv")
    (after,) = read_levels(folder / "readtest3bpc1-postbake.csv")
    assert len(log.borders) + 1 == want["levels"]
    assert before.resistance.shape == after.resistance.shape == (1, want["cells"])
    first, last = before.levels(log.borders)[0], after.levels(log.borders)[0]
    # One cell was found a level too low before the bake already.
    np.testing.assert_allclose(np.bincount(first), want["cells_per_level_prebake"], atol=1)
    assert int((first != last).sum()) == 6
    k = np.arange(40)
    np.testing.assert_array_equal(first[:40], (k + k // 32) % 8)
    for name in want["postbake_files_with_3_reads"]:
        (reads,) = read_levels(folder / f"{name}.csv")
        assert reads.resistance.shape == (3, want["cells"])
    ranges = np.unique(np.column_stack([log.lower, log.upper]), axis=0)
    stated = [
        [0, 4200],
        [4537, 4575],
        [5041, 5086],
        [5671, 5730],
        [6507, 6589],
        [7973, 8171],
        [10517, 10759],
        [80000, 1e10],
    ]
    np.testing.assert_allclose(ranges, stated, rtol=1e-3)


def test_knowm_lists(measurements):
    root = measurements / "knowm_sdc_tariq" / "main"
    want = entry(measurements, "conductance_values")
    lists = read_levels(root / "GaussianFiTConductance", ReadOptions(state_unit="uS"))
    values = [levels.conductance[0] * 1e6 for levels in lists]
    assert [len(v) for v in values] == want["n"]
    np.testing.assert_allclose([v.mean() for v in values], want["mean_uS"], rtol=1e-3)
    np.testing.assert_allclose([v.std() for v in values], want["std_uS"], rtol=2e-3)
    want = entry(measurements, "ConductanceData")
    (trace,) = read_pulses(root / "IV_Pulse_Programming" / "ConductanceData.dat")
    assert len(trace) == want["points"]
    split = want["jump_after_point"]
    assert int(np.argmax(np.diff(trace.conductance))) + 1 == split
    means = trace.conductance[:split].mean(), trace.conductance[split:].mean()
    assert means == pytest.approx((want["mean_before"], want["mean_after"]), rel=5e-3)


def test_decoys_are_refused_with_the_reason(measurements):
    for folder, reason in (
        ("mos2_lee_metrics", "table of results"),
        ("knowm_sdc_tariq/main/IV_Pulse_Programming/VMem.dat", "without its current or time"),
        ("rram_1t1r_levy_radar2021/exptdata/retention/data/ber-time-temp.csv", "table of results"),
        ("nbsto_tiotto/imported_data/data/Radius 10 um/-4V_2.csv", "no current"),
    ):
        result = read_any_folder(measurements / folder)
        assert not result.records
        assert all(reason in error.found for error in result.skipped), result.skipped


def test_read_any_goes_over_every_given_set(measurements):
    counts = {}
    for name in (
        "agnw_milano2022",
        "tio2_drift_elgeresy2024",
        "siox_bianchi2023",
        "rram_1t1r_levy_radar2021",
    ):
        records = read_any_folder(measurements / name).records
        counts[name] = {type(record).__name__ for record in records}
    assert counts == {
        "agnw_milano2022": {"PulseTrace"},
        "tio2_drift_elgeresy2024": {"Retention"},
        "siox_bianchi2023": {"IVSweep"},
        "rram_1t1r_levy_radar2021": {"LevelReads", "WriteLog", "PulseTrace"},
    }
    read = read_endurance
    with pytest.raises(DataFileError, match="not endurance"):
        read(measurements / "agnw_milano2022")
