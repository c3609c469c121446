"""Every example runs: by default in this process, one of them (with `-m slow` all) as a reader would run it."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py")) + sorted((ROOT / "examples" / "papers").glob("*.py"))
WHOLE = {"05_study", "11_network_on_wires"}
"""One draws a whole report, as `make demo` does; one trains a network in arrays, which tests of networks do."""
ALONE = {"02_extract_switching"}
"""In a process of its own by default too."""


def arguments(path):
    return ["--fast"] if path.parent.name == "papers" else []


def examples(slow):
    return [pytest.param(p, marks=[pytest.mark.slow] if p.stem in slow else [], id=p.stem) for p in EXAMPLES]


@pytest.mark.parametrize("path", examples(WHOLE))
def test_example_runs(path, tmp_path, monkeypatch, capsys):
    """The same code as in a process of its own without the seconds that imports take, and with types checked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path), *arguments(path)])
    threads = torch.get_num_threads()
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        torch.set_num_threads(threads)
    assert capsys.readouterr().out.strip(), "an example shows something"


@pytest.mark.parametrize("path", examples({p.stem for p in EXAMPLES} - ALONE))
def test_example_runs_alone(path, tmp_path):
    """As a reader runs it: nothing is imported but what the example imports."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *arguments(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip(), "an example shows something"
