r"""What the instrument puts into a curve: the noise floor below and the current limit above.

`noise_floor` is the current at 0 V. `flat_top` finds a stretch of constant current and says how the curve enters
it: a source that limits its current cuts the curve off between two samples (a *kink*), a transistor or a device
that saturates bends into it. `compliance_plateau` is the current limit that a cut proves, and the one that every
other module asks for; only `compliance` reports bends too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched.extraction.cycles import Branch, Excursion

FLAT = 0.005
"""Currents within this share of the top belong to it: above what a limit scatters, below one step of most curves."""

FEWEST = 5
"""Fewest samples of a top: a doubled end point, and an overshoot, have fewer."""

OVERSHOOTING = 3
"""Samples above the top that a source which limits too slowly may show."""

LONG = 0.1
"""Share of the largest voltage over which a current that is constant is called limited without a kink."""

MANY = 12
"""So many samples do not agree within `FLAT` by chance."""

QUIET = 1e-3
"""Scatter of ln I below which neighbouring samples tell the slope of a curve."""

STEEP = 0.3
"""Smallest d ln I / d ln V of a curve that runs into a limit (1 for an ohmic state)."""


class Edge(StrEnum):
    """How a curve enters its flat top, seen from low voltage."""

    KINK = "kink"
    """Between two samples, from a slope: a source held the current."""
    JUMP = "jump"
    """From another state: the curve says nothing about what held the current."""
    BEND = "bend"
    """Smoothly: a transistor, or the device itself, saturates."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FlatTop:
    """A stretch of constant current at the top of a branch."""

    current: float
    """Its median (A)."""
    v_first: float
    """Smallest and"""
    v_last: float
    """largest |V| (V) of it."""
    samples: int
    edge: Edge
    long: bool
    """Whether it spans a tenth of the voltage."""


def noise_floor(excursion: Excursion) -> float:
    """Current (A) that flows at 0 V, where a device carries none: what the instrument shows of itself.

    The smaller of the two branches counts: next to 0 V an LRS carries current that is no noise. 0 where
    no sample lies at 0 V (within a quarter of a voltage step).
    """
    floors = []
    for branch in (excursion.outgoing, excursion.returning):
        if branch is None:
            continue
        step = float(np.median(np.abs(np.diff(branch.voltage))))
        near = branch.voltage <= 0.25 * step
        if near.any():
            floors.append(float(np.median(branch.current[near])))
    return min(floors, default=0.0)


def compliance_plateau(excursion: Excursion) -> float | None:
    """Current (A) at which a source held the current on `excursion`; None where no branch proves it.

    A kink proves it, however short. A top that is entered by a jump (SET) proves it when it spans a tenth of the
    voltage and the other branch does not bend into it.
    """
    tops = [top for b in (excursion.outgoing, excursion.returning) if b is not None and (top := flat_top(b))]
    kinks = [top.current for top in tops if top.edge is Edge.KINK]
    if kinks:
        return max(kinks)
    if any(top.edge is Edge.BEND for top in tops):
        return None
    jumps = [top.current for top in tops if top.long]
    return max(jumps, default=None)


def flat_top(branch: Branch) -> FlatTop | None:
    """The flat top of `branch` by magnitude, whatever its direction; None where its largest current is a peak."""
    i, v = branch.current, branch.voltage
    if i.size < 2 * FEWEST:
        return None
    level = _level(i)
    if level is None:
        return None
    if v[0] > v[-1]:
        i, v = i[::-1], v[::-1]
    run = _longest(np.abs(i / level - 1.0) <= FLAT)
    first, last = int(run[0]), int(run[-1])
    span = float(v[last] - v[first])
    if run.size < FEWEST or span <= 0.01 * float(v.max()):
        return None
    # A cut is flat from its first sample; a bend goes on rising there as it did just before.
    opening = run[: max(FEWEST, run.size // 3)]
    edge = _edge(v, i, first, _slope(v[opening], i[opening]), run.size)
    long = span >= LONG * float(v.max())
    falls = last + 1 < i.size and i[last + 1] > 0.8 * i[last]
    if not long and (edge is Edge.BEND or falls):
        # Any smooth maximum is flat over a few samples.
        return None
    return FlatTop(
        current=float(np.median(i[run])), v_first=float(v[first]), v_last=float(v[last]), samples=int(run.size),
        edge=edge, long=long,
    )  # fmt: skip


def _level(i: Float[np.ndarray, " sample"]) -> float | None:
    """Largest current (A) that several samples share, a few overshooting ones left out."""
    many = min(FEWEST + OVERSHOOTING, i.size)
    top = np.sort(np.partition(i, i.size - many)[i.size - many :])[::-1]
    for k in range(many - FEWEST + 1):
        if top[k] > 0 and top[k + FEWEST - 1] >= (1.0 - FLAT) * top[k]:
            # The middle of the shared current: the largest of many is chance.
            shared = i[np.abs(i / top[k] - 1.0) <= FLAT]
            return float(np.median(shared))
    return None


def _longest(flags: Bool[np.ndarray, " sample"]) -> Int[np.ndarray, " run"]:
    """Positions of the longest stretch of True; single misses inside are bridged."""
    bridged = flags.copy()
    bridged[1:-1] |= flags[:-2] & flags[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bridged, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    if starts.size == 0:
        return np.zeros(0, dtype=np.int64)
    k = int(np.argmax(stops - starts))
    return np.arange(starts[k], stops[k])


def _edge(
    v: Float[np.ndarray, " sample"],
    i: Float[np.ndarray, " sample"],
    first: int,
    flat: tuple[float, float, float],
    samples: int,
) -> Edge:
    """How the curve reaches sample `first`, where a top of `samples` begins with the line `flat` (see `_slope`)."""
    # The sample next to the top may lie on the kink itself.
    before = first - 1
    if before <= FEWEST or (i[before - FEWEST : before] <= 0).any():
        return Edge.JUMP if first > 0 and i[first - 1] < 0.8 * i[first] else Edge.BEND
    if i[before] < 0.5 * i[first] and v[before] > 0.7 * v[first]:
        return Edge.JUMP
    # Next to a smooth top the curve is nearly flat already, next to a cut it is as steep as further down: a few
    # samples tell, and more are taken only where noise hides the slope.
    slope = error = scatter = 0.0
    for reach in (1.0, 0.95, 0.9, 0.8, 0.65, 0.5):
        start = min(int(np.searchsorted(v[:before], reach * v[first])), before - FEWEST - 1)
        window = slice(max(start, 0), before)
        slope, error, scatter = _slope(v[window], i[window])
        if error < 0.15:
            break
    if samples < MANY and scatter > QUIET and flat[2] > 0.2 * scatter:
        # A few samples of a noisy curve agree by chance.
        return Edge.BEND
    steep = slope > STEEP and slope > 2.0 * error
    return (
        Edge.KINK
        if steep and abs(flat[0]) <= max(0.1 * slope, min(2.0 * flat[1], 0.3 * slope))
        else Edge.BEND
    )


def _slope(v: Float[np.ndarray, " sample"], i: Float[np.ndarray, " sample"]) -> tuple[float, float, float]:
    """d ln I / d ln V, its standard error (infinite where the voltage does not change), scatter of ln I around it."""
    keep = (v > 0) & (i > 0)
    x, y = np.log(v[keep]), np.log(i[keep])
    x = x - x.mean()
    power = float(x @ x)
    if x.size < 3 or power <= 0:
        return 0.0, float("inf"), 0.0
    slope = float(x @ y) / power
    residual = y - y.mean() - slope * x
    scatter = float(np.sqrt(float(residual @ residual) / (x.size - 2)))
    return slope, scatter / float(np.sqrt(power)), scatter
