r"""Conduction against temperature: barriers, trap depths, hopping energies, and whether a state is metallic.

One curve at one temperature gives the shape of a law; its energy stands in how the law's prefactor changes with
temperature. `fit_activation` takes fits of one law at three temperatures or more and draws the line for it:

| law | ordinate against $1 / k_\mathrm{B} T$ | slope | intercept |
|---|---|---|---|
| Schottky | $\ln(I_0 / T^2)$ (Richardson plot) | $-\phi_B$, barrier at zero field | $\ln(A A^*)$ |
| Poole-Frenkel | $\ln G_0$ | $-\phi_t$, depth of the traps | |
| hopping | $\ln(G V_0)$ | $-E_a$ of a hop | |
| ohmic | $\ln G$ | $-E_a$; above zero for a metal | |

`extract_activation` finds the fits among those of `extract_conduction`; `temperature_coefficient` is the other
question, asked of a filament: by how much does its resistance rise per kelvin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import stats

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched.extraction.arrhenius import Line, fit_line
from pinched.extraction.conduction_barriers import Hopping, PooleFrenkel, Schottky
from pinched.extraction.conduction_fitting import FittedLaw
from pinched.extraction.conduction_laws import Law, Ohmic
from pinched.extraction.conduction_sanity import RICHARDSON
from pinched.extraction.conduction_states import State, StateConduction


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Activation:
    """The energy that a law of conduction needs, from its prefactor at several temperatures."""

    source: ClassVar[str] = "chiu2014review"
    law: str
    """Name of the law."""
    ordinate: str
    """What stands against 1 / (k_B T)."""
    line: Line
    """The points and the line through them."""
    energy: float = quantity(float("nan"), "eV", r"E", "barrier, trap depth or activation energy")
    interval: tuple[float, float] = (float("nan"), float("nan"))
    """95 % interval (eV) of `energy`; t distribution."""
    richardson: float = quantity(
        float("nan"), "A m^-2 K^-2", "A^*", "Richardson constant; NaN for other laws or an unknown area"
    )
    richardson_interval: tuple[float, float] = (float("nan"), float("nan"))
    """95 % interval of it (A m^-2 K^-2)."""
    reason: str = ""
    """What the numbers mean, one sentence."""


def fit_activation(fits: Sequence[FittedLaw], *, area: float | None = None) -> Activation:
    """The activation energy of `fits` of one law, each at its own temperature; `area` (m^2) of the electrode.

    Fits at one temperature are averaged. Raises `PinchedError` for laws of several kinds, for one without a
    thermally activated prefactor, or below 3 different temperatures.
    """
    kinds = {type(fit.law) for fit in fits}
    if len(kinds) != 1 or not kinds <= set(_ORDINATES):
        names = ", ".join(sorted(kind.name for kind in kinds)) or "none"
        raise PinchedError(
            f"the laws are {names}: give fits of one law that temperature activates "
            f"({', '.join(kind.name for kind in _ORDINATES)})."
        )
    kind = kinds.pop()
    kelvin = np.array([fit.law.temperature for fit in fits], dtype=np.float64)  # type: ignore[attr-defined]
    y = np.array([_ordinate(fit.law) for fit in fits], dtype=np.float64)
    line = fit_line(kelvin, y, what=f"fits of {kind.name}")
    low, high = line.slope_interval
    constant, ends = float("nan"), (float("nan"), float("nan"))
    if kind is Schottky and area is not None:
        least, most = line.intercept_interval
        constant, ends = (
            float(np.exp(line.intercept) / area),
            (
                float(np.exp(least) / area),
                float(np.exp(most) / area),
            ),
        )
    return Activation(
        law=kind.name,
        ordinate=_ORDINATES[kind],
        line=line,
        energy=-line.slope,
        interval=(-high, -low),
        richardson=constant,
        richardson_interval=ends,
        reason=_reason(kind, -line.slope, (-high, -low), constant, ends),
    )


def extract_activation(
    states: Sequence[StateConduction],
    law: type[Law],
    *,
    state: State = State.HRS,
    sign: int = 1,
    area: float | None = None,
) -> Activation:
    """`fit_activation` of `law` over the branches of `states` that show `state` on the side `sign` (+1 or -1).

    The temperature is that of each sweep (a setting of its file, its name or its user). Raises `PinchedError` as
    `fit_activation` does, and where no branch shows the state.
    """
    chosen = [
        fitted
        for one in states
        if one.state is state and one.sign == sign and one.fit is not None
        for fitted in one.fit.laws
        if type(fitted.law) is law
    ]
    if not chosen:
        raise PinchedError(
            f"no branch of {len(states)} shows the {state} at {'positive' if sign > 0 else 'negative'} voltage with "
            f"a fit of {law.name}. Fit that law, or ask for another state or side."
        )
    return fit_activation(chosen, area=area)


_ORDINATES: dict[type[Law], str] = {
    Schottky: "ln(I$_0$ T$^{-2}$ / (A K$^{-2}$))",
    PooleFrenkel: "ln(G$_0$ / S)",
    Hopping: "ln(G V$_0$ / A)",
    Ohmic: "ln(G / S)",
}


def _ordinate(law: Law) -> float:
    match law:
        case Schottky():
            # I_0 = A A* T^2 exp(-phi / kT): the T^2 is no activation.
            return law.intercept - 2.0 * float(np.log(law.temperature))
        case PooleFrenkel():
            return law.intercept
        case Hopping():
            # V_0 = 2 kT d / (q a) rises with T and takes the prefactor of G with it; their product does not.
            return float(np.log(law.conductance * law.scale))
        case Ohmic():
            return float(np.log(law.conductance))
        case _:
            raise AssertionError(law)


def _reason(
    kind: type[Law],
    energy: float,
    interval: tuple[float, float],
    constant: float,
    ends: tuple[float, float],
) -> str:
    if interval[1] <= 0:
        words = "the current falls as the temperature rises: "
        return words + ("metallic" if kind is Ohmic else f"no {kind.name} conduction")
    if interval[0] <= 0:
        return f"{energy:.3g} eV cannot be told from zero: no activation is proved"
    found = f"activated by {energy:.3g} eV [{interval[0]:.3g}, {interval[1]:.3g}]"
    if not np.isfinite(constant):
        return found
    inside = ends[0] <= RICHARDSON <= ends[1]
    share = constant / RICHARDSON
    return found + (
        f"; A* is {share:.2g} of that of free electrons"
        + ("" if inside else ", outside the interval: the emitting area or the law is another")
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TemperatureCoefficient:
    """How a resistance changes with temperature."""

    value: float = quantity(float("nan"), "1/K", r"\alpha", "relative change per kelvin at `reference`")
    interval: tuple[float, float] = (float("nan"), float("nan"))
    """95 % interval (1/K)."""
    resistance: float = quantity(float("nan"), "ohm", "R_0", "resistance at `reference`")
    reference: float = quantity(300.0, "K", "T_0", "temperature that the coefficient belongs to")

    @property
    def metallic(self) -> bool:
        """Whether the resistance is proved to rise with temperature."""
        return self.interval[0] > 0


def temperature_coefficient(
    temperature: Float[np.ndarray, " point"],
    resistance: Float[np.ndarray, " point"],
    *,
    reference: float = 300.0,
) -> TemperatureCoefficient:
    """R = R_0 (1 + alpha (T - T_0)) through `resistance` (ohm) at `temperature` (K); `reference` is T_0 (K).

    Copper films have 0.004 / K, a filament a part of it; below zero a state is activated. Raises `PinchedError`
    below 3 different temperatures.
    """
    kelvin, ohms = np.asarray(temperature, dtype=np.float64), np.asarray(resistance, dtype=np.float64)
    groups, inverse, counts = np.unique(np.round(kelvin, 1), return_inverse=True, return_counts=True)
    if groups.size < 3 or not (kelvin > 0).all() or not (ohms > 0).all():
        raise PinchedError(
            f"{kelvin.size} resistances at {groups.size} temperatures: a coefficient needs at least 3 different "
            "temperatures (K) and resistances above zero."
        )
    x, y = (np.bincount(inverse, weights=w) / counts for w in (kelvin - reference, ohms))
    design = np.column_stack([np.ones_like(x), x])
    scale = float(y.mean())
    (start, slope), *_ = np.linalg.lstsq(design, y / scale, rcond=None)
    residual = y / scale - design @ np.array([start, slope])
    variance = float(residual @ residual) / (x.size - 2)
    covariance = variance * np.linalg.inv(design.T @ design)
    alpha = float(slope / start)
    # The ratio of two numbers that err together, to first order.
    gradient = np.array([-alpha / start, 1.0 / start])
    half = float(stats.t.ppf(0.975, x.size - 2)) * float(np.sqrt(gradient @ covariance @ gradient))
    return TemperatureCoefficient(
        value=alpha,
        interval=(alpha - half, alpha + half),
        resistance=float(start * scale),
        reference=reference,
    )
