"""`pinched inspect` as a person and as a machine meet it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pinched.cli import app
from pinched.data.names import NamePattern
from pinched.data.options import ReadOptions
from pinched.data.study import StudyFile, write_study

GOLDEN = Path(__file__).with_name("inspect_golden.txt")


LOOK = {"NO_COLOR": "1", "COLUMNS": "120", "PYTHONIOENCODING": "utf-8", "TERM": "dumb"}


def process(*arguments, cwd):
    """Run the command in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "pinched", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        timeout=300,
        check=False,
        env={**os.environ, **LOOK},
    )


def pinched(*arguments):
    """Run the command in this process: the same code without the seconds that its imports take."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env=LOOK)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def rows():
    """A loop with an open window, an absolute current and a column that repeats it."""
    up = np.linspace(0, 2, 40, endpoint=False)
    v = np.concatenate([up, 2 - up, -up[1:], up - 2, [0.0]])
    ohms = np.where((np.arange(v.size) > 30) & (np.arange(v.size) < 110), 1.2345e3, 6.789e4)
    return v, np.abs(v / ohms) + 1.2345e-9


def make_study(folder):
    """Four files of two devices with an absolute current, a repeated column and a comma too many."""
    v, i = rows()
    for device in ("d1", "d2"):
        (folder / device).mkdir()
        for cycle in (1, 2):
            lines = [
                f"{k * 0.1:.1f},{a:.3f},{b * 1e6 * cycle:.5g},{b * 1e6 * cycle:.5g},"
                for k, (a, b) in enumerate(zip(v, i, strict=True))
            ]
            head = ["# compliance_current: 5 mA", "time (s),V (V),I (uA),copy,"]
            (folder / device / f"2V_{cycle}.csv").write_text("\n".join([*head, *lines]) + "\n")


def one_file_in_full(folder):
    return process("inspect", Path("d1") / "2V_1.csv", cwd=folder)


@pytest.fixture
def study(tmp_path):
    make_study(tmp_path)
    return tmp_path


def test_one_file_in_full(study):
    """The whole output; run this file as a script to write the golden text anew."""
    done = one_file_in_full(study)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == ""
    assert done.stdout == GOLDEN.read_text(encoding="utf-8")


def test_a_folder_gets_one_line_per_file_and_a_proposal(study):
    done = pinched("inspect", study)
    assert done.returncode == 0, done.stderr
    assert "4 files below" in done.stdout
    for name in ("d1/2V_1.csv", "d2/2V_2.csv", "absolute-current", "trailing-column"):
        assert name in done.stdout
    assert 'Proposed: --name-pattern "{device}/{stop}V_{cycle}"' in done.stdout
    assert "{stop}: a number with V" in done.stdout


def test_json_is_one_object(study):
    done = pinched("inspect", study, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["proposal"]["pattern"]["text"] == "{device}/{stop}V_{cycle}"
    first = found["files"][0]
    assert {"file", "sha256", "kind", "columns", "sweeps", "cycles", "sampling", "compliance", "noise_floor",
            "settings", "guesses", "suspicions", "name"} <= set(first)  # fmt: skip
    assert (first["kind"], first["sweeps"], first["cycles"]) == ("sweep", 1, 1)
    assert first["compliance"]["stated"] == [0.005]
    assert first["columns"][2] == {
        "number": 3, "head": "I (uA)", "sheet": "", "use": "current", "use_basis": "stated in the head", "unit": "A",
        "factor": 1e-6, "unit_basis": "stated in the head", "used": True,
    }  # fmt: skip
    assert {item["doubt"] for item in first["suspicions"]} >= {"absolute-current", "multiple-columns"}


def test_the_study_file_is_used_and_what_is_said_now_wins(study):
    write_study(
        study,
        StudyFile(
            name_pattern=NamePattern("{device}/{stop}V_{cycle}"), reading=ReadOptions(current_unit="nA")
        ),
    )
    found = json.loads(pinched("inspect", study / "d2", "--json").stdout)
    assert found["pattern"]["text"] == "{device}/{stop}V_{cycle}"
    assert found["proposal"] is None
    assert [file["devices"] for file in found["files"]] == [["d2"], ["d2"]]
    assert found["files"][1]["name"]["cycle"] == 2
    assert found["files"][0]["columns"][2]["factor"] == 1e-9
    other = pinched(
        "inspect", study / "d2", "--json", "--current-unit", "mA", "--name-pattern", "{_}/{device}"
    )
    found = json.loads(other.stdout)
    assert found["files"][0]["columns"][2]["factor"] == 1e-3
    assert found["files"][0]["devices"] == ["2V_1"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nothing.csv"], "nothing.csv"),
        (["bad.csv"], "bad.csv"),
        (["d1", "--name-pattern", "{a}{b}"], "side by side"),
        (["d1", "--current-unit", "V"], "current_unit"),
        (["d1", "--decimal", "x"], "decimal"),
    ],
)
def test_mistakes_end_with_two(study, monkeypatch, arguments, word):
    monkeypatch.chdir(study)
    (study / "bad.csv").write_text("V (V),I (A)\n0.1,oops\n0.2,1e-6\n")
    done = pinched("inspect", *arguments)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert word in done.stderr
    assert done.stdout == ""


def test_json_errors_are_json_too(study, monkeypatch):
    monkeypatch.chdir(study)
    done = pinched("inspect", "nothing.csv", "--json")
    assert done.returncode == 2
    assert "nothing.csv" in json.loads(done.stdout)["error"]


def test_a_damaged_study_file_is_named(study):
    (study / "pinched.toml").write_text('name_patern = "x"\n')
    done = pinched("inspect", study / "d1")
    assert done.returncode == 2
    assert "Did you mean 'name_pattern'" in done.stderr


def test_names_with_brackets_are_printed_as_they_are(study, monkeypatch):
    monkeypatch.chdir(study)
    (study / "[red]x[1].csv").write_text((study / "d1" / "2V_1.csv").read_text())
    done = pinched("inspect", "[[]red[]]x[[]1[]].csv")
    assert done.returncode == 0, done.stderr
    assert "[red]x[1].csv" in done.stdout


def test_one_bad_file_does_not_hide_the_others(study):
    (study / "d1" / "bad.csv").write_text("V (V),I (A)\n0.1,oops\n0.2,1e-6\n")
    done = pinched("inspect", study)
    assert done.returncode == 0
    assert "Cannot be used" in done.stdout
    assert "oops" in done.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        make_study(Path(place))
        GOLDEN.write_text(one_file_in_full(Path(place)).stdout, encoding="utf-8")
