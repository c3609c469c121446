"""The time loop of one device, compiled: equilibrium, implicit Euler, control of the step, currents, records.

A run with extrapolation goes over the same times twice, the second time with every step halved. Both are plain
implicit Euler, which keeps every density positive; the current is extrapolated from the two, of second order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.constants import K_B, E
from pinched.physics._equilibrium import equilibrium, fix_contacts, fractions
from pinched.physics._layout import (
    DELTA_0,
    DONE,
    FULL,
    IS_OHMIC,
    MU_X,
    NO_EQUILIBRIUM,
    NO_LOWERING,
    NO_STEP,
    PSI,
    V_N,
)
from pinched.physics._newton import BLOCK, CONVERGED, solve_step
from pinched.physics._nodes import contact_fractions, contents, of_unknown
from pinched.physics._scale import scaled
from pinched.physics._statistics import bernoulli

# Columns of what is recorded at every step.
TIME, VOLTAGE, LEFT, RIGHT, NUMBER, TEMPERATURE, NEWTON, NOISE_LEFT, NOISE_RIGHT, RECORD_COLUMNS = range(10)
# Numbers that control the run.
FIRST, GROWTH, LARGEST, TOLERANCE, MAX_VOLTS, SPLIT, MODE, EXACT, HEAT_R, HEAT_TAU, HEAT_EA, AREA, AMBIENT = (
    range(13)
)
CONTROL = 13

_NEWTON_MOST = 25
_SHORTEST = 1e-9
"""A step is not cut below this share of the first one."""


@njit(error_model="numpy")
def voltage_at(t, times, volts, piece):
    """Voltage at t on the piece of the waveform that begins at corner `piece`."""
    t0, t1 = times[piece], times[piece + 1]
    return volts[piece] + (volts[piece + 1] - volts[piece]) * (t - t0) / (t1 - t0)


@njit(error_model="numpy")
def _edge_flux(p, u, e, c):
    z = -1.0 if c == 0 else float(c)
    yk, _, gk, _ = of_unknown(c, u[e, c + 1])
    yl, _, gl, _ = of_unknown(c, u[e + 1, c + 1])
    q = z * (u[e + 1, 0] - u[e, 0]) + gl - gk
    b, _ = bernoulli(q)
    return p.k[c, e] * (b * yk - (b + q) * yl)


@njit(error_model="numpy")
def _currents(p, u, delta, content, old, drops, dt, mode, out):
    """Currents (charges/m^2/s along x) through the outermost edges into out[0:2], sums of their sizes in [2:4]."""
    n = u.shape[0]
    for s in range(2):
        i = 0 if s == 0 else n - 1
        e = 0 if s == 0 else n - 2
        side = -1.0 if s == 0 else 1.0
        total, size = 0.0, 0.0
        feq_n, _, feq_p, _ = contact_fractions(p, s, delta[s], mode)
        for c in range(3):
            z = -1.0 if c == 0 else float(c)
            if c < 2 and p.ends[s, IS_OHMIC] == 1.0:
                part = _edge_flux(p, u, e, c)
                total += z * part
                size += abs(part)
                continue
            store = (content[c, i] - old[c, i]) / dt
            if c == 0:
                store += (content[3, i] - old[3, i]) / dt
            flow = 0.0
            if c < 2:
                speed = p.ends[s, V_N + c]
                eq = feq_n if c == 0 else feq_p
                flow = speed * (u[i, c + 1] - eq)
                size += speed * max(u[i, c + 1], eq)
            total += z * side * (store + flow)
            size += abs(store)
        drop = u[e + 1, 0] - u[e, 0]
        total -= p.lam[e] * (drop - drops[s]) / dt
        size += p.lam[e] * (abs(drop) + abs(u[e, 0])) / dt
        out[s] = total
        out[2 + s] = size


@njit(error_model="numpy")
def _activate(p, dt, active):
    """Which carriers are held by their global balance: those whose storage is lost beside the rounding of fluxes."""
    length = 0.0
    for e in range(p.h.size):
        length += p.h[e]
    for c in range(3):
        k, w = 0.0, 0.0
        for e in range(p.h.size):
            k = max(k, p.k[c, e])
            w += p.wr[c, e] + p.wl[c, e + 1]
        active[c] = 1 if w > 0.0 and k * 2.2e-16 * dt > 1e-9 * w else 0
        if c < 2 and p.ends[0, IS_OHMIC] + p.ends[1, IS_OHMIC] > 0.0:
            active[c] = 0


@njit(error_model="numpy")
def _predict(u, before, delta, delta_before, ratio, out, out_delta):
    """Guess at the next state: linear in the potential, geometric in the densities; ratio 0 is the state itself."""
    n = u.shape[0]
    for i in range(n):
        out[i, 0] = u[i, 0] + ratio * (u[i, 0] - before[i, 0])
        for a in range(1, 4):
            v = u[i, a]
            if ratio > 0.0 and v > 1e-200 and before[i, a] > 1e-200:
                change = ratio * (v - before[i, a]) / v
                if abs(change) < 1e-3:
                    v *= 1.0 + change
                else:
                    v *= np.exp(min(max(ratio * np.log(v / before[i, a]), -4.0), 4.0))
            out[i, a] = v
    for s in range(2):
        out_delta[s] = max(delta[s] + ratio * (delta[s] - delta_before[s]), 0.0)


@njit(error_model="numpy")
def _misfit(u, guess):
    """How far the predictor was from the answer: potential in kT/q, vacancies by their density or a floor."""
    n = u.shape[0]
    mean = 0.0
    for i in range(n):
        mean += min(u[i, 3], 1.0)
    floor = 1e-3 * mean / n + 1e-280
    worst = 0.0
    for i in range(n):
        worst = max(worst, abs(u[i, 0] - guess[i, 0]))
        worst = max(worst, abs(u[i, 3] - guess[i, 3]) / (min(u[i, 3], 1.0) + floor))
    return worst


@njit(cache=True, error_model="numpy", nogil=True)
def run(x, edge_layer, layers, contacts, times, volts, control, grid, grid_size, every, stops, records, frames,
        frame_steps, summary):  # fmt: skip
    """One device under one waveform. Returns status, number of records, number of frames.

    `times`, `volts` are the corners; `grid` (grid_size of them used) are times to go over with SPLIT steps each, or
    none, then the steps are chosen. `every` records a frame at every so many steps (0: none; doubled when frames are
    full), `stops` are times at which a frame is wanted. records (step, column); frames (frame, node, 6): potential,
    fractions, excess, traps on both sides; frame_steps their record. summary: equilibrium lowerings, steepest cell,
    rejected steps, largest vacancy drift.
    """
    n = x.size
    mode = int(control[MODE])
    exact = control[EXACT]
    heated = control[HEAT_R] > 0.0
    temperature = control[AMBIENT]
    hot = np.empty((layers.shape[0], layers.shape[1]))
    for j in range(layers.shape[0]):
        for b in range(layers.shape[1]):
            hot[j, b] = layers[j, b]
    p = scaled(x, edge_layer, hot, contacts, temperature)
    psi, delta, found = equilibrium(x, p, edge_layer, layers, temperature, mode != NO_LOWERING, exact)
    if not found:
        return NO_EQUILIBRIUM, 0, 0
    fix_contacts(p, delta)
    u, before, guess = np.zeros((n, 4)), np.zeros((n, 4)), np.zeros((n, 4))
    delta_before, guess_delta = np.zeros(2), np.zeros(2)
    traps, trap_now = np.zeros((2, n)), np.zeros((2, n))
    fractions(psi, p, edge_layer, layers, temperature, u, traps)
    content, block = np.zeros((4, n)), np.zeros((n, 4, BLOCK))
    work = (content, np.zeros((4, n)), block)
    old = np.zeros((4, n))
    drops = np.zeros(2)
    out = np.zeros(4)
    active = np.zeros(3, np.int64)
    contents(p, u, traps, 1e-30, content, trap_now)
    start = 0.0
    for i in range(n):
        start += content[2, i]
    steepest = 0.0
    for e in range(n - 1):
        steepest = max(steepest, abs(u[e + 1, 0] - u[e, 0]))
    summary[0], summary[1], summary[2] = delta[0], delta[1], steepest
    summary[3], summary[4] = 0.0, 0.0
    records[0, TIME], records[0, VOLTAGE], records[0, NUMBER] = times[0], volts[0], start
    records[0, TEMPERATURE] = temperature
    kept, framed = 1, 0
    if every > 0 or (stops.size > 0 and stops[0] <= times[0]):
        _frame(u, traps, frames, framed)
        frame_steps[framed] = 0
        framed += 1
    next_stop = 0
    while next_stop < stops.size and stops[next_stop] <= times[0]:
        next_stop += 1
    t, piece, at = times[0], 0, 1
    dt = control[FIRST]
    last = 0.0
    shortest = control[FIRST] * _SHORTEST
    end = times[times.size - 1]
    split = int(control[SPLIT])
    inner = 0
    iterations_here = 0
    while t < end:
        # How long this step is: the rule, cut so that corners, wanted times and the grid are hit exactly.
        vt = K_B * temperature / E
        corner = times[piece + 1]
        target = corner
        if next_stop < stops.size and stops[next_stop] < target:
            target = stops[next_stop]
        if grid_size > 0:
            target = grid[at]
            if inner == 0:
                dt = (target - t) / split
                inner = 1
        rate = abs(volts[piece + 1] - volts[piece]) / (corner - times[piece])
        take = dt
        if grid_size == 0:
            take = min(take, control[LARGEST])
            if control[TOLERANCE] > 0.0 and rate > 0.0:
                take = min(take, control[MAX_VOLTS] / rate)
        left = target - t
        lands = take >= left * (1.0 - 1e-9)
        if lands:
            take = left
        elif take > 0.5 * left and grid_size == 0:
            # Two even steps rather than a long and a tiny one.
            take = 0.5 * left
        now = target if lands else t + take
        value = voltage_at(now, times, volts, piece) if now < corner else volts[piece + 1]
        ratio = take / last if last > 0.0 else 0.0
        _predict(u, before, delta, delta_before, ratio, guess, guess_delta)
        for i in range(n):
            for c in range(4):
                old[c, i] = content[c, i]
        drops[0] = u[1, 0] - u[0, 0]
        drops[1] = u[n - 1, 0] - u[n - 2, 0]
        _activate(p, take, active)
        for i in range(n):
            for a in range(4):
                frames[frames.shape[0] - 1, i, a] = guess[i, a]
        status, count = solve_step(
            p,
            guess,
            guess_delta,
            old,
            traps,
            take,
            value / vt,
            mode,
            exact,
            active,
            work,
            trap_now,
            _NEWTON_MOST,
        )
        misfit = 0.0
        if status == CONVERGED and control[TOLERANCE] > 0.0 and grid_size == 0 and last > 0.0:
            misfit = _misfit(guess, frames[frames.shape[0] - 1])
        if status != CONVERGED or misfit > 6.0 * control[TOLERANCE]:
            summary[3] += 1.0
            for i in range(n):
                for c in range(4):
                    content[c, i] = old[c, i]
            if status == CONVERGED:
                dt = take * max(0.25, 0.8 * np.sqrt(control[TOLERANCE] / misfit))
            else:
                dt = 0.5 * take if last > 0.0 else 0.25 * take
                # What led there may be the guess.
                last = 0.0 if summary[3] % 4.0 == 3.0 else last
            if dt < shortest:
                return NO_STEP, kept, framed
            continue
        _currents(p, guess, guess_delta, content, old, drops, take, mode, out)
        for i in range(n):
            for a in range(4):
                before[i, a] = u[i, a]
                u[i, a] = guess[i, a]
        for s in range(2):
            delta_before[s] = delta[s]
            delta[s] = guess_delta[s]
            for i in range(n):
                traps[s, i] = trap_now[s, i]
        number = 0.0
        for i in range(n):
            number += content[2, i]
        if start > 0.0:
            summary[4] = max(summary[4], abs(number - start) / start)
        last = take
        t = now
        iterations_here += count
        amps_left, amps_right = -E * control[AREA] * out[0], -E * control[AREA] * out[1]
        # The next step.
        if grid_size > 0:
            record = lands
            if lands:
                inner = 0
                at += 1
        else:
            record = True
            if control[TOLERANCE] > 0.0:
                grow = (
                    2.0 if misfit <= 0.0 else min(2.0, max(0.4, 0.85 * np.sqrt(control[TOLERANCE] / misfit)))
                )
                dt = max(take * grow, min(dt, take) if lands else 0.0)
            else:
                # The rule of the reference: a step that was cut to hit a corner does not hold the next one back.
                dt = min((dt if lands else take) * control[GROWTH], control[LARGEST])
        if record:
            if kept >= records.shape[0]:
                return FULL, kept, framed
            records[kept, TIME], records[kept, VOLTAGE] = t, value
            records[kept, LEFT], records[kept, RIGHT] = amps_left, amps_right
            records[kept, NUMBER], records[kept, TEMPERATURE] = number, temperature
            records[kept, NEWTON] = iterations_here
            records[kept, NOISE_LEFT] = E * control[AREA] * out[2]
            records[kept, NOISE_RIGHT] = E * control[AREA] * out[3]
            iterations_here = 0
            wanted = every > 0 and kept % every == 0
            if next_stop < stops.size and t >= stops[next_stop]:
                wanted = True
                while next_stop < stops.size and stops[next_stop] <= t:
                    next_stop += 1
            if wanted:
                if framed == frames.shape[0] - 1:
                    # Half of the frames give way, and from here on half as many are kept.
                    keep = 0
                    for j in range(0, framed, 2):
                        for i in range(n):
                            for a in range(6):
                                frames[keep, i, a] = frames[j, i, a]
                        frame_steps[keep] = frame_steps[j]
                        keep += 1
                    framed = keep
                    every *= 2
                _frame(u, traps, frames, framed)
                frame_steps[framed] = kept
                framed += 1
            kept += 1
        if t >= corner:
            bend = 0.0
            if piece + 2 < times.size:
                ahead = (volts[piece + 2] - volts[piece + 1]) / (times[piece + 2] - times[piece + 1])
                behind = (volts[piece + 1] - volts[piece]) / (corner - times[piece])
                bend = abs(ahead - behind) / max(abs(ahead), abs(behind), 1e-300)
            piece += 1
            if bend > 0.1:
                # The guess of before knows nothing of the new slope.
                last = 0.0
                if control[TOLERANCE] > 0.0 and grid_size == 0:
                    dt = min(dt, control[FIRST])
        if heated:
            power = abs(value * 0.5 * (amps_left + amps_right))
            goal = control[AMBIENT] + control[HEAT_R] * power
            share = 1.0 - np.exp(-take / control[HEAT_TAU]) if control[HEAT_TAU] > 0.0 else 1.0
            warmer = temperature + share * (goal - temperature)
            if abs(warmer - temperature) > 1e-9:
                factor = temperature / warmer
                for j in range(layers.shape[0]):
                    hot[j, MU_X] = layers[j, MU_X] * np.exp(
                        -control[HEAT_EA] * E / K_B * (1.0 / warmer - 1.0 / control[AMBIENT])
                    )
                fixed_0, fixed_1 = p.ends[0, DELTA_0] * factor, p.ends[1, DELTA_0] * factor
                scale_n, scale_p = p.wr[0, 0], p.wr[1, 0]
                ohmic_0, ohmic_1 = p.ends[0, PSI], p.ends[1, PSI]
                p = scaled(x, edge_layer, hot, contacts, warmer)
                guess_delta[0], guess_delta[1] = fixed_0, fixed_1
                fix_contacts(p, guess_delta)
                for s in range(2):
                    if p.ends[s, IS_OHMIC] == 1.0:
                        p.ends[s, PSI] = (ohmic_0 if s == 0 else ohmic_1) * factor
                scale_n, scale_p = scale_n / p.wr[0, 0], scale_p / p.wr[1, 0]
                for i in range(n):
                    u[i, 0] *= factor
                    before[i, 0] *= factor
                    u[i, 1] *= scale_n
                    before[i, 1] *= scale_n
                    u[i, 2] *= scale_p
                    before[i, 2] *= scale_p
                for s in range(2):
                    delta[s] *= factor
                    delta_before[s] *= factor
                temperature = warmer
                contents(p, u, traps, 1e-30, content, trap_now)
    return DONE, kept, framed


@njit(error_model="numpy")
def _frame(u, traps, frames, at):
    for i in range(u.shape[0]):
        for a in range(4):
            frames[at, i, a] = u[i, a]
        frames[at, i, 4] = traps[0, i]
        frames[at, i, 5] = traps[1, i]
