"""Cutting a trace into cycles, excursions and branches.

A *branch* is a monotone piece of the voltage, an *excursion* a way out from 0 V to a peak and back, a
*cycle* one loop: an excursion to each side (or to one side, where the other is never visited).
`split_cycles` is what the extraction calls; it understands traces that start at 0 V and traces that
start at a peak, noisy measured voltages, repeated end points and any number of loops.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from pinched.data.sweep import IVSweep

TURN = 0.02
"""Smallest reversal that counts as a turn, as a share of the voltage range: above what a source-meter
scatters, below the smallest loop that anybody measures beside a large one."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Branch:
    """One monotone piece of an excursion, by magnitude, in the order in which it was measured."""

    voltage: Float[np.ndarray, " sample"]
    """Magnitude of the voltage (V)."""
    current: Float[np.ndarray, " sample"]
    """Magnitude of the current (A)."""

    def current_at(self, voltage: float | np.ndarray) -> np.ndarray:
        """Current (A) interpolated at the magnitude `voltage` (V); NaN outside the branch."""
        order = np.argsort(self.voltage, kind="stable")
        v, i = self.voltage[order], self.current[order]
        # Repeated voltages (doubled end points, coarse readings) count once, with their mean current.
        unique, inverse, counts = np.unique(v, return_inverse=True, return_counts=True)
        if unique.size < v.size:
            v, i = unique, np.bincount(inverse, weights=i) / counts
        return np.asarray(np.interp(voltage, v, i, left=np.nan, right=np.nan))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Excursion:
    """A way from 0 V to a peak and back on one side; either half may be missing at the end of a trace."""

    sign: int
    """+1 or -1: the side of 0 V."""
    outgoing: Branch | None
    """|V| rising."""
    returning: Branch | None
    """|V| falling."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Cycle:
    """One loop of a sweep."""

    number: int
    """Number of the cycle on its device, from 1."""
    excursions: tuple[Excursion, ...]
    joined: bool = False
    """True where the trace started at a peak and its last piece was joined with its first one."""

    @property
    def peak(self) -> float:
        """Largest |V| (V) of the cycle."""
        branches = [b for e in self.excursions for b in (e.outgoing, e.returning) if b is not None]
        return max(float(b.voltage.max()) for b in branches)


def turning_points(voltage: Float[np.ndarray, " sample"]) -> Int[np.ndarray, " turn"]:
    """Samples at which the voltage turns, with the first and the last sample; scatter does not count."""
    swing = TURN * float(np.ptp(voltage))
    turns = [0]
    if swing == 0:
        return np.array([0, voltage.size - 1])
    # Compressing to the points where the direction changes keeps this loop short for long sweeps.
    steps = np.diff(voltage)
    moving = np.flatnonzero(steps)
    signs = np.sign(steps[moving])
    corners = np.concatenate([[0], moving[1:][signs[1:] != signs[:-1]], [voltage.size - 1]])
    values = voltage[corners]
    direction = 0
    high = low = 0
    for k in range(1, corners.size):
        if values[k] > values[high]:
            high = k
        if values[k] < values[low]:
            low = k
        if direction >= 0 and values[high] - values[k] > swing:
            if direction > 0 or high > 0:
                turns.append(int(corners[high]))
            direction, low = -1, k
            high = k
        elif direction <= 0 and values[k] - values[low] > swing:
            if direction < 0 or low > 0:
                turns.append(int(corners[low]))
            direction, high = 1, k
            low = k
    last = voltage.size - 1
    if turns[-1] != last:
        turns.append(last)
    return np.array(turns)


def _excursions(sweep: IVSweep) -> list[Excursion]:
    voltage, current = sweep.voltage, np.abs(sweep.current)
    turns = turning_points(voltage)
    swing = TURN * float(np.ptp(voltage))
    halves: list[tuple[int, bool, slice]] = []  # side, outgoing, samples
    for start, stop in pairwise(turns):
        piece = voltage[start : stop + 1]
        for side in (1, -1):
            inside = np.flatnonzero(side * piece > 0)
            if inside.size == 0:
                continue
            # The sample at or beyond 0 V belongs to both sides: the branch then starts at 0 V.
            first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, piece.size - 1)
            first = first if side * piece[first] >= -1e-12 else inside[0]
            last = last if side * piece[last] >= -1e-12 else inside[-1]
            if side * max(side * piece[inside]) == 0 or np.ptp(piece[first : last + 1]) < swing:
                continue
            out = bool(abs(piece[last]) > abs(piece[first]))
            halves.append((side, out, slice(int(start + first), int(start + last + 1))))
    halves.sort(key=lambda half: half[2].start)

    def branch(samples: slice) -> Branch:
        return Branch(voltage=np.abs(voltage[samples]), current=current[samples])

    found: list[Excursion] = []
    k = 0
    while k < len(halves):
        side, out, samples = halves[k]
        follows = k + 1 < len(halves) and halves[k + 1][0] == side and not halves[k + 1][1]
        if out and follows:
            found.append(Excursion(sign=side, outgoing=branch(samples), returning=branch(halves[k + 1][2])))
            k += 2
            continue
        found.append(
            Excursion(
                sign=side,
                outgoing=branch(samples) if out else None,
                returning=None if out else branch(samples),
            )
        )
        k += 1
    return found


def split_cycles(sweep: IVSweep) -> list[Cycle]:
    """The cycles of `sweep`, numbered from `sweep.cycle`; [] when the voltage never moves away from 0 V.

    A trace that starts and ends at the same peak is a closed loop: its last way out is joined with its
    first way back (`Cycle.joined`), since both belong to the same side of one loop.
    """
    found = _excursions(sweep)
    joined = False
    if len(found) >= 2:
        first, last = found[0], found[-1]
        closed = abs(sweep.voltage[0] - sweep.voltage[-1]) < 2 * TURN * float(np.ptp(sweep.voltage))
        if first.outgoing is None and last.returning is None and first.sign == last.sign and closed:
            found = [
                *found[1:-1],
                Excursion(sign=last.sign, outgoing=last.outgoing, returning=first.returning),
            ]
            joined = True
    cycles: list[list[Excursion]] = []
    for excursion in found:
        signs = [e.sign for e in cycles[-1]] if cycles else []
        # A loop is complete when the trace comes back to the side on which the loop began.
        if not signs or (excursion.sign == signs[0]):
            cycles.append([])
        cycles[-1].append(excursion)
    return [
        Cycle(number=sweep.cycle + k, excursions=tuple(group), joined=joined and k == len(cycles) - 1)
        for k, group in enumerate(cycles)
    ]
