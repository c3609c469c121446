"""Read I-V sweeps from files of a laboratory, see what was understood, and keep them cleaned in one file.

    python examples/01_read_sweeps.py [FILES OR FOLDERS]

Without arguments it writes a few simulated sweeps into a temporary folder and reads those.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import pinched as pi
from pinched.papers.marraccini2025 import write_simulated_sweeps

with tempfile.TemporaryDirectory() as folder:
    paths = sys.argv[1:] or [write_simulated_sweeps(Path(folder) / "sweeps", devices=3)]
    sweeps = pi.read_sweeps(paths)

    for sweep in sweeps:
        kind = "simulated" if sweep.provenance.simulated_by else "measured"
        print(
            f"{sweep.device}, cycle {sweep.cycle} ({kind}): {len(sweep)} samples, "
            f"{sweep.voltage.min():.3g} to {sweep.voltage.max():.3g} V, |I| up to {abs(sweep.current).max():.3g} A"
        )
        for guess in sweep.provenance.guesses:
            print(f"    guessed: {guess}")

    kept = Path(folder) / "kept.csv"
    kept.write_text(pi.sweeps_csv(sweeps), encoding="utf-8")
    again = pi.read_sweeps(kept)
    same = all(np.array_equal(a.current, b.current) for a, b in zip(sweeps, again, strict=True))
    print(
        f"{len(again)} sweeps kept in one file and read back, {'every number the same' if same else 'CHANGED'}"
    )
