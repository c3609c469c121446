"""Plateaus found and invented, and nonlinearities recovered, on simulated data with a known truth; and the speed.

    python benchmarks/plateaus.py [RECORDS] [--json] [--speed]

Counts for every noise of `pinched.extraction.calibration.plateaus` (levels up to 25 G_0, series resistance unknown),
smooth curves of every kind, and labels of 30 + 30 noisy pulses. `--speed` compares the exact partition into levels
with that of ruptures (PELT on the same Gaussian cost, which a test shows to agree), in CPU seconds, alternating,
medians; it needs ruptures, which nothing else here does.
"""

import json
import statistics
import sys
import time

import numpy as np

from pinched.extraction.calibration.plateaus import NOISES, score_plateaus, score_smooth, smooth_curves
from pinched.extraction.calibration.synapses import score_labels
from pinched.extraction.segmentation import partition


def speed() -> None:
    import ruptures

    rng = np.random.default_rng(0)
    for n in (300, 2000):
        x = np.repeat(rng.integers(2, 50, n // 10) / 2.0, 10) + 0.05 * rng.standard_normal(n)
        sigma = np.full(n, 0.05)
        price = 2.0 * np.log(n)
        partition(x, sigma, level_price=price, slope_price=np.inf)
        ours, theirs = [], []
        for _ in range(5):
            start = time.process_time()
            cut = partition(x, sigma, level_price=price, slope_price=np.inf)
            ours.append(time.process_time() - start)
            start = time.process_time()
            ends = ruptures.Pelt(model="l2", min_size=1, jump=1).fit(x / 0.05).predict(pen=price)
            theirs.append(time.process_time() - start)
            assert cut.stop.tolist() == ends
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"partition of {n} samples: {1e3 * a:.2f} ms, ruptures {1e3 * b:.2f} ms, {b / a:.0f} x")


def main(records: int) -> None:
    found: dict = {"recovered": [], "false": [], "labels": []}
    for swept in (False, True):
        for noise in NOISES:
            one = score_plateaus(noise, records=records, swept=swept)
            row = {
                "swept": swept,
                "added_g0": noise.added,
                "relative": noise.relative,
                "plateaus": one.plateaus,
                "recovered": one.share,
                "interval": one.interval,
                "named": one.named / max(one.found, 1),
                "invented": one.invented / max(one.reported, 1),
            }
            found["recovered"].append(row)
            if "--json" not in sys.argv:
                print(
                    f"{'sweep' if swept else 'reads'} noise {noise.added:g} G_0 + {100 * noise.relative:g} %: "
                    f"{100 * one.share:.1f} % of {one.plateaus} plateaus recovered, level right in "
                    f"{100 * row['named']:.1f} %, {100 * row['invented']:.1f} % of those reported are none"
                )
    for name in smooth_curves():
        one = score_smooth(name, curves=5 * records)
        found["false"].append(
            {"curve": name, "curves": one.curves, "stepped": one.stepped, "interval": one.interval}
        )
        if "--json" not in sys.argv:
            print(
                f"{name}: {one.stepped} of {one.curves} called stepped, 95 % interval up to {one.interval[1]:.3f}"
            )
    for read, write in ((0.005, 0.0), (0.01, 0.0), (0.02, 0.0), (0.005, 0.005)):
        one = score_labels(read, write, trains=5 * records)
        found["labels"].append({"read_noise": read, "write_noise": write, **one})
        if "--json" not in sys.argv:
            print(
                f"labels 5.08 / 4.85, read noise {100 * read:g} %, write noise {100 * write:g} %: within 0.1 "
                f"{100 * one['within_up']:.0f} / {100 * one['within_down']:.0f} %, intervals hold "
                f"{100 * one['held_up']:.0f} / {100 * one['held_down']:.0f} %"
            )
    if "--json" in sys.argv:
        plateaus = sum(row["plateaus"] for row in found["recovered"])
        found["levels.recovered"] = sum(r["recovered"] * r["plateaus"] for r in found["recovered"]) / plateaus
        curves = sum(row["curves"] for row in found["false"])
        found["levels.false"] = sum(row["stepped"] for row in found["false"]) / curves
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    if "--speed" in sys.argv:
        speed()
    else:
        main(numbers[0] if numbers else 40)
