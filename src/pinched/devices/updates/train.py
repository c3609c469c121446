"""A train of pulses as a `PulseTrace`: what a law would be measured as, ready for `extraction.plasticity`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinched._errors import PinchedError
from pinched._random import generator
from pinched.data.sweep import Provenance
from pinched.data.traces import PulseTrace
from pinched.devices.law import device_shape
from pinched.devices.updates.noise import PulseNoise, perturbed
from pinched.devices.updates.update import PulseUpdate


def pulse_trace(
    law: PulseUpdate,
    pulses: Sequence[float],
    *,
    start: float | None = None,
    noise: PulseNoise | None = None,
    seed: int = 0,
    device: str = "device",
) -> PulseTrace:
    """Conductance (S) of one device after each entry of `pulses`; index 0 is the state before the first.

    An entry counts pulses: 1 potentiates, -1 depresses, 5 is five at once. `start` (S) is the lower end of the
    window when None, the upper end where the first entry depresses. `noise` is drawn by `seed` and `device`. Raises
    `PinchedError` for a law of several devices.
    """
    if device_shape(law) != ():
        raise PinchedError(
            f"{type(law).__name__} holds tensors of shape {device_shape(law)}: a trace is of one device. Call "
            "`after` for many."
        )
    downwards = len(pulses) > 0 and pulses[0] < 0
    state = float(law.g_max if downwards else law.g_min) if start is None else float(start)
    normal = generator(seed, "pulse train", device).standard_normal(len(pulses))
    states = [state]
    for count, z in zip(pulses, normal.tolist(), strict=True):
        if noise is None:
            state = float(law.after(state, float(count)))
        else:
            state = float(perturbed(law, state, float(count), noise, z))
        states.append(state)
    return PulseTrace(
        conductance=np.array(states),
        device=device,
        provenance=Provenance(simulated_by=f"pinched.devices.updates.{type(law).__name__}"),
    )
