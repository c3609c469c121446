"""`StorageOptions`: everything about how a network is stored, in one record; and the same in words.

What `convert` takes piece by piece, for those who do not know the sizes yet: the length of a word, the size of the
array and the share of good cells enter where they are known. The command line and the pipeline use it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from torch import nn

from pinched._params import quantity, require
from pinched._units import show, to_si
from pinched.crossbar.cells import CellState, Endurance
from pinched.crossbar.defects import DefectMap, good_share
from pinched.crossbar.hamming import Hamming
from pinched.crossbar.memory import ReramMemory
from pinched.crossbar.pulses import Pulses
from pinched.crossbar.redundancy import Majority, Redundancy, SpareCells, SpareRows
from pinched.crossbar.relaxation import Bake, Relaxation
from pinched.crossbar.repair import Repair
from pinched.crossbar.sensing import ByCurrent
from pinched.crossbar.words import BitOrder
from pinched.crossbar.writing import OnePulse, WriteVerify, Writing
from pinched.devices.spread import DeviceSpread
from pinched.networks.mapping import TwosComplement, WordMapping
from pinched.networks.quantization import BitFlips, Quantizer
from pinched.networks.stored import MemoryNetwork, array_shape, store


class Spares(Enum):
    """Which cells share spare cells."""

    BIT = "bit"
    """Each bit has spares of its own."""
    WORD = "word"
    """The bits of a word share them: less area, less repair."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageOptions:
    """How words are coded, written, protected and read, and what the arrays are like besides their spread."""

    mapping: type[WordMapping] = TwosComplement
    """How a word becomes bits."""
    order: BitOrder = BitOrder.MSB_FIRST
    """Which bit of a word lies on the first of its bit lines."""
    write_voltage: str | float = quantity(
        "5 V", "V", r"V_\mathrm{write}", "magnitude of SET and RESET pulses"
    )
    threshold: str | float | None = quantity(
        None, "ohm", r"R_\mathrm{th}", "sense resistance; None for the one that misreads the fewest cells"
    )
    writing: Writing = field(default_factory=OnePulse)
    """How a cell gets its bit."""
    copies: int = quantity(1, "1", "m", "cells per bit that are read by majority, odd")
    spare_cells: int = quantity(0, "1", "s", "spare cells per group, used where verification fails")
    spares: Spares = Spares.BIT
    """Which cells share them."""
    spare_rows: int = quantity(0, "1", "s", "spare word lines")
    defect_map: bool = False
    """Whether all cells are tested first and the good ones used."""
    area: float | None = quantity(
        None,
        "1",
        "a",
        "cells of the array per cell needed, with a defect map; None for what 99 % of arrays need",
    )
    code_words: int = quantity(0, "1", "n", "words per group of a Hamming code; 0 for no code")
    detect_double: bool = False
    """Whether the code notices two wrong bits (SECDED)."""
    endurance: Endurance | None = None
    """How many pulses a cell survives; None for no limit."""
    cycles: int = quantity(0, "1", "N", "cycles of SET and RESET before the network is written")
    stuck_at_hrs: float = quantity(0.0, "1", "p", "share of all cells stuck in HRS")
    stuck_at_lrs: float = quantity(0.0, "1", "p", "share of all cells stuck in LRS")
    relaxation: Relaxation | None = None
    """Retention law; None where there are no data."""
    bake: Bake | None = None
    """What passes between writing and reading."""
    sensing: ByCurrent | None = None
    """How words are read; None compares each cell with the threshold."""
    pulses: Pulses = field(default_factory=Pulses)
    """Widths and voltages for time and energy."""

    def __post_init__(self) -> None:
        several = [
            name for name, given in (("copies", self.copies > 1), ("spare_cells", self.spare_cells > 0),
                                     ("spare_rows", self.spare_rows > 0)) if given
        ]  # fmt: skip
        for good, message in (
            (len(several) < 2, f"{' and '.join(several)} are given; a bit has copies or spares. Choose one."),
            (self.copies >= 1, f"copies is {self.copies}; a bit has at least one cell."),
            (self.spare_cells >= 0, f"spare_cells is {self.spare_cells}; give 0 or more."),
            (self.spare_rows >= 0, f"spare_rows is {self.spare_rows}; give 0 or more."),
            (self.code_words >= 0, f"code_words is {self.code_words}; 0 is no code, 1 one word per group."),
            (
                self.code_words > 0 or not self.detect_double,
                "detect_double is set, but there is no code. Give code_words=1 or more.",
            ),
            (
                self.defect_map or self.area is None,
                f"area is {self.area}, but there is no defect map to use more cells. Give defect_map=True.",
            ),
        ):
            require(self, good, message)
        volt = to_si(self.write_voltage, "V")
        require(self, volt > 0, f"write_voltage is {self.write_voltage}; it is a magnitude (V) above zero.")
        require(
            self,
            self.threshold is None or to_si(self.threshold, "ohm") > 0,
            f"threshold is {self.threshold}; it is a resistance (ohm) above zero.",
        )
        self._redundancy(1)
        if self.area is not None:
            DefectMap(self.area)

    def _redundancy(self, bits: int) -> Redundancy:
        if self.spare_rows:
            return SpareRows(self.spare_rows)
        if self.spare_cells:
            return SpareCells(self.spare_cells, shared_by=bits if self.spares is Spares.WORD else 1)
        return Majority(self.copies)

    def repair(self, bits: int, shape: tuple[int, int], memory: ReramMemory | None = None) -> Repair:
        """The repair for words of `bits` that take `shape` (word lines, bit lines) of stored bits.

        `memory` are arrays of such devices in which the share of good cells is counted; a defect map without `area`
        needs it. Raises `PinchedError` where no cell is good, so that no area suffices.
        """
        redundancy = self._redundancy(bits)
        code = Hamming(self.code_words * bits, self.detect_double) if self.code_words else None
        placement = None
        if self.defect_map:
            lines, columns = Repair(redundancy=redundancy, code=code).plane_shape(*shape)
            if self.area is not None:
                placement = DefectMap(self.area)
            else:
                assert memory is not None
                highest = self._highest(memory.write_voltage)
                placement = DefectMap.for_yield(good_share(memory, amplitude=highest), lines * columns)
        return Repair(writing=self.writing, redundancy=redundancy, placement=placement, code=code)

    def _highest(self, first: float) -> float:
        if isinstance(self.writing, WriteVerify):
            return self.writing.amplitude(self.writing.retries, first)
        return first

    def chip(
        self, model: nn.Module, *, device: DeviceSpread, quantizer: Quantizer, seed: int = 0
    ) -> MemoryNetwork:
        """`model` quantized and laid out in arrays of `device`: `convert` with everything chosen here.

        Raises what `convert` raises.
        """
        bits = quantizer.bits
        words = sum(p.numel() for p in model.parameters())
        shape = array_shape(words, bits, max(1, self.code_words))
        sample = None
        if self.defect_map and self.area is None:
            sample = ReramMemory(
                device, shape=(256, 256), seed=seed, arrays=16, write_voltage=self.write_voltage,
                threshold=self.threshold, stuck_at_hrs=self.stuck_at_hrs, stuck_at_lrs=self.stuck_at_lrs,
            )  # fmt: skip
        repair = self.repair(bits, shape, sample)
        return store(
            model,
            device=device,
            mapping=self.mapping(quantizer, self.order),
            shape=shape,
            write_voltage=self.write_voltage,
            threshold=self.threshold,
            repair=None if repair == Repair() else repair,
            endurance=self.endurance,
            stuck_at_hrs=self.stuck_at_hrs,
            stuck_at_lrs=self.stuck_at_lrs,
            cycles=self.cycles,
            relaxation=self.relaxation,
            bake=self.bake,
            sensing=self.sensing,
            pulses=self.pulses,
            seed=seed,
        )

    def flips(self, device: DeviceSpread) -> BitFlips:
        """Bit errors of one cell of `device` as it is written and read here, for training that is to survive them.

        Counted over a million fresh cells that are written as `writing` says; redundancy and codes, which leave
        fewer, are not in it.
        """
        memory = ReramMemory(
            device, shape=(256, 256), arrays=16, write_voltage=self.write_voltage, threshold=self.threshold,
            stuck_at_hrs=self.stuck_at_hrs, stuck_at_lrs=self.stuck_at_lrs,
        )  # fmt: skip
        volt = self._highest(memory.write_voltage)
        set_ = memory.working & (memory.v_set <= volt)
        lost = ~((set_ | memory.state) & (memory.lrs < memory.threshold))
        # A fresh cell is in HRS; one that is stuck in LRS stays there.
        false = (memory.hrs < memory.threshold) | memory.state
        return BitFlips(
            of_ones=float(lost.double().mean()),
            of_zeros=float(false.double().mean()),
            coding=self.mapping.kind,
        )


def describe_storage(chip: MemoryNetwork) -> tuple[str, ...]:
    """How `chip` is stored and read, one sentence each; what a reader of its accuracy has to know."""
    repair = chip.repair or Repair()
    volt = f"±{show(chip.write_voltage, 'V')}"
    said = [
        f"Weights and biases are words in {chip.coding.name}, {chip.coding.order.value}, one bit per cell."
    ]
    match repair.writing:
        case WriteVerify(retries=retries, step=step):
            how = f"{retries} retries" if retries else "no retry"
            rising = f" that rise by {show(step, 'V')}" if retries and step > 0 else ""
            said.append(f"Cells are written with {volt} and verified, with up to {how}{rising}.")
        case _:
            said.append(
                f"Cells are written with single pulses of {volt}, not verified; a cell whose switching voltage is "
                "higher stays as it was."
            )
    match repair.redundancy:
        case Majority(copies=copies) if copies > 1:
            said.append(f"Each bit lies in {copies} cells, and the majority counts.")
        case SpareCells(count=count, shared_by=1):
            said.append(f"Each bit has {_cells(count)} for a cell that fails verification.")
        case SpareCells(count=count, shared_by=n):
            said.append(f"{n} cells share {_cells(count)} for those that fail verification.")
        case SpareRows(count=count):
            said.append(f"{count} spare word lines stand in for cells that fail verification.")
        case _:
            pass
    if repair.placement is not None:
        said.append("All cells are tested before, and the network uses good ones (a defect map).")
    if repair.code is not None:
        twice = ", two noticed" if repair.code.detect_double else ""
        said.append(
            f"A Hamming code adds {repair.code.check_bits} bits to every {repair.code.data_bits}: one wrong bit is "
            f"mended{twice}."
        )
    if chip.sensing is None:
        said.append(f"Each cell is compared with {show(chip.threshold, 'ohm')}.")
    else:
        said.append(
            f"Words are read by their summed current, {show(chip.sensing.read_voltage, 'V')} at the lowest bit."
        )
    if chip.endurance is not None:
        survives = chip.endurance.pulses
        number = str(survives) if isinstance(survives, int) else f"{survives.median:.0f} (median)"
        end = "LRS" if chip.endurance.end is CellState.LRS else "HRS"
        said.append(f"A cell survives {number} write pulses and then stays in {end}.")
    if chip.cycles:
        said.append(f"Every cell has been set and reset {chip.cycles} times before.")
    if chip.stuck_at_hrs + chip.stuck_at_lrs > 0:
        said.append(
            f"Besides the yield, {chip.stuck_at_hrs:.2%} of all cells are stuck in HRS and {chip.stuck_at_lrs:.2%} "
            "in LRS."
        )
    if chip.bake is not None:
        said.append(
            f"{show(chip.bake.time, 's')} at {show(chip.bake.temperature, 'K')} pass between writing and reading."
        )
    return tuple(said)


def _cells(count: int) -> str:
    return f"{count} spare cell{'' if count == 1 else 's'}"
