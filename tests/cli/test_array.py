"""`pinched array solve`: what it prints and writes, and files that are no arrays."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from pinched._random import generator
from pinched.cli import app
from pinched.crossbar.wires.array import Crossbar

G = 10.0 ** generator(0, "array command").uniform(-5, -3, (4, 3))


def run(*arguments):
    return CliRunner().invoke(app, ["array", "solve", *map(str, arguments)])


def test_numbers_voltages_maps_and_netlist(tmp_path):
    word = np.array([0.2, np.nan, 0.1, 0.3])
    np.savez(tmp_path / "a.npz", conductance=G, word_line_voltage=word)
    done = run(
        tmp_path / "a.npz",
        "--wire",
        "5 ohm",
        "--wire-bit",
        "2 ohm",
        "--netlist",
        "--json",
        "--out",
        tmp_path / "o",
    )
    assert done.exit_code == 0, done.output
    expected = Crossbar(G, wire_resistance=(5.0, 2.0)).solve(word)
    found = json.loads(done.stdout)
    np.testing.assert_allclose(found["bit_line_current_A"], expected.bit_line_current, rtol=1e-12)
    with np.load(tmp_path / "o" / "solution.npz") as data:
        np.testing.assert_array_equal(data["word_voltage"], expected.word_voltage)
    for name in ("maps.pdf", "maps.svg", "maps.png", "array.cir"):
        assert (tmp_path / "o" / name).stat().st_size > 500


def test_the_table_says_what_the_wires_cost(tmp_path):
    np.savez(tmp_path / "a.npz", G=G)
    done = run(tmp_path / "a.npz", "--voltage", "0.2 V", "--out", tmp_path / "o")
    assert done.exit_code == 0, done.output
    assert "without wires" in done.output
    assert "Largest IR drop" in done.output


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"conductance": -G}, ["--voltage", "0.1"], "negative"),
        ({"resistance": G}, ["--voltage", "0.1"], "no conductance"),
        ({"conductance": G}, [], "--voltage"),
        ({"conductance": np.array(["a"])}, [], "not numbers"),
        ({"conductance": np.stack([G, G])}, ["--voltage", "0.1"], "one array"),
    ],
)
def test_mistakes_are_said_and_end_with_two(arrays, options, message, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    done = run(tmp_path / "a.npz", *options, "--json", "--out", tmp_path / "o")
    assert done.exit_code == 2
    assert message in json.loads(done.stdout)["error"]
    assert not (tmp_path / "o").exists()


def test_a_file_of_something_else(tmp_path):
    (tmp_path / "a.npz").write_text("no arrays", encoding="utf-8")
    assert run(tmp_path / "a.npz", "--json").exit_code == 2
