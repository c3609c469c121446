r"""`DeviceSpread`: how binary memristors of one technology differ, ready to be drawn from.

`fit_spread` makes one from a `SwitchingTable`, `presets` hold published ones. Cells are drawn by a
Gaussian copula: correlated standard normal numbers, each mapped through its own distribution, so that a
drawn cell is a possible cell (a high V_SET goes with a high HRS where the data say so).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import optimize, stats

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched.devices.copula import correlation_factor, require_correlation
from pinched.extraction.distributions import (
    Distribution,
    DistributionFit,
    Lognormal,
    Normal,
    Weibull,
    fit_distribution,
)
from pinched.extraction.table import SwitchingTable

QUANTITIES = ("v_set", "v_reset", "resistance_lrs", "resistance_hrs")
"""Order of the rows of `correlation` and of the drawn normal numbers."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DeviceSpread:
    """Distributions of V_SET, |V_RESET|, LRS and HRS of a technology, and the share of working devices."""

    v_set: Distribution = quantity(dataclasses.MISSING, "V", r"V_\mathrm{SET}", "SET voltage, magnitude")
    v_reset: Distribution = quantity(
        dataclasses.MISSING, "V", r"|V_\mathrm{RESET}|", "RESET voltage, magnitude"
    )
    resistance_lrs: Distribution = quantity(
        dataclasses.MISSING, "ohm", r"R_\mathrm{LRS}", "low resistance state"
    )
    resistance_hrs: Distribution = quantity(
        dataclasses.MISSING, "ohm", r"R_\mathrm{HRS}", "high resistance state"
    )
    device_yield: float = quantity(
        1.0, "1", "y", "share of devices that switch at all; the others are stuck in HRS"
    )
    correlation: Float[np.ndarray, "4 4"] = quantity(
        None,
        "1",
        r"\rho",
        "correlation of the normal scores, in the order of QUANTITIES; None for independent",
    )
    source: str = ""
    """Key in references.bib, or what the spread was fitted to."""
    devices: int = 0
    """How many devices stand behind it; 0 when unknown."""
    cycles: int = 0
    """How many cycles stand behind it; 0 when unknown."""

    def __post_init__(self) -> None:
        require(
            self,
            0.0 <= self.device_yield <= 1.0,
            f"device_yield is {self.device_yield}; it is a share from 0 to 1 (40 % is 0.4).",
        )
        object.__setattr__(self, "correlation", require_correlation(self, self.correlation, 4))
        for name in ("resistance_lrs", "resistance_hrs"):
            low = float(getattr(self, name).cdf(np.zeros(1))[0])
            require(
                self,
                low < 1e-6,
                f"{name} ({getattr(self, name)}) gives {low:.2g} of all cells a resistance below zero. "
                "Use a distribution of positive values (Lognormal, Weibull).",
            )
        medians = [
            float(getattr(self, n).from_normal(np.zeros(1))[0]) for n in ("resistance_lrs", "resistance_hrs")
        ]
        require(
            self,
            medians[0] < medians[1],
            f"the median HRS ({medians[1]:.3g} ohm) is not above the median LRS ({medians[0]:.3g} ohm). "
            "Are the two swapped?",
        )

    @property
    def normal_factor(self) -> Float[np.ndarray, "4 4"]:
        """Lower factor L of the correlation: L @ z is correlated where z is independent."""
        return correlation_factor(self.correlation)

    def best_threshold(self) -> float:
        """Sense resistance (ohm) between the states that misreads the fewest cells, '0' and '1' equally likely."""
        low, high = (
            float(np.log(getattr(self, n).from_normal(np.zeros(1))[0]))
            for n in ("resistance_lrs", "resistance_hrs")
        )

        def misread(log_threshold: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
            at = np.exp(log_threshold)
            # Log-survival keeps the order where both shares round to zero.
            return np.log(1e-300 + (1.0 - self.resistance_lrs.cdf(at)) + self.resistance_hrs.cdf(at))

        grid = np.linspace(low, high, 201)
        errors = misread(grid)
        best = np.flatnonzero(errors <= errors.min() + 1e-9)
        if best.size > 1:  # a flat bottom: no cell is misread, stay clear of both states
            return float(np.exp(grid[best].mean()))
        k = int(best[0])
        found = optimize.minimize_scalar(
            lambda x: float(misread(np.array([x]))[0]),
            bounds=(grid[max(k - 1, 0)], grid[min(k + 1, 200)]),
            method="bounded",
        )
        return float(np.exp(found.x))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpreadFit:
    """A `DeviceSpread` fitted to a table, with the fit of each quantity and what was assumed."""

    spread: DeviceSpread
    fits: dict[str, DistributionFit]
    """One fit per name in QUANTITIES."""
    working: int
    """Devices whose two states were seen at least once."""
    tested: int
    """Devices in the table."""
    assumptions: tuple[str, ...]
    """What the numbers rest on beyond the data, one sentence each."""


def working_devices(table: SwitchingTable) -> tuple[int, int]:
    """How many devices of `table` work, and how many there are.

    A device works when its two states were seen at least once; a gradual one does, although it has no V_SET.
    """
    seen = np.isfinite(table.resistance_lrs) & np.isfinite(table.resistance_hrs)
    return len(set(table.device_number[seen].tolist())), len(table.devices)


def fit_spread(table: SwitchingTable, *, device_yield: float | None = None, seed: int = 0) -> SpreadFit:
    """Fit V_SET, |V_RESET|, LRS and HRS of `table`; the yield is the share of its devices that switch.

    `device_yield` overrides the counted share. Resistances are fitted by distributions of positive
    values only. Raises `PinchedError` when a quantity has fewer than 3 values, naming the cause.
    """
    numbers = table.device_number
    switches = np.isfinite(table.v_set) & np.isfinite(table.v_reset)
    working, tested = working_devices(table)
    fits: dict[str, DistributionFit] = {}
    for name in QUANTITIES:
        values = table.measured(name)
        count = int(np.isfinite(values).sum())
        if count < 3:
            raise PinchedError(
                f"only {count} of {len(table)} cycles have a {name}: no spread can be fitted, so no memory can be "
                f"built. Flags: {_flag_counts(getattr(table, name + '_flag'))}. Give more cycles or devices, a read "
                "voltage that the sweeps reach, or sweeps that switch."
            )
        families = (Lognormal, Weibull) if name.startswith("resistance") else (Normal, Lognormal, Weibull)
        fits[name] = fit_distribution(values, families=families, devices=numbers, seed=seed)
    complete = np.column_stack([np.abs(table.measured(name)) for name in QUANTITIES])
    complete = complete[np.isfinite(complete).all(axis=1)]
    correlation, note = _rank_correlation(complete)
    share = working / tested if device_yield is None else device_yield
    assumptions = [note]
    if tested == 1:
        assumptions.append(
            "One device was measured: its cycle-to-cycle spread stands in for the device-to-device spread of an "
            "array, which is usually larger."
        )
    if device_yield is not None:
        assumptions.append(
            f"The yield of {device_yield:.3g} was given, not counted ({working} of {tested} switched)."
        )
    missed = len(table) - int(switches.sum())
    if missed:
        assumptions.append(
            f"{missed} of {len(table)} cycles lack a V_SET or a V_RESET; they are left out of the distributions."
        )
    return SpreadFit(
        spread=DeviceSpread(
            **{name: fit.distribution for name, fit in fits.items()},
            device_yield=share,
            correlation=correlation,
            source=f"fitted to {len(table)} cycles of {tested} device{'s' if tested > 1 else ''}",
            devices=tested,
            cycles=len(table),
        ),
        fits=fits,
        working=working,
        tested=tested,
        assumptions=tuple(assumptions),
    )


def _flag_counts(flags: tuple[str, ...]) -> str:
    return ", ".join(f"{flag}: {flags.count(flag)}" for flag in dict.fromkeys(flags))


def _rank_correlation(complete: Float[np.ndarray, "row 4"]) -> tuple[Float[np.ndarray, "4 4"], str]:
    # A correlation of a dozen rows is noise; 20 rows put the 95 % band of zero at about 0.44.
    if len(complete) < 20:
        return np.eye(4), (
            f"{len(complete)} complete cycles are too few for correlations (20 are needed): "
            "V_SET, V_RESET, LRS and HRS are drawn independently."
        )
    ranks = stats.rankdata(complete, axis=0) / (len(complete) + 1)
    matrix = np.corrcoef(stats.norm.ppf(ranks), rowvar=False)
    matrix[~np.isfinite(matrix)] = 0.0
    np.fill_diagonal(matrix, 1.0)
    return (
        matrix,
        f"Correlations between the four quantities are kept (normal scores of {len(complete)} cycles).",
    )
