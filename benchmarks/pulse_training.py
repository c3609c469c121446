"""What training in devices costs on top of training in float: CPU time of a step, rule by rule.

    python benchmarks/pulse_training.py [STEPS] [--json]

The network of roy2025quantum on random images of MNIST's size, batches of 64. Float steps (SGD) and the step of the
optimizer alternate, so that a busy machine disturbs both alike; medians.
"""

import json
import statistics
import sys
import time

import torch
from torch.nn import functional

import pinched as pi
from pinched.devices.presets.roy2025 import roy2025_update
from pinched.devices.updates import RangeNoise
from pinched.networks.pulse_rules import PulseRule


def measure(rule: PulseRule | None, steps: int) -> tuple[float, float]:
    """CPU seconds of forward and backward pass, and of the step, by `rule` (None: SGD in float)."""
    net = pi.cnn((1, 28, 28), mean=(0.13,), deviation=(0.31,))
    law = roy2025_update.device
    optimizer = (
        torch.optim.SGD(net.parameters(), lr=0.1)
        if rule is None
        else pi.PulseSGD(net, rule=rule, device=law, noise=RangeNoise(sigma=0.02), lr=0.05)
    )
    draws = torch.Generator().manual_seed(0)
    passes, updates = [], []
    for _ in range(steps):
        images = torch.rand(64, 784, generator=draws)
        labels = torch.randint(10, (64,), generator=draws)
        start = time.process_time()
        optimizer.zero_grad()
        functional.cross_entropy(net(images), labels).backward()
        middle = time.process_time()
        optimizer.step()
        passes.append(middle - start)
        updates.append(time.process_time() - middle)
    return statistics.median(passes), statistics.median(updates)


def main(steps: int) -> None:
    torch.set_num_threads(1)
    rules = {
        "SGD in float": None,
        "NaivePulses": pi.NaivePulses(),
        "Manhattan": pi.Manhattan(),
        "DifferentialPulses": pi.DifferentialPulses(),
        "MixedPrecision": pi.MixedPrecision(),
        "MixedPrecision, read back": pi.MixedPrecision(read_back=True),
        "TikiTaka": pi.TikiTaka(),
        "TikiTaka2": pi.TikiTaka2(),
    }
    found = {name: measure(rule, steps) for name, rule in rules.items()}
    whole = sum(found["SGD in float"])
    passes = statistics.median(seconds for seconds, _ in found.values())
    rows = {
        name: {
            "pass_seconds": one,
            "step_seconds": step,
            # The passes are the same work in every row: their common median takes the machine's moods out.
            "share_on_top": (passes + step) / (passes + found["SGD in float"][1]) - 1.0,
        }
        for name, (one, step) in found.items()
    }
    if "--json" in sys.argv:
        print(json.dumps(rows, indent=2))
        return
    print(f"one step of SGD in float: {1e3 * whole:.2f} ms")
    for name, row in rows.items():
        print(
            f"{name:26}: step {1e3 * row['step_seconds']:.2f} ms, {100 * row['share_on_top']:+.1f} % on top"
        )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(numbers[0] if numbers else 100)
