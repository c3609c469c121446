"""Waveforms as piecewise linear sources: `pwl` for the text after a source, `write_pwl` for a file of two columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from pinched._files import write_text
from pinched._params import require
from pinched._units import to_si
from pinched.data.waveforms import Waveform

_PER_LINE = 6  # pairs; ngspice reads lines of any length, people do not
_RISE_SHARE = 1e-6


def pwl(waveform: Waveform, *, rise: str | float | None = None) -> str:
    """`waveform` as "PWL(t v t v ...)" with continuation lines, times (s) from 0, values as they are (V, or A).

    Simulators refuse a jump, so each becomes an edge of `rise` (s) that starts at the jump; by default a millionth of
    the shortest straight piece. Raises `PinchedError` for a rise that is longer than the piece behind the jump.
    """
    time, value = _corners(waveform, rise)
    pairs = [f"{t!r} {v!r}" for t, v in zip(time.tolist(), value.tolist(), strict=True)]
    lines = [" ".join(pairs[k : k + _PER_LINE]) for k in range(0, len(pairs), _PER_LINE)]
    return "PWL(" + "\n+ ".join(lines) + ")"


def write_pwl(waveform: Waveform, path: Path, *, rise: str | float | None = None) -> None:
    """Write the corners of `waveform` to `path`, a line "time value" each, as PWL FILE sources read them."""
    time, value = _corners(waveform, rise)
    lines = [f"{t!r} {v!r}" for t, v in zip(time.tolist(), value.tolist(), strict=True)]
    write_text(path, "\n".join(lines) + "\n")


def _corners(
    waveform: Waveform, rise: str | float | None
) -> tuple[Float[np.ndarray, " corner"], Float[np.ndarray, " corner"]]:
    time, value = waveform.time - waveform.time[0], waveform.voltage.copy()
    lengths = np.diff(time)
    solid = lengths[lengths > 0]
    require(Waveform, solid.size > 0, "has no duration, so there is nothing for a source to do.")
    shortest = float(solid.min())
    edge = _RISE_SHARE * shortest if rise is None else to_si(rise, "s")
    require(
        Waveform,
        0 < edge < shortest,
        f"a rise of {edge:g} s does not fit into the shortest piece ({shortest:g} s); give a shorter one.",
    )
    # Only the last corner of those at one time counts: what the source shows after the jump.
    keep = np.ones(time.size, bool)
    keep[1:-1] = (lengths[:-1] > 0) | (lengths[1:] > 0)
    time, value = time[keep], value[keep]
    after = np.concatenate([[False], np.diff(time) == 0])
    return np.where(after, time + edge, time), value
