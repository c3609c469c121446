"""`pinched fit`: parameters, ranking and figures from files, what it chooses and what it refuses."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import pinched as pi
from pinched._random import generator
from pinched.cli import app
from pinched.devices.laws.vteam import Vteam

TRUTH = Vteam(
    r_on=2e3,
    r_off=8e4,
    v_on=-0.45,
    v_off=0.4,
    k_on=-5e-6,
    k_off=2e-6,
    alpha_on=3.0,
    alpha_off=2.0,
    w_initial=2.5e-9,
)


def pinched(*arguments):
    done = CliRunner().invoke(app, ["fit", *map(str, arguments)], env={"NO_COLOR": "1", "COLUMNS": "200"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def write(folder, name, cycles, noise=0.02):
    """Sweeps of TRUTH as a file of their own."""
    rng = generator(0, "cli fit", name)
    for cycle in range(cycles):
        clean = pi.drive(TRUTH, pi.triangle("1 V", period="10 ms"), points=160)
        current = clean.current * np.exp(noise * rng.standard_normal(len(clean)))
        rows = "\n".join(
            f"{t!r},{v!r},{i!r}"
            for t, v, i in zip(clean.time.tolist(), clean.voltage.tolist(), current.tolist(), strict=True)
        )
        (folder / f"{name}_{cycle + 1}.csv").write_text(f"time (s),voltage (V),current (A)\n{rows}\n")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit") / "lab"
    folder.mkdir()
    write(folder, "a", 2)
    return folder


@pytest.fixture(scope="module")
def ranked(lab):
    folder = lab.parent
    done = pinched(
        lab,
        "--law",
        "vteam,linear-drift",
        "--together",
        "--cycles",
        "2",
        "--out",
        folder / "ranked",
        "--json",
    )
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout), folder


@pytest.mark.slow
def test_the_law_that_made_the_sweeps_is_first_with_its_parameters(ranked):
    record, folder = ranked
    assert record == json.loads((folder / "ranked" / "fits.json").read_text(encoding="utf-8"))
    assert [law["law"] for law in record["laws"]] == ["vteam", "linear-drift"]
    best = record["laws"][0]
    found = {p["name"]: p for p in best["parameters"]}
    for name in ("r_on", "r_off"):
        assert found[name]["value"] == pytest.approx(getattr(TRUTH, name), rel=0.05)
        assert found[name]["identified"]
    assert best["verdict"].startswith("describes the sweeps")
    assert best["error_held_back_decades"] < 0.02
    assert set(best["left_open"]) == {n for n, p in found.items() if not p["identified"]}
    assert record["laws"][1]["error_held_back_decades"] > 2 * best["error_held_back_decades"]


@pytest.mark.slow
def test_files_are_figures_tables_and_json(ranked):
    _, folder = ranked
    names = {path.name for path in (folder / "ranked").iterdir()}
    figures = {
        f"{stem}.{kind}"
        for stem in ("fit_vteam", "fit_linear-drift", "ranking")
        for kind in ("pdf", "svg", "png")
    }
    assert names == figures | {"fits.json", "parameters.csv"}
    table = (folder / "ranked" / "parameters.csv").read_text(encoding="utf-8")
    assert table.startswith("law,parameter,unit,value,low_95,high_95,identified\nvteam,")


@pytest.mark.slow
def test_of_several_devices_one_is_taken_and_said(tmp_path):
    lab = tmp_path / "lab"
    lab.mkdir()
    write(lab, "b", 1)
    write(lab, "c", 1)
    done = pinched(lab, "--law", "linear-drift", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert "one of 2 devices" in done.stdout
    assert "one cycle" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--law", "vteem"), "choose from all"),
        (("--law", "vteam", "--param", "r_on"), "NAME=VALUE"),
        (("--law", "vteam,team", "--param", "r_on=1"), "belongs to one law"),
        (("--law", "vteam", "--param", "r_onn=1"), "no parameter r_onn"),
        (("--law", "vteam", "--param", "r_on=1e6"), "swapped"),
        (("--device", "nobody"), "no device 'nobody'"),
        (("--together", "--device", "a"), "one of the two"),
        (("--rate", "0 V"), "above zero"),
    ],
)
def test_mistakes_end_with_two_and_a_cure(arguments, message, lab, tmp_path):
    done = pinched(lab, *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert message in done.stderr.replace("\n", " ")
    assert not (tmp_path / "out").exists()


def test_sweeps_that_never_switch_are_refused(tmp_path):
    t, v = pi.triangle("1 V", period="1 s").sample(100)
    rows = "\n".join(
        f"{a!r},{b!r},{c!r}" for a, b, c in zip(t.tolist(), v.tolist(), (v / 1e4).tolist(), strict=True)
    )
    (tmp_path / "ohmic.csv").write_text(f"time (s),voltage (V),current (A)\n{rows}\n")
    done = pinched(tmp_path / "ohmic.csv", "--law", "vteam", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "never switch" in done.stderr.replace("\n", " ")
