"""The four numbers of a binary device: where each stands in the table, what it is called, its unit.

Shared by `numbers` (keys and units), the figures (axis labels) and the page (heads); no matplotlib here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from pinched.extraction.table import Flag, SwitchingTable


@dataclass(frozen=True, kw_only=True, slots=True)
class QuantityWords:
    """Words for one quantity."""

    field: str
    """Its field in `SwitchingTable` and `DeviceSpread`, and its key in numbers.json."""
    name: str
    """For a label or the head of a table."""
    unit: str
    """SI unit as `pinched._units` spells it."""


class Quantity(Enum):
    """One of the four numbers of a cycle; the order is that of `devices.spread.QUANTITIES`."""

    V_SET = QuantityWords(field="v_set", name="SET voltage", unit="V")
    V_RESET = QuantityWords(field="v_reset", name="RESET voltage", unit="V")
    RESISTANCE_LRS = QuantityWords(field="resistance_lrs", name="LRS resistance", unit="ohm")
    RESISTANCE_HRS = QuantityWords(field="resistance_hrs", name="HRS resistance", unit="ohm")

    def column(self, table: SwitchingTable) -> Float[np.ndarray, " cycle"]:
        """Its values in `table` (SI), bounds included, NaN where there is none."""
        return getattr(table, self.value.field)

    def measured(self, table: SwitchingTable) -> Float[np.ndarray, " cycle"]:
        """Its values in `table` (SI) without bounds: what every statistic rests on."""
        return table.measured(self.value.field)

    def flags(self, table: SwitchingTable) -> tuple[Flag, ...]:
        """Its flag for each cycle of `table`."""
        return getattr(table, self.value.field + "_flag")
