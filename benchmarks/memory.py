"""Writing, reading and evaluating networks in memory arrays, beside the plain way of one Python object per cell.

The plain side does what the script of marraccini2025fast does (a class with four parameters per memristor, a
loop over cells, one network after the other); both sides draw, write, read back and classify the same number
of bits per array. CPU time per array, one thread, both in this run; medians of five.
Run: python benchmarks/memory.py
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.networks import datasets
from pinched.networks.convert import MemoryNetwork, TwosComplement, convert
from pinched.networks.datasets import ImageSet
from pinched.networks.evaluation import evaluate
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer
from pinched.networks.training import train


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


def main() -> None:
    """Print one row per network: time per array on both sides, and the ratio."""
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


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
