"""Netlists run by ngspice against the time loop; skipped where ngspice is not installed."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from law_cases import number, widths
from pinched.data.waveforms import Waveform, pulse_train, sine, triangle
from pinched.devices.circuit import Circuit, Source
from pinched.devices.drive import drive
from pinched.devices.export import ParameterSpread, netlist, subcircuit
from pinched.devices.export.statistics import Shape
from pinched.devices.laws.conduction import OhmicConduction
from pinched.devices.laws.jart import JartVcm
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.memdiode import DynamicMemdiode, QuasiStaticMemdiode, ResistiveMemdiode
from pinched.devices.laws.metastable_switch import StochasticMetastableSwitch
from pinched.devices.laws.pershin import PershinDiVentra
from pinched.devices.laws.resistances import ExponentialResistance
from pinched.devices.laws.second_order import SecondOrder
from pinched.devices.laws.simmons import Simmons
from pinched.devices.laws.stanford_pku import StanfordPku
from pinched.devices.laws.team import Team
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.windows import Biolek, Joglekar
from pinched.devices.laws.wox import Wox
from pinched.devices.laws.yakopcic import Yakopcic
from pinched.devices.presets import tiotto2023

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

EXPONENTIAL = Vteam(
    k_off=1e-6, k_on=-4e-6, v_off=0.3, v_on=-0.4, alpha_on=2.0, w_initial=1.5e-9,
    resistance_law=ExponentialResistance(),
)  # fmt: skip
LIMITED = Circuit(series_resistance=1e3, compliance_positive=2e-4, compliance_negative=5e-4)
CURRENT = Circuit(source=Source.CURRENT)
BEHIND = Circuit(series_resistance=215.0)
CASES = {
    "vteam": (EXPONENTIAL, triangle(1.2, period=1e-3, cycles=2), None),
    "vteam, series and compliance": (Vteam(), triangle(1.2, period=10.0, cycles=2), LIMITED),
    "linear drift, Biolek": (
        LinearIonDrift(window=Biolek(p=2.0)),
        sine(1.2, frequency=1.0, cycles=2, points_per_period=400),
        None,
    ),
    "linear drift, no window": (
        LinearIonDrift(),
        sine(1.0, frequency=1.0, cycles=2, points_per_period=400),
        None,
    ),
    "yakopcic": (Yakopcic(), triangle(0.45, period=0.02, cycles=2), None),
    "yakopcic, two branches": (tiotto2023(), triangle(1.0, period=8.0, negative=-2.0, cycles=2), None),
    "stanford-pku, pulses": (
        StanfordPku(gap_initial=4.5e-10),
        pulse_train(-1.15, width=20e-9, gap=10e-9, count=5, rise=1e-9),
        None,
    ),
    "memdiode, dynamic": (DynamicMemdiode(), triangle(1.4, period=8.0, cycles=2), None),
    "memdiode, quasi-static": (QuasiStaticMemdiode(), triangle(2.0, period=1.0, cycles=2), None),
    "memdiode, resistive": (ResistiveMemdiode(), triangle(1.6, period=8.0), None),
    "team, current drive": (Team(), triangle(2e-4, period=4000.0), CURRENT),
    "simmons, series": (Simmons(), triangle(1.5, period=1.0), BEHIND),
    "pershin": (PershinDiVentra(), triangle(3.0, period=0.1, cycles=2), None),
    "second order": (SecondOrder(), triangle(1.0, period=1e-3), Circuit(series_resistance=1e3)),
    "wox": (Wox(), pulse_train(1.2, width=1.0, gap=1.0, count=4, rise=1e-2), None),
}


def table(folder, text):
    """Run `text` and return what it wrote; each time once."""
    (folder / "run.cir").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["ngspice", "-b", "run.cir"], cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )
    output = folder / "sweep.txt"
    assert output.is_file(), done.stdout[-2000:] + done.stderr[-2000:]
    found = np.loadtxt(output, skiprows=1)
    return found[np.concatenate([[True], np.diff(found[:, 0]) > 0])]


def run(folder, law, waveform, circuit=None, **settings):
    """(table of ngspice, trace of drive at the same times)."""
    found = table(folder, netlist(law, waveform, circuit=circuit, **settings))
    assert found[-1, 0] == pytest.approx(waveform.duration, rel=1e-6), "ngspice gave up before the end"
    times = np.clip(found[:, 0], 0.0, waveform.duration) + waveform.time[0]
    return found, drive(law, waveform, circuit=circuit, times=times, rtol=1e-8).trace


def shares(law, trace):
    """Shares of the range of every state variable of `trace`, as a netlist counts them."""
    rows = []
    for k, ((low, _), width) in enumerate(zip(law.bounds(), widths(law), strict=True)):
        base = number(low) if np.isfinite(number(low)) else 0.0
        rows.append((trace.state[k].numpy() - base) / width)
    return rows


def behind(time, mine, reference, tolerance, within):
    """Largest distance of `mine` from the band that `reference` spans within `within` (s) of the same time."""
    low, high = np.empty_like(mine), np.empty_like(mine)
    first = np.searchsorted(time, time - within)
    last = np.searchsorted(time, time + within, side="right")
    for k in range(time.size):
        part = reference[first[k] : last[k]]
        low[k], high[k] = part.min() - tolerance, part.max() + tolerance
    return float(np.maximum(np.maximum(low - mine, mine - high), 0.0).max())


@pytest.mark.parametrize("name", CASES)
def test_netlist_follows_drive(name, tmp_path):
    law, waveform, circuit = CASES[name]
    found, trace = run(tmp_path, law, waveform, circuit, points=3000)
    current = trace.current.numpy()
    # A switch that runs away turns an error of 1e-5 in time into any error of current: times count to 1e-4.
    within = 1e-4 * waveform.duration
    assert behind(found[:, 0], found[:, 3], current, 1e-3 * np.abs(current).max(), within) == 0.0
    for k, share in enumerate(shares(law, trace)):
        assert behind(found[:, 0], found[:, 4 + k], share, 1e-3 * max(np.ptp(share), 1e-6), within) == 0.0


@pytest.mark.parametrize(
    "name", ["linear drift, Biolek", "yakopcic", "stanford-pku, pulses", "wox", "pershin"]
)
def test_smooth_courses_agree_sample_by_sample(name, tmp_path):
    law, waveform, circuit = CASES[name]
    found, trace = run(tmp_path, law, waveform, circuit, points=3000)
    current = trace.current.numpy()
    assert np.abs(found[:, 3] - current).max() < 2e-4 * np.abs(current).max()


def test_jart_sets_where_drive_does(tmp_path):
    law = JartVcm()
    wave = Waveform(time=np.array([0.0, 1.3, 2.6]), voltage=np.array([0.0, -1.3, 0.0]))
    found, trace = run(tmp_path, law, wave, points=1500)
    span = number(law.n_max) - number(law.n_min)
    limit = (1e26 - number(law.n_min)) / span
    v_set = found[np.argmax(found[:, 4] > limit), 1]
    ours = trace.source[int(np.argmax(trace.state[0].numpy() > 1e26))]
    assert v_set == pytest.approx(float(ours), abs=2e-3)
    assert v_set == pytest.approx(-0.5499, abs=2e-3)
    current = trace.current.numpy()
    away = np.abs(found[:, 0] - 0.55) > 0.01
    assert np.abs(found[:, 3] - current)[away].max() < 1e-3 * np.abs(current).max()


def test_a_window_that_is_zero_at_the_bounds_does_not_lock(tmp_path):
    law = Vteam(window=Joglekar(p=2.0), w_initial=2.9e-9)
    found = table(tmp_path, netlist(law, triangle(1.2, period=10.0)))
    share = found[:, 4]
    assert share.max() > 1 - 1e-6, "the state must have reached its bound first"
    assert share[np.argmax(share) :].min() < 1e-3, "it must leave it again"


def test_the_operating_point_holds_the_state_at_its_start(tmp_path):
    volts = (-2.0, -0.1, 0.0, 0.3, 2.0)
    lines = [
        "* operating point",
        subcircuit(Vteam(w_initial=1.5e-9), time_scale=1.0, name="cell"),
        *(f"V{k} a{k} 0 {v}" for k, v in enumerate(volts)),
        *(f"X{k} a{k} 0 cell" for k in range(len(volts))),
        *_written(" ".join(f"i(v{k}) v(x{k}.x_w)" for k in range(len(volts)))),
    ]
    row = table(tmp_path, "\n".join(lines))[0, 1:].reshape(-1, 2)
    assert row[:, 1] == pytest.approx(0.5)
    assert -row[:, 0] == pytest.approx(np.array(volts) / 50_500.0, rel=1e-6, abs=1e-12)


def _written(vectors):
    """Lines that run two time steps, the first of them the operating point, and write `vectors`."""
    return [
        ".tran 1n 2n",
        ".control",
        "run",
        "set wr_singlescale",
        "set wr_vecnames",
        "set numdgt=12",
        f"wrdata sweep.txt {vectors}",
        "quit",
        ".endc",
        ".end",
    ]


def test_instances_differ_by_the_spread(tmp_path):
    covariance = np.array([[0.04, 0.012], [0.012, 0.01]])
    spread = ParameterSpread.of_covariance(("r_on", "r_off"), covariance, shape=Shape.LOGNORMAL)
    count = 150
    lines = [
        "* statistics",
        ".options seed=4",
        subcircuit(Vteam(w_initial=0.0), time_scale=1.0, name="cell_on", spread=spread),
        subcircuit(Vteam(w_initial=3e-9), time_scale=1.0, name="cell_off", spread=spread),
        *(f"V{kind}{k} a{kind}{k} 0 0.1" for kind in ("on", "off") for k in range(count)),
        *(f"X{kind}{k} a{kind}{k} 0 cell_{kind}" for kind in ("on", "off") for k in range(count)),
        *_written(" ".join(f"i(v{kind}{k})" for kind in ("on", "off") for k in range(count))),
    ]
    row = table(tmp_path, "\n".join(lines))[0, 1:]
    resistance = np.log(0.1 / -row).reshape(2, count)
    for values, centre, variance in zip(resistance, np.log([1e3, 1e5]), (0.04, 0.01), strict=True):
        deviation = np.sqrt(variance)
        assert values.mean() == pytest.approx(centre, abs=4 * deviation / np.sqrt(count))
        assert values.std() == pytest.approx(deviation, rel=0.25)


def test_noise_of_the_netlist_has_the_strength_of_the_law(tmp_path):
    # At 0 V both thresholds are equally far: the share of switches settles at a half, with the variance of N coins.
    law = StochasticMetastableSwitch(switches=1000.0, v_on=1e-3, v_off=1e-3, x_initial=0.5)
    wave = Waveform(time=np.array([0.0, 0.1]), voltage=np.array([0.0, 0.0]))
    found = table(tmp_path, netlist(law, wave, points=10_000, noise_step=1e-5, relative_tolerance=1e-4))
    settled = np.interp(np.linspace(0.01, 0.1, 4000), found[:, 0], found[:, 4])
    assert settled.mean() == pytest.approx(0.5, abs=0.005)
    assert settled.std() == pytest.approx(np.sqrt(0.25 / 1000), rel=0.25)


def test_a_static_law_needs_no_state(tmp_path):
    found, trace = run(tmp_path, OhmicConduction(), triangle(1.0, period=1.0), BEHIND, points=100)
    assert found[:, 3] == pytest.approx(trace.current.numpy(), rel=1e-9, abs=1e-15)
