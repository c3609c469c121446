"""`ArrayOptions`: everything that says how a matrix is computed in an array, in one frozen record.

`convert` makes it of its arguments; every layer of a chip holds it. `Cause` names what keeps the result from the
matrix that was meant, and `only` switches all of it off but one: what `diagnose` needs.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from pinched._params import quantity, require
from pinched.crossbar.converters import Adc, Dac
from pinched.crossbar.imperfections import Imperfections, Place
from pinched.crossbar.inputs import Amplitude, InputCoding
from pinched.crossbar.level_sets import LevelPairs, LevelSet
from pinched.crossbar.mapping import ArrayMapping, DifferentialPair
from pinched.crossbar.window import ConductanceWindow, Device


class Cause(Enum):
    """What keeps the output of a layer from that of its float twin."""

    MAPPING = "words of the mapping"
    LEVELS = "finite levels"
    DEVICE_TO_DEVICE = "device to device"
    CYCLE_TO_CYCLE = "cycle to cycle (write error)"
    STUCK = "stuck cells"
    PROGRAMMING = "programming"
    DRIFT = "drift"
    TEMPERATURE = "temperature"
    READ_NOISE = "read noise"
    TELEGRAPH_NOISE = "telegraph noise"
    WIRES = "wires"
    DAC = "DAC and input coding"
    ADC = "ADC"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wires:
    """Resistances around the cells of a tile; the default is ideal."""

    word: float = quantity(0.0, "ohm", r"R_\mathrm{WL}", "one segment of a word line")
    bit: float = quantity(0.0, "ohm", r"R_\mathrm{BL}", "one segment of a bit line")
    source: float = quantity(0.0, "ohm", r"R_\mathrm{S}", "driver of a word line")
    sense: float = quantity(0.0, "ohm", r"R_\mathrm{sense}", "amplifier of a bit line")

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            require(
                self,
                math.isfinite(value) and value >= 0.0,
                f"the resistance of {item.metadata['meaning']} is {value} ohm; it is finite and not below zero.",
            )

    @property
    def ideal(self) -> bool:
        """Whether nothing drops a voltage."""
        return self.word == self.bit == self.source == self.sense == 0.0

    def scaled(self, factor: float) -> Wires:
        """Segments `factor` times as resistive (warmer metal); driver and amplifier stay."""
        return dataclasses.replace(self, word=self.word * factor, bit=self.bit * factor)


class WireGradient(Enum):
    """How training sees the wires."""

    FROZEN = "frozen"
    """The attenuation of each device is exact when it is refreshed and constant between: nearly free."""
    EXACT = "exact"
    """Solved at every step, with the exact gradient."""


@runtime_checkable
class Programming(Protocol):
    """How target conductances get into the devices of a stack of tiles; frozen. None in `ArrayOptions` is exact."""

    def program(
        self,
        target: Float[Tensor, "*tile word_line bit_line"],
        window: ConductanceWindow,
        imperfections: Imperfections,
        wires: Wires,
        place: Place,
    ) -> tuple[Float[Tensor, "*tile word_line bit_line"], object]:
        """Conductances (S) that were reached, and a record of what it took."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ArrayOptions:
    """How a matrix lies in arrays and is read from them."""

    device: Device = field(default_factory=ConductanceWindow)
    """What the cells are."""
    window: ConductanceWindow = field(default_factory=ConductanceWindow)
    """Its conductances at the read voltage."""
    mapping: ArrayMapping = field(default_factory=DifferentialPair)
    tile: tuple[int, int] | None = None
    """Word lines and bit lines of a tile; None for one tile per matrix."""
    wires: Wires = field(default_factory=Wires)
    imperfections: Imperfections = field(default_factory=Imperfections)
    dac: Dac | None = None
    """None drives any input exactly."""
    adc: Adc | None = None
    """None keeps every digit of the currents."""
    inputs: InputCoding = field(default_factory=Amplitude)
    read_voltage: float = quantity(0.2, "V", r"V_\mathrm{read}", "voltage of the largest input")
    clip: float | None = None
    """Weights beyond so many standard deviations are held there; None maps the largest weight to the window's end."""
    programming: Programming | None = None
    """None: every device takes its target conductance, with the imperfections."""
    wire_gradient: WireGradient = WireGradient.FROZEN
    refresh: int = 50
    """Training steps between two solutions of the wires (`WireGradient.FROZEN`)."""
    seed: int = 0

    def __post_init__(self) -> None:
        require(
            self,
            math.isfinite(self.read_voltage) and 0.0 < self.read_voltage <= 10.0,
            f"read_voltage is {self.read_voltage} V; above zero, at most 10.",
        )
        require(
            self,
            self.clip is None or self.clip > 0,
            f"clip is {self.clip} standard deviations; above zero, or None.",
        )
        require(self, self.refresh >= 1, f"refresh is {self.refresh}; at least every step (1).")
        require(
            self,
            not self.inputs.needs_bits or (self.dac is not None and self.dac.bits is not None),
            f"{type(self.inputs).__name__} counts in bits, and there is no DAC that has any. Give dac=Dac(bits=8).",
        )
        used, levels = self.mapping.levels_used(), self.imperfections.levels
        require(
            self,
            used is None or not isinstance(levels, int) or (levels - 1) % (used - 1) == 0,
            f"{self.mapping.name} needs {used} levels per device, but the devices have {levels}. Use fewer bits per "
            "cell.",
        )
        for name, held in (
            ("levels", levels),
            ("the mapping", self.mapping.levels if isinstance(self.mapping, LevelPairs) else None),
        ):
            if isinstance(held, LevelSet):
                low, high = held.conductances[0], held.conductances[-1]
                fits = (
                    max(abs(low - self.window.g_min), abs(high - self.window.g_max))
                    <= 1e-6 * self.window.width
                )
                require(
                    self,
                    fits,
                    f"{name} holds conductances from {low:g} to {high:g} S, the window goes from "
                    f"{self.window.g_min:g} to {self.window.g_max:g} S. Take device=levels.window.",
                )

    @property
    def reads_plainly(self) -> bool:
        """Whether a read is a single product with one matrix: no converter, no noise."""
        return self.dac is None and self.adc is None and not self.imperfections.noisy

    def only(self, cause: Cause | None) -> ArrayOptions:
        """The same with every cause off but `cause`; all off for None (the words of the mapping always stay)."""
        now = self.imperfections
        keep: dict[str, object] = {}
        names = {
            Cause.LEVELS: ("levels",),
            Cause.DEVICE_TO_DEVICE: ("device_to_device", "spatial"),
            Cause.CYCLE_TO_CYCLE: ("cycle_to_cycle",),
            Cause.STUCK: ("stuck_at_hrs", "stuck_at_lrs"),
            Cause.DRIFT: ("drift", "drift_spread"),
            Cause.TEMPERATURE: ("temperature",),
            Cause.READ_NOISE: ("read_noise", "read_noise_floor", "literal_reads"),
            Cause.TELEGRAPH_NOISE: ("telegraph_noise", "literal_reads"),
        }
        for name in names.get(cause, ()) if cause is not None else ():
            keep[name] = getattr(now, name)
        if cause is Cause.PROGRAMMING:
            # Programming acts on devices as they are: without their spread there would be little to miss.
            keep = {
                name: getattr(now, name)
                for name in ("levels", "device_to_device", "spatial", "cycle_to_cycle")
            }
        driven = cause is Cause.DAC
        return dataclasses.replace(
            self,
            imperfections=Imperfections(**keep),  # type: ignore[arg-type]
            wires=self.wires if cause is Cause.WIRES else Wires(),
            dac=self.dac if driven else None,
            inputs=self.inputs if driven else Amplitude(),
            adc=self.adc if cause is Cause.ADC else None,
            programming=self.programming if cause is Cause.PROGRAMMING else None,
        )

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Causes that are on."""
        now = self.imperfections
        on = {
            Cause.MAPPING: not self.mapping.smooth,
            Cause.LEVELS: now.levels is not None,
            Cause.DEVICE_TO_DEVICE: now.device_to_device > 0,
            Cause.CYCLE_TO_CYCLE: now.cycle_to_cycle > 0,
            Cause.STUCK: now.stuck_at_hrs + now.stuck_at_lrs > 0,
            Cause.PROGRAMMING: self.programming is not None,
            Cause.DRIFT: now.drift is not None,
            Cause.TEMPERATURE: now.temperature is not None,
            Cause.READ_NOISE: now.read_noise + now.read_noise_floor > 0,
            Cause.TELEGRAPH_NOISE: now.telegraph_noise is not None,
            Cause.WIRES: not self.wires.ideal,
            Cause.DAC: self.dac is not None,
            Cause.ADC: self.adc is not None,
        }
        return tuple(cause for cause, active in on.items() if active)
