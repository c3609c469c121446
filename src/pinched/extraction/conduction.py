r"""By which law does a state conduct? `fit_conduction` on one branch, `extract_conduction` on sweeps.

All laws are fitted to the same samples of $\ln I$ with the same weights, so that their Akaike criteria
(with the correction for few samples, hurvich1989regression) may be compared; criteria of straight lines in
different transformed variables may not. What the data cannot decide stays undecided: two laws within 2
units, curves that differ by less than the noise, or less than half a decade of voltage give "cannot tell".
A law that contains a simpler one (Poole-Frenkel without a slope is ohmic) needs those 2 units to be preferred.
Smooth misfit is not noise: residuals that are correlated count as fewer samples, and a best law that misses
the curve by more than its scatter is reported as no description of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from pinched._errors import PinchedError
from pinched.extraction.conduction_barriers import (
    FowlerNordheim,
    Hopping,
    PooleFrenkel,
    QuantumPointContact,
    Schottky,
)
from pinched.extraction.conduction_fitting import (
    RESOLUTION,
    FittedLaw,
    describe_fit,
    effective_samples,
    fit_vector,
)
from pinched.extraction.conduction_laws import Law, Ohmic, SpaceCharge, TrapFilled, Volts
from pinched.extraction.conduction_sanity import Film

LAWS: tuple[type[Law], ...] = (
    Ohmic, SpaceCharge, TrapFilled, Schottky, PooleFrenkel, FowlerNordheim, Hopping, QuantumPointContact,
)  # fmt: skip
"""Every law that is tried when nothing else is asked for."""

CLOSE = 2.0
"""Units of the criterion within which two laws are not told apart."""

HALF_DECADE = math.sqrt(10.0)
"""Smallest ratio of the largest to the smallest voltage that can tell laws apart."""

FEWEST = 8
"""Fewest samples that are fitted: four parameters with the scatter, twice."""


MISS = 0.1
"""A law that misses the current by more than a tenth, and by more than its scatter, does not describe it."""


class Verdict(StrEnum):
    """What the comparison of laws says."""

    LAW = "one law"
    """The best law stands alone."""
    CANNOT_TELL = "cannot tell"
    """Several laws describe the data, or the voltage range is too short."""
    NONE_FITS = "none fits"
    """The best law misses the curve by more than its scatter: a mixture, or another mechanism."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ConductionFit:
    """The laws of one state in the order of their criterion, and what can be said."""

    verdict: Verdict
    reason: str
    """One sentence that explains the verdict, with its numbers."""
    laws: tuple[FittedLaw, ...]
    """Every fitted law, the best first; after a choice by parsimony the chosen one is first."""
    possible: tuple[FittedLaw, ...]
    """Laws that the data leave open; one where the verdict is `LAW`."""
    voltage: Float[np.ndarray, " sample"]
    """Voltages (V, magnitude) of the samples used, rising."""
    current: Float[np.ndarray, " sample"]
    """Currents (A, magnitude) of the samples used."""
    weight: Float[np.ndarray, " sample"]
    """Weight of each sample, from 0 to 1: smaller where the noise floor adds to the scatter."""
    scatter: float
    """Scatter of ln I from sample to sample, without a model."""
    samples_effective: float
    """Independent samples: fewer than the samples where residuals are correlated."""
    excluded: dict[str, int]
    """How many samples were left out, by reason: "noise floor", "compliance", "zero"."""

    @property
    def best(self) -> FittedLaw:
        """The law with the best criterion, or the simplest of those that describe the data equally well."""
        return self.laws[0]


def fit_conduction(
    voltage: Volts,
    current: Volts,
    *,
    film: Film | None = None,
    noise_current: float = 0.0,
    compliance_current: float | None = None,
    laws: tuple[type[Law], ...] = LAWS,
) -> ConductionFit:
    """Fit `laws` to one state: `voltage` (V) and `current` (A) of one polarity, by magnitude, in any order.

    Voltages up to where the current leaves 3 `noise_current` (A), and currents above 0.98 `compliance_current`
    (A) are left out. `film` turns
    slopes into permittivities; its temperature enters the laws. Raises `PinchedError` for fewer than 8
    samples that are left, or for no laws.
    """
    if not laws:
        raise PinchedError("no laws were given to compare. Leave `laws` out to try all of them.")
    stack = Film() if film is None else film
    v, i, excluded = _usable(np.abs(voltage), np.abs(current), noise_current, compliance_current)
    if v.size < FEWEST:
        lost = ", ".join(f"{count} at the {reason}" for reason, count in excluded.items() if count)
        raise PinchedError(
            f"{v.size} of {np.size(voltage)} samples are left for a conduction law ({lost or 'none left out'}); "
            f"at least {FEWEST} are needed. Take a branch with more samples above the noise floor."
        )
    y = np.log(i)
    scatter = _scatter(v, y)
    base = max(scatter, RESOLUTION)
    weight = base**2 / (base**2 + (noise_current / i) ** 2)
    vectors = [fit_vector(law, v, y, weight, stack.temperature) for law in laws]
    residuals = [
        np.sqrt(weight) * (y - law.curve(vector, v, stack.temperature))
        for law, vector in zip(laws, vectors, strict=True)
    ]
    n = effective_samples(min(residuals, key=lambda r: float(r @ r)))
    fitted = sorted(
        (
            describe_fit(law, vector, residual, v, weight, n, stack)
            for law, vector, residual in zip(laws, vectors, residuals, strict=True)
        ),
        key=lambda f: (f.aicc, f.misfit),
    )
    verdict, reason, possible, ordered = _judge(fitted, v, weight, scatter, n)
    return ConductionFit(
        verdict=verdict, reason=reason, laws=ordered, possible=possible, voltage=v, current=i, weight=weight,
        scatter=scatter, samples_effective=n, excluded=excluded,
    )  # fmt: skip


def _usable(
    voltage: Volts, current: Volts, noise: float, limit: float | None
) -> tuple[Float[np.ndarray, " kept"], Float[np.ndarray, " kept"], dict[str, int]]:
    zero = (voltage <= 0) | (current <= 0) | ~np.isfinite(voltage + current)
    order = np.argsort(voltage[~zero], kind="stable")
    v, i = voltage[~zero][order], current[~zero][order]
    # Samples that chance lifts over the floor would bend the curve upwards: the cut is one in voltage, where
    # the median of five samples last lies at the floor.
    quiet = ndimage.median_filter(i, 5, mode="nearest") <= 3.0 * noise
    start = int(np.flatnonzero(quiet)[-1]) + 1 if quiet.any() else 0
    held = i[start:] >= 0.98 * limit if limit is not None else np.zeros(i.size - start, dtype=np.bool_)
    counts = {"noise floor": start, "compliance": int(held.sum()), "zero": int(zero.sum())}
    return v[start:][~held], i[start:][~held], counts


def _scatter(v: Volts, y: Volts) -> float:
    # Second differences of ln G: no law bends it noticeably within three samples, and their variance is 6.
    second = np.diff(y - np.log(v), 2)
    return 1.4826 * float(np.median(np.abs(second - np.median(second)))) / math.sqrt(6.0)


def _judge(
    fitted: list[FittedLaw], v: Volts, weight: Volts, scatter: float, n: float
) -> tuple[Verdict, str, tuple[FittedLaw, ...], tuple[FittedLaw, ...]]:
    best = fitted[0]
    if not math.isfinite(best.aicc):
        # Without a criterion the order is that of the misfit, and that can still be too large.
        if _misses(best, scatter, n, v.size):
            return Verdict.NONE_FITS, _miss(best, scatter), (best,), tuple(fitted)
        reason = f"the samples are worth {n:.1f} independent ones, too few to compare laws"
        return Verdict.CANNOT_TELL, reason, tuple(fitted), tuple(fitted)
    noise = max(best.misfit, RESOLUTION)
    top = best.law.log_current(v)

    def near(other: FittedLaw) -> bool:
        # Curves closer than the noise resolves: another parameter more or less is no evidence then.
        gap = weight * (other.law.log_current(v) - top) ** 2
        return other.aicc - best.aicc < CLOSE or n * float(gap.mean()) < noise**2

    open_laws = [f for f in fitted if near(f)]
    simplest = [
        f
        for f in open_laws
        if all(g is f or type(f.law) in type(g.law).limits for g in open_laws)
    ]  # fmt: skip
    chosen = simplest[0] if simplest else None
    ordered = fitted if chosen is None else [chosen, *(f for f in fitted if f is not chosen)]
    first = ordered[0]
    if v[-1] < HALF_DECADE * v[0]:
        reason = f"the voltage spans a factor of {v[-1] / v[0]:.2f}; half a decade (3.16) is needed"
        return Verdict.CANNOT_TELL, reason, tuple(open_laws), tuple(ordered)
    if _misses(first, scatter, n, v.size):
        return Verdict.NONE_FITS, _miss(first, scatter), tuple(open_laws), tuple(ordered)
    if chosen is None:
        names = ", ".join(f"{f.law.name} ({f.aicc - best.aicc:.1f})" for f in open_laws)
        reason = f"these laws describe the data equally well (difference of the criterion): {names}"
        return Verdict.CANNOT_TELL, reason, tuple(open_laws), tuple(ordered)
    rival = next((f for f in fitted if f is not chosen and type(chosen.law) not in type(f.law).limits), None)
    ahead = f", {rival.law.name} is {rival.aicc - chosen.aicc:.1f} units behind" if rival else ""
    return Verdict.LAW, f"{chosen.law.name}{ahead}", (chosen,), tuple(ordered)


def _misses(best: FittedLaw, scatter: float, n: float, samples: int) -> bool:
    return best.misfit > max(3.0 * scatter, MISS) and n < 0.5 * samples


def _miss(best: FittedLaw, scatter: float) -> str:
    return (
        f"the best law ({best.law.name}) misses the curve by {100 * best.misfit:.0f} % "
        f"where samples scatter by {100 * scatter:.1g} %"
    )
