"""Compiled loops of the search for plateaus of conductance: partitions, noise of differences, likelihoods of levels.

`extraction.segmentation` and `extraction.quantum_levels` call them and say what they compute.
"""

import numba
import numpy as np


@numba.njit(cache=True)
def cheapest_pieces(g, w, level, slope):  # pragma: no cover - compiled
    n = g.size
    # Running sums; places are counted from the middle, so that squares of them do not drown the rest.
    sums = np.zeros((n + 1, 6))
    for i in range(n):
        t = i - 0.5 * n
        sums[i + 1, 0] = sums[i, 0] + w[i]
        sums[i + 1, 1] = sums[i, 1] + w[i] * g[i]
        sums[i + 1, 2] = sums[i, 2] + w[i] * g[i] * g[i]
        sums[i + 1, 3] = sums[i, 3] + w[i] * t
        sums[i + 1, 4] = sums[i, 4] + w[i] * t * t
        sums[i + 1, 5] = sums[i, 5] + w[i] * t * g[i]
    with_slope = np.isfinite(slope)
    slack = slope - level if with_slope else 0.0
    best = np.empty(n + 1)
    best[0] = 0.0
    previous = np.zeros(n + 1, np.int64)
    kind = np.zeros(n + 1, np.bool_)
    open_starts = np.empty(n + 1, np.int64)
    found = np.empty(n + 1)
    count = 0
    for stop in range(1, n + 1):
        open_starts[count] = stop - 1
        count += 1
        lowest = np.inf
        at = 0
        slopes = False
        for c in range(count):
            s = open_starts[c]
            weight = sums[stop, 0] - sums[s, 0]
            a = sums[stop, 1] - sums[s, 1]
            flat = max(sums[stop, 2] - sums[s, 2] - a * a / weight, 0.0)
            cost = flat + level
            tilted = False
            if with_slope and stop - s >= 3:
                x = sums[stop, 3] - sums[s, 3]
                xx = sums[stop, 4] - sums[s, 4] - x * x / weight
                xy = sums[stop, 5] - sums[s, 5] - x * a / weight
                other = max(flat - xy * xy / xx, 0.0) + slope
                if other < cost:
                    cost = other
                    tilted = True
            found[c] = best[s] + cost
            if found[c] < lowest:
                lowest = found[c]
                at = s
                slopes = tilted
        best[stop] = lowest
        previous[stop] = at
        kind[stop] = slopes
        # A start that already loses by more than a split can win back never leads again. A slope split in two pays
        # the price of its slope twice; one of fewer than three samples cannot slope, which the level price covers.
        kept = 0
        for c in range(count):
            if found[c] - level - slack - (level if with_slope else 0.0) <= lowest:
                open_starts[kept] = open_starts[c]
                kept += 1
        count = kept
    pieces = 0
    place = n
    while place > 0:
        pieces += 1
        place = previous[place]
    start = np.empty(pieces, np.int64)
    sloped = np.empty(pieces, np.bool_)
    place = n
    for k in range(pieces - 1, -1, -1):
        sloped[k] = kind[place]
        place = previous[place]
        start[k] = place
    return start, sloped, best[n]


@numba.njit(cache=True)
def difference_losses(d, a, m, added, relative):  # pragma: no cover - compiled
    """Negative log likelihood of differences `d`: 85 % are noise, the rest steps of any size from the noise up.

    Steps are as likely in each e-fold of their size (twenty of them), so that one step of a thousand standard
    deviations says no more about the noise than one of ten.
    """
    out = np.zeros((added.size, relative.size))
    for j in range(added.size):
        for k in range(relative.size):
            total = 0.0
            for i in range(d.size):
                sigma = np.sqrt(added[j] ** 2 * a[i] + relative[k] ** 2 * m[i]) + 1e-300
                z = min(abs(d[i]) / sigma, 37.0)
                noise = 0.85 * 0.3989422804014327 / sigma * np.exp(-0.5 * z * z)
                total -= np.log(noise + 0.15 / 40.0 / max(abs(d[i]), sigma))
            out[j, k] = total
    return out


@numba.njit(cache=True)
def level_likelihoods(grid, g, e, spread, unit):  # pragma: no cover - compiled
    """Log likelihood above that of levels anywhere, and the shares of the kinds, for each resistance of `grid`.

    The same densities as `quantum_levels._densities`, of the nearest multiple on each side; `unit` is G_0.
    """
    count = g.size
    likelihood, shares = np.empty(grid.size), np.empty((grid.size, 3))
    density = np.empty((count, 2))
    for r in range(grid.size):
        for k in range(count):
            left = 1.0 - grid[r] * g[k]
            value, error = g[k] / left / unit, e[k] / left**2 / unit
            width = np.sqrt(error * error + spread * spread)
            for kind in range(2):
                x = value - 0.5 * kind
                d = abs(x - np.round(x)) / width
                other = 1.0 / width - d
                density[k, kind] = (np.exp(-0.5 * d * d) + np.exp(-0.5 * other * other)) / (
                    width * 2.5066282746310002
                )
            if value < 0.25:
                density[k, 0] = 0.0
        a = b = c = 1.0 / 3.0
        # One pseudo-level of each kind keeps the shares of a short ladder away from 0 and 1.
        for _ in range(10):
            first = second = third = 1.0
            for k in range(count):
                total = a * density[k, 0] + b * density[k, 1] + c
                first += a * density[k, 0] / total
                second += b * density[k, 1] / total
                third += c / total
            a, b, c = first / (count + 3.0), second / (count + 3.0), third / (count + 3.0)
        total = 0.0
        for k in range(count):
            total += np.log(a * density[k, 0] + b * density[k, 1] + c)
        likelihood[r] = total
        shares[r, 0], shares[r, 1], shares[r, 2] = a, b, c
    return likelihood, shares
