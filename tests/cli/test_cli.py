"""The command line as a person and as a machine meet it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from drawing import draw_few_figures
from pinched.cli import app
from pinched.cli.evaluate import NetworkName, TrainingName, tasks, trainings
from pinched.cli.options import namings
from pinched.data.options import DeviceNaming
from pinched.networks.study import Training
from pinched.papers.marraccini2025 import write_simulated_sweeps

QUICK = ["--network", "digits5x4", "--bits", "3", "--arrays", "5"]


def process(*arguments):
    """Run the command in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "pinched", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"},
    )


def pinched(*arguments):
    """Run the command in this process: the same code without three seconds of imports."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"NO_COLOR": "1", "COLUMNS": "120"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    return write_simulated_sweeps(tmp_path_factory.mktemp("data") / "sweeps", devices=30)


@pytest.fixture(scope="module")
def finished(sweeps, tmp_path_factory):
    """The main job in this process, with a few of its figures; `test_in_a_process_...` draws all of them."""
    out = tmp_path_factory.mktemp("run") / "out"
    with pytest.MonkeyPatch.context() as patch:
        draw_few_figures(patch)
        return pinched("evaluate", sweeps, *QUICK, "--out", out, "--json"), out


def test_version():
    done = process("--version")
    assert re.fullmatch(r"pinched \d+\.\d+\.\d+\n", done.stdout)


def test_names_on_the_command_line_cover_every_object():
    assert list(tasks()) == list(NetworkName)
    assert [task.name for task in tasks().values()] == [name.value for name in NetworkName]
    assert set(trainings()) == set(TrainingName)
    assert set(trainings().values()) == set(Training)
    assert set(namings().values()) == set(DeviceNaming)


def test_json_is_one_object_with_the_keys_that_others_rely_on(finished):
    done, out = finished
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == json.loads((out / "numbers.json").read_text(encoding="utf-8"))
    assert {"sweeps", "cycles", "devices", "on_off_ratio", "network", "provenance"} <= set(found)
    for name in ("v_set", "v_reset", "resistance_lrs", "resistance_hrs"):
        assert {"n", "median", "mean", "std", "sigma_log", "interval"} <= set(found[name])
    network = found["network"]
    assert {"name", "bits", "accuracy_float", "accuracy_quantized", "baseline", "bit_error_rate"} <= set(
        network
    )
    assert {"mean", "std", "min", "interval", "arrays"} <= set(network["accuracy_array"])
    assert network["accuracy_array"]["arrays"] == 5
    assert found["sweeps"] == found["devices"] == 30
    assert found["provenance"]["simulated"] is True


def test_the_output_folder_holds_everything(finished):
    _, out = finished
    names = {path.name for path in out.iterdir()}
    assert {"report.html", "numbers.json", "cycles.csv", "figures"} <= names
    suffixes = {path.suffix for path in (out / "figures").iterdir()}
    assert suffixes == {".svg", ".pdf", ".png"}
    assert [p.name for p in out.parent.iterdir()] == ["out"]


@pytest.mark.slow
def test_in_a_process_of_its_own_the_same_command_gives_the_same_numbers(finished, sweeps, tmp_path):
    """With all figures: by default `pinched extract` draws a whole report, the page's tests those of the network."""
    done = process("evaluate", sweeps, *QUICK, "--out", tmp_path / "o", "--json")
    assert done.returncode == 0, done.stderr
    again, first = json.loads(done.stdout), json.loads(finished[0].stdout)
    few, every = ({p.name for p in (o / "figures").iterdir()} for o in (finished[1], tmp_path / "o"))
    assert few < every
    for record in (again, first):
        record.pop("provenance")
    assert again == first


def bad_files():
    """Name of the case -> (how to make it, what the message must name)."""
    rows = "\n".join(f"{v:.3f},{v * 1e-6:.3e}" for v in np.linspace(0, 1, 30))
    return {
        "missing": (lambda _: None, "no such file|does not exist|not found"),
        "empty": (lambda p: p.write_text(""), "empty"),
        "head_only": (lambda p: p.write_text("V (V),I (A)\n"), "head|no numbers|no data|no row"),
        "one_point": (lambda p: p.write_text("V (V),I (A)\n0.1,1e-6\n"), "1|single|one"),
        "text": (lambda p: p.write_text("V (V),I (A)\n" + rows + "\n0.5,broken\n"), "broken"),
        "nan": (lambda p: p.write_text("V (V),I (A)\n" + rows + "\n0.5,nan\n"), "nan|missing"),
        "overflow": (lambda p: p.write_text("V (V),I (A)\n" + rows + "\n0.5,9.91e37\n"), "9.91e"),
        "time_and_voltage": (
            lambda p: p.write_text("\n".join(f"{0.083 * k},{v:.2f}" for k, v in enumerate(triangle()))),
            "current",
        ),
        "never_switches": (
            lambda p: p.write_text("V (V),I (A)\n" + "\n".join(f"{v},{v * 1e-6}" for v in triangle())),
            "v_set",
        ),
    }


def triangle():
    return np.concatenate(
        [np.linspace(0, 1, 101), np.linspace(0.99, -4, 500), np.linspace(-3.99, 0, 400)]
    ).round(4)


@pytest.mark.parametrize("case", bad_files())
def test_bad_files_end_with_two_and_a_message(case, tmp_path):
    make, pattern = bad_files()[case]
    path = tmp_path / f"{case}.csv"
    make(path)
    done = pinched("evaluate", path, *QUICK, "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    flat = " ".join(done.stderr.split())
    assert re.search(pattern, flat, re.IGNORECASE), flat
    if case != "never_switches":
        assert f"{case}.csv" in flat.replace(" ", "")
    assert not (tmp_path / "out").exists()


def test_truncated_workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for k in range(50):
        book.active.append([k * 0.1, k * 1e-6])
    book.save(tmp_path / "whole.xlsx")
    content = (tmp_path / "whole.xlsx").read_bytes()
    (tmp_path / "whole.xlsx").unlink()
    (tmp_path / "cut.xlsx").write_bytes(content[: len(content) // 2])
    done = pinched("evaluate", tmp_path / "cut.xlsx", *QUICK, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "cut.xlsx" in done.stderr.replace("\n", "")


def test_two_devices_with_one_name(sweeps, tmp_path):
    for folder, source in (("a", "simulated_001.csv"), ("b", "simulated_002.csv")):
        (tmp_path / folder).mkdir()
        shutil.copy(sweeps / source, tmp_path / folder / "dev1.csv")
    done = pinched("evaluate", tmp_path / "a", tmp_path / "b", *QUICK, "--out", tmp_path / "out")
    assert done.returncode == 2
    flat = "".join(done.stderr.split())
    assert "a/dev1.csv" in flat
    assert "b/dev1.csv" in flat
    assert "--device-from" in flat


@pytest.mark.usefixtures("few_figures")
def test_bad_file_among_good_ones(sweeps, tmp_path):
    folder = tmp_path / "mixed"
    shutil.copytree(sweeps, folder)
    (folder / "broken.csv").write_text("V (V),I (A)\n0.1,oops\n")
    refused = pinched("evaluate", folder, *QUICK, "--out", tmp_path / "out")
    assert refused.returncode == 2
    assert "broken.csv" in refused.stderr.replace("\n", "")
    assert not (tmp_path / "out").exists()
    done = pinched("evaluate", folder, *QUICK, "--out", tmp_path / "out", "--skip-bad")
    assert done.returncode == 0, done.stderr
    # What a person sees: the tables, and what was left out.
    assert "SIMULATED data" in done.stdout
    for word in (
        "v_set",
        "resistance_hrs",
        "95 % interval",
        "float network",
        "worst of 5 arrays",
        "report.html",
    ):
        assert word in done.stdout, word
    assert "Skipped:" in done.stderr
    found = json.loads((tmp_path / "out" / "numbers.json").read_text(encoding="utf-8"))
    assert found["sweeps"] == 30
    assert any("broken.csv" in text for text in found["provenance"]["skipped"])
    assert "broken.csv" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--bits", "9"], "bits"),
        (["--arrays", "0"], "arrays"),
        (["--hidden", "a,b"], "--hidden"),
        (["--read-voltage", "0"], "read_voltage"),
        (["--write-voltage", "-5"], "write_voltage"),
        (["--yield", "40"], "share"),
        (["--network", "imagenet"], "imagenet"),
        (["--network", "mnist", "--data", "nowhere"], "nowhere"),
    ],
)
def test_bad_options_end_with_two(sweeps, tmp_path, arguments, word):
    done = pinched("evaluate", sweeps, *QUICK, *arguments, "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert word in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


def test_json_errors_are_json_too(tmp_path):
    done = pinched("evaluate", tmp_path / "nothing.csv", "--json", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "nothing.csv" in json.loads(done.stdout)["error"]


@pytest.mark.slow
@pytest.mark.usefixtures("few_figures")
def test_extract_gives_every_cycle_and_needs_no_network(sweeps, tmp_path):
    done = pinched("extract", sweeps, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["network"] is None
    assert len(found["records"]) == found["cycles"] == 30
    assert {"device", "cycle", "v_set", "v_set_flag", "resistance_hrs"} <= set(found["records"][0])
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.html", "numbers.json", "cycles.csv", "cycles.parquet", "figures"} <= names


@pytest.mark.usefixtures("few_figures")
def test_extract_reports_a_device_that_never_switches(tmp_path):
    (tmp_path / "r.csv").write_text("V (V),I (A)\n" + "\n".join(f"{v},{v * 1e-6}" for v in triangle()))
    done = pinched("extract", tmp_path / "r.csv", "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["v_set"]["n"] == 0
    assert found["v_set"]["flags"] == {"none": 1}
    assert any("No spread was fitted" in text for text in found["provenance"]["assumptions"])


def test_somebody_elses_folder_is_left_alone(sweeps, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    done = pinched("evaluate", sweeps, *QUICK, "--out", tmp_path)
    assert done.returncode == 2
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ on Windows")
def test_a_killed_run_leaves_no_half_report(sweeps, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pinched", "evaluate", str(sweeps), "--arrays", "400", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(4.0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()


@pytest.mark.usefixtures("few_figures")
@pytest.mark.slow
def test_demo_labels_its_data_as_simulated(tmp_path):
    done = pinched("demo", "--out", tmp_path / "demo", "--arrays", "3", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["devices"] == 47
    assert found["provenance"]["simulated"] is True
    assert "imulated" in (tmp_path / "demo" / "report" / "report.html").read_text(encoding="utf-8")
    first = (tmp_path / "demo" / "simulated_sweeps" / "simulated_001.csv").read_text(encoding="utf-8")
    assert first.startswith("# simulated_by")
