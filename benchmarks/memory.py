"""Writing, reading and evaluating networks in memory arrays, beside the plain way of one Python object per cell.

The plain side does what the script of marraccini2025fast does (a class with four parameters per memristor, a
loop over cells, one network after the other); both sides draw, write, read back and classify the same number
of bits per array. CPU time per array, both in this run; medians of five.

Then the repairs: 4000 arrays of the 20-20-20-10 network drawn, written with verification, spares, majority or a
defect map, read back and classified, on all cores of this machine; the limit is 10 s wall on two.
Run: python benchmarks/memory.py
"""

import math
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from pinched.crossbar.defects import DefectMap
from pinched.crossbar.hamming import Hamming
from pinched.crossbar.redundancy import Majority, SpareCells, SpareRows
from pinched.crossbar.repair import Repair
from pinched.crossbar.writing import WriteVerify
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.networks import datasets
from pinched.networks.convert import convert
from pinched.networks.datasets import ImageSet
from pinched.networks.evaluation import evaluate
from pinched.networks.mapping import TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.quantization import ClipQuantizer
from pinched.networks.stored import MemoryNetwork
from pinched.networks.training import train

LIMIT = 10.0
"""Wall time (s) that 4000 arrays may take on two cores."""


class Memristor:
    """One cell of the plain side."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.lrs = rng.lognormal(6.253, 1.041)
        self.hrs = 10 ** rng.normal(6.041, 0.769)
        self.v_set = rng.lognormal(0.20177, 0.776)
        self.v_reset = -rng.lognormal(-0.00248, 0.810)
        self.resistance = self.hrs

    def write(self, voltage: float) -> None:
        """Apply a pulse (V)."""
        if voltage >= self.v_set:
            self.resistance = self.lrs
        elif voltage <= self.v_reset:
            self.resistance = self.hrs


def plain(chip: MemoryNetwork, data: ImageSet, arrays: int) -> np.ndarray:
    """Accuracies of `arrays` arrays, one object per cell."""
    network, bits = chip.network, chip.bits
    words, images, labels = network.words.tolist(), data.images.numpy(), data.labels.numpy()
    shares = []
    for k in range(arrays):
        rng = np.random.default_rng(k)
        read = []
        for word in words:
            value = 0
            for place, digit in enumerate(format(word % 2**bits, f"0{bits}b")):
                cell = Memristor(rng)
                cell.write(chip.write_voltage if digit == "1" else -chip.write_voltage)
                found = cell.resistance < chip.threshold
                value += found * (-(2 ** (bits - 1)) if place == 0 else 2 ** (bits - 1 - place))
            read.append(value)
        x, start = images, 0
        for n, (shape, step) in enumerate(zip(network.shapes, network.steps, strict=True)):
            size = int(np.prod(shape))
            tensor = np.array(read[start : start + size], dtype=np.float32).reshape(shape) * step
            start += size
            x = (np.maximum(x, 0) if n else x) @ tensor.T if n % 2 == 0 else x + tensor  # weight, then bias
        shares.append((x.argmax(-1) == labels).mean())
    return np.array(shares)


def cpu_seconds(job: Callable[[], object], repeats: int = 5) -> float:
    """Median CPU time of `job` after one run to warm up."""
    job()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        job()
        times.append(time.process_time() - start)
    return statistics.median(times)


def repairs(net: nn.Module, data: ImageSet, arrays: int = 4000) -> None:
    """Print one row per repair: wall and CPU time of `arrays` arrays on all cores, the limit, and the result."""
    once, rising = WriteVerify(retries=0), WriteVerify(retries=10, step=0.5)
    cases = (
        ("one pulse", None, 1.0),
        ("one pulse, with its cost", Repair(), 1.0),
        ("majority of 5", Repair(redundancy=Majority(5)), 1.0),
        ("verify, 2 spares per bit", Repair(writing=once, redundancy=SpareCells(2)), 1.0),
        ("rising amplitude, 2 spares per bit", Repair(writing=rising, redundancy=SpareCells(2)), 1.0),
        ("verify, 5 spare word lines", Repair(writing=once, redundancy=SpareRows(5)), 1.0),
        ("Hamming, one word per group", Repair(code=Hamming(3)), 1.0),
        ("yield 40 %, defect map", Repair(writing=once, placement=DefectMap.for_yield(0.375, 3150)), 0.4),
    )
    print(
        f"\n{'repair':36} {'cells':>6} {'wall s':>7} {'CPU s':>7} {'limit / wall':>13} {'mean':>8} {'perfect':>8}"
        f"   {arrays} arrays, limit {LIMIT:g} s wall on two cores"
    )
    for name, repair, device_yield in cases:
        chip = convert(
            net, device=marraccini2025(device_yield=device_yield), mapping=TwosComplement(ClipQuantizer(3)),
            threshold=1e4, repair=repair,
        )  # fmt: skip
        monte_carlo([chip], [data], arrays=8)  # compiles
        wall = time.perf_counter()
        run = monte_carlo([chip], [data], arrays=arrays)
        wall = time.perf_counter() - wall
        print(
            f"{name:36} {math.prod(chip.memory_shape):6} {wall:7.1f} {run.cpu_seconds:7.1f} {LIMIT / wall:13.1f} "
            f"{100 * run.mean[0, 0]:6.1f} % {100 * run.perfect[0, 0]:6.1f} %"
        )


def main() -> None:
    """Print one row per network: time per array on both sides, and the ratio; then one row per repair."""
    torch.set_num_threads(1)
    five, eight = datasets.digits5x4(), datasets.digits("train")
    cases = (
        ("digits5x4 20-20-20-10, 3 bits", train(mlp((20, 20, 20, 10)), five), five, 3, 1000, 2),
        (
            "digits 64-64-10, 4 bits",
            train(mlp((64, 64, 10)), eight, epochs=5),
            datasets.digits("test"),
            4,
            100,
            2,
        ),
    )
    print(
        f"{'network':32} {'cells':>7} {'plain ms/array':>15} {'pinched ms/array':>17} {'ratio':>7}  mean accuracy"
    )
    for name, net, data, bits, many, few in cases:
        chip = convert(
            net, device=marraccini2025(), mapping=TwosComplement(ClipQuantizer(bits)), threshold=1e4
        )
        fast = 1e3 * cpu_seconds(lambda c=chip, d=data, n=many: evaluate(c, d, arrays=n)) / many
        slow = 1e3 * cpu_seconds(lambda c=chip, d=data, n=few: plain(c, d, n)) / few
        ours = float(evaluate(chip, data, arrays=many).accuracy_array.mean())
        theirs = float(plain(chip, data, 40).mean())
        print(
            f"{name:32} {chip.cells:7} {slow:15.2f} {fast:17.3f} {slow / fast:7.0f}"
            f"  pinched {ours:.3f} ({many} arrays), plain {theirs:.3f} (40 arrays)"
        )
    repairs(cases[0][1], five)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
