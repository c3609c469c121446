"""Ranges of parameters from which devices are drawn: what a table of a paper states, with what it leaves out.

A point of the unit cube becomes values, values become a device and its waveform. Restrictions say which values are
refused; a study draws on until it has enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from pinched._params import quantity, require
from pinched.data.waveforms import Waveform
from pinched.physics.device import TransportDevice
from pinched.physics.estimate import Common

Values = Float[np.ndarray, "draw parameter"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterRange:
    """One parameter of a study."""

    name: str
    """Name as a column of a table, such as "barrier_left"."""
    unit: str
    """SI unit, eV for energies, m_e for effective masses."""
    symbol: str
    """LaTeX symbol."""
    low: float
    high: float
    logarithmic: bool = False
    """True: the logarithm is drawn evenly."""

    def __post_init__(self) -> None:
        require(
            self,
            self.low < self.high and (self.low > 0.0 or not self.logarithmic),
            f"{self.name} is to be drawn from {self.low} to {self.high} {self.unit}; the ends must rise, and be "
            f"above zero for a logarithmic draw.",
        )

    def at(self, cube: Float[np.ndarray, " draw"]) -> Float[np.ndarray, " draw"]:
        """Values at shares `cube` (0 to 1) of the range."""
        if self.logarithmic:
            return self.low * (self.high / self.low) ** cube
        return self.low + (self.high - self.low) * cube


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ParameterRanges:
    """A study: parameters, what is refused, and how values become a device under a waveform."""

    parameters: tuple[ParameterRange, ...]
    build: Callable[[dict[str, float]], tuple[TransportDevice, Waveform]]
    """Device and waveform of named values; raises `PinchedError` where they make none."""
    accepts: Callable[[dict[str, Float[np.ndarray, " draw"]]], Bool[np.ndarray, " draw"]]
    """Which of many draws are kept, by columns of values."""
    common: Common
    """What is not drawn."""
    name: str = "ranges"
    source: str = ""
    """Key in references.bib."""
    restriction: str = ""
    """What is refused, in words."""
    share: float = quantity(1.0, "1", "", "about how many of the plain draws are kept")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the columns."""
        return tuple(item.name for item in self.parameters)

    def at(self, cube: Values) -> Values:
        """Values of the points `cube` (draw, parameter) of the unit cube."""
        columns = [item.at(cube[:, k]) for k, item in enumerate(self.parameters)]
        return np.stack(columns, axis=1)

    def kept(self, values: Values) -> Bool[np.ndarray, " draw"]:
        """Which rows of `values` (draw, parameter) are no refused ones."""
        return self.accepts({name: values[:, k] for k, name in enumerate(self.names)})

    def device(self, row: Float[np.ndarray, " parameter"]) -> tuple[TransportDevice, Waveform]:
        """Device and waveform of one row of values."""
        return self.build(dict(zip(self.names, map(float, row), strict=True)))
