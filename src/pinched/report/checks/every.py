"""`every_check`: all checks that a report can make of its own data, in one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pinched.data.sweep import IVSweep
from pinched.data.traces import Endurance
from pinched.extraction.table import SwitchingTable
from pinched.report.checks.devices import check_devices
from pinched.report.checks.endurance import check_endurance
from pinched.report.checks.network import check_network
from pinched.report.checks.plasticity import check_levels, check_pulses
from pinched.report.checks.record import Check
from pinched.report.checks.retention import check_retention
from pinched.report.checks.variability import check_variability
from pinched.report.findings import Findings
from pinched.report.findings.sweeps import CURVES, evenly
from pinched.report.record import RunRecord


def every_check(
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    findings: Findings | None,
    found: Mapping[str, Any],
    run: RunRecord,
) -> list[Check]:
    """What reporting guidelines ask of `sweeps` with their `table`, of `findings` and of the network in `found`.

    `found` is the dictionary of `numbers` so far. Whole curves of more than a few hundred sweeps are compared on an
    even choice of them, and the finding says how many.
    """
    checks: list[Check] = []
    if sweeps and len(table):
        checks += check_devices(sweeps, table, skipped=len(run.skipped), by_hand=run.excluded)
        checks += check_variability([sweeps[k] for k in evenly(len(sweeps), CURVES)], table)
    if findings is not None:
        records = findings.records
        measured = [record for record in records if isinstance(record, Endurance) and record.provenance.file]
        checks += check_endurance(measured, findings.criterion if findings.criterion_stated else None)
        kept = [one for one in findings.retention if one.drift is not None and one.trace.provenance.file]
        checks += check_retention([one.trace for one in kept], [one.fit for one in kept])
        checks += check_pulses(findings.pulses)
        checks += check_levels(findings.pairs, len(findings.levels))
    return checks + check_network(found)
