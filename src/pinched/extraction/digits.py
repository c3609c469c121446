"""How many digits numbers were written with: what tells a measurement from a value typed or read off a figure."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

_MOST_VALUES = 500
"""Values judged: enough to know the digits of a column."""


def written_digits(
    values: Float[np.ndarray, " value"],
) -> tuple[Int[np.ndarray, " value"], Int[np.ndarray, " value"]]:
    """Significant digits of each finite, nonzero value as written, and the power of ten of the last one."""
    parts = [f"{abs(value):.11e}".split("e") for value in values.tolist()]
    digits = np.array([max(len(mantissa.replace(".", "").rstrip("0")), 1) for mantissa, _ in parts])
    return digits, np.array([int(power) for _, power in parts]) - digits + 1


def different_values(values: Float[np.ndarray, " value"]) -> Float[np.ndarray, " different"]:
    """The different finite values of `values` that are not 0, an even choice of some hundreds where there are more.

    A value that comes again, such as a round current limit, is one value.
    """
    found = np.unique(values[np.isfinite(values) & (values != 0)])
    return found[:: max(found.size // _MOST_VALUES, 1)]


def short_share(values: Float[np.ndarray, " value"]) -> float:
    """Share (0 to 1) of the different `values` with at most two significant digits; 0 where there is none."""
    found = different_values(values)
    return float((written_digits(found)[0] <= 2).mean()) if found.size else 0.0
