"""Waveforms that are drawn for a data set: what a surrogate must have seen before it may claim any waveform.

`Waveforms` says which kinds; `drawn_waveform` makes one of the largest voltage and the duration that a device's row
states, `drawn_moments` the moments at which its current is kept, in steps that differ by about a hundred. Both take
their randomness as an argument, so run i has the same waveform whatever was drawn before.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import numpy as np
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched.data.waveforms import Waveform


class Waveforms(Enum):
    """Which waveforms the devices of a data set get."""

    TRIANGLE = "the waveform of the ranges, on even samples"
    CYCLES = "2 to 5 triangles, each with amplitudes of its own"
    UNEQUAL = "one triangle whose branches have different amplitudes and slopes"
    HOLDS = "a triangle that stands still at up to four of its voltages"
    PULSES = "2 to 8 pulses of either sign with a reading voltage between them"
    MIXED = "one of the kinds but the first, drawn for each run"


KINDS = (Waveforms.CYCLES, Waveforms.UNEQUAL, Waveforms.HOLDS, Waveforms.PULSES)
"""What MIXED draws from; their numbers are those of the column `waveform` of a store."""

FEWEST = 120
"""Samples that the longest of the drawn waveforms needs."""

_QUICK = 0.03
"""Pieces shorter than this share of the waveform are edges: they get the fewest samples."""


def kind_of(waveforms: Waveforms, rng: np.random.Generator) -> Waveforms:
    """The kind of one run."""
    return KINDS[int(rng.integers(len(KINDS)))] if waveforms is Waveforms.MIXED else waveforms


def drawn_waveform(kind: Waveforms, plain: Waveform, rng: np.random.Generator) -> Waveform:
    """A waveform of `kind` with the duration (s) and the largest |voltage| (V) of `plain`, from and to 0 V.

    Either polarity may come first. Raises `PinchedError` for a kind that is none of `KINDS`.
    """
    if kind not in KINDS:
        raise PinchedError(
            f"{kind.name} is not drawn run by run. Give one of {', '.join(k.name for k in KINDS)}."
        )
    lengths, levels = _SHAPES[kind](rng)
    levels *= rng.choice((-1.0, 1.0)) * float(np.abs(plain.voltage).max()) / np.abs(levels).max()
    time = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum() * plain.duration
    return Waveform(time=time, voltage=levels)


Shape = tuple[Float[np.ndarray, " piece"], Float[np.ndarray, " corner"]]
"""Lengths of the pieces and voltages at the corners, in any scale."""


def _cycles(rng: np.random.Generator) -> Shape:
    count = int(rng.integers(2, 6))
    peaks = rng.uniform(0.3, 1.0, (count, 2)) * np.array([1.0, -1.0])
    levels = np.zeros(4 * count + 1)
    levels[1::4], levels[3::4] = peaks.T
    return np.abs(np.diff(levels)), levels


def _unequal(rng: np.random.Generator) -> Shape:
    peaks = rng.uniform(0.1, 1.0, 2)
    levels = np.array([0.0, peaks[0], 0.0, -peaks[1], 0.0])
    return np.abs(np.diff(levels)) * np.exp(rng.uniform(-1.0, 1.0, 4)), levels


def _holds(rng: np.random.Generator) -> Shape:
    peaks = rng.uniform(0.4, 1.0, 2)
    ends = np.cumsum(np.array([0.0, peaks[0], peaks[0] + peaks[1], peaks[1]]))
    # Places along the path of a triangle at which the voltage stands still, often its peaks.
    count = int(rng.integers(1, 5))
    anywhere = rng.uniform(0.05, 0.95, count) * ends[-1]
    at = np.where(rng.random(count) < 0.4, ends[rng.integers(1, 3, count)], anywhere)
    places = np.unique(np.concatenate([ends, at]))
    path = np.repeat(places, 1 + np.isin(places, at))
    levels = np.interp(path, ends, [0.0, peaks[0], -peaks[1], 0.0])
    lengths = np.diff(path)
    still = lengths == 0.0
    lengths[still] = ends[-1] * np.exp(rng.uniform(np.log(0.05), 0.0, int(still.sum())))
    return lengths, levels


def _pulses(rng: np.random.Generator) -> Shape:
    count = int(rng.integers(2, 9))
    same = rng.random() < 0.3
    signs = np.ones(count) if same else rng.choice((-1.0, 1.0), count)
    tops = signs * (rng.uniform(0.5, 1.0) if rng.random() < 0.5 else rng.uniform(0.3, 1.0, count))
    base = rng.uniform(0.05, 0.25) * rng.choice((-1.0, 1.0))
    duty = np.exp(rng.uniform(np.log(0.1), np.log(3.0)))
    edge = rng.uniform(0.02, 0.2) * min(duty, 1.0)
    widths = duty * np.exp(rng.uniform(-0.7, 0.7, count) * (rng.random() < 0.5))
    pieces = np.stack([np.full(count, edge), widths, np.full(count, edge), np.ones(count)], axis=1).ravel()
    inner = np.stack([tops, tops, np.full(count, base), np.full(count, base)], axis=1).ravel()
    return np.concatenate([[edge, 1.0], pieces, [edge]]), np.concatenate([[0.0, base, base], inner, [0.0]])


_SHAPES: dict[Waveforms, Callable[[np.random.Generator], Shape]] = {
    Waveforms.CYCLES: _cycles, Waveforms.UNEQUAL: _unequal, Waveforms.HOLDS: _holds, Waveforms.PULSES: _pulses,
}  # fmt: skip


def drawn_moments(wave: Waveform, samples: int, rng: np.random.Generator) -> Float[np.ndarray, " sample"]:
    """`samples` rising moments (s) inside `wave`, on each of its corners but those at 0 V, in uneven steps.

    No conductance is known at 0 V, so what would fall there falls half a step earlier. Raises `PinchedError` for
    fewer samples than its pieces need.
    """
    lengths = np.diff(wave.time)
    quick = lengths < _QUICK * wave.duration
    fewest = np.where(quick, 2, 4)
    spare = samples - int(fewest.sum())
    if spare < 0:
        raise PinchedError(
            f"{samples} samples are too few for a waveform of {lengths.size} pieces; give at least {FEWEST}."
        )
    weight = np.where(quick, 0.1, 1.0) * np.sqrt(lengths) * np.exp(0.6 * rng.standard_normal(lengths.size))
    shares = np.floor(spare * weight / weight.sum()).astype(int)
    shares[int(weight.argmax())] += spare - int(shares.sum())
    found = []
    for k, count in enumerate(fewest + shares):
        steps = np.exp(0.5 * rng.standard_normal(count))
        if wave.voltage[k] == wave.voltage[k + 1]:
            # What relaxes while the voltage stands still is fast at first.
            steps *= (np.arange(1, count + 1) / count) ** rng.uniform(0.0, 2.0)
        steps *= lengths[k] / steps.sum()
        inside = wave.time[k] + np.cumsum(steps)
        inside[-1] = wave.time[k + 1] - (0.5 * steps[-1] if wave.voltage[k + 1] == 0.0 else 0.0)
        found.append(inside)
    return np.concatenate(found)
