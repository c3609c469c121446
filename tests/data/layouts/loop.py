"""The loop that every layout holds, and what a layout is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pinched.data.options import ReadOptions

RISE = np.arange(31) * 0.05
VOLT = np.round(np.concatenate([RISE, RISE[-2::-1], -RISE[1:], -RISE[-2::-1]]), 10)
COUNT = np.arange(VOLT.size)
CLOCK = np.round(0.02 * COUNT, 10)
_ON = (COUNT > 20) & (COUNT < 80)
_FLOWING = np.where(_ON, VOLT / 1.2e3, VOLT / 8.7e4) * (1 + 0.013 * np.sin(1.7 * COUNT))
AMP = np.array([float(f"{x:.6e}") for x in np.clip(_FLOWING, -1e-3, 1e-3)])
MICRO = np.array([float(f"{x * 1e6:.7g}") for x in AMP])
"""The current in uA, as a file prints it."""
ONE = ((VOLT, AMP),)
PRINTED = ((VOLT, MICRO * 1e-6),)
TWO = ((VOLT, AMP), (VOLT, 2 * AMP))
THREE = (*TWO, (VOLT, 3 * AMP))

Curves = Sequence[tuple[np.ndarray, np.ndarray]]


class Layout(NamedTuple):
    """One file and what reading it must give."""

    content: bytes | str
    curves: Curves | str = ONE
    """Voltage (V) and current (A) of each sweep, or a pattern that the refusal must match."""
    name: str = "a.csv"
    options: ReadOptions | None = None
    time: np.ndarray | None = None
    devices: tuple[str, ...] = ()
    cycles: tuple[int, ...] = ()

    @property
    def bytes(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.encode()


def body(row: str, *, end: str = "\n", comma: bool = False, part: slice = slice(None)) -> str:
    """A line per sample, `row` with its numbers filled in.

    v V, mv mV, i A, u uA, na nA, i2 and i3 times the current, t s, k and n the sample from 0 and 1; over a shunt of
    50 ohm s V, sm mV, and b V over both.
    """
    lines = [
        row.format(
            v=v,
            mv=1e3 * v,
            i=i,
            u=u,
            na=1e3 * u,
            i2=2 * i,
            i3=3 * i,
            t=t,
            k=k,
            n=k + 1,
            s=50 * i,
            sm=5e4 * i,
            b=v + 50 * i,
        )
        for k, (v, i, u, t) in enumerate(
            zip(VOLT.tolist(), AMP.tolist(), MICRO.tolist(), CLOCK.tolist(), strict=True)
        )
    ]
    text = end.join(lines[part]) + end
    return text.replace(".", ",") if comma else text


VI = "{v:.6g},{i:.6e}"
VU = "{v:.6g},{u:.8g}"
TABS = "{v:.6g}\t{i:.6e}"
BLANKS = "{v:.6g} {i:.6e}"
