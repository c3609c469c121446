"""`SurrogateDevice`: a trained surrogate in the place of a device: `drive` takes it, alone or as a tensor of devices.

The current follows from the waveform as a whole, so there is no state that could be set or read, and nothing may
stand between source and device. Gradients by the parameters flow through `trace.current`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pinched._errors import PinchedError
from pinched._params import require
from pinched.data.waveforms import Waveform
from pinched.devices.law import Param
from pinched.devices.trace import DrivenSweep, DrivenSweeps, Trace, sweep_of
from pinched.surrogate.features import baseline, estimates
from pinched.surrogate.hdinn import HDiNN
from pinched.surrogate.model import Surrogate
from pinched.surrogate.residual import Direct
from pinched.surrogate.runs import DRIVE, Runs

_STEP = 1e-3
"""Step of central differences, in widths of the training range: a network of single precision answers to 1e-6
decades, so slopes are good to a thousandth of a decade per range."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SurrogateDevice:
    """Devices that `surrogate` answers for, by the names and in the SI units of its parameters.

    A tensor as a parameter gives each device its own value. What states the waveform ("amplitude", "period") is no
    parameter of a device. Raises `PinchedError` for a parameter that is missing or unknown.
    """

    surrogate: Surrogate
    parameters: Mapping[str, Param]

    def __post_init__(self) -> None:
        require(
            self, not isinstance(self.surrogate.architecture, HDiNN),
            "the published network sees no time, so it answers at the samples of its training alone: use `predict`, "
            "or train Direct or Conditioned.",
        )  # fmt: skip
        wanted = set(device_parameters(self.surrogate))
        given = set(self.parameters)
        require(
            self, wanted == given,
            f"missing are {', '.join(sorted(wanted - given)) or 'none'}, unknown are "
            f"{', '.join(sorted(given - wanted)) or 'none'} of its parameters. It learnt devices with "
            f"{', '.join(device_parameters(self.surrogate))}.",
        )  # fmt: skip

    def driven(
        self, waveform: Waveform, *, points: int, times: Float[np.ndarray, " sample"] | None, name: str
    ) -> DrivenSweep | DrivenSweeps:
        """What `drive` returns: the current at `points` even moments, or at `times` (s).

        Warns (`UnseenWarning`) for devices outside the training and for waveforms that were not learnt, with the
        distance. Raises `PinchedError` for moments outside the waveform.
        """
        columns = [torch.as_tensor(self.parameters[k], dtype=torch.float64) for k in sorted(self.parameters)]
        shape = torch.broadcast_shapes(*(c.shape for c in columns))
        theta = torch.stack([c.expand(shape).reshape(-1) for c in columns], dim=-1)
        at = waveform.middles(points) if times is None else np.asarray(times, dtype=np.float64)
        inside = at.size >= 2 and waveform.time[0] <= at[0] and at[-1] <= waveform.time[-1]
        if not (inside and (np.diff(at) > 0).all()):
            raise PinchedError(
                f"{at.size} moments from {at[0] if at.size else 0:g} s to {at[-1] if at.size else 0:g} s do not "
                f"lie in the waveform ({waveform.time[0]:g} to {waveform.time[-1]:g} s) or do not rise. Give at "
                "least 2 rising ones."
            )
        current = _Answer.apply(theta, self.surrogate, tuple(sorted(self.parameters)), waveform, at)
        assert isinstance(current, Tensor)
        current = current.reshape(*shape, at.size)
        source = torch.from_numpy(waveform.at(at))
        trace = Trace(
            time=torch.from_numpy(at), source=source, current=current,
            device_voltage=source.expand(*shape, at.size), state=torch.zeros(0, *shape, at.size),
        )  # fmt: skip
        law = type(self.surrogate.architecture).__name__
        if shape == ():
            return sweep_of(trace, law, name, False, None)
        return DrivenSweeps(trace, law, name, False, None)


def device_parameters(surrogate: Surrogate) -> tuple[str, ...]:
    """Names of what makes a device of `surrogate`, without what states its waveform."""
    return tuple(name for name in surrogate.scaling.names if name not in DRIVE)


def runs_under(
    surrogate: Surrogate,
    columns: Mapping[str, Float[np.ndarray, " run"]],
    waveform: Waveform,
    at: Float[np.ndarray, " sample"],
) -> Runs:
    """Runs of the devices of `columns` under one waveform, at moments `at` (s), with currents that are not known."""
    count = len(next(iter(columns.values())))
    drive = {"amplitude": float(np.abs(waveform.voltage).max()), "period": waveform.duration}
    full = {**columns, **{name: np.full(count, value) for name, value in drive.items()}}
    voltage = np.broadcast_to(waveform.at(at), (count, at.size))
    scaling = surrogate.scaling
    return Runs(
        parameters=np.stack([full[name] for name in scaling.names], axis=1), names=scaling.names, units=scaling.units,
        elapsed=np.broadcast_to(at - waveform.time[0], (count, at.size)), voltage=voltage,
        current=np.zeros((count, at.size)), common=scaling.common,
    )  # fmt: skip


def learnt_moments(
    surrogate: Surrogate, waveform: Waveform, otherwise: Float[np.ndarray, " sample"]
) -> Float[np.ndarray, " sample"]:
    """Moments (s) at which `surrogate` answers: the samples of the one family it knows, or `otherwise`."""
    if not isinstance(surrogate.architecture, Direct):
        return otherwise
    return waveform.time[0] + waveform.duration * surrogate.scaling.arrays["shape"][1]


def answered(
    surrogate: Surrogate,
    columns: Mapping[str, Float[np.ndarray, " run"]],
    waveform: Waveform,
    at: Float[np.ndarray, " sample"],
    *,
    warn: bool = False,
) -> Float[np.ndarray, "run sample"]:
    """Current (A) of the devices of `columns` at moments `at` (s) of `waveform`.

    A network of fixed samples answers there; between them what formulas are off by is taken to be straight, so that
    the current stays zero at zero volts.
    """
    own = learnt_moments(surrogate, waveform, at)
    there = runs_under(surrogate, columns, waveform, own)
    current = surrogate.predict(there, warn=warn)
    if own is at or np.array_equal(own, at):
        return current
    here = runs_under(surrogate, columns, waveform, at)
    guess = estimates(there)
    volts = np.maximum(np.abs(there.voltage), 1e-12)
    off = np.log10(np.maximum(np.abs(current), 1e-300) / volts) - baseline(guess, there)
    between = np.stack([np.interp(at, own, row) for row in off])
    return 10.0 ** np.clip(baseline(guess, here) + between, -60.0, 30.0) * here.voltage


def steps_of(surrogate: Surrogate, name: str, values: Float[np.ndarray, " run"]) -> Float[np.ndarray, " run"]:
    """Step (SI) of the central difference in parameter `name` at `values`: a thousandth of the trained range, of its
    logarithm where it spans more than two decades."""
    k = surrogate.scaling.names.index(name)
    low, high = float(surrogate.scaling.low[k]), float(surrogate.scaling.high[k])
    if low > 0 and high > 100.0 * low:
        return np.abs(values) * np.log(high / low) * _STEP
    return np.full_like(values, (high - low) * _STEP if high > low else max(abs(high), 1.0) * _STEP)


class _Answer(torch.autograd.Function):
    """Current (run, sample) of devices `theta` (run, parameter); its gradient by central differences."""

    @staticmethod
    def forward(ctx, theta, surrogate, names, waveform, at):
        ctx.save_for_backward(theta)
        ctx.rest = surrogate, names, waveform, at
        columns = dict(zip(names, theta.detach().numpy().T, strict=True))
        return torch.from_numpy(answered(surrogate, columns, waveform, at, warn=True))

    @staticmethod
    def backward(ctx, slope):  # pyright: ignore[reportIncompatibleMethodOverride]
        (theta,), (surrogate, names, waveform, at) = ctx.saved_tensors, ctx.rest
        columns = dict(zip(names, theta.numpy().T, strict=True))
        found = np.zeros(theta.shape)
        for k, name in enumerate(names):
            step = steps_of(surrogate, name, columns[name])
            ends = [
                answered(surrogate, columns | {name: columns[name] + sign * step}, waveform, at)
                for sign in (1.0, -1.0)
            ]
            found[:, k] = (slope.numpy() * (ends[0] - ends[1])).sum(axis=1) / (2.0 * step)
        return torch.from_numpy(found), None, None, None, None
