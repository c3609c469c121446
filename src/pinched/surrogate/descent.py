"""How devices descend towards a loop through a surrogate, on many starts at once.

`descend` is Levenberg-Marquardt in the cube of devices, `spread` is what a loop leaves open around a device. The runs
of the engine that come after are in `pinched.surrogate.polish`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._params import quantity, require
from pinched.physics.accuracy import Accuracy
from pinched.surrogate.device import runs_under, steps_of
from pinched.surrogate.metrics import FLOOR, log_current
from pinched.surrogate.space import SearchSpace

EVEN = float(np.sqrt(1.0 / 12.0))
"""Standard deviation of an even draw from 0 to 1: what is known of a parameter before any loop."""
NINETY = 1.645
"""Half of a 90 % interval of a Gaussian, in standard deviations."""

DAMPING = 1e-2
"""Of the first step, in squares of each axis' slope."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InverseOptions:
    """How much is spent on a loop."""

    draws: int = 512
    """Devices that are asked for before any descent."""
    starts: int = 8
    """The best of them, which descend."""
    iterations: int = 12
    checked: int = 3
    """Devices that the engine corrects."""
    corrections: int = 3
    """Runs of the engine for each of them, after each of which the surrogate descends again."""
    polished: int = 2
    """The best of these, which the engine then polishes alone."""
    polish_runs: int = 50
    """Runs of the engine after which each of those ends, with the slopes that it is asking for."""
    enough: float = 0.005
    """NRMSE (1) of the engine's run at which a device is polished no further."""
    attempts: int = 3
    """Searches, each from draws of its own, of which the next begins only where the last found nothing `good`."""
    good: float = 0.01
    """NRMSE (1) at which a device counts as found."""
    decades: float = quantity(
        0.01,
        "1",
        r"\sigma",
        "how far (decades) a current may be off: the engine's mesh and steps, or the instrument",
    )
    alike: float = 2.0
    """Candidates whose NRMSE is within this factor of the best one (and those below 1 %) count as explaining it."""
    chains: int = 128
    """Markov chains through what explains the loop, of which the intervals are made."""
    generations: int = 120
    """Steps of each chain, of which the first half is left out."""
    accuracy: Accuracy = Accuracy.fast
    seed: int = 0

    def __post_init__(self) -> None:
        counts = self.draws, self.starts, self.iterations, self.checked, self.attempts, self.generations
        none = self.corrections, self.polished, self.polish_runs
        require(
            self, min(counts) >= 1 and self.chains >= 8 and min(none) >= 0
            and min(self.decades, self.enough, self.good) > 0 and self.alike >= 1,
            f"draws, starts, iterations, checked, attempts and generations are {counts}, chains {self.chains}, "
            f"corrections {self.corrections}, polished "
            f"{self.polished}, polish_runs {self.polish_runs}, decades {self.decades}, enough {self.enough}, good "
            f"{self.good}, alike {self.alike}: counts start at 1, chains at 8, decades, enough and good lie "
            "above 0, alike is 1 or more.",
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """A loop on the samples at which the surrogate answers, and the devices that are searched."""

    space: SearchSpace
    wanted: Float[np.ndarray, " sample"]
    """Current (A) of the loop."""
    decades: float

    def misfit(
        self, current: Float[np.ndarray, "run sample"], defect: Float[np.ndarray, "run sample"]
    ) -> Float[np.ndarray, "run residual"]:
        """Residuals: decades over what they may be off by, and the share of the span likewise.

        `defect` (decades) is what the surrogate is known to be off by.
        """
        logs = np.maximum(np.log10(np.maximum(np.abs(current), 1e-300)) + defect, np.log10(FLOOR))
        off = np.clip(logs - log_current(self.wanted[None]), -3.0, 3.0)
        # The linear part says how well the loop itself is met, the decades hold the foot of it.
        relative = self.wanted * (10.0 ** np.clip(off, -1.0, 1.0) - 1.0) / np.ptp(self.wanted)
        return np.concatenate([off, relative], axis=-1) / (self.decades * np.sqrt(self.wanted.size))

    def left(self, current: Float[np.ndarray, "run sample"]) -> Float[np.ndarray, " run"]:
        """How much of the loop (decades, RMS) `current` leaves unexplained; infinite for one that did not finish."""
        nothing = np.zeros((len(current), self.wanted.size))
        found = self.decades * np.sqrt(0.5 * (self.misfit(current, nothing) ** 2).sum(axis=1))
        return np.where(np.isfinite(found), found, np.inf)

    def nrmse(self, current: Float[np.ndarray, "run sample"]) -> Float[np.ndarray, " run"]:
        """RMSE over the span of the loop; infinite for a run that did not finish."""
        found = np.sqrt(((current - self.wanted) ** 2).mean(axis=1)) / np.ptp(self.wanted)
        return np.where(np.isfinite(found), found, np.inf)


def slopes_of(loop: Loop, cube: np.ndarray, defect: np.ndarray) -> np.ndarray:
    """Slope of the residuals by the cube's axes (run, residual, parameter), central differences in one batch."""
    space, (runs, count) = loop.space, cube.shape
    columns = space.values(cube)
    step = np.empty((runs, count))
    for k, name in enumerate(space.names):
        item = space.item(name)
        width = np.log(item.high / item.low) * columns[name] if item.logarithmic else item.high - item.low
        step[:, k] = steps_of(space.surrogate, name, columns[name]) / width
    moved = np.repeat(cube[:, None, :], 2 * count, axis=1)
    for k in range(count):
        moved[:, 2 * k, k] += step[:, k]
        moved[:, 2 * k + 1, k] -= step[:, k]
    current = space.ask(moved.reshape(-1, count))
    own = np.repeat(np.broadcast_to(defect, (runs, space.at.size)), 2 * count, axis=0)
    residuals = loop.misfit(current, own).reshape(runs, 2 * count, -1)
    slopes = (residuals[:, ::2] - residuals[:, 1::2]) / (2.0 * step)[:, :, None]
    return slopes.transpose(0, 2, 1)


def descend(loop: Loop, cube: np.ndarray, defect: np.ndarray, iterations: int) -> np.ndarray:
    """Levenberg-Marquardt on all starts at once; steps are cut off at the walls of the cube.

    What the loop does not tell stays where it was drawn: damping moves nothing that has no slope.
    """
    space, cube = loop.space, cube.copy()
    damping = np.full(len(cube), DAMPING)
    residual = loop.misfit(space.ask(cube), defect)
    cost = (residual**2).sum(axis=1)
    identity = np.eye(cube.shape[1])
    for _ in range(iterations):
        slopes = slopes_of(loop, cube, defect)
        normal = slopes.transpose(0, 2, 1) @ slopes
        pull = (slopes.transpose(0, 2, 1) @ residual[:, :, None])[:, :, 0]
        # What a wall already stops does not pull the others along.
        free = ~(((cube <= 0.0) & (pull > 0.0)) | ((cube >= 1.0) & (pull < 0.0)))
        # Each axis is damped by its own slope (Marquardt), one without a slope by a trace of the others'.
        own = np.diagonal(normal, axis1=1, axis2=2)
        own = own + 1e-3 * own.mean(axis=1, keepdims=True) + 1e-9
        ridge = (damping[:, None] * own)[:, :, None] * identity
        normal = np.where(free[:, :, None] & free[:, None, :], normal, 0.0) + ridge
        step = np.linalg.solve(normal, np.where(free, pull, 0.0)[:, :, None])[:, :, 0]
        trial = np.clip(cube - np.clip(step, -0.2, 0.2), 0.0, 1.0)
        found = loop.misfit(space.ask(trial), defect)
        lower = (found**2).sum(axis=1)
        better = lower < cost
        cube[better], residual[better], cost[better] = trial[better], found[better], lower[better]
        damping = np.where(better, np.maximum(damping / 4.0, 1e-9), np.minimum(damping * 5.0, 1e3))
        if (damping >= 1e3).all():
            break
    return cube


def distinct(cube: np.ndarray, count: int) -> np.ndarray:
    """The first `count` rows that are not one and the same."""
    kept: list[np.ndarray] = []
    for row in cube:
        if all(np.abs(row - other).max() > 0.02 for other in kept):
            kept.append(row)
        if len(kept) == count:
            break
    return np.stack(kept)


def doubt(loop: Loop, cube: np.ndarray, current: np.ndarray) -> Float[np.ndarray, "run sample"]:
    """What a sample may be off by (decades, standard deviation) where parameters are read from it, by row of `cube`.

    Three parts, added as squares: `decades` of the loop itself, the surrogate's own error, since its slopes say how
    far one may go before the loop changes, and what the row's `current` leaves of the loop: a fit that is off by so
    much in current cannot place its parameters better. A surrogate without calibrated intervals counts as exact.
    """
    space = loop.space
    own = np.zeros((len(cube), loop.wanted.size))
    if np.isfinite(space.surrogate.quantile):
        low, high = space.surrogate.interval(
            runs_under(space.surrogate, space.values(cube), space.waveform, space.at)
        )
        own = 0.5 * (high - low) / NINETY
    return np.sqrt(loop.decades**2 + own**2 + np.minimum(loop.left(current), 3.0)[:, None] ** 2)


def covariance(
    loop: Loop, row: np.ndarray, sigma: Float[np.ndarray, " sample"]
) -> Float[np.ndarray, "parameter parameter"]:
    """Covariance of the Gaussian around `row` in widths of the ranges, prior included; samples may be off by `sigma`
    (decades)."""
    space, wanted = loop.space, loop.wanted
    # The defect at the solution turns the surrogate into the engine there: residuals vanish, slopes stay.
    defect = log_current(wanted[None]) - log_current(space.ask(row[None]))
    slopes = slopes_of(loop, row[None], defect)[0] * np.tile(loop.decades / sigma, 2)[:, None]
    # Both halves of the residuals are one measurement: they are counted once. Neighbouring samples of a smooth loop
    # err alike, so the loop counts as one number per residual and not as many as it has samples.
    normal = slopes.T @ slopes
    return np.linalg.inv(normal + np.eye(row.size) / EVEN**2)


def spread(
    loop: Loop, row: np.ndarray, sigma: Float[np.ndarray, " sample"]
) -> Float[np.ndarray, " parameter"]:
    """Standard deviations of `covariance`."""
    return np.sqrt(np.diag(covariance(loop, row, sigma)))
