"""`convert`: a trained network and a kind of device become a network on memristors, stored or computed.

The mapping decides which. With a word mapping (`TwosComplement`, `OffsetBinary`, `SignMagnitude`) weights are words
in a digital memory, read back before use: a `MemoryNetwork`, see `stored`. With an array mapping
(`DifferentialPair`, `OffsetColumn`, `SingleDevice`, `BitSlices`, `BinaryWords`) weights are conductances and the
products are computed in crossbar tiles with real wires: a plain torch module, see `array_network`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from torch import Tensor, nn

from pinched._errors import PinchedError
from pinched._units import to_si
from pinched.crossbar.array_options import ArrayOptions, Programming, WireGradient, Wires
from pinched.crossbar.cells import Endurance
from pinched.crossbar.converters import Adc, Dac
from pinched.crossbar.imperfections import Imperfections
from pinched.crossbar.inputs import Amplitude, InputCoding
from pinched.crossbar.mapping import ArrayMapping
from pinched.crossbar.pulses import Pulses
from pinched.crossbar.relaxation import Bake, Relaxation
from pinched.crossbar.repair import Repair
from pinched.crossbar.sensing import ByCurrent
from pinched.crossbar.window import Device, window_of
from pinched.devices.spread import DeviceSpread
from pinched.networks.array_network import in_arrays_network
from pinched.networks.calibration import calibrate, needs_calibration
from pinched.networks.mapping import WordMapping
from pinched.networks.stored import MemoryNetwork, store

Resistance = str | float


@overload
def convert(
    model: nn.Module,
    *,
    device: DeviceSpread,
    mapping: WordMapping,
    shape: tuple[int, int] | None = None,
    write_voltage: str | float = "5 V",
    threshold: str | float | None = None,
    repair: Repair | None = None,
    endurance: Endurance | None = None,
    stuck_at_hrs: float = 0.0,
    stuck_at_lrs: float = 0.0,
    cycles: int = 0,
    relaxation: Relaxation | None = None,
    bake: Bake | None = None,
    sensing: ByCurrent | None = None,
    pulses: Pulses | None = None,
    seed: int = 0,
) -> MemoryNetwork: ...


@overload
def convert(
    model: nn.Module,
    *,
    device: Device,
    mapping: ArrayMapping,
    tile: tuple[int, int] | None = None,
    wire_resistance: Resistance | tuple[Resistance, Resistance] = 0.0,
    source_resistance: Resistance = 0.0,
    sense_resistance: Resistance = 0.0,
    imperfections: Imperfections | None = None,
    dac: Dac | None = None,
    adc: Adc | None = None,
    inputs: InputCoding | None = None,
    read_voltage: str | float = "0.2 V",
    clip: float | None = None,
    programming: Programming | None = None,
    wire_gradient: WireGradient = WireGradient.FROZEN,
    calibration: Tensor | None = None,
    digital: Sequence[str] = (),
    seed: int = 0,
) -> nn.Module: ...


def convert(
    model: nn.Module,
    *,
    device: DeviceSpread | Device,
    mapping: WordMapping | ArrayMapping,
    shape: tuple[int, int] | None = None,
    write_voltage: str | float = "5 V",
    threshold: str | float | None = None,
    repair: Repair | None = None,
    endurance: Endurance | None = None,
    stuck_at_hrs: float = 0.0,
    stuck_at_lrs: float = 0.0,
    cycles: int = 0,
    relaxation: Relaxation | None = None,
    bake: Bake | None = None,
    sensing: ByCurrent | None = None,
    pulses: Pulses | None = None,
    tile: tuple[int, int] | None = None,
    wire_resistance: Resistance | tuple[Resistance, Resistance] = 0.0,
    source_resistance: Resistance = 0.0,
    sense_resistance: Resistance = 0.0,
    imperfections: Imperfections | None = None,
    dac: Dac | None = None,
    adc: Adc | None = None,
    inputs: InputCoding | None = None,
    read_voltage: str | float = "0.2 V",
    clip: float | None = None,
    programming: Programming | None = None,
    wire_gradient: WireGradient = WireGradient.FROZEN,
    calibration: Tensor | None = None,
    digital: Sequence[str] = (),
    seed: int = 0,
) -> MemoryNetwork | nn.Module:
    """`model` on memristors of `device`: in a digital memory or in computing arrays, as `mapping` says.

    **Stored** (word mappings, `device` a `DeviceSpread`): nothing is drawn or written yet. `shape` (word lines, bit
    lines) defaults to one that fits the words. `write_voltage` (V) and `threshold` (ohm) are text with a unit or SI
    numbers; the threshold defaults to `device.best_threshold()`. `repair` is what is done against bad cells,
    `endurance` how many pulses they survive, `stuck_at_hrs` and `stuck_at_lrs` shares of cells that never switch,
    `cycles` what the arrays have been through, `relaxation` and `bake` what happens before they are read, `sensing`
    how, `pulses` what time and energy are reckoned with.

    **Computed** (array mappings, `device` a `ConductanceWindow`, an update law or a compact law): the copy that comes
    back runs as `model` does, its Linear, Conv and recurrent layers in arrays. `tile` (word lines, bit lines) is the
    largest array; `wire_resistance` (ohm, or text) of one segment, or of (word lines, bit lines), is solved exactly,
    with `source_resistance` of the drivers and `sense_resistance` of the amplifiers. `imperfections` is what devices
    do, `dac` and `adc` the converters, `inputs` how a number is put on a word line (default: as an amplitude),
    `read_voltage` (V) the voltage of the largest input, `clip` (standard deviations) where weights are held,
    `programming` how devices are written (default: exactly), `wire_gradient` how training sees the wires,
    `calibration` inputs that set the ranges of the converters, `digital` names of layers that stay as they are.

    `seed` addresses everything that is drawn. Raises `PinchedError` for an option of the other kind, for what `store`
    refuses, for a layer without a mapping, a tile smaller than one weight, converters whose range nobody gave, and
    numbers that cannot be.
    """
    stored_only = {
        "shape": shape is not None, "write_voltage": write_voltage != "5 V", "threshold": threshold is not None,
        "repair": repair is not None, "endurance": endurance is not None, "stuck_at_hrs": stuck_at_hrs != 0.0,
        "stuck_at_lrs": stuck_at_lrs != 0.0, "cycles": cycles != 0, "relaxation": relaxation is not None,
        "bake": bake is not None, "sensing": sensing is not None, "pulses": pulses is not None,
    }  # fmt: skip
    computed_only = {
        "tile": tile is not None, "wire_resistance": wire_resistance != 0.0,
        "source_resistance": source_resistance != 0.0, "sense_resistance": sense_resistance != 0.0,
        "imperfections": imperfections is not None, "dac": dac is not None, "adc": adc is not None,
        "inputs": inputs is not None, "read_voltage": read_voltage != "0.2 V", "clip": clip is not None,
        "programming": programming is not None, "wire_gradient": wire_gradient is not WireGradient.FROZEN,
        "calibration": calibration is not None, "digital": len(digital) > 0,
    }  # fmt: skip
    if isinstance(mapping, WordMapping):
        _refuse(mapping, computed_only, "computes nothing in arrays: words are read back from a memory")
        if not isinstance(device, DeviceSpread):
            raise PinchedError(
                f"device is {type(device).__name__}, but {type(mapping).__name__} stores words in binary cells. Give "
                "a DeviceSpread (`fit_spread`, `presets`), or an array mapping such as DifferentialPair()."
            )
        return store(
            model, device=device, mapping=mapping, shape=shape, write_voltage=write_voltage, threshold=threshold,
            repair=repair, endurance=endurance, stuck_at_hrs=stuck_at_hrs, stuck_at_lrs=stuck_at_lrs, cycles=cycles,
            relaxation=relaxation, bake=bake, sensing=sensing, pulses=pulses, seed=seed,
        )  # fmt: skip
    _refuse(
        mapping,
        stored_only,
        "computes with conductances; stuck cells and write errors are part of `imperfections`",
    )
    if isinstance(device, DeviceSpread):
        raise PinchedError(
            f"device is a DeviceSpread of binary cells, but {type(mapping).__name__} programs conductances between "
            "their states. Give a ConductanceWindow, an update law or a compact law, or a word mapping such as "
            "TwosComplement(ClipQuantizer(4))."
        )
    volt = to_si(read_voltage, "V")
    pair = wire_resistance if isinstance(wire_resistance, tuple) else (wire_resistance, wire_resistance)
    options = ArrayOptions(
        device=device,
        window=window_of(device, volt),
        mapping=mapping,
        tile=tile,
        wires=Wires(
            word=to_si(pair[0], "ohm"),
            bit=to_si(pair[1], "ohm"),
            source=to_si(source_resistance, "ohm"),
            sense=to_si(sense_resistance, "ohm"),
        ),
        imperfections=imperfections or Imperfections(),
        dac=dac,
        adc=adc,
        inputs=inputs or Amplitude(),
        read_voltage=volt,
        clip=clip,
        programming=programming,
        wire_gradient=wire_gradient,
        seed=seed,
    )
    if needs_calibration(options) and calibration is None:
        raise PinchedError(
            "a converter takes its range from data, and there are none. Give calibration=images (a few hundred "
            "inputs of the model), or a FixedRange."
        )
    chip = in_arrays_network(model, options, digital=digital)
    return chip if calibration is None else calibrate(chip, calibration)


def _refuse(mapping: WordMapping | ArrayMapping, given: dict[str, bool], why: str) -> None:
    wrong = [name for name, on in given.items() if on]
    if wrong:
        raise PinchedError(
            f"{', '.join(wrong)} {'was' if len(wrong) == 1 else 'were'} given, but the mapping "
            f"{type(mapping).__name__} {why}. Leave {'it' if len(wrong) == 1 else 'them'} out, or change the mapping."
        )
