"""Verilog-A modules: state nodes with ddt, starts, noise, names; parsed by adms where that is installed."""

import re
import shutil
import subprocess

import pytest
import torch

from pinched._errors import PinchedError
from pinched.devices.export import subcircuit, verilog_a
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.metastable_switch import MetastableSwitch, StochasticMetastableSwitch
from pinched.devices.laws.registry import LAWS
from pinched.devices.laws.second_order import SecondOrder
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.windows import Biolek


@pytest.mark.parametrize("name", LAWS)
def test_every_state_is_a_node_that_moves_by_ddt(name):
    law = LAWS[name]()
    text = verilog_a(law, time_scale=1.0)
    for state in law.states:
        assert f"electrical y_{state.name};" in text
        assert f"I(y_{state.name}) <+ tau*ddt(V(y_{state.name}));" in text
        assert f"I(y_{state.name}) <+ V(y_{state.name}) - start_{state.name};" in text
    assert text.count("module ") - text.count("endmodule ") == 1
    assert text.count("ddt(") == len(law.states)


@pytest.mark.skipif(shutil.which("admsXml") is None, reason="adms is not installed")
@pytest.mark.parametrize("name", LAWS)
def test_adms_parses_every_module(name, tmp_path):
    # adms knows no access to branches that are named by two nodes of a voltage contribution: all it checks is syntax.
    (tmp_path / "law.va").write_text(verilog_a(LAWS[name](), time_scale=1.0, name="law"), encoding="utf-8")
    done = subprocess.run(
        ["admsXml", "law.va"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in done.stdout.lower() + done.stderr.lower()


def test_parameters_have_their_value_unit_and_meaning():
    text = verilog_a(LinearIonDrift(window=Biolek(p=2.0)), time_scale="10 ms", series_resistance="50 ohm")
    assert re.search(r"parameter real window_p = 2; // 1: exponent", text)
    assert re.search(r"parameter real r_off = 16000; // ohm: resistance of the HRS", text)
    assert "parameter real tau = 0.01 from (0:inf);" in text
    assert "parameter real series_resistance = 50 from [0:inf);" in text


def test_noise_is_white_noise_of_the_law_alone():
    assert "white_noise(" in verilog_a(StochasticMetastableSwitch(), time_scale=1.0)
    assert "white_noise(" not in verilog_a(MetastableSwitch(), time_scale=1.0)


@pytest.mark.parametrize("write", [subcircuit, verilog_a])
def test_a_parameter_called_like_something_else_gets_another_name(write):
    # The switch has a time constant tau of its own.
    text = write(MetastableSwitch(tau=3e-4), time_scale=7.0)
    assert re.search(r"\btau_\s*=\s*0\.0003\b", text)
    assert re.search(r"\btau\s*=\s*7\b", text)


def test_two_states_stay_apart():
    text = verilog_a(SecondOrder(), time_scale=1.0)
    assert {"w", "temperature"} <= set(re.findall(r"electrical y_(\w+);", text))


@pytest.mark.parametrize("write", [subcircuit, verilog_a])
def test_several_devices_are_no_netlist(write):
    with pytest.raises(PinchedError, match="one device"):
        write(Vteam(r_on=torch.tensor([1e3, 2e3])), time_scale=1.0)
    assert "r_on = 1500" in write(Vteam(r_on=torch.tensor(1.5e3)), time_scale=1.0).replace(
        "r_on=1500", "r_on = 1500"
    )


@pytest.mark.parametrize("write", [subcircuit, verilog_a])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"time_scale": 0.0}, "time_scale"),
        ({"time_scale": 1.0, "series_resistance": -1.0}, "series_resistance"),
        ({"time_scale": 1.0, "current_scale": 0.0}, "current_scale"),
        ({"time_scale": "1 V"}, "unit"),
    ],
)
def test_impossible_settings_are_refused(write, settings, message):
    with pytest.raises(PinchedError, match=message):
        write(Vteam(), **settings)
