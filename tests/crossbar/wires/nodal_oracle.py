"""A second solution of array circuits, written down branch by branch and solved by SciPy: nothing of `pinched` in it.

Every branch is stamped by itself; the unknowns are all nodes that no source holds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve


def branches(
    g: np.ndarray, word: np.ndarray, bit: np.ndarray, source: float, sense: float, both: tuple[bool, bool]
) -> list[tuple[str, str, float]]:
    """(node, node, conductance) of wires; `word` and `bit` are resistances of segments, (word line, bit line)."""
    lines, columns = g.shape
    found = []
    for i in range(lines):
        found.append((f"W{i}", f"w{i},0", 1 / (word[i, 0] + source)))
        found += [(f"w{i},{j - 1}", f"w{i},{j}", 1 / word[i, j]) for j in range(1, columns)]
        if both[0]:
            found.append((f"W{i}", f"w{i},{columns - 1}", 1 / (word[i, 0] + source)))
    for j in range(columns):
        found.append((f"B{j}", f"b{lines - 1},{j}", 1 / (bit[lines - 1, j] + sense)))
        found += [(f"b{i},{j}", f"b{i + 1},{j}", 1 / bit[i, j]) for i in range(lines - 1)]
        if both[1]:
            found.append((f"B{j}", f"b0,{j}", 1 / (bit[lines - 1, j] + sense)))
    return found


def solve(
    g: np.ndarray, word_voltage: np.ndarray, bit_voltage: np.ndarray, *,
    word: float | np.ndarray, bit: float | np.ndarray, source: float = 0.0, sense: float = 0.0,
    both: tuple[bool, bool] = (False, False),
    law: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """(word line currents, bit line currents, word voltages, bit voltages); NaN floats a line, at both ends.

    `law` gives current and slope at the voltages of all cells; None is Ohm's law with `g`.
    """
    lines, columns = g.shape
    r_word, r_bit = np.broadcast_to(word, g.shape), np.broadcast_to(bit, g.shape)
    with np.errstate(divide="ignore"):
        wires = [b for b in branches(g, r_word, r_bit, source, sense, both) if b[2] > 0]
    held = {f"W{i}": v for i, v in enumerate(word_voltage) if not np.isnan(v)}
    held |= {f"B{j}": v for j, v in enumerate(bit_voltage) if not np.isnan(v)}
    floats = {f"W{i}" for i in range(lines)} | {f"B{j}" for j in range(columns)}
    wires = [b for b in wires if b[0] in held or b[0] not in floats]
    names = [f"{k}{i},{j}" for k in "wb" for i in range(lines) for j in range(columns)]
    number = {name: k for k, name in enumerate(names)}
    size = lines * columns
    v = np.zeros(2 * size)
    on_word, on_bit = np.arange(size), size + np.arange(size)
    for _ in range(60):
        across = (v[on_word] - v[on_bit]).reshape(g.shape)
        current, slope = (g * across, g) if law is None else law(across)
        rows, columns_, values, right = [], [], [], np.zeros(2 * size)
        for a, b, y in wires:
            for x, other in ((a, b), (b, a)):
                if x not in number:
                    continue
                rows.append(number[x])
                columns_.append(number[x])
                values.append(y)
                if other in number:
                    rows.append(number[x])
                    columns_.append(number[other])
                    values.append(-y)
                else:
                    right[number[x]] += y * held[other]
        s = slope.ravel()
        rows += [*on_word, *on_bit, *on_word, *on_bit]
        columns_ += [*on_word, *on_bit, *on_bit, *on_word]
        values += [*s, *s, *(-s), *(-s)]
        rest = (current - slope * across).ravel()
        right[on_word] -= rest
        right[on_bit] += rest
        matrix = coo_matrix((values, (rows, columns_)), shape=(2 * size, 2 * size)).tocsc()
        new = spsolve(matrix, right)
        new += spsolve(matrix, right - matrix @ new)
        done = np.abs(new - v).max() <= 1e-13
        v = new
        if done or law is None:
            break
    w, b = v[:size].reshape(g.shape), v[size:].reshape(g.shape)
    current = g * (w - b) if law is None else law(w - b)[0]
    return (
        np.where(np.isnan(word_voltage), 0.0, current.sum(1)),
        np.where(np.isnan(bit_voltage), 0.0, current.sum(0)),
        w,
        b,
    )
