"""`pinched simulate`: what it writes, what it refuses, and the same device in a circuit simulator."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from typer.testing import CliRunner

import pinched as pi
from pinched._errors import DataFileError, PinchedError
from pinched.cli import app
from pinched.cli.simulate import NetlistName
from pinched.cli.waveforms import waveform_of
from pinched.devices.circuit import Source
from pinched.devices.law import parameters
from pinched.devices.laws.registry import LAWS
from pinched.devices.presets import DEVICES


def pinched(*arguments):
    done = CliRunner().invoke(
        app, ["simulate", *map(str, arguments)], env={"NO_COLOR": "1", "COLUMNS": "120"}
    )
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    netlists = [part for name in NetlistName for part in ("--netlist", name.value)]
    done = pinched(
        "vteam", "--waveform", "triangle:1.2V:10s", "--param", "r_on=2kohm", "--param", "w_off=4nm", "--param",
        "w_initial=4e-9", "--series", "100 ohm", "--compliance", "1mA", "--points", "400", *netlists, "--out", out,
        "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout), out


def test_it_writes_sweep_figure_numbers_and_netlists(finished):
    _, out = finished
    expected = {"simulation.json", "sweep.csv", "sweep.pdf", "sweep.svg", "sweep.png", "waveform.pwl"}
    expected |= {"vteam.cir", "vteam.xyce.cir", "vteam.va"}
    assert {path.name for path in out.iterdir()} == expected
    assert all(path.stat().st_size > 0 for path in out.iterdir())


def test_the_record_says_what_was_driven_and_what_came_out(finished):
    record, out = finished
    assert record == json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    assert record["simulated"] is True
    assert record["parameters"]["r_on"] == {"value": 2000.0, "unit": "ohm"}
    assert record["parameters"]["w_off"]["value"] == pytest.approx(4e-9)
    assert record["series_resistance_ohm"] == 100.0
    assert record["compliance_current_A"] == 1e-3
    assert "VTEAM" in record["reference"]
    (device,) = record["devices"]
    assert device["states"]["w"]["max"] == pytest.approx(4e-9)
    assert device["states"]["w"]["min"] < 1e-11
    assert device["current_min_A"] == pytest.approx(-1.2 / 2100, rel=1e-3)


def test_the_csv_is_a_sweep_that_is_read_back_as_simulated(finished):
    record, out = finished
    (sweep,) = pi.read_sweeps([out / "sweep.csv"])
    assert sweep.provenance.simulated_by == "pinched.devices.Vteam"
    assert sweep.compliance_current == 1e-3
    assert sweep.current.min() == record["devices"][0]["current_min_A"]


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
def test_ngspice_runs_the_netlist_and_finds_the_same_sweep(finished, tmp_path):
    _, out = finished
    shutil.copy(out / "vteam.cir", tmp_path)
    subprocess.run(["ngspice", "-b", "vteam.cir"], cwd=tmp_path, check=True, capture_output=True, timeout=100)
    found = np.loadtxt(tmp_path / "ngspice.txt", skiprows=1)
    (sweep,) = pi.read_sweeps([out / "sweep.csv"])
    steady = np.abs(np.gradient(sweep.current, sweep.time)) < 2e-3
    current = np.interp(sweep.time[steady], found[:, 0], found[:, 3])
    assert np.abs(current - sweep.current[steady]).max() < 1e-3 * np.abs(sweep.current).max()


@pytest.mark.slow
def test_devices_with_a_spread_each_get_a_file_and_a_card(tmp_path):
    out = tmp_path / "out"
    done = pinched(
        "vteam", "--spread", "r_off=0.3", "--devices", "12", "--points", "50", "--netlist", "verilog-a", "--netlist",
        "spice", "--out", out, "--waveform", "triangle:0.3V:1ms",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert len(list(out.glob("sweep_*.csv"))) == 12
    record = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    peaks = [device["current_max_A"] for device in record["devices"]]
    assert 0.1 < np.std(np.log(peaks)) < 0.6
    assert "vary z0" in (out / "vteam.scs").read_text(encoding="utf-8")
    assert "agauss" in (out / "vteam.cir").read_text(encoding="utf-8")
    assert "and 2 more" in done.stdout


@pytest.mark.slow
def test_a_stochastic_law_needs_no_spread_and_repeats_with_its_seed(tmp_path):
    found = []
    for seed in (1, 1, 2):
        out = tmp_path / f"out{len(found)}"
        done = pinched(
            "metastable-switch-stochastic", "--devices", "3", "--param", "switches=100", "--seed", seed, "--out", out,
            "--waveform", "triangle:0.3V:10ms", "--points", "100",
        )  # fmt: skip
        assert done.exit_code == 0, done.stderr
        found.append([path.read_text(encoding="utf-8") for path in sorted(out.glob("*.csv"))])
    assert found[0] == found[1] != found[2]
    assert len(set(found[0])) == 3


@pytest.mark.slow
def test_parts_and_presets_by_name(tmp_path):
    out = tmp_path / "out"
    arguments = (
        "--part",
        "window=Biolek",
        "--param",
        "window.p=2",
        "--waveform",
        "sine:1.2V:1Hz",
        "--out",
        out,
    )
    done = pinched("linear-drift", *arguments, "--points", "100")
    assert done.exit_code == 0, done.stderr
    record = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    assert record["parameters"]["window.p"]["value"] == 2.0
    done = pinched("tiotto2023", "--waveform", "triangle:1V:-2V:8s", "--out", out, "--points", "100")
    assert done.exit_code == 0, done.stderr
    assert json.loads((out / "simulation.json").read_text(encoding="utf-8"))["class"] == "Yakopcic"
    done = pinched("memdiode", "--part", "conduction.mixing=geometric", "--out", out, "--points", "50")
    assert done.exit_code == 0, done.stderr


def test_the_list_has_every_law_with_parameters_units_defaults_and_source():
    done = pinched("--list", "--json")
    found = json.loads(done.stdout)
    assert set(found["laws"]) == set(LAWS)
    assert found["presets"] == list(DEVICES)
    for name, entry in found["laws"].items():
        assert set(entry["parameters"]) == set(parameters(LAWS[name]()))
        assert all({"default", "unit", "meaning"} <= set(one) for one in entry["parameters"].values())
    text = pinched("vteam", "--list").stdout
    assert "SET threshold, below zero" in text
    assert "Kvatinsky" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no law"),
        (("nothing",), "no law or preset"),
        (("vteam", "--param", "r_onn=3"), "no parameter 'r_onn'"),
        (("vteam", "--param", "r_on"), "NAME=VALUE"),
        (("vteam", "--param", "r_on=3V"), "--param r_on"),
        (("vteam", "--param", "r_on=1e6"), "must exceed r_on"),
        (("vteam", "--devices", "3"), "all be alike"),
        (("vteam", "--devices", "0"), "at least 1"),
        (("vteam", "--spread", "w_on=0.1"), "w_on is 0"),
        (("vteam", "--spread", "r_on=-1"), "above 0"),
        (("vteam", "--spread", "r_on=x"), "not a number"),
        (("vteam", "--part", "window=Nothing"), "choose from"),
        (("vteam", "--part", "nothing=Biolek"), "no part 'nothing'"),
        (("vteam", "--waveform", "saw:1V:1s"), "no file and no shape"),
        (("vteam", "--waveform", "triangle:1V"), "wrong parts"),
        (("vteam", "--waveform", "triangle:1V:0s"), "above zero"),
        (("vteam", "--waveform", "pulses:1V:1us:1us:x"), "whole number"),
        (("vteam", "--cycles", "0"), "--cycles"),
        (("vteam", "--compliance", "-1mA"), "above zero"),
    ],
)
def test_mistakes_end_with_two_and_a_cure(arguments, message, tmp_path):
    done = pinched(*arguments, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert message in done.stderr.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    done = pinched("vteam", "--out", tmp_path)
    assert done.exit_code == 2
    assert (tmp_path / "mine.txt").exists()


def test_shapes():
    wave, source = waveform_of("triangle:1V:-2V:6s", cycles=2)
    assert source is Source.VOLTAGE
    assert wave.duration == pytest.approx(12.0)
    assert (wave.voltage.max(), wave.voltage.min()) == (1.0, -2.0)
    wave, source = waveform_of("triangle:100uA:1s")
    assert source is Source.CURRENT
    assert wave.voltage.max() == pytest.approx(1e-4)
    assert waveform_of("sine:1V:10ms")[0].duration == pytest.approx(1e-2)
    assert waveform_of("sine:1V:1kHz", cycles=3)[0].duration == pytest.approx(3e-3)
    wave, _ = waveform_of("pulses:1V:1us:3us:5")
    assert wave.duration == pytest.approx(5 * 1e-6 + 6 * 3e-6)


def test_waveforms_from_files(tmp_path):
    path = tmp_path / "wave.csv"
    path.write_text("# drive\ntime (ms),voltage (mV)\n0,0\n1,500\n2,0\n")
    wave, source = waveform_of(str(path), cycles=2)
    assert source is Source.VOLTAGE
    assert wave.time == pytest.approx([0, 1e-3, 2e-3, 3e-3, 4e-3])
    assert wave.voltage == pytest.approx([0, 0.5, 0, 0.5, 0])
    path.write_text("0 0\n1 0\n1 1\n2 1\n")
    wave, _ = waveform_of(str(path), cycles=2)
    assert wave.time == pytest.approx([0, 1, 1, 2, 2, 3, 3, 4])
    assert wave.voltage == pytest.approx([0, 0, 1, 1, 0, 0, 1, 1])
    path.write_text("current (uA);t (s)\n0;0\n10;1\n")
    wave, source = waveform_of(str(path))
    assert source is Source.CURRENT
    assert wave.voltage == pytest.approx([0, 1e-5])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "no line"),
        ("time (s),current\n0,1\n1,2\n", "line 1"),
        ("0,0\n1,x\n", "line 2"),
        ("0,0\n2,1\n1,0\n", "line 3"),
        ("0,0\n", "1 corner"),
        ("0,0\n1,nan\n", "line 2"),
    ],
)
def test_bad_waveform_files_name_the_line(text, place, tmp_path):
    path = tmp_path / "wave.csv"
    path.write_text(text)
    with pytest.raises((DataFileError, PinchedError), match=place):
        waveform_of(str(path))
