"""Conductance in steps of G_0: looked for wherever conductances reach a quarter of it, reported where staircases are.

A single jump is a SET and no staircase: a device counts where a record of it holds three plateaus of contacts or more
that no smooth curve explains.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinched._errors import PinchedError
from pinched._parallel import shared
from pinched._progress import Progress
from pinched.constants import G_0
from pinched.data.records import Record
from pinched.data.sweep import IVSweep
from pinched.data.traces import PulseTrace, Retention
from pinched.extraction.plateau_records import (
    CONTACT,
    PlateauRecord,
    QuantumConductance,
    extract_quantum,
    plateaus_of_pulses,
    plateaus_of_retention,
    plateaus_of_sweep,
)
from pinched.report.findings.sweeps import evenly

SWEEPS = 40
"""Sweeps that are searched, evenly chosen beyond: each takes some hundredths of a second."""

TRACES = 40
"""Pulse and time traces that are searched, evenly chosen beyond."""

AGAIN = 0.2
"""Share of the records of a device that must be staircases where their levels are no multiples."""

LONGEST = 20_000
"""Samples of the longest record that is searched."""


def find_quantum(
    sweeps: Sequence[IVSweep],
    records: Sequence[Record],
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> tuple[QuantumConductance, ...]:
    """Devices of `sweeps` and `records` with staircases of conductance; () where there are none."""
    loops = [s for s in sweeps if len(s) <= LONGEST and _sweep_reaches(s)]
    traces = [
        r for r in records if isinstance(r, PulseTrace | Retention) and len(r) <= LONGEST and _reaches(r)
    ]
    chosen: list[IVSweep | PulseTrace | Retention] = [loops[k] for k in evenly(len(loops), SWEEPS)]
    chosen += [traces[k] for k in evenly(len(traces), TRACES)]
    found: dict[str, list[PlateauRecord]] = {}
    for part in shared(_plateaus, chosen, workers=workers, progress=progress, description="plateaus"):
        for one in part:
            found.setdefault(one.device, []).append(one)
    devices = [extract_quantum(members, seed=seed) for members in found.values()]
    return tuple(device for device in devices if _worth_showing(device))


def _worth_showing(device: QuantumConductance) -> bool:
    """Staircases whose levels are multiples, or staircases that come again: one among many records is chance."""
    if not device.supported or device.levels is None:
        return False
    return device.levels.quantized or device.stepped >= max(2, round(AGAIN * len(device.records)))


def _sweep_reaches(sweep: IVSweep) -> bool:
    far = np.abs(sweep.voltage) > 0.1 * float(np.abs(sweep.voltage).max())
    return bool((np.abs(sweep.current[far]) >= CONTACT * G_0 * np.abs(sweep.voltage[far])).sum() >= 12)


def _reaches(record: PulseTrace | Retention) -> bool:
    g = (
        record.conductance
        if isinstance(record, PulseTrace)
        else 1.0 / np.where(record.resistance > 0, record.resistance, np.inf)
    )
    return bool((g >= CONTACT * G_0).sum() >= 12)


def _plateaus(record: IVSweep | PulseTrace | Retention) -> list[PlateauRecord]:
    try:
        if isinstance(record, IVSweep):
            return plateaus_of_sweep(record)
        if isinstance(record, PulseTrace):
            return [plateaus_of_pulses(record)]
        return [plateaus_of_retention(record)]
    except PinchedError:
        return []  # too few reads, or all equal: nothing to search
