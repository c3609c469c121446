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
    VOLATILE = "volatile"
    """The state falls back before 0 V: it has no resistance at the read voltage, the value is NaN."""
    FORMING = "forming"
    """The first SET of a pristine device: a value of its own kind, kept out of the statistics."""
    NOISE = "at the noise floor"
    """The current is not above the instrument's noise: the resistance is a lower bound."""
    MEASURED = "measured"
    """Read from the curve at the read voltage."""
    BY_HAND = "by hand"
    """A person set the value, or said that there is none (NaN); the reason is in `corrections.jsonl`."""


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
    v_set_step: Float[np.ndarray, " cycle"] = None  # type: ignore[assignment]
    """Width (V) of the voltage step that ends at `v_set`, in which the device switched; NaN when unknown."""
    v_reset_step: Float[np.ndarray, " cycle"] = None  # type: ignore[assignment]
    """Width (V) of the voltage step behind `v_reset`, in which it fell; 0 for a rounded knee, NaN when unknown."""
    v_set_confidence: Float[np.ndarray, " cycle"] = None  # type: ignore[assignment]
    """0 to 1: how much better the samples agree with the SET than with no change; NaN when unknown."""
    v_reset_confidence: Float[np.ndarray, " cycle"] = None  # type: ignore[assignment]
    """0 to 1: the same for RESET."""
    v_hold: Float[np.ndarray, " cycle"] = None  # type: ignore[assignment]
    """Voltage (V) at which a volatile device falls back; NaN for a device that stays."""

    def __post_init__(self) -> None:
        for f in fields(self):
            # What a maker of tables does not know is NaN, not a reason to refuse the table.
            if getattr(self, f.name) is None:
                object.__setattr__(self, f.name, np.full(len(self.device), np.nan))
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self) if f.name != "read_voltage"}
        require(self, len(set(lengths.values())) == 1, f"columns differ in length: {lengths}.")
        require(self, self.read_voltage > 0, f"read_voltage is {self.read_voltage} V; it must be positive.")

    def __len__(self) -> int:
        return len(self.device)

    def measured(self, name: str) -> Float[np.ndarray, " cycle"]:
        """Column `name` (v_set, v_reset, resistance_lrs, resistance_hrs) as statistics take it.

        Bounds and forming are NaN: a resistance at the noise floor or a voltage hidden by the compliance is
        no measurement, and a mean over both means nothing. Switching voltages are moved from the sample
        into the middle of the voltage step in which the device switched.
        """
        flags = getattr(self, name + "_flag")
        apart = np.array([flag in (Flag.COMPLIANCE, Flag.NOISE, Flag.FORMING) for flag in flags], dtype=bool)
        values = np.where(apart, np.nan, getattr(self, name))
        if not name.startswith("v_"):
            return values
        # A device that is in LRS at one sample switched somewhere in the step before it: the middle of the step
        # is the unbiased value. RESET is given by the last sample before the fall, so its step lies beyond.
        half = 0.5 * np.nan_to_num(getattr(self, name + "_step"))
        return values + np.sign(values) * (half if name == "v_reset" else -half)

    @property
    def v_form(self) -> Float[np.ndarray, " cycle"]:
        """Forming voltage (V): `v_set` of the cycles that formed a pristine device, NaN elsewhere."""
        formed = np.array([flag is Flag.FORMING for flag in self.v_set_flag], dtype=bool)
        return np.where(formed, self.v_set, np.nan)

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
    "v_set_step": "v_set_step (V)",
    "v_reset_step": "v_reset_step (V)",
    "v_hold": "v_hold (V)",
    "v_set_derivative": "v_set_derivative (V)",
    "v_reset_derivative": "v_reset_derivative (V)",
    "resistance_lrs_first_sample": "resistance_lrs_first_sample (ohm)",
    "resistance_hrs_first_sample": "resistance_hrs_first_sample (ohm)",
    "compliance_current": "compliance_current (A)",
}
