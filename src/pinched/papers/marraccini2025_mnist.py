"""MNIST of marraccini2025fast: which network its text can mean, at which word lengths, and through its devices.

`LITERAL` is what the text says (ten neurons in every layer), `WIDE` a network whose accuracy is the one it reports.
The recipe (epochs, rates, learned steps) was chosen on 5000 training images held back; the test images decided
nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from pinched._progress import Progress
from pinched.crossbar.cells import Endurance
from pinched.crossbar.defects import DefectMap
from pinched.crossbar.repair import Repair
from pinched.crossbar.writing import WriteVerify
from pinched.devices.presets.marraccini2025 import (
    BATCH_YIELD,
    ENDURANCE,
    SENSE_THRESHOLD,
    WRITE_VOLTAGE,
    marraccini2025,
)
from pinched.networks._idx import MNIST_FILES
from pinched.networks.convert import convert
from pinched.networks.datasets import ImageSet, mnist
from pinched.networks.evaluation import baselines, evaluate
from pinched.networks.findings import Property
from pinched.networks.mapping import TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.noise import ceiling, first, random_flips
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer, Quantizer
from pinched.networks.sensitivity import idealised
from pinched.networks.training import accuracy, train, train_many
from pinched.papers.marraccini2025_devices import good_share

WIDE = (784, 128, 64, 32, 10)
"""Four layers, ten neurons in the last: 111 514 parameters."""

LITERAL = (784, 10, 10, 10, 10)
"""Four layers of ten neurons, as the text has it: 8180 parameters."""

Values = dict[str, Any]


def find_mnist(data: Path | None) -> Path | None:
    """The folder with the four MNIST files at or below `data`; None where they are not."""
    if data is None:
        return None
    names = [name for split in MNIST_FILES.values() for name in split]
    for folder in (data, data / "mnist", data / "datasets" / "mnist"):
        if all((folder / f"{name}.gz").is_file() or (folder / name).is_file() for name in names):
            return folder
    return None


def _right(net: nn.Module, quantizer: Quantizer, *data: ImageSet) -> list[float]:
    """Accuracies of the words of `net` on each set, read back from an array of perfect devices."""
    chip = convert(net, device=marraccini2025(), mapping=TwosComplement(quantizer))
    return monte_carlo([idealised(chip, *Property)], data, arrays=1).accuracy[0, 0].tolist()


def wide(folder: Path, *, seed: int, fast: bool, arrays: int, progress: Progress) -> Values:
    """One seed of the wide network: float, both conversions, trained for 4, 3 and 2 bits, and through devices."""
    train_set, test_set = mnist("train", folder=folder), mnist("test", folder=folder)
    epochs, more = (3, 2) if fast else (12, 12)
    net = train(mlp(WIDE, seed=seed), train_set, epochs=epochs, rate=2e-3, seed=seed, progress=progress)
    found: Values = {"seed": seed, "float": accuracy(net, test_set)}
    for bits in (8, 4, 3, 2):
        found[f"paper{bits}"] = _right(net, PaperQuantizer(bits), test_set)[0]
        found[f"clip{bits}"] = _right(net, ClipQuantizer(bits), test_set)[0]
    for bits in (4, 3, 2):
        quantizer = ClipQuantizer(bits)
        aware = train(
            net, train_set, quantizer=quantizer, learn_steps=True, epochs=more, rate=1e-3, seed=seed,
            progress=progress,
        )  # fmt: skip
        found[f"qat{bits}"] = _right(aware, quantizer, test_set)[0]
        if bits == 4:
            found |= _through_devices(aware, quantizer, test_set, arrays=arrays, seed=seed, progress=progress)
            # Trained as the one before, on images of which 3 % of the pixels turn.
            robust = train(
                net, train_set, quantizer=quantizer, learn_steps=True, epochs=more, rate=1e-3, turned=0.03, seed=seed,
                progress=progress,
            )  # fmt: skip
            found["flips"] = _under_flips(aware, robust, quantizer, test_set, fast=fast, seed=seed)
    found["baseline"], found["baseline_nearest_mean"] = baselines(test_set, train_set)
    return found


TURNED = (0, 10, 25, 50, 100)
"""Pixels turned at random in each test image."""


def _under_flips(
    plain: nn.Module, robust: nn.Module, quantizer: Quantizer, data: ImageSet, *, fast: bool, seed: int
) -> Values:
    """Both networks on test images with turned pixels, and the ceiling, on the first few hundred of them."""
    noisy = [random_flips(data, pixels=pixels, seed=seed) for pixels in TURNED]
    few = 50 if fast else 300
    return {
        "pixels": list(TURNED),
        "plain": _right(plain, quantizer, *noisy),
        "trained": _right(robust, quantizer, *noisy),
        "ceiling": [ceiling(data, first(one, few)) for one in noisy],
        "ceiling_images": few,
    }


def over_flips(found: Sequence[Values]) -> Values:
    """Several seeds of accuracies under turned pixels as one: mean, and worst seed."""
    rows = {name: np.array([one[name] for one in found]) for name in ("plain", "trained", "ceiling")}
    return {
        "pixels": found[0]["pixels"],
        **{name: values.mean(0).tolist() for name, values in rows.items()},
        "plain_worst": rows["plain"].min(0).tolist(),
        "trained_worst": rows["trained"].min(0).tolist(),
        "ceiling_images": found[0]["ceiling_images"],
    }


def _through_devices(
    net: nn.Module, quantizer: Quantizer, data: ImageSet, *, arrays: int, seed: int, progress: Progress
) -> Values:
    """The network in arrays of working devices written once, and at the batch yield with map and verification."""
    endurance = Endurance(pulses=ENDURANCE)
    mapping = TwosComplement(quantizer)
    fresh = convert(
        net, device=marraccini2025(), mapping=mapping, write_voltage=WRITE_VOLTAGE, threshold=SENSE_THRESHOLD,
        endurance=endurance, seed=seed,
    )  # fmt: skip
    batch = marraccini2025(device_yield=BATCH_YIELD)
    bits = fresh.shape[0] * fresh.shape[1]
    repair = Repair(
        writing=WriteVerify(retries=0),
        placement=DefectMap.for_yield(good_share(batch), bits, confidence=0.9999),
    )
    mapped = convert(
        net, device=batch, mapping=mapping, write_voltage=WRITE_VOLTAGE, threshold=SENSE_THRESHOLD, repair=repair,
        endurance=endurance, seed=seed,
    )  # fmt: skip
    once = evaluate(fresh, data, arrays=arrays, progress=progress)
    verified = evaluate(mapped, data, arrays=arrays, progress=progress)
    assert verified.cost is not None
    return {
        "devices_fresh": float(once.accuracy_array.mean()),
        "devices_repaired": float(verified.accuracy_array.mean()),
        "devices_repaired_worst": float(verified.accuracy_array.min()),
        "devices_clean": verified.accuracy_quantized,
        "devices_fresh_worst": float(once.accuracy_array.min()),
        "devices_area_factor": mapped.area_factor,
        "devices_cost": dataclasses.asdict(verified.cost),
        "devices_arrays": arrays,
    }


def literal(folder: Path, *, seeds: int, seed: int, fast: bool, progress: Progress) -> Values:
    """The network of the literal text, `seeds` of them side by side."""
    train_set, test_set = mnist("train", folder=folder), mnist("test", folder=folder)
    epochs, more = (5, 4) if fast else (12, 30)
    starts = [mlp(LITERAL, seed=seed + k) for k in range(seeds)]
    nets = train_many(starts, train_set, epochs=epochs, rate=2e-3, seed=seed, progress=progress)
    found: Values = {"float": [accuracy(net, test_set) for net in nets]}
    for bits in (4, 3):
        found[f"paper{bits}"] = [_right(net, PaperQuantizer(bits), test_set)[0] for net in nets]
        quantizer = ClipQuantizer(bits)
        aware = train_many(
            nets, train_set, quantizer=quantizer, learn_steps=True, epochs=more, batch=128, rate=2e-3, seed=seed,
            progress=progress,
        )  # fmt: skip
        found[f"qat{bits}"] = [_right(net, quantizer, test_set)[0] for net in aware]
    return found
