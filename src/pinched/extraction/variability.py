r"""How devices and cycles differ: two sources of scatter, whole curves, and what goes together.

`variance_components` to part device-to-device from cycle-to-cycle scatter (take logarithms of resistances
first); `curve_variability` for whole I-V curves, where a few switching numbers are blind; `correlations` for
what goes together in a table, with intervals over devices. Whether there are two kinds of devices: `families`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched._random import generator
from pinched.data.sweep import IVSweep
from pinched.extraction.components import scatter_of
from pinched.extraction.cycles import Branch, Cycle, split_cycles
from pinched.extraction.intervals import row_interval
from pinched.extraction.table import SwitchingTable


@dataclass(frozen=True, kw_only=True, slots=True)
class VarianceComponents:
    """Scatter between devices and within them; in the unit of the values (1 for logarithms)."""

    source: ClassVar[str] = "searle1992variance"
    mean: float
    """Mean over devices."""
    device_to_device: float
    """Standard deviation between devices; 0 where they differ no more than their cycles explain."""
    device_to_device_interval: tuple[float, float]
    """95 % interval of it."""
    cycle_to_cycle: float
    """Standard deviation between the cycles of one device."""
    cycle_to_cycle_interval: tuple[float, float]
    """95 % interval of it (chi-squared: exact for independent normal cycles)."""
    share: float
    """Share of the whole variance that lies between devices (intraclass correlation)."""
    share_interval: tuple[float, float]
    """95 % interval of it."""
    devices: int
    """How many devices."""
    cycles: int
    """How many values."""


def variance_components(
    values: Float[np.ndarray, " value"],
    devices: Int[np.ndarray, " value"],
    *,
    draws: int = 4000,
    seed: int = 0,
) -> VarianceComponents:
    """Part the variance of `values` (NaN dropped) into that between `devices` and that within them.

    Closed form of the random-effects analysis of variance, right for devices of unequal numbers of cycles. The
    intervals are generalised ones (weerahandi1993generalized): of every variance between devices that a
    chi-squared draw of the weighted spread of device means leads to (wald1940variance). Give logarithms of
    resistances. Correlated cycles make the part within devices look smaller than it is: see
    `series.autocorrelation`. Raises `PinchedError` below 2 devices, or where no device has 2 values.
    """
    x = np.asarray(values, dtype=np.float64)
    keep = np.isfinite(x)
    x, device_of = x[keep], np.asarray(devices)[keep]
    k, n = np.unique(device_of).size, x.size
    if k < 2 or n <= k:
        raise PinchedError(
            f"{n} values of {k} devices cannot be parted into device and cycle scatter. "
            "Give at least 2 devices, one of them with 2 cycles."
        )
    scatter = scatter_of(x, device_of)
    cycle, device = scatter.cycle, scatter.device
    device_draw, cycle_draw = scatter.draws(draws, generator(seed, "variance components"))
    device_ends = np.sqrt(np.percentile(device_draw, [2.5, 97.5]))
    cycle_ends = np.sqrt(scatter.within / stats.chi2.ppf([0.975, 0.025], n - k))
    total = np.maximum(device_draw + cycle_draw, 1e-300)
    share_ends = np.percentile(device_draw / total, [2.5, 97.5])
    return VarianceComponents(
        mean=float(scatter.means.mean()),
        device_to_device=float(np.sqrt(device)),
        device_to_device_interval=(float(device_ends[0]), float(device_ends[1])),
        cycle_to_cycle=float(np.sqrt(cycle)),
        cycle_to_cycle_interval=(float(cycle_ends[0]), float(cycle_ends[1])),
        share=device / (device + cycle) if device + cycle > 0 else 0.0,
        share_interval=(float(share_ends[0]), float(share_ends[1])),
        devices=k,
        cycles=n,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CurveVariability:
    """Scatter of whole I-V curves: a coefficient of variation over every point of the loop."""

    source: ClassVar[str] = "acal2023holistic"
    coefficient: float = quantity(
        dataclasses.MISSING,
        "1",
        r"\mathrm{2DVC}",
        "root of the summed variance over the summed squared mean of I",
    )
    interval: tuple[float, float] = (float("nan"), float("nan"))
    """95 % bootstrap interval of `coefficient`, over devices where there are several, else over blocks of cycles."""
    pointwise: float = quantity(
        float("nan"),
        "1",
        r"c_v",
        "root mean square of the coefficients of variation: high and low currents count alike",
    )
    voltage: Float[np.ndarray, " point"] = quantity(
        dataclasses.MISSING, "V", "V", "signed voltage of each point along the loop"
    )
    variation: Float[np.ndarray, " point"] = quantity(
        dataclasses.MISSING, "1", r"c_v(V)", "coefficient of variation (n - 1) of |I| at each point"
    )
    cycles: int = 0
    """How many curves."""


def curve_variability(sweeps: list[IVSweep], *, points: int = 100, seed: int = 0) -> CurveVariability:
    r"""Two-dimensional variability coefficient of all cycles of `sweeps`, as we read it.

    Only the abstract of acal2023holistic is known to us; it says that every point of every curve counts. What is
    computed here: |I| of each cycle on `points` equal steps of |V| per branch (up to the smallest peak of any
    cycle, from 5 % of it), and over all cycles c and points s

    $$ \sqrt{\textstyle\sum_s \mathrm{Var}_c\, I_c(s) \,/\, \sum_s (\mathrm{mean}_c\, I_c(s))^2} $$

    For curves that differ by a factor only it is the coefficient of variation of that factor. Raises
    `PinchedError` below 2 cycles, or where the cycles share no branch.
    """
    cycles = [(sweep.device, cycle) for sweep in sweeps for cycle in split_cycles(sweep)]
    branches = [_branches(cycle) for _, cycle in cycles]
    shared = sorted(set.intersection(*(set(b) for b in branches))) if branches else []
    if len(cycles) < 2 or not shared:
        raise PinchedError(
            f"{len(cycles)} cycles with {len(shared)} branches in common: the variability of curves needs at least "
            "2 cycles that run along the same sides."
        )
    curves, places = [], []
    for key in shared:
        grid = np.linspace(0.05, 1.0, points) * min(float(b[key].voltage.max()) for b in branches)
        curves.append(np.array([b[key].current_at(grid) for b in branches]))
        places.append(key[0] * grid)
    current, voltage = np.hstack(curves), np.concatenate(places)
    seen = np.isfinite(current).all(axis=0) & (current.mean(axis=0) > 0)
    current, voltage = current[:, seen], voltage[seen]
    if voltage.size == 0:
        raise PinchedError(
            "the cycles have no voltage with a current in common. Give cycles of one kind of sweep."
        )

    def coefficient(rows: Int[np.ndarray, " drawn"]) -> float:
        drawn = current[rows]
        return float(np.sqrt(drawn.var(axis=0, ddof=1).sum() / (drawn.mean(axis=0) ** 2).sum()))

    names = {name: k for k, name in enumerate(dict.fromkeys(device for device, _ in cycles))}
    device = np.array([names[name] for name, _ in cycles])
    # The level of a curve carries its memory: one number per cycle tells how long the blocks must be.
    level = np.log(np.maximum(current, 1e-300)).mean(axis=1)
    found = row_interval(level, coefficient, devices=device, seed=seed, resamples=1000)
    variation = current.std(axis=0, ddof=1) / current.mean(axis=0)
    return CurveVariability(
        coefficient=found.value,
        interval=found.interval,
        pointwise=float(np.sqrt((variation**2).mean())),
        voltage=voltage,
        variation=variation,
        cycles=len(cycles),
    )


def _branches(cycle: Cycle) -> dict[tuple[int, int], Branch]:
    ways = [(e.sign, k, b) for e in cycle.excursions for k, b in enumerate((e.outgoing, e.returning))]
    return {(sign, k): b for sign, k, b in ways if b is not None}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Correlations:
    """Rank correlations between columns of a table."""

    names: tuple[str, ...]
    """Columns, in the order of the rows of `value`."""
    value: Float[np.ndarray, "column column"] = quantity(
        dataclasses.MISSING,
        "1",
        r"\rho",
        "Spearman correlation of the magnitudes; NaN below 4 complete cycles",
    )
    low: Float[np.ndarray, "column column"] = quantity(dataclasses.MISSING, "1", r"\rho_-", "lower end, 95 %")
    high: Float[np.ndarray, "column column"] = quantity(
        dataclasses.MISSING, "1", r"\rho_+", "upper end, 95 %"
    )
    n: Int[np.ndarray, "column column"] = quantity(
        dataclasses.MISSING, "1", "n", "complete cycles of each pair"
    )


def correlations(
    table: SwitchingTable,
    names: tuple[str, ...] = ("v_set", "v_reset", "resistance_lrs", "resistance_hrs"),
    *,
    seed: int = 0,
) -> Correlations:
    """Spearman correlations between the columns `names` of `table`, bounds left out, with 95 % intervals.

    Whole devices are drawn where there are several, blocks of cycles of a single one, on the scale of Fisher's
    z. Magnitudes are ranked: "V_RESET rises" means further from 0 V.
    """
    columns = np.abs(np.array([table.measured(name) for name in names]))
    device, k = table.device_number, len(names)
    value, low, high = (np.full((k, k), np.nan) for _ in range(3))
    n = np.zeros((k, k), dtype=np.int64)
    for i in range(k):
        for j in range(i, k):
            keep = np.isfinite(columns[i]) & np.isfinite(columns[j])
            pair = columns[[i, j]][:, keep]
            n[i, j] = n[j, i] = pair.shape[1]
            if i == j or pair.shape[1] < 4:
                ends = (1.0, 1.0, 1.0) if i == j and pair.shape[1] >= 4 else (np.nan,) * 3
            else:
                ends = rank_correlation(pair[0], pair[1], devices=device[keep], seed=seed)
            for matrix, end in zip((value, low, high), ends, strict=True):
                matrix[i, j] = matrix[j, i] = end
    return Correlations(names=names, value=value, low=low, high=high, n=n)


def rank_correlation(
    x: Float[np.ndarray, " value"],
    y: Float[np.ndarray, " value"],
    *,
    devices: Int[np.ndarray, " value"] | None = None,
    seed: int = 0,
    resamples: int = 1000,
) -> tuple[float, float, float]:
    """Spearman correlation of the finite values `x` and `y` and its 95 % interval: value, low, high.

    Whole `devices` are drawn where there are several, blocks of a single one, on the scale of Fisher's z. Raises
    `PinchedError` below 4 values.
    """
    if x.size < 4 or x.size != y.size:
        raise PinchedError(f"{x.size} and {y.size} values have no correlation; give at least 4 pairs.")
    pair = np.array([x, y])
    ranks = stats.rankdata(pair, axis=1)
    found = row_interval(
        # The coefficient averages products of centred ranks: their memory is the one that counts.
        np.prod(ranks - ranks.mean(axis=1, keepdims=True), axis=0),
        lambda rows: _fisher_z(pair[:, rows]),
        devices=devices,
        seed=seed,
        resamples=resamples,
    )
    value, low, high = np.tanh([found.value, *found.interval]).tolist()
    return value, low, high


def _fisher_z(pair: Float[np.ndarray, "2 cycle"]) -> float:
    ranks = stats.rankdata(pair, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    scale = float(np.sqrt((ranks[0] @ ranks[0]) * (ranks[1] @ ranks[1])))
    return float(np.arctanh(np.clip(ranks[0] @ ranks[1] / scale, -0.999999, 0.999999))) if scale > 0 else 0.0
