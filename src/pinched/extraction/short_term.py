r"""Short-term memory: paired-pulse facilitation, and what a volatile state does after a pulse.

`facilitation` turns a record of pulse pairs into an index against the gap between the pulses and fits its
decay; "index" means (A2 - A1) / A1 in one paper and A2 / A1 in the next, so the convention is named.
`relaxation_after` cuts out what follows a pulse as a `Retention`, whose laws `retention.fit_retention` fits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import optimize

from pinched._errors import PinchedError
from pinched.data.sweep import IVSweep
from pinched.data.traces import Retention
from pinched.extraction.pulses import READ_ROOM, PulseEvents


class Index(StrEnum):
    """What a number called facilitation means, of the peaks A1 and A2 of the two responses."""

    INCREASE = "(A2 - A1) / A1"
    RATIO = "A2 / A1"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Facilitation:
    """Facilitation against gap, and the exponentials that it decays by."""

    source: ClassVar[str] = "zucker2002short"

    convention: Index
    gap: Float[np.ndarray, " pair"]
    """Time (s) from the end of the first pulse to the start of the second, rising."""
    index: Float[np.ndarray, " pair"]
    """The index by `convention`."""
    amplitude: tuple[float, ...]
    """Increase (A2 - A1) / A1 that each exponential adds at a gap of 0; () below 4 pairs."""
    time_constant: tuple[float, ...]
    """Its time constant (s), rising; one exponential, or two where the corrected Akaike criterion pays for them."""
    time_constant_error: tuple[float, ...]
    """Standard errors (s) of the time constants, from the residuals."""

    def at(self, gap: Float[np.ndarray, " gap"]) -> Float[np.ndarray, " gap"]:
        """The fitted index at `gap` (s)."""
        total = np.zeros_like(gap)
        for c, tau in zip(self.amplitude, self.time_constant, strict=True):
            total = total + c * np.exp(-gap / tau)
        return total + 1.0 if self.convention is Index.RATIO else total


def facilitation(pairs: PulseEvents, *, convention: Index) -> Facilitation:
    """Facilitation of `pairs`: pulses 0 and 1 are the first pair, 2 and 3 the second, by their peak currents.

    Between pairs the device must have had time to recover. Raises `PinchedError` for an odd number of pulses
    or pulses of a pair with different signs.
    """
    if len(pairs) < 2 or len(pairs) % 2:
        raise PinchedError(
            f"{len(pairs)} pulses make no pairs: give an even number, each first pulse with its second."
        )
    first, second = slice(0, None, 2), slice(1, None, 2)
    if (pairs.amplitude[first] * pairs.amplitude[second] <= 0).any():
        raise PinchedError(
            "the pulses of a pair differ in sign: a RESET pulse has no facilitation. Sort them."
        )
    gap = pairs.start[second] - pairs.start[first] - pairs.width[first]
    return fit_facilitation(gap, pairs.peak_current[first], pairs.peak_current[second], convention=convention)


def fit_facilitation(
    gap: Float[np.ndarray, " pair"],
    first: Float[np.ndarray, " pair"],
    second: Float[np.ndarray, " pair"],
    *,
    convention: Index,
) -> Facilitation:
    """Facilitation of pairs with the responses `first` and `second` (any unit) at `gap` (s), in any order."""
    increase = second / first - 1.0
    order = np.argsort(gap, kind="stable")
    gap, increase = gap[order], increase[order]
    fits = [fit for terms in (1, 2) if (fit := _decay(gap, increase, terms)) is not None]
    best = min(fits, key=lambda f: f.aicc, default=None)
    return Facilitation(
        convention=convention,
        gap=gap,
        index=increase + 1.0 if convention is Index.RATIO else increase,
        amplitude=best.amplitude if best else (),
        time_constant=best.tau if best else (),
        time_constant_error=best.error if best else (),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decay:
    amplitude: tuple[float, ...]
    tau: tuple[float, ...]
    error: tuple[float, ...]
    aicc: float


def _decay(gap: Float[np.ndarray, " pair"], y: Float[np.ndarray, " pair"], terms: int) -> _Decay | None:
    n, k = gap.size, 2 * terms + 1
    if n - k - 1 <= 0 or gap[0] <= 0:
        return None

    def amplitudes(log_tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        design = np.exp(-gap[:, None] / np.exp(log_tau)[None, :])
        return design, np.linalg.lstsq(design, y, rcond=None)[0]

    def residual(log_tau: np.ndarray) -> np.ndarray:
        design, c = amplitudes(np.clip(log_tau, -40.0, 40.0))
        return y - design @ c

    low, high = math.log(gap[0]), math.log(gap[-1])
    shares = ((0.3,), (0.6,), (0.9,)) if terms == 1 else ((0.2, 0.7), (0.1, 0.9), (0.4, 0.9))
    tries = [
        optimize.leastsq(residual, np.array([low + s * (high - low) for s in start]), full_output=True)[0]
        for start in shares
    ]
    best = np.sort(min(tries, key=lambda p: float(np.sum(residual(p) ** 2))))
    design, c = amplitudes(best)
    squares = float(np.sum(residual(best) ** 2))
    if (c <= 0).any() and terms > 1:
        return None  # two terms that cancel each other describe noise
    jacobian = np.column_stack([design, design * c * gap[:, None] / np.exp(best)[None, :]])
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * squares / max(n - 2 * terms, 1)
    error = np.exp(best) * np.sqrt(np.diag(covariance)[terms:])
    # No pulse is measured better than to a millionth: rounding must not ask for a second term.
    aicc = n * math.log(squares / n + 1e-12 * float(y @ y) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    return _Decay(
        amplitude=tuple(c.tolist()), tau=tuple(np.exp(best).tolist()), error=tuple(error.tolist()), aicc=aicc
    )


def relaxation_after(sweep: IVSweep, events: PulseEvents, pulse: int) -> Retention:
    """The reads of `sweep` between `pulse` (index into `events`, from the end when negative) and the next one.

    Times (s) count from the end of the pulse, resistances (ohm) are V / I. Raises `PinchedError` where no read
    follows the pulse.
    """
    if not -len(events) <= pulse < len(events):
        raise PinchedError(f"pulse {pulse} was asked for, the record has {len(events)}.")
    at = pulse % len(events)
    end = float(events.start[at] + events.width[at])
    stop = float(events.start[at + 1]) if at + 1 < len(events) else math.inf
    time = sweep.time
    if time is None:
        raise PinchedError("the trace has no time: it is not the one that the events were taken from.")
    read = events.read_voltage
    keep = (time > end) & (time < stop) & (np.abs(np.abs(sweep.voltage) - read) <= READ_ROOM * read)
    keep &= sweep.signed_current * sweep.voltage > 0
    if not keep.any():
        raise PinchedError(
            f"no read at {read:g} V follows pulse {at}: there is nothing to see of its relaxation."
        )
    return Retention(
        time=time[keep] - end,
        resistance=sweep.voltage[keep] / sweep.signed_current[keep],
        read_voltage=read,
        device=sweep.device,
        provenance=sweep.provenance,
    )
