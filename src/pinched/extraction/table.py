"""`SwitchingTable`: one row per cycle, the numbers of a device paper with a flag for each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from jaxtyping import Float, Int

from pinched._params import require


class Flag(StrEnum):
    """How a value was found, or why there is none."""

    ABRUPT = "abrupt"
    """The transition is a jump: most of it happens within a few samples."""
    GRADUAL = "gradual"
    """The state changes without a jump: a SET has no threshold then and a RESET one only where |I| peaks."""
    NONE = "none"
    """Nothing to find: the branch is missing, or the state does not change; the value is NaN."""
    COMPLIANCE = "limited by compliance"
    """The current limit hides the value: a bound, not a measurement."""
    NOISE = "at the noise floor"
    """The current is not above the instrument's noise: the resistance is a lower bound."""
    MEASURED = "measured"
    """Read from the curve at the read voltage."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SwitchingTable:
    """One row per cycle; float columns are NaN where a flag says why.

    `v_set`, `v_reset` follow the robust rule, the columns with `_derivative` and `_first_sample` the
    rule of paper marraccini2025fast, so that both can be compared.
    """

    read_voltage: float
    """Voltage (V, above zero) at which the resistances are stated."""
    file: tuple[str, ...]
    device: tuple[str, ...]
    cycle: Int[np.ndarray, " cycle"]
    v_set: Float[np.ndarray, " cycle"]
    """SET voltage (V, signed)."""
    v_set_flag: tuple[Flag, ...]
    v_reset: Float[np.ndarray, " cycle"]
    """RESET voltage (V, signed): where |I| peaks on the RESET branch before it falls."""
    v_reset_flag: tuple[Flag, ...]
    resistance_lrs: Float[np.ndarray, " cycle"]
    """Resistance (ohm) of the low resistance state at the read voltage, after SET."""
    resistance_lrs_flag: tuple[Flag, ...]
    resistance_hrs: Float[np.ndarray, " cycle"]
    """Resistance (ohm) of the high resistance state at the read voltage, before SET."""
    resistance_hrs_flag: tuple[Flag, ...]
    v_set_derivative: Float[np.ndarray, " cycle"]
    """Voltage (V) of the largest dI/dV on the SET branch."""
    v_reset_derivative: Float[np.ndarray, " cycle"]
    """Voltage (V) of the smallest dI/dV on the RESET branch."""
    resistance_lrs_first_sample: Float[np.ndarray, " cycle"]
    """V/I (ohm) of the first sample away from 0 V of the third segment (LRS, before RESET)."""
    resistance_hrs_first_sample: Float[np.ndarray, " cycle"]
    """V/I (ohm) of the first sample away from 0 V of the first segment (HRS, before SET)."""
    compliance_current: Float[np.ndarray, " cycle"]
    """Current limit (A), stated by the file or seen as a plateau; NaN where there is none."""

    def __post_init__(self) -> None:
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self) if f.name != "read_voltage"}
        require(self, len(set(lengths.values())) == 1, f"columns differ in length: {lengths}.")
        require(self, self.read_voltage > 0, f"read_voltage is {self.read_voltage} V; it must be positive.")

    def __len__(self) -> int:
        return len(self.device)

    def measured(self, name: str) -> Float[np.ndarray, " cycle"]:
        """Column `name` (v_set, v_reset, resistance_lrs, resistance_hrs) with bounds taken out as NaN.

        Statistics use this: a resistance at the noise floor or a voltage hidden by the compliance is a
        bound, and a mean over bounds and measurements means nothing.
        """
        flags = getattr(self, name + "_flag")
        bound = np.array([flag in (Flag.COMPLIANCE, Flag.NOISE) for flag in flags])
        return np.where(bound, np.nan, getattr(self, name))

    @property
    def on_off_ratio(self) -> Float[np.ndarray, " cycle"]:
        """R_HRS / R_LRS of each cycle; NaN where one of them is missing or a bound."""
        return self.measured("resistance_hrs") / self.measured("resistance_lrs")

    @property
    def device_number(self) -> Int[np.ndarray, " cycle"]:
        """0, 1, 2 ... for the first, second, third device in the table."""
        order = {name: k for k, name in enumerate(dict.fromkeys(self.device))}
        return np.array([order[name] for name in self.device], dtype=np.int64)

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices, in the order of their first cycle."""
        return tuple(dict.fromkeys(self.device))

    def rows(self) -> Iterator[dict[str, str | int | float]]:
        """Each cycle as a dictionary of plain values, in the order of the columns."""
        names = [f.name for f in fields(self) if f.name != "read_voltage"]
        columns = [getattr(self, name) for name in names]
        for values in zip(*(c.tolist() if isinstance(c, np.ndarray) else c for c in columns), strict=True):
            row = dict(zip(names, values, strict=True))
            yield {k: (str(v) if isinstance(v, Flag) else v) for k, v in row.items()}

    def to_csv(self) -> str:
        """The table as CSV text with units in the heads; NaN is an empty cell."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        first = True
        for row in self.rows():
            if first:
                writer.writerow([_HEADS.get(name, name) for name in row])
                first = False
            writer.writerow(["" if isinstance(v, float) and np.isnan(v) else v for v in row.values()])
        return out.getvalue()


_HEADS = {
    "v_set": "v_set (V)",
    "v_reset": "v_reset (V)",
    "resistance_lrs": "resistance_lrs (ohm)",
    "resistance_hrs": "resistance_hrs (ohm)",
    "v_set_derivative": "v_set_derivative (V)",
    "v_reset_derivative": "v_reset_derivative (V)",
    "resistance_lrs_first_sample": "resistance_lrs_first_sample (ohm)",
    "resistance_hrs_first_sample": "resistance_hrs_first_sample (ohm)",
    "compliance_current": "compliance_current (A)",
}
