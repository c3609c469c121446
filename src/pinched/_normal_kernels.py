"""Many standard normal numbers at once, float32: what read noise takes one of per output and input.

`standard_normals(shape, key)` for noise that has no address of its own (the next read, and the next); draws that
belong to a device come from `_random`. Lanes of xoshiro128++ (blackman2021scrambled) side by side, so that the loops
vector instructions, seeded by Philox; Box-Muller with polynomials of single precision.
"""

import numba
import numpy as np
from jaxtyping import Float

from pinched._random import _philox

_LANES = 512


@numba.njit(cache=True, fastmath=True)
def _fill(out, k0, k1):  # pragma: no cover - compiled
    lanes = _LANES
    one, mask = np.uint32(1), np.uint32(0xFFFFFFFF)
    s0, s1, s2, s3 = (
        np.empty(lanes, np.uint32), np.empty(lanes, np.uint32), np.empty(lanes, np.uint32), np.empty(lanes, np.uint32)
    )  # fmt: skip
    zero = np.uint64(0)
    for i in range(lanes):
        w = _philox(np.uint64(i), zero, zero, zero, k0, k1)
        # A lane of zeros would stay at zero.
        s0[i], s1[i], s2[i], s3[i] = np.uint32(w[0]) | one, np.uint32(w[1]), np.uint32(w[2]), np.uint32(w[3])
    words = np.empty((2, lanes), np.uint32)
    uniform = np.empty(lanes, np.float32)
    bits = uniform.view(np.int32)
    radius, exponent = np.empty(lanes, np.float32), np.empty(lanes, np.float32)
    pair = np.empty((2, lanes), np.float32)
    scale, half, root2 = np.float32(2.0**-32), np.float32(0.5), np.float32(1.4142135)
    ln2, quarter = np.float32(0.6931472), np.float32(0.25)
    l3, l5, l7, l9 = np.float32(1 / 3), np.float32(1 / 5), np.float32(1 / 7), np.float32(1 / 9)
    # Taylor series of sin(2 pi s) for |s| up to a quarter.
    c1, c3, c5 = np.float32(6.2831853), np.float32(-41.341702), np.float32(81.605249)
    c7, c9, c11 = np.float32(-76.705860), np.float32(42.058694), np.float32(-15.094643)
    done = 0
    while done < out.size:
        for half_of in range(2):
            for i in range(lanes):
                a, b, c, d = s0[i], s1[i], s2[i], s3[i]
                total = np.uint32((a + d) & mask)
                turned = np.uint32(((total << np.uint32(7)) | (total >> np.uint32(25))) & mask)
                words[half_of, i] = np.uint32((turned + a) & mask)
                t = np.uint32((b << np.uint32(9)) & mask)
                c = np.uint32(c ^ a)
                d = np.uint32(d ^ b)
                s1[i] = b ^ c
                s0[i] = a ^ d
                s2[i] = c ^ t
                s3[i] = np.uint32(((d << np.uint32(11)) | (d >> np.uint32(21))) & mask)
        for i in range(lanes):
            uniform[i] = (np.float32(words[0, i]) + half) * scale
        for i in range(lanes):
            held = bits[i]
            exponent[i] = np.float32((held >> 23) - 127)
            bits[i] = (held & 0x7FFFFF) | 0x3F800000
        for i in range(lanes):
            m, e = uniform[i], exponent[i]
            large = m > root2
            m = m * half if large else m
            e = e + np.float32(1.0) if large else e
            t = (m - np.float32(1.0)) / (m + np.float32(1.0))
            q = t * t
            log = np.float32(2.0) * t * (np.float32(1.0) + q * (l3 + q * (l5 + q * (l7 + q * l9)))) + e * ln2
            radius[i] = np.sqrt(max(np.float32(-2.0) * log, np.float32(0.0)))
        for i in range(lanes):
            turn = np.float32(np.int32(words[1, i])) * scale
            size = abs(turn)
            s = quarter - abs(quarter - size)
            s = -s if turn < np.float32(0.0) else s
            q = s * s
            pair[0, i] = radius[i] * s * (c1 + q * (c3 + q * (c5 + q * (c7 + q * (c9 + q * c11)))))
            s = quarter - size
            q = s * s
            pair[1, i] = radius[i] * s * (c1 + q * (c3 + q * (c5 + q * (c7 + q * (c9 + q * c11)))))
        for half_of in range(2):
            count = min(lanes, out.size - done)
            for i in range(count):
                out[done + i] = pair[half_of, i]
            done += count


def standard_normals(shape: tuple[int, ...], key: int) -> Float[np.ndarray, "*shape"]:
    """Standard normal numbers (float32) of `shape`; `key` (64 bits) chooses the stream."""
    out = np.empty(shape, np.float32)
    _fill(out.reshape(-1), np.uint64(key & 0xFFFFFFFF), np.uint64((key >> 32) & 0xFFFFFFFF))
    return out
