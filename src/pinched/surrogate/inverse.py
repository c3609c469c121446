r"""`infer_device`: backwards, from a loop to the device that gave it.

`infer_device` draws devices, lets the best of them descend through the surrogate (Levenberg-Marquardt on many starts
at once) and corrects what the surrogate is off by with true runs of the engine: after a run at $\theta_0$ the
surrogate is believed up to the defect $d = y(\theta_0) - s(\theta_0)$, and $s(\theta) + d$ is fitted again; at last
the engine descends alone, with slopes that each run mends.

Markov chains around each device that explains the loop (`pinched.surrogate.chains`) say what else does: the 90 %
intervals are those of their draws, and a parameter that the loop does not narrow is named in `unknown`. The electron
affinity is always one: it moves no current.

It takes a `Direct` surrogate for sweeps of its waveform and a `Conditioned` one for others. `design_device`
(`pinched.surrogate.design`) goes from a wish to devices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.data.waveforms import Waveform
from pinched.physics.ranges import ParameterRanges
from pinched.surrogate.chains import loop_draws
from pinched.surrogate.descent import (
    InverseOptions,
    Loop,
    descend,
    distinct,
    doubt,
    spread,
)
from pinched.surrogate.metrics import FLOOR
from pinched.surrogate.model import Surrogate
from pinched.surrogate.polish import corrected
from pinched.surrogate.posterior import NeuralPosterior
from pinched.surrogate.space import Cube, SearchSpace, search_space


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Candidate:
    """A device that explains the loop, as well as its `nrmse` says."""

    parameters: dict[str, float]
    """SI values of the device's parameters by name."""
    nrmse: float
    """RMSE over the span of the loop (1): of the engine's run of this device, or of the surrogate's without one."""
    checked: bool
    """True where the engine ran it."""
    spread: dict[str, float]
    """Standard deviation of each parameter, in widths of its range (of the logarithm where that is drawn evenly), of
    the Gaussian around this device."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Inferred:
    """What a loop says of the device that gave it."""

    candidates: tuple[Candidate, ...]
    """Devices that explain it, the best first."""
    low: dict[str, float]
    """Lower end of the 90 % interval of each parameter (SI), over all candidates that explain the loop alike."""
    high: dict[str, float]
    """Upper end."""
    unknown: tuple[str, ...]
    """Parameters that the loop does not narrow to half of what was known before: it cannot tell them."""
    runs: int
    """Runs of the engine."""

    @property
    def best(self) -> Candidate:
        """The device that explains the loop best."""
        return self.candidates[0]


def infer_device(
    sweep: IVSweep,
    surrogate: Surrogate,
    ranges: ParameterRanges,
    *,
    options: InverseOptions | None = None,
    posterior: NeuralPosterior | None = None,
) -> Inferred:
    """Devices of `ranges` that explain one loop, and how well it tells each of their parameters.

    The loop needs times and starts at 0 V, as the engine does. With a `posterior` (see `train_posterior`) descents
    start at draws of it, and the intervals are its own.

    Raises `PinchedError` for a sweep without times, for currents that all lie below the floor, for a surrogate or a
    posterior that learnt other parameters than `ranges` has, and a posterior that learnt another waveform.
    """
    chosen = options or InverseOptions()
    loop = _loop(sweep, surrogate, ranges, chosen)
    space = loop.space
    believed = None if posterior is None else _believed(posterior, sweep, space, chosen)
    tries: list[tuple[Cube, np.ndarray]] = []
    runs = 0
    for turn in range(chosen.attempts):
        cube = space.drawn(chosen.draws, chosen.seed + turn) if turn or believed is None else believed
        best, current, took = _searched(loop, cube, chosen)
        tries.append((best, current))
        runs += took
        if loop.nrmse(current).min() <= chosen.good:
            break
    best, current = (np.concatenate(part) for part in zip(*tries, strict=True))
    errors, sigma = loop.nrmse(current), doubt(loop, best, current)
    alike = errors <= max(chosen.alike * errors.min(), 0.01)
    width = np.stack([spread(loop, row, own) for row, own in zip(best, sigma, strict=True)])
    candidates = [
        Candidate(
            parameters={name: float(v[0]) for name, v in space.values(best[k : k + 1]).items()},
            nrmse=float(errors[k]), checked=chosen.corrections > 0,
            spread=dict(zip(space.names, width[k].tolist(), strict=True)),
        )
        for k in np.argsort(errors)
    ]  # fmt: skip
    if believed is None:
        order = np.flatnonzero(alike)[np.argsort(errors[alike])]
        found = loop_draws(loop, best[order], current[order[0]], sigma[order[0]], chosen)
        low, high, unknown = _stated(space, *_ends(found, best[alike]))
    else:
        low, high, unknown = _stated(space, *np.quantile(believed, [0.05, 0.95], axis=0))
    return Inferred(candidates=tuple(candidates), low=low, high=high, unknown=unknown, runs=runs)


def _searched(loop: Loop, cube: Cube, options: InverseOptions) -> tuple[Cube, np.ndarray, int]:
    """Where the best of the drawn devices `cube` descend to, their currents (A) and the runs of the engine."""
    nothing = np.zeros((1, loop.wanted.size))
    costs = (loop.misfit(loop.space.ask(cube), nothing) ** 2).sum(axis=1)
    cube = descend(loop, cube[np.argsort(costs)[: options.starts]], nothing, options.iterations)
    costs = (loop.misfit(loop.space.ask(cube), nothing) ** 2).sum(axis=1)
    return corrected(loop, distinct(cube[np.argsort(costs)], options.checked), options)


def _loop(sweep: IVSweep, surrogate: Surrogate, ranges: ParameterRanges, options: InverseOptions) -> Loop:
    if sweep.time is None:
        raise PinchedError(
            f"{sweep.device}: the sweep has no times, and hysteresis hangs on how fast it is driven."
        )
    time = sweep.time - sweep.time[0]
    if abs(sweep.voltage[0]) > 0.02 * np.abs(sweep.voltage).max():
        raise PinchedError(
            f"{sweep.device}: the sweep starts at {sweep.voltage[0]:g} V; a device starts at rest, at 0 V. Cut the "
            "sweep there (`split_cycles`)."
        )
    voltage = np.array(sweep.voltage)
    voltage[0] = 0.0
    space = search_space(surrogate, ranges, Waveform(time=time, voltage=voltage))
    wanted = np.interp(space.at, time, sweep.current)
    if np.abs(wanted).max() <= 10.0 * FLOOR:
        raise PinchedError(
            f"{sweep.device}: no current exceeds {10.0 * FLOOR:g} A; an open device says nothing of its parameters."
        )
    return Loop(space, wanted, options.decades)


def _believed(
    posterior: NeuralPosterior, sweep: IVSweep, space: SearchSpace, options: InverseOptions
) -> Cube:
    """Draws of the posterior that the ranges accept."""
    if posterior.names != space.names:
        raise PinchedError(
            f"the posterior learnt {', '.join(posterior.names)}; the ranges have {', '.join(space.names)}."
        )
    drawn = posterior.draw_for(sweep, options.draws, options.seed)
    accepted = drawn[space.accepted(drawn)]
    # A posterior that has next to nothing inside the ranges does not know this loop: what it says stands as it is.
    return accepted if len(accepted) >= options.starts else drawn


def _ends(draws: Cube, cube: Cube) -> tuple[Float[np.ndarray, " parameter"], Float[np.ndarray, " parameter"]]:
    """90 % intervals of `draws`, which hold all devices that explain the loop alike by the engine too."""
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    return np.minimum(low, cube.min(axis=0)), np.maximum(high, cube.max(axis=0))


def _stated(
    space: SearchSpace,
    low: Float[np.ndarray, " parameter"],
    high: Float[np.ndarray, " parameter"],
) -> tuple[dict[str, float], dict[str, float], tuple[str, ...]]:
    """Ends in SI by name, and which parameters they leave open: an even draw has its 90 % interval from 0.05 to
    0.95."""
    ends = space.values(np.stack([low, high]))
    wide = high - low > 0.45
    return (
        {name: float(v[0]) for name, v in ends.items()},
        {name: float(v[1]) for name, v in ends.items()},
        tuple(name for name, far in zip(space.names, wide, strict=True) if far),
    )
