r"""`loop_draws`: devices as likely as a loop leaves them, by Markov chains through the surrogate.

A Gaussian around the device that explains a loop is wrong where the loop bounds a parameter on one side only (a band
gap above which holes no longer enter) or ties two together along a bow. Chains ask the surrogate itself instead:
differential evolution [@terbraak2006markov], in which many chains at once take the differences of others as steps,
over parameters that are chosen anew each time [@vrugt2009accelerating]. It needs no slopes and no tuning, and a
batch of devices costs next to nothing.

Use `infer_device`, which takes its intervals from these draws; `chain_draws` samples any density in a cube.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from pinched._random import generator
from pinched.surrogate.descent import InverseOptions, Loop, covariance, descend
from pinched.surrogate.metrics import log_current
from pinched.surrogate.space import Cube

_SHARES = (1.0 / 3.0, 2.0 / 3.0, 1.0)
"""Shares of the parameters that a step moves, equally often."""
_JUMP = 0.1
"""Share of the steps that take a difference whole, which leads from one hill to another."""
_ARRIVED = 10.0
"""Logarithm of the density below the best one, within which a descent counts as arrived."""
_JITTER = 1e-4
"""Widths of the cube that every step is blurred by, so that chains reach every point."""


def chain_draws(
    start: Cube, log_density: Callable[[Cube], Float[np.ndarray, " run"]], generations: int, seed: int
) -> Cube:
    """Draws of the density exp(`log_density`) in the unit cube, by as many chains as `start` has rows.

    The first half of the `generations` is left out; of the others every state of every chain is returned. A step
    that leaves the cube enters on the other side, which keeps the balance and lets chains move freely along
    parameters that nothing is known of. Raises `ValueError` for fewer than 8 chains or no generation.
    """
    chains, count = start.shape
    if chains < 8 or generations < 1:
        raise ValueError(f"{chains} chains and {generations} generations: there must be at least 8 and 1.")
    draw = generator(seed, "chains")
    state = np.clip(start, 0.0, np.nextafter(1.0, 0.0))
    height = log_density(state)
    kept = []
    halves = np.arange(chains)[: chains // 2], np.arange(chains)[chains // 2 :]
    for turn in range(generations):
        # One half moves by differences within the other: all of a half at once, and still in balance.
        for own, other in (halves, halves[::-1]):
            first = draw.integers(len(other), size=len(own))
            second = (first + draw.integers(1, len(other), size=len(own))) % len(other)
            moves = draw.random((len(own), count)) < draw.choice(_SHARES, size=(len(own), 1))
            moves[np.arange(len(own)), draw.integers(count, size=len(own))] = True
            # The best length for a Gaussian in so many dimensions.
            length = 2.38 / np.sqrt(2.0 * moves.sum(axis=1, keepdims=True))
            length = np.where(draw.random((len(own), 1)) < _JUMP, 1.0, length)
            step = length * (state[other[first]] - state[other[second]])
            step = moves * (step + _JITTER * draw.standard_normal((len(own), count)))
            moved = (state[own] + step) % 1.0
            found = log_density(moved)
            # A state without a chance takes any step that leads to one with a chance.
            gain = np.where(np.isneginf(found), -np.inf, found - np.maximum(height[own], -1e300))
            taken = np.log(draw.random(len(own))) < gain
            state[own[taken]], height[own[taken]] = moved[taken], found[taken]
        if turn >= generations // 2:
            kept.append(state.copy())
    return np.concatenate(kept)


def loop_draws(
    loop: Loop,
    rows: Cube,
    current: Float[np.ndarray, " sample"],
    sigma: Float[np.ndarray, " sample"],
    options: InverseOptions,
) -> Cube:
    """Devices as likely as the loop leaves them, given some that explain it (`rows`), of which the first gives
    `current` (A).

    Samples may be off by `sigma` (decades, standard deviation); a device that the ranges refuse has no chance. What
    the surrogate is off by at the first row is taken along, so that the chains stand where the engine does.

    What explains a loop is often a narrow valley that bends through the whole cube. Chains that begin at one device
    would take thousands of steps along it: half of them begin where draws of the ranges descend to, the others in the
    Gaussian around the first row.
    """
    space = loop.space
    off = log_current(current[None]) - log_current(space.ask(rows[:1]))
    scale = np.tile(loop.decades / sigma, 2)

    def log_density(cube: Cube) -> Float[np.ndarray, " run"]:
        found = -0.5 * ((loop.misfit(space.ask(cube), off) * scale) ** 2).sum(axis=1)
        return np.where(space.accepted(cube), found, -np.inf)

    draw = generator(options.seed, "chains", "start")
    near = draw.multivariate_normal(
        np.zeros(rows.shape[1]), covariance(loop, rows[0], sigma), size=options.chains // 2, method="cholesky"
    )
    # Where the Gaussian reaches past a wall, the fold brings its draws back beside it and not to the far side.
    near = 1.0 - np.abs(1.0 - (rows[0] + near) % 2.0)
    far = space.drawn(options.draws, options.seed + options.attempts)
    far = far[np.argsort(-log_density(far))[: options.chains // 2]]
    far = np.concatenate([rows, descend(loop, far, off, options.iterations)])
    arrived = []
    for group in (near, far):
        height = log_density(group)
        # Those that did not arrive would only stand around: others take their place.
        if np.isfinite(height.max()):
            arrived.append(group[height > height.max() - _ARRIVED])
    if not arrived:
        # None that explains the loop is among those that the ranges accept: the Gaussian alone is left.
        return near
    each = -(-options.chains // len(arrived))
    begin = np.concatenate([group[draw.integers(len(group), size=each)] for group in arrived])
    begin = begin[draw.permutation(len(begin))]
    return chain_draws(begin, log_density, options.generations, options.seed)
