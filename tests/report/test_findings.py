"""What is found beside the table: known truths go in, their numbers come out; what is missing has a reason."""

import csv
import dataclasses
import io

import numpy as np
import pytest

from pinched.data.sweep import IVSweep, Provenance
from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog
from pinched.extraction.compliance import Kept
from pinched.extraction.levels import checkerboard
from pinched.extraction.plasticity import Direction, Scale
from pinched.extraction.switching import extract_switching
from pinched.report.findings import gather_findings
from pinched.report.findings.levels import find_pairs
from pinched.report.findings.sweeps import evenly, find_compliance, find_conduction, find_lives
from pinched.report.findings.traces import (
    RetentionFinding,
    find_arrhenius,
    find_pulses,
    find_retention,
    relaxations,
    sampled,
)
from pinched.report.numbers import numbers, to_json
from pinched.report.plans import plan_gallery
from pinched.report.record import RunRecord
from pinched.report.rows import UNITS, records_of
from pinched.report.tables import csv_of, head, write_tables


def rng():
    return np.random.default_rng(11)


def sweep(limit, cycle, *, kept=True, device="D"):
    """A loop whose LRS is 0.3 V / limit and whose state falls back on the way down when it is not kept."""
    up = np.linspace(0.0, 1.5, 151)
    v = np.concatenate([up, up[-2::-1], -up[1:], -up[-2::-1]])
    n = np.arange(v.size)
    on = ((n > 90) & (n < 300)) | ((n >= 300) & (n < 370))
    if not kept:
        on &= n < 290
    r = np.where(on, 0.3 / limit, 1e6)
    noise = 1 + 0.003 * rng().normal(size=v.size)
    return IVSweep(
        voltage=v,
        current=np.clip(v / r * noise, -1, limit),
        compliance_current=limit,
        device=device,
        cycle=cycle,
        provenance=Provenance(file=f"{device}.csv"),
    )


def updates(label, rising, cycle, *, file="a.txt", device="(U2,1,1)"):
    n = np.arange(31.0)
    x = -np.expm1(-n / 10) / -np.expm1(-3.0)
    g = np.exp(np.log(1e-9) + np.log(1e3) * (x if rising else 1 - x))
    return PulseTrace(
        conductance=g, device=device, label=label, cycle=cycle, provenance=Provenance(file=file)
    )


def test_even_choices_keep_both_ends():
    assert evenly(5, 9) == [0, 1, 2, 3, 4]
    assert evenly(100, 3) == [0, 50, 99]
    assert len(evenly(1000, 24)) == 24


def test_compliance_series_and_its_threshold():
    limits = np.repeat(np.geomspace(1e-5, 1e-3, 10), 2)
    sweeps = [sweep(limit, k + 1, kept=limit > 1e-4) for k, limit in enumerate(limits)]
    table = extract_switching(sweeps, read_voltage=0.1)
    series, threshold = find_compliance(sweeps, table)
    assert series is not None
    assert threshold is not None
    stays = limits > 1e-4
    # States that fall back before 0 V are lost, and have no LRS at the read voltage.
    assert [kept is Kept.YES for kept in series.kept] == stays.tolist()
    assert [kept is Kept.NO for kept in series.kept] == (~stays).tolist()
    assert series.resistance_lrs[stays] == pytest.approx(0.3 / series.compliance_current[stays], rel=0.02)
    assert 7.7e-5 < threshold.current < 1.3e-4
    # A cycle that a person excluded is left out of the series, and the others stay what they were.
    rows = [k for k in range(len(table)) if k != 7]
    shorter = dataclasses.replace(
        table, **{f.name: _pick(getattr(table, f.name), rows) for f in dataclasses.fields(table)
                  if f.name != "read_voltage"},
    )  # fmt: skip
    fewer, _ = find_compliance(sweeps, shorter)
    assert fewer is not None
    assert len(fewer) == len(series) - 1
    assert fewer.resistance_next.tolist() == series.resistance_next[rows].tolist()


def _pick(column, rows):
    return column[rows] if isinstance(column, np.ndarray) else tuple(column[k] for k in rows)


def test_one_compliance_is_no_series():
    sweeps = [sweep(1e-4, k + 1) for k in range(4)]
    assert find_compliance(sweeps, extract_switching(sweeps, read_voltage=0.1)) == (None, None)


def test_conduction_is_fitted_for_even_cycles_of_all_sweeps():
    loops = [sweep(1e-4, 1, device=f"D{k}") for k in range(3)]
    twice = dataclasses.replace(
        loops[0],
        voltage=np.concatenate([loops[0].voltage, loops[0].voltage[1:]]),
        current=np.concatenate([loops[0].current, loops[0].current[1:]]),
        device="twice",
    )
    found = find_conduction([*loops, twice])
    assert {(one.device, one.cycle) for one in found} == {
        ("D0", 1),
        ("D1", 1),
        ("D2", 1),
        ("twice", 1),
        ("twice", 2),
    }
    laws = {one.fit.best.law.name for one in found if one.fit is not None and one.state.value == "hrs"}
    assert laws == {"ohmic"}


def test_few_cycles_are_no_endurance():
    sweeps = [sweep(1e-4, k + 1) for k in range(3)]
    assert find_lives(extract_switching(sweeps, read_voltage=0.1)) == ()


def test_updates_are_fitted_on_the_scale_that_suits_their_file():
    traces = [updates("Gprog", False, 1), updates("Gerase", True, 1)]
    straight = PulseTrace(conductance=1e-6 + 1e-6 * np.arange(31.0), provenance=Provenance(file="b.txt"))
    found = find_pulses([*traces, straight])
    assert [one.fit.direction for one in found] == [
        Direction.DEPRESSION, Direction.POTENTIATION, Direction.POTENTIATION,
    ]  # fmt: skip
    assert [one.fit.scale for one in found] == [Scale.LOGARITHMIC, Scale.LOGARITHMIC, Scale.LINEAR]
    assert [one.reason for one in found] == ["", "", ""]


def test_what_is_no_update_says_why():
    saw = PulseTrace(conductance=1e-6 * (1 + np.arange(40) % 7))
    (found,) = find_pulses([saw])
    assert found.fit is None
    assert "misses the trace" in found.reason
    (short,) = find_pulses([PulseTrace(conductance=np.array([1e-6, 2e-6]))])
    assert "at least 5" in short.reason


def recorded():
    """A train of 10 ms writes at 1.5 V, reads at 0.1 V, 0 V between, and a last read that relaxes (ms samples)."""
    volts, g = [], []
    for k in range(6):
        for v, n in ((0.1, 20), (0.0, 10), (1.5, 10), (0.0, 10)):
            volts += [v] * n
            g += [np.nan if v == 0 else 1e-6 * (k + (v > 1))] * n if k else [np.nan if v == 0 else 1e-6] * n
    volts += [0.1] * 40
    g += list(6e-6 * np.exp(-np.arange(40) / 100))
    return PulseTrace(
        conductance=np.array(g), amplitude=np.array(volts), time=1e-3 * np.arange(len(g)), device="T"
    )


def test_a_recorded_train_is_cut_into_pulses_with_their_true_width():
    trace = recorded()
    whole = sampled(trace)
    assert whole is not None
    assert len(whole) == len(trace)  # samples at 0 V have no conductance, and stay
    (found,) = find_pulses([trace])
    assert found.events is not None
    assert found.events.width == pytest.approx(0.01, rel=0.12)
    assert len(found.events) == 6
    (after,) = relaxations([found])
    assert after.device == "T"
    assert after.resistance[-1] > after.resistance[0]
    assert relaxations(find_pulses([updates("G", True, 1)])) == ()


def test_retention_holds_law_drift_and_spectrum_or_says_why_not():
    t = np.arange(0.0, 3000.0, 10.0)
    good = Retention(time=t, resistance=1e4 * (t + 5) ** 0.03 * np.exp(0.001 * rng().normal(size=t.size)))
    few = Retention(time=np.array([0.0, 1.0]), resistance=np.array([1e3, 1e3]))
    uneven = Retention(time=np.geomspace(1, 1e4, 40), resistance=np.full(40, 1e3) + rng().normal(size=40))
    found = find_retention([good, few, uneven])
    assert found[0].drift.drift_percent == pytest.approx(100 * (2995 / 100) ** 0.03 - 100, rel=0.15)
    assert found[0].fit is not None
    assert found[0].spectrum is not None
    assert found[0].reasons == ()
    assert any("too few" in reason for reason in found[1].reasons)
    assert any("not evenly spaced" in reason for reason in found[2].reasons)


def test_activation_energy_of_measured_times_only():
    traces = []
    for kelvin in (398.0, 423.0, 448.0, 473.0):
        tau = np.exp(-20 + 1.1 / (8.617333e-5 * kelvin))
        t = np.geomspace(1.0, 1e6, 400)
        trace = Retention(time=t, resistance=1e4 * (1 + t / tau), temperature=kelvin)
        traces.append(RetentionFinding(trace=trace))
    found = find_arrhenius(traces)
    assert found is not None
    assert found.activation_energy == pytest.approx(1.1, abs=0.02)
    assert find_arrhenius(traces[:2]) is None


def reads(name, resistance):
    return LevelReads(
        resistance=np.atleast_2d(resistance), device=name, provenance=Provenance(file=f"{name}.csv")
    )


def levels():
    level = checkerboard(64, 4, row=8)
    lower = np.array([1e3, 3e3, 1e4, 5e4])
    upper = np.array([2e3, 5e3, 2e4, 1e10])
    before = 1.5 * lower[level]
    after = before.copy()
    after[:3] = 1.5 * lower[(level[:3] + 1) % 4]
    log = WriteLog(
        address=np.arange(64.0),
        resistance=before,
        lower=lower[level],
        upper=upper[level],
        device="writetest3",
    )
    return before, after, log


def test_reads_before_and_after_are_paired_and_their_levels_compared():
    before, after, log = levels()
    other = dataclasses.replace(log, device="writetest7", lower=log.lower * 0.9)
    pairs = find_pairs([reads("chip3_postbake", after), reads("chip3_prebake", before)], [other, log])
    assert [pair.name for pair in pairs] == ["chip3_bake"]
    assert pairs[0].confusion.changed == 3
    assert pairs[0].confusion.cells == 64
    assert pairs[0].written == "writetest3"  # the number they share, not the wider ranges
    assert np.bincount(pairs[0].level).tolist() == [16, 16, 16, 16]


def test_reads_of_other_cells_are_no_pair():
    before, _, log = levels()
    shuffled = rng().permutation(before)
    assert find_pairs([reads("a_before", before), reads("a_after", shuffled)], [log]) == ()
    assert find_pairs([reads("a_before", before), reads("b_after", before)], [log]) == ()
    (alone,) = find_pairs([reads("a_before", before), reads("a_after", before)], [])
    assert alone.confusion is None
    assert alone.level is None


@pytest.fixture(scope="module")
def mixed():
    """Sweeps and every other kind at once."""
    before, after, log = levels()
    t = np.arange(0.0, 1000.0, 10.0)
    n = np.arange(1.0, 101)
    records = [
        *(updates("Gprog", bool(k % 2), k // 2 + 1) for k in range(4)),
        recorded(),
        Retention(time=t, resistance=1e4 * (t + 5) ** 0.01, device="R", provenance=Provenance(file="r.csv")),
        Endurance(cycle=n, resistance_lrs=1e3 + n, resistance_hrs=np.where(n < 60, 1e6, 2e3), device="E1",
                  provenance=Provenance(file="e.csv")),
        Endurance(cycle=n, resistance_lrs=1e3 + n, resistance_hrs=1e6 + n, device="E2",
                  provenance=Provenance(file="e.csv")),
        reads("chip3_prebake", before), reads("chip3_postbake", after), log,
    ]  # fmt: skip
    sweeps = [sweep(limit, k + 1) for k, limit in enumerate(np.geomspace(1e-5, 1e-3, 6))]
    table = extract_switching(sweeps, read_voltage=0.1)
    return sweeps, table, gather_findings(sweeps, table, records)


def test_every_kind_has_its_records_with_units(mixed):
    records = records_of(mixed[2])
    counts = {name: len(rows) for name, rows in records.items()}
    assert counts == {
        "conduction": 24, "compliance": 6, "endurance": 2, "pulses": 5, "retention": 2, "levels": 4, "reads": 2,
        "writes": 1,
    }  # fmt: skip
    fields = {name for rows in records.values() for name in rows[0]}
    assert set(UNITS) <= fields | {"file"}
    for name, rows in records.items():
        assert all(list(row) == list(rows[0]) for row in rows), name
    assert records["endurance"][0]["failure"] == "stuck at LRS"
    assert records["endurance"][0]["cycles_verified"] == 59
    assert records["levels"][0]["changed"] == 3


def test_json_has_a_record_of_everything_and_the_checks(mixed):
    sweeps, table, findings = mixed
    found = numbers(sweeps, table, None, None, RunRecord(read_voltage=0.1), findings)
    assert "NaN" not in to_json(found)
    assert len(found["records"]) == found["cycles"] == 6
    assert len(found["pulses"]) == 5
    assert found["survival"]["devices"] == 2
    assert found["survival"]["min_ratio"] == 10
    assert {check["code"] for check in found["checks"]} >= {"V1", "S1", "E1", "R1"}
    keys = {reference["key"] for reference in found["provenance"]["references"]}
    assert {"kaplan1958", "lanza2021endurance", "chen2018neurosim"} <= keys


def test_every_figure_that_the_data_support_is_planned(mixed):
    sweeps, table, findings = mixed
    names = [plan.name for plan in plan_gallery(sweeps, table, None, None, findings)]
    assert names == [
        "sweeps", "probability", "distributions", "cycles", "resistances", "compliance", "conduction", "slope",
        "endurance", "survival", "updates", "read_write", "retention", "telegraph", "levels",
        "level_confusion", "writes",
    ]  # fmt: skip


def test_tables_are_the_records_with_units_in_the_heads(mixed, tmp_path):
    _, table, findings = mixed
    records = records_of(findings)
    written = write_tables(tmp_path, table, records)
    assert set(written) == {f"{name}.{end}" for name in ("cycles", *records) for end in ("csv", "parquet")}
    parquet = pytest.importorskip("pyarrow.parquet")
    for name in ("cycles", *records):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8") as lines:
            heads, *rows = list(csv.reader(lines))
        again = parquet.read_table(tmp_path / f"{name}.parquet")
        assert again.column_names == heads
        assert again.num_rows == len(rows)
        for column, values in zip(heads, again.columns, strict=True):
            for text, value in zip(
                (row[heads.index(column)] for row in rows), values.to_pylist(), strict=True
            ):
                if isinstance(value, float):
                    assert (text == "") == np.isnan(value)
                    assert text == "" or float(text) == value
                elif text:
                    assert text == str(value)
    heads = next(csv.reader(io.StringIO(csv_of(records["retention"]))))
    assert {"span (s)", "resistance_first (ohm)", "drift (%)", "file"} <= set(heads)
    assert head("v_reset") == "v_reset (V)"


def test_no_rows_are_no_table(tmp_path, table):
    assert csv_of([]) == ""
    empty = dataclasses.replace(
        table, **{f.name: _pick(getattr(table, f.name), []) for f in dataclasses.fields(table)
                  if f.name != "read_voltage"},
    )  # fmt: skip
    assert write_tables(tmp_path, empty, {"pulses": []}) == ()
    assert list(tmp_path.iterdir()) == []
