r"""What reading and writing tiles cost: energy, latency, area, each with its formula and the source of its constants.

`CircuitConstants` holds what a technology says; `read_cost` and `write_cost` turn counts into numbers. Device
currents are those of ideal wires, $\sum_i v_i^2 \sum_j G_{ij}\, t$: wires only lower them, so that energies are
upper bounds. What digital circuits, buffers and buses take is not in it.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from pinched._params import quantity, require


@dataclass(frozen=True, kw_only=True, slots=True)
class CircuitConstants:
    """Circuits around a tile; by default those of one 32 nm accelerator (shafiee2016isaac, table 1)."""

    source: ClassVar[str] = "shafiee2016isaac"
    adc_energy: float = quantity(
        16e-3 / 8 / 1.2e9,
        "J",
        r"E_\mathrm{ADC}",
        "one conversion of adc_bits: 16 mW for 8 converters at 1.2 GS/s",
    )
    adc_bits: int = 8
    """Resolution that `adc_energy` and `adc_area` belong to; both double per further bit (walden1999analog)."""
    adc_rate: float = quantity(1.2e9, "Hz", r"f_\mathrm{ADC}", "conversions per second of one ADC")
    adc_area: float = quantity(0.0096e-6 / 8, "m^2", r"A_\mathrm{ADC}", "one ADC: 0.0096 mm^2 for 8")
    dac_energy: float = quantity(
        4e-3 / 1024 * 100e-9,
        "J",
        r"E_\mathrm{DAC}",
        "one drive of one word line: 4 mW for 1024 drivers, 100 ns",
    )
    dac_area: float = quantity(
        0.00017e-6 / 1024, "m^2", r"A_\mathrm{DAC}", "one driver: 0.00017 mm^2 for 1024"
    )
    read_width: float = quantity(100e-9, "s", r"t_\mathrm{read}", "settling and integration of one read")
    feature: float = quantity(32e-9, "m", "F", "smallest half pitch of the wires")
    cell_features: float = quantity(
        4.0, "1", "c", "area of a cell in F^2: 4 for crossing wires, 12 or more with a transistor"
    )

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            require(self, value > 0 and math.isfinite(value), f"{item.name} is {value}; it is above zero.")

    def conversion_factor(self, bits: int) -> float:
        """Energy and area of a converter of `bits` over those of `adc_bits`."""
        return 2.0 ** (bits - self.adc_bits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One number, and where it comes from."""

    name: str
    value: float
    unit: str
    formula: str
    source: str
    """Key in references.bib, or what it was computed from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TileCost:
    """Cost of one matrix: its tiles work side by side."""

    layer: str
    tiles: int
    reads: float
    """Products with the matrix per sample (places of a convolution, steps of a sequence)."""
    entries: tuple[Entry, ...]

    def value(self, name: str) -> float:
        """The entry called `name`; raises `PinchedError` where there is none."""
        found = [entry.value for entry in self.entries if entry.name == name]
        require(
            type(self),
            len(found) == 1,
            f"there is no entry '{name}'. There are {', '.join(e.name for e in self.entries)}.",
        )
        return found[0]


def read_cost(
    conductance: Float[Tensor, "row_tile column_tile row column"],
    power: Float[Tensor, "row_tile row"],
    *,
    layer: str,
    reads: float,
    phases: int,
    pulses: int,
    conversions: int,
    adc_bits: int | None,
    shared_adc: bool,
    constants: CircuitConstants,
) -> TileCost:
    """Energy, latency and area per sample of reading the tiles of one matrix.

    `power` is the mean square voltage (V^2) of each word line over samples and reads, `reads` products per sample,
    `phases` conversions in time per product, `pulses` of the read voltage per product, `conversions` per tile and
    phase, by one ADC each (or one for all, `shared_adc`) of `adc_bits` (None: no ADC, and nothing is counted).
    """
    c = constants
    row_tiles, column_tiles, rows, columns = conductance.shape
    tiles = row_tiles * column_tiles
    duration = pulses * c.read_width
    # Pulses of a word line are in `power`: its mean square runs over all of them.
    devices = float((power[:, None, :] * conductance.sum(-1)).sum()) * duration * reads
    drives = reads * pulses * tiles * rows * c.dac_energy
    each = 0.0 if adc_bits is None else c.adc_energy * c.conversion_factor(adc_bits)
    convert = reads * phases * tiles * conversions * each
    # A phase is converted while the next one is driven: the slower of the two sets the pace.
    drive, wait = duration / phases, 0.0
    if adc_bits is not None:
        wait = (conversions if shared_adc else 1) / c.adc_rate
    latency = reads * (drive + wait + (phases - 1) * max(drive, wait))
    cells = tiles * rows * columns * c.cell_features * c.feature**2
    converters = 0 if adc_bits is None else tiles * (1 if shared_adc else conversions)
    circuits = converters * c.adc_area * (1.0 if adc_bits is None else c.conversion_factor(adc_bits))
    circuits += tiles * rows * c.dac_area
    return TileCost(
        layer=layer,
        tiles=tiles,
        reads=reads,
        entries=(
            Entry(name="device energy", value=devices, unit="J", formula="sum v^2 G t pulses", source="the chip"),
            Entry(name="driver energy", value=drives, unit="J", formula="word lines pulses E_DAC", source=c.source),
            Entry(
                name="converter energy", value=convert, unit="J",
                formula=f"conversions E_ADC 2^(bits - {c.adc_bits})", source=f"{c.source}, walden1999analog",
            ),
            Entry(name="energy", value=devices + drives + convert, unit="J", formula="sum of the three", source=""),
            Entry(
                name="latency", value=latency, unit="s",
                formula="reads (t + n / f_ADC + (phases - 1) max(t, n / f_ADC))", source=c.source,
            ),
            Entry(name="cell area", value=cells, unit="m^2", formula="cells c F^2", source="geometry"),
            Entry(
                name="circuit area", value=circuits, unit="m^2", formula="ADCs A_ADC 2^(bits - 8) + drivers A_DAC",
                source=c.source,
            ),
            Entry(name="area", value=cells + circuits, unit="m^2", formula="sum of the two", source=""),
        ),
    )  # fmt: skip


def write_cost(layer: str, tiles: int, *, pulses: float, time: float, energy: float) -> TileCost:
    """What programming the tiles of one matrix took, as `crossbar.programming` counted it."""
    counted = "counted while writing"
    return TileCost(
        layer=layer,
        tiles=tiles,
        reads=0.0,
        entries=(
            Entry(
                name="write pulses per cell",
                value=pulses,
                unit="1",
                formula="mean over cells",
                source=counted,
            ),
            Entry(name="write time", value=time, unit="s", formula="steps t_w + reads t_r", source=counted),
            Entry(name="write energy", value=energy, unit="J", formula="sum V^2 G t_w", source=counted),
        ),
    )
