"""The window of conductance that weights are mapped into: `ConductanceWindow`, and `window_of` a kind of device.

Give `convert` a window where only G_min and G_max are known, an update law (`pinched.devices.updates`) where pulses
are, a compact law where its state is: the window is then what its state spans at the read voltage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.devices.law import Law
from pinched.devices.updates.update import PulseUpdate


@dataclass(frozen=True, kw_only=True, slots=True)
class ConductanceWindow:
    """Lowest and highest conductance that a device is programmed to; the defaults are round numbers of no device."""

    g_min: float = quantity(1e-6, "S", r"G_\min", "lower end of the window")
    g_max: float = quantity(1e-4, "S", r"G_\max", "upper end of the window")

    def __post_init__(self) -> None:
        for name in ("g_min", "g_max"):
            value = getattr(self, name)
            require(
                self,
                math.isfinite(value) and 0.0 <= value <= 1e3,
                f"{name} is {value} S; a conductance lies between 0 and 1000 S. Is it in another unit?",
            )
        require(
            self,
            self.g_max > self.g_min,
            f"g_max ({self.g_max:g} S) must exceed g_min ({self.g_min:g} S). Are the two swapped?",
        )

    @property
    def width(self) -> float:
        """g_max - g_min (S)."""
        return self.g_max - self.g_min

    @property
    def middle(self) -> float:
        """Mean of both ends (S)."""
        return 0.5 * (self.g_min + self.g_max)


Device = ConductanceWindow | PulseUpdate | Law
"""What `convert` maps weights into."""


def window_of(device: Device, read_voltage: float) -> ConductanceWindow:
    """The window of `device`, of a law at `read_voltage` (V).

    Raises `PinchedError` for a law of many devices (its spread is said by an imperfection or drawn by a programming),
    a law without a bounded state, and one whose conductance does not depend on its state.
    """
    if isinstance(device, ConductanceWindow):
        return device
    if isinstance(device, PulseUpdate):
        return ConductanceWindow(g_min=_single(device, device.g_min), g_max=_single(device, device.g_max))
    ends = [conductance_of(device, state, read_voltage) for state in _corners(device)]
    low, high = min(ends), max(ends)
    require(
        type(device),
        high > low * (1.0 + 1e-9),
        f"its conductance at {read_voltage:g} V is {low:g} S in every state: there is nothing to map weights to.",
    )
    return ConductanceWindow(g_min=low, g_max=high)


def conductance_of(law: Law, state: tuple[float, ...], voltage: float) -> float:
    """Current over `voltage` (V) of one device in `state`, in siemens."""
    inner = state[0] if len(state) == 1 else state
    return float(law.current(inner, voltage)) / voltage


def bend(device: Device, read_voltage: float) -> float:
    """Largest change of the conductance of a law between half the read voltage (V) and all of it, as a share.

    Zero for a device that obeys Ohm's law. Inputs coded as amplitudes are wrong by about this much.
    """
    if not isinstance(device, Law):
        return 0.0
    return max(
        abs(conductance_of(device, s, 0.5 * read_voltage) / conductance_of(device, s, read_voltage) - 1.0)
        for s in _corners(device)
    )


def _corners(law: Law) -> list[tuple[float, ...]]:
    bounds = law.bounds()
    if len(bounds) == 0:
        raise PinchedError(
            f"{type(law).__name__} has no state: nothing can be programmed. Give a law with a state, or a "
            "ConductanceWindow."
        )
    start = [_single(law, value) for value in law.initial_state()]
    low, high = (_single(law, end) for end in bounds[0])
    require(
        type(law),
        math.isfinite(low) and math.isfinite(high),
        f"the state {law.states[0].name} has no bounds ({low:g} .. {high:g}). Give the window of its conductance: "
        "ConductanceWindow(g_min=..., g_max=...).",
    )
    # The first state variable is the one that stores (as in `devices.stuck`); the others rest where they start.
    return [(low, *start[1:]), (high, *start[1:])]


def _single(owner: object, value: object) -> float:
    if isinstance(value, torch.Tensor):
        require(
            type(owner),
            value.numel() == 1,
            f"a parameter holds {value.numel()} devices; weights are mapped into the window of one. Give the typical "
            "device here and its spread to `Imperfections` or to the programming.",
        )
        return float(value.detach())
    return float(value)  # type: ignore[arg-type]
