"""Laws against ngspice by netlists that are written here by hand, equation by equation, not by the exporter.

Each case stands for a kind: a window with an odd exponent, a clamped drive, a SET that runs away, a full switch,
another geometry. Skipped where ngspice is not installed.
"""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pinched.data.waveforms import Waveform, pulse_train, sine, triangle
from pinched.devices.circuit import Circuit, Source
from pinched.devices.drive import drive
from pinched.devices.law import Law
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.pershin import PershinDiVentra
from pinched.devices.laws.resistances import ExponentialResistance
from pinched.devices.laws.simmons import Simmons
from pinched.devices.laws.stanford_pku import StanfordPku
from pinched.devices.laws.team import Team
from pinched.devices.laws.tunnelling import LinearReadout
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.windows import (
    Biolek,
    ExponentialEdges,
    Joglekar,
    Kvatinsky,
    Prodromakis,
    Window,
    Zha,
)
from pinched.devices.laws.yakopcic import Yakopcic

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

E_PER_K = 1.602176634e-19 / 1.380649e-23


@dataclass(frozen=True, kw_only=True)
class Case:
    """A law under a drive, and the same in the words of ngspice; `x` is its state as the netlist counts it."""

    law: Law
    wave: Waveform
    lines: tuple[str, ...]
    output: str
    start: float
    x: Callable[[np.ndarray], np.ndarray]
    series: float = 0.0
    current_driven: bool = False


def _drift(law: LinearIonDrift, window: str, wave: Waveform, *, clamped: bool = False) -> Case:
    current = f"(v(in)/({law.r_on}*v(x)+{law.r_off}*(1-v(x))))"
    speed = f"{law.mobility * law.r_on / law.thickness**2}*{current}*{window.replace('CURRENT', current)}"
    if clamped:
        speed += f"*((v(x)<1||{current}<0)&&(v(x)>0||{current}>0)?1:0)"
    return Case(
        law=law, wave=wave, lines=(f"Bx 0 x I={speed}",), output=current, start=law.x_initial, x=lambda s: s
    )


def _down(expression: str) -> str:
    return f"pow(abs(v(x)-(CURRENT<0?1:0)),{expression})"


def _threshold(law: Vteam | Team, wave: Waveform, *, exponential: bool) -> Case:
    """VTEAM under voltage, TEAM under current, with Kvatinsky's window or clamped at both ends."""
    team = isinstance(law, Team)
    low, high, start = (law.x_on, law.x_off, law.x_initial) if team else (law.w_on, law.w_off, law.w_initial)
    on, off = (law.i_on, law.i_off) if team else (law.v_on, law.v_off)
    up = f"{law.k_off / (high - low)}*pow(abs(v(in)/{off}-1),{law.alpha_off})"
    down = f"{law.k_on / (high - low)}*pow(abs(v(in)/({on})-1),{law.alpha_on})"
    if isinstance(law.window, Kvatinsky):
        w = law.window
        up += f"*exp(-exp((v(x)-{w.a_off})/{w.w_c}))"
        down += f"*exp(-exp(({w.a_on}-v(x))/{w.w_c}))"
    else:
        up, down = up + "*(v(x)<1?1:0)", down + "*(v(x)>0?1:0)"
    resistance = f"({law.r_on}+{law.r_off - law.r_on}*v(x))"
    if exponential:
        resistance = f"({law.r_on}*exp({math.log(law.r_off / law.r_on)}*v(x)))"
    return Case(
        law=law,
        wave=wave,
        lines=(f"Bx 0 x I=v(in)>={off}?{up}:(v(in)<={on}?{down}:0)",),
        output=f"v(in)*{resistance}" if team else f"v(in)/{resistance}",
        start=(start - low) / (high - low),
        x=lambda s: (s - low) / (high - low),
        current_driven=team,
    )


def _simmons(law: Simmons, wave: Waveform) -> Case:
    rates = []
    for f, i, edge in (
        (law.f_off, law.i_off, f"(v(x)-{law.a_off * 1e9})"),
        (law.f_on, law.i_on, f"({law.a_on * 1e9}-v(x))"),
    ):
        c = law.w_c * 1e9
        rates.append(f"{f * 1e9}*sinh(v(in)/{i})*exp(-exp({edge}/{c}-abs(v(in))/{law.b})-v(x)/{c})")
    r = law.conduction
    assert isinstance(r, LinearReadout)
    return Case(
        law=law, wave=wave, lines=(f"Bx 0 x I=v(in)>=0?{rates[0]}:{rates[1]}",), start=law.w_initial * 1e9,
        output=f"v(in)*({r.r_on}+{r.r_off - r.r_on}*(v(x)-{r.w_on * 1e9})/{(r.w_off - r.w_on) * 1e9})",
        x=lambda s: s * 1e9, current_driven=True,
    )  # fmt: skip


def _yakopcic(law: Yakopcic, wave: Waveform) -> Case:
    w, eta = law.window, int(law.eta)
    assert isinstance(w, ExponentialEdges)
    speed = (
        f"(v(in)>{law.v_p}?{law.a_p}*(exp(v(in))-exp({law.v_p})):"
        f"(v(in)<-{law.v_n}?-{law.a_n}*(exp(-v(in))-exp({law.v_n})):0))"
    )
    rising = f"(v(x)>={w.x_p}?exp(-{w.alpha_p}*(v(x)-{w.x_p}))*(({w.x_p}-v(x))/(1-{w.x_p})+1):1)"
    falling = f"(v(x)<=1-{w.x_n}?exp({w.alpha_n}*(v(x)+{w.x_n}-1))*v(x)/(1-{w.x_n}):1)"
    return Case(
        law=law, wave=wave, lines=(f"Bx 0 x I={eta}*{speed}*({eta}*v(in)>=0?{rising}:{falling})",),
        output="0.17*v(x)*sinh(0.05*v(in))", start=law.x_initial, x=lambda s: s,
    )  # fmt: skip


def _stanford(law: StanfordPku, wave: Waveform, *, gated: bool, series: float = 0.0) -> Case:
    gamma = f"({law.gamma_set}-{law.beta}*pow(abs(v(x)),3))"
    gate = f"({gamma}*abs(v(in))/{law.thickness}<{law.field_min}?0:{gamma})" if gated else gamma
    rate = (
        f"-{law.velocity * 1e9}*exp(-{law.activation * E_PER_K}/v(nT))"
        f"*sinh(v(nG)*{law.hop * E_PER_K / law.thickness}*v(in)/v(nT))"
    )
    low, high = law.gap_min * 1e9, law.gap_max * 1e9
    lines = (
        f"BI nI 0 V={law.i_0}*exp(-v(x)/{law.g_0 * 1e9})*sinh(v(in)/{law.v_0})",
        f"BT nT 0 V={law.temperature}+abs(v(in)*v(nI)*{law.r_thermal})",
        f"BG nG 0 V={gate}",
        f"Bx 0 x I=({rate})*((v(x)>{low}||v(in)<0)&&(v(x)<{high}||v(in)>0)?1:0)",
    )
    return Case(
        law=law,
        wave=wave,
        lines=lines,
        output="v(nI)",
        start=law.gap_initial * 1e9,
        x=lambda s: s * 1e9,
        series=series,
    )


def _pershin(law: PershinDiVentra, wave: Waveform) -> Case:
    speed = f"({law.beta}*v(in)+0.5*({law.alpha}-{law.beta})*(abs(v(in)+{law.v_t})-abs(v(in)-{law.v_t})))"
    inside = f"(({speed}>0&&v(x)<{law.r_off / 1e3})||({speed}<0&&v(x)>{law.r_on / 1e3})?1:0)"
    return Case(
        law=law, wave=wave, lines=(f"Bx 0 x I={speed}/1000*{inside}",), output="v(in)/(v(x)*1000)",
        start=law.r_initial / 1e3, x=lambda s: s / 1e3,
    )  # fmt: skip


def _ion(window: Window, **changes: float) -> LinearIonDrift:
    return LinearIonDrift(window=window, **changes)


CASES = {
    "Zha, p 1.5": _drift(
        _ion(Zha(p=1.5, j=1.3), mobility=4e-14), f"1.3*(1-pow(0.25*{_down('2')}+0.75,1.5))",
        sine(1.5, frequency=2.0, cycles=2, points_per_period=500),
    ),
    "Biolek, p 7, to the bound": _drift(
        _ion(Biolek(p=7.0), r_off=1e3, thickness=16e-9, mobility=4e-14, x_initial=0.076), f"(1-{_down('14')})",
        sine(1.0, frequency=1.0, cycles=2, points_per_period=500),
    ),
    "Joglekar, p 7": _drift(
        _ion(Joglekar(p=7.0), r_off=1e4, thickness=12e-9, mobility=5e-14, x_initial=0.56),
        "(1-pow(abs(2*v(x)-1),14))", sine(0.8, frequency=20.0, cycles=2, points_per_period=500),
    ),
    "Prodromakis, p 0.7": _drift(
        _ion(Prodromakis(p=0.7, j=2.0), mobility=6e-14), "2*(1-pow(pow(abs(v(x)-0.5),2)+0.75,0.7))",
        triangle(1.2, period=1.0, cycles=2),
    ),
    "Biolek, p 0.6, pulses": _drift(
        _ion(Biolek(p=0.6), mobility=1e-13), f"(1-{_down('1.2')})",
        pulse_train(1.0, width=0.02, gap=0.02, count=8, rise=1e-3),
    ),
    "VTEAM, exponential, exponents 2.5 and 1.5": _threshold(
        Vteam(
            alpha_on=2.5, alpha_off=1.5, k_on=-1e-6, k_off=3e-6, v_on=-0.3, v_off=0.25, w_initial=1e-9,
            resistance_law=ExponentialResistance(),
        ),
        sine(0.8, frequency=200.0, cycles=3, points_per_period=400), exponential=True,
    ),
    "VTEAM, SET within picoseconds": _threshold(
        Vteam(
            r_on=50.0, r_off=1e3, k_on=-10.0, k_off=5e-4, alpha_on=3.0, alpha_off=1.0, v_on=-0.2, v_off=0.02,
            w_initial=3e-9,
        ),
        Waveform(
            time=np.array([0, 1e-11, 2e-11, 6e-11, 7e-11, 8e-11]), voltage=np.array([0, 0, -0.5, -0.5, 0, 0])
        ),
        exponential=False,
    ),
    "VTEAM, window of its own": _threshold(
        Vteam(
            k_on=-1e-4, k_off=1e-4, window=Kvatinsky(a_off=0.8, a_on=0.3, w_c=0.05), w_initial=1.5e-9,
            resistance_law=ExponentialResistance(),
        ),
        triangle(1.2, period=1e-3, cycles=2), exponential=True,
    ),
    "TEAM, exponential, exponents 4 and 1": _threshold(
        Team(alpha_on=4.0, alpha_off=1.0, k_on=-1e-11, k_off=1e-9, resistance_law=ExponentialResistance()),
        triangle(3e-4, period=10.0, cycles=2), exponential=True,
    ),
    "TEAM, another geometry": _threshold(
        Team(
            x_on=1e-9, x_off=6e-9, x_initial=2e-9, k_on=-1e-10, k_off=1e-9, i_on=-50e-6, i_off=80e-6, alpha_on=2.0,
        ),
        sine(2e-4, frequency=0.5, cycles=2, points_per_period=400), exponential=False,
    ),
    "Simmons, both ways, another barrier": _simmons(
        Simmons(w_min=1e-9, w_max=2e-9, a_off=1.3e-9, w_c=1.2e-10, conduction=LinearReadout(r_on=500.0)),
        triangle(2.5e-4, period=1.0),
    ),
    "Yakopcic, turned round": _yakopcic(
        Yakopcic(eta=-1.0, x_initial=0.7, a_p=200.0, a_n=300.0),
        sine(0.5, frequency=20.0, cycles=3, points_per_period=400),
    ),
    "Yakopcic, full switch": _yakopcic(
        Yakopcic(
            v_p=0.3, v_n=0.5, a_p=9e3, a_n=3e3, window=ExponentialEdges(x_p=0.1, x_n=0.2, alpha_p=3.0, alpha_n=2.0)
        ),
        triangle(1.0, period=2e-2, cycles=2),
    ),
    "Stanford-PKU, SET runs away": _stanford(
        StanfordPku(field_min=1.0, gap_initial=1.2e-9),
        Waveform(time=np.array([0, 1e-6, 2e-6]), voltage=np.array([0, 1.3, 0])), gated=False,
    ),
    "Stanford-PKU, full switch behind a resistance": _stanford(
        StanfordPku(field_min=1.0, gap_initial=0.9e-9), triangle(2.2, period=4e-5), gated=False, series=500.0
    ),
    "Stanford-PKU, gate, pulses": _stanford(
        StanfordPku(gap_initial=5e-10, gate_width=1e-6),
        pulse_train(-1.2, width=15e-9, gap=5e-9, count=6, rise=1e-9), gated=True,
    ),
    "Stanford-PKU, RESET of another geometry": _stanford(
        StanfordPku(
            thickness=5e-9, gap_initial=0.3e-9, gap_min=0.1e-9, field_min=1.0, gamma_set=12.0, gamma_reset=12.0,
            activation=0.9,
        ),
        triangle(-1.3, period=2e-6), gated=False,
    ),
    "Pershin-Di Ventra, clamped": _pershin(
        PershinDiVentra(alpha=2e3, beta=1.5e5, v_t=1.2), triangle(3.0, period=0.2, cycles=2)
    ),
}  # fmt: skip


def _netlist(case: Case) -> str:
    pairs = zip(case.wave.time.tolist(), case.wave.voltage.tolist(), strict=True)
    source = "\n+ ".join(f"{t!r} {v!r}" for t, v in pairs)
    length = case.wave.duration
    behind = (f"Rs src in {case.series}", f"Bload in 0 I={case.output}") if case.series else ("Vs src in 0",)
    lines = (
        "* by hand",
        ".options reltol=1e-6 abstol=1e-15 vntol=1e-11 chgtol=1e-22 method=gear",
        f"Vin src 0 PWL({source})", *behind, *case.lines, "Cx x 0 1", f".ic v(x)={case.start}",
        f"Bout out 0 V={case.output}", f".tran {length / 8000!r} {length!r} 0 {length / 8000!r} uic", ".control",
        "set numdgt=14", "set wr_singlescale", "set wr_vecnames", "run", "wrdata r.txt v(out) v(x)", "quit", ".endc",
        ".end",
    )  # fmt: skip
    return "\n".join(lines)


def _outside(time: np.ndarray, mine: np.ndarray, reference: np.ndarray, within: float) -> float:
    """Largest distance of `mine` from what `reference` takes within `within` (s) of the same time."""
    first = np.searchsorted(time, time - within)
    last = np.searchsorted(time, time + within, side="right")
    low = np.array([reference[a:b].min() for a, b in zip(first, last, strict=True)])
    high = np.array([reference[a:b].max() for a, b in zip(first, last, strict=True)])
    return float(np.maximum(np.maximum(low - mine, mine - high), 0.0).max())


@pytest.mark.parametrize("name", CASES)
def test_drive_meets_the_netlist(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    (tmp_path / "n.cir").write_text(_netlist(case), encoding="utf-8")
    done = subprocess.run(
        ["ngspice", "-b", "n.cir"], cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False
    )
    assert (tmp_path / "r.txt").is_file(), done.stdout[-2000:] + done.stderr[-2000:]
    found = np.loadtxt(tmp_path / "r.txt", skiprows=1)
    found = found[np.concatenate([[True], np.diff(found[:, 0]) > 0])]
    assert found[-1, 0] == pytest.approx(case.wave.duration, rel=1e-6), "ngspice gave up before the end"
    circuit = (
        Circuit(source=Source.CURRENT) if case.current_driven else Circuit(series_resistance=case.series)
    )
    times = np.clip(found[:, 0], 0.0, case.wave.duration)
    run = drive(case.law, case.wave, circuit=circuit, times=times, rtol=1e-8).trace
    state = case.x(run.state[0].numpy())
    output = (run.device_voltage if case.current_driven else run.current).numpy()
    # ngspice keeps to 1e-6 per step and turns a clamp at its own steps: 3e-4 of the span, and of the time where a
    # switch runs away.
    within = 3e-4 * case.wave.duration
    assert np.ptp(state) > 0.01 * abs(state).max(), "the state must have moved for this to say anything"
    assert _outside(times, state, found[:, 2], within) < 3e-4 * np.ptp(found[:, 2])
    assert _outside(times, output, found[:, 1], within) < 3e-4 * np.ptp(found[:, 1])
