"""`solve`: a device under a waveform by the equations of charge transport; `solve_each` and `solve_batch` for many.

`solve` warns where a run does not finish or a mesh is too coarse; the functions for many devices say the same in
`why` and `quality.warnings` of each run and warn of nothing, so that a parameter study is not drowned.
`equilibrium` gives the profiles of a device at rest.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
from jaxtyping import Float

from pinched._cores import cores
from pinched._errors import PinchedError
from pinched._params import require
from pinched.data.sweep import Provenance
from pinched.data.waveforms import Waveform
from pinched.physics import _equilibrium, _layout, _march, _packing
from pinched.physics.accuracy import Accuracy
from pinched.physics.device import BarrierLowering, TransportDevice
from pinched.physics.run import Profiles, Quality, TransportRun, TransportWarning

_FRAMES = 400
"""Most frames that `profiles=True` keeps."""
_COARSE = 2.0
"""A cell with more of the equilibrium potential than this (kT/q) does not resolve the layer that it lies in."""


def solve(
    device: TransportDevice,
    waveform: Waveform,
    *,
    accuracy: Accuracy = Accuracy.normal,
    profiles: bool | Sequence[float] = False,
    name: str | None = None,
) -> TransportRun:
    """The sweep of `device` under `waveform`, which stands on the right contact; the left one is grounded.

    The device starts in equilibrium, so the waveform starts at 0 V. `profiles=True` keeps up to 400 moments of what
    is inside, a sequence of times (s) just those, hit exactly. Warns (`TransportWarning`) where the run does not
    finish, which keeps what was computed, or the mesh is too coarse. Raises `PinchedError` for a waveform that jumps.
    """
    run = _solve(device, _corners(waveform), accuracy, profiles, name)
    if run.why:
        warnings.warn(f"{run.device}: {run.why}", TransportWarning, stacklevel=2)
    for text in run.quality.warnings:
        warnings.warn(f"{run.device}: {text}", TransportWarning, stacklevel=2)
    return run


def solve_each(
    devices: Sequence[TransportDevice],
    waveforms: Waveform | Sequence[Waveform],
    *,
    accuracy: Accuracy = Accuracy.normal,
    profiles: bool | Sequence[float] = False,
    workers: int | None = None,
) -> Iterator[TransportRun]:
    """The runs of `devices` in their order, as they are ready, by `workers` threads (all cores when None).

    `waveforms` is one for all or one per device. At most a few runs wait in memory. Raises `PinchedError` before the
    first run for waveforms that do not fit.
    """
    many = [waveforms] * len(devices) if isinstance(waveforms, Waveform) else list(waveforms)
    require(
        TransportDevice,
        len(many) == len(devices),
        f"{len(devices)} devices and {len(many)} waveforms: give one waveform for all, or one for each.",
    )
    corners: dict[int, _Corners] = {}
    for waveform in many:
        corners.setdefault(id(waveform), _corners(waveform))
    count = cores() if workers is None else workers
    require(
        TransportDevice, count >= 1, f"{workers} workers cannot work; give at least 1, or None for all cores."
    )
    jobs = ((d, corners[id(w)]) for d, w in zip(devices, many, strict=True))
    return _in_order(jobs, accuracy, profiles, count)


def solve_batch(
    devices: Sequence[TransportDevice],
    waveforms: Waveform | Sequence[Waveform],
    *,
    accuracy: Accuracy = Accuracy.normal,
    profiles: bool | Sequence[float] = False,
    workers: int | None = None,
) -> list[TransportRun]:
    """All runs of `solve_each` at once."""
    return list(solve_each(devices, waveforms, accuracy=accuracy, profiles=profiles, workers=workers))


def equilibrium(device: TransportDevice, *, accuracy: Accuracy = Accuracy.normal) -> Profiles:
    """Profiles of `device` at rest, one moment. Raises `PinchedError` where no equilibrium is found."""
    run = _solve(device, (np.array([0.0, 1.0]), np.zeros(2)), accuracy, (0.0,), None, steps=0)
    if run.profiles is None:
        raise PinchedError(f"{device.name}: {run.why}")
    return run.profiles


_Corners = tuple[Float[np.ndarray, " corner"], Float[np.ndarray, " corner"]]


def _corners(waveform: Waveform) -> _Corners:
    time, voltage = waveform.time, waveform.voltage
    jumps = np.flatnonzero((np.diff(time) <= 0) & (np.diff(voltage) != 0))
    if jumps.size:
        k = int(jumps[0])
        raise PinchedError(
            f"the waveform jumps from {voltage[k]:g} V to {voltage[k + 1]:g} V at {time[k]:g} s: the displacement "
            f"current of a jump is infinite. Give its edges a length, such as pulse_train(..., rise='1 us')."
        )
    if abs(voltage[0]) > 0.0:
        raise PinchedError(
            f"the waveform starts at {voltage[0]:g} V, but a device starts in equilibrium: that is a jump. Start at "
            f"0 V and ramp."
        )
    keep = np.concatenate([[True], np.diff(time) > 0])
    time, voltage = time[keep], voltage[keep]
    if time.size < 2:
        raise PinchedError("the waveform has no length. Give it at least two moments.")
    return np.ascontiguousarray(time), np.ascontiguousarray(voltage)


def _in_order(
    jobs: Iterator[tuple[TransportDevice, _Corners]],
    accuracy: Accuracy,
    profiles: bool | Sequence[float],
    count: int,
) -> Iterator[TransportRun]:
    if count == 1:
        for device, corners in jobs:
            yield _solve(device, corners, accuracy, profiles, None)
        return
    # The compiled loop lets other threads run, so threads are enough, and a slow device holds up none of the others.
    with ThreadPoolExecutor(count) as pool:
        waiting: list[Future[TransportRun]] = []
        while True:
            for device, corners in islice(jobs, 4 * count - len(waiting)):
                waiting.append(pool.submit(_solve, device, corners, accuracy, profiles, None))
            if not waiting:
                return
            yield waiting.pop(0).result()


def _solve(
    device: TransportDevice,
    corners: _Corners,
    accuracy: Accuracy,
    profiles: bool | Sequence[float],
    name: str | None,
    steps: int | None = None,
) -> TransportRun:
    packed = _packing.pack(device, accuracy)
    time, voltage = corners
    control = _packing.control(device, accuracy, time, voltage)
    nodes = packed.x.size
    wanted = np.zeros(0) if isinstance(profiles, bool) else np.unique(np.asarray(profiles, dtype=np.float64))
    require(
        TransportDevice,
        bool(np.isfinite(wanted).all() and (wanted >= time[0]).all() and (wanted <= time[-1]).all()),
        f"profiles are wanted at times outside the waveform, which lasts from {time[0]:g} to {time[-1]:g} s.",
    )
    every = 1 if profiles is True else 0
    frames = np.zeros(((_FRAMES if every else wanted.size) + 1, nodes, 6))
    frame_steps = np.zeros(frames.shape[0], np.int64)
    most = accuracy.max_steps + 1 if steps is None else steps + 1
    records = np.zeros((most, _march.RECORD_COLUMNS))
    summary = np.zeros(_march.SUMMARY)
    none = np.zeros(0)
    found_rest, rest = _equilibrium.rest(
        packed.x, packed.edge_layer, packed.layers, packed.contacts, device.temperature,
        device.lowering is not BarrierLowering.NONE, control[_march.EXACT],
    )  # fmt: skip
    steepest = float(np.abs(np.diff(rest.u[0])).max())

    def march(grid: Float[np.ndarray, " step"], keep: bool) -> tuple[int, int, int]:
        if not found_rest:
            return _layout.NO_EQUILIBRIUM, 0, 0
        return _march.run(
            packed.x, packed.edge_layer, packed.layers, packed.contacts, rest, time, voltage, control, grid,
            grid.size, every if keep else 0, wanted, records, frames, frame_steps, summary,
        )  # fmt: skip

    status, kept, framed = march(none, not accuracy.extrapolate)
    found = records[:kept].copy()
    taken, rejected = kept - 1, summary[_march.REJECTED]
    current, left, right = _currents(found)
    newton = float(found[:, _march.NEWTON].sum())
    drift, error = float(summary[_march.DRIFT]), math.nan
    why = _why(status, found, accuracy)
    if steps is not None and framed:
        why = "ended in equilibrium, as was asked"
    if accuracy.extrapolate and kept >= 2 and steps is None:
        again, reached, framed = march(np.ascontiguousarray(found[:, _march.TIME]), True)
        fine = records[:reached].copy()
        newton += float(fine[:, _march.NEWTON].sum())
        rejected += summary[_march.REJECTED]
        drift = max(drift, float(summary[_march.DRIFT]))
        if again != _layout.DONE and not why:
            why = _why(again, fine, accuracy)
        found = fine
        halved, left, right = _currents(fine)
        current = 2.0 * halved - current[:reached]
        error = _largest(current - halved, halved)
    notes = []
    if steepest > _COARSE:
        notes.append(_too_coarse(packed, device, steepest))
    quality = Quality(
        current_mismatch=_largest(left - right, 0.5 * (left + right)),
        vacancy_balance=drift,
        vacancy_density=float(found[0, _march.NUMBER] / packed.x[-1]) if kept else math.nan,
        current_error=error,
        steepest_cell=steepest,
        nodes=nodes,
        steps=taken,
        newton_iterations=int(newton),
        rejected_steps=int(rejected),
        warnings=tuple(notes),
    )
    inside = None
    if profiles is not False and framed:
        inside = _packing.profiles(packed, device, frames[:framed], found[frame_steps[:framed]], rest.delta)
    return TransportRun(
        voltage=found[:, _march.VOLTAGE],
        current=current,
        time=found[:, _march.TIME],
        device=name or device.name,
        provenance=Provenance(simulated_by="pinched.physics.solve"),
        transport_device=device,
        quality=quality,
        profiles=inside,
        temperature=found[:, _march.TEMPERATURE] if device.heating is not None else None,
        current_left=left,
        current_right=right,
        why=why,
    )


def _currents(
    records: Float[np.ndarray, "step column"],
) -> tuple[Float[np.ndarray, " step"], Float[np.ndarray, " step"], Float[np.ndarray, " step"]]:
    """Terminal current, and those through the left and the right contact."""
    left, right = records[:, _march.LEFT], records[:, _march.RIGHT]
    # Both are the same number in exact arithmetic; the contact with smaller terms has the smaller rounding.
    quieter = records[:, _march.NOISE_LEFT] <= records[:, _march.NOISE_RIGHT]
    return np.where(quieter, left, right), left.copy(), right.copy()


def _largest(difference: Float[np.ndarray, " step"], current: Float[np.ndarray, " step"]) -> float:
    size = np.abs(current)
    if size.size == 0 or size.max() == 0.0:
        return 0.0
    return float((np.abs(difference) / np.maximum(size, size.max() / 100.0)).max())


def _why(status: int, records: Float[np.ndarray, "step column"], accuracy: Accuracy) -> str:
    if status == _layout.DONE:
        return ""
    if status == _layout.NO_EQUILIBRIUM:
        return (
            "no equilibrium was found. The contacts' barriers and the level of the vacancies make fields that the "
            "mesh cannot hold: lower the barriers below vacancy_level, or make first_cell of the accuracy smaller."
        )
    t, u = records[-1, _march.TIME], records[-1, _march.VOLTAGE]
    if status == _layout.FULL:
        return (
            f"max_steps ({accuracy.max_steps}) steps were not enough: ended at {t:.6g} s, {u:.4g} V. Raise "
            f"max_steps or the tolerance of the steps."
        )
    return (
        f"Newton's method found no solution at any step length after {t:.6g} s, at {u:.4g} V. Mobilities above "
        "1 m^2/(V s) between two high barriers do this, and waveforms with steep edges: check them, or another mesh."
    )


def _too_coarse(packed: _packing.Packed, device: TransportDevice, drop: float) -> str:
    return (
        f"the mesh is too coarse: in equilibrium one cell holds {drop:.3g} kT/q of the potential (at most "
        f"{_COARSE:g} is resolved), its first cell is {packed.x[1]:.3g} m, and the Debye length there is about "
        f"{packed.x[1] / drop:.2g} m. The current depends on the mesh: lower the barrier below vacancy_level "
        f"({device.stack[0].material.vacancy_level:g} eV), or make first_cell of the accuracy smaller."
    )
