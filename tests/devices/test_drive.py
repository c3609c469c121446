"""The time loop: order, conservation at the terminal, bounds, gradients, noise, and what it refuses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched.data.waveforms import Waveform, pulse_train, sine, staircase, triangle
from pinched.devices import elementwise as ew
from pinched.devices.circuit import Circuit, ParameterRows, Source
from pinched.devices.drive import DriveError, drive
from pinched.devices.law import Law, Param, StateVariable, Stochastic, Value
from pinched.devices.laws.resistances import ExponentialResistance
from pinched.devices.laws.vteam import Vteam


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Relaxing(Law):
    """x' = (v - x) / tau: the closed form is a convolution; conductance 1 + x."""

    source: ClassVar[str] = "none"
    states: ClassVar[tuple[StateVariable, ...]] = (
        StateVariable(name="x", unit="1", symbol="x", meaning="test", scale=1.0),
    )
    tau: Param = quantity(1.0, "s", r"\tau", "time constant")
    x_initial: Param = quantity(0.0, "1", "x_0", "start")

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """None."""
        return ((-math.inf, math.inf),)

    def initial_state(self) -> tuple[Param, ...]:
        """Start."""
        return (self.x_initial,)

    def current(self, state: Value, voltage: Value) -> Value:
        """Ohmic."""
        return (1.0 + state * state) * voltage

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Relaxation."""
        return (voltage - state) / self.tau


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Walled(Relaxing):
    """Bounded below only."""

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """From 0 up."""
        return ((0.0, math.inf),)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rotating(Relaxing):
    """Two coupled variables: x' = -y + v, y' = x; and a product, so that the Jacobian is not constant."""

    states: ClassVar[tuple[StateVariable, ...]] = tuple(
        StateVariable(name=n, unit="1", symbol=n, meaning="test", scale=1.0) for n in "xy"
    )

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """None."""
        return ((-math.inf, math.inf),) * 2

    def initial_state(self) -> tuple[Param, ...]:
        """Start."""
        return (self.x_initial, 0.0)

    def current(self, state: Value, voltage: Value) -> Value:
        """Ohmic."""
        return (2.0 + state[0]) * voltage

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """A driven rotation whose frequency depends on the radius."""
        x, y = state
        speed = (1.0 + 0.1 * (x * x + y * y)) / self.tau
        return -speed * y + voltage, speed * x


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Diffusing(Relaxing, Stochastic):
    """Ornstein-Uhlenbeck: variance g^2 tau / 2 in the long run, whatever the sampling."""

    strength: Param = quantity(0.3, "1", "g", "noise")

    def noise_strength(self, state: Value, voltage: Value) -> Value:  # noqa: ARG002
        """Constant."""
        return self.strength + 0.0 * state


def _vteam(**changes: Param) -> Vteam:
    values = {
        "k_off": 1e-7, "k_on": -4e-7, "v_off": 0.3, "v_on": -0.4, "alpha_on": 2.0, "w_initial": 1.5e-9,
    }  # fmt: skip
    return Vteam(**{**values, **changes}, resistance_law=ExponentialResistance())


def test_a_linear_relaxation_meets_its_closed_form() -> None:
    omega = 2 * math.pi
    sweep = drive(
        Relaxing(tau=0.2), sine("1 V", frequency="1 Hz", cycles=2, points_per_period=4000), rtol=1e-9
    )
    t, w = sweep.time, omega * 0.2
    assert t is not None
    exact = (np.sin(omega * t) - w * np.cos(omega * t) + w * np.exp(-t / 0.2)) / (1 + w * w)
    # The sine is drawn with 4000 straight pieces: 4.94 / 4000^2 = 3.1e-7 of its amplitude.
    np.testing.assert_allclose(sweep.trace.state[0].numpy(), exact, atol=4e-7)
    np.testing.assert_allclose(
        sweep.current, (1 + sweep.trace.state[0].numpy() ** 2) * sweep.voltage, rtol=1e-12
    )


@pytest.mark.parametrize("law", [Rotating(tau=0.3, x_initial=0.5), Relaxing(tau=1e-3)])
def test_the_error_follows_the_tolerance_at_fourth_order(law: Law) -> None:
    ramp = Waveform(time=np.array([0.0, 2.0]), voltage=np.array([0.0, 1.0]))
    exact = drive(law, ramp, rtol=1e-12).trace.state
    tolerances = 10.0 ** -np.arange(4, 10)
    runs = [drive(law, ramp, rtol=float(tol)) for tol in tolerances]
    errors = np.array([float((run.trace.state - exact).abs().max()) for run in runs])
    assert (errors < 30 * tolerances).all()
    if isinstance(law, Rotating):
        # Error per unit of work of a method of order four: the steps rise with the tolerance's fourth root.
        steps = np.array([run.trace.steps for run in runs])
        order = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
        assert 3.5 < order < 5.0


def test_stiff_and_smooth_take_the_same_call() -> None:
    slow = drive(Relaxing(tau=1.0), triangle("1 V", period="1 s"))
    stiff = drive(Relaxing(tau=1e-9), triangle("1 V", period="1 s"))
    assert stiff.trace.steps < 20 * slow.trace.steps
    np.testing.assert_allclose(stiff.trace.state[0].numpy(), stiff.voltage, atol=1e-5)


def test_every_corner_is_recorded_and_jumps_show_both_sides() -> None:
    waveform = pulse_train("1 V", width="1 ms", gap="2 ms", count=3)
    sweep = drive(_vteam(), waveform, points=50)
    assert sweep.time is not None
    for time, value in zip(waveform.time, waveform.voltage, strict=True):
        at = np.isclose(sweep.time, time, rtol=0, atol=1e-15)
        assert value in sweep.voltage[at]
    steps = drive(_vteam(), staircase([0.1, 0.5, 0.9], dwell="1 ms"), points=10)
    assert sorted(set(np.round(steps.voltage, 12))) == [0.1, 0.5, 0.9]


def test_series_resistance_obeys_kirchhoff() -> None:
    sweep = drive(_vteam(), triangle("2 V", period="1 ms"), series_resistance="2 kohm")
    drop = sweep.voltage - sweep.trace.device_voltage.numpy()
    np.testing.assert_allclose(drop, 2e3 * sweep.current, atol=1e-12)
    alone = drive(_vteam(), triangle("2 V", period="1 ms"))
    assert sweep.current.max() < alone.current.max()


def test_a_compliance_regulates() -> None:
    limits = Circuit(compliance_positive=5e-5, compliance_negative=2e-5, series_resistance=100.0)
    sweep = drive(_vteam(w_initial=0.0), triangle("1 V", period="1 ms"), circuit=limits)
    assert sweep.current.max() <= 5e-5 * (1 + 1e-9)
    assert sweep.current.min() >= -2e-5 * (1 + 1e-9)
    held = sweep.current >= 5e-5 * (1 - 1e-9)
    assert held.sum() > 50
    # At the limit the device gets just the voltage at which the limit flows.
    u, w = sweep.trace.device_voltage.numpy(), sweep.trace.state[0].numpy()
    law = _vteam()
    expected = law.current(torch.from_numpy(w), torch.from_numpy(u)).numpy()
    np.testing.assert_allclose(sweep.current, expected, atol=1e-14)


def test_a_slow_compliance_overshoots_and_a_fast_one_does_not() -> None:
    # Negative voltage sets: the conductance rises within microseconds.
    law, waveform = _vteam(k_on=-1e-3, w_initial=3e-9), triangle("-1 V", period="1 ms")
    peaks = []
    for response in (1e-9, 1e-6, 3e-5):
        circuit = Circuit(compliance_negative=5e-5, response_time=response)
        peaks.append(-drive(law, waveform, circuit=circuit, points=4000).current.min())
    assert peaks[0] == pytest.approx(5e-5, rel=2e-3)
    assert peaks[0] < peaks[1] < peaks[2]


def test_a_current_source_gives_the_voltage_that_a_voltage_source_needed() -> None:
    waveform = triangle("1 V", period="1 ms")
    there = drive(_vteam(), waveform, points=3000)
    assert there.time is not None
    currents = Waveform(time=there.time, voltage=there.current)
    back = drive(_vteam(), currents, circuit=Circuit(source=Source.CURRENT), times=there.time)
    assert np.abs(back.voltage - there.voltage).max() < 2e-4


def test_bounds_are_hard_and_the_state_leaves_them_again() -> None:
    fast = _vteam(k_off=1e-4, k_on=-1e-4, w_initial=1.4e-9)
    sweep = drive(fast, triangle("1 V", period="1 ms", cycles=3))
    w = sweep.trace.state[0].numpy()
    assert 0 <= w.min() < 1e-12
    assert 2.999e-9 < w.max() <= 3e-9
    # Three cycles, and in each the whole range is crossed both ways.
    crossings = np.flatnonzero(np.diff(np.sign(w - 1.5e-9)))
    assert len(crossings) == 6


def test_a_batch_is_a_loop_over_devices() -> None:
    r_on = torch.tensor([[500.0, 1e3, 2e3], [700.0, 800.0, 900.0]], dtype=torch.float64)
    k_off = torch.tensor([[1e-7], [3e-7]], dtype=torch.float64)
    waveform = triangle("1 V", period="1 ms")
    both = drive(_vteam(r_on=r_on, k_off=k_off), waveform, series_resistance=50.0)
    assert both.time is not None
    assert both.trace.current.shape == (2, 3, both.time.size)
    assert len(both.sweeps) == 6
    for a in range(2):
        for b in range(3):
            one = drive(
                _vteam(r_on=float(r_on[a, b]), k_off=float(k_off[a, 0])), waveform, series_resistance=50.0
            )
            np.testing.assert_array_equal(one.current, both.sweeps[3 * a + b].current)


_NAMES = ("r_on", "r_off", "v_on", "v_off", "k_on", "k_off", "alpha_on", "alpha_off", "w_off", "w_initial")
_CIRCUITS = [
    Circuit(),
    Circuit(series_resistance=500.0),
    Circuit(series_resistance=500.0, compliance_positive=2e-4, compliance_negative=3e-5),
    Circuit(series_resistance=200.0, compliance_positive=3e-5, response_time=1e-5),
]


@pytest.mark.parametrize("circuit", _CIRCUITS)
def test_gradients_agree_with_finite_differences(circuit: Circuit) -> None:
    law = _vteam(v_off=0.35)
    values = {name: float(getattr(law, name)) for name in _NAMES}
    times = np.linspace(0, 1e-3, 150)
    weight = torch.linspace(0.3, 1.0, 150, dtype=torch.float64)

    def loss(changed: dict, series: object) -> torch.Tensor:
        own = Circuit(
            series_resistance=series,
            compliance_positive=circuit.compliance_positive,
            compliance_negative=circuit.compliance_negative,
            response_time=circuit.response_time,
        )
        run = drive(
            _vteam(**changed), triangle("0.9 V", period="1 ms"), times=times, circuit=own, rtol=1e-10
        ).trace
        return 1e3 * (run.current * weight).sum() + (run.state[0] * 3e8 * weight).sum()

    tensors = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in values.items()}
    series = torch.tensor(float(circuit.series_resistance), dtype=torch.float64, requires_grad=True)
    loss(tensors, series).backward()
    total = float(loss(values, circuit.series_resistance))
    for name, value in values.items():
        step = 1e-4 * abs(value)
        around = [
            float(loss({**values, name: value + k * step}, circuit.series_resistance)) for k in (-2, -1, 1, 2)
        ]
        difference = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / 12
        gradient = tensors[name].grad
        assert gradient is not None
        # Per relative change of the parameter, against the size of what is differentiated.
        assert abs(float(gradient) * step - difference) < 1e-5 * 1e-4 * abs(total) + 1e-5 * abs(difference), (
            name
        )


@pytest.mark.parametrize("circuit", [*_CIRCUITS, Circuit(source=Source.CURRENT)])
def test_gradients_by_the_waveform_agree_with_finite_differences(circuit: Circuit) -> None:
    """By each corner of the drive, of current, voltage on the device, state and source."""
    law, wave = _vteam(v_off=0.35), triangle("0.9 V", period="1 ms")
    scale = 1e-4 if circuit.source is Source.CURRENT else 1.0
    base = torch.from_numpy((wave.voltage + 0.02) * scale)
    times = np.linspace(0, 1e-3, 60)
    weight = torch.linspace(0.3, 1.0, 60, dtype=torch.float64)

    def loss(corners: torch.Tensor) -> torch.Tensor:
        run = drive(law, wave, times=times, circuit=circuit, rtol=1e-10, corner_values=corners).trace
        seen = 1e3 * run.current + run.device_voltage + 3e8 * run.state[0] + run.source / scale
        return (seen * weight).sum()

    corners = base.clone().requires_grad_(True)
    loss(corners).backward()
    assert corners.grad is not None
    total = float(loss(base))
    step = 1e-5 * scale
    for k in range(base.numel()):
        moved = [base.clone() for _ in range(4)]
        for one, by in zip(moved, (-2, -1, 1, 2), strict=True):
            one[k] += by * step
        around = [float(loss(one)) for one in moved]
        difference = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / 12
        assert abs(float(corners.grad[k]) * step - difference) < 1e-5 * (1e-5 * abs(total) + abs(difference))


def test_gradients_of_the_voltage_that_a_current_source_needs() -> None:
    wave = triangle(1e-4, period="1 ms")
    r_on = torch.tensor(1e3, dtype=torch.float64, requires_grad=True)

    def voltage(value: object) -> torch.Tensor:
        run = drive(_vteam(r_on=value), wave, circuit=Circuit(source=Source.CURRENT), points=50, rtol=1e-10)
        return run.trace.device_voltage.abs().sum()

    voltage(r_on).backward()
    step = 0.1
    difference = (float(voltage(1e3 + step)) - float(voltage(1e3 - step))) / (2 * step)
    assert float(r_on.grad or 0.0) == pytest.approx(difference, rel=1e-5)


def test_noise_does_not_depend_on_the_sampling() -> None:
    count = 4000
    law = Diffusing(tau=torch.full((count,), 0.1, dtype=torch.float64))
    rest = Waveform(time=np.array([0.0, 1.0]), voltage=np.zeros(2))
    for points in (100, 800):
        final = drive(law, rest, points=points, seed=3).trace.state[0, :, -1]
        # Variance g^2 tau / 2 = 0.0045; four standard errors of a variance from 4000 draws, and tau / (2 h) of
        # splitting noise from drift.
        assert float(final.var()) == pytest.approx(
            0.0045, rel=4 * math.sqrt(2 / count) + 1 / (0.1 * points) / 2
        )
        assert abs(float(final.mean())) < 4 * math.sqrt(0.0045 / count)
    again = drive(law, rest, points=100, seed=3).trace.state
    fewer = drive(
        Diffusing(tau=torch.full((7,), 0.1, dtype=torch.float64)), rest, points=100, seed=3
    ).trace.state
    assert torch.equal(again[:, :7], fewer)
    assert not torch.equal(again, drive(law, rest, points=100, seed=4).trace.state)


def test_noise_at_an_interval_does_not_know_what_is_recorded() -> None:
    count = 4000
    law = Diffusing(tau=torch.full((count,), 0.1, dtype=torch.float64))
    rest = Waveform(time=np.array([0.0, 1.0]), voltage=np.zeros(2))
    few = drive(law, rest, times=np.array([0.5, 1.0]), noise_interval="5 ms", seed=3).trace.state
    many = drive(law, rest, points=901, noise_interval="5 ms", seed=3).trace
    at_half = int(np.argmin(np.abs(many.time.numpy() - 0.5)))
    assert torch.equal(few[0, :, 1], many.state[0, :, -1])
    assert torch.allclose(few[0, :, 0], many.state[0, :, at_half])
    assert float(few[0, :, 1].var()) == pytest.approx(0.0045, rel=4 * math.sqrt(2 / count) + 0.02)
    with pytest.raises(PinchedError, match="noise_interval is 0 s"):
        drive(law, rest, noise_interval=0.0)
    with pytest.raises(PinchedError, match="cuts the waveform"):
        drive(law, rest, noise_interval=1e-12)
    with pytest.raises(PinchedError, match="do not pass through the noise"):
        drive(Diffusing(tau=torch.tensor(0.1, dtype=torch.float64, requires_grad=True)), rest)


def test_a_bound_on_one_side_holds_there_and_nowhere_else() -> None:
    omega = 2 * math.pi
    free = drive(Relaxing(tau=0.05), sine("1 V", frequency="1 Hz", cycles=1)).trace
    walled = drive(Walled(tau=0.05), sine("1 V", frequency="1 Hz", cycles=1)).trace
    first = free.time < 0.5
    assert torch.allclose(walled.state[0, first], free.state[0, first], atol=1e-6)
    assert float(walled.state.min()) >= 0.0
    assert float(walled.state[0, int((free.time < 0.8).sum())]) < 1e-9, "held while the drive is negative"
    again = drive(Walled(tau=0.05), sine("1 V", frequency="1 Hz", cycles=2)).trace
    peak = 1.0 / math.sqrt(1.0 + (omega * 0.05) ** 2)
    assert float(again.state[0, again.time > 1.0].max()) == pytest.approx(peak, rel=1e-2), (
        "and it leaves again"
    )


def test_rows_change_parameters_from_event_to_event() -> None:
    waveform = triangle("1 V", period="1 ms", cycles=2)
    laws = (_vteam(r_on=1e3), _vteam(r_on=2e3))
    rows = ParameterRows(laws=laws, row=np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    sweep = drive(laws[0], waveform, rows=rows)
    alone = drive(laws[0], waveform)
    assert sweep.time is not None
    first = sweep.time < 1e-3
    np.testing.assert_array_equal(sweep.current[first], alone.current[first])
    assert np.abs(sweep.current[~first]).max() < np.abs(alone.current[~first]).max()


def test_a_law_that_cannot_go_on_keeps_what_was_computed() -> None:
    with pytest.raises(DriveError, match=r"more steps than allowed at t = .* s .*w = .* m") as caught:
        drive(_vteam(), triangle("1 V", period="1 ms"), max_steps=5)
    kept = caught.value.trace.current
    assert torch.isnan(kept[-1])
    assert torch.isfinite(kept[0])


def test_a_failure_names_device_place_and_every_state() -> None:
    law = Rotating(tau=torch.tensor([1.0, 1e-7], dtype=torch.float64), x_initial=0.5)
    with pytest.raises(
        DriveError, match=r"device 1 of 2: .* t = .* s \(source .*\), x = .*, y = .*; 1 of 2"
    ) as caught:
        drive(law, triangle("1 V", period="1 s"), max_steps=2000)
    assert torch.isfinite(caught.value.trace.current[0]).all(), "the device that got through is kept whole"
    assert torch.isnan(caught.value.trace.state[:, 1, -1]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: drive(_vteam(), triangle("1 V", period="1 s"), initial_state=(5e-9,)), "outside its bounds"),
        (lambda: _vteam(w_initial=-1e-9), "outside"),
        (lambda: drive(_vteam(), triangle("1 V", period="1 s"), times=np.array([0.5, 2.0])), "beyond the waveform"),
        (lambda: drive(_vteam(), triangle("1 V", period="1 s"), times=np.array([0.5, 0.2])), "rise"),
        (lambda: drive(_vteam(), triangle("1 V", period="1 s"), points=1), "too few"),
        (lambda: Waveform(time=np.array([0.0, 1.0, 0.5]), voltage=np.zeros(3)), "backwards"),
        (lambda: _vteam(r_on=1e6), "swapped"),
        (lambda: _vteam(v_on=0.4), "below zero"),
        (lambda: _vteam(r_on=math.nan), "finite"),
        (lambda: _vteam(w_off=3.0), "another unit"),
        (lambda: Circuit(series_resistance=-1.0), "negative"),
        (lambda: Circuit(compliance_positive=1e-3, source=Source.CURRENT), "voltage source"),
        (lambda: _vteam(r_on=torch.ones(2), v_off=torch.ones(3)) and drive(
            _vteam(r_on=torch.full((2,), 10.0), v_off=torch.full((3,), 0.2)), triangle("1 V", period="1 s")
        ), "do not fit"),
    ],
)  # fmt: skip
def test_what_is_refused(change: object, message: str) -> None:
    with pytest.raises(PinchedError, match=message):
        change()  # type: ignore[operator]


def test_a_law_that_decides_with_if_is_told_so() -> None:
    @dataclass(frozen=True, kw_only=True, slots=True, eq=False)
    class Deciding(Relaxing):
        def state_rate(self, state: Value, voltage: Value) -> Value:
            return ew.exp(state) if voltage > 0 else state

    with pytest.raises(TypeError, match="where"):
        drive(Deciding(), triangle("1 V", period="1 s"))
