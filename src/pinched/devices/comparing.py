"""`fit_all`: every compact law on the same sweeps, ranked by what it predicts of cycles that it has not seen.

A law is fitted once to all chosen sweeps (`fit_device`), then once more without each fold of cycles, which it must
predict. The ranking is by that cross-validated error; the information criterion stands beside it and decides where
there is one cycle only. Laws with noise of their own are left out: their single runs are not comparable with a single
measurement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched._progress import Progress, Silent
from pinched.data.sweep import IVSweep
from pinched.devices.fitting import (
    DeviceFit,
    FitOptions,
    chosen_sweeps,
    fit_device,
    predict,
    refit,
    require_switching,
)
from pinched.devices.law import Law, Stochastic
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.registry import LAWS
from pinched.devices.laws.resistances import ExponentialResistance
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.windows import Biolek, Joglekar
from pinched.devices.presets.tiotto2023 import tiotto2023
from pinched.extraction.cycles import TURN, turning_points


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RankedLaw:
    """One law in the competition."""

    name: str
    """Name of the law, as the command line calls it."""
    fit: DeviceFit | None
    """Fit to all chosen sweeps; None where the law could not be fitted."""
    cross_validated: float = quantity(
        math.inf,
        "1",
        "",
        "root mean square error on held-back cycles, in decades of current; NaN for one cycle",
    )
    cross_validated_worst: float = quantity(math.inf, "1", "", "the same for the worst fold")
    akaike_difference: float = quantity(
        math.inf, "1", r"\Delta", "information criterion above the best law's"
    )
    problem: str = ""
    """Why the law could not be fitted."""


def fit_all(
    sweeps: IVSweep | Sequence[IVSweep],
    *,
    laws: Mapping[str, type[Law] | Law] | None = None,
    options: FitOptions | None = None,
    fixed: Mapping[str, float] | None = None,
    folds: int = 3,
    progress: Progress | None = None,
) -> list[RankedLaw]:
    """Every law of `laws` (all that have a state and no noise, when None) fitted to `sweeps`, best first.

    `folds` is the number of parts that are held back in turn, each a share of the cycles; a single sweep is cut into
    its cycles, and of a single cycle nothing is held back. `fixed` sets parameters of the one law that has them.
    Raises `PinchedError` for sweeps that never switch; a law that fails is listed with its reason.
    """
    options = options or FitOptions()
    given = [sweeps] if isinstance(sweeps, IVSweep) else list(sweeps)
    if len(given) == 1:
        given = _cycles(given[0])
    chosen = chosen_sweeps(given, max(options.sweeps, min(folds, len(given))))
    require_switching(chosen)
    table = laws if laws is not None else competitors()
    ranked = []
    for name, law in (progress or Silent()).track(table.items(), "laws", len(table)):
        try:
            fit = fit_device(law, chosen, fixed=fixed, options=options)
            errors = _held_back(fit, chosen, folds, options)
        except PinchedError as error:
            ranked.append(RankedLaw(name=name, fit=None, problem=str(error)))
            continue
        ranked.append(
            RankedLaw(
                name=name,
                fit=fit,
                cross_validated=float(np.sqrt(np.mean(np.square(errors)))) if errors else math.nan,
                cross_validated_worst=max(errors) if errors else math.nan,
            )
        )
    return _sorted(ranked)


def competitors() -> dict[str, type[Law] | Law]:
    """Laws that `fit_all` lets compete: those with a state and no noise of their own, and their usual variants."""
    plain = {name: law for name, law in LAWS.items() if law.states and not issubclass(law, Stochastic)}
    return plain | {
        "linear-drift-biolek": LinearIonDrift(window=Biolek(p=2.0)),
        "linear-drift-joglekar": LinearIonDrift(window=Joglekar(p=2.0)),
        "vteam-exponential": Vteam(resistance_law=ExponentialResistance()),
        "yakopcic-two-branch": tiotto2023(),
    }


def _cycles(sweep: IVSweep) -> list[IVSweep]:
    """`sweep` cut where it is back at its first voltage and goes the same way again; whole when it never is.

    What is left over at the end stays with the last cycle: half a cycle tells nothing of the other half, so neither
    may it be held back nor would what is fitted without the other half be any good.
    """
    voltage, turns = sweep.voltage, turning_points(sweep.voltage)
    direction = np.sign(voltage[turns[1]] - voltage[0])
    slack = TURN * float(np.ptp(voltage))
    edges = [0]
    for start, stop in pairwise(map(int, turns)):
        ahead = direction * (voltage[start : stop + 1] - voltage[0])
        if start > 0 and ahead[-1] > ahead[0] and ahead[0] <= slack:
            edges.append(start + int(np.argmax(ahead >= min(0.0, float(ahead[-1])))))
    last = voltage[edges[-1] :]
    ranges = [float(np.ptp(voltage[a:b])) for a, b in pairwise(edges)]
    if ranges and (np.ptp(last) < 0.5 * min(ranges) or abs(last[-1] - voltage[0]) > 5.0 * slack):
        edges.pop()
    return [
        sweep.part(slice(a, b), cycle=sweep.cycle + k)
        for k, (a, b) in enumerate(pairwise([*edges, len(sweep)]))
    ]


def _held_back(fit: DeviceFit, sweeps: Sequence[IVSweep], folds: int, options: FitOptions) -> list[float]:
    """Errors (decades) on each fold of cycles after a fit without it, which starts at the fit to all."""
    count = min(folds, len(sweeps))
    if count < 2:
        return []
    errors = []
    for fold in range(count):
        kept = [s for k, s in enumerate(sweeps) if k % count != fold]
        held = [s for k, s in enumerate(sweeps) if k % count == fold]
        without = refit(fit, kept, options)
        errors.append(predict(without, held, options))
    return errors


def _sorted(ranked: list[RankedLaw]) -> list[RankedLaw]:
    best = min((r.fit.akaike for r in ranked if r.fit is not None), default=math.inf)

    def order(entry: RankedLaw) -> tuple[float, float]:
        if entry.fit is None:
            return math.inf, math.inf
        # Without a cycle to hold back, only the criterion charges a law for its parameters.
        return 0.0 if math.isnan(entry.cross_validated) else entry.cross_validated, entry.fit.akaike

    return [
        RankedLaw(
            name=r.name,
            fit=r.fit,
            cross_validated=r.cross_validated,
            cross_validated_worst=r.cross_validated_worst,
            akaike_difference=math.inf if r.fit is None else r.fit.akaike - best,
            problem=r.problem,
        )
        for r in sorted(ranked, key=order)
    ]
