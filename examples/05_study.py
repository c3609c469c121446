"""The main job from Python: measurements in, report out; what `pinched evaluate` does.

python examples/05_study.py OUT [FILES OR FOLDERS]
"""

import sys
import tempfile
from pathlib import Path

import pinched as pi
from pinched.papers.marraccini2025 import write_simulated_sweeps

with tempfile.TemporaryDirectory() as folder:
    out = Path(sys.argv[1]) if sys.argv[1:] else Path(folder) / "report"
    paths = sys.argv[2:] or [write_simulated_sweeps(Path(folder) / "sweeps")]
    options = pi.StudyOptions(network=pi.NetworkOptions(hidden=(32,), bits=3, arrays=10))
    study = pi.run_study(paths, out, options=options)
    print(f"{len(study.table)} cycles, {study.score.accuracy_array.mean():.2%} read back from 10 arrays")
    print(sorted(path.name for path in out.iterdir()))
