"""`pinched dataset` and `pinched transport` as a person and as a machine meet them."""

import json
import subprocess

import numpy as np
import pytest
from typer.testing import CliRunner

from pinched.cli import app
from pinched.cli.dataset import AccuracyName, WaveformsName, accuracy_of
from pinched.cli.transport import _presets
from pinched.physics.accuracy import Accuracy
from pinched.physics.device import TransportDevice
from pinched.physics.drawn_waveforms import Waveforms

pytest.importorskip("zarr")


def pinched(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"NO_COLOR": "1", "COLUMNS": "120"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "runs.zarr"
    return path, pinched("dataset", "simulate", "--n", 3, "--samples", 40, "--out", path, "--json")


def test_simulate_says_what_it_made(store):
    path, done = store
    assert done.returncode == 0
    said = json.loads(done.stdout)
    assert (said["runs"], said["kept"], said["failed"], said["rejected"], said["missing"]) == (3, 3, 0, 0, 0)
    assert said["simulated"] is True
    assert said["store"] == str(path)
    assert len(said["largest_current"]) == 5


def test_describe_says_the_same_again(store):
    path, done = store
    first = json.loads(done.stdout)
    first.pop("seconds")
    assert json.loads(pinched("dataset", "describe", path, "--json").stdout) == first
    shown = pinched("dataset", "describe", path).stdout
    assert "SIMULATED data" in shown
    assert "loop wider than 5% of the largest current" in shown


def test_other_waveforms_are_drawn_by_name(tmp_path):
    assert [name.name for name in WaveformsName] == [kind.name for kind in Waveforms]
    store = tmp_path / "pulses.zarr"
    done = pinched(
        "dataset", "simulate", "--n", 1, "--samples", 120, "--waveforms", "pulses", "--out", store, "--json"
    )
    assert json.loads(done.stdout)["kept"] == 1
    other = pinched("dataset", "simulate", "--n", 1, "--samples", 120, "--out", store, "--resume")
    assert "waveforms: 'pulses' there" in " ".join(other.stderr.split())


def test_a_store_that_is_there_is_not_written_over(store):
    path, _ = store
    again = pinched("dataset", "simulate", "--n", 3, "--samples", 40, "--out", path, "--json")
    assert again.returncode == 2
    assert "--resume" in json.loads(again.stdout)["error"]
    other = pinched("dataset", "simulate", "--n", 3, "--samples", 41, "--out", path, "--resume")
    assert other.returncode == 2
    assert "samples: 40 there, 41 now" in " ".join(other.stderr.split())


def test_a_folder_that_is_no_store_is_named(tmp_path):
    done = pinched("dataset", "describe", tmp_path)
    assert done.returncode == 2
    assert "is no store of runs" in " ".join(done.stderr.split())


def test_names_of_the_command_line_are_objects():
    assert {accuracy_of(name) for name in AccuracyName} == {
        Accuracy.fast, Accuracy.normal, Accuracy.reference, Accuracy.fine,
    }  # fmt: skip
    for make in _presets().values():
        assert isinstance(make(), TransportDevice)


def test_transport_writes_the_run_with_what_was_set(tmp_path):
    out = tmp_path / "run"
    done = pinched(
        "transport", "run", "--set", "barrier_left=250meV", "--set", "length=0.5um", "--waveform", "triangle:2V:9.6s",
        "--accuracy", "fast", "--out", out, "--json",
    )  # fmt: skip
    assert done.returncode == 0
    record = json.loads(done.stdout)
    assert record["parameters"]["barrier_left"]["value"] == pytest.approx(0.25)
    assert record["parameters"]["length"]["value"] == pytest.approx(0.5e-6)
    assert record["finished"]
    assert record["quality"]["current_mismatch"] < 1e-6
    with np.load(out / "profiles.npz", allow_pickle=False) as held:
        assert held["position"][-1] == pytest.approx(0.5e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--preset", "mine"], "there is no preset 'mine'"),
        (["--set", "barrier=0.2"], "the device has no such parameter"),
        (["--set", "barrier_left"], "write NAME=VALUE"),
        (["--set", "barrier_left=much"], "is no number in eV"),
        (["--set", "barrier_left=1.5"], "above the band gap"),
        (["--set", "length=-1um"], "length"),
        (["--waveform", "triangle:1mA:1s"], "held at a voltage"),
        (["--waveform", "pulses:1V:1ms:1ms"], "jumps"),
    ],
)
def test_mistakes_end_with_a_message_and_leave_nothing(tmp_path, arguments, said):
    done = pinched("transport", "run", *arguments, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "run").exists()


def test_the_list_names_every_parameter_with_its_unit():
    found = json.loads(pinched("transport", "run", "--list", "--json").stdout)
    assert found["spetzler2023"]["vacancy_mobility"]["unit"] == "m^2/(V s)"
    assert "traps.density" in found["spetzler2023_traps"]
