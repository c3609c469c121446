"""Which property of the device costs the accuracy, and how good it would have to be.

`sensitivity` makes one property ideal at a time and stores the same network in the same cells again: what that wins
back is what the property costs. It also makes everything ideal but one: what the property costs on its own. The two
differ where errors add up to more than a network forgives, so both are told.

`required` turns the question round: the spread, the yield or the write voltage at which a wanted accuracy is reached.

Cells are addressed, so the array with a narrower V_SET is the same array with a narrower V_SET (common random
numbers): differences are far more certain than the accuracies themselves.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Distribution, Lognormal, Normal, Weibull
from pinched.extraction.intervals import bootstrap_interval
from pinched.networks.datasets import ImageSet
from pinched.networks.findings import Property, PropertyCost, Sensitivity
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.stored import MemoryNetwork

__all__ = ["Property", "PropertyCost", "Sensitivity", "idealised", "narrowed", "sensitivity", "with_spread"]

_IDEAL = 1e-6
"""Share of a spread that is left in an ideal device: none, but no distribution has to divide by zero."""


def narrowed(distribution: Distribution, factor: float) -> Distribution:
    """`distribution` with its spread times `factor` (0 or more) about the same median.

    The spread is sigma of a lognormal, the standard deviation of a normal and the inverse slope of a Weibull.
    """
    require(Property, factor >= 0, f"factor is {factor}; a spread is scaled by 0 or more.")
    share = max(factor, _IDEAL)
    match distribution:
        case Lognormal():
            return Lognormal(mu=distribution.mu, sigma=distribution.sigma * share)
        case Normal():
            return Normal(mean=distribution.mean, std=distribution.std * share)
        case Weibull():
            shape = distribution.shape / share
            return Weibull(shape=shape, scale=distribution.median / float(np.log(2.0)) ** (1.0 / shape))
        case _:
            raise TypeError(f"{type(distribution).__name__} has no spread that is known here")


def idealised(chip: MemoryNetwork, *properties: Property) -> MemoryNetwork:
    """`chip` made of devices in which `properties` are perfect; words, layout, cells and seed are the same."""
    changes: dict[str, object] = {}
    if Property.V_SET_SPREAD in properties:
        changes["v_set"] = narrowed(chip.spread.v_set, 0.0)
    if Property.V_RESET_SPREAD in properties:
        changes["v_reset"] = narrowed(chip.spread.v_reset, 0.0)
    if Property.OVERLAP in properties:
        changes["resistance_lrs"] = narrowed(chip.spread.resistance_lrs, 0.0)
        changes["resistance_hrs"] = narrowed(chip.spread.resistance_hrs, 0.0)
    if Property.YIELD in properties:
        changes["device_yield"] = 1.0
    better: dict[str, object] = {"spread": dataclasses.replace(chip.spread, **changes)}
    if Property.YIELD in properties:
        better |= {"stuck_at_hrs": 0.0, "stuck_at_lrs": 0.0}
    if Property.ENDURANCE in properties:
        better["endurance"] = None
    if Property.RETENTION in properties:
        better["bake"] = None
    return dataclasses.replace(chip, **better)


def sensitivity(
    chip: MemoryNetwork,
    data: ImageSet,
    *,
    arrays: int | range = 500,
    properties: tuple[Property, ...] = tuple(Property),
    progress: Progress | None = None,
) -> Sensitivity:
    """Rank `properties` by what each costs the accuracy of `chip` on `data`, with the repair that `chip` has.

    Raises `PinchedError` for less than one array, no property, and a network that does not suit the images.
    """
    require(Sensitivity, len(properties) >= 1, "properties is empty: give at least one.")
    everything = tuple(Property)
    variants = [chip, idealised(chip, *everything)]
    for one in properties:
        variants += [idealised(chip, one), idealised(chip, *(p for p in everything if p is not one))]
    # One after the other, and not in one call: each variant has devices of its own, and memory stays bounded.
    tracked = (progress or Silent()).track(variants, "sensitivity", len(variants))
    found = [monte_carlo([variant], [data], arrays=arrays).accuracy[0, :, 0] for variant in tracked]
    base, ideal = found[:2]
    rows = []
    for k, one in enumerate(properties):
        won, lost = found[2 + 2 * k] - base, ideal - found[3 + 2 * k]
        rows.append(
            PropertyCost(
                property=one,
                recovered=float(won.mean()),
                recovered_interval=_interval(won, chip.seed),
                alone=float(lost.mean()),
                alone_interval=_interval(lost, chip.seed),
            )
        )
    return Sensitivity(
        accuracy=float(base.mean()),
        accuracy_ideal=float(ideal.mean()),
        ranking=tuple(sorted(rows, key=lambda row: (-row.recovered, -row.alone))),
        arrays=len(base),
    )


def _interval(values: Float[np.ndarray, " array"], seed: int) -> tuple[float, float]:
    return bootstrap_interval(values, lambda x: float(x.mean()), seed=seed)


def with_spread(chip: MemoryNetwork, spread: DeviceSpread) -> MemoryNetwork:
    """`chip` with other devices of the same number: what `required` varies."""
    return dataclasses.replace(chip, spread=spread)
