r"""`fit_device`: the parameters of a compact law from measured sweeps, with what they are worth.

A global search (differential evolution, all candidates of a generation simulated beside each other) finds the
basin, then least squares with exact slopes goes down it. Current is compared in its logarithm; where the source
regulated nothing is compared. Sweeps without a time are taken as swept at `rate`; speeds then mean that rate.
Use `fit_all` (`pinched.devices.comparing`) to let the laws compete.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy import optimize

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched._random import generator
from pinched.data.sweep import IVSweep
from pinched.devices._fit_problem import SERIES, Problem, Target, target
from pinched.devices.fit_ranges import FitRange, SweepScale, ranges_for
from pinched.devices.law import Law, parameters, units, with_parameters

_SHORT, _LONG = 12, 60
"""Evaluations of least squares from every start, and from the two best of them."""

_HOPELESS = 4.0
"""A start whose cost after the search is this many times the best one's is not gone on from."""

_IDENTIFIED = 0.05
"""Half-width of the 95 % interval, relative to the value, up to which a parameter counts as identified."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedParameter:
    """One free parameter of a fit."""

    name: str
    unit: str
    value: float
    low: float
    """Lower end of the 95 % interval, from the covariance; held within the search range."""
    high: float
    """Upper end of that interval."""
    identified: bool
    """False where the sweeps leave it open: an interval wider than 5 % either way, or a value at the edge."""
    at_edge: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DeviceFit:
    """A fitted device, with residuals, covariance and a verdict."""

    device: Law
    """The law with the fitted parameters."""
    parameters: tuple[FittedParameter, ...]
    covariance: Float[np.ndarray, "parameter parameter"] = quantity(
        None, "1", r"\Sigma", "covariance of the parameters as shares (0 to 1) of their search ranges"
    )
    residuals: Float[np.ndarray, " residual"] = quantity(
        None,
        "1",
        "r",
        "differences of asinh(I / 2 I_0), simulated minus measured: natural logarithm of the ratio",
    )
    error_decades: float = quantity(math.nan, "1", "", "root mean square residual, in decades of current")
    floor_current: float = quantity(
        math.nan, "A", "I_0", "current below which differences count no more in proportion"
    )
    series_resistance: float = quantity(0.0, "ohm", r"R_\mathrm{s}", "series resistance, fitted or given")
    flipped: bool = False
    """True when the sweeps had to be turned round to meet the law's polarity."""
    akaike: float = math.nan
    """Akaike information criterion, corrected for few samples; the number of samples counts correlated ones."""
    verdict: str = ""
    """What to think of the fit, in words."""
    simulated: tuple[np.ndarray, ...] = ()
    """Current (A) of the fitted device at the samples of `targets`."""
    targets: tuple[Target, ...] = ()
    """What was compared."""
    ranges: Mapping[str, FitRange] = field(default_factory=dict)
    """Where each free parameter was sought."""

    @property
    def unidentified(self) -> tuple[str, ...]:
        """Names of the parameters that the sweeps leave open."""
        return tuple(p.name for p in self.parameters if not p.identified)


@dataclass(frozen=True, kw_only=True, slots=True)
class FitOptions:
    """How a fit is made."""

    points: int = quantity(160, "1", "", "samples of a sweep that are compared, about")
    rate: float = quantity(1.0, "V/s", "", "sweep rate where the file has no time")
    generations: int = quantity(40, "1", "", "generations of the global search")
    candidates: int = quantity(64, "1", "", "candidates of a generation")
    starts: int = quantity(4, "1", "", "candidates that least squares goes on from")
    sweeps: int = quantity(5, "1", "", "sweeps that are fitted at most, evenly chosen")
    seed: int = 0
    try_flipped: bool = True
    """Also try the sweeps turned round: laws differ in which polarity sets."""
    fit_series: bool = False
    """Seek a series resistance too."""
    series_resistance: float = quantity(
        0.0, "ohm", r"R_\mathrm{s}", "series resistance where it is not sought"
    )

    def __post_init__(self) -> None:
        for name in ("points", "generations", "candidates", "starts", "sweeps"):
            require(self, getattr(self, name) >= 1, f"{name} is {getattr(self, name)}; at least 1 is needed.")
        require(self, self.points >= 20, f"points is {self.points}; at least 20 are needed to see a loop.")
        require(self, self.rate > 0, f"rate is {self.rate} V/s; it must be above zero.")


def fit_device(
    law: type[Law] | Law,
    sweeps: IVSweep | Sequence[IVSweep],
    *,
    ranges: Mapping[str, FitRange] | None = None,
    fixed: Mapping[str, float] | None = None,
    options: FitOptions | None = None,
) -> DeviceFit:
    """`law` (its class, or a device that tells signs, window and what stays fixed) fitted to `sweeps`.

    `ranges` replaces proposed search ranges and frees what is named there, `fixed` sets parameters that are not
    sought. Raises `PinchedError` for sweeps that never switch, for names that the law does not have, and where no
    candidate could be simulated.
    """
    options = options or FitOptions()
    chosen = chosen_sweeps([sweeps] if isinstance(sweeps, IVSweep) else list(sweeps), options.sweeps)
    template = law() if isinstance(law, type) else law
    if fixed:
        template = with_parameters(template, fixed)
    if template.states:
        require_switching(chosen)
    found: list[tuple[float, Problem, np.ndarray, bool]] = []
    for flipped in (False, True) if options.try_flipped else (False,):
        turned = [s.flipped() for s in chosen] if flipped else chosen
        problem = _problem(template, turned, ranges or {}, tuple(fixed or ()), options)
        population, costs = _search(problem, options, flipped)
        found += [
            (float(costs[k]), problem, population[k], flipped) for k in _distinct(population, costs, options)
        ]
    # A polarity that is far behind after the search is not the device's: least squares costs most of the time.
    found = [f for f in found if f[0] <= _HOPELESS * min(g[0] for g in found)]
    nearer = []
    for _, problem, start, flipped in found:
        cost, share = _descend(problem, start, _SHORT)
        nearer.append((cost, problem, share, flipped))
    best: tuple[float, Problem, np.ndarray, bool] | None = None
    for _, problem, start, flipped in sorted(nearer, key=lambda f: f[0])[:2]:
        cost, share = _descend(problem, start, _LONG)
        if best is None or cost < best[0]:
            best = (cost, problem, share, flipped)
    if best is None:
        raise PinchedError(
            f"{type(template).__name__}: no candidate could be simulated on these sweeps. Give ranges that are "
            "nearer, or fix parameters."
        )
    return _finished(*best[1:])


def require_switching(sweeps: Sequence[IVSweep]) -> None:
    """Raise `PinchedError` when every sweep goes back the way it came: nothing there tells a state."""
    largest = 0.0
    for sweep in sweeps:
        v, i = sweep.voltage, np.abs(sweep.signed_current)
        step = np.diff(v, prepend=v[0])
        outward, inward = step * v > 0, step * v < 0
        for side in (v > 0, v < 0):
            a, b = side & outward, side & inward
            if a.sum() < 3 or b.sum() < 3:
                continue
            grid = np.linspace(0.15, 0.85, 15) * min(np.abs(v[a]).max(), np.abs(v[b]).max())
            there = _logs(np.abs(v[a]), i[a], grid)
            back = _logs(np.abs(v[b]), i[b], grid)
            largest = max(largest, float(np.median(np.abs(there - back))))
    if largest < math.log(1.02):
        raise PinchedError(
            f"these sweeps never switch: forth and back differ by {100 * math.expm1(largest):.2g} % of the current. "
            "A law with a state cannot be told from them; give sweeps with a loop, or a static conduction law."
        )


def _logs(voltage: np.ndarray, current: np.ndarray, grid: np.ndarray) -> np.ndarray:
    order = np.argsort(voltage)
    return np.log(np.interp(grid, voltage[order], np.maximum(current[order], 1e-300)))


def chosen_sweeps(sweeps: list[IVSweep], count: int) -> list[IVSweep]:
    """At most `count` of `sweeps`, evenly chosen. Raises `PinchedError` for an empty list."""
    if not sweeps:
        raise PinchedError("no sweeps were given to fit.")
    if len(sweeps) <= count:
        return sweeps
    return [sweeps[k] for k in np.unique(np.linspace(0, len(sweeps) - 1, count).round().astype(int))]


def _problem(
    law: Law,
    sweeps: list[IVSweep],
    ranges: Mapping[str, FitRange],
    fixed: tuple[str, ...],
    options: FitOptions,
) -> Problem:
    targets = [target(s, options.points, options.rate) for s in sweeps]
    duration = float(np.median([t.plan.corner_time[-1] - t.plan.corner_time[0] for t in targets]))
    scale = SweepScale.of(sweeps, duration)
    free = ranges_for(law, scale, fixed) | dict(ranges)
    if options.fit_series and SERIES not in free:
        free[SERIES] = FitRange(low=1e-3 * scale.resistance_low, high=scale.resistance_low, logarithmic=True)
    # Names are checked here, before minutes of search.
    known = units(law)
    for name in ranges:
        require(
            type(law),
            name in known or name == SERIES,
            f"there is no parameter {name}; it has {', '.join(known)}.",
        )
    return Problem(
        law=law, ranges=free, targets=targets, floor=scale.current_low, series=options.series_resistance
    )


def refit(fit: DeviceFit, sweeps: Sequence[IVSweep], options: FitOptions) -> DeviceFit:
    """The fit of the same law to other `sweeps`, by least squares from `fit` alone: for cross-validation."""
    problem = _again(fit, sweeps, options)
    start = np.array([r.share(p.value) for p, r in zip(fit.parameters, problem.ranges.values(), strict=True)])
    _, share = _descend(problem, start, _LONG)
    return _finished(problem, share, fit.flipped)


def predict(fit: DeviceFit, sweeps: Sequence[IVSweep], options: FitOptions) -> float:
    """Root mean square error (decades of current) of `fit` on `sweeps` that it has not seen."""
    problem = _again(fit, sweeps, options)
    share = np.array([r.share(p.value) for p, r in zip(fit.parameters, problem.ranges.values(), strict=True)])
    residual, _ = problem.residuals(share, 1e-6)
    return float(np.sqrt(np.mean(residual**2))) / math.log(10)


def _again(fit: DeviceFit, sweeps: Sequence[IVSweep], options: FitOptions) -> Problem:
    turned = [s.flipped() for s in sweeps] if fit.flipped else list(sweeps)
    return Problem(
        law=fit.device,
        ranges=dict(fit.ranges),
        targets=[target(s, options.points, options.rate) for s in turned],
        floor=fit.floor_current,
        series=fit.series_resistance,
    )


def _search(problem: Problem, options: FitOptions, flipped: bool) -> tuple[np.ndarray, np.ndarray]:
    """Last population of a differential evolution on the first sweep, and its costs."""
    width = len(problem.ranges)
    require(type(problem.law), width > 0, "no parameter is free; leave some out of `fixed`.")
    rng = generator(options.seed, "fit", type(problem.law).__name__, int(flipped))
    # The first sweep and, where it reaches further, the widest: enough to find the basin.
    reach = [float(np.ptp(t.plan.corner_value)) for t in problem.targets]
    first = [problem.targets[k] for k in sorted({0, int(np.argmax(np.asarray(reach) > 1.05 * reach[0]))})]

    def cost(shares: np.ndarray) -> np.ndarray:
        return problem.costs(np.ascontiguousarray(shares.T), first, 1e-3)

    candidates = max(options.candidates, 5 * width)
    start = _latin(4 * candidates, width, rng)
    # The template's own values are a candidate too: a preset near the truth must not be lost.
    known = {**problem.values(np.full(width, 0.5)), **_own(problem)}
    start[0] = [r.share(known[n]) for n, r in problem.ranges.items()]
    costs = cost(start.T)
    keep = np.argsort(costs)[:candidates]
    population, costs = start[keep], costs[keep]
    for _ in range(options.generations):
        trial = _mutated(population, costs, rng)
        new = cost(trial.T)
        better = new < costs
        population[better], costs[better] = trial[better], new[better]
    return population, costs


def _latin(count: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A Latin hypercube: every parameter takes each of `count` slices of its range once."""
    slices = np.stack([rng.permutation(count) for _ in range(width)], axis=1)
    return (slices + rng.random((count, width))) / count


def _distinct(population: np.ndarray, costs: np.ndarray, options: FitOptions) -> list[int]:
    """The best candidates that are not one and the same: late generations crowd around a few."""
    kept: list[int] = []
    for k in np.argsort(costs):
        if len(kept) == options.starts or not np.isfinite(costs[k]):
            break
        near = [float(np.sqrt(np.mean((population[k] - population[j]) ** 2))) for j in kept]
        if not near or min(near) > 0.02:
            kept.append(int(k))
    return kept


def _own(problem: Problem) -> dict[str, float]:
    return {n: float(v) for n, v in parameters(problem.law).items() if n in problem.ranges}


def _mutated(population: np.ndarray, costs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Differential evolution, current-to-best with a random scale: quick, and it keeps its spread."""
    count, width = population.shape
    elite = population[np.argsort(costs)[: max(2, count // 8)]]
    pull = elite[rng.integers(len(elite), size=count)]
    one, two = population[rng.permutation(count)], population[rng.permutation(count)]
    scale = rng.uniform(0.3, 0.9, size=(count, 1))
    trial = population + scale * (pull - population) + scale * (one - two)
    keep = rng.random((count, width)) > 0.8
    trial = np.where(keep, population, trial)
    # Reflected at the edges, so that the search does not pile up on them.
    trial = np.abs(trial)
    return np.clip(np.where(trial > 1.0, 2.0 - trial, trial), 0.0, 1.0)


def _descend(problem: Problem, start: np.ndarray, evaluations: int) -> tuple[float, np.ndarray]:
    """Least squares from `start` in at most `evaluations`: (cost, share)."""

    def evaluate(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        try:
            return problem.residuals(np.clip(share, 0.0, 1.0), 1e-6)
        except PinchedError:
            size = sum(int(t.used.sum()) for t in problem.targets)
            return np.full(size, 50.0), np.zeros((size, share.size))

    known: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def cached(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        key = share.tobytes()
        if key not in known:
            known.clear()
            known[key] = evaluate(share)
        return known[key]

    inside = np.clip(start, 1e-6, 1 - 1e-6)
    found = optimize.least_squares(
        lambda s: cached(s)[0], inside, jac=lambda s: cached(s)[1],  # type: ignore[arg-type]
        bounds=(0.0, 1.0), loss="soft_l1",
        f_scale=1.0, max_nfev=evaluations, x_scale="jac",
    )  # fmt: skip
    return float(found.cost), np.asarray(found.x)


def _finished(problem: Problem, share: np.ndarray, flipped: bool) -> DeviceFit:
    residual, jacobian = problem.residuals(share, 1e-6)
    values, unit_of = problem.values(share), units(problem.law) | {SERIES: "ohm"}
    spread = residual_scale(residual)
    weight = 1.0 / np.sqrt(1.0 + residual**2)
    information = (jacobian * weight[:, None]).T @ jacobian / spread**2
    size = len(share)
    covariance = np.linalg.pinv(information + 1e-9 * np.eye(size) * max(np.trace(information) / size, 1e-300))
    deviation = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    deviation = np.maximum(deviation, np.where(np.abs(jacobian).max(axis=0) > 0, 0.0, np.inf))
    fitted = []
    for k, (name, value) in enumerate(values.items()):
        edge = bool(share[k] < 1e-3 or share[k] > 1 - 1e-3)
        ends = problem.ranges[name].value(np.clip(share[k] + 1.96 * deviation[k] * np.array([-1, 1]), 0, 1))
        low, high = sorted(float(e) for e in ends)
        wide = 0.5 * (high - low) / max(abs(value), 0.05 * max(abs(low), abs(high)), 1e-300)
        known = bool(np.isfinite(deviation[k]) and wide <= _IDENTIFIED)
        fitted.append(
            FittedParameter(
                name=name,
                unit=unit_of[name],
                value=value,
                low=low,
                high=high,
                identified=known and not edge,
                at_edge=edge,
            )
        )
    n, k = residual.size, len(share) + 1
    error = float(np.sqrt(np.mean(residual**2)))
    akaike = n * math.log(max(error, 1e-300) ** 2) + 2 * k + 2 * k * (k + 1) / max(n - k - 1, 1)
    fit = DeviceFit(
        device=problem.device(share),
        parameters=tuple(fitted),
        covariance=covariance,
        residuals=residual,
        error_decades=error / math.log(10),
        floor_current=problem.floor,
        series_resistance=values.get(SERIES, problem.series),
        flipped=flipped,
        akaike=akaike,
        simulated=tuple(problem.simulated(share, t) for t in problem.targets),
        targets=tuple(problem.targets),
        ranges=dict(problem.ranges),
    )
    return dataclasses.replace(fit, verdict=_verdict(fit))


def residual_scale(residual: Float[np.ndarray, " residual"]) -> float:
    """Standard deviation of the residuals by their median: the few samples beside a switch must not set it."""
    return max(1.4826 * float(np.median(np.abs(residual))), 1e-9)


def _verdict(fit: DeviceFit) -> str:
    """In words: how near, whether the loop is there at all, and what stays open."""
    decades = fit.error_decades
    measured = np.concatenate([np.arcsinh(t.measured[t.used] / (2 * fit.floor_current)) for t in fit.targets])
    share = float(np.var(fit.residuals) / max(np.var(np.abs(measured)), 1e-300))
    if decades < 0.05:
        said = f"describes the sweeps: {decades:.3f} decades"
    elif decades < 0.2 and share < 0.1:
        said = f"describes the sweeps roughly: {decades:.2f} decades"
    elif share < 0.3:
        said = (
            f"follows the sweeps but not their shape: {decades:.2f} decades; do not read its parameters as the "
            "device's"
        )
    else:
        said = f"cannot describe these sweeps: {decades:.2f} decades, {100 * share:.0f} % of their variance left over"
    if fit.unidentified:
        said += f"; left open by the sweeps: {', '.join(fit.unidentified)}"
    if fit.flipped:
        said += "; the sweeps were turned round to the law's polarity"
    return said + "."
