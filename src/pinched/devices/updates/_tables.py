"""Straight lines through a table, for numbers, NumPy arrays and tensors alike."""

from __future__ import annotations

import numpy as np
import torch

from pinched.devices.law import Value


def interpolated(x: Value, places: tuple[float, ...], values: tuple[float, ...]) -> Value:
    """Straight lines through (`places`, `values`) at `x`, held beyond the ends; `places` rise."""
    if isinstance(x, torch.Tensor):
        at = torch.tensor(places, dtype=x.dtype, device=x.device)
        value = torch.tensor(values, dtype=x.dtype, device=x.device)
        k = (torch.searchsorted(at, x.detach().contiguous(), right=True) - 1).clamp(0, len(places) - 2)
        part = ((x - at[k]) / (at[k + 1] - at[k])).clamp(0.0, 1.0)
        return value[k] + part * (value[k + 1] - value[k])
    found = np.interp(x, places, values)
    return found if isinstance(x, np.ndarray) else float(found)
