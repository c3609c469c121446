"""One call of the time loop: what goes in as arrays, which times are recorded, and the way back for gradients."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64

from pinched._cores import cores
from pinched._params import require
from pinched._random import stream_key
from pinched.data.waveforms import Waveform
from pinched.devices import _loop
from pinched.devices._program import Program
from pinched.devices.circuit import Circuit, ParameterRows, Source
from pinched.devices.law import Law, Param, all_true, device_shape, parameters, show_value

# A thousandth of a state's range: below that an error is judged by the range and not by the state itself.
_ABSOLUTE_SHARE = 1e-3


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Inputs:
    """Parameters, start and series resistance of every device as tensors, flattened over the devices' shape."""

    shape: tuple[int, ...]
    matrix: Float[torch.Tensor, "device row parameter"]
    start: Float[torch.Tensor, "device variable"]
    series: Float[torch.Tensor, " device"]
    fixed: Float[np.ndarray, "device 6"]
    """The circuit as the compiled loop takes it; its series resistance is filled in from `series`."""

    @classmethod
    def of(
        cls, device: Law, circuit: Circuit, initial_state: Sequence[Param] | None, rows: ParameterRows | None
    ) -> Inputs:
        """Arrays for `device`; raises `PinchedError` for a state outside its bounds and shapes that do not fit."""
        laws = (device,) if rows is None else rows.laws
        values = device.initial_state() if initial_state is None else tuple(initial_state)
        require(
            type(device),
            len(values) == len(device.states),
            f"{len(values)} initial values for {len(device.states)} state variables.",
        )
        parts = [circuit.series_resistance, circuit.compliance_positive, circuit.compliance_negative, *values]
        shape = torch.broadcast_shapes(
            *(device_shape(law) for law in laws), *(p.shape for p in parts if isinstance(p, torch.Tensor))
        )
        for variable, value, (low, high) in zip(device.states, values, device.bounds(), strict=True):
            inside = _tensor(low, shape) <= _tensor(value, shape)
            inside &= _tensor(value, shape) <= _tensor(high, shape)
            require(
                type(device),
                all_true(inside),
                f"the initial state {variable.name} = {show_value(value)} {variable.unit} lies outside its bounds "
                f"{show_value(low)} .. {show_value(high)} {variable.unit}.",
            )
        names = list(parameters(device))
        stacked = []
        for law in laws:
            own = parameters(law)
            columns = [_tensor(own[name], shape).reshape(-1) for name in names]
            stacked.append(torch.stack(columns, dim=-1) if columns else torch.zeros(_size(shape), 0))
        start = [_tensor(v, shape).reshape(-1) for v in values]
        count = _size(shape)
        fixed = np.zeros((count, 6))
        for k, limit in ((1, circuit.compliance_positive), (2, circuit.compliance_negative)):
            fixed[:, k] = np.inf if limit is None else _tensor(limit, shape).detach().reshape(-1).numpy()
        fixed[:, 3] = float(circuit.source is Source.CURRENT)
        fixed[:, 4] = _tensor(circuit.response_time, shape).detach().reshape(-1).numpy()
        limited = np.isfinite(fixed[:, 1]) | np.isfinite(fixed[:, 2])
        fixed[:, 5] = limited
        # Without a limit there is nothing to regulate: the source follows at once.
        fixed[:, 4] = np.where(limited, fixed[:, 4], 0.0)
        return cls(
            shape=tuple(shape),
            matrix=torch.stack(stacked, dim=1).to(torch.float64),
            start=torch.stack(start, dim=-1) if start else torch.zeros(count, 0, dtype=torch.float64),
            series=_tensor(circuit.series_resistance, shape).reshape(-1),
            fixed=fixed,
        )


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(shape)) if len(shape) else 1


def _tensor(value: Param, shape: Sequence[int]) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64).expand(tuple(shape))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plan:
    """Straight pieces of the waveform, and where on them samples are recorded."""

    corner_time: Float[np.ndarray, " corner"]
    corner_value: Float[np.ndarray, " corner"]
    row: Int64[np.ndarray, " segment"]
    time: Float[np.ndarray, " sample"]
    value: Float[np.ndarray, " sample"]
    segment: Int64[np.ndarray, " sample"]

    @classmethod
    def of(
        cls,
        waveform: Waveform,
        points: int,
        times: Float[np.ndarray, " sample"] | None,
        noisy: bool,
        rows: ParameterRows | None,
    ) -> Plan:
        """Corners and `points` even times, or `times` alone; with noise every sample ends a piece."""
        corner_time, corner_value = waveform.time, waveform.voltage
        row = np.zeros(corner_time.size - 1, np.int64) if rows is None else np.asarray(rows.row, np.int64)
        require(
            Plan,
            row.size == corner_time.size - 1,
            f"rows has {row.size} entries for {corner_time.size - 1} pieces of the waveform.",
        )
        lengths = np.diff(corner_time)
        require(Plan, bool((lengths > 0).any()), "the waveform has no duration.")
        if times is None:
            require(Plan, points >= 2, f"{points} points are too few, take at least 2.")
            wanted = np.linspace(corner_time[0], corner_time[-1], points)
        else:
            wanted = np.asarray(times, np.float64)
            require(
                Plan,
                wanted.size > 0 and bool((np.diff(wanted) >= 0).all()),
                "times must rise; sort them.",
            )
            require(
                Plan,
                bool(wanted[0] >= corner_time[0] and wanted[-1] <= corner_time[-1]),
                f"times {wanted[0]:g} .. {wanted[-1]:g} s reach beyond the waveform, "
                f"{corner_time[0]:g} .. {corner_time[-1]:g} s.",
            )
        solid = np.flatnonzero(lengths > 0)
        # The last piece that starts at or before a time; at a jump that is the piece after it.
        segment = solid[
            np.clip(np.searchsorted(corner_time[solid], wanted, side="right") - 1, 0, solid.size - 1)
        ]
        if times is None:
            inner = (wanted > corner_time[segment] + 1e-9 * lengths[segment]) & (
                wanted < corner_time[segment + 1] - 1e-9 * lengths[segment]
            )
            wanted, segment = wanted[inner], segment[inner]
            before = np.concatenate([[-1], solid[:-1]])
            jumped = (before < 0) | (corner_value[solid] != corner_value[before + 1])
            wanted = np.concatenate([wanted, corner_time[solid[jumped]], corner_time[solid + 1]])
            segment = np.concatenate([segment, solid[jumped], solid])
            order = np.lexsort((wanted, segment))
            wanted, segment = wanted[order], segment[order]
        share = (wanted - corner_time[segment]) / lengths[segment]
        value = corner_value[segment] + share * (corner_value[segment + 1] - corner_value[segment])
        if noisy:
            corner_time, corner_value, row, segment = _split(
                corner_time, corner_value, row, wanted, value, segment
            )
        return cls(
            corner_time=np.ascontiguousarray(corner_time),
            corner_value=np.ascontiguousarray(corner_value),
            row=np.ascontiguousarray(row),
            time=np.ascontiguousarray(wanted),
            value=np.ascontiguousarray(value),
            segment=np.ascontiguousarray(segment.astype(np.int64)),
        )


def _split(corner_time, corner_value, row, time, value, segment):
    """Pieces cut at every sample, so that noise enters sample by sample whatever steps the loop takes."""
    inside = (time > corner_time[segment]) & (time < corner_time[segment + 1])
    position = np.concatenate([np.arange(corner_time.size, dtype=np.float64), segment[inside] + 0.5])
    times = np.concatenate([corner_time, time[inside]])
    order = np.lexsort((times, position))
    new_time = times[order]
    new_value = np.concatenate([corner_value, value[inside]])[order]
    origin = np.floor(position[order]).astype(np.int64)
    new_row = row[np.minimum(origin[:-1], row.size - 1)]
    # A sample belongs to the piece that ends at it; the first of a piece that starts there, to that one.
    first = np.searchsorted(position[order], segment, side="left")
    end = np.maximum(first + 1, np.searchsorted(new_time, time, side="left"))
    place = np.minimum(end - 1, new_time.size - 2).astype(np.int64)
    return new_time, new_value, new_row, place


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Settings:
    """How exactly a run is made."""

    rtol: float
    seed: int
    max_steps: int
    scales: Float[np.ndarray, "device variable"]


def run(code: Program, plan: Plan, settings: Settings, given: Inputs) -> tuple:
    """(current, device voltage, state, reports); current and state carry gradients where an input wants them."""
    wanted = any(t.requires_grad for t in (given.matrix, given.start, given.series))
    require(
        Inputs,
        not (wanted and given.matrix.shape[1] > 1),
        "gradients do not pass through parameters that change from event to event; detach them.",
    )
    require(
        Inputs,
        not (wanted and code.formula.play),
        "a rate-independent law has no gradients here; detach its parameters.",
    )
    require(
        Inputs,
        not (code.formula.play and bool((given.fixed[:, 4] > 0).any())),
        "a rate-independent law knows no time: leave out the response time of the compliance.",
    )
    return _Run.apply(code, plan, settings, given, wanted, given.matrix, given.start, given.series)  # type: ignore[return-value]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Computed:
    """What the compiled loop returned."""

    current: Float[np.ndarray, "device sample"]
    device_voltage: Float[np.ndarray, "device sample"] | None
    """None where nothing stands between source and device, so that each has the source's voltage."""
    state: Float[np.ndarray, "device variable sample"]
    sensitivity: Float[np.ndarray, "device sample quantity column"] | None
    """Of current and each state variable, by parameters, series resistance and initial values; None if not asked."""
    reports: Float[np.ndarray, "device 4"]
    """Status, time reached, steps, first state variable."""


def compute(code: Program, plan: Plan, settings: Settings, given: Inputs, *, graded: bool) -> Computed:
    """One call of the compiled loop for all devices; what a failed one did not reach is NaN."""
    f = code.formula
    devices, variables, samples = given.matrix.shape[0], f.size, plan.time.size
    count = len(f.names)
    circuit = given.fixed.copy()
    circuit[:, 0] = given.series.detach().numpy()
    current = np.empty((devices, samples))
    state = np.empty((devices, variables, samples))
    # With nothing between source and device both have the same voltage, which need not be kept per device.
    bare = not (f.implicit or f.play or graded or circuit[:, [0, 3, 5]].any())
    voltage = np.empty((devices, 1 if bare else samples))
    columns = count + 1 + variables
    sensitivity = np.zeros((devices, samples, 1 + variables, columns) if graded else (1, 1, 1, 1))
    reports = np.zeros((devices, 4))
    slots = np.zeros(devices, np.int64)
    codes = code.codes_with_gradient() if graded else code.codes
    lagging = bool((circuit[:, 4] > 0).any())
    atol = np.zeros((devices, variables + 1))
    atol[:, :variables] = settings.rtol * _ABSOLUTE_SHARE * settings.scales
    # The lagging source is judged by a volt.
    atol[:, variables] = settings.rtol * _ABSOLUTE_SHARE if lagging else 1.0
    sizes = np.array(
        [variables, count, code.derived_size, int(bool(f.noise)), int(graded), int(f.play)], np.int64
    )
    arguments = (
        given.matrix.detach().contiguous().numpy().copy(), plan.row, given.start.detach().contiguous().numpy().copy(),
        circuit, codes, f.implicit, sizes, plan.corner_time, plan.corner_value, plan.time, plan.value,
        plan.segment, np.arange(samples), settings.rtol, atol, settings.max_steps,
        stream_key(settings.seed, "drive"), current, state, voltage, sensitivity, reports, slots,
    )  # fmt: skip
    _in_threads(devices, arguments)
    for d in np.flatnonzero(reports[:, 0] != _loop.DONE):
        current[d, slots[d] :] = np.nan
        state[d, :, slots[d] :] = np.nan
    return Computed(
        current=current,
        device_voltage=None if bare else voltage,
        state=state,
        sensitivity=sensitivity if graded else None,
        reports=reports,
    )


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        code: Program,
        plan: Plan,
        settings: Settings,
        given: Inputs,
        graded: bool,
        matrix: torch.Tensor,
        start: torch.Tensor,  # noqa: ARG004
        series: torch.Tensor,  # noqa: ARG004
    ) -> tuple:
        done = compute(code, plan, settings, given, graded=graded)
        ctx.sensitivity = done.sensitivity
        ctx.parameters = matrix.shape[-1]
        applied = done.device_voltage
        voltage = (
            torch.from_numpy(plan.value).expand(matrix.shape[0], plan.time.size)
            if applied is None
            else torch.from_numpy(applied)
        )
        ctx.mark_non_differentiable(voltage)
        return torch.from_numpy(done.current), voltage, torch.from_numpy(done.state), done.reports

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        by_current, _, by_state, _ = grads
        count = ctx.parameters
        s = ctx.sensitivity
        total = np.einsum("ds,dsc->dc", by_current.numpy(), s[:, :, 0])
        total += np.einsum("dvs,dsvc->dc", by_state.numpy(), s[:, :, 1:])
        whole = torch.from_numpy(total)
        return (
            None, None, None, None, None,
            whole[:, None, :count].clone(), whole[:, count + 1 :].clone(), whole[:, count].clone(),
        )  # fmt: skip


def _in_threads(devices: int, arguments: tuple) -> None:
    """Portions of the devices beside each other: the compiled loop holds no lock."""
    workers = min(cores(), devices)
    if workers <= 1:
        _loop.run_devices(0, devices, *arguments)
        return
    portion = max(1, -(-devices // (workers * 8)))
    edges = [*range(0, devices, portion), devices]
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(_loop.run_devices, a, b, *arguments) for a, b in pairwise(edges)]
        for job in jobs:
            job.result()
