"""Stored networks at the sizes that are claimed: thousands of arrays, all test images, hundreds of trainings.

Prints CPU and wall time beside the stated limit. MNIST is replaced by noise of its size where no folder is given:
times do not depend on the pictures. Run: python benchmarks/networks.py [folder with the MNIST files]
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.networks import datasets
from pinched.networks.convert import convert
from pinched.networks.datasets import ImageSet, Split
from pinched.networks.mapping import TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.quantization import ClipQuantizer
from pinched.networks.stored import MemoryNetwork
from pinched.networks.training import train_many

T = TypeVar("T")


def timed(name: str, limit: float, job: Callable[[], T]) -> T:
    """Run `job`, print its times, return its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = job()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{name:56} {wall:8.1f} s wall {cpu:8.1f} s CPU   limit {limit:5g} s   limit / wall {limit / wall:6.1f}"
    )
    return result


def images(folder: Path | None) -> ImageSet:
    """The MNIST test images, or noise of their size."""
    if folder is not None:
        return datasets.mnist("test", folder=folder)
    generator = torch.Generator().manual_seed(0)
    return ImageSet(
        name="noise",
        split=Split.TEST,
        images=torch.rand((10_000, 784), generator=generator),
        labels=torch.arange(10_000) % 10,
        classes=tuple("0123456789"),
        note="10000 images of noise",
    )


def chip(layers: tuple[int, ...], bits: int) -> MemoryNetwork:
    """An untrained network in the published devices: times do not depend on its weights."""
    return convert(
        mlp(layers), device=marraccini2025(), mapping=TwosComplement(ClipQuantizer(bits)), threshold=1e4
    )


def main() -> None:
    """Print one line per claim."""
    five = datasets.digits5x4()
    small, large = chip((20, 20, 20, 10), 3), chip((784, 128, 64, 32, 10), 4)
    data = images(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    monte_carlo([small], [five], arrays=10)  # compiles the generator
    timed(
        "train_many: 200 networks 20-20-20-10, 600 steps", 10.0,
        lambda: train_many([mlp((20, 20, 20, 10), seed=k) for k in range(200)], five, epochs=600),
    )  # fmt: skip
    timed("4000 arrays of 20-20-20-10, 3 bits", 10.0, lambda: monte_carlo([small], [five], arrays=4000))
    # A tenth of the 1000 arrays, and a tenth of five minutes.
    run = timed(
        "100 arrays of 784-128-64-32-10, 4 bits, 10000 images", 30.0,
        lambda: monte_carlo([large], [data], arrays=100),
    )  # fmt: skip
    print(f"1000 arrays of 784-128-64-32-10 take {10 * run.cpu_seconds:.0f} CPU s on all cores together")


if __name__ == "__main__":
    main()
