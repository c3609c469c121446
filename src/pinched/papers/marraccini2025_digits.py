"""The 5 x 4 digits of marraccini2025fast: word lengths, devices, turned pixels, and which property costs what.

Each function is one part of `marraccini2025.reproduce` and returns plain numbers. Shares are 0 to 1. The recipe of
the networks is that of the paper's script as far as it says: Adam with a constant rate of 0.001, all ten patterns
in every step, Glorot weights; 600 steps.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pinched._errors import DataFileError
from pinched._progress import Progress
from pinched.crossbar.cells import Endurance
from pinched.crossbar.redundancy import Majority, SpareCells
from pinched.crossbar.repair import Repair
from pinched.crossbar.writing import WriteVerify
from pinched.devices.presets.marraccini2025 import ENDURANCE, SENSE_THRESHOLD, WRITE_VOLTAGE, marraccini2025
from pinched.networks.convert import MemoryNetwork, TwosComplement, convert
from pinched.networks.datasets import digits5x4
from pinched.networks.evaluation import evaluate
from pinched.networks.mlp import mlp
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.noise import ceiling, single_flips, with_single_flips
from pinched.networks.quantization import BitFlips, ClipQuantizer, PaperQuantizer, Quantizer, RoundQuantizer
from pinched.networks.quantized import quantize
from pinched.networks.sensitivity import sensitivity
from pinched.networks.training import Decay, train_many

LAYERS = (20, 20, 20, 10)
"""The three layers of the paper's figure 4b and 4d: 1050 parameters."""

SMALL = (20, 10, 10)
"""The two layers of ten neurons of its text: 320 parameters."""

FLIPS = BitFlips(of_ones=0.037, of_zeros=0.004)
"""Bit errors of a fresh array of the published devices, written once with 5 V."""

Values = dict[str, Any]


def float_networks(
    layers: Sequence[int], count: int, *, seed: int, epochs: int, progress: Progress
) -> list[nn.Module]:
    """`count` networks of the script's recipe, differing by their first weights."""
    starts = [mlp(layers, seed=seed + k) for k in range(count)]
    return train_many(starts, digits5x4(), epochs=epochs, rate=1e-3, decay=Decay.CONSTANT, progress=progress)


def stored_accuracy(nets: Sequence[nn.Module], quantizer: Quantizer) -> np.ndarray:
    """Share of the ten patterns that each network classifies right with its words."""
    data = digits5x4()
    return np.array(
        [float((quantize(n, quantizer)(data.images).argmax(-1) == data.labels).double().mean()) for n in nets]
    )


def word_lengths(layers: Sequence[int], count: int, *, fast: bool, seed: int, progress: Progress) -> Values:
    """Mean accuracy and share of perfect networks for every quantizer and word length, and after training for it."""
    nets = float_networks(layers, count, seed=seed, epochs=600, progress=progress)
    found: Values = {"networks": count, "rows": []}

    def add(name: str, bits: int, accuracy: np.ndarray) -> None:
        found["rows"].append(
            {
                "quantizer": name,
                "bits": bits,
                "mean": float(accuracy.mean()),
                "worst": float(accuracy.min()),
                "perfect": float((accuracy == 1.0).mean()),
            }
        )

    for bits in (8, 4, 3, 2):
        add("paper", bits, stored_accuracy(nets, PaperQuantizer(bits)))
        add("clip", bits, stored_accuracy(nets, ClipQuantizer(bits)))
        if fast:
            continue
        add("round", bits, stored_accuracy(nets, RoundQuantizer(bits)))
        add("clip per output", bits, stored_accuracy(nets, ClipQuantizer(bits, per_channel=True)))
    # Four bits matter to the small network only: the paper says that it fails there.
    for bits in (4,) if fast and len(layers) == 3 else (3, 2) if fast else (4, 3, 2):
        quantizer = ClipQuantizer(bits)
        aware = train_many(
            nets, digits5x4(), quantizer=quantizer, learn_steps=True, seed=seed, progress=progress
        )
        add("quantization-aware", bits, stored_accuracy(aware, quantizer))
    return found


def row(found: Values, quantizer: str, bits: int) -> Values:
    """The row of `word_lengths` for that quantizer and word length."""
    return next(r for r in found["rows"] if (r["quantizer"], r["bits"]) == (quantizer, bits))


def published_network(data: Path | None) -> nn.Module | None:
    """The network that the authors published, from digits5x4/published_network.npz of `data`; None if not there.

    Raises `DataFileError` for a file that is something else.
    """
    path = None if data is None else data / "digits5x4" / "published_network.npz"
    if path is None or not path.is_file():
        return None
    net = mlp(LAYERS)
    layers = [m for m in net if isinstance(m, nn.Linear)]
    try:
        with np.load(path, allow_pickle=False) as stored, torch.no_grad():
            for k, layer in enumerate(layers, start=1):
                layer.weight.copy_(torch.from_numpy(stored[f"weight{k}"]))
                layer.bias.copy_(torch.from_numpy(stored[f"bias{k}"]))
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise DataFileError(
            path, "", f"this is no 20-20-20-10 network ({error})", "Take the published file again."
        ) from error
    return net


def chosen_network(data: Path | None, *, seed: int, progress: Progress) -> tuple[nn.Module, str]:
    """The published network, or the first of ours that the paper's quantizer leaves perfect; and which it is."""
    published = published_network(data)
    if published is not None:
        return published, "the published network"
    nets = float_networks(LAYERS, 30, seed=seed, epochs=600, progress=progress)
    good = int(np.argmax(stored_accuracy(nets, PaperQuantizer(3))))
    return nets[good], (
        f"no published network (data/digits5x4/published_network.npz): network {good} of ours, the first that "
        "the paper's quantizer leaves at 3 bits as good as any"
    )


def _chip(
    net: nn.Module, quantizer: Quantizer, repair: Repair | None, *, volt: float, seed: int
) -> MemoryNetwork:
    return convert(
        net,
        device=marraccini2025(),
        mapping=TwosComplement(quantizer),
        write_voltage=volt,
        threshold=SENSE_THRESHOLD,
        repair=repair,
        endurance=Endurance(pulses=ENDURANCE),
        seed=seed,
    )


def devices(net: nn.Module, arrays: int, *, fast: bool, seed: int, progress: Progress) -> Values:
    """The 3-bit network in `arrays` arrays of the published devices: as written, and with every repair."""
    data, verify = digits5x4(), WriteVerify(retries=0)
    # Far above any drawn V_SET: every write succeeds, and what is left is the overlap of the two states.
    ways: dict[str, tuple[Repair | None, float, int]] = {
        "overlap_only": (None, 1e6, arrays),
        "fresh": (None, WRITE_VOLTAGE, arrays),
        "majority_3": (Repair(redundancy=Majority(3)), WRITE_VOLTAGE, arrays // 4),
        "majority_5": (Repair(redundancy=Majority(5)), WRITE_VOLTAGE, arrays // 4),
        "verify_1_spare": (Repair(writing=verify, redundancy=SpareCells(1)), WRITE_VOLTAGE, arrays),
        "verify_2_spares": (Repair(writing=verify, redundancy=SpareCells(2)), WRITE_VOLTAGE, arrays),
        "verify_3_spares": (Repair(writing=verify, redundancy=SpareCells(3)), WRITE_VOLTAGE, arrays // 4),
    }
    found: Values = {}
    for name, (repair, volt, most) in ways.items():
        if fast and name in ("majority_3", "majority_5", "verify_3_spares"):
            continue
        count = most // 4 if fast and name in ("overlap_only", "verify_1_spare") else most
        chip = _chip(net, PaperQuantizer(3), repair, volt=volt, seed=seed)
        run = monte_carlo([chip], [data], arrays=count, progress=progress)
        lines, columns = chip.memory_shape
        found[name] = {
            "arrays": count,
            "mean": float(run.mean[0, 0]),
            "interval": list(run.interval()),
            "worst": float(run.worst[0, 0]),
            "fifth_percentile": float(run.percentile(5)[0, 0]),
            "perfect": float(run.perfect[0, 0]),
            "bits_wrong": float(run.bit_error_rate.mean()),
            "area_factor": lines * columns / chip.cells,
        }
    repaired = _chip(net, PaperQuantizer(3), ways["verify_2_spares"][0], volt=WRITE_VOLTAGE, seed=seed)
    stored = repaired.store(repaired.fresh(50))
    found["cost_verify_2_spares"] = {
        "pulses_per_array": float(stored.cost.writes.mean()),
        "most_pulses_on_a_cell": int(stored.wear.largest.max()),
        "seconds_one_cell_after_the_other": float(stored.cost.time_serial.mean()),
    }
    fresh = evaluate(_chip(net, PaperQuantizer(3), None, volt=WRITE_VOLTAGE, seed=seed), data, arrays=200)
    found["confusion_fresh"] = fresh.confusion.tolist()
    found["bits_wrong_of_ones"], found["bits_wrong_of_zeros"] = fresh.bit_error_one, fresh.bit_error_zero
    return found


def aware_in_devices(count: int, arrays: int, *, seed: int, progress: Progress) -> Values:
    """`count` networks trained for 3 bits, and for 3 bits with wrong bits, each in `arrays` fresh arrays."""
    nets = float_networks(LAYERS, count, seed=seed, epochs=600, progress=progress)
    found: Values = {"networks": count, "arrays": arrays}
    for name, flips in (("quantization_aware", None), ("bit_error_aware", FLIPS)):
        quantizer = ClipQuantizer(3)
        aware = train_many(nets, digits5x4(), quantizer=quantizer, flips=flips, seed=seed, progress=progress)
        chips = [_chip(net, quantizer, None, volt=WRITE_VOLTAGE, seed=seed) for net in aware]
        # One object for all: arrays of the same devices are drawn once.
        run = monte_carlo(_sharing(chips), [digits5x4()], arrays=arrays, progress=progress)
        found[name] = {
            "mean": float(run.mean.mean()),
            "worst_network": float(run.mean.min()),
            "perfect": float(run.perfect.mean()),
        }
    return found


def _sharing(chips: list[MemoryNetwork]) -> list[MemoryNetwork]:
    return [dataclasses.replace(chip, spread=chips[0].spread) for chip in chips]


def turned_pixels(net: nn.Module, count: int, *, seed: int, progress: Progress) -> Values:
    """All 200 flips: the ceiling, the chosen network, and `count` networks trained for them at 3 bits."""
    clean = digits5x4()
    noisy, train_set = single_flips(clean), with_single_flips(clean)
    quantizer = ClipQuantizer(3)
    starts = [mlp(LAYERS, seed=seed + k) for k in range(count)]
    floats = train_many(starts, train_set, seed=seed, progress=progress)
    aware = train_many(floats, train_set, quantizer=quantizer, learn_steps=True, seed=seed, progress=progress)

    def right(module: nn.Module, kind: Quantizer) -> np.ndarray:
        return (quantize(module, kind)(noisy.images).argmax(-1) == noisy.labels).numpy()

    flips = np.array([right(n, quantizer).mean() for n in aware])
    chosen = right(net, PaperQuantizer(3))
    # The paper's test: each of the ten digits with one random pixel; a sum of ten independent draws.
    rates = chosen.reshape(10, -1).mean(1)
    counts = np.ones(1)
    for rate in rates:
        counts = np.convolve(counts, [1.0 - rate, rate])
    steps = np.cumsum(counts)
    return {
        "images": len(noisy),
        "networks": count,
        "ceiling": ceiling(clean, noisy),
        "ceiling_old": ceiling(digits5x4(version="old"), single_flips(digits5x4(version="old"))),
        "aware_mean": float(flips.mean()),
        "aware_worst": float(flips.min()),
        "aware_clean_mean": float(stored_accuracy(aware, quantizer).mean()),
        "chosen_float": float((net(noisy.images).argmax(-1) == noisy.labels).double().mean()),
        "chosen_3_bits": float(chosen.mean()),
        "ten_image_test_interval": [float(np.searchsorted(steps, q) / 10.0) for q in (0.025, 0.975)],
        "ten_image_test_perfect": float(counts[-1]),
    }


def cost_of_properties(net: nn.Module, arrays: int, *, seed: int, progress: Progress) -> Values:
    """Which property of the published devices costs the accuracy of the fresh array, the costliest first."""
    chip = _chip(net, PaperQuantizer(3), None, volt=WRITE_VOLTAGE, seed=seed)
    found = sensitivity(chip, digits5x4(), arrays=arrays, progress=progress)
    return {
        "arrays": found.arrays,
        "accuracy": found.accuracy,
        "ranking": [
            {
                "property": one.property.value,
                "recovered": one.recovered,
                "recovered_interval": list(one.recovered_interval),
                "alone": one.alone,
                "alone_interval": list(one.alone_interval),
            }
            for one in found.ranking
        ],
    }
