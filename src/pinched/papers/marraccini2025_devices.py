"""The 5 x 4 digits of marraccini2025fast in its devices: as written, repaired, what costs what, what would be needed.

Each function is one part of `marraccini2025.reproduce` and returns plain numbers; shares are 0 to 1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from torch import nn

from pinched._progress import Progress
from pinched.crossbar.cells import Endurance
from pinched.crossbar.redundancy import Majority, SpareCells
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
from pinched.networks.findings import Property, Requirement, Sensitivity
from pinched.networks.mapping import TwosComplement
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.quantization import BitFlips, ClipQuantizer, PaperQuantizer, Quantizer
from pinched.networks.required import Knob, requirements
from pinched.networks.sensitivity import sensitivity
from pinched.networks.stored import MemoryNetwork
from pinched.networks.training import accuracy, train_many

FLIPS = BitFlips(of_ones=0.037, of_zeros=0.004)
"""Bit errors of a fresh array of the published devices, written once with 5 V."""

SPARED = Repair(writing=WriteVerify(retries=0), redundancy=SpareCells(2))
"""The repair of the goal: verified, two spare cells per bit."""

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


def devices(net: nn.Module, arrays: int, *, fast: bool, seed: int, progress: Progress) -> Values:
    """The 3-bit network in `arrays` arrays of the published devices: as written, and with every repair."""
    verify = WriteVerify(retries=0)
    # Far above any drawn V_SET: every write succeeds, and what is left is the overlap of the two states.
    ways: dict[str, tuple[Repair | None, float, int]] = {
        "overlap_only": (None, 1e6, arrays),
        "fresh": (None, WRITE_VOLTAGE, arrays),
        "majority_3": (Repair(redundancy=Majority(3)), WRITE_VOLTAGE, arrays // 4),
        "majority_5": (Repair(redundancy=Majority(5)), WRITE_VOLTAGE, arrays // 4),
        "verify_1_spare": (Repair(writing=verify, redundancy=SpareCells(1)), WRITE_VOLTAGE, arrays),
        "verify_2_spares": (SPARED, WRITE_VOLTAGE, arrays),
        "verify_3_spares": (Repair(writing=verify, redundancy=SpareCells(3)), WRITE_VOLTAGE, arrays // 4),
    }
    found: Values = {}
    for name, (repair, volt, most) in ways.items():
        if fast and name in ("majority_3", "majority_5", "verify_3_spares"):
            continue
        count = most // 4 if fast and name in ("overlap_only", "verify_1_spare") else most
        chip = chip_of(net, PaperQuantizer(3), repair, volt=volt, seed=seed)
        found[name] = through(chip, count, progress)
    data = digits5x4()
    found["accuracy_float"] = accuracy(net, data)
    fresh = evaluate(chip_of(net, PaperQuantizer(3), None, seed=seed), data, arrays=200)
    repaired = evaluate(chip_of(net, PaperQuantizer(3), SPARED, seed=seed), data, arrays=50)
    assert repaired.cost is not None
    found["cost_verify_2_spares"] = dataclasses.asdict(repaired.cost) | {
        "wear_share": repaired.cost.wear_share
    }
    found["confusion_fresh"] = fresh.confusion.tolist()
    found["confusion_repaired"] = repaired.confusion.tolist()
    found["bits_wrong_of_ones"], found["bits_wrong_of_zeros"] = fresh.bit_error_one, fresh.bit_error_zero
    return found


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


_REASONS = {
    Property.V_SET_SPREAD: "3.5 % of the cells need more than 5 V",
    Property.OVERLAP: "0.2 % of the LRS and 0.4 % of the HRS lie on the wrong side of 10 kohm",
    Property.V_RESET_SPREAD: "a fresh cell is in HRS and needs no RESET",
    Property.YIELD: "the statistics are those of working devices",
    Property.ENDURANCE: "one write of at most 20",
    Property.RETENTION: "not known: one temperature, 1000 s without a loss",
}


def cost_of_properties(net: nn.Module, arrays: int, *, seed: int, progress: Progress) -> Values:
    """Which property of the published devices costs the accuracy of the fresh array, the costliest first."""
    data = digits5x4()
    chip = chip_of(net, PaperQuantizer(3), None, seed=seed)
    batch = chip_of(net, PaperQuantizer(3), None, spread=marraccini2025(device_yield=BATCH_YIELD), seed=seed)
    dead = {Property.YIELD: "60 % of the cells never switch"}
    return _ranking(sensitivity(chip, data, arrays=arrays, progress=progress), _REASONS) | {
        "batch": _ranking(
            sensitivity(batch, data, arrays=max(50, arrays // 5), progress=progress), _REASONS | dead
        )
    }


def _ranking(found: Sensitivity, reasons: dict[Property, str]) -> Values:
    return {
        "arrays": found.arrays,
        "accuracy": found.accuracy,
        "accuracy_ideal": found.accuracy_ideal,
        "ranking": [
            {
                "property": one.property.value,
                "recovered": one.recovered,
                "recovered_interval": list(one.recovered_interval),
                "alone": one.alone,
                "alone_interval": list(one.alone_interval),
                "reason": reasons[one.property],
            }
            for one in found.ranking
        ],
    }


def needs(net: nn.Module, arrays: int, *, fast: bool, seed: int, progress: Progress) -> Values:
    """What a mean accuracy of 85 % asks of devices written once, and one of 99 % with verification and two spares."""
    found: Values = {"arrays": arrays}
    for name, repair, wanted in (("written_once", None, 0.85), ("verify_2_spares", SPARED, 0.99)):
        rows = requirements(
            chip_of(net, PaperQuantizer(3), repair, seed=seed), digits5x4(),
            accuracy=wanted, knobs=tuple(Knob), arrays=arrays, tolerance=0.02 if fast else 0.005,
            progress=progress,
        )  # fmt: skip
        found[name] = [_requirement(row) for row in rows]
    return found


def _requirement(row: Requirement) -> Values:
    return {
        "knob": row.knob.value,
        "target": row.target,
        "value": row.value,
        "unit": row.unit,
        "interval": list(row.interval) if row.reached else None,
        "accuracy": row.accuracy,
        "present": row.present,
        "met": row.met,
        "reached": row.reached,
    }
