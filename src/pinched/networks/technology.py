"""`technology_interval`: how well the accuracy of a technology is known from the few devices that were measured.

`monte_carlo` and `evaluate` take the spread of the devices for granted: their intervals speak of arrays, and more
arrays make them as narrow as one likes. But a spread was fitted to some dozens of devices, and others of the same
technology would have given another one. Here the spread itself is drawn, from those that may have led to the same
fit; what the accuracy then scatters by is what is not known of the technology. Say both: an accuracy that is known to
a point for these numbers may be known to tens of points for these devices.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.devices.spread import QUANTITIES, DeviceSpread
from pinched.extraction.parameter_draws import parameter_draws
from pinched.networks.datasets import ImageSet
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.sensitivity import with_spread
from pinched.networks.stored import MemoryNetwork

_FEWEST = 3
"""Devices below which a fit says nothing of its own error."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TechnologyInterval:
    """What a technology is known to reach; shares, 0 to 1."""

    mean: Float[np.ndarray, " draw"]
    """Mean accuracy over arrays for each spread that was drawn."""
    perfect: Float[np.ndarray, " draw"]
    """Share of the arrays without an error for each of them."""
    devices: int
    """Measured devices that stand behind the spread."""
    arrays: int
    """Arrays behind each draw, others for every one."""

    @property
    def mean_interval(self) -> tuple[float, float]:
        """95 % interval of the mean accuracy."""
        return _ends(self.mean)

    @property
    def perfect_interval(self) -> tuple[float, float]:
        """95 % interval of the share of perfect arrays."""
        return _ends(self.perfect)


def _ends(values: Float[np.ndarray, " draw"]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def plausible_spreads(
    spread: DeviceSpread, *, devices: int | None = None, draws: int = 100, seed: int = 0
) -> tuple[DeviceSpread, ...]:
    """`draws` spreads that may have led to the fit of `spread` to `devices` independent devices.

    Percentiles of what follows from them are 95 % intervals (`parameter_draws`; exact for normal and lognormal). The
    families, the yield and the correlation are taken as they are, and the four quantities are drawn apart. `devices`
    defaults to those of `spread`. Raises `PinchedError` where that number is not known or below 3, for less than one
    draw, and where so few devices allow an HRS that is not above the LRS.
    """
    count = spread.devices if devices is None else devices
    require(
        TechnologyInterval,
        count >= _FEWEST,
        f"{count} devices stand behind the spread; give how many were measured, at least {_FEWEST}.",
    )
    require(TechnologyInterval, draws >= 1, f"draws is {draws}; at least one is needed.")
    drawn = {}
    for k, name in enumerate(QUANTITIES):
        fitted = getattr(spread, name)
        # A seed for each quantity: two of one family would be drawn alike. Of the values only their number counts.
        rows = parameter_draws(
            fitted, fitted.from_normal(np.zeros(count)), None, draws=draws, seed=len(QUANTITIES) * seed + k
        )
        drawn[name] = [
            type(fitted)(**dict(zip(fitted.parameters, row.tolist(), strict=True))) for row in rows
        ]
    try:
        return tuple(
            dataclasses.replace(spread, **{name: drawn[name][k] for name in QUANTITIES}) for k in range(draws)
        )
    except PinchedError as error:
        raise PinchedError(
            f"{count} devices do not tell the two states apart ({error}) Measure more of them."
        ) from error


def technology_interval(
    chip: MemoryNetwork,
    data: ImageSet,
    *,
    devices: int | None = None,
    draws: int = 100,
    arrays: int = 100,
    progress: Progress | None = None,
) -> TechnologyInterval:
    """Accuracy of `chip` on `data` for `draws` spreads that its `devices` allow, each in `arrays` arrays of its own.

    Raises `PinchedError` as `plausible_spreads` does, for less than one array, and for a network that does not suit
    the images.
    """
    require(TechnologyInterval, arrays >= 1, f"arrays is {arrays}; at least one is needed.")
    spreads = plausible_spreads(chip.spread, devices=devices, draws=draws, seed=chip.seed)
    mean, perfect = np.empty(draws), np.empty(draws)
    for k, one in enumerate((progress or Silent()).track(spreads, "technology", draws)):
        # Arrays of its own for each draw: the same ones would move all draws together.
        run = monte_carlo([with_spread(chip, one)], [data], arrays=range(k * arrays, (k + 1) * arrays))
        mean[k], perfect[k] = run.mean[0, 0], run.perfect[0, 0]
    return TechnologyInterval(
        mean=mean,
        perfect=perfect,
        devices=chip.spread.devices if devices is None else devices,
        arrays=arrays,
    )
