"""Two numbers that training rules ask of an update law: the step of one pulse, and the state that pulses return to.

`step_at` is what a pulse moves, mean of both directions. `symmetric_point` is where a pulse up and a pulse down move
alike (gokmen2020algorithm): below it potentiation is the stronger, above it depression, so that pulses up and down
in turn lead there from anywhere. Soft bounds have it, steps that do not depend on the state have not.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from pinched._params import require
from pinched.devices.law import device_shape
from pinched.devices.updates.update import PulseUpdate

_HALVINGS = 40
"""Halvings of the window: down to the rounding of float32."""


def _moved(law: PulseUpdate, share: Tensor, pulses: float) -> Tensor:
    start = law.conductance(share)
    return law.share(law.after(start, torch.full_like(share, pulses))) - law.share(start)


def step_at(law: PulseUpdate, share: float) -> float:
    """Share of the window that one pulse moves at `share` of it, mean of both directions and of all devices."""
    at = torch.full(device_shape(law) or (1,), share, dtype=torch.float64)
    return float((0.5 * (_moved(law, at, 1.0) - _moved(law, at, -1.0))).mean())


def symmetric_point(law: PulseUpdate) -> Float[Tensor, " *device"]:
    """Share of the window at which a pulse up moves as far as a pulse down, for each device of `law`; float64.

    Raises `PinchedError` for a law without such a point inside its window, where potentiation is the stronger below
    and depression above.
    """
    shape = device_shape(law)
    low, high = torch.full((2, *(shape or (1,))), 0.0, dtype=torch.float64)
    high = high + 1.0

    def excess(share: Tensor) -> Tensor:
        return _moved(law, share, 1.0) + _moved(law, share, -1.0)

    # Not at the ends themselves, where the window stops one of the two and every law would look symmetric inside.
    quarter = [excess(torch.full_like(low, at)) for at in (0.1, 0.9)]
    # Steps that differ by less than a millionth of the window pull nowhere.
    fails = (quarter[0] < 1e-6) | (quarter[1] > -1e-6)
    require(
        type(law),
        not bool(fails.any()),
        f"{int(fails.sum())} of {fails.numel()} devices have no symmetric point from 10 % to 90 % of their window: a "
        f"pulse up and a pulse down together move {float(quarter[0].flatten()[0]):+.3g} of it at 10 % and "
        f"{float(quarter[1].flatten()[0]):+.3g} at 90 %, and must push up below and down above. Take a rule without "
        "one (MixedPrecision), or a device with soft bounds.",
    )
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = excess(middle) > 0
        low, high = torch.where(above, middle, low), torch.where(above, high, middle)
    return (0.5 * (low + high)).reshape(shape)
