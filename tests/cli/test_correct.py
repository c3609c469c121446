"""`pinched correct` and `pinched inspect --write-study` as a person and as a machine meet them."""

import inspect as introspection
import json
from typing import get_type_hints

import numpy as np
import pytest
from typer.testing import CliRunner

from data import samples
from extraction.test_correcting import write_loops
from pinched.cli import app
from pinched.cli import options as opt
from pinched.cli.check import check
from pinched.cli.evaluate import evaluate
from pinched.cli.extract import extract
from pinched.cli.inspect import inspect
from pinched.data.corrections import FILE


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)], env={"NO_COLOR": "1", "COLUMNS": "160"})


@pytest.fixture
def file(tmp_path):
    path = write_loops(tmp_path / "d1.csv")
    (tmp_path / "pinched.toml").write_text('[columns]\ncurrent = "I (A)"\n')
    return path


def test_a_decision_is_written_and_shown(file):
    done = run("correct", file, "--exclude-cycle", 2, "--reason", "tip lifted", "--author", "Ann")
    assert done.exit_code == 0, done.stderr
    assert "excluded cycle 2: tip lifted" in done.stdout
    done = run("correct", file, "--cycle", 1, "--set-point", "1050 mV", "--reason", "by eye", "--json")
    found = json.loads(done.stdout)
    assert found["cycles"] == 2
    assert found["written"]["value"] == 1.05
    assert [item["kind"] for item in found["in_force"]] == ["excluded cycle", "SET point"]
    assert len((file.parent / FILE).read_text().splitlines()) == 2
    assert "SET point of cycle 1 1.05: by eye" in run("correct", file, "--list").stdout
    done = run("correct", file, "--exclude-cycle", 2, "--withdraw", "--reason", "it was another")
    assert "excluded" not in done.stdout


def test_no_event_and_a_column(file):
    done = run("correct", file, "--cycle", 1, "--reset-point", "none", "--reason", "never fell", "--json")
    assert json.loads(done.stdout)["written"]["value"] is None
    done = run("correct", file, "--current-column", "3", "--reason", "other meter", "--json")
    assert json.loads(done.stdout)["written"]["value"] == 3


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "0 decisions"),
        (("--exclude-cycle", 1, "--current-column", "3", "--reason", "x"), "2 decisions"),
        (("--exclude-cycle", 1), "--reason"),
        (("--set-point", "1", "--reason", "x"), "--cycle"),
        (("--cycle", 1, "--set-point", "1 A", "--reason", "x"), "V is wanted"),
        (("--exclude-cycle", 9, "--reason", "x"), "no cycle 9"),
        (("--list", "--exclude-cycle", 1), "--list"),
    ],
)
def test_mistakes_end_with_two_and_write_nothing(file, arguments, word):
    done = run("correct", file, *arguments)
    assert done.exit_code == 2
    assert word in done.stderr
    assert not (file.parent / FILE).exists()


def test_what_was_done_by_hand_is_said_by_inspect_and_check(file):
    run("correct", file, "--exclude-cycle", 2, "--reason", "tip lifted")
    assert "By hand: excluded cycle 2 (tip lifted)" in run("inspect", file).stdout
    done = run("check", file, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert any("dropped by hand (1 of 2): tip lifted" in line for line in found["said"])
    dropped = {item["code"]: item for item in found["checks"]}["V3"]
    assert "by hand" in dropped["finding"]


def test_inspect_writes_a_study_and_no_second_one(tmp_path):
    for device in ("d1", "d2"):
        (tmp_path / device).mkdir()
        for cycle in (1, 2):
            scale = cycle if device == "d1" else 3 * cycle
            rows = samples.lines(samples.LOOP, scale * samples.CURRENT * 1e6, mark=",")
            (tmp_path / device / f"2V_{cycle}.csv").write_text("V,I\n" + rows)
    done = run("inspect", tmp_path, "--write-study", "--current-unit", "uA", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["written"] == str(tmp_path / "pinched.toml")
    text = (tmp_path / "pinched.toml").read_text()
    assert 'name_pattern = "{device}/{stop}V_{cycle}"' in text
    assert 'current_unit = "uA"' in text
    done = run("inspect", tmp_path, "--write-study")
    assert done.exit_code == 2
    assert "exists" in done.stderr
    assert (tmp_path / "pinched.toml").read_text() == text


def test_two_channels_and_a_shunt(tmp_path):
    (tmp_path / "F1CH1.CSV").write_bytes(samples.scope("CH1", samples.LOOP + 50 * samples.CURRENT))
    (tmp_path / "F1CH2.CSV").write_bytes(samples.scope("CH2", 50 * samples.CURRENT))
    done = run("inspect", tmp_path, "--shunt", "50 ohm", "--json")
    assert [file["sweeps"] for file in json.loads(done.stdout)["files"]] == [1, 0]


def test_a_state_unit_can_be_said(tmp_path):
    rows = samples.lines(np.arange(20.0), 40 + 10 * np.sin(np.arange(20.0)), mark=",")
    (tmp_path / "a.csv").write_text("Pulse,G\n" + rows)
    assert run("inspect", tmp_path / "a.csv").exit_code == 2
    done = run("inspect", tmp_path / "a.csv", "--state-unit", "uS", "--json")
    (file,) = json.loads(done.stdout)["files"]
    assert (file["kind"], file["records"]) == ("pulses", 1)


def test_every_command_has_every_reading_option():
    names = set(introspection.signature(opt.reading_options).parameters)
    for command in (evaluate, extract, check, inspect):
        shown = introspection.signature(command).parameters
        assert names <= set(shown)
        assert "reading" not in shown
        assert get_type_hints(command)["shunt"] == str | None
