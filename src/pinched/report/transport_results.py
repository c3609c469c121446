"""A run of charge transport as files: the sweep as CSV, the profiles as NPZ, figures, transport.json.

Everything says that it is simulated.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pinched._files import write_text
from pinched._progress import Progress
from pinched.extraction.loops import loop_width
from pinched.physics.parameters import parameters
from pinched.physics.run import Profiles, TransportRun
from pinched.report.figure_files import write_figure
from pinched.report.figures_transport import plot_profiles, transport_figure, vacancy_animation
from pinched.report.style import paper_style

MARK = "transport.json"
"""A folder that holds this file is a run's and may be replaced."""


def transport_record(run: TransportRun, about: Mapping[str, Any]) -> dict[str, Any]:
    """A run as plain data, SI with the unit in each key or beside it; `about` comes first."""
    some = run.current.size > 0
    return {
        **about,
        "simulated": True,
        "finished": run.finished,
        "why": run.why,
        "parameters": {
            name: {"value": p.value, "unit": p.unit, "meaning": p.meaning}
            for name, p in parameters(run.transport_device).items()
        },
        "samples": int(run.current.size),
        "current_max_A": float(run.current.max()) if some else None,
        "current_min_A": float(run.current.min()) if some else None,
        "loop_width": float(loop_width(run.voltage[None], run.current[None])[0]) if some else None,
        "quality": {
            key: None if isinstance(value, float) and not np.isfinite(value) else value
            for key, value in dataclasses.asdict(run.quality).items()
        },
    }


def write_transport(
    folder: Path,
    run: TransportRun,
    *,
    about: Mapping[str, Any],
    animation: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write transport.json, sweep.csv, profiles.npz and the figures of `run` to `folder`; with `animation` a GIF."""
    record = transport_record(run, about)
    if len(run) >= 2:
        write_text(folder / "sweep.csv", run.to_csv())
        with paper_style():
            write_figure(folder, "sweep", transport_figure(run), simulated=True)
            if run.profiles is not None and len(run.profiles) > 0:
                write_figure(folder, "profiles", plot_profiles(run.profiles), simulated=True)
    if run.profiles is not None:
        (folder / "profiles.npz").write_bytes(profiles_npz(run.profiles))
    if animation and run.profiles is not None and len(run.profiles) > 1:
        vacancy_animation(run, folder / "vacancies.gif", progress=progress)
    write_text(folder / MARK, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def profiles_npz(profiles: Profiles) -> bytes:
    """Profiles as an NPZ file, without pickle: one array per field, `units` names their units."""
    held = io.BytesIO()
    fields = dataclasses.fields(profiles)
    units = json.dumps({f.name: f.metadata["unit"] for f in fields})
    arrays: dict[str, Any] = {f.name: np.asarray(getattr(profiles, f.name)) for f in fields}
    arrays |= {"units": np.array(units), "simulated": np.array(True)}
    np.savez_compressed(held, **arrays)  # pyright: ignore[reportArgumentType]
    return held.getvalue()
