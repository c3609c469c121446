"""What wires and spread cost a network, and how much of it training on the arrays gives back.

784-128-10 on MNIST in tiles of 256 word lines, 1 ohm per wire segment (solved exactly), 5 % spread between devices.
For every seed the float network is trained, then trained on for the same number of epochs twice: as it is, and in the
arrays. Recovered is the share of the loss of the first in its arrays that the second does not have.
Writes a figure. Run: python benchmarks/hardware_aware.py FOLDER [seeds] [figure.svg]
"""

import sys
import time
from pathlib import Path

import numpy as np

from pinched.crossbar.imperfections import Imperfections
from pinched.crossbar.mapping import ArrayMapping, DifferentialPair, OffsetColumn
from pinched.crossbar.window import ConductanceWindow
from pinched.extraction.intervals import bootstrap_interval
from pinched.networks import datasets
from pinched.networks._threads import one_thread
from pinched.networks.convert import convert
from pinched.networks.evaluation import evaluate
from pinched.networks.mlp import mlp
from pinched.networks.training import accuracy, train

CASES: tuple[tuple[str, ArrayMapping, float], ...] = (
    ("pair, 1 to 100 uS", DifferentialPair(), 1e-4),
    ("pair, 10 uS to 1 mS", DifferentialPair(), 1e-3),
    ("offset column, 1 to 100 uS", OffsetColumn(), 1e-4),
)
EPOCHS, CHIPS = 2, 5


def interval(values: list[float]) -> str:
    """Mean and 95 % interval over seeds."""
    array = np.array(values)
    low, high = bootstrap_interval(array, lambda x: float(x.mean()), seed=0)
    return f"{array.mean():7.2%} [{low:.2%}, {high:.2%}]"


def main() -> None:
    """Print a table, write the figure."""
    folder = Path(sys.argv[1])
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    training, test = datasets.mnist("train", folder=folder), datasets.mnist("test", folder=folder)
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name, _, _ in CASES}
    with one_thread():
        for seed in range(seeds):
            start = train(mlp((784, 128, 10), seed=seed), training, epochs=EPOCHS, seed=seed)
            plain = train(start, training, epochs=EPOCHS, seed=seed)
            twin = accuracy(plain, test)
            for name, mapping, g_max in CASES:
                began = time.process_time()

                def chip(network, mapping=mapping, g_max=g_max, seed=seed):
                    return convert(
                        network,
                        device=ConductanceWindow(g_min=0.01 * g_max, g_max=g_max),
                        mapping=mapping,
                        tile=(256, 256),
                        wire_resistance="1 ohm",
                        imperfections=Imperfections(device_to_device=0.05),
                        seed=seed,
                    )

                before = evaluate(chip(plain), test, arrays=CHIPS).mean
                aware = train(chip(start), training, epochs=EPOCHS, seed=seed)
                after = evaluate(aware, test, arrays=CHIPS).mean
                found[name].append((twin, before, after))
                print(
                    f"seed {seed} {name:28} float {twin:.2%}  in arrays {before:.2%}  trained in arrays {after:.2%}  "
                    f"recovered {(after - before) / (twin - before):.0%}  {time.process_time() - began:.0f} s CPU",
                    flush=True,
                )
    for name, rows in found.items():
        twin, before, after = (list(column) for column in zip(*rows, strict=True))
        recovered = [(a - b) / (t - b) for t, b, a in rows]
        print(
            f"{name:28} float {interval(twin)}, in arrays {interval(before)}, trained in arrays {interval(after)}"
        )
        print(f"{'':28} recovered {interval(recovered)} of the loss (goal 66.7 %)")
    if len(sys.argv) > 3:
        figure(found, Path(sys.argv[3]))


def figure(found: dict[str, list[tuple[float, float, float]]], path: Path) -> None:
    """Accuracy of the float twin, in arrays, and trained in arrays, with the range over seeds."""
    import matplotlib.pyplot as plt

    from pinched.report.style import paper_style

    with paper_style():
        fig, ax = plt.subplots()
        labels = ("float twin", "in arrays", "trained in arrays")
        for k, (label, marker) in enumerate(zip(labels, "os^", strict=True)):
            rows = [np.array([row[k] for row in values]) * 100 for values in found.values()]
            mean = np.array([r.mean() for r in rows])
            ends = np.array([[m - r.min(), r.max() - m] for r, m in zip(rows, mean, strict=True)]).T
            ax.errorbar(np.arange(len(rows)) + 0.15 * (k - 1), mean, ends, fmt=marker, label=label, capsize=2)
        ax.set_xticks(range(len(found)), [name.replace(", ", "\n") for name in found])
        ax.set_ylabel("MNIST test accuracy (%)")
        ax.legend()
        fig.savefig(path)
        plt.close(fig)


if __name__ == "__main__":
    main()
