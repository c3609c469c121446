"""Runs of the engine at the end of a descent: what the surrogate is off by does not stay in the device.

`corrected` mends the surrogate by what true runs show it to be off by, and lets the engine descend alone at last,
with slopes of its own along the few directions in which a loop tells devices apart. A run takes tens of milliseconds:
some dozens of them are the smaller part of a search.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pinched.surrogate.descent import DAMPING, EVEN, InverseOptions, Loop, descend, slopes_of

_PROBE = 0.03
"""Decades that a probe of the engine's slopes moves the loop by: above the engine's rounding, below its curvature."""


def corrected(loop: Loop, cube: np.ndarray, options: InverseOptions) -> tuple[np.ndarray, np.ndarray, int]:
    """The best row that each start leads to, its current (A), and how many runs of the engine that took."""
    space = loop.space
    if options.corrections == 0:
        return cube, space.ask(cube), 0
    best, errors = cube.copy(), np.full(len(cube), np.inf)
    current = np.full((len(cube), loop.wanted.size), np.nan)
    runs = 0
    for turn in range(options.corrections):
        true = space.solve(cube, options.accuracy)
        runs += len(cube)
        found = loop.nrmse(true)
        better = found < errors
        best[better], errors[better], current[better] = cube[better], found[better], true[better]
        if turn + 1 == options.corrections or errors.min() < options.enough:
            break
        # One far off is believed only in part, one that did not finish not at all.
        defect = np.clip(np.nan_to_num(decades_of(true) - decades_of(space.ask(cube)), nan=0.0), -1.0, 1.0)
        cube = descend(loop, cube, defect, max(3, options.iterations // 2))
    for k in np.argsort(errors)[: options.polished]:
        if np.isfinite(errors[k]) and errors.min() >= options.enough:
            best[k], current[k], took = _polished(loop, best[k], current[k], options)
            errors[k] = loop.nrmse(current[k : k + 1])[0]
            runs += took
    return best, current, runs


def _polished(
    loop: Loop, row: np.ndarray, true: np.ndarray, options: InverseOptions
) -> tuple[np.ndarray, np.ndarray, int]:
    """Levenberg-Marquardt on runs of the engine alone from `row` on, whose current is `true` (A): the best row, its
    current and how many runs that took.

    The surrogate's slopes only begin. Along the few directions in which the loop tells devices apart the engine is
    asked for its own (`_probed`), again wherever steps no longer bring what they promise; every step mends them
    along itself (Broyden).
    """
    space, nothing = loop.space, np.zeros((1, loop.wanted.size))
    defect = decades_of(true[None]) - decades_of(space.ask(row[None]))
    slopes = slopes_of(loop, row[None], defect)[0]
    residual = loop.misfit(true[None], nothing)[0]
    best, error = (row, true), float(loop.nrmse(true[None])[0])
    damping, runs, fresh = DAMPING, 0, False
    while runs < options.polish_runs and error >= options.enough:
        if not fresh:
            slopes, took = _probed(loop, row, residual, slopes, options)
            runs, fresh = runs + took, True
        moved = _stepped(row, residual, slopes, damping)
        taken = moved - row
        if np.abs(taken).max() < 1e-7:
            break
        current = space.solve(moved[None], options.accuracy)
        runs += 1
        if not np.isfinite(current).all():
            damping *= 10.0
            continue
        new = loop.misfit(current, nothing)[0]
        before, after = float(residual @ residual), float(new @ new)
        promised = residual + slopes @ taken
        slopes = slopes + np.outer(new - promised, taken) / (taken @ taken)
        found = float(loop.nrmse(current)[0])
        if found < error:
            best, error = (moved, current[0]), found
        # Slopes hold as long as a step brings about half of what they promise.
        fresh = before - after > 0.5 * (before - float(promised @ promised))
        if after < before:
            row, residual = moved, new
            damping = max(damping / 4.0, 1e-6) if fresh else damping
        else:
            damping, fresh = damping * 5.0, damping < 1.0
    return best[0], best[1], runs


def _probed(
    loop: Loop, row: np.ndarray, residual: np.ndarray, slopes: np.ndarray, options: InverseOptions
) -> tuple[np.ndarray, int]:
    """`slopes` with the engine's own along the directions that matter, and the runs that took: one each.

    They are the right singular vectors of `slopes` along which an even draw moves the loop by more than what it may
    be off by: what lies across them the loop does not tell anyway.
    """
    space, nothing = loop.space, np.zeros((1, loop.wanted.size))
    _, strength, axes = np.linalg.svd(slopes, full_matrices=False)
    axes, strength = axes[strength * EVEN > 1.0], strength[strength * EVEN > 1.0]
    if not len(axes):
        return slopes, 0
    # As far as the loop moves by a few hundredths of a decade: above the engine's rounding, below its curvature.
    length = np.minimum(_PROBE / (strength * loop.decades), 0.02)
    # Downhill, so that a probe is a try too; the other way where a wall is near.
    side = -np.sign(axes @ (slopes.T @ residual) + 1e-30)
    ends = row + (side * length)[:, None] * axes
    wall = np.abs(np.clip(ends, 0.0, 1.0) - ends).max(axis=1, initial=0.0) > 0.0
    ends = np.clip(np.where(wall[:, None], row - (side * length)[:, None] * axes, ends), 0.0, 1.0)
    current = space.solve(ends, options.accuracy)
    for taken, there in zip(ends - row, current, strict=True):
        if np.isfinite(there).all() and taken @ taken > 0.0:
            found = loop.misfit(there[None], nothing)[0] - residual
            slopes = slopes + np.outer(found - slopes @ taken, taken) / (taken @ taken)
    return slopes, len(ends)


def _stepped(row: np.ndarray, residual: np.ndarray, slopes: np.ndarray, damping: float) -> np.ndarray:
    """Where a damped step of Gauss and Newton leads; walls cut it off."""
    pull, normal = slopes.T @ residual, slopes.T @ slopes
    free = ~(((row <= 0.0) & (pull > 0.0)) | ((row >= 1.0) & (pull < 0.0)))
    own = np.diag(normal) + 1e-3 * np.trace(normal) / row.size + 1e-9
    normal = np.where(free[:, None] & free[None, :], normal, 0.0) + damping * np.diag(own)
    step = -np.linalg.solve(normal, np.where(free, pull, 0.0))
    return np.clip(row + np.clip(step, -0.1, 0.1), 0.0, 1.0)


def decades_of(current: Float[np.ndarray, "run sample"]) -> Float[np.ndarray, "run sample"]:
    """log10 |I| (A), without a floor."""
    return np.log10(np.maximum(np.abs(current), 1e-300))
