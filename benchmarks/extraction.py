"""10 000 sweeps of 1000 points: reading and extraction against the bare parsing of the same numbers.

    python benchmarks/extraction.py [FILES]

Both sides run in one process on one thread and are timed in CPU seconds, alternating, in blocks of 500 files;
the ratio is that of the medians. `numpy.loadtxt` with everything known beforehand (separator, columns, no
guessing, no hash, no units) is the floor: what a script pays that reads this one format and nothing else.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pinched.data.read import read_sweeps
from pinched.devices.presets import marraccini2025
from pinched.devices.simulated import draw_devices, simulate_sweep
from pinched.extraction.switching import extract_switching

BLOCK = 500


def main(files: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        blocks = []
        devices = draw_devices(marraccini2025(), files)
        for k, device in enumerate(devices):
            if k % BLOCK == 0:
                blocks.append(Path(folder) / f"block_{k // BLOCK:03d}")
                blocks[-1].mkdir()
            stop = max(2.0, 1.2 * device.v_set, -1.2 * device.v_reset)
            sweep = simulate_sweep(device, stop=(stop, -stop), step=stop / 250, name=f"s{k:05d}")
            (blocks[-1] / f"s{k:05d}.csv").write_text(sweep.to_csv(), encoding="utf-8")
        size = sum(p.stat().st_size for block in blocks for p in block.iterdir()) / 1e6
        print(f"{files} sweeps of {len(sweep)} points, {size:.0f} MB of text")
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


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000)
