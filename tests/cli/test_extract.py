"""`pinched extract`: which files it writes for which data, and what its JSON holds."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from pinched.data.traces import Endurance, Retention
from pinched.papers.marraccini2025 import write_simulated_sweeps

ENDS = (".png", "_89mm.svg", "_89mm.pdf", "_183mm.svg", "_183mm.pdf")

SWEEPS = {"sweeps", "probability", "distributions", "cycles", "resistances", "conduction", "slope"}
"""Figures of any sweeps that switch."""


def extract(*arguments):
    """Run the command in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "pinched", "extract", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160", "PYTHONIOENCODING": "utf-8"},
    )


def names(out):
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


def golden(figures, tables):
    return (
        {"report.html", "numbers.json"}
        | {f"figures/{name}{end}" for name in figures for end in ENDS}
        | {f"{name}.{end}" for name in tables for end in ("csv", "parquet")}
    )


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Three simulated devices, an endurance and a retention measurement in one folder."""
    folder = tmp_path_factory.mktemp("lab")
    write_simulated_sweeps(folder / "sweeps", devices=3)
    n = np.arange(1.0, 61)
    for name, last in (("E1", 30), ("E2", 99)):
        hrs = np.where(n < last, 1e6, 2e3)
        trace = Endurance(cycle=n, resistance_lrs=1e3 + n, resistance_hrs=hrs, device=name)
        (folder / f"{name}.csv").write_text(trace.to_csv(), encoding="utf-8")
    t = np.arange(0.0, 4000.0, 10.0)
    noise = np.exp(1e-3 * np.random.default_rng(0).normal(size=t.size))
    kept = Retention(time=t, resistance=1e4 * (t + 5) ** 0.01 * noise, device="R")
    (folder / "kept.csv").write_text(kept.to_csv(), encoding="utf-8")
    out = tmp_path_factory.mktemp("run") / "out"
    return extract(folder, "--out", out, "--json"), out


def test_a_mixed_folder_writes_everything_that_it_supports(simulated):
    done, out = simulated
    assert done.returncode == 0, done.stderr
    pytest.importorskip("pyarrow")
    assert names(out) == golden(
        SWEEPS | {"sweeps_by_device", "map", "endurance", "survival", "retention", "telegraph", "spectrum"},
        {"cycles", "conduction", "endurance", "retention"},
    )


def test_json_has_the_keys_of_evaluate_and_a_record_of_everything(simulated):
    done, out = simulated
    found = json.loads(done.stdout)
    assert found == json.loads((out / "numbers.json").read_text(encoding="utf-8"))
    assert {
        "sweeps", "cycles", "devices", "v_set", "v_reset", "resistance_lrs", "resistance_hrs", "on_off_ratio",
        "yield", "network", "baseline", "bit_error_rate", "provenance",
    } <= set(found)  # fmt: skip
    assert len(found["records"]) == found["cycles"] == 3
    assert [row["device"] for row in found["endurance"]] == ["E1", "E2"]
    assert [row["failure"] for row in found["endurance"]] == ["stuck at LRS", "did not fail"]
    assert found["survival"]["failed"] == 1
    assert found["retention"][0]["reads"] == 400
    assert {check["code"] for check in found["checks"]} >= {"V1", "S1", "E1", "E5", "R1"}
    files = [record["path"] for record in found["provenance"]["files"]]
    assert sum("E1.csv" in path or "kept.csv" in path for path in files) == 2


def test_the_page_has_a_section_of_guideline_checks_and_loads_nothing(simulated):
    page = (simulated[1] / "report.html").read_text(encoding="utf-8")
    assert "What reporting guidelines ask" in page
    assert "Is there one point per cycle and state?" in page
    assert "fail" in page
    assert 'id="endurance"' in page
    assert "http" not in page.split("<section")[1]
    assert "default-src 'none'" in page


def test_heads_of_the_tables_name_units(simulated):
    out = simulated[1]
    for table, heads in (
        ("cycles", {"v_set (V)", "resistance_hrs (ohm)"}),
        ("retention", {"span (s)", "resistance_first (ohm)", "drift (%)"}),
        ("endurance", {"cycles_verified (cycles)"}),
        ("conduction", {"voltage_low (V)"}),
    ):
        with (out / f"{table}.csv").open(encoding="utf-8") as lines:
            assert heads <= set(next(csv.reader(lines)))


def test_people_see_tables_and_where_the_report_lies(tmp_path):
    t = np.arange(0.0, 800.0, 10.0)
    kept = Retention(time=t, resistance=1e4 * (t + 5) ** 0.01, device="R")
    (tmp_path / "kept.csv").write_text(kept.to_csv(), encoding="utf-8")
    done = extract(tmp_path / "kept.csv", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for word in ("Retention", "R after 10 years", "Guideline checks: 1 fail", "report.html"):
        assert word in done.stdout, word
    assert "v_set" not in done.stdout
    assert "nan" not in done.stdout
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "1 retention trace" in page
    assert "Current-voltage" not in page


REAL = {
    "siox_bianchi2023": ((), SWEEPS | {"autocorrelation", "endurance"}, {"cycles", "conduction", "endurance"}),
    "nbsto_tiotto": (
        ("--device-from", "folder", "--skip-bad"),
        # Gradual devices have no switching voltages: panels of them are left out, not drawn empty.
        SWEEPS | {"sweeps_by_device", "map"},
        {"cycles", "conduction"},
    ),
    "yflash_wang2022": ((), {"updates", "updates_series", "updates_by_device", "updates_map"}, {"pulses"}),
    "rram_1t1r_levy_radar2021": (
        ("--skip-bad",), {"pulses", "levels", "level_confusion", "writes"}, {"pulses", "levels", "reads", "writes"},
    ),
    "agnw_milano2022": ((), {"pulses", "retention", "telegraph", "spectrum"}, {"pulses", "retention"}),
    "tio2_drift_elgeresy2024": (
        ("--device-from", "path"), {"retention", "drift_map", "telegraph", "spectrum", "noise"}, {"retention"},
    ),
}  # fmt: skip
"""Folder -> options, figures, tables."""


@pytest.mark.slow
@pytest.mark.parametrize("folder", list(REAL))
def test_real_measurements_write_what_they_support(folder, measurements, tmp_path):
    pytest.importorskip("pyarrow")
    options, figures, tables = REAL[folder]
    done = extract(measurements / folder, *options, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert names(tmp_path / "out") == golden(figures, tables)
    assert "RuntimeWarning" not in done.stderr


def test_a_table_of_results_is_refused_with_the_reason(measurements, tmp_path):
    done = extract(measurements / "mos2_lee_metrics", "--out", tmp_path / "out", "--json")
    assert done.returncode == 2
    assert "a table of results" in json.loads(done.stdout)["error"]
    assert not (tmp_path / "out").exists()
