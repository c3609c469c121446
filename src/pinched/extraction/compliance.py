r"""What the current limit does: detection, states against compliance, and where the state stays.

`detect_compliance` says on which branches the source held the current and how sure that is.
`extract_compliance` makes the series of Fig. 3f of marraccini2025fast: LRS, peak RESET current, RESET
voltage and whether the state was kept, each against compliance. `nonvolatile_threshold` turns "kept or
lost" into the compliance above which a state stays, with an interval: a logistic curve of the logarithm
of the current, its likelihood averaged over the unknown width, because few cycles and a clean separation
are the rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int

from pinched._errors import PinchedError
from pinched._params import require
from pinched.data.sweep import IVSweep
from pinched.extraction.cycles import Branch, Cycle, Excursion, split_cycles
from pinched.extraction.limits import Edge, compliance_plateau, flat_top
from pinched.extraction.table import SwitchingTable
from pinched.extraction.transitions import CONTRAST, Change, find_event

OVERSHOOT = 1.05
"""A current above this share of a stated limit was not held by the source: it overshot, or the limit was off."""


class Source(StrEnum):
    """Where a compliance is known from."""

    PLATEAU = "seen as a plateau"
    """The curve is cut off at one current: a source held it."""
    SATURATION = "bends into a flat top"
    """The current saturates smoothly: a transistor in the path, or the device itself."""
    STATED = "stated, and reached"
    NOT_REACHED = "stated, but not reached"
    EXCEEDED = "stated, but exceeded"
    """The current went beyond the limit: it was off on this side, or the source was too slow."""
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComplianceEvidence:
    """What one excursion shows of the current limit."""

    cycle: int
    """Number of the cycle, from 1."""
    sign: int
    """+1 or -1: the side of 0 V."""
    source: Source
    current: float
    """The limit (A); NaN where there is none."""
    samples: int
    """Samples at the limit (within 2 %)."""
    v_first: float
    """Smallest and"""
    v_last: float
    """largest |V| (V) at the limit; NaN without samples there."""
    slope: float
    """d ln I / d ln V over the samples at the limit: 0 for a source, above 0.1 for a transistor or a device
    that limits itself; NaN below 3 samples."""
    overshoot: float
    """Largest |I| over the limit; above 1.05 the source did not hold it."""


def detect_compliance(sweep: IVSweep) -> list[ComplianceEvidence]:
    """What every excursion of `sweep` shows of the current limit, in measured order."""
    found = []
    for cycle in split_cycles(sweep):
        for excursion in cycle.excursions:
            found.append(_evidence(cycle.number, excursion, sweep.compliance_current))  # noqa: PERF401
    return found


def _evidence(number: int, excursion: Excursion, stated: float | None) -> ComplianceEvidence:
    branches = [b for b in (excursion.outgoing, excursion.returning) if b is not None]
    largest = max(float(b.current.max()) for b in branches)
    plateau = compliance_plateau(excursion)
    bends = [top.current for b in branches if (top := flat_top(b)) is not None and top.edge is Edge.BEND]
    if plateau is not None:
        source, limit = Source.PLATEAU, plateau
    elif stated is None:
        source, limit = (Source.SATURATION, max(bends)) if bends else (Source.NONE, float("nan"))
    else:
        reached = largest >= 0.98 * stated
        source = Source.NOT_REACHED if not reached else Source.STATED
        source, limit = (Source.EXCEEDED if largest > OVERSHOOT * stated else source), stated
    volts = np.concatenate([b.voltage[np.abs(b.current / limit - 1.0) <= 0.02] for b in branches])
    amps = np.concatenate([b.current[np.abs(b.current / limit - 1.0) <= 0.02] for b in branches])
    slope = float("nan")
    if volts.size >= 3 and np.ptp(volts) > 0 and volts.min() > 0:
        slope = float(np.polyfit(np.log(volts), np.log(amps), 1)[0])
    # A plateau is the limit itself; only a stated limit can be overshot.
    reference = stated if stated is not None else limit
    return ComplianceEvidence(
        cycle=number, sign=excursion.sign, source=source, current=limit, samples=int(volts.size),
        v_first=float(volts.min()) if volts.size else float("nan"),
        v_last=float(volts.max()) if volts.size else float("nan"),
        slope=slope, overshoot=largest / reference,
    )  # fmt: skip


class Kept(StrEnum):
    """Whether the state that a SET wrote was there at the next read."""

    YES = "kept"
    NO = "lost"
    UNKNOWN = "unknown"
    """No SET, no later read, or states that are too alike to tell."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ComplianceSeries:
    """One entry per cycle, in the order of the table; NaN where the cycle does not show a value."""

    read_voltage: float
    """Voltage (V) of the resistances."""
    device: tuple[str, ...]
    cycle: Int[np.ndarray, " cycle"]
    compliance_current: Float[np.ndarray, " cycle"]
    """Current limit (A), stated or seen."""
    resistance_hrs: Float[np.ndarray, " cycle"]
    """Resistance (ohm) before SET."""
    resistance_lrs: Float[np.ndarray, " cycle"]
    """Resistance (ohm) on the way back from SET."""
    resistance_next: Float[np.ndarray, " cycle"]
    """Resistance (ohm) at the next read: the way out of the next excursion, of this cycle or the next one."""
    v_reset: Float[np.ndarray, " cycle"]
    """RESET voltage (V, signed)."""
    reset_current: Float[np.ndarray, " cycle"]
    """Largest |I| (A) on the way out of the RESET excursion, up to V_RESET."""
    kept: tuple[Kept, ...]

    def __post_init__(self) -> None:
        sizes = {len(self.device), self.cycle.size, self.compliance_current.size, len(self.kept)}
        require(self, len(sizes) == 1, f"the columns differ in length: {sorted(sizes)}.")

    def __len__(self) -> int:
        return len(self.device)

    @property
    def read_current(self) -> Float[np.ndarray, " cycle"]:
        """Current (A) at the next read: the ordinate of Fig. 3f of marraccini2025fast."""
        return self.read_voltage / self.resistance_next


def extract_compliance(table: SwitchingTable, sweeps: Sequence[IVSweep]) -> ComplianceSeries:
    """Join `table` with the `sweeps` that it was extracted from: states, RESET and retention by compliance.

    A state counts as kept where its next read lies nearer to the LRS than to the HRS (in ln R), whatever
    the polarity. Raises `PinchedError` where `sweeps` have another number of cycles than `table`.
    """
    cycles = [(sweep, cycle) for sweep in sweeps for cycle in split_cycles(sweep)]
    if len(cycles) != len(table):
        raise PinchedError(
            f"the sweeps hold {len(cycles)} cycles, the table {len(table)}: give the sweeps the table came from."
        )
    read = table.read_voltage
    following = _next_reads([cycle for _, cycle in cycles], table.device, read)
    peaks = [_reset_current(cycle, float(v)) for (_, cycle), v in zip(cycles, table.v_reset, strict=True)]
    kept = tuple(
        _kept(*values) for values in zip(table.resistance_hrs, table.resistance_lrs, following, strict=True)
    )
    return ComplianceSeries(
        read_voltage=read,
        device=table.device,
        cycle=table.cycle,
        compliance_current=table.compliance_current,
        resistance_hrs=table.resistance_hrs,
        resistance_lrs=table.resistance_lrs,
        resistance_next=np.array(following),
        v_reset=table.v_reset,
        reset_current=np.array(peaks),
        kept=kept,
    )


def _next_reads(cycles: list[Cycle], devices: tuple[str, ...], read: float) -> list[float]:
    """Resistance at the first way out after the SET of each cycle; NaN where the record ends before."""
    ways = [
        (k, excursion)
        for k, cycle in enumerate(cycles)
        for excursion in cycle.excursions
        if excursion.outgoing is not None
    ]
    found = [float("nan")] * len(cycles)
    for at, (k, excursion) in enumerate(ways):
        if find_event(excursion, None).change is not Change.SET or math.isfinite(found[k]):
            continue
        later = ways[at + 1] if at + 1 < len(ways) else None
        if later is not None and later[1].outgoing is not None and devices[later[0]] == devices[k]:
            found[k] = _resistance(later[1].outgoing, read)
    return found


def _resistance(branch: Branch, read: float) -> float:
    current = float(branch.current_at(read))
    return read / current if current > 0 else float("nan")


def _reset_current(cycle: Cycle, v_reset: float) -> float:
    for excursion in cycle.excursions:
        out = excursion.outgoing
        if (
            out is not None
            and excursion.sign * v_reset > 0
            and find_event(excursion, None).change is Change.RESET
        ):
            before = out.voltage <= abs(v_reset) * (1.0 + 1e-9)
            return float(out.current[before].max()) if before.any() else float("nan")
    return float("nan")


def _kept(hrs: float, lrs: float, later: float) -> Kept:
    if not (hrs > 0 and lrs > 0 and later > 0) or math.log(hrs / lrs) < CONTRAST:
        return Kept.UNKNOWN
    return Kept.YES if later * later < hrs * lrs else Kept.NO


@dataclass(frozen=True, kw_only=True, slots=True)
class NonvolatileThreshold:
    """The compliance above which states stay."""

    current: float
    """Compliance (A) at which half of the states stay; NaN where all stay or none does."""
    interval: tuple[float, float]
    """95 % interval (A) of `current`; 0 or infinity where the series does not bound it."""
    width: float
    """Width of the transition: ln(I) from 50 to 73 % kept; the smallest that was tried for a clean separation."""
    always_above: float
    """Smallest tested compliance (A) from which on every state was kept; NaN where there is none."""
    kept: int
    """How many states were kept,"""
    tested: int
    """of how many."""


def nonvolatile_threshold(
    compliance: Float[np.ndarray, " state"], kept: Bool[np.ndarray, " state"]
) -> NonvolatileThreshold:
    """Compliance (A) above which a state stays, from states written at `compliance` and whether they were `kept`.

    States count as independent: several of one device make the interval too narrow. Raises `PinchedError`
    for fewer than 2 states or a compliance that is not above zero.
    """
    if compliance.size < 2 or not (compliance > 0).all() or kept.size != compliance.size:
        raise PinchedError(
            f"{compliance.size} compliances (least {compliance.min(initial=np.inf):g} A) and {kept.size} outcomes: "
            "at least 2 of each are needed, all above zero. Leave out cycles without a compliance."
        )
    x = np.log(compliance)
    order = np.argsort(x, kind="stable")
    suffix = np.logical_and.accumulate(kept[order][::-1])[::-1]
    # Ties at one compliance: all of them must have been kept.
    firm = [float(compliance[order[k]]) for k in range(x.size) if suffix[k] and
            kept[x == x[order[k]]].all()]  # fmt: skip
    above = min(firm, default=float("nan"))
    low, high = float(x.min()), float(x.max())
    room = max(high - low, 1.0)
    centre = np.linspace(low - room, high + room, 301)
    # Narrower than a hundredth of the tested range cannot be told from a step, wider than a quarter of it (nine
    # tenths of the change over the whole range) from no effect. Evenly: few states prefer too small a width.
    width = np.linspace(room / 100.0, room / 4.0, 40)
    z = (x[None, None, :] - centre[:, None, None]) / width[None, :, None]
    log_p = np.where(kept, -np.logaddexp(0.0, -z), -np.logaddexp(0.0, z)).sum(axis=2)
    # Averaged over the width, not maximised: at the maximum the width of a few states comes out too small, and
    # the interval with it (88 % instead of 95 % of simulated ones held the truth).
    share = np.exp(log_p - log_p.max()).sum(axis=1)
    open_below, open_above = (bool(end > 0.05 * share.max()) for end in (share[0], share[-1]))
    total = np.cumsum(share) / share.sum()
    tail = 0.05 if open_below or open_above else 0.025
    ends = np.interp([tail, 0.5, 1.0 - tail], total, centre)
    interval = (0.0 if open_below else math.exp(ends[0]), math.inf if open_above else math.exp(ends[2]))
    one_kind = bool(kept.all() or not kept.any())
    at = int(np.argmin(np.abs(centre - ends[1])))
    return NonvolatileThreshold(
        current=float("nan") if one_kind else math.exp(float(ends[1])),
        interval=interval,
        width=float("nan") if one_kind else float(width[int(np.argmax(log_p[at]))]),
        always_above=above,
        kept=int(kept.sum()),
        tested=int(kept.size),
    )
