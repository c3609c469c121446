"""Networks in arrays at the sizes that are claimed: images per CPU second with exact wires, with noise, end to end.

784-128-10 in differential pairs on tiles of 128 word lines; both sides in one run, one thread, CPU time, medians
of alternating runs. The peer is the float network in torch: the limit of this machine. Without a folder MNIST is
replaced by sparse noise of its size: times do not depend on the pictures.
Run: python benchmarks/networks_on_arrays.py [folder with the MNIST files]
"""

import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from pinched.crossbar.converters import Adc
from pinched.crossbar.imperfections import Imperfections
from pinched.crossbar.mapping import DifferentialPair
from pinched.crossbar.window import ConductanceWindow
from pinched.networks import datasets
from pinched.networks._threads import one_thread
from pinched.networks.convert import convert
from pinched.networks.evaluation import evaluate
from pinched.networks.mlp import mlp

BATCH, ROUNDS, GOAL = 500, 7, 200_000


def images(folder: Path | None) -> Tensor:
    """The MNIST test images, or noise as dense as they are."""
    if folder is not None:
        return datasets.mnist("test", folder=folder).images
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand((10_000, 784), generator=generator)
    return pixels * (torch.rand((10_000, 784), generator=generator) < 0.19)


@torch.no_grad()
def seconds(network: nn.Module, parts: tuple[Tensor, ...]) -> float:
    """CPU time of all images."""
    began = time.process_time()
    for part in parts:
        network(part)
    return time.process_time() - began


def on_arrays(model: nn.Module, **options: object) -> nn.Module:
    """`model` in tiles of 128 x 128."""
    return convert(model, device=ConductanceWindow(), mapping=DifferentialPair(), tile=(128, 128), **options)


def main() -> None:
    """Print one line per claim."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    pixels, model = images(folder), mlp((784, 128, 10))
    parts = pixels.split(BATCH)
    wires = {"wire_resistance": "1 ohm", "adc": Adc(bits=8), "calibration": pixels[:300]}
    noise = {"imperfections": Imperfections(read_noise=0.05)}
    with one_thread():
        on_arrays(model, **wires)  # compiles
        began = time.process_time()
        exact = on_arrays(model, **wires)
        print(f"{'set-up with exact wires':50} {time.process_time() - began:9.3f} s CPU   goal below 0.3")
        cases = {
            "exact 1 ohm wires, 8-bit ADC per tile": exact,
            "fresh read noise on every device, no wires": on_arrays(model, **noise),
            "fresh read noise and 8-bit ADC per tile": on_arrays(
                model, **noise, adc=Adc(bits=8), calibration=pixels[:300]
            ),
        }
        for name, chip in cases.items():
            seconds(chip, parts[:2]), seconds(model, parts[:2])
            pairs = [(seconds(chip, parts), seconds(model, parts)) for _ in range(ROUNDS)]
            rate = len(pixels) / statistics.median(own for own, _ in pairs)
            plain = len(pixels) / statistics.median(peer for _, peer in pairs)
            ratio = statistics.median(peer / own for own, peer in pairs)
            print(
                f"{name:50} {rate:9.0f} images/s   float network {plain:9.0f}, ratio {ratio:.2f}, goal {GOAL}"
            )
        if folder is not None:
            test = datasets.mnist("test", folder=folder)
            wall, cpu = time.perf_counter(), time.process_time()
            evaluate(on_arrays(model, **wires), test, arrays=1)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(
                f"{'convert and evaluate 10 000 images':50} {wall:9.2f} s wall, {cpu:.2f} s CPU   goal below 5"
            )


if __name__ == "__main__":
    main()
