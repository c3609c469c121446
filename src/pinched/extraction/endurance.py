r"""Endurance: how long devices switch, how they fail, and what is proved when some were stopped before they did.

`extract_endurance` judges each device by a stated `Criterion`; `cycles_verified` (both states read, ratio above
the criterion) is the number to print, `cycles_applied` is not. `fit_survival` is the Kaplan-Meier curve over
devices, in which a device that was stopped counts for as long as it was seen working. `count_working` is the
yield. A table of sweeps becomes endurance data by `endurance_of`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.data.traces import Endurance
from pinched.extraction.intervals import binomial_interval
from pinched.extraction.table import SwitchingTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """What counts as a cycle that worked; no default ratio, since a claim stands and falls with it."""

    min_ratio: float = quantity(
        dataclasses.MISSING,
        "1",
        r"r_\mathrm{min}",
        "smallest R_HRS / R_LRS that still tells the states apart",
    )
    lrs_band: tuple[float, float] = quantity((0.0, float("inf")), "ohm", "R", "where the LRS must lie")
    hrs_band: tuple[float, float] = quantity((0.0, float("inf")), "ohm", "R", "where the HRS must lie")
    consecutive: int = 1
    """So many failed cycles in a row make a failed device; 1 is the strict reading."""

    def __post_init__(self) -> None:
        require(self, self.min_ratio > 1, f"min_ratio is {self.min_ratio}; a window needs a ratio above 1.")
        require(self, self.consecutive >= 1, f"consecutive is {self.consecutive}; it counts cycles from 1.")
        for name in ("lrs_band", "hrs_band"):
            low, high = getattr(self, name)
            require(self, 0 <= low < high, f"{name} is ({low}, {high}) ohm; the lower end comes first.")

    def passed(
        self, lrs: Float[np.ndarray, " read"], hrs: Float[np.ndarray, " read"]
    ) -> Bool[np.ndarray, " read"]:
        """Whether each pair of states (ohm) fulfils it; a state that was not read (NaN) does not."""
        with np.errstate(invalid="ignore", divide="ignore"):
            good = (lrs > 0) & (hrs / lrs >= self.min_ratio)
            for value, (low, high) in ((lrs, self.lrs_band), (hrs, self.hrs_band)):
                good &= (value >= low) & (value <= high)
        return good


class Failure(StrEnum):
    """How a device failed."""

    NONE = "did not fail"
    """Stopped while it worked: its life is censored."""
    STUCK_AT_LRS = "stuck at LRS"
    """Both states lie where the LRS was: RESET no longer works."""
    STUCK_AT_HRS = "stuck at HRS"
    """Both states lie where the HRS was: SET no longer works."""
    WINDOW_CLOSED = "window closed"
    """The states met between."""
    OUT_OF_BAND = "state outside its band"
    """The ratio holds, a state does not."""
    NEVER_SWITCHED = "never switched"
    """No cycle fulfilled the criterion: a matter of yield."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceLife:
    """What one device endured."""

    device: str
    cycles_applied: int = quantity(dataclasses.MISSING, "1", "n", "write cycles that the file claims")
    cycles_verified: int = quantity(dataclasses.MISSING, "1", "n_v", "cycles seen working before the failure")
    last_verified: float = quantity(dataclasses.MISSING, "1", "n_-", "the last such cycle; 0 for none")
    first_failed: float = quantity(
        dataclasses.MISSING, "1", "n_+", "the first failed cycle; infinite for none"
    )
    failure: Failure
    recovered: int = 0
    """Cycles after the failure that fulfil the criterion again."""
    notes: tuple[str, ...] = ()
    """What weakens these numbers, one sentence each."""

    @property
    def failed(self) -> bool:
        """Whether it was seen to fail; otherwise its life is a lower bound."""
        return self.failure is not Failure.NONE

    @property
    def life(self) -> float:
        """Cycles it is known to have lived: the first failing cycle, at its earliest where cycles were not read."""
        return self.last_verified + 1.0 if self.failed and self.last_verified > 0 else self.last_verified


def extract_endurance(traces: Sequence[Endurance], criterion: Criterion) -> tuple[DeviceLife, ...]:
    """Judge each device of `traces` by `criterion`; raises `PinchedError` where there is none."""
    if not traces:
        raise PinchedError("there is no endurance trace. Give at least one device.")
    return tuple(_judge(trace, criterion) for trace in traces)


def endurance_of(table: SwitchingTable) -> tuple[Endurance, ...]:
    """The states of each device of `table`, cycle by cycle; bounds stay, since they only make a ratio smaller."""
    found = []
    for k, name in enumerate(table.devices):
        mine = np.flatnonzero(table.device_number == k)
        mine = mine[np.argsort(table.cycle[mine], kind="stable")]
        found.append(
            Endurance(
                cycle=table.cycle[mine].astype(np.float64),
                resistance_lrs=table.resistance_lrs[mine],
                resistance_hrs=table.resistance_hrs[mine],
                read_voltage=table.read_voltage,
                device=name,
            )
        )
    return tuple(found)


def _judge(trace: Endurance, criterion: Criterion) -> DeviceLife:
    order = np.argsort(trace.cycle, kind="stable")
    cycle, lrs, hrs = (x[order] for x in (trace.cycle, trace.resistance_lrs, trace.resistance_hrs))
    read = np.isfinite(lrs) & np.isfinite(hrs)
    cycle_read, lrs, hrs = cycle[read], lrs[read], hrs[read]
    good = criterion.passed(lrs, hrs)
    start = _first_run(~good, criterion.consecutive)
    before = good if start is None else good[:start]
    verified = np.unique(cycle_read[: before.size][before])
    applied = int(np.nanmax(cycle))
    failure = Failure.NONE if start is None else Failure.NEVER_SWITCHED
    if start is not None and verified.size:
        end = start + criterion.consecutive
        old = [float(np.median(np.log(x[:start][before]))) for x in (lrs, hrs)]
        now = [float(np.median(np.log(np.maximum(x[start:end], 1e-300)))) for x in (lrs, hrs)]
        failure = _mode(old, now, criterion)
    notes = []
    if not read.all():
        notes.append(f"{int((~read).sum())} of {read.size} rows lack a state: they verify nothing.")
    if verified.size < 0.5 * applied:
        notes.append(f"{verified.size} cycles were verified of {applied} applied: the others are a claim.")
    last = float(verified[-1]) if verified.size else 0.0
    first = float("inf") if start is None else float(cycle_read[start])
    if start is not None and first > 1.1 * last + 1.0:
        notes.append(
            f"no read between cycle {last:g} and {first:g}: it failed somewhere between; the life is the first."
        )
    if read.sum() == 0:
        notes.append("no cycle has both states read: nothing can be said about its endurance.")
    return DeviceLife(
        device=trace.device,
        cycles_applied=applied,
        cycles_verified=int(verified.size),
        last_verified=last,
        first_failed=first,
        failure=failure,
        recovered=0 if start is None else int(good[start:].sum()),
        notes=tuple(notes),
    )


def _first_run(bad: Bool[np.ndarray, " read"], length: int) -> int | None:
    """Start of the first `length` failed reads in a row; None where there is no such run."""
    if bad.size < length:
        return None
    runs = np.lib.stride_tricks.sliding_window_view(bad, length).all(axis=1)
    return int(np.argmax(runs)) if runs.any() else None


def _mode(old: list[float], now: list[float], criterion: Criterion) -> Failure:
    """From the logarithms of (LRS, HRS) while it worked and when it failed."""
    if now[1] - now[0] >= np.log(criterion.min_ratio):
        return Failure.OUT_OF_BAND
    # Where both states now lie between the old LRS (0) and the old HRS (1); thirds part the three ways to fail.
    place = (0.5 * (now[0] + now[1]) - old[0]) / (old[1] - old[0])
    if place < 1 / 3:
        return Failure.STUCK_AT_LRS
    return Failure.STUCK_AT_HRS if place > 2 / 3 else Failure.WINDOW_CLOSED


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Survival:
    """Kaplan-Meier estimate: the share of devices that still work after so many cycles."""

    source: ClassVar[str] = "kaplan1958"
    cycle: Float[np.ndarray, " step"] = quantity(dataclasses.MISSING, "1", "n", "cycles, from 0")
    share: Float[np.ndarray, " step"] = quantity(dataclasses.MISSING, "1", "S", "share working from there on")
    low: Float[np.ndarray, " step"] = quantity(dataclasses.MISSING, "1", r"S_-", "lower end, 95 %")
    high: Float[np.ndarray, " step"] = quantity(dataclasses.MISSING, "1", r"S_+", "upper end, 95 %")
    censored: Float[np.ndarray, " stopped"] = quantity(dataclasses.MISSING, "1", "n", "lives cut short")
    median: float = quantity(
        float("inf"), "1", r"n_{50}", "cycles after which half have failed; infinite where too few have"
    )
    median_interval: tuple[float, float] = (0.0, float("inf"))
    """95 % interval of the median life; its lower end is what is proved."""
    devices: int = 0
    """How many devices."""
    failed: int = 0
    """How many of them were seen to fail."""

    @property
    def text(self) -> str:
        """The median life in one line, as a bound where it is one."""
        low, high = self.median_interval
        stopped = self.devices - self.failed
        tail = f" ({self.failed} of {self.devices} failed, {stopped} stopped while working)"
        if np.isfinite(self.median):
            return f"median life {self.median:.4g} cycles [{low:.4g}, {high:.4g}]" + tail
        return f"median life above {low:.4g} cycles (lower bound)" + tail


def fit_survival(lives: Sequence[DeviceLife]) -> Survival:
    """Kaplan-Meier survival of `lives` with pointwise 95 % intervals, devices that never switched included.

    Log-log intervals (kalbfleisch2002), and before the first failure the exact binomial one: that nothing has
    failed yet does not prove a share of 100 %. The median's interval holds every life at which the band contains
    one half (brookmeyer1982). Raises `PinchedError` where there is no device.
    """
    if not lives:
        raise PinchedError("there is no device. Judge at least one by extract_endurance.")
    time = np.array([one.life for one in lives], dtype=np.float64)
    failed = np.array([one.failed for one in lives])
    steps = np.unique(np.concatenate([[0.0], time]))
    at_risk = np.array([(time >= t).sum() for t in steps], dtype=float)
    deaths = np.array([((time == t) & failed).sum() for t in steps], dtype=float)
    share = np.cumprod(1.0 - deaths / at_risk)
    z = float(stats.norm.ppf(0.975))
    low, high = np.ones_like(share), np.ones_like(share)
    inside = (share > 0) & (share < 1)
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(deaths / (at_risk * (at_risk - deaths)))
    # log(-log S) keeps both ends between 0 and 1 and is closer to normal than S itself.
    wide = z * np.sqrt(greenwood[inside]) / np.abs(np.log(share[inside]))
    low[inside], high[inside] = share[inside] ** np.exp(wide), share[inside] ** np.exp(-wide)
    low[share == 1] = 0.025 ** (1.0 / at_risk[share == 1])
    gone = share == 0
    low[gone] = 0.0
    high[gone] = 1.0 - 0.025 ** (1.0 / len(lives)) if gone.all() else high[~gone].min(initial=1.0)
    # A share cannot rise again, neither can its bounds.
    low, high = np.minimum.accumulate(low), np.minimum.accumulate(high)

    def reaches_half(curve: Float[np.ndarray, " step"]) -> float:
        below = np.flatnonzero(curve <= 0.5)
        return float(steps[below[0]]) if below.size else float("inf")

    # A lower end that no failure brought below one half proves the life only as long as somebody looked.
    return Survival(
        cycle=steps,
        share=share,
        low=low,
        high=high,
        censored=np.sort(time[~failed]),
        median=reaches_half(share),
        median_interval=(min(reaches_half(low), float(steps[-1])), reaches_half(high)),
        devices=len(lives),
        failed=int(failed.sum()),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceYield:
    """Share of devices that work, by a stated definition."""

    source: ClassVar[str] = "clopper1934"
    working: int
    tested: int
    definition: str
    """What "works" means here."""
    interval: tuple[float, float]
    """Exact 95 % binomial interval of the share."""

    @property
    def text(self) -> str:
        """As the guideline prints it: "15/16 = 94 % [70, 100]"."""
        low, high = (100 * p for p in self.interval)
        share = 100 * self.working / self.tested
        return f"{self.working}/{self.tested} = {share:.0f} % [{low:.0f}, {high:.0f}]"


def count_working(lives: Sequence[DeviceLife], *, after: int = 1) -> DeviceYield:
    """Yield of `lives`: devices with at least `after` verified cycles; raises `PinchedError` without devices."""
    if not lives:
        raise PinchedError("there is no device to count. Judge at least one by extract_endurance.")
    working = sum(one.cycles_verified >= after for one in lives)
    return DeviceYield(
        working=working,
        tested=len(lives),
        definition=f"at least {after} verified cycle{'s' if after > 1 else ''}",
        interval=binomial_interval(working, len(lives)),
    )
