"""`pinched check` on data whose verdicts are known."""

import json

import numpy as np
from typer.testing import CliRunner

from pinched.cli import app
from pinched.data.traces import Endurance, Retention
from pinched.papers.marraccini2025 import write_simulated_sweeps


def run(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)], env={"NO_COLOR": "1", "COLUMNS": "160"})


def verdicts(*arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return {item["code"]: item for item in json.loads(done.stdout)["checks"]}


def test_sweeps(tmp_path):
    found = verdicts(write_simulated_sweeps(tmp_path / "s", devices=6))
    assert found["V1"]["verdict"] == "warn"  # one cycle per device
    assert found["S3"]["verdict"] == "pass"
    assert found["V5"]["verdict"] == "cannot tell"
    assert set(found) >= {"V1", "V2", "V3", "V4", "S1", "S2", "S4"}


def test_endurance_with_few_points_is_not_supported(tmp_path):
    """48 points for a million cycles, evenly spaced in the logarithm: what most papers show."""
    cycles = np.unique(np.logspace(0, 6, 48).round())
    rng = np.random.default_rng(0)
    trace = Endurance(
        cycle=cycles,
        resistance_lrs=1e3 * np.exp(rng.normal(0, 0.1, cycles.size)),
        resistance_hrs=1e6 * np.exp(rng.normal(0, 0.3, cycles.size)),
    )
    (tmp_path / "endurance.csv").write_text(trace.to_csv(), encoding="utf-8")
    found = verdicts(tmp_path / "endurance.csv", "--guideline", "endurance2021")
    assert found["E1"]["verdict"] == "fail"
    assert "logarithm" in found["E1"]["finding"]
    assert found["E2"]["verdict"] == "warn"
    assert found["E3"]["verdict"] == "warn"
    assert set(found) == {"E1", "E2", "E3", "E4", "E5", "E6"}
    assert found["E5"]["verdict"] == "cannot tell"  # nobody said what counts as working
    stated = verdicts(tmp_path / "endurance.csv", "--min-ratio", "100")
    assert stated["E5"]["verdict"] == "warn"  # the device was stopped while it worked
    assert "1 of 1 did not fail" in stated["E5"]["finding"]


def test_retention_states_its_factor(tmp_path):
    time = np.arange(1.0, 1e4, 50.0)
    (tmp_path / "r.csv").write_text(
        Retention(time=time, resistance=1e4 * time**0.01).to_csv(), encoding="utf-8"
    )
    found = verdicts(tmp_path / "r.csv")
    assert found["R1"]["verdict"] == "fail"
    assert "3.2e+04" in found["R1"]["finding"]


def test_numbers_of_a_network(tmp_path):
    numbers = {
        "network": {
            "test_set": "the ten patterns [the training images themselves]",
            "images": 10,
            "accuracy_array": {"mean": 0.65, "min": 0.3, "arrays": 4000},
            "accuracy_float": 1.0,
            "baseline": 0.1,
            "baseline_nearest_mean": 1.0,
        }
    }
    (tmp_path / "numbers.json").write_text(json.dumps(numbers))
    found = verdicts(tmp_path / "numbers.json")
    assert found["N1"]["verdict"] == "fail"
    assert found["N1b"]["verdict"] == "warn"


def test_mistakes_end_with_two(tmp_path):
    assert run(tmp_path / "nothing").exit_code == 2
    (tmp_path / "x.json").write_text("{}")
    assert run(tmp_path / "x.json").exit_code == 2
    assert run(write_simulated_sweeps(tmp_path / "s", devices=3), "--guideline", "mine").exit_code == 2


def test_people_get_a_table(tmp_path):
    done = run(write_simulated_sweeps(tmp_path / "s", devices=6))
    assert "Reporting guidelines" in done.stdout
    assert "our reading" in done.stdout
