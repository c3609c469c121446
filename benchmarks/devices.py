"""Compact laws: device-steps per second of `drive`, beside a plain torch loop and beside ngspice.

    python benchmarks/devices.py            100 000 devices, ratios on one thread
    python benchmarks/devices.py --million  a million devices on all cores, wall time and memory

A device-step is one device at one of 1000 times of a sweep. Both sides compute the same VTEAM devices under the same
triangle in one run, by CPU time on one thread, medians of the repeats; the error of each is against a run of `drive`
at a tolerance of 1e-10. The plain loop is what scripts do: Heun steps at the 1000 times for all devices at once in
torch float64. ngspice runs one device by a netlist that `pinched` writes, and is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from pinched._random import generator
from pinched.data.waveforms import Waveform, triangle
from pinched.devices import _run
from pinched.devices.drive import drive
from pinched.devices.laws.vteam import Vteam

SAMPLES = 1000


def devices(count: int) -> Vteam:
    """`count` VTEAM devices whose parameters differ by a tenth."""
    rng = generator(0, "benchmark devices")

    def about(value: float) -> torch.Tensor:
        return torch.from_numpy(value * (1.0 + 0.1 * rng.random(count)))

    return Vteam(
        r_on=about(1e3), r_off=1e5, v_off=about(0.3), v_on=-0.4, k_off=about(2.5e-7), k_on=-1.35e-6,
        alpha_on=2.0, alpha_off=3.0, w_initial=0.35 * 3e-9,
    )  # fmt: skip


def plain_loop(law: Vteam, waveform: Waveform) -> torch.Tensor:
    """State by Heun steps at `SAMPLES` even times, clipped at the bounds, all devices at once; currents kept too."""
    times = np.linspace(0.0, waveform.duration, SAMPLES)
    volts = waveform.at(times)
    w = torch.full_like(torch.as_tensor(law.r_on), float(law.w_initial))
    current, state = (
        torch.empty(len(w), SAMPLES, dtype=torch.float64),
        torch.empty(len(w), SAMPLES, dtype=torch.float64),
    )
    current[:, 0], state[:, 0] = law.current(w, torch.tensor(volts[0])), w
    for k in range(SAMPLES - 1):
        h = times[k + 1] - times[k]
        first = law.state_rate(w, torch.tensor(volts[k]))
        second = law.state_rate((w + h * first).clamp(0.0, float(law.w_off)), torch.tensor(volts[k + 1]))
        w = (w + 0.5 * h * (first + second)).clamp(0.0, float(law.w_off))
        current[:, k + 1], state[:, k + 1] = law.current(w, torch.tensor(volts[k + 1])), w
    return state[:, -1]


def median_cpu(work: Callable[[], object], repeats: int) -> float:
    """Median CPU seconds of `work`."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def ngspice_seconds(law: Vteam, waveform: Waveform) -> float | None:
    """CPU seconds of ngspice for one device, netlist read and output written; None where it is not installed."""
    program = shutil.which("ngspice")
    if program is None:
        return None
    from pinched.devices.export import netlist

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "device.cir"
        path.write_text(netlist(law, waveform, points=SAMPLES, relative_tolerance=1e-6), encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([program, "-b", str(path)], cwd=folder, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratios(count: int, repeats: int) -> None:
    """Print both sides of each comparison, one thread."""
    torch.set_num_threads(1)
    _run.cores = lambda: 1  # one thread on this side too
    law, waveform = devices(count), triangle("1 V", period="3 ms")
    drive(Vteam(), waveform)  # compiled before the clock runs
    exact = drive(devices(200), waveform, times=np.array([waveform.time[-1]]), rtol=1e-10).trace.state[
        0, :, -1
    ]
    steps = count * SAMPLES
    print(f"VTEAM, {count} devices, {SAMPLES} times of a triangle, one thread, CPU time, median of {repeats}")
    for rtol in (1e-3, 1e-4, 1e-6):
        seconds = median_cpu(lambda r=rtol: drive(law, waveform, points=SAMPLES, rtol=r), repeats)
        final = drive(devices(200), waveform, points=SAMPLES, rtol=rtol).trace.state[0, :, -1]
        error = float((final - exact).abs().max()) / 3e-9
        print(
            f"  drive, rtol {rtol:g}: {seconds:7.2f} s, {steps / seconds:9.3g} device-steps/s, "
            f"error {error:.1e} of the range"
        )
    few = max(1, count // 10)
    # In portions that fit the cache, which is the plain side's best.
    small = devices(few)
    loop = median_cpu(lambda: plain_loop(small, waveform), repeats) * count / few
    wrong = float((plain_loop(devices(200), waveform) - exact).abs().max()) / 3e-9
    print(
        f"  plain torch loop:  {loop:7.2f} s, {steps / loop:9.3g} device-steps/s, error {wrong:.1e} of the range"
    )
    mine = median_cpu(lambda: drive(law, waveform, points=SAMPLES, rtol=1e-4), repeats)
    print(f"  ratio, plain loop / drive at rtol 1e-4: {loop / mine:.1f}")
    one = Vteam(v_off=0.3, v_on=-0.4, k_off=2.5e-7, k_on=-1.35e-6, alpha_on=2.0, w_initial=0.35 * 3e-9)
    spice = ngspice_seconds(one, waveform)
    if spice is None:
        print("  ngspice is not installed: no ratio to it")
        return
    alone = median_cpu(lambda: drive(one, waveform, points=SAMPLES), 20)
    print(
        f"  one device: ngspice {spice:.3f} s, drive {alone * 1e3:.2f} ms, ratio {spice / alone:.0f} (drive per call)"
    )
    print(f"  ngspice / drive per device in the batch: {spice / (mine / count):.3g}")


def million(count: int = 1_000_000) -> None:
    """A million devices on all cores: 1000 steps each, a tenth of the times recorded (all would be 16 GB)."""
    law, waveform = devices(count), triangle("1 V", period="3 ms")
    drive(Vteam(), waveform)
    for rtol in (1e-4, 1e-6):
        clock, cpu = time.perf_counter(), time.process_time()
        run = drive(law, waveform, points=SAMPLES // 10, rtol=rtol).trace
        wall, spent = time.perf_counter() - clock, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"{count} VTEAM devices, rtol {rtol:g}: {wall:.1f} s wall, {spent:.1f} s CPU, {run.steps / count:.0f} "
            f"steps of adaptive length per device, {run.time.shape[0]} recorded times, peak memory {peak:.2f} GB"
        )
        del run


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--million", action="store_true", help="a million devices on all cores")
    parser.add_argument("--devices", type=int, default=20_000, help="devices of the ratios")
    parser.add_argument("--repeats", type=int, default=3, help="repeats of which the median is taken")
    options = parser.parse_args()
    if options.million:
        million()
    else:
        ratios(options.devices, options.repeats)
