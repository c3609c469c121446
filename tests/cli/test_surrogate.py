"""`pinched surrogate` as a person and as a machine meet it."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from pinched.cli import app
from pinched.cli.surrogate import ModelName, models
from pinched.physics.dataset import draws
from pinched.physics.presets import zamankhani2024_ranges
from pinched.physics.store import Status
from pinched.surrogate.saved import load_surrogate

zarr = pytest.importorskip("zarr")

RUNS = 400


def pinched(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"NO_COLOR": "1", "COLUMNS": "200"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store whose currents are a closed form (no run of it was solved): resistors, 3 of them refused."""
    path = tmp_path_factory.mktemp("runs") / "runs.zarr"
    ranges = zamankhani2024_ranges()
    made = pinched("dataset", "simulate", "--n", 1, "--samples", 40, "--out", path)
    assert made.exit_code == 0, made.stderr
    group = zarr.open_group(path, mode="r+", zarr_format=3)
    values = draws(ranges, RUNS, 0)
    top, period = (values[:, ranges.names.index(name)][:, None] for name in ("amplitude", "period"))
    phase = (np.arange(40) + 0.5) / 40
    voltage = top * np.interp(phase, [0.0, 0.25, 0.75, 1.0], [0.0, 1.0, -1.0, 0.0])
    conductance = 10.0 ** (-6.0 - 2.0 * values[:, ranges.names.index("band_gap")][:, None])
    columns = {"elapsed": period * phase, "voltage": voltage, "current": conductance * voltage}
    columns |= {name: values[:, k] for k, name in enumerate(ranges.names)}
    status = np.full(RUNS, Status.KEPT)
    status[:3] = Status.REJECTED
    for name, array in group.arrays():
        array.resize((RUNS, *array.shape[1:]))
        if name in columns:
            array[:] = columns[name]
        if name == "status":
            array[:] = status
    return path


@pytest.fixture(scope="module")
def trained(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "model"
    return out, pinched("surrogate", "train", store, "--epochs", 3, "--members", 2, "--out", out, "--json")


def test_train_says_what_it_did_and_leaves_no_state(trained):
    out, done = trained
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["runs"] + said["held_back"] + said["validation"] == RUNS - 3
    assert said["held_back"] == round(0.3 * (RUNS - 3))
    assert said["members"] == len(load_surrogate(out).networks) == 2
    assert [path.name for path in out.parent.iterdir()] == ["model"]


def test_evaluate_judges_on_devices_that_were_never_seen(trained, store):
    out, done = trained
    found = json.loads(pinched("surrogate", "evaluate", out, store, "--json").stdout)
    assert found["scores"]["runs"] == json.loads(done.stdout)["held_back"]
    assert 0.0 < found["coverage90"] <= 1.0
    assert set(found["baselines"]) == {"constant median", "constant mean", "per-voltage mean", "formulas"}
    # Conductances of 1e-13 to 1e-6 S that hang on one parameter: little is left after three epochs.
    kind = "log10 conductance (decades)"
    assert (
        found["scores"]["errors"][kind]["mse"] < found["baselines"]["constant median"]["errors"][kind]["mse"]
    )
    shown = pinched("surrogate", "evaluate", out, store)
    assert "of devices that it never saw" in shown.stdout
    assert "log10 conductance (decades): R2" in shown.stdout


def test_rejected_runs_are_taken_only_when_asked_for(store, tmp_path):
    done = pinched(
        "surrogate", "train", store, "--epochs", 1, "--rejected", "--out", tmp_path / "model", "--json"
    )
    said = json.loads(done.stdout)
    assert said["runs"] + said["held_back"] + said["validation"] == RUNS


def test_what_cannot_judge_is_refused(trained, store, tmp_path):
    out, _ = trained
    changed = tmp_path / "changed"
    shutil.copytree(out, changed)
    head = json.loads((changed / "surrogate.json").read_text())
    (changed / "surrogate.json").write_text(json.dumps(head | {"format": "pinched surrogate 1"}))
    done = pinched("surrogate", "evaluate", changed, store)
    assert done.exit_code == 2
    assert "train it again" in " ".join(done.stderr.split())
    other = tmp_path / "other.zarr"
    assert (
        pinched("dataset", "simulate", "--n", 2, "--seed", 5, "--samples", 40, "--out", other).exit_code == 0
    )
    done = pinched("surrogate", "evaluate", out, other, "--json")
    assert done.exit_code == 2
    assert "none of the 2 runs" in json.loads(done.stdout)["error"]
    done = pinched("surrogate", "train", other, "--out", tmp_path / "small")
    assert done.exit_code == 2
    assert "fewer than a batch" in done.stderr or "leave" in done.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    done = pinched("surrogate", "train", store, "--out", tmp_path / "full")
    assert done.exit_code == 2
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"


def test_names_on_the_command_line_are_architectures():
    assert list(models()) == list(ModelName)


@pytest.mark.slow
def test_grow_simulates_what_it_chooses_and_keeps_it(tmp_path):
    out = tmp_path / "model"
    command = (
        "surrogate", "grow", "--start", 24, "--round", 8, "--candidates", 64, "--members", 2, "--epochs", 1,
        "--workers", 1, "--out", out, "--json",
    )  # fmt: skip
    done = pinched(*command)
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["runs"][0] <= 24
    assert said["runs"][0] < said["runs"][1] <= 32
    assert load_surrogate(out).runs < said["runs"][1]
    kept = [json.loads(pinched("dataset", "describe", store, "--json").stdout) for store in said["stores"]]
    assert [k["kept"] for k in kept] == [said["runs"][0], said["runs"][1] - said["runs"][0]]
    refused = pinched(*command, "--members", 1)
    assert refused.exit_code == 2
    assert "can disagree at 2" in refused.stdout + refused.stderr
