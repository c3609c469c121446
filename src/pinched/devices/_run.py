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
        noise_interval: float | None = None,
    ) -> Plan:
        """Corners and `points` even times, or `times` alone.

        With noise every sample ends a piece, or, where one is given, pieces are no longer than `noise_interval` (s).
        """
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
                corner_time, corner_value, row, wanted, segment, noise_interval
            )
        return cls(
            # Copies: a frozen array is another type to the compiled loop, which would be compiled once more for it.
            corner_time=np.array(corner_time),
            corner_value=np.array(corner_value),
            row=np.array(row),
            time=np.array(wanted),
            value=np.array(value),
            segment=np.array(segment, np.int64),
        )


_MOST_PIECES = 50_000_000


def _split(corner_time, corner_value, row, time, segment, interval):
    """Pieces cut at every sample or after every `interval`: noise enters there, whatever steps the loop takes."""
    if interval is None:
        inside = (time > corner_time[segment]) & (time < corner_time[segment + 1])
        cuts, on = time[inside], segment[inside]
    else:
        lengths = np.diff(corner_time)
        count = np.maximum(np.ceil(lengths / interval * (1.0 - 1e-12)) - 1.0, 0.0)
        require(
            Plan,
            float(count.sum()) <= _MOST_PIECES,
            f"a noise_interval of {interval:g} s cuts the waveform into {count.sum():.3g} pieces; take a longer one "
            "or a shorter waveform.",
        )
        on = np.repeat(np.arange(lengths.size), count.astype(np.int64))
        number = np.arange(on.size) - np.repeat(np.cumsum(count) - count, count.astype(np.int64)) + 1.0
        cuts = corner_time[on] + number / (count[on] + 1.0) * lengths[on]
    share = (cuts - corner_time[on]) / np.diff(corner_time)[on]
    position = np.concatenate([np.arange(corner_time.size, dtype=np.float64), on + 0.5])
    times = np.concatenate([corner_time, cuts])
    order = np.lexsort((times, position))
    new_time = times[order]
    cut_value = corner_value[on] + share * (corner_value[on + 1] - corner_value[on])
    new_value = np.concatenate([corner_value, cut_value])[order]
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


def run(
    code: Program, plan: Plan, settings: Settings, given: Inputs, corners: torch.Tensor | None = None
) -> tuple:
    """(current, device voltage, state, reports); the first three carry gradients where an input wants them.

    `corners` are the source's values at the waveform's corners as a tensor, where these are to be differentiated.
    """
    traced = corners is not None and corners.requires_grad
    wanted = traced or any(t.requires_grad for t in (given.matrix, given.start, given.series))
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
        not (wanted and code.formula.noise),
        "gradients do not pass through the noise of a stochastic law; detach its parameters, or use the law without "
        "noise.",
    )
    require(
        Inputs,
        not (code.formula.play and bool((given.fixed[:, 4] > 0).any())),
        "a rate-independent law knows no time: leave out the response time of the compliance.",
    )
    if corners is None:
        corners = torch.from_numpy(plan.corner_value.copy())
    return _Run.apply(  # type: ignore[return-value]
        code, plan, settings, given, wanted, traced, given.matrix, given.start, given.series, corners
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Computed:
    """What the compiled loop returned."""

    current: Float[np.ndarray, "device sample"]
    device_voltage: Float[np.ndarray, "device sample"] | None
    """None where nothing stands between source and device, so that each has the source's voltage."""
    state: Float[np.ndarray, "device variable sample"]
    sensitivity: Float[np.ndarray, "device sample quantity column"] | None
    """Of current, device voltage and each state variable, by parameters, series resistance and initial values;
    traced, also by the state where the present piece of the waveform began and the source at its two ends."""
    passage: Float[np.ndarray, "device piece moving reach"] | None
    """Of all that moves, at the end of each piece, by itself at the piece's start and the source at its two ends."""
    reports: Float[np.ndarray, "device report"]
    """Status, time reached, steps, state variables."""


def compute(
    code: Program, plan: Plan, settings: Settings, given: Inputs, *, graded: bool, traced: bool = False
) -> Computed:
    """One call of the compiled loop for all devices; what a failed one did not reach is NaN.

    `graded` asks for sensitivities, `traced` for those by the waveform's corners too.
    """
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
    lagging = bool((circuit[:, 4] > 0).any())
    moving = variables + int(lagging)
    columns = count + 1 + variables + (moving + 2 if traced else 0)
    sensitivity = np.zeros((devices, samples, 2 + variables, columns) if graded else (1, 1, 1, 1))
    pieces = plan.corner_time.size - 1
    passage = np.zeros((devices, pieces, moving, moving + 2) if traced else (1, 1, 1, 1))
    reports = np.zeros((devices, 3 + max(variables, 1)))
    slots = np.zeros(devices, np.int64)
    codes = code.codes_with_gradient() if graded else code.codes
    atol = np.zeros((devices, variables + 1))
    atol[:, :variables] = settings.rtol * _loop.ABSOLUTE_SHARE * settings.scales
    # The lagging source is judged by a volt.
    atol[:, variables] = settings.rtol * _loop.ABSOLUTE_SHARE if lagging else 1.0
    sizes = np.array(
        [variables, count, code.derived_size, int(bool(f.noise)), int(graded), int(f.play), int(traced)],
        np.int64,
    )
    arguments = (
        given.matrix.detach().contiguous().numpy().copy(), plan.row, given.start.detach().contiguous().numpy().copy(),
        circuit, codes, f.implicit, sizes, plan.corner_time, plan.corner_value, plan.time, plan.value,
        plan.segment, np.arange(samples), settings.rtol, atol, settings.max_steps,
        stream_key(settings.seed, "drive"), current, state, voltage, sensitivity, passage, reports, slots,
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
        passage=passage if traced else None,
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
        traced: bool,
        matrix: torch.Tensor,
        start: torch.Tensor,
        series: torch.Tensor,  # noqa: ARG004
        corners: torch.Tensor,  # noqa: ARG004
    ) -> tuple:
        done = compute(code, plan, settings, given, graded=graded, traced=traced)
        ctx.sensitivity, ctx.passage = done.sensitivity, done.passage
        ctx.parameters, ctx.variables = matrix.shape[-1], start.shape[-1]
        ctx.segment = plan.segment
        applied = done.device_voltage
        voltage = (
            torch.from_numpy(plan.value).expand(matrix.shape[0], plan.time.size)
            if applied is None
            else torch.from_numpy(applied)
        )
        return torch.from_numpy(done.current), voltage, torch.from_numpy(done.state), done.reports

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple:
        by_current, by_voltage, by_state, _ = grads
        count, variables = ctx.parameters, ctx.variables
        s = ctx.sensitivity
        # A sample that nothing depends on must not pass on what a failed device left there.
        given = np.concatenate(
            [by_current.numpy()[:, None], by_voltage.numpy()[:, None], by_state.numpy()], axis=1
        )
        total = np.einsum("dvs,dsvc->dc", given, s[..., : count + 1 + variables])
        whole = torch.from_numpy(total)
        corners = None
        if ctx.passage is not None:
            corners = torch.from_numpy(
                _by_corners(given, s[..., count + 1 + variables :], ctx.passage, ctx.segment)
            )
        return (
            None, None, None, None, None, None,
            whole[:, None, :count].clone(), whole[:, count + 1 :].clone(), whole[:, count].clone(), corners,
        )  # fmt: skip


def _by_corners(
    given: Float[np.ndarray, "device quantity sample"],
    sensitivity: Float[np.ndarray, "device sample quantity column"],
    passage: Float[np.ndarray, "device piece moving column"],
    segment: Int64[np.ndarray, " sample"],
) -> Float[np.ndarray, " corner"]:
    """Gradient by the source's values at the corners, carried backwards from piece to piece."""
    devices, pieces, moving, _ = passage.shape
    result = np.zeros(pieces + 1)
    behind = np.zeros((devices, moving))
    edges = np.searchsorted(segment, np.arange(pieces + 1))
    for k in range(pieces - 1, -1, -1):
        if not passage[:, k].any():
            continue  # a jump: nothing moves in no time
        here = slice(edges[k], edges[k + 1])
        total = np.einsum("dvs,dsvc->dc", given[:, :, here], sensitivity[:, here])
        total += np.einsum("dm,dmc->dc", behind, passage[:, k])
        behind = total[:, :moving]
        result[k] += total[:, moving].sum()
        result[k + 1] += total[:, moving + 1].sum()
    if moving == sensitivity.shape[2] - 1:
        # A source that lags starts at the waveform's first value.
        result[0] += behind[:, -1].sum()
    return result


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
