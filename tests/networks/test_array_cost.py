"""Cost of arrays: counts that can be done by hand; and the command that prints them."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from pinched._errors import DataFileError, PinchedError
from pinched.cli import app
from pinched.crossbar.converters import Adc, Dac, FixedRange
from pinched.crossbar.cost import CircuitConstants
from pinched.crossbar.inputs import BitSerial
from pinched.crossbar.mapping import DifferentialPair
from pinched.crossbar.window import ConductanceWindow
from pinched.networks.array_cost import estimate_cost
from pinched.networks.convert import convert
from pinched.networks.mlp import mlp
from pinched.networks.model_files import chain_of, read_weights


def test_energy_latency_and_area_by_hand():
    layer = nn.Linear(4, 3, bias=False)
    nn.init.constant_(layer.weight, 0.5)
    # Every weight is the largest: one device of each pair at g_max, the other at g_min.
    chip = convert(
        layer, device=ConductanceWindow(g_min=1e-6, g_max=1e-4), mapping=DifferentialPair(), read_voltage="0.2 V",
        dac=Dac(bits=8, range=FixedRange(1.0)), adc=Adc(bits=9, range=FixedRange(1e-3)),
    )  # fmt: skip
    c = CircuitConstants()
    cost = estimate_cost(chip, torch.ones(5, 4)).reads[0]
    assert cost.value("device energy") == pytest.approx(4 * 3 * 1.01e-4 * 0.2**2 * 100e-9, rel=1e-5)
    assert cost.value("driver energy") == pytest.approx(4 * c.dac_energy)
    assert cost.value("converter energy") == pytest.approx(3 * 2 * c.adc_energy)
    assert cost.value("latency") == pytest.approx(100e-9 + 3 / 1.2e9)
    assert cost.value("cell area") == pytest.approx(24 * 4 * (32e-9) ** 2)
    assert cost.value("circuit area") == pytest.approx(2 * 1.2e-9 + 4 * 0.17e-6 / 1024 / 1e3, rel=1e-2)
    serial = convert(
        layer, device=ConductanceWindow(), mapping=DifferentialPair(), dac=Dac(bits=8, range=FixedRange(1.0)),
        adc=Adc(bits=9, range=FixedRange(1e-3)), inputs=BitSerial(),
    )  # fmt: skip
    assert estimate_cost(serial, torch.ones(5, 4)).reads[0].value("converter energy") == pytest.approx(
        8 * cost.value("converter energy")
    )


def test_a_convolution_is_read_at_every_place():
    chip = convert(nn.Conv2d(1, 2, 3), device=ConductanceWindow(), mapping=DifferentialPair())
    assert estimate_cost(chip, torch.ones(3, 1, 6, 5)).reads[0].reads == 4 * 3
    assert "shafiee2016isaac" in str(estimate_cost(chip, torch.ones(3, 1, 6, 5)))


def test_weights_from_files(tmp_path):
    net = mlp((5, 4, 3), seed=1)
    x = torch.rand(2, 5)
    state = {name: value.detach() for name, value in net.state_dict().items()}
    np.savez(tmp_path / "a.npz", **{name: value.numpy() for name, value in state.items()})
    torch.save(state, tmp_path / "a.pt")
    paths = [tmp_path / "a.npz", tmp_path / "a.pt"]
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file(state, tmp_path / "a.safetensors")
    for path in [*paths, tmp_path / "a.safetensors"]:
        assert torch.equal(chain_of(read_weights(path))(x), net(x))
    with pytest.raises(PinchedError, match="no linear layer"):
        chain_of({"0.weight": torch.ones(2, 1, 3, 3)})
    with pytest.raises(PinchedError, match="no chain"):
        chain_of({"0.weight": torch.ones(2, 3), "1.weight": torch.ones(2, 3)})
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    (tmp_path / "bad.safetensors").write_bytes(b"no archive")
    for name in ("bad.npz", "bad.safetensors", "none.npz", "a.onnx"):
        with pytest.raises(DataFileError):
            read_weights(tmp_path / name)


def test_the_command_writes_what_it_says(tmp_path):
    net = mlp((64, 12, 10), seed=1)
    path, out = tmp_path / "net.npz", tmp_path / "chip"
    np.savez(path, **{name: value.numpy() for name, value in net.state_dict().items()})
    run = CliRunner().invoke(
        app,
        ["convert", str(path), "--tile", "32x32", "--wire", "1 ohm", "--d2d", "0.05", "--adc", "12",
         "--data", "digits", "--arrays", "2", "--out", str(out), "--json"],
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert found["accuracy"]["images"] > 400
    assert abs(found["accuracy"]["mean"] - found["accuracy"]["float_twin"]) < 0.1
    assert {"chip.json", "chip.txt", "chip.npz"} == {p.name for p in out.iterdir()}
    for wrong in (["--tile", "32"], ["--adc", "8"], ["--wire", "1 V"]):
        bad = CliRunner().invoke(app, ["convert", str(path), "--out", str(tmp_path / "x"), *wrong])
        assert bad.exit_code == 2
        assert not (tmp_path / "x").exists()
