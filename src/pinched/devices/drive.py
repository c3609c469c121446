r"""`drive`: a compact law under a waveform, the only time loop of the compact laws.

Give it a law (one device, or a tensor of devices in its fields) and a waveform; it returns a sweep (or a
sequence of sweeps) with the trace behind it. `Circuit` says what stands between source and device: a series
resistance, the compliance of the source with or without a response time, a current source. Steps are chosen
per device by their error, so a stiff law needs no setting.

Gradients: when a parameter of the law, the series resistance or an initial state requires them, the trace's tensors
carry them. They are the sensitivities of the differential equation, integrated along with it, and agree with
finite differences to the tolerance of the run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._params import require
from pinched._units import to_si
from pinched.data.waveforms import Waveform
from pinched.devices import _loop
from pinched.devices._program import program
from pinched.devices._run import Inputs, Plan, Settings, run
from pinched.devices.circuit import Circuit, ParameterRows, Source
from pinched.devices.law import Law, Param, all_true
from pinched.devices.standin import StandIn
from pinched.devices.trace import DrivenSweep, DrivenSweeps, Trace, sweep_of


class DriveError(PinchedError):
    """A step did not converge. `trace` holds what was computed until then, NaN after it."""

    def __init__(self, message: str, trace: Trace) -> None:
        super().__init__(message)
        self.trace = trace


def drive(
    device: Law | StandIn,
    waveform: Waveform,
    *,
    circuit: Circuit | None = None,
    series_resistance: str | float | torch.Tensor = 0.0,
    compliance_current: str | float | None = None,
    points: int = 1000,
    times: Float[np.ndarray, " sample"] | None = None,
    initial_state: Sequence[Param] | None = None,
    rows: ParameterRows | None = None,
    corner_values: Float[torch.Tensor, " corner"] | None = None,
    rtol: float = 1e-6,
    seed: int = 0,
    noise_interval: str | float | None = None,
    max_steps: int = 200_000,
    name: str = "device",
) -> DrivenSweep | DrivenSweeps:
    """The sweep of `device` under `waveform`; a sequence of sweeps when a field of the law is a tensor with axes.

    A `StandIn`, such as a trained surrogate, answers by itself: for it `points`, `times` and `name` count, and
    anything that would stand beside or inside the device is refused.

    `circuit` says what stands before the device; for the usual case `series_resistance` (ohm) and
    `compliance_current` (A, both polarities) may be given instead. Recorded are all corners and `points` even times,
    or just `times` (s, rising). `initial_state` replaces the law's own. `rows` changes parameters from event to
    event. `corner_values` (V, or A of a current source) replaces the waveform's values at its corners by a tensor, to
    which gradients flow. `rtol` bounds the error of each step relative to the state (and to a thousandth of its
    range), `max_steps` ends a straight piece that does not get on. `seed` addresses the noise of a stochastic law; it
    enters at every sample, or once in every `noise_interval` (s) where one is given: take it well below the times in
    which the law relaxes. The draws then do not depend on what is recorded.
    Raises `PinchedError` for a state outside its bounds or arguments that do not fit, and `DriveError`, which keeps
    what was computed, where a step cannot converge: it names time, device and state.
    """
    if isinstance(device, StandIn):
        given = (
            circuit is not None or initial_state is not None or rows is not None or corner_values is not None
            or isinstance(series_resistance, torch.Tensor) or series_resistance != 0.0
            or compliance_current is not None
        )  # fmt: skip
        require(
            type(device), not given,
            "a circuit, series resistance, compliance, state, rows or corner values were given; a stand-in answers "
            "for the device alone, without a state that they could act on. Leave them out, or drive a law.",
        )  # fmt: skip
        return device.driven(waveform, points=points, times=times, name=name)
    circuit = _circuit(circuit, series_resistance, compliance_current)
    code = program(device)
    given = Inputs.of(device, circuit, initial_state, rows)
    noisy = bool(code.formula.noise)
    if corner_values is not None:
        waveform = _with_values(waveform, corner_values)
    plan = Plan.of(waveform, points, times, noisy, rows, _interval(noise_interval))
    settings = Settings(rtol=rtol, seed=seed, max_steps=max_steps, scales=error_scales(device, given))
    current, voltage, state, reports = run(code, plan, settings, given, corner_values)
    shape = given.shape
    trace = Trace(
        time=torch.from_numpy(plan.time.copy()),
        source=_source(plan, corner_values),
        current=current.reshape(*shape, -1),
        device_voltage=voltage.reshape(*shape, -1),
        state=state.permute(1, 0, 2).reshape(len(device.states), *shape, plan.time.size),
        variables=tuple(v.name for v in device.states),
        steps=int(reports[:, 2].sum()),
    )
    law = type(device).__name__
    _check(reports, device, waveform, trace)
    limit = circuit.compliance_positive if isinstance(circuit.compliance_positive, int | float) else None
    driven = circuit.source is Source.CURRENT
    if shape == ():
        return sweep_of(trace, law, name, driven, limit)
    return DrivenSweeps(trace, law, name, driven, limit)


def _circuit(
    circuit: Circuit | None, series: str | float | torch.Tensor, limit: str | float | None
) -> Circuit:
    own = not isinstance(series, int | float) or series != 0.0 or limit is not None
    if circuit is not None:
        require(
            Circuit,
            not own,
            "series_resistance and compliance_current were given beside a circuit; put them into the circuit.",
        )
        return circuit
    size = None if limit is None else to_si(limit, "A")
    return Circuit(
        series_resistance=series if isinstance(series, torch.Tensor) else to_si(series, "ohm"),
        compliance_positive=size,
        compliance_negative=size,
    )


def _with_values(waveform: Waveform, values: torch.Tensor) -> Waveform:
    require(
        Waveform,
        tuple(values.shape) == waveform.time.shape,
        f"corner_values has the shape {tuple(values.shape)}; the waveform has {waveform.time.size} corners. Give one "
        "value for each.",
    )
    return Waveform(time=waveform.time, voltage=values.detach().to(torch.float64).numpy().copy())


def _interval(value: str | float | None) -> float | None:
    if value is None:
        return None
    seconds = to_si(value, "s")
    require(
        Plan,
        0 < seconds < float("inf"),
        f"noise_interval is {seconds:g} s; it must be finite and above zero.",
    )
    return seconds


def _source(plan: Plan, corners: torch.Tensor | None) -> Float[torch.Tensor, " sample"]:
    """What the source was set to at the samples, with its gradient by the corners."""
    if corners is None or not corners.requires_grad:
        return torch.from_numpy(plan.value.copy())
    lengths = np.diff(plan.corner_time)[plan.segment]
    share = torch.from_numpy((plan.time - plan.corner_time[plan.segment]) / lengths)
    first = torch.from_numpy(plan.segment)
    own = corners.to(torch.float64)
    return own[first] + share * (own[first + 1] - own[first])


def error_scales(device: Law, given: Inputs) -> Float[np.ndarray, "device variable"]:
    """Size by which the error of each state variable is judged: its own scale, or the width of its bounds."""
    count = given.matrix.shape[0]
    columns = []
    for variable, (low, high) in zip(device.states, device.bounds(), strict=True):
        width = variable.scale
        if width is None:
            width = torch.as_tensor(high - low, dtype=torch.float64).detach().expand(given.shape).reshape(-1)
            require(
                type(device),
                all_true(torch.isfinite(width)),
                f"state variable {variable.name} has no bounds; its StateVariable needs a scale.",
            )
            columns.append(width.numpy())
        else:
            columns.append(np.full(count, float(width)))
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0))


def _check(reports: np.ndarray, device: Law, waveform: Waveform, trace: Trace) -> None:
    failed = np.flatnonzero(reports[:, 0] != _loop.DONE)
    if failed.size == 0:
        return
    k = int(failed[0])
    status, time = reports[k, :2]
    cause = {
        _loop.TOO_MANY_STEPS: "took more steps than allowed",
        _loop.NOT_FINITE: "gave a rate that is not finite at every step length",
        _loop.NO_SOLUTION: "met a singular sensitivity",
    }[int(status)]
    where = "".join(
        f", {variable.name} = {reports[k, 3 + a]:.6g} {variable.unit}"
        for a, variable in enumerate(device.states)
    )
    which = f"device {k} of {len(reports)}: " if len(reports) > 1 else ""
    raise DriveError(
        f"{type(device).__name__}: {which}the law {cause} at t = {time:.6g} s "
        f"(source {float(waveform.at(np.array([time]))[0]):.4g}){where}; {failed.size} of {len(reports)} devices "
        "failed. Check the parameters at this point, lower the drive, or raise max_steps. What was computed until "
        "then is in the error's `trace`.",
        trace,
    )
