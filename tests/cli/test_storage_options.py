"""How words are stored, from the command line: every option reaches `StorageOptions`, and the cost comes back."""

import json
import subprocess

import pytest
from typer.testing import CliRunner

from pinched.cli import app
from pinched.cli.storage import CodingName, OrderName, SparesName, codings, storage_options
from pinched.crossbar.cells import Endurance
from pinched.crossbar.sensing import ByCurrent
from pinched.crossbar.words import BitOrder
from pinched.crossbar.writing import OnePulse, WriteVerify
from pinched.networks.mapping import OffsetBinary, SignMagnitude, WordMapping
from pinched.networks.storage import Spares, StorageOptions
from pinched.papers.marraccini2025 import write_simulated_sweeps

QUICK = ["--network", "digits5x4", "--bits", "3", "--yield", "1"]


def pinched(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"NO_COLOR": "1", "COLUMNS": "140"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    return write_simulated_sweeps(tmp_path_factory.mktemp("data") / "sweeps", devices=30)


def test_names_cover_every_mapping_and_order():
    assert {kind.__name__ for kind in codings().values()} == {
        kind.__name__ for kind in WordMapping.__subclasses__()
    }
    assert list(codings()) == list(CodingName)
    assert len(OrderName) == len(BitOrder)
    assert len(SparesName) == len(Spares)


def test_without_options_nothing_is_done_about_bad_cells():
    assert storage_options() == StorageOptions(write_voltage="5")


def test_every_option_arrives():
    chosen = storage_options(
        coding=CodingName.OFFSET_BINARY, bit_order=OrderName.LSB, write_voltage="4 V", threshold="12 kohm",
        by_current=True, pulse_width="1 ms", verify=3, verify_step="250 mV", max_voltage="6 V", spares=2,
        spares_per=SparesName.WORD, hamming=2, detect_double=True, defect_map=True, area=2.5, endurance=20, cycles=4,
        stuck_hrs=0.02, stuck_lrs=0.01,
    )  # fmt: skip
    assert (chosen.mapping, chosen.order) == (OffsetBinary, BitOrder.LSB_FIRST)
    assert (chosen.write_voltage, chosen.threshold) == ("4 V", "12 kohm")
    assert chosen.sensing == ByCurrent()
    assert chosen.writing == WriteVerify(retries=3, step=0.25, max_voltage=6.0)
    assert (chosen.spare_cells, chosen.spares, chosen.code_words, chosen.detect_double) == (
        2,
        Spares.WORD,
        2,
        True,
    )
    assert (chosen.defect_map, chosen.area) == (True, 2.5)
    assert (chosen.endurance, chosen.cycles) == (Endurance(pulses=20), 4)
    assert (chosen.stuck_at_hrs, chosen.stuck_at_lrs) == (0.02, 0.01)
    assert chosen.pulses.set_width == chosen.pulses.reset_width == chosen.pulses.read_width == 1e-3
    assert storage_options(majority=3).copies == 3
    assert storage_options(spare_rows=2).spare_rows == 2
    assert isinstance(storage_options().writing, OnePulse)
    assert storage_options(coding=CodingName.SIGN_MAGNITUDE).mapping is SignMagnitude


@pytest.mark.usefixtures("few_figures")
def test_a_repaired_study_tells_its_cost_and_its_ranking(sweeps, tmp_path):
    out = tmp_path / "out"
    done = pinched(
        "evaluate", sweeps, *QUICK, "--arrays", 12, "--threshold", "10 kohm", "--verify", 2, "--verify-step", "1 V",
        "--spares", 1, "--endurance", 20, "--sensitivity", "--require", 0.5, "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads((out / "numbers.json").read_text(encoding="utf-8"))
    network = found["network"]
    cost = network["cost"]
    assert cost["area_factor"] == 2.0
    assert cost["wear_share"] == pytest.approx(cost["wear_max"] / 20)
    assert cost["writes"] >= 3150
    assert 0 < cost["time_rows"] < cost["time_serial"]
    assert 0 < cost["energy_low"] < cost["energy_high"]
    assert {row["property"] for row in network["sensitivity"]["ranking"]} >= {"spread of V_SET", "retention"}
    assert network["required"][0]["knob"] == "spread of V_SET"
    assert any("verified, with up to 2 retries" in text for text in network["storage"])
    assert set(network["storage"]) <= set(found["provenance"]["assumptions"])
    line = next(text for text in done.stdout.splitlines() if text.startswith("Storing it took"))
    for words in ("2.00 cells per bit", "write pulses", "of the endurance", "by word lines", "J to"):
        assert words in line, line
    assert "Which property costs the accuracy" in done.stdout
    assert "What the wanted accuracy requires" in done.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    for words in ("Time to write", "Energy to write", "Property of the device", "For a mean of 50.0 % alone"):
        assert words in page, words
    names = {path.stem for path in (out / "figures").iterdir()}
    assert any(name.startswith("properties") for name in names)
    assert any(name.startswith("required") for name in names)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--majority", "2"], "odd number"),
        (["--majority", "3", "--spares", "1"], "Choose one"),
        (["--verify", "-1"], "retries is -1"),
        (["--verify", "30", "--endurance", "20"], "a cell survives 20"),
        (["--verify", "1", "--max-voltage", "1 V"], "below the write voltage"),
        (["--threshold", "5 V"], "ohm is wanted"),
        (["--stuck-hrs", "0.9", "--stuck-lrs", "0.9"], "at most 1 together"),
        (["--by-current", "--majority", "3"], "read by current"),
        (["--coding", "sign-magnitude", "--training", "paper"], "sign and magnitude"),
        (["--defect-map", "--yield", "0"], "no area suffices"),
        (["--require", "95"], "a share above 0"),
        (["--cycles", "-1"], "cycles is -1"),
        (["--area", "2"], "no defect map"),
    ],
)
def test_impossible_storage_ends_with_two_before_anything_is_trained(sweeps, tmp_path, arguments, word):
    done = pinched("evaluate", sweeps, *QUICK, *arguments, "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert word in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()
