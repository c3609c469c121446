"""Tables that keep the way out and the way back in columns of their own: "V, I_forward, I_backward".

`both_ways` joins them into the loop that was measured. It does so only where the two ways meet at the turning point:
"forward" and "reverse" may as well be two polarities, and those are two sweeps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from pinched.data.columns import Role, words_of
from pinched.data.table import RawTable

_OUT = frozenset(
    (
        "forward",
        "fwd",
        "fw",
        "up",
        "upward",
        "upwards",
        "ascending",
        "increasing",
        "trace",
        "hin",
        "aller",
        "onward",
    )
)
_BACK = frozenset(
    ("backward", "backwards", "back", "bwd", "bw", "reverse", "rev", "return", "retrace", "down", "downward",
     "downwards", "descending", "decreasing", "retour")
)  # fmt: skip
_MEET = 1.5
"""Factor within which the currents of the two ways agree where the voltage turns."""


def both_ways(table: RawTable) -> RawTable:
    """`table` with the columns of the way out and the way back joined, or `table` itself where there are none."""
    pairs = _pairs(table)
    if not pairs:
        return table
    roles = [table.meaning(c).role for c in range(table.numbers.shape[1])]
    directed = {c for pair in pairs for c in pair}
    volts = [c for c, role in enumerate(roles) if role is Role.VOLTAGE]
    amps = [pair for pair in pairs if pair[0] not in volts]
    volt_pairs = [pair for pair in pairs if pair[0] in volts]
    shared = [c for c in volts if c not in directed]
    if not amps or len(shared) + len(volt_pairs) != 1 or set(volts) - directed - set(shared):
        return table
    out_v, back_v = volt_pairs[0] if volt_pairs else (shared[0], shared[0])
    columns: list[Float[np.ndarray, " row"]] = []
    lines: list[int] = []
    heads: list[str] = []
    for out_i, back_i in amps:
        way_out = table.numbers[:, [out_v, out_i]]
        way_back = table.numbers[:, [back_v, back_i]]
        way_out, way_back = (way[np.isfinite(way).all(axis=1)] for way in (way_out, way_back))
        if len(way_out) < 3 or len(way_back) < 3 or not _steady(way_out[:, 0]) or not _steady(way_back[:, 0]):
            return table
        turn = way_out[-1]
        if abs(way_back[0, 0] - turn[0]) > abs(way_back[-1, 0] - turn[0]):
            way_back = way_back[::-1]
        meet = way_back[0]
        step = float(np.abs(np.diff(way_out[:, 0])).max())
        if abs(meet[0] - turn[0]) > 1.5 * step or not _alike(float(meet[1]), float(turn[1])):
            return table
        loop = np.concatenate([way_out, way_back])
        if columns and len(loop) != len(columns[0]):
            return table
        columns.extend([loop[:, 0], loop[:, 1]])
        heads.extend([table.heads[out_v], table.heads[out_i]])
    lines = [int(table.lines[0])] * len(columns[0])
    used = [c for pair in amps for c in (out_v, pair[0])]
    note = f"{table.name(amps[0][0])} and {table.name(amps[0][1])} joined: the way out and the way back of one loop"
    return replace(
        table,
        heads=tuple(heads),
        numbers=np.column_stack(columns),
        texts={},
        lines=np.array(lines),
        notes=(*table.notes, note),
        units=tuple(table.units[c] for c in used) if table.units else (),
        aside=frozenset(),
        groups=tuple(table.groups[c] for c in used) if table.groups else (),
        said={k: table.said[c] for k, c in enumerate(used) if c in table.said},
    )


def _pairs(table: RawTable) -> list[tuple[int, int]]:
    """Columns (out, back) whose heads differ in the direction only and hold a voltage, a current or nothing known."""
    found: dict[tuple[tuple[str, ...], bool], dict[str, int]] = {}
    for c, head in enumerate(table.heads):
        words = words_of(head)
        way = "out" if _OUT & set(words) else "back" if _BACK & set(words) else ""
        said = table.meaning(c)
        if not way or c in table.texts or said.role not in (Role.VOLTAGE, Role.CURRENT, Role.UNKNOWN):
            continue
        rest = tuple(word for word in words if word not in _OUT | _BACK)
        ways = found.setdefault((rest, said.role is Role.VOLTAGE), {})
        if way in ways:
            return []
        ways[way] = c
    complete = all(len(ways) == 2 for ways in found.values())
    return [(ways["out"], ways["back"]) for ways in found.values()] if complete else []


def _steady(voltage: Float[np.ndarray, " row"]) -> bool:
    steps = np.diff(voltage)
    return bool((steps > 0).all() or (steps < 0).all())


def _alike(a: float, b: float) -> bool:
    return a * b > 0 and 1 / _MEET <= a / b <= _MEET
