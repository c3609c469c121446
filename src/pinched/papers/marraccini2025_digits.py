"""The 5 x 4 digits of marraccini2025fast: word lengths and turned pixels; `marraccini2025_devices` has its devices.

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
from pinched.devices.presets.marraccini2025 import SENSE_THRESHOLD, marraccini2025
from pinched.networks.convert import convert
from pinched.networks.datasets import ImageSet, digits5x4
from pinched.networks.findings import Property
from pinched.networks.mapping import TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.noise import ceiling, single_flips, with_single_flips
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer, Quantizer, RoundQuantizer
from pinched.networks.sensitivity import idealised
from pinched.networks.stored import MemoryNetwork
from pinched.networks.training import Decay, accuracy, train_many

LAYERS = (20, 20, 20, 10)
"""The three layers of the paper's figure 4b and 4d: 1050 parameters."""

SMALL = (20, 10, 10)
"""The two layers of ten neurons of its text: 320 parameters."""

Values = dict[str, Any]


def float_networks(
    layers: Sequence[int], count: int, *, seed: int, epochs: int, progress: Progress
) -> list[nn.Module]:
    """`count` networks of the script's recipe, differing by their first weights."""
    starts = [mlp(layers, seed=first_seed(seed) + k) for k in range(count)]
    return train_many(starts, digits5x4(), epochs=epochs, rate=1e-3, decay=Decay.CONSTANT, progress=progress)


def _ideal(nets: Sequence[nn.Module], quantizer: Quantizer) -> list[MemoryNetwork]:
    """`nets` in arrays of perfect devices: what is told of a word length has been stored and read as well."""
    chips = [
        convert(net, device=marraccini2025(), mapping=TwosComplement(quantizer), threshold=SENSE_THRESHOLD)
        for net in nets
    ]
    # One object for all: arrays of the same devices are drawn once.
    spread = idealised(chips[0], *Property).spread
    return [dataclasses.replace(chip, spread=spread) for chip in chips]


def stored_accuracy(
    nets: Sequence[nn.Module], quantizer: Quantizer, data: ImageSet | None = None
) -> np.ndarray:
    """Share of `data` (the ten patterns) that the words of each network, read from an ideal array, classify right."""
    run = monte_carlo(_ideal(nets, quantizer), [digits5x4() if data is None else data], arrays=1)
    return run.accuracy[:, 0, 0]


def first_seed(seed: int) -> int:
    """Seed of the first network of a run: runs of different seeds share no network."""
    return 1000 * seed


def word_lengths(
    layers: Sequence[int], count: int, *, fast: bool, seed: int, progress: Progress, brief: bool = False
) -> Values:
    """Mean accuracy and share of perfect networks for every quantizer and word length, and after training for it.

    `brief` leaves out the conversions that only the first of several seeds has to tell.
    """
    nets = float_networks(layers, count, seed=seed, epochs=600, progress=progress)
    perfect = np.array([accuracy(net, digits5x4()) == 1.0 for net in nets])
    found: Values = {"networks": count, "float_perfect": float(perfect.mean()), "rows": []}

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
        if fast or brief:
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


def over_seeds(tables: Sequence[Values]) -> Values:
    """Several results of `word_lengths` as one: means over seeds, and the worst seed of each row they share."""
    rows = []
    for one in tables[0]["rows"]:
        same = [
            r for t in tables for r in t["rows"] if all(r[key] == one[key] for key in ("quantizer", "bits"))
        ]
        perfect = [r["perfect"] for r in same]
        rows.append(
            {
                **one,
                "mean": float(np.mean([r["mean"] for r in same])),
                "worst": min(r["worst"] for r in same),
                "perfect": float(np.mean(perfect)),
                "perfect_seeds": perfect,
            }
        )
    return {
        "networks": sum(t["networks"] for t in tables),
        "seeds": len(tables),
        "float_perfect": float(np.mean([t["float_perfect"] for t in tables])),
        "rows": rows,
    }


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


def turned_pixels(net: nn.Module, count: int, *, seed: int, progress: Progress) -> Values:
    """All 200 flips: the ceiling, the chosen network, and `count` networks trained for them at 3 bits."""
    clean = digits5x4()
    noisy, train_set = single_flips(clean), with_single_flips(clean)
    quantizer = ClipQuantizer(3)
    starts = [mlp(LAYERS, seed=first_seed(seed) + k) for k in range(count)]
    floats = train_many(starts, train_set, seed=seed, progress=progress)
    aware = train_many(floats, train_set, quantizer=quantizer, learn_steps=True, seed=seed, progress=progress)
    flips = stored_accuracy(aware, quantizer, noisy)
    chosen, trained = _right(net, PaperQuantizer(3), noisy), _right(aware[0], quantizer, noisy)
    # The paper's test: each of the ten digits with one random pixel; a sum of ten independent draws.
    counts = np.ones(1)
    for rate in chosen.reshape(10, -1).mean(1):
        counts = np.convolve(counts, [1.0 - rate, rate])
    steps = np.cumsum(counts)
    return {
        "images": len(noisy),
        "networks": count,
        "ceiling": ceiling(clean, noisy),
        "ceiling_old": ceiling(digits5x4(version="old"), single_flips(digits5x4(version="old"))),
        "aware_mean": float(flips.mean()),
        "aware_worst": float(flips.min()),
        "aware_float": float(np.mean([accuracy(one, noisy) for one in floats])),
        "aware_clean_mean": float(stored_accuracy(aware, quantizer).mean()),
        "chosen_float": accuracy(net, noisy),
        "chosen_3_bits": float(chosen.mean()),
        "chosen_right": chosen.reshape(10, -1).tolist(),
        "aware_right": trained.reshape(10, -1).tolist(),
        "ten_image_test": counts.tolist(),
        "ten_image_test_interval": [float(np.searchsorted(steps, q) / 10.0) for q in (0.025, 0.975)],
        "ten_image_test_perfect": float(counts[-1]),
    }


def _right(net: nn.Module, quantizer: Quantizer, data: ImageSet) -> np.ndarray:
    """Which images the words of `net`, read from an ideal array, classify right."""
    chip = _ideal([net], quantizer)[0]
    words = chip.read_back(chip.fresh(1))
    return (chip.network.predict(words, data.images)[0] == data.labels).numpy()
