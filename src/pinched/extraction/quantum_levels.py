r"""Which plateaus are multiples of G_0: levels named with a probability, the series resistance, a test of the claim.

`name_levels` takes plateaus from one or many records of a device. A conductance behind a series resistance reads
$G = 1 / (1/G_m - R_s)$; R_s is stated, or is the one that makes the levels most likely multiples, with the
interval of its likelihood. The likelihood is a mixture: integers, half-integers, and levels anywhere, the shares
of the three found by it too. Half-integers lie a quarter of G_0 or less from everything, and a free R_s bends any
ladder towards them, so that by eye "levels fit multiples of G_0" always holds: `p_value` says how often levels
drawn anywhere, with R_s free as well, fit as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float
from scipy import signal, stats

from pinched._errors import PinchedError
from pinched._plateau_kernels import level_likelihoods
from pinched._random import generator
from pinched._units import to_si
from pinched.constants import G_0

SPREAD = 0.05
"""Scatter (G_0) of real levels around a multiple that is allowed beside their errors; an assumption, named in
`Levels`."""

CHANCE = 0.01
"""Largest p-value of the claim of quantization: every device that steps is asked."""

SURE = 0.9
"""Probability from which a level is called by its kind."""


class LevelKind(StrEnum):
    """What a level is a multiple of."""

    INTEGER = "integer"
    HALF_INTEGER = "half-integer"
    OTHER = "other"
    CANNOT_TELL = "cannot tell"
    """No kind has nine parts in ten of the probability, or the error exceeds an eighth of G_0."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Levels:
    """Plateaus in units of G_0, each with the probabilities of what it is."""

    value: Float[np.ndarray, " plateau"]
    """Conductance (G_0), the series resistance taken off."""
    error: Float[np.ndarray, " plateau"]
    """Standard error (G_0), that of the series resistance included."""
    nearest: Float[np.ndarray, " plateau"]
    """Nearest multiple of one half (G_0)."""
    probability: Float[np.ndarray, "plateau 3"]
    """Of an integer, of a half-integer, of a level between."""
    shares: tuple[float, float, float]
    """Shares of the three kinds among all levels, by the likelihood."""
    series_resistance: float
    """Ohm that was taken off."""
    series_interval: tuple[float, float]
    """95 % interval of it (ohm); it spans all resistances that fit about as well, also where they lie apart."""
    estimated: bool
    """Whether the series resistance was estimated from the levels, or given."""
    gain: float
    """Log likelihood of the mixture above that of levels anywhere."""
    p_value: float
    """Share of ladders with levels anywhere that gain as much: what the claim of quantization is worth."""
    spread: float
    """Scatter (G_0) that was allowed around a multiple."""

    def __len__(self) -> int:
        return self.value.size

    @property
    def kinds(self) -> tuple[LevelKind, ...]:
        """What each level is; nobody can tell where the resistance was bent to fit and the fit may be chance."""
        if self.estimated and not self.quantized:
            return (LevelKind.CANNOT_TELL,) * len(self)
        order = (LevelKind.INTEGER, LevelKind.HALF_INTEGER, LevelKind.OTHER)
        best = self.probability.argmax(axis=1)
        sure = (self.probability.max(axis=1) >= SURE) & (self.error <= 0.125)
        return tuple(order[k] if s else LevelKind.CANNOT_TELL for k, s in zip(best, sure, strict=True))

    @property
    def quantized(self) -> bool:
        """Whether most levels lie at multiples of half of G_0, more than chance allows (`CHANCE`)."""
        return self.p_value <= CHANCE and self.shares[0] + self.shares[1] > 0.5

    @property
    def highest(self) -> float:
        """Highest level (G_0)."""
        return float(self.value.max())

    @property
    def text(self) -> str:
        """The verdict in one line."""
        kinds = self.kinds
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in LevelKind if kind in kinds)
        claim = "multiples of G_0 / 2" if self.quantized else "no evidence for multiples of G_0 / 2"
        low, high = self.series_interval
        series = f"{self.series_resistance:.3g} ohm"
        if self.estimated:
            series += f" (estimated, {low:.3g} .. {high:.3g})"
        return f"{claim} (p = {self.p_value:.2g}): {counts}; series resistance {series}"


def name_levels(
    conductance: Float[np.ndarray, " plateau"],
    error: Float[np.ndarray, " plateau"],
    *,
    series_resistance: str | float | None = None,
    series_max: str | float = "400 ohm",
    spread: float = SPREAD,
    ladders: int = 199,
    seed: int = 0,
) -> Levels:
    """Name plateaus with `conductance` and standard `error` (S), of one device.

    `series_resistance` (ohm) None estimates it between 0 and `series_max`. `spread` (G_0) is the scatter allowed
    around a multiple. Raises `PinchedError` for no plateau, a conductance or error that is not above zero, a given
    series resistance that exceeds the resistance of a plateau, or an estimate from fewer than 5 plateaus.
    """
    g, e = np.asarray(conductance, dtype=np.float64), np.asarray(error, dtype=np.float64)
    if g.size == 0 or not (g > 0).all() or not (e > 0).all():
        raise PinchedError(
            f"{g.size} plateaus with conductances from {float(g.min(initial=np.inf)):g} S: at least one is needed, "
            "all above zero and each with an error above zero. Levels below zero are an offset of the instrument."
        )
    if series_resistance is not None:
        ohms = to_si(series_resistance, "ohm")
        _require_below(ohms, g)
        grid = np.array([ohms])
    else:
        if g.size < 5:
            raise PinchedError(
                f"{g.size} plateaus are too few to estimate a series resistance from; at least 5 are needed. Give "
                "`series_resistance` (0 to leave it out), or pool the plateaus of several sweeps."
            )
        # Not more than what leaves the highest level a fifth of its resistance.
        most = min(to_si(series_max, "ohm"), 0.8 / float(g.max()))
        grid = _resistances(most, g)
    likelihood, shares = level_likelihoods(grid, g, e, spread, G_0)
    best = int(np.argmax(likelihood))
    ohms = float(grid[best])
    near = grid[likelihood >= likelihood[best] - 0.5 * float(stats.chi2.ppf(0.95, 1))]
    low, high = float(near.min()), float(near.max())
    value, own = _behind(ohms, g, e)
    # What the interval of the resistance moves a level by, as a standard error.
    shift = value**2 * G_0 * (high - low) / (2.0 * 1.96)
    rng = generator(seed, "conductance quantum", "ladders")
    further = tried = 0
    gain = float(likelihood[best])
    while tried < ladders and further < 10:
        # Anywhere: each level moved by less than half a step up or down keeps the density of the ladder.
        moved = value + rng.uniform(-0.25, 0.25, value.size)
        moved = np.maximum(moved, 0.02)
        drawn = moved * G_0 / (1.0 + moved * G_0 * ohms)
        further += int(level_likelihoods(grid, drawn, e, spread, G_0)[0].max() >= gain)
        tried += 1
    return Levels(
        value=value, error=np.hypot(own, shift), nearest=np.round(2.0 * value) / 2.0,
        probability=_probabilities(value, np.hypot(own, shift), shares[best], spread),
        shares=tuple(float(s) for s in shares[best]),  # type: ignore[arg-type]
        series_resistance=ohms, series_interval=(low, high), estimated=series_resistance is None, gain=gain,
        p_value=further / tried if further >= 10 else (further + 1) / (tried + 1), spread=spread,
    )  # fmt: skip


def without_series(
    conductance: Float[np.ndarray, " *sample"], series_resistance: str | float
) -> Float[np.ndarray, " *sample"]:
    """`conductance` (S) as it would be without `series_resistance` (ohm); NaN stays.

    Raises `PinchedError` where the resistance is as large as that of a sample.
    """
    ohms = to_si(series_resistance, "ohm")
    _require_below(ohms, conductance[np.isfinite(conductance)])
    return np.asarray(conductance / (1.0 - ohms * conductance))


def _require_below(ohms: float, g: np.ndarray) -> None:
    least = 1.0 / float(g.max(initial=1e-300))
    if ohms < 0 or ohms >= least:
        raise PinchedError(
            f"a series resistance of {ohms:g} ohm cannot be taken off a plateau of {least:g} ohm "
            f"({float(g.max()) / G_0:.3g} G_0): nothing would be left of it. Give the resistance of leads and "
            "electrodes alone, below that of the highest plateau."
        )


def _resistances(most: float, g: np.ndarray) -> np.ndarray:
    # The highest level moves by a twentieth of G_0 from one resistance to the next.
    step = 0.05 / (G_0 * (float(g.max()) / G_0) ** 2) / 2.0
    return np.linspace(0.0, most, min(max(int(most / step), 40), 600))


def _behind(ohms: float | np.ndarray, g: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left = 1.0 - ohms * g
    return np.asarray(g / left / G_0), np.asarray(e / left**2 / G_0)


def _densities(value: np.ndarray, error: np.ndarray, spread: float) -> np.ndarray:
    """Probability densities (1 / G_0) of each value for integers, half-integers and levels anywhere."""
    width = np.hypot(error, spread)[..., None]
    out = []
    for offset in (0.0, 0.5):
        # Distance to the grid of period 1: neighbours on both sides count where the error is wide.
        d = (value - offset) - np.round(value - offset)
        d = d[..., None] + np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
        out.append((np.exp(-0.5 * (d / width) ** 2) / (width * math.sqrt(2.0 * math.pi))).sum(axis=-1))
    # No channel is no integer level: below a quarter there is a barrier, not a contact.
    out[0] = np.where(value < 0.25, 0.0, out[0])
    return np.stack([*out, np.ones_like(value)], axis=-1)


def _probabilities(value: np.ndarray, error: np.ndarray, shares: np.ndarray, spread: float) -> np.ndarray:
    weight = _densities(value, error, spread) * shares
    return weight / weight.sum(axis=1, keepdims=True)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ConductanceHistogram:
    """How often each conductance was seen, and where it was seen more often than around it."""

    edges: Float[np.ndarray, " edge"]
    """Edges of the bins (G_0)."""
    counts: Float[np.ndarray, " bin"]
    """Samples in each bin."""
    peaks: Float[np.ndarray, " peak"]
    """Places (G_0) of peaks that stand out of the bins around them by three standard deviations of counting."""
    sigmas: Float[np.ndarray, " peak"]
    """By how many."""


def conductance_histogram(
    conductance: Float[np.ndarray, " sample"], *, width: float = 0.1, least: float = 0.0, most: float = 30.0
) -> ConductanceHistogram:
    """Histogram of `conductance` (S, NaN left out) in bins of `width` between `least` and `most` (G_0), with its
    peaks.

    Give samples, as the field does, or plateaus, where each counts once whatever its length: samples of one long
    plateau are no independent counts, and a peak of them says that one plateau was long. Raises `PinchedError` for
    nothing in the range.
    """
    g = conductance[np.isfinite(conductance)] / G_0
    g = g[(g > 0) & (g >= least) & (g < most)]
    if g.size == 0:
        raise PinchedError(f"no conductance lies between {least:g} and {most:g} G_0: is it in siemens?")
    edges = np.arange(0.0, min(most, float(g.max()) + 2.0 * width) + width, width)
    counts = np.histogram(g, edges)[0].astype(np.float64)
    # Around: the median over one G_0, which peaks at multiples of a half do not fill.
    half = max(round(0.5 / width), 2)
    padded = np.pad(counts, half, mode="reflect" if counts.size > half else "edge")
    around = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=1)[: counts.size]
    at, _ = signal.find_peaks(np.concatenate([[0.0], counts, [0.0]]))
    at = at - 1
    sigmas = (counts[at] - around[at]) / np.sqrt(np.maximum(around[at], 1.0))
    keep = sigmas >= 3.0
    places = []
    for k in at[keep].tolist():
        a, b = max(k - 1, 0), min(k + 2, counts.size)
        middle = 0.5 * (edges[a:b] + edges[a + 1 : b + 1])
        places.append(float(middle @ counts[a:b] / counts[a:b].sum()))
    return ConductanceHistogram(edges=edges, counts=counts, peaks=np.array(places), sigmas=sigmas[keep])
