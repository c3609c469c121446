"""The 5 x 4 digits of marraccini2025fast in its devices: as written, and with every repair.

`marraccini2025_properties` says which property of the devices costs how much.

Each function is one part of `marraccini2025.reproduce` and returns plain numbers; shares are 0 to 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from pinched._progress import Progress
from pinched.crossbar.cells import Endurance
from pinched.crossbar.defects import DefectMap
from pinched.crossbar.hamming import Hamming
from pinched.crossbar.redundancy import Majority, SpareCells, SpareRows
from pinched.crossbar.repair import Repair
from pinched.crossbar.writing import WriteVerify
from pinched.devices.presets.marraccini2025 import (
    BATCH_YIELD,
    ENDURANCE,
    SENSE_THRESHOLD,
    WRITE_VOLTAGE,
    marraccini2025,
)
from pinched.devices.spread import DeviceSpread
from pinched.networks.convert import convert
from pinched.networks.datasets import digits5x4
from pinched.networks.evaluation import evaluate
from pinched.networks.mapping import TwosComplement
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.quantization import BitFlips, ClipQuantizer, PaperQuantizer, Quantizer
from pinched.networks.stored import MemoryNetwork
from pinched.networks.training import accuracy, train_many

FLIPS = BitFlips(of_ones=0.037, of_zeros=0.004)
"""Bit errors of a fresh array of the published devices, written once with 5 V."""

SPARED = Repair(writing=WriteVerify(retries=0), redundancy=SpareCells(2))
"""The repair of the goal: verified, two spare cells per bit."""

RETRIES = 10
"""Pulses after the first one, each 0.5 V higher: up to 10 V, and half of what a cell survives."""

COUNTED = 50
"""Arrays over which the cost of a repair is averaged."""

Values = dict[str, Any]


def chip_of(
    net: nn.Module,
    quantizer: Quantizer,
    repair: Repair | None,
    *,
    volt: float = WRITE_VOLTAGE,
    spread: DeviceSpread | None = None,
    seed: int,
) -> MemoryNetwork:
    """`net` in arrays of the published devices, as the paper writes and reads them."""
    return convert(
        net,
        device=marraccini2025() if spread is None else spread,
        mapping=TwosComplement(quantizer),
        write_voltage=volt,
        threshold=SENSE_THRESHOLD,
        repair=repair,
        endurance=Endurance(pulses=ENDURANCE),
        seed=seed,
    )


def through(chip: MemoryNetwork, arrays: int, progress: Progress) -> Values:
    """`chip` in `arrays` arrays, asked for the ten digits."""
    run = monte_carlo([chip], [digits5x4()], arrays=arrays, progress=progress)
    return {
        "arrays": arrays,
        "mean": float(run.mean[0, 0]),
        "interval": list(run.interval()),
        "worst": float(run.worst[0, 0]),
        "fifth_percentile": float(run.percentile(5)[0, 0]),
        "perfect": float(run.perfect[0, 0]),
        "bits_wrong": float(run.bit_error_rate.mean()),
        "area_factor": chip.area_factor,
    }


def goals(net: nn.Module, arrays: int, *, seed: int, progress: Progress) -> Values:
    """The two ways of writing that have goals, for one seed of the arrays."""
    return {
        name: through(chip_of(net, PaperQuantizer(3), repair, seed=seed), arrays, progress)
        for name, repair in (("fresh", None), ("verify_2_spares", SPARED))
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way of writing the network."""

    title: str
    """In words."""
    repair: Repair | None = None
    """What is done against bad cells."""
    volt: float = WRITE_VOLTAGE
    """Write voltage (V)."""
    device_yield: float = 1.0
    """Share of working cells."""
    share: float = 1.0
    """Share of the arrays that are written in this way: what takes long or hardly scatters needs fewer."""
    fast: float = 1.0
    """Share of those in a fast run; 0 leaves it out."""


def ways(cells: int) -> dict[str, Way]:
    """Every way of writing that the paper, its script or the literature has, for a network of `cells` bits."""
    once, rising = WriteVerify(retries=0), WriteVerify(retries=RETRIES, step=0.5)
    area = DefectMap.for_yield(good_share(marraccini2025(device_yield=BATCH_YIELD)), cells, confidence=0.9999)
    return {
        # Far above any drawn V_SET: every write succeeds, and what is left is the overlap of the two states.
        "overlap_only": Way(title="every write succeeds", volt=1e6, fast=0.25),
        "fresh": Way(title="written once"),
        "hamming": Way(title="Hamming code per word", repair=Repair(code=Hamming(3)), share=0.25, fast=0.0),
        "majority_3": Way(title="majority of 3", repair=Repair(redundancy=Majority(3)), share=0.25, fast=0.0),
        "majority_5": Way(title="majority of 5", repair=Repair(redundancy=Majority(5)), share=0.25, fast=0.0),
        "verify_rising": Way(
            title="verified, rising to 10 V", repair=Repair(writing=rising), share=0.25, fast=0.0
        ),
        "verify_5_word_lines": Way(
            title="verified, 5 spare lines",
            repair=Repair(writing=once, redundancy=SpareRows(5)),
            share=0.25,
            fast=0.0,
        ),
        "verify_1_spare": Way(
            title="verified, 1 spare", repair=Repair(writing=once, redundancy=SpareCells(1)), fast=0.25
        ),
        "verify_2_spares": Way(title="verified, 2 spares", repair=SPARED),
        "verify_3_spares": Way(
            title="verified, 3 spares",
            repair=Repair(writing=once, redundancy=SpareCells(3)),
            share=0.25,
            fast=0.0,
        ),
        "batch_yield": Way(title="yield 40 %, once", device_yield=BATCH_YIELD, share=0.25, fast=0.0),
        "batch_yield_map": Way(
            title="yield 40 %, defect map",
            repair=Repair(writing=once, placement=area),
            device_yield=BATCH_YIELD,
            share=0.25,
            fast=0.0,
        ),
    }


def devices(net: nn.Module, arrays: int, *, fast: bool, seed: int, progress: Progress) -> Values:
    """The 3-bit network in `arrays` arrays of the published devices: as written, and with every repair."""
    data, found = digits5x4(), {}
    for name, way in ways(chip_of(net, PaperQuantizer(3), None, seed=seed).cells).items():
        count = round(arrays * way.share * (way.fast if fast else 1.0))
        if count == 0:
            continue
        chip = chip_of(
            net, PaperQuantizer(3), way.repair, volt=way.volt,
            spread=marraccini2025(device_yield=way.device_yield), seed=seed,
        )  # fmt: skip
        found[name] = {"title": way.title} | through(chip, count, progress)
        if way.volt == WRITE_VOLTAGE:
            # Counting what it takes is slower than doing it, and hardly differs from array to array.
            cost = evaluate(chip, data, arrays=COUNTED).cost
            assert cost is not None
            found[name]["cost"] = dataclasses.asdict(cost)
    found["accuracy_float"] = accuracy(net, data)
    fresh = evaluate(chip_of(net, PaperQuantizer(3), None, seed=seed), data, arrays=200)
    repaired = evaluate(chip_of(net, PaperQuantizer(3), SPARED, seed=seed), data, arrays=COUNTED)
    found["confusion_fresh"] = fresh.confusion.tolist()
    found["confusion_repaired"] = repaired.confusion.tolist()
    found["bits_wrong_of_ones"], found["bits_wrong_of_zeros"] = fresh.bit_error_one, fresh.bit_error_zero
    return found


def written(found: Mapping[str, Any]) -> list[Values]:
    """The ways of writing in the result of `devices`, in the order of `ways`."""
    return [one for one in found.values() if isinstance(one, dict) and "title" in one]


def good_share(spread: DeviceSpread) -> float:
    """Share of the cells of `spread` that take a '1' and a '0' with the write voltage and read right both times."""
    volt, ohm = np.array(WRITE_VOLTAGE), np.array(SENSE_THRESHOLD)
    written = float(spread.v_set.cdf(volt)) * float(spread.v_reset.cdf(volt))
    read = float(spread.resistance_lrs.cdf(ohm)) * (1.0 - float(spread.resistance_hrs.cdf(ohm)))
    return spread.device_yield * written * read


def aware_in_devices(nets: Sequence[nn.Module], arrays: int, *, seed: int, progress: Progress) -> Values:
    """`nets` trained for 3 bits, and for 3 bits with wrong bits, each in `arrays` fresh arrays."""
    found: Values = {"networks": len(nets), "arrays": arrays}
    for name, flips in (("quantization_aware", None), ("bit_error_aware", FLIPS)):
        quantizer = ClipQuantizer(3)
        aware = train_many(nets, digits5x4(), quantizer=quantizer, flips=flips, seed=seed, progress=progress)
        # One object for all: arrays of the same devices are drawn once.
        spread = marraccini2025()
        chips = [chip_of(net, quantizer, None, spread=spread, seed=seed) for net in aware]
        run = monte_carlo(chips, [digits5x4()], arrays=arrays, progress=progress)
        found[name] = {
            "mean": float(run.mean.mean()),
            "worst_network": float(run.mean.min()),
            "perfect": float(run.perfect.mean()),
        }
    return found
