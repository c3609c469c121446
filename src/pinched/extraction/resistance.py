r"""Resistances at one or several read voltages, per branch and per cycle, and the shape of the I-V.

`extract_switching` gives one LRS and one HRS per cycle; use `extract_resistances` when the device is
analogue or rectifying (there is no V_SET to part the states), when the read voltage matters, or when each
branch counts; `extract_small_signal` where the instrument has an offset. A *branch* here is one monotone
piece of the voltage between two turning points and is named after them, "1.00->-2.00"; it may cross 0 V,
and then both polarities of one state are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched._errors import PinchedError
from pinched._params import require
from pinched._units import to_si
from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import TURN, Branch, Excursion, turning_points
from pinched.extraction.limits import compliance_plateau, noise_floor
from pinched.extraction.table import Flag

NEAR = 5
"""Samples on each side of the read voltage over which the scatter is judged."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ResistanceTable:
    """Resistances with the axes (branch, read); NaN where a branch does not reach the read voltage.

    The flag `COMPLIANCE` makes a resistance an upper bound (the source held the current), `NOISE` a lower one.
    """

    read_voltage: Float[np.ndarray, " read"]
    """Signed read voltages (V)."""
    file: tuple[str, ...]
    device: tuple[str, ...]
    branch: tuple[str, ...]
    """Name of each branch: its turning voltages (V) with two decimals, "1.00->-2.00"."""
    cycle: Int[np.ndarray, "branch read"]
    """Number of the cycle to which the branch belongs at this read voltage, from 1: a branch through 0 V
    closes one cycle and opens the next."""
    resistance: Float[np.ndarray, "branch read"]
    """V / I (ohm, by magnitude) interpolated at the read voltage."""
    relative_error: Float[np.ndarray, "branch read"]
    """One standard error of the resistance, relative: scatter of ln|I| near the read voltage (noise only)."""
    flag: tuple[tuple[Flag, ...], ...]
    """How each value was found: (branch, read)."""
    rectification: Float[np.ndarray, "branch read"]
    """|I(+V) / I(-V)| within the branch, V the magnitude of the read voltage: the ratio of one state, whatever
    was written between two branches; NaN unless the branch crosses 0 V."""
    nonlinearity: Float[np.ndarray, "branch read"]
    """|I(V) / I(V/2)| of the branch: 2 for an ohmic state, 4 for space-charge-limited current."""

    def __post_init__(self) -> None:
        shape = (len(self.branch), self.read_voltage.size)
        for name in ("cycle", "resistance", "relative_error", "rectification", "nonlinearity"):
            found = getattr(self, name).shape
            require(self, found == shape, f"{name} has shape {found}, (branch, read) is {shape}.")

    def __len__(self) -> int:
        return len(self.branch)

    def at(self, branch: str, read_voltage: str | float) -> Float[np.ndarray, " found"]:
        """Resistances (ohm) of every branch named `branch` at the signed `read_voltage` (V), in measured order.

        Raises `PinchedError` for a branch or a read voltage that the table does not hold.
        """
        wanted = to_si(read_voltage, "V")
        column = np.flatnonzero(np.isclose(self.read_voltage, wanted, rtol=1e-9, atol=1e-12))
        rows = [k for k, name in enumerate(self.branch) if name == branch]
        if not rows or column.size == 0:
            raise PinchedError(
                f"the table has no branch '{branch}' at {wanted:g} V. It has the branches "
                f"{sorted(set(self.branch))} at {self.read_voltage.tolist()} V."
            )
        return self.resistance[rows, column[0]]

    def ratios(self) -> RatioTable:
        """Largest over smallest resistance of each cycle at each read voltage: the on/off ratio of paper figures."""
        found: dict[tuple[str, str, int], dict[int, list[int]]] = {}
        for k, key in enumerate(zip(self.file, self.device, strict=True)):
            for r in range(self.read_voltage.size):
                if np.isfinite(self.resistance[k, r]):
                    found.setdefault((*key, int(self.cycle[k, r])), {}).setdefault(r, []).append(k)
        shape = (len(found), self.read_voltage.size)
        ratio, bound = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
        for row, members in enumerate(found.values()):
            for r, branches in members.items():
                if len(branches) > 1:
                    values = self.resistance[branches, r]
                    ratio[row, r] = values.max() / values.min()
                    bound[row, r] = any(self.flag[k][r] is not Flag.MEASURED for k in branches)
        return RatioTable(
            read_voltage=self.read_voltage,
            file=tuple(key[0] for key in found),
            device=tuple(key[1] for key in found),
            cycle=np.array([key[2] for key in found], dtype=np.int64),
            ratio=ratio,
            is_lower_bound=bound,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RatioTable:
    """Ratio of the two states with the axes (cycle, read)."""

    read_voltage: Float[np.ndarray, " read"]
    """Signed read voltages (V)."""
    file: tuple[str, ...]
    device: tuple[str, ...]
    cycle: Int[np.ndarray, " cycle"]
    """Number of each cycle, from 1."""
    ratio: Float[np.ndarray, "cycle read"]
    """Largest over smallest resistance among the branches of the cycle; NaN below two branches."""
    is_lower_bound: Bool[np.ndarray, "cycle read"]
    """True where a current was at a limit or at the noise floor: the ratio is at least this."""


def extract_resistances(
    sweeps: Sequence[IVSweep] | IVSweep, read_voltages: Sequence[str | float] | str | float
) -> ResistanceTable:
    """Resistances of every branch of `sweeps` at the signed `read_voltages` (V).

    Raises `PinchedError` for no sweeps, no read voltage, or a read voltage of 0 V.
    """
    given = [sweeps] if isinstance(sweeps, IVSweep) else list(sweeps)
    wanted = [read_voltages] if isinstance(read_voltages, str | float | int) else list(read_voltages)
    reads = np.array([to_si(value, "V") for value in wanted], dtype=np.float64)
    if not given or reads.size == 0:
        raise PinchedError(
            f"{len(given)} sweeps and {reads.size} read voltages were given; at least one of each is needed."
        )
    if (reads == 0).any():
        raise PinchedError("a read voltage is 0 V, where V / I says nothing. Give one such as '0.1 V'.")
    files: list[str] = []
    devices: list[str] = []
    rows: list[_Row] = []
    for sweep in given:
        found = list(_rows(sweep, reads))
        rows.extend(found)
        files.extend([sweep.provenance.file] * len(found))
        devices.extend([sweep.device] * len(found))
    shape = (len(rows), reads.size)
    return ResistanceTable(
        read_voltage=reads,
        file=tuple(files),
        device=tuple(devices),
        branch=tuple(row.name for row in rows),
        cycle=np.array([row.cycle for row in rows], dtype=np.int64).reshape(shape),
        resistance=np.array([row.resistance for row in rows]).reshape(shape),
        relative_error=np.array([row.error for row in rows]).reshape(shape),
        flag=tuple(tuple(row.flag) for row in rows),
        rectification=np.array([row.rectification for row in rows]).reshape(shape),
        nonlinearity=np.array([row.nonlinearity for row in rows]).reshape(shape),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SmallSignal:
    """The straight line through a whole sweep: conductance of a state that the sweep does not change."""

    conductance: float
    """Slope (S)."""
    conductance_error: float
    """Its standard error (S), from the scatter around the line."""
    offset: float
    """Current (A) at 0 V: of the instrument, since a device carries none."""


def extract_small_signal(sweep: IVSweep) -> SmallSignal:
    """Least-squares line I = offset + G V through every sample of `sweep`, both ways of a loop alike.

    For reads at small voltages with an instrument that has an offset, where V / I at one voltage is wrong.
    Raises `PinchedError` where the voltage does not change.
    """
    v, i = sweep.voltage, sweep.current
    power = float(np.sum((dv := v - v.mean()) ** 2))
    if power == 0 or v.size < 3:
        raise PinchedError(
            f"{v.size} samples at one voltage make no line. Give a sweep of 3 samples or more."
        )
    slope = float(dv @ i) / power
    offset = float(i.mean()) - slope * float(v.mean())
    error = float(np.sqrt(float(np.sum((i - offset - slope * v) ** 2)) / (v.size - 2) / power))
    return SmallSignal(conductance=slope, conductance_error=error, offset=offset)


def branch_name(start: float, stop: float) -> str:
    """Name of the branch from `start` to `stop` (V): "1.00->-2.00"; a rounded zero carries no sign."""
    return "->".join(f"{value + 0.0:.2f}".replace("-0.00", "0.00") for value in (start, stop))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    name: str
    cycle: list[int]
    resistance: list[float]
    error: list[float]
    flag: list[Flag]
    rectification: list[float]
    nonlinearity: list[float]


def _rows(sweep: IVSweep, reads: Float[np.ndarray, " read"]) -> Iterator[_Row]:
    turns = turning_points(sweep.voltage)
    if np.ptp(sweep.voltage) == 0:
        return
    pieces = [slice(int(a), int(b) + 1) for a, b in pairwise(turns)]
    sides = [{sign: _side(sweep, piece, sign) for sign in (1, -1)} for piece in pieces]
    # Next to 0 V an LRS carries current that is no noise: the quietest branch of the trace shows the floor.
    floors = [noise_floor(_alone(b)) for both in sides for b in both.values() if b is not None]
    floor = min((f for f in floors if f > 0), default=0.0)
    starts, count = _cycle_starts(sweep.voltage[turns])
    for piece, both, (first_side, begun) in zip(pieces, sides, starts, strict=True):
        row = _Row(
            name=branch_name(float(sweep.voltage[piece.start]), float(sweep.voltage[piece.stop - 1])),
            cycle=[], resistance=[], error=[], flag=[], rectification=[], nonlinearity=[],
        )  # fmt: skip
        rising = bool(sweep.voltage[piece.stop - 1] > sweep.voltage[piece.start])
        for read in reads.tolist():
            side = 1 if read > 0 else -1
            towards = side == first_side and rising == (first_side > 0)
            number = begun + 1 if towards else begun
            # A closed loop that starts at a peak: its first piece belongs to the cycle that ends there.
            row.cycle.append(sweep.cycle - 1 + (number if number > 0 else count))
            _fill(row, both[side], both[-side], abs(read), floor)
        yield row


def _cycle_starts(corners: Float[np.ndarray, " turn"]) -> tuple[list[tuple[int, int]], int]:
    """For each branch the side that opens a cycle and the cycles opened before it; and how many there are."""
    swing = TURN * float(np.ptp(corners))
    at_peak = abs(float(corners[0])) > swing
    closed = at_peak and abs(float(corners[0] - corners[-1])) < 2 * swing
    opening = float(corners[0]) if at_peak else float(corners[1])
    first = 1 if opening > 0 else -1
    if closed and (first * corners < -swing).any():
        first = -first
    peaks = np.zeros(corners.size, dtype=np.int64)
    for k in range(corners.size):
        before = first * corners[k - 1] if k > 0 else -np.inf
        after = first * corners[k + 1] if k + 1 < corners.size else -np.inf
        peaks[k] = int(first * corners[k] > swing and first * corners[k] >= max(before, after))
    opened = np.cumsum(peaks)
    return [(first, int(n)) for n in opened[:-1]], max(int(opened[-1]), 1)


def _side(sweep: IVSweep, piece: slice, sign: int) -> Branch | None:
    voltage, current = sign * sweep.voltage[piece], np.abs(sweep.current[piece])
    inside = voltage >= -1e-12
    return Branch(voltage=voltage[inside], current=current[inside]) if inside.sum() >= 2 else None


def _alone(branch: Branch) -> Excursion:
    return Excursion(sign=1, outgoing=branch, returning=None)


def _fill(row: _Row, branch: Branch | None, other: Branch | None, read: float, floor: float) -> None:
    current = half = opposite = float("nan")
    if branch is not None:
        current, half = (float(branch.current_at(v)) for v in (read, read / 2))
    if other is not None:
        opposite = float(other.current_at(read))
    positive = np.isfinite(current) and current > 0
    row.resistance.append(read / current if positive else float("nan"))
    row.error.append(_scatter(branch, read) if branch is not None and positive else float("nan"))
    row.flag.append(_flag(branch, current, floor) if branch is not None and positive else Flag.NONE)
    row.nonlinearity.append(current / half if positive and half > 0 else float("nan"))
    row.rectification.append(current / opposite if positive and opposite > 0 else float("nan"))


def _flag(branch: Branch, current: float, floor: float) -> Flag:
    limit = compliance_plateau(_alone(branch))
    if limit is not None and current >= 0.98 * limit:
        return Flag.COMPLIANCE
    return Flag.NOISE if current <= 3 * floor else Flag.MEASURED


def _scatter(branch: Branch, read: float) -> float:
    """Relative standard error of the current at `read`: second differences of ln I around it, no model."""
    order = np.argsort(branch.voltage, kind="stable")
    v, i = branch.voltage[order], branch.current[order]
    keep = (v > 0) & (i > 0)
    v, i = v[keep], i[keep]
    at = int(np.searchsorted(v, read))
    # ln G is smoother than ln I next to 0 V, where ln V bends.
    near = np.log(i / v)[max(at - NEAR, 0) : at + NEAR]
    if near.size < 5:
        return float("nan")
    # A second difference of white noise has the variance 6.
    single = 1.4826 * float(np.median(np.abs(np.diff(near, 2)))) / np.sqrt(6.0)
    # Between two samples the interpolation averages them, on a sample it does not.
    left, right = v[max(at - 1, 0)], v[min(at, v.size - 1)]
    share = (read - left) / (right - left) if right > left else 0.0
    return single * float(np.hypot(share, 1.0 - share))
