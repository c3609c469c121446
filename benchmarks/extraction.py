"""Reading and extraction: how fast, and how often the numbers are right.

    python benchmarks/extraction.py [FILES]             10 000 sweeps of 1000 points, CPU time on one thread
    python benchmarks/extraction.py --wall FOLDER       the same folder by all cores, wall time (see --write)
    python benchmarks/extraction.py --write FOLDER [FILES]
    python benchmarks/extraction.py --switching [CYCLES]  V_SET and V_RESET within one step, on sweeps of known truth
    python benchmarks/extraction.py --coverage [SETS]   how often 95 % intervals hold a known truth

Speed: both sides run in one process on one thread and are timed in CPU seconds, alternating, in blocks of 500 files;
the ratio is that of the medians. `numpy.loadtxt` with everything known beforehand (separator, columns, no
guessing, no hash, no units) is the floor: what a script pays that reads this one format and nothing else.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from pinched.data.read import read_sweeps
from pinched.devices.presets import marraccini2025
from pinched.devices.simulated import draw_devices, simulate_sweep
from pinched.extraction.calibration import dynamics
from pinched.extraction.calibration import statistics as static
from pinched.extraction.calibration.coverage import BAND, coverage
from pinched.extraction.calibration.sweeps import CONDITIONS, score_gradual, score_switching
from pinched.extraction.gathering import Source, gather
from pinched.extraction.switching import extract_switching

BLOCK = 500
SLOW = ("two lognormals fit",)
"""Cases whose data sets take seconds each: tried a quarter as often, which tells 90 % from 95 % hardly at all."""


def write(folder: Path, files: int) -> list[Path]:
    """Sweeps of 1000 points, in folders of `BLOCK`."""
    blocks = []
    for k, device in enumerate(draw_devices(marraccini2025(), files)):
        if k % BLOCK == 0:
            blocks.append(folder / f"block_{k // BLOCK:03d}")
            blocks[-1].mkdir(parents=True)
        stop = max(2.0, 1.2 * device.v_set, -1.2 * device.v_reset)
        sweep = simulate_sweep(device, stop=(stop, -stop), step=stop / 250, name=f"s{k:05d}")
        (blocks[-1] / f"s{k:05d}.csv").write_text(sweep.to_csv(), encoding="utf-8")
    size = sum(p.stat().st_size for block in blocks for p in block.iterdir()) / 1e6
    print(f"{files} sweeps of {len(sweep)} points, {size:.0f} MB of text")
    return blocks


def speed(files: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        blocks = write(Path(folder), files)
        bare, read, extract = [], [], []
        for block in blocks:
            paths = sorted(block.iterdir())
            start = time.process_time()
            for path in paths:
                np.loadtxt(path, delimiter=",", skiprows=3)
            bare.append((time.process_time() - start) / len(paths))
            start = time.process_time()
            sweeps = read_sweeps(block)
            read.append((time.process_time() - start) / len(paths))
            start = time.process_time()
            table = extract_switching(sweeps)
            extract.append((time.process_time() - start) / len(paths))
            assert len(table) == len(paths)
    ours = statistics.median(read) + statistics.median(extract)
    print(
        f"numpy.loadtxt  {1e3 * statistics.median(bare):6.2f} ms per sweep (median of {len(blocks)} blocks)"
    )
    print(f"read_sweeps    {1e3 * statistics.median(read):6.2f} ms per sweep, "
          f"{statistics.median(read) / statistics.median(bare):.2f} x the bare parsing")  # fmt: skip
    print(f"extraction     {1e3 * statistics.median(extract):6.2f} ms per sweep")
    whole = BLOCK * (sum(read) + sum(extract))
    print(f"both           {1e3 * ours:6.2f} ms per sweep; {whole:.1f} CPU s in all")


def wall(folder: Path) -> None:
    start = time.perf_counter()
    found = gather([folder], Source(workers=os.cpu_count() or 1))
    took = time.perf_counter() - start
    print(f"{len(found.sweeps)} sweeps, {len(found.table)} cycles read and extracted in {took:.1f} s of wall time "
          f"by {os.cpu_count()} processes")  # fmt: skip


def switching(cycles: int) -> None:
    print(f"{'share within one voltage step':45s} {'V_SET':>7s} {'V_RESET':>8s}   (target 98 %)")
    total = np.zeros(4, dtype=int)
    for name, conditions in CONDITIONS.items():
        score = score_switching(name, conditions, cycles=cycles)
        total += (score.v_set, score.cycles, score.v_reset, score.resets)
        print(f"{name:45s} {100 * score.shares[0]:6.1f}% {100 * score.shares[1]:7.1f}%", flush=True)
    print(f"{'all':45s} {100 * total[0] / total[1]:6.2f}% {100 * total[2] / total[3]:7.2f}%")
    for noise in (0.0, 0.01, 0.05):
        share = score_gradual(noise=noise, devices=cycles)
        print(
            f"gradual devices without an invented V_SET, {100 * noise:.0f} % noise: {100 * share:.1f}%",
            flush=True,
        )


def covered(sets: int) -> None:
    band = f"{BAND[0]:.0%} to {BAND[1]:.0%}"
    print(f"share of 95 % intervals that hold the truth (target {band}; * promises at least 95 %)")
    shares, missed = [], 0
    for case in (*static.cases(), *dynamics.cases()):
        repetitions = sets if case.name not in SLOW else max(sets // 4, 1)
        for found in coverage(case, repetitions=repetitions):
            low, high = found.interval
            missed += not found.good
            shares += [found.share] if case.exact else []
            mark = " " if case.exact else "*"
            print(f"{case.name:22s} {case.n:52s} {found.quantity:24s} {100 * found.share:5.1f}%{mark} "
                  f"[{100 * low:.1f}, {100 * high:.1f}] of {found.repetitions}{'' if found.good else '  OUTSIDE'}",
                  flush=True)  # fmt: skip
    print(
        f"mean of {len(shares)}: {100 * np.mean(shares):.1f}%; {missed} proven outside (three standard errors)"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=int, nargs="?", default=10_000)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--wall", type=Path)
    parser.add_argument("--switching", type=int, nargs="?", const=400)
    parser.add_argument("--coverage", type=int, nargs="?", const=400)
    given = parser.parse_args()
    if given.write is not None:
        write(given.write, given.files)
    elif given.wall is not None:
        wall(given.wall)
    elif given.switching is not None:
        switching(given.switching)
    elif given.coverage is not None:
        covered(given.coverage)
    else:
        speed(given.files)
