r"""Simulated sweeps with a known truth, with what laboratories add to them, and how often the truth is found.

A cell is in one of two states (the LRS ohmic, the HRS space-charge-limited on top of ohmic) and changes at a drawn
V_SET and V_RESET. `Conditions` says what is added: noise, scatter of the measured voltage, false starts that fall
back, a current limit, a series resistor or a transistor, telegraph noise, a gradual RESET, |I| for I, the other
polarity, unipolar and volatile cells, snap-back. `score_switching` counts in how many cycles V_SET and V_RESET are
within one voltage step of the truth; `score_gradual` in how many gradual devices no V_SET is invented.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from pinched._random import generator
from pinched.data.sweep import IVSweep, Provenance
from pinched.extraction.switching import extract_switching
from pinched.extraction.table import Flag

READ = 0.1
"""Voltage (V) at which the resistances are stated."""

STOP = 3.0
"""Largest |V| (V) of a sweep."""

CONTRAST = 2.5
"""Smallest ratio of the currents of both states at V_SET: below it nobody would call the cell switching."""


class Cell(StrEnum):
    """How a cell switches."""

    BIPOLAR = "bipolar"
    UNIPOLAR = "unipolar"
    """SET and RESET on one side, by two excursions."""
    VOLATILE = "volatile"
    """Back in its HRS before 0 V."""
    SNAP_BACK = "snap-back"
    """The measured voltage collapses at SET, since the source holds the current."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """What a laboratory adds to a cell; the defaults are a quiet source-meter."""

    cell: Cell = Cell.BIPOLAR
    step: float = 0.02
    """Voltage step (V)."""
    noise: float = 0.01
    """Relative noise of the current."""
    noise_current: float = 1e-12
    """Noise of the current (A) that is always there."""
    jitter: float = 0.0
    """Scatter of the measured voltage, in voltage steps."""
    false_starts: int = 0
    """At most so many false starts before SET, of at most"""
    false_length: int = 4
    """so many samples each."""
    full: bool = False
    """Whether a false start reaches the current of the LRS; else a fifth of it or more."""
    glitches: int = 0
    """At most so many samples behind SET that show the HRS."""
    limit: float | None = None
    """Current limit (A) of the first two branches, within a factor of 1.5."""
    series: float = 0.0
    """Largest resistance in series, in units of the LRS."""
    transistor: bool = False
    """Whether the limit is a saturating transistor instead of the source."""
    telegraph: float = 0.0
    """Relative amplitude of telegraph noise in the HRS."""
    gradual_reset: bool = False
    """Whether the filament dissolves over 50 to 300 mV beyond V_RESET."""
    absolute: bool = False
    """Whether |I| is stored."""
    polarity: int = 1
    """-1 turns voltage and current round."""


CONDITIONS: dict[str, Conditions] = {
    "1 % noise": Conditions(),
    "5 % noise": Conditions(noise=0.05),
    "10 % noise": Conditions(noise=0.1),
    "1 nA noise floor": Conditions(noise_current=1e-9),
    "voltage jitter of a fifth of a step": Conditions(jitter=0.2, noise=0.03),
    "coarse steps of 100 mV": Conditions(step=0.1),
    "fine steps of 2 mV": Conditions(step=0.002),
    "compliance": Conditions(limit=3e-4, noise=0.03),
    "transistor": Conditions(limit=3e-4, transistor=True),
    "series resistor": Conditions(series=3.0),
    "small false starts": Conditions(false_starts=3),
    "full false starts": Conditions(false_starts=3, full=True),
    "full false starts at the compliance": Conditions(
        false_starts=3, full=True, limit=1e-4, noise=0.03, jitter=0.2
    ),
    "glitches behind SET": Conditions(glitches=2),
    "telegraph noise in the HRS": Conditions(telegraph=0.5),
    "gradual RESET": Conditions(gradual_reset=True),
    "|I| stored": Conditions(absolute=True, noise=0.03),
    "other polarity": Conditions(polarity=-1, noise=0.03),
    "unipolar": Conditions(cell=Cell.UNIPOLAR, noise=0.03),
    "unipolar, other polarity, |I| stored": Conditions(
        cell=Cell.UNIPOLAR, noise=0.03, polarity=-1, absolute=True
    ),
    "volatile": Conditions(cell=Cell.VOLATILE, noise=0.03),
    "snap-back": Conditions(cell=Cell.SNAP_BACK, noise=0.01, limit=5e-4),
    "all at once": Conditions(
        noise=0.03, noise_current=1e-10, jitter=0.2, false_starts=2, limit=3e-4, series=1.0, telegraph=0.3
    ),
}  # fmt: skip
"""What `python benchmarks/extraction.py --coverage` and the tests try."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class KnownSweep:
    """A simulated sweep and its truth."""

    sweep: IVSweep
    v_set: float
    """Signed SET voltage (V)."""
    v_reset: float
    """Signed RESET voltage (V); NaN for a volatile cell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cell:
    v_set: float
    v_reset: float
    lrs: float
    hrs: float

    def hrs_current(self, v: np.ndarray) -> np.ndarray:
        return v / self.hrs * (1.0 + np.abs(v)) / (1.0 + READ)


def draw_sweep(conditions: Conditions, rng: np.random.Generator) -> KnownSweep:
    """One cycle of a drawn cell under `conditions`."""
    cell, limit = _draw_cell(conditions, rng)
    match conditions.cell:
        case Cell.UNIPOLAR:
            v, i, v_reset = _unipolar(cell, conditions, limit, rng)
        case Cell.VOLATILE:
            v, i, v_reset = _volatile(cell, conditions, limit, rng)
        case _:
            v, i, v_reset = _bipolar(cell, conditions, limit, rng)
    if conditions.cell is Cell.SNAP_BACK:
        # The source regulates the current; what is measured is the voltage that is left on the cell.
        held = (np.abs(i) >= 0.999 * limit) & (v > 0)
        v = np.where(held, np.abs(i) * cell.lrs, v)
    v = v + conditions.jitter * conditions.step * rng.standard_normal(v.size)
    i = i + conditions.noise_current * rng.standard_normal(v.size)
    sign = conditions.polarity
    sweep = IVSweep(
        voltage=sign * v,
        current=np.abs(i) if conditions.absolute else sign * i,
        provenance=Provenance(simulated_by="pinched.extraction.calibration.sweeps"),
    )
    return KnownSweep(sweep=sweep, v_set=sign * cell.v_set, v_reset=sign * v_reset)


def _draw_cell(conditions: Conditions, rng: np.random.Generator) -> tuple[_Cell, float]:
    while True:
        lrs = 10 ** rng.uniform(2.3, 4.5)
        hrs = lrs * 10 ** rng.uniform(0.7, 5.0)
        total = lrs * (1.0 + conditions.series * rng.random())
        # Unipolar cells RESET well below their SET, snap-back leaves less voltage than there was.
        v_set = rng.uniform(1.2, 2.6) if conditions.cell is Cell.UNIPOLAR else rng.uniform(0.4, 2.6)
        v_reset = -rng.uniform(0.3, 2.6)
        limit = np.inf if conditions.limit is None else conditions.limit * 1.5 ** rng.uniform(-1.0, 1.0)
        cell = _Cell(v_set=v_set, v_reset=v_reset, lrs=total, hrs=hrs)
        before = float(cell.hrs_current(np.array([v_set]))[0])
        # The telegraph noise of the HRS eats up contrast, and so does the growth of the HRS current up to RESET.
        clear = CONTRAST * (1.0 + conditions.telegraph)
        contrast = v_set / total / before
        at_reset = (1.0 + v_set) / (1.0 - v_reset)
        hidden = before > 0.4 * min(limit, v_set / total)
        if contrast > clear and contrast * min(at_reset, 1.0) > clear and not hidden:
            return cell, float(limit)


def _staircase(*corners: float, step: float) -> Float[np.ndarray, " sample"]:
    pieces = [np.zeros(1)]
    for start, stop in pairwise(corners):
        count = round(abs(stop - start) / step)
        pieces.append(start + (stop - start) * np.arange(1, count + 1) / count)
    return np.concatenate(pieces)


def _noisy(i: np.ndarray, conditions: Conditions, rng: np.random.Generator) -> np.ndarray:
    return i * np.exp(conditions.noise * rng.standard_normal(i.size))


def _limited(
    i: np.ndarray,
    here: Bool[np.ndarray, " sample"],
    limit: float,
    conditions: Conditions,
    rng: np.random.Generator,
) -> np.ndarray:
    """The current with the limit, where it is on."""
    if not np.isfinite(limit):
        return i
    if conditions.transistor:
        return np.where(here, limit * np.tanh(i / limit), i)
    held = here & (np.abs(i) > limit)
    return np.where(held, np.sign(i) * limit * (1.0 + 1e-4 * rng.standard_normal(i.size)), i)


def _bipolar(
    cell: _Cell, conditions: Conditions, limit: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    v = _staircase(0.0, STOP, 0.0, -STOP, 0.0, step=conditions.step)
    k, top = np.arange(v.size), round(STOP / conditions.step)
    set_at, reset_at = int(np.argmax(v >= cell.v_set)), int(np.argmax(v <= cell.v_reset))
    low, high = v / cell.lrs, cell.hrs_current(v)
    i = np.where((k >= set_at) & (k < reset_at), low, high)
    v_reset = cell.v_reset
    if conditions.gradual_reset:
        width = rng.uniform(0.05, 0.3)
        left = np.exp(-3.0 * np.maximum(cell.v_reset - v[reset_at : 3 * top + 1], 0.0) / width)
        i[reset_at : 3 * top + 1] += (low - high)[reset_at : 3 * top + 1] * left
        i[3 * top + 1 :] += (low - high)[3 * top + 1 :] * left[-1]
        # By definition the RESET of a gradual one is where |I| of the curve itself peaks.
        near = slice(2 * top, reset_at + round(width / conditions.step) + 3)
        v_reset = float(v[near][int(np.argmax(np.abs(i[near])))])
    if conditions.telegraph:
        raised = np.cumsum(rng.random(v.size) < 0.05) % 2
        i = np.where((k >= set_at) & (k < reset_at), i, i * (1.0 + conditions.telegraph * raised))
    for _ in range(rng.integers(1, conditions.false_starts + 1) if conditions.false_starts else 0):
        length = int(rng.integers(1, conditions.false_length + 1))
        start = int(rng.integers(2, max(set_at - length - 1, 3)))
        samples = slice(start, min(start + length, set_at - 1))
        share = 1.0 if conditions.full else 10 ** rng.uniform(-0.7, 0.0)
        i[samples] = np.maximum(share * low[samples], i[samples])
    for _ in range(rng.integers(1, conditions.glitches + 1) if conditions.glitches else 0):
        at = int(rng.integers(set_at + 4, max(2 * top - 3, set_at + 5)))
        i[at] = high[at]
    i = _limited(_noisy(i, conditions, rng), k <= 2 * top, limit, conditions, rng)
    return v, i, v_reset


def _unipolar(
    cell: _Cell, conditions: Conditions, limit: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """RESET without, SET with a limit, twice over."""
    v_reset = rng.uniform(0.4, 0.7 * cell.v_set)
    stop = min(v_reset + 0.25 * cell.v_set, 0.95 * cell.v_set)
    held = min(limit, 0.8 * cell.v_set / cell.lrs)
    volts, amps = [], []
    for peak, resets in ((stop, True), (STOP, False)) * 2:
        v = _staircase(0.0, peak, 0.0, step=conditions.step)
        out = np.arange(v.size) <= v.size // 2
        on = out & (v <= v_reset) if resets else ~out | (v >= cell.v_set)
        i = _noisy(np.where(on, v / cell.lrs, cell.hrs_current(v)), conditions, rng)
        volts.append(v)
        amps.append(i if resets else _limited(i, on, held, conditions, rng))
    return np.concatenate(volts), np.concatenate(amps), v_reset


def _volatile(
    cell: _Cell, conditions: Conditions, limit: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    v = _staircase(0.0, STOP, 0.0, step=conditions.step)
    out, hold = np.arange(v.size) <= v.size // 2, rng.uniform(0.2, 0.7) * cell.v_set
    on = np.where(out, v >= cell.v_set, v > hold)
    i = _noisy(np.where(on, v / cell.lrs, cell.hrs_current(v)), conditions, rng)
    return v, _limited(i, on, limit, conditions, rng), float("nan")


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchingScore:
    """How often switching voltages were found within one voltage step."""

    condition: str
    cycles: int
    v_set: int
    """Cycles whose V_SET was found."""
    v_reset: int
    """Cycles whose V_RESET was found, of"""
    resets: int
    """so many that have one."""

    @property
    def shares(self) -> tuple[float, float]:
        """Share of V_SET and of V_RESET found; NaN for V_RESET where no cell has one."""
        return self.v_set / self.cycles, self.v_reset / self.resets if self.resets else float("nan")


def score_switching(name: str, conditions: Conditions, *, cycles: int = 300, seed: int = 0) -> SwitchingScore:
    """Extract `cycles` sweeps under `conditions` and compare with their truth, as statistics take the values.

    A value counts as found within one voltage step of the truth; with a scatter of the measured voltage the step is
    that of the staircase.
    """
    hits = {"v_set": 0, "v_reset": 0}
    resets = 0
    for k in range(cycles):
        known = draw_sweep(conditions, generator(seed, "switching", name, k))
        table = extract_switching(dataclasses.replace(known.sweep, device=f"{k}"), read_voltage=READ)
        row = 0
        resets += int(np.isfinite(known.v_reset))
        for column, truth in (("v_set", known.v_set), ("v_reset", known.v_reset)):
            found = float(table.measured(column)[row])
            hits[column] += int(abs(found - truth) <= 1.001 * conditions.step)
    return SwitchingScore(
        condition=name, cycles=cycles, v_set=hits["v_set"], v_reset=hits["v_reset"], resets=resets
    )


def draw_gradual(rng: np.random.Generator, *, noise: float, samples: int = 400) -> IVSweep:
    """A loop of a device without a threshold: by flux, by an exponential window, or by a smooth step."""
    phase = np.linspace(0.0, 2.0 * np.pi, samples)
    peak, gain, power = rng.uniform(0.5, 3.0), 10 ** rng.uniform(0.5, 3.0), rng.uniform(0.5, 4.0)
    v, state = peak * np.sin(phase), np.zeros(samples)
    match int(rng.integers(3)):
        case 0:
            i = (1.0 + gain * (0.5 - 0.5 * np.cos(phase)) ** power) * np.sinh(rng.uniform(0.2, 2.0) * v)
        case 1:
            speed = phase[1] / rng.uniform(0.1, 1.0) / peak
            for k in range(samples - 1):
                state[k + 1] = state[k] + speed * (
                    max(v[k], 0.0) * (1 - state[k]) - max(-v[k], 0.0) * state[k]
                )
            i = v * (1.0 + gain * state)
        case _:
            width = rng.uniform(0.15, 0.4) * peak
            up, down = (1.0 / (1.0 + np.exp(-(v + shift * peak) / width)) for shift in (-0.6, 0.6))
            for k in range(1, samples):
                state[k] = max(state[k - 1], up[k]) if v[k] >= 0 else min(state[k - 1], down[k])
            i = v * (1.0 + gain * state)
    return IVSweep(
        voltage=v,
        current=1e-6 * i * np.exp(noise * rng.standard_normal(samples)),
        provenance=Provenance(simulated_by="pinched.extraction.calibration.sweeps"),
    )


def score_gradual(*, noise: float, devices: int = 300, seed: int = 0) -> float:
    """Share of gradual `devices` that are called gradual (or flat) and get no V_SET."""
    honest = 0
    for k in range(devices):
        table = extract_switching(draw_gradual(generator(seed, "gradual", k), noise=noise))
        honest += int(all(flag in (Flag.GRADUAL, Flag.NONE) for flag in table.v_set_flag))
    return honest / devices
