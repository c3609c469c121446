"""Randomness by address: what is drawn depends on where it belongs, not on what was drawn before.

`generator` for a handful of draws with a name ("bootstrap", "v_set"); `cell_normals` and
`cell_uniforms` for one draw per memory cell, where cell (array, word line, bit line) gets the same
numbers whatever the size of the array, the order of the calls or how they are batched.
The stream is Philox4x32-10 (salmon2011philox), the counter-based generator made for this.
"""

import hashlib

import numba
import numpy as np
from jaxtyping import Float, UInt64

_MASK = 0xFFFFFFFF


def _key(seed: int, address: tuple[str | int, ...]) -> int:
    text = "/".join([str(int(seed)), *(str(part) for part in address)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def stream_key(seed: int, *address: str | int) -> UInt64[np.ndarray, " 2"]:
    """The two words (uint64) that key the stream of `address`, for compiled loops that draw themselves."""
    key = _key(seed, address)
    return np.array([key & _MASK, key >> 32], np.uint64)


def generator(seed: int, *address: str | int) -> np.random.Generator:
    """A NumPy generator for `address`, such as `generator(0, "array", 3, "bootstrap")`."""
    return np.random.Generator(np.random.Philox(key=_key(seed, address)))


@numba.njit(cache=True)
def _philox(c0, c1, c2, c3, k0, k1):  # pragma: no cover - compiled
    mask = np.uint64(0xFFFFFFFF)
    m0, m1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
    w0, w1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
    shift = np.uint64(32)
    for _ in range(10):
        p0, p1 = m0 * c0, m1 * c2
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ k0, p1 & mask, (p0 >> shift) ^ c3 ^ k1, p0 & mask
        k0, k1 = (k0 + w0) & mask, (k1 + w1) & mask
    return c0, c1, c2, c3


@numba.njit(cache=True, parallel=False)
def _fill(out, arrays, k0, k1, normal):  # pragma: no cover - compiled
    scale = 1.0 / 4294967296.0
    for a in range(out.shape[0]):
        index = np.uint64(arrays[a])
        low, high = index & np.uint64(0xFFFFFFFF), index >> np.uint64(32)
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                w = _philox(np.uint64(j), np.uint64(i), low, high, k0, k1)
                # Half a step above zero: the logarithm below never sees zero, the mean stays one half.
                u0, u1 = (float(w[0]) + 0.5) * scale, (float(w[1]) + 0.5) * scale
                u2, u3 = (float(w[2]) + 0.5) * scale, (float(w[3]) + 0.5) * scale
                if normal:
                    r, s = np.sqrt(-2.0 * np.log(u0)), np.sqrt(-2.0 * np.log(u2))
                    t, p = 2.0 * np.pi * u1, 2.0 * np.pi * u3
                    u0, u1, u2, u3 = r * np.cos(t), r * np.sin(t), s * np.cos(p), s * np.sin(p)
                out[a, i, j, 0], out[a, i, j, 1], out[a, i, j, 2], out[a, i, j, 3] = u0, u1, u2, u3


def _draw(seed: int, stream: str, arrays: range, shape: tuple[int, int], normal: bool) -> np.ndarray:
    key = _key(seed, (stream,))
    out = np.empty((len(arrays), *shape, 4), dtype=np.float32)
    _fill(out, np.asarray(arrays, dtype=np.int64), np.uint64(key & _MASK), np.uint64(key >> 32), normal)
    return out


def cell_normals(
    seed: int, stream: str, arrays: range, shape: tuple[int, int]
) -> Float[np.ndarray, "array word_line bit_line 4"]:
    """Four independent standard normal numbers for each cell of `arrays` of `shape`, float32."""
    return _draw(seed, stream, arrays, shape, normal=True)


def cell_uniforms(
    seed: int, stream: str, arrays: range, shape: tuple[int, int]
) -> Float[np.ndarray, "array word_line bit_line 4"]:
    """Four independent uniform numbers in (0, 1] for each cell of `arrays` of `shape`, float32."""
    return _draw(seed, stream, arrays, shape, normal=False)
