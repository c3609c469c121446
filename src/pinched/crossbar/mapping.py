r"""How signed weights become conductances: the only place that transposes.

torch weights are (output, input); an array is (word line, bit line), inputs on word lines. Every mapping gives each
weight `cells` neighbouring devices of one word line, and says how the currents of their bit lines become the output:

- `DifferentialPair`: $w \propto G^+ - G^-$. Twice the devices; zero is exact, what both lines share cancels. Take it
  unless devices are scarce.
- `OffsetColumn`: one device per weight and one column of middle conductances per tile that is subtracted. Errors of
  the column hit every output, and a weight of zero carries a current.
- `SingleDevice`: one device, and a reference source outside the array. Wires attenuate the devices and not the
  reference, which is fatal in large tiles.
- `BitSlices`: a weight of `bits` in differential pairs of `cell_bits` each: few levels per device.
- `BinaryWords`: two's-complement words of binary cells with a column of HRS cells for the offset; the most
  significant bit counts negative.

Linear algebra of all of them: signals = cells @ `sense` (minus reference), output = signals @ `decode`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum

import torch
from jaxtyping import Float
from torch import Tensor

from pinched._params import require
from pinched.crossbar.window import ConductanceWindow
from pinched.crossbar.words import MAX_BITS, TwosComplementWord


class Subtraction(Enum):
    """Where the two currents of a pair meet."""

    ANALOG = "analog"
    """Before the converter: one conversion per pair, and what both share cannot saturate it."""
    DIGITAL = "digital"
    """After it: a conversion for each."""


class ArrayMapping(ABC):
    """Abstract: what stands for a weight w between -1 and 1 in an array; frozen."""

    __slots__ = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """In words, for tables."""

    @property
    @abstractmethod
    def sense(self) -> tuple[tuple[float, ...], ...]:
        """Share of each cell (row) in each signal (column) that reaches a converter."""

    @property
    @abstractmethod
    def decode(self) -> tuple[float, ...]:
        """Weight of each signal in the output, in units of w per window width."""

    @property
    def has_reference(self) -> bool:
        """Whether each tile holds one column that is subtracted from every signal."""
        return False

    @property
    def smooth(self) -> bool:
        """Whether conductances follow weights without steps, so that gradients pass through them."""
        return True

    @property
    def cells(self) -> int:
        """Devices per weight."""
        return len(self.sense)

    @property
    def signals(self) -> int:
        """Conversions per output."""
        return len(self.decode)

    def reference(self, window: ConductanceWindow) -> float:  # noqa: ARG002
        """Conductance (S) of the reference column, or of the source outside the array; 0 without one."""
        return 0.0

    @abstractmethod
    def levels_used(self) -> int | None:
        """Levels that a device needs; None for a continuum."""

    @abstractmethod
    def shares(self, weight: Float[Tensor, "output input"]) -> Float[Tensor, "output input cell"]:
        """Place in the window (0 to 1) of each device for `weight` between -1 and 1."""

    def targets(
        self, weight: Float[Tensor, "output input"], window: ConductanceWindow
    ) -> Float[Tensor, "input output cell"]:
        """Conductance (S) of each device, word lines first: here the weights are transposed."""
        shares = self.shares(weight.clamp(-1.0, 1.0))
        return window.g_min + window.width * shares.transpose(0, 1)

    def combine(
        self,
        cells: Float[Tensor, "*tile input output cell"],
        reference: Float[Tensor, "*tile input output"] | None,
        window: ConductanceWindow,
    ) -> Float[Tensor, "*tile input output signal"]:
        """Signals per volt (S) of each input: what the cells give, minus the reference of each output."""
        signals = cells @ cells.new_tensor(self.sense)
        if self.has_reference:
            assert reference is not None
            return signals - reference[..., None]
        outside = self.reference(window)
        return signals - outside if outside else signals

    def combine_variance(
        self, cells: Float[Tensor, "*tile input output cell"]
    ) -> Float[Tensor, "*tile input output signal"]:
        """Variance of each signal from independent variances of `cells`; not that of the reference (it is shared)."""
        return cells @ cells.new_tensor(self.sense).square()

    def outputs(
        self, signals: Float[Tensor, "*batch output signal"], window: ConductanceWindow
    ) -> Float[Tensor, "*batch output"]:
        """Outputs in units of w times input, of `signals` (S times input)."""
        return signals @ (signals.new_tensor(self.decode) / window.width)

    def represented(self, weight: Float[Tensor, "output input"]) -> Float[Tensor, "output input"]:
        """What `weight` (-1 to 1) becomes in ideal devices: itself, or the nearest word."""
        window = ConductanceWindow(g_min=0.0, g_max=1.0)
        cells = self.targets(weight.double(), window)
        reference = cells.new_full(cells.shape[:2], self.reference(window)) if self.has_reference else None
        return self.outputs(self.combine(cells, reference, window), window).transpose(0, 1).to(weight)


@dataclass(frozen=True, kw_only=True, slots=True)
class DifferentialPair(ArrayMapping):
    """Two devices per weight, on neighbouring bit lines."""

    symmetric: bool = False
    """False: the device of the other sign stays at g_min, least current. True: both move about the middle."""
    subtraction: Subtraction = Subtraction.ANALOG
    """Where the two currents meet."""

    @property
    def name(self) -> str:
        """In words."""
        moved = "both about the middle" if self.symmetric else "one at g_min"
        return f"differential pair ({moved}, {self.subtraction.value} subtraction)"

    @property
    def sense(self) -> tuple[tuple[float, ...], ...]:
        """The difference, or each by itself."""
        return ((1.0,), (-1.0,)) if self.subtraction is Subtraction.ANALOG else ((1.0, 0.0), (0.0, 1.0))

    @property
    def decode(self) -> tuple[float, ...]:
        """The difference over the window."""
        return (1.0,) if self.subtraction is Subtraction.ANALOG else (1.0, -1.0)

    def levels_used(self) -> int | None:
        """A continuum."""
        return None

    def shares(self, weight: Float[Tensor, "output input"]) -> Float[Tensor, "output input cell"]:
        """Positive part and negative part, or half the weight up and down."""
        if self.symmetric:
            return torch.stack([0.5 + 0.5 * weight, 0.5 - 0.5 * weight], dim=-1)
        return torch.stack([weight.clamp(min=0.0), (-weight).clamp(min=0.0)], dim=-1)


class _Offset(ArrayMapping):
    """What the mappings with a middle conductance share."""

    __slots__ = ()

    @property
    def sense(self) -> tuple[tuple[float, ...], ...]:
        """The one device."""
        return ((1.0,),)

    @property
    def decode(self) -> tuple[float, ...]:
        """Half the window is one unit."""
        return (2.0,)

    def levels_used(self) -> int | None:
        """A continuum."""
        return None

    def reference(self, window: ConductanceWindow) -> float:
        """Middle of the window (S)."""
        return window.middle

    def shares(self, weight: Float[Tensor, "output input"]) -> Float[Tensor, "output input cell"]:
        """-1 at g_min, 1 at g_max."""
        return (0.5 + 0.5 * weight)[..., None]


@dataclass(frozen=True, slots=True)
class OffsetColumn(_Offset):
    """One device per weight; the middle column of each tile holds middle conductances and is subtracted."""

    @property
    def name(self) -> str:
        """In words."""
        return "one device per weight, offset column in each tile"

    @property
    def has_reference(self) -> bool:
        """True."""
        return True


@dataclass(frozen=True, slots=True)
class SingleDevice(_Offset):
    """One device per weight; a fixed source outside the array takes the middle conductance times the input away."""

    @property
    def name(self) -> str:
        """In words."""
        return "one device per weight, reference outside the array"


@dataclass(frozen=True, kw_only=True, slots=True)
class BitSlices(ArrayMapping):
    """Words of `bits` (sign included), the magnitude in digits of `cell_bits`, each in a differential pair."""

    bits: int = 8
    """Bits of a weight, 2 to 16."""
    cell_bits: int = 2
    """Bits of a device, 1 to 8."""

    def __post_init__(self) -> None:
        require(self, 2 <= self.bits <= 16, f"bits is {self.bits}; a sliced weight has 2 to 16.")
        require(
            self,
            1 <= self.cell_bits <= 8,
            f"cell_bits is {self.cell_bits}; a device holds 1 to 8. For a continuum take DifferentialPair.",
        )

    @property
    def slices(self) -> int:
        """Digits of a magnitude."""
        return -(-(self.bits - 1) // self.cell_bits)

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.bits} bits in {self.slices} slices of {self.cell_bits} (differential pairs)"

    @property
    def smooth(self) -> bool:
        """False: weights are rounded to words."""
        return False

    @property
    def sense(self) -> tuple[tuple[float, ...], ...]:
        """The difference of each pair."""
        rows = []
        for k in range(self.slices):
            unit = tuple(float(j == k) for j in range(self.slices))
            rows += [unit, tuple(-u for u in unit)]
        return tuple(rows)

    @property
    def decode(self) -> tuple[float, ...]:
        """Place value of each digit, least significant first."""
        base, top = 2**self.cell_bits, 2 ** (self.bits - 1) - 1
        return tuple((base - 1) * base**k / top for k in range(self.slices))

    def levels_used(self) -> int | None:
        """2^cell_bits."""
        return 2**self.cell_bits

    def shares(self, weight: Float[Tensor, "output input"]) -> Float[Tensor, "output input cell"]:
        """Digits of the rounded magnitude over base - 1, in the device of its sign."""
        base, top = 2**self.cell_bits, 2 ** (self.bits - 1) - 1
        magnitude = (weight.abs() * top).round()
        cells = []
        for k in range(self.slices):
            digit = (magnitude / base**k).floor() % base / (base - 1)
            cells += [digit * (weight > 0), digit * (weight < 0)]
        return torch.stack(cells, dim=-1)


@dataclass(frozen=True, kw_only=True, slots=True)
class BinaryWords(ArrayMapping):
    """Two's-complement words of binary cells; a column of cells in HRS takes their offset away."""

    bits: int = 8
    """Bits of a weight and devices per weight, 2 to 8."""

    def __post_init__(self) -> None:
        require(self, 2 <= self.bits <= MAX_BITS, f"bits is {self.bits}; a word has 2 to {MAX_BITS}.")

    @property
    def name(self) -> str:
        """In words."""
        return f"two's-complement words of {self.bits} binary cells, column of HRS cells subtracted"

    @property
    def smooth(self) -> bool:
        """False: weights are rounded to words."""
        return False

    @property
    def has_reference(self) -> bool:
        """True."""
        return True

    @property
    def sense(self) -> tuple[tuple[float, ...], ...]:
        """Each bit by itself."""
        return tuple(tuple(float(j == k) for j in range(self.bits)) for k in range(self.bits))

    @property
    def decode(self) -> tuple[float, ...]:
        """Powers of two, the first one negative, over the largest word."""
        top = 2 ** (self.bits - 1) - 1
        powers = [2.0**k for k in range(self.bits - 1, -1, -1)]
        return tuple(p / top for p in [-powers[0], *powers[1:]])

    def levels_used(self) -> int | None:
        """Two."""
        return 2

    def reference(self, window: ConductanceWindow) -> float:
        """HRS (S)."""
        return window.g_min

    def shares(self, weight: Float[Tensor, "output input"]) -> Float[Tensor, "output input cell"]:
        """1 in LRS ('1'), 0 in HRS ('0'), most significant bit first."""
        words = (weight.detach() * (2 ** (self.bits - 1) - 1)).round().to(torch.int16)
        return TwosComplementWord(self.bits).encode(words).to(weight.dtype)
