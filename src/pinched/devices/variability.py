r"""Device-to-device variability: one law with a tensor of drawn parameters in place of a number.

`vary` draws any parameter of a law (of a window, of an update law, of a drift) from a distribution, independent or
correlated, at random or smoothly over an array (`SpatialCorrelation`). A spread is a `Distribution` of the values
themselves, `Within` limits if need be, or a `Factor` on the law's own value, which keeps its sign: v_on = -0.5 V
times a lognormal. Draws have addresses: device 3 is the same whatever the number of devices and whatever else is
drawn. For what changes from cycle to cycle see `cycles`, for noise on a trace `trace_noise`, for cells that do not
switch `stuck`, for programmed states that move `drift`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from scipy import special

from pinched._errors import PinchedError
from pinched._params import require
from pinched._random import cell_normals
from pinched.devices.copula import correlation_factor, require_correlation
from pinched.devices.law import Param, parameters, units, with_parameters
from pinched.devices.spatial import SpatialCorrelation
from pinched.extraction.distributions import Distribution

L = TypeVar("L")


@dataclass(frozen=True, slots=True)
class Within:
    """A distribution cut to an interval: what is left of it, made whole again."""

    distribution: Distribution
    """The distribution that is cut, of values in the unit of the parameter."""
    low: float = field(default=-np.inf, kw_only=True)
    """Lower end, in the unit of the parameter,"""
    high: float = field(default=np.inf, kw_only=True)
    """upper end."""

    def __post_init__(self) -> None:
        below, above = self._ends()
        require(
            self,
            self.low < self.high and above - below > 1e-9,
            f"between {self.low:g} and {self.high:g} lie {max(above - below, 0.0):.2g} of {self.distribution}: "
            "nothing to draw from. Are the limits in another unit, or swapped?",
        )

    def _ends(self) -> tuple[float, float]:
        below, above = self.distribution.cdf(np.array([self.low, self.high]))
        return float(below), float(above)

    def from_normal(self, normal: Float[np.ndarray, " *device"]) -> Float[np.ndarray, " *device"]:
        """The value at the same quantile of the cut distribution as standard normal numbers `normal`."""
        below, above = self._ends()
        share = below + (above - below) * special.ndtr(normal)
        value = self.distribution.from_normal(np.asarray(special.ndtri(share)))
        return np.asarray(np.clip(value, self.low, self.high))


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor on the law's own value, drawn from a distribution around 1, such as Lognormal(mu=0, sigma=0.1)."""

    distribution: Distribution | Within
    """Distribution of the factor."""


Spread = Distribution | Within | Factor


def vary(
    law: L,
    spreads: Mapping[str, Spread],
    shape: tuple[int, ...],
    *,
    seed: int = 0,
    correlation: Float[np.ndarray, "field field"] | None = None,
    spatial: SpatialCorrelation | None = None,
) -> L:
    """`law` with every parameter named in `spreads` drawn for each of the devices of `shape`.

    `shape` is (n), (word line, bit line), or that with arrays in front.
    `correlation` is that of the normal scores, rows in the order of `spreads`. Parameters that are tensors already
    keep their values; a `Factor` multiplies them. Raises `PinchedError` for a name that the law does not have, a
    correlation that is none, and for a draw that the law refuses: it names the parameter, the device and the law's
    reason.
    """
    require(
        type(law),
        1 <= len(shape) <= 3 and min(shape) >= 1,
        f"shape is {shape}; give (n,), (word lines, bit lines) or (arrays, word lines, bit lines), each at least 1.",
    )
    require_names(law, spreads)
    count = len(spreads)
    factor = correlation_factor(require_correlation(type(law), correlation, count)) if count else np.eye(0)
    independent = [_normals(seed, name, shape, spatial) for name in spreads]
    values = {}
    for k, (name, spread) in enumerate(spreads.items()):
        normal = sum((factor[k, j] * independent[j] for j in range(k + 1)), np.zeros(shape))
        values[name] = drawn_values(spread, normal, parameters(law)[name])
    return checked(law, values, "")


def require_names(law: object, spreads: Mapping[str, object]) -> None:
    """Raise `PinchedError` for a name in `spreads` that is no parameter of `law`."""
    known = parameters(law)
    unknown = sorted(set(spreads) - set(known))
    require(
        type(law),
        not unknown,
        f"there is no parameter {', '.join(unknown)} to vary. It has {', '.join(known)}.",
    )


def drawn_values(
    spread: Spread, normal: Float[np.ndarray, " *device"], nominal: Param
) -> Float[torch.Tensor, " *device"]:
    """Values of `spread` at standard normal numbers, for a parameter whose own value is `nominal`."""
    if not isinstance(spread, Factor):
        return torch.from_numpy(np.asarray(spread.from_normal(normal), dtype=np.float64))
    own = nominal.detach().to(torch.float64) if isinstance(nominal, torch.Tensor) else float(nominal)
    return own * torch.from_numpy(np.asarray(spread.distribution.from_normal(normal), dtype=np.float64))


def _normals(
    seed: int, name: str, shape: tuple[int, ...], spatial: SpatialCorrelation | None
) -> Float[np.ndarray, " *device"]:
    # A stream for each parameter: adding one to the spreads leaves the draws of the others.
    stream = f"device to device, {name}"
    if spatial is not None:
        return spatial.normals(seed, stream, shape)
    return device_normals(seed, stream, shape)


def device_normals(
    seed: int, stream: str, shape: tuple[int, ...], first: int = 0
) -> Float[np.ndarray, " *device"]:
    """One standard normal number per device of `shape` by its address; `first` is the number of the first array."""
    arrays, rows, columns = (1, *shape, 1)[-3:] if len(shape) == 1 else (1, *shape)[-3:]
    drawn = cell_normals(seed, stream, range(first, first + arrays), (rows, columns))[..., 0]
    return drawn.reshape(shape).astype(np.float64)


def checked(law: L, values: Mapping[str, torch.Tensor], where: str) -> L:
    """`law` with `values`; where it refuses them, `PinchedError` names parameter, first device and reason."""
    try:
        return with_parameters(law, values)
    except PinchedError as error:
        reason = error
    alone = [name for name in values if _refusal(law, {name: values[name]}) is not None]
    names = alone or list(values)
    shape = torch.broadcast_shapes(*(v.shape for v in values.values()))
    flat = {name: values[name].expand(shape).reshape(-1) for name in names}
    low, high = 0, int(np.prod(shape))
    # Halving finds the first device that is refused without asking about each.
    while high - low > 1:
        middle = (low + high) // 2
        refused = _refusal(law, {n: _part(v, shape, low, middle) for n, v in flat.items()})
        low, high = (low, middle) if refused is not None else (middle, high)
    device = tuple(int(k) for k in np.unravel_index(low, shape)) if shape else ()
    drawn = ", ".join(f"{n} = {float(v[low]):g} {units(law)[n]}" for n, v in flat.items())
    raise PinchedError(
        f"{type(law).__name__}: a draw of {' and '.join(names)} is no such device{where}: at device {device} "
        f"{drawn}. {reason} Use a distribution that stays in the range (Lognormal, Within), or less spread."
    ) from None


def _part(value: torch.Tensor, shape: tuple[int, ...], low: int, high: int) -> torch.Tensor:
    """`value` with the devices outside low .. high made equal to the first of them, so that shapes still fit."""
    keep = torch.zeros(value.numel(), dtype=torch.bool)
    keep[low:high] = True
    return torch.where(keep, value, value[low]).reshape(shape)


def _refusal(law: object, values: Mapping[str, torch.Tensor]) -> PinchedError | None:
    try:
        with_parameters(law, values)
    except PinchedError as error:
        return error
    return None
