r"""Stuck cells: devices that stay in their HRS or LRS whatever is applied.

`stuck_cells` draws which (by the address of the cell), `stick` puts them into a law: the states of these devices do
not move, and start where they are stuck. Everything else, such as the shape of their I-V curve, stays that of the
law. For memories of binary cells see `crossbar.memory`, whose yield is the same idea without a law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool

from pinched._params import quantity, require
from pinched._random import cell_uniforms
from pinched.devices import elementwise as ew
from pinched.devices.law import (
    ImplicitLaw,
    Law,
    Param,
    PlayLaw,
    StateVariable,
    Stochastic,
    Value,
    all_true,
    device_shape,
)

MOST_STATES = 3
"""Largest number of state variables of a law whose cells can be stuck."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StuckMask:
    """Which devices are stuck; a device is stuck at one state at most."""

    stuck_at_hrs: Bool[torch.Tensor, " *device"]
    stuck_at_lrs: Bool[torch.Tensor, " *device"]

    def __post_init__(self) -> None:
        both = self.stuck_at_hrs & self.stuck_at_lrs
        require(
            self,
            not bool(both.any()),
            f"{int(both.sum())} devices are marked as stuck at both states. Mark each once.",
        )

    @property
    def stuck(self) -> Bool[torch.Tensor, " *device"]:
        """Devices that are stuck at either state."""
        return self.stuck_at_hrs | self.stuck_at_lrs


def stuck_cells(shape: tuple[int, ...], *, at_hrs: float, at_lrs: float, seed: int = 0) -> StuckMask:
    """Devices of `shape` ((n,), (word line, bit line) or with arrays in front), stuck with these probabilities.

    Cell (3, 5) is the same whatever the size of the array, and a cell that is stuck stays so when a probability
    rises. Raises `PinchedError` for probabilities that are none.
    """
    require(
        StuckMask,
        at_hrs >= 0 and at_lrs >= 0 and at_hrs + at_lrs <= 1,
        f"at_hrs {at_hrs} and at_lrs {at_lrs} must be probabilities whose sum is at most 1.",
    )
    require(StuckMask, 1 <= len(shape) <= 3, f"shape is {shape}; give one, two or three axes.")
    arrays, rows, columns = (1, *shape, 1)[-3:] if len(shape) == 1 else (1, *shape)[-3:]
    drawn = cell_uniforms(seed, "stuck", range(arrays), (rows, columns))[..., 0].reshape(shape)
    # From both ends of the interval: raising one probability leaves the cells of the other.
    return StuckMask(
        stuck_at_hrs=torch.from_numpy(np.asarray(drawn < at_hrs)),
        stuck_at_lrs=torch.from_numpy(np.asarray(drawn > 1.0 - at_lrs)),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StuckLaw(Law):
    """A law some of whose devices do not move. Made by `stick`."""

    law: Law
    """The law of the devices that work."""
    held: Param = quantity(0.0, "1", "h", "1 for a device that is stuck, 0 for one that works")
    start_0: Param = quantity(0.0, "unit of the state", "x_0", "start of the first state variable,")
    start_1: Param = quantity(0.0, "unit of the state", "x_1", "of the second,")
    start_2: Param = quantity(0.0, "unit of the state", "x_2", "and of the third, as far as there are any")

    @property
    def source(self) -> str:  # type: ignore[override]
        """Key in references.bib of the law's paper."""
        return self.law.source

    @property
    def states(self) -> tuple[StateVariable, ...]:  # type: ignore[override]
        """State variables of the law."""
        return self.law.states

    @property
    def volatile(self) -> bool:  # type: ignore[override]
        """Whether the devices that work move at 0 V."""
        return self.law.volatile

    def bounds(self) -> tuple[tuple[Param, Param], ...]:
        """Bounds of the law."""
        return self.law.bounds()

    def initial_state(self) -> tuple[Param, ...]:
        """Where each device starts, and the stuck ones stay."""
        return (self.start_0, self.start_1, self.start_2)[: len(self.states)]

    def current(self, state: Value, voltage: Value) -> Value:
        """Current (A) of the law."""
        return self.law.current(state, voltage)

    def state_rate(self, state: Value, voltage: Value) -> Value:
        """Speed of the law, none for stuck devices."""
        return self._moving(self.law.state_rate(state, voltage))

    def _moving(self, rate: Value) -> Value:
        if isinstance(rate, tuple | list):
            return tuple(ew.where(self.held > 0.5, 0.0 * r, r) for r in rate)
        return ew.where(self.held > 0.5, 0.0 * rate, rate)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StuckImplicitLaw(StuckLaw, ImplicitLaw):  # type: ignore[misc]
    """`StuckLaw` for a law whose current depends on itself."""

    law: ImplicitLaw

    def current_residual(self, state: Value, voltage: Value, current: Value) -> Value:
        """Residual of the law."""
        return self.law.current_residual(state, voltage, current)

    def state_rate_at(self, state: Value, voltage: Value, current: Value) -> Value:
        """Speed of the law when `current` (A) flows, none for stuck devices."""
        return self._moving(self.law.state_rate_at(state, voltage, current))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StuckPlayLaw(StuckLaw, PlayLaw):  # type: ignore[misc]
    """`StuckLaw` for a rate-independent law."""

    law: PlayLaw

    def limits(self, state: Value, voltage: Value) -> tuple[Value, Value]:
        """Limits of the law; for stuck devices both are where they are stuck."""
        low, high = self.law.limits(state, voltage)
        stuck = self.held > 0.5
        return ew.where(stuck, self.start_0, low), ew.where(stuck, self.start_0, high)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StuckStochasticLaw(StuckLaw, Stochastic):
    """`StuckLaw` for a law with noise."""

    def noise_strength(self, state: Value, voltage: Value) -> Value:
        """Noise of the law, none for stuck devices."""
        return self._moving(self.law.noise_strength(state, voltage))  # type: ignore[attr-defined]


def stick(
    law: Law,
    mask: StuckMask,
    *,
    hrs: Sequence[Param] | None = None,
    lrs: Sequence[Param] | None = None,
    read_voltage: float = 0.1,
) -> StuckLaw:
    """`law` with the devices of `mask` stuck at the states `hrs` and `lrs` (one value per state variable, its unit).

    Where None, the first state variable is at that of its bounds at which less (HRS) or more (LRS) current flows at
    `read_voltage` (V), the others as they start. Raises `PinchedError` for bounds that are infinite or at which the
    same current flows, for states outside the bounds, and for masks that do not fit the law's devices.
    """
    kinds = [k for k in (ImplicitLaw, PlayLaw, Stochastic) if isinstance(law, k)]
    require(
        type(law), not isinstance(law, StuckLaw), "some of its cells are stuck already; stick the law itself."
    )
    require(
        type(law),
        1 <= len(law.states) <= MOST_STATES and len(kinds) <= 1,
        f"it has {len(law.states)} state variables; cells of a law with 1 to {MOST_STATES} can be stuck.",
    )
    own = device_shape(law)
    try:
        shape = torch.broadcast_shapes(own, mask.stuck.shape)
    except RuntimeError:
        shape = None
    require(
        type(law),
        shape is not None,
        f"a mask of shape {tuple(mask.stuck.shape)} does not fit devices of shape {own}.",
    )
    if hrs is None or lrs is None:
        found = _ends(law, read_voltage)
        hrs, lrs = found[0] if hrs is None else hrs, found[1] if lrs is None else lrs
    start = []
    for k, (low, high) in enumerate(law.bounds()):
        for name, state in (("hrs", hrs), ("lrs", lrs)):
            require(
                type(law),
                len(state) == len(law.states) and all_true(_number(low) <= _number(state[k]))
                and all_true(_number(state[k]) <= _number(high)),
                f"{name} = {tuple(state)} is no state of this law: {len(law.states)} values within its bounds.",
            )  # fmt: skip
        free = _number(law.initial_state()[k])
        at = torch.where(mask.stuck_at_lrs, _number(lrs[k]), free)
        start.append(torch.where(mask.stuck_at_hrs, _number(hrs[k]), at))
    start += [torch.zeros(())] * (MOST_STATES - len(start))
    values = {
        "law": law, "held": mask.stuck.to(torch.float64),
        "start_0": start[0], "start_1": start[1], "start_2": start[2],
    }  # fmt: skip
    kind = {ImplicitLaw: StuckImplicitLaw, PlayLaw: StuckPlayLaw, Stochastic: StuckStochasticLaw}
    return kind[kinds[0]](**values) if kinds else StuckLaw(**values)


def _number(value: Param) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


def _ends(law: Law, read_voltage: float) -> tuple[tuple[Param, ...], tuple[Param, ...]]:
    """States in the HRS and in the LRS: the first variable at its bounds."""
    low, high = (_number(b) for b in law.bounds()[0])
    others = [_number(s) for s in law.initial_state()[1:]]
    require(
        type(law),
        bool(torch.isfinite(low).all() and torch.isfinite(high).all()),
        f"{law.states[0].name} has no bounds, so that its HRS and LRS are not known. Give the states hrs and lrs.",
    )
    volts = torch.tensor(read_voltage, dtype=torch.float64)
    flows = [
        torch.as_tensor(law.current(end if not others else (end, *others), volts)).abs()
        for end in (low, high)
    ]
    require(
        type(law),
        bool((flows[0] != flows[1]).all()),
        f"the same current flows at both bounds of {law.states[0].name}. Give the states hrs and lrs.",
    )
    higher = flows[1] > flows[0]
    return (torch.where(higher, low, high), *others), (torch.where(higher, high, low), *others)
