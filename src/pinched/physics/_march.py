"""The time loop of one device, compiled: implicit Euler from rest, control of the step, currents, records.

A run with extrapolation goes over the same times twice, the second time with every step halved. Both are plain
implicit Euler, which keeps every density positive; the current is extrapolated from the two, of second order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pinched.constants import K_B, E
from pinched.physics._equilibrium import fix_contacts
from pinched.physics._layout import (
    DELTA_0,
    DONE,
    FULL,
    IS_OHMIC,
    MU_X,
    NO_STEP,
    PSI,
    Work,
)
from pinched.physics._newton import CONVERGED, solve_step
from pinched.physics._nodes import fill_nodes
from pinched.physics._scale import scaled
from pinched.physics._steps import currents, frame, guess_next, hold, misfit, voltage_at

# Columns of what is recorded at every step.
TIME, VOLTAGE, LEFT, RIGHT, NUMBER, TEMPERATURE, NEWTON, NOISE_LEFT, NOISE_RIGHT, RECORD_COLUMNS = range(10)
# Numbers that control the run.
FIRST, GROWTH, LARGEST, TOLERANCE, MAX_VOLTS, SPLIT, MODE, EXACT, HEAT_R, HEAT_TAU, HEAT_EA, AREA, AMBIENT = (
    range(13)
)
CONTROL = 13
# What a run sums up.
REJECTED, DRIFT, SUMMARY = range(3)

_NEWTON_MOST = 25
_SHORTEST = 1e-9
"""A step is not cut below this share of the first one."""


@njit(cache=True, error_model="numpy", nogil=True)
def run(x, edge_layer, layers, contacts, rest, times, volts, control, grid, grid_size, every, stops, records, frames,
        frame_steps, summary):  # fmt: skip
    """One device under one waveform, from its `rest`. Returns status, number of records, number of frames.

    `times`, `volts` are the corners; `grid` (grid_size of them used) are times to go over with SPLIT steps each, or
    none, then the steps are chosen. `every` records a frame at every so many steps (0: none; doubled when frames are
    full), `stops` are times at which a frame is wanted. records (step, column); frames (frame, node, 6): potential,
    fractions, excess, traps on both sides; frame_steps their record. summary: rejected steps, largest vacancy drift.
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
    p = rest.p
    u, delta, traps = rest.u.copy(), rest.delta.copy(), rest.traps.copy()
    before, older, guess = np.zeros((4, n)), np.zeros((4, n)), np.zeros((4, n))
    delta_before, guess_delta, trap_now = np.zeros(2), np.zeros(2), np.zeros((2, n))
    w = Work(
        np.zeros((3, n)), np.zeros((3, n)), np.zeros((3, n)), np.zeros((3, n)), np.zeros((p.faces.size, 3, 4)),
        np.zeros((3, n - 1)), np.zeros((3, n - 1)), np.zeros((3, n - 1)),
        np.zeros((3, n - 1)), np.zeros((3, n - 1)), np.zeros((3, n - 1)), np.zeros((3, n - 1)),
        np.zeros((4, n)), np.zeros((4, n)), np.zeros((4, n)), np.zeros((n, 4, 8)),
    )  # fmt: skip
    content, old = w.content, np.zeros((4, n))
    drops = np.zeros(2)
    out = np.zeros(4)
    pins = np.full(3, -1)
    fill_nodes(p, u, traps, 1e-30, w, trap_now)
    start = 0.0
    for i in range(n):
        start += content[2, i]
    summary[REJECTED], summary[DRIFT] = 0.0, 0.0
    records[0, TIME], records[0, VOLTAGE], records[0, NUMBER] = times[0], volts[0], start
    records[0, TEMPERATURE] = temperature
    kept, framed = 1, 0
    if every > 0 or (stops.size > 0 and stops[0] <= times[0]):
        frame(u, traps, frames, framed)
        frame_steps[framed] = 0
        framed += 1
    next_stop = 0
    while next_stop < stops.size and stops[next_stop] <= times[0]:
        next_stop += 1
    t, piece, at = times[0], 0, 1
    dt = control[FIRST]
    last, last_but_one = 0.0, 0.0
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
        guess_next(u, before, older, delta, delta_before, take, last, last_but_one, guess, guess_delta)
        for i in range(n):
            for c in range(4):
                old[c, i] = content[c, i]
        drops[0] = u[0, 1] - u[0, 0]
        drops[1] = u[0, n - 1] - u[0, n - 2]
        hold(p, u, content, take, pins)
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
            pins,
            w,
            trap_now,
            _NEWTON_MOST,
        )
        off = 0.0
        if status == CONVERGED and control[TOLERANCE] > 0.0 and grid_size == 0 and last > 0.0:
            off = misfit(u, before, ratio, guess)
        if status != CONVERGED or off > 6.0 * control[TOLERANCE]:
            summary[REJECTED] += 1.0
            for i in range(n):
                for c in range(4):
                    content[c, i] = old[c, i]
            if status == CONVERGED:
                dt = take * max(0.25, 0.8 * np.sqrt(control[TOLERANCE] / off))
            else:
                dt = 0.5 * take if last > 0.0 else 0.25 * take
                # What led there may be the guess.
                last = 0.0 if summary[REJECTED] % 4.0 == 3.0 else last
            if dt < shortest:
                return NO_STEP, kept, framed
            continue
        currents(p, guess, guess_delta, w, old, drops, take, mode, out)
        older, before, u, guess = before, u, guess, older
        for s in range(2):
            delta_before[s] = delta[s]
            delta[s] = guess_delta[s]
            for i in range(n):
                traps[s, i] = trap_now[s, i]
        number = 0.0
        for i in range(n):
            number += content[2, i]
        if start > 0.0:
            summary[DRIFT] = max(summary[DRIFT], abs(number - start) / start)
        last, last_but_one = take, last
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
                grow = 2.0 if off <= 0.0 else min(2.0, max(0.4, 0.85 * np.sqrt(control[TOLERANCE] / off)))
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
                frame(u, traps, frames, framed)
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
                    for state in (u, before, older):
                        state[0, i] *= factor
                        state[1, i] *= scale_n
                        state[2, i] *= scale_p
                for s in range(2):
                    delta[s] *= factor
                    delta_before[s] *= factor
                temperature = warmer
                fill_nodes(p, u, traps, 1e-30, w, trap_now)
    return DONE, kept, framed
