"""`plan_gallery`: every figure that a set of measurements supports, in the order of the page."""

from __future__ import annotations

from collections.abc import Sequence

from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit
from pinched.extraction.table import SwitchingTable
from pinched.networks.score import Score
from pinched.report.findings import Findings
from pinched.report.gallery import Plan
from pinched.report.plans.devices import device_plans
from pinched.report.plans.levels import level_plans
from pinched.report.plans.network import network_plans
from pinched.report.plans.pulses import pulse_plans
from pinched.report.plans.quantum import quantum_plans
from pinched.report.plans.retention import noise_plans, retention_plans
from pinched.report.plans.states import state_plans


def plan_gallery(
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    fit: SpreadFit | None,
    score: Score | None,
    findings: Findings | None,
) -> list[Plan]:
    """The figures of `sweeps` with their `table` and `fit`, of a network's `score` and of `findings`, where given."""
    plans = device_plans(sweeps, table, fit)
    if findings is not None:
        plans += [
            *state_plans(findings),
            *quantum_plans(findings.quantum),
            *pulse_plans(findings.pulses),
            *retention_plans(findings.retention, findings.arrhenius),
            *noise_plans(findings.retention, findings.noise_law),
            *level_plans(findings.pairs, findings.levels, findings.writes),
        ]
    return plans + network_plans(table, score)
