"""Converters around an array: `Dac` on the word lines, `Adc` behind the bit lines.

Both round to levels that include zero, so that no input and no current is no signal. A range is fixed or taken from
data (`calibrate`); gain and offset errors belong to one converter (drawn by its address), noise is new at every
conversion. One ADC serves all bit lines of a tile one after the other (`shared`), or each has its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from pinched._params import quantity, require


@dataclass(frozen=True, slots=True)
class FixedRange:
    """A full scale that was chosen."""

    full_scale: float
    """Largest value: A for an ADC, units of the layer's input for a DAC."""

    def __post_init__(self) -> None:
        require(
            self,
            math.isfinite(self.full_scale) and self.full_scale > 0,
            f"full_scale is {self.full_scale}; it is above zero. Give amperes to an ADC, units of the layer's input "
            "to a DAC.",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibratedRange:
    """A full scale that data decide: a quantile of the magnitudes seen."""

    quantile: float = quantity(1.0, "1", "q", "share of the samples that must fit; 1 for the largest of them")
    margin: float = quantity(1.0, "1", "m", "factor on what was found")
    per_tile: bool = False
    """Whether each tile has a range of its own."""

    def __post_init__(self) -> None:
        require(
            self, 0.5 < self.quantile <= 1.0, f"quantile is {self.quantile}; a share above 0.5, at most 1."
        )
        require(self, 0.0 < self.margin <= 100.0, f"margin is {self.margin}; a factor such as 1.2.")


Range = FixedRange | CalibratedRange


def _require_bits(owner: object, bits: int | None) -> None:
    require(owner, bits is None or 1 <= bits <= 24, f"bits is {bits}; a converter has 1 to 24.")


def _require_share(owner: object, name: str, value: float) -> None:
    require(
        owner,
        math.isfinite(value) and 0.0 <= value <= 1.0,
        f"{name} is {value}; it is a share of full scale from 0 to 1 (0.5 % is 0.005).",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Dac:
    """Drivers of the word lines, one per line; the default is ideal."""

    bits: int | None = None
    """Resolution, sign included where inputs have one; None for a continuum."""
    range: Range = CalibratedRange()
    """Input (units of the layer) that is driven with the read voltage."""
    gain_error: float = quantity(0.0, "1", r"\sigma_g", "relative deviation of the gain of each driver")
    offset_error: float = quantity(
        0.0, "1", r"\sigma_o", "deviation of the offset of each driver, as a share of full scale"
    )
    noise: float = quantity(
        0.0, "1", r"\sigma_n", "deviation of each drive, new every time, as a share of full scale"
    )

    def __post_init__(self) -> None:
        _require_bits(self, self.bits)
        for name in ("gain_error", "offset_error", "noise"):
            _require_share(self, name, getattr(self, name))

    def steps(self, bipolar: bool) -> float:
        """Levels above zero; infinite for a continuum."""
        if self.bits is None:
            return math.inf
        return float(max(1, 2 ** (self.bits - bipolar) - 1))

    def quantize(
        self, share: Float[Tensor, "*batch input"], steps: Tensor, bipolar: Tensor
    ) -> Float[Tensor, "*batch input"]:
        """Level nearest to `share` of full scale; what exceeds the range is held at its end."""
        held = torch.minimum(torch.maximum(share, -bipolar), torch.ones_like(bipolar))
        return held if self.bits is None else (held * steps).round() / steps


@dataclass(frozen=True, kw_only=True, slots=True)
class Adc:
    """Converters behind the bit lines."""

    bits: int = 8
    """Resolution, sign included where signals have one."""
    range: Range = CalibratedRange()
    """Current (A) of the largest code."""
    bipolar: bool | None = None
    """Whether codes have a sign; None lets the calibration decide, and has a sign without one."""
    gain_error: float = quantity(0.0, "1", r"\sigma_g", "relative deviation of the gain of each converter")
    offset_error: float = quantity(
        0.0, "1", r"\sigma_o", "deviation of the offset of each converter, as a share of full scale"
    )
    noise: float = quantity(
        0.0, "1", r"\sigma_n", "deviation of each conversion, new every time, as a share of full scale"
    )
    shared: bool = True
    """Whether one converter serves all bit lines of a tile."""

    def __post_init__(self) -> None:
        _require_bits(self, self.bits)
        for name in ("gain_error", "offset_error", "noise"):
            _require_share(self, name, getattr(self, name))

    def codes(self, bipolar: bool) -> tuple[int, int]:
        """Smallest and largest code."""
        return (
            (-(2 ** (self.bits - 1)), max(1, 2 ** (self.bits - 1) - 1)) if bipolar else (0, 2**self.bits - 1)
        )


def round_through(code: Float[Tensor, "*signal"], low: float, high: float) -> Float[Tensor, "*signal"]:
    """`code` rounded and held within `low` .. `high`; backward the identity inside (bengio2013estimating)."""
    held = code.clamp(low, high)
    return held + (held.round() - held).detach()
