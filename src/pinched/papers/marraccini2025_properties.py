"""Which property of the devices of marraccini2025fast costs the accuracy, what would be needed, and what is known.

Each function is one part of `marraccini2025.reproduce` and returns plain numbers; shares are 0 to 1.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from pinched._progress import Progress
from pinched.devices.presets.marraccini2025 import BATCH_YIELD, marraccini2025
from pinched.networks.datasets import digits5x4
from pinched.networks.findings import Property, Requirement, Sensitivity
from pinched.networks.quantization import PaperQuantizer
from pinched.networks.required import Knob, requirements
from pinched.networks.sensitivity import sensitivity
from pinched.networks.technology import technology_interval
from pinched.papers.marraccini2025_devices import SPARED, chip_of

Values = dict[str, Any]

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


def known(net: nn.Module, *, fast: bool, seed: int, progress: Progress) -> Values:
    """How well the 47 devices tell what arrays reach, written once and with verification and two spares."""
    draws, arrays = (40, 50) if fast else (200, 100)
    found: Values = {"draws": draws, "arrays": arrays}
    for name, repair in (("fresh", None), ("verify_2_spares", SPARED)):
        chip = chip_of(net, PaperQuantizer(3), repair, seed=seed)
        one = technology_interval(chip, digits5x4(), draws=draws, arrays=arrays, progress=progress)
        found["devices"] = one.devices
        found[name] = {"mean": list(one.mean_interval), "perfect": list(one.perfect_interval)}
    return found
