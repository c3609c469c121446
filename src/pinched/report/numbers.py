"""`numbers`: everything a report says, as one dictionary; `to_json` writes it as strict JSON.

The page prints these values and no others, so that page and file cannot disagree. Values are SI,
accuracies are shares from 0 to 1, what is unknown (NaN, infinity) is None. No matplotlib here.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from pinched.data.sweep import IVSweep
from pinched.devices.spread import SpreadFit, working_devices
from pinched.extraction.distributions import DistributionFit
from pinched.extraction.intervals import Summary, binomial_interval, summarise
from pinched.extraction.plateau_records import Kind, QuantumConductance
from pinched.extraction.plateau_series import (
    compare_processes,
    highest_levels,
    level_stays,
    oscillations,
)
from pinched.extraction.quantum_levels import LevelKind
from pinched.extraction.table import Flag, SwitchingTable
from pinched.networks.findings import Sensitivity
from pinched.networks.score import Score
from pinched.report.checks.every import every_check
from pinched.report.checks.record import Guideline
from pinched.report.findings import Findings
from pinched.report.findings.sweeps import Variability
from pinched.report.quantities import Quantity
from pinched.report.record import RunRecord, any_simulated
from pinched.report.references import cited
from pinched.report.rows import records_of

_GUIDELINES = {
    Guideline.ENDURANCE2021: "lanza2021endurance",
    Guideline.METHODS2019: "lanza2019recommended",
    Guideline.PERFORMANCE2025: "lanza2025achilles",
    Guideline.VARIABILITY2023: "acal2023holistic",
}
"""Guideline -> its key in references.bib."""


def numbers(
    sweeps: Sequence[IVSweep],
    table: SwitchingTable,
    fit: SpreadFit | None,
    score: Score | None,
    run: RunRecord,
    findings: Findings | None = None,
) -> dict[str, Any]:
    """All numbers of a report, ready for JSON.

    `fit` is None where the cycles are too few for one, `score` where no network was asked for; what
    depends on them is None then. Bootstrap intervals draw from `run.seed`, over whole devices where
    devices repeat. With `findings` it also holds a record per cycle (key "records"), and lists of records of
    everything else that was measured (the keys of `rows.records_of`).
    """
    ratio = _spread(table.on_off_ratio, table, run.seed, unit="1")
    network = None if score is None else network_numbers(score)
    measured = [] if findings is None else findings.records
    devices = len(table.devices) or len({record.device for record in measured})
    found: dict[str, Any] = {"sweeps": len(sweeps), "cycles": len(table), "devices": devices}
    for quantity in Quantity:
        words = quantity.value
        entry = _spread(quantity.measured(table), table, run.seed, unit=words.unit)
        entry["flags"] = _flag_counts(quantity.flags(table))
        entry["fit"] = None if fit is None else _fit(fit.fits[words.field])
        found[words.field] = entry
    found |= {
        "on_off_ratio": ratio["median"],
        "on_off_ratio_spread": ratio,
        "yield": _yield(table, fit),
        "network": network,
        "baseline": None if network is None else network["baseline"],
        "bit_error_rate": None if network is None else network["bit_error_rate"],
    }
    if findings is not None:
        found |= {
            "records": list(table.rows()),
            **records_of(findings),
            "variability": _variability(findings.variability),
            "nonvolatile_threshold": _asdict(findings.threshold),
            "survival": _survival(findings),
            "noise_law": _noise_law(findings),
            "conductance_quantum": [_quantum(one, run.seed) for one in findings.quantum] or None,
        }
    checks = every_check(sweeps, table, findings, found, run)
    found["checks"] = [dataclasses.asdict(check) for check in checks]
    sources = {_GUIDELINES[check.guideline] for check in checks} | _sources(findings)
    found["provenance"] = _provenance(sweeps, fit, score, run, sources)
    return _plain(found)


def _sources(findings: Findings | None) -> set[str]:
    """Keys in references.bib of the methods behind `findings`."""
    if findings is None:
        return set()
    found: list[Any] = [findings.survival, *(one.fit for one in findings.pulses)]
    for one in findings.retention:
        found += [one.fit, one.telegraph, one.spectrum]
    found += [record.found for device in findings.quantum for record in device.records[:1]]
    if findings.variability is not None:
        found += [findings.variability.curves, *findings.variability.components.values()]
    if any(state.fit is not None for state in findings.conduction):
        return {type(one).source for one in found if one is not None} | {
            "chiu2014review",
            "hurvich1989regression",
        }
    return {type(one).source for one in found if one is not None}


def _asdict(value: Any) -> dict[str, Any] | None:
    return None if value is None else dataclasses.asdict(value)


def _variability(found: Variability | None) -> dict[str, Any] | None:
    if found is None:
        return None
    curves, related = found.curves, found.related
    return {
        "components": {name: dataclasses.asdict(part) for name, part in found.components.items()},
        "curves": None
        if curves is None
        else {
            "coefficient": curves.coefficient,
            "interval": curves.interval,
            "pointwise": curves.pointwise,
            "cycles": curves.cycles,
        },
        "correlations": _asdict(related),
    }


def _survival(findings: Findings) -> dict[str, Any] | None:
    survival = findings.survival
    if survival is None:
        return None
    return dataclasses.asdict(survival) | {"min_ratio": findings.criterion.min_ratio}


def _noise_law(findings: Findings) -> dict[str, Any] | None:
    law = findings.noise_law
    if law is None:
        return None
    return {
        "exponent": law.exponent,
        "interval": law.interval,
        "prefactor": law.prefactor,
        "states": law.noise.size,
    }


def _quantum(device: QuantumConductance, seed: int) -> dict[str, Any] | None:
    levels = device.levels
    if levels is None:
        return None
    kinds = levels.kinds
    sides = {
        side.process.value: {
            "records": side.records, "stepped": side.stepped, "plateaus": side.plateaus.median,
            "highest_g0": side.highest.median, "step_g0": side.step.median, "against": side.against,
            "against_interval": side.against_interval,
        }
        for side in compare_processes(device, seed=seed)
    }  # fmt: skip
    return {
        "device": device.device, "records": len(device.records), "staircases": device.stepped,
        "verdict": device.text, "plateaus": len(levels), "max_g0": levels.highest, "quantized": levels.quantized,
        "p_quantized": levels.p_value, "integer": kinds.count(LevelKind.INTEGER),
        "half_integer": kinds.count(LevelKind.HALF_INTEGER), "other": kinds.count(LevelKind.OTHER),
        "cannot_tell": kinds.count(LevelKind.CANNOT_TELL), "series_resistance": levels.series_resistance,
        "series_interval": levels.series_interval, "series_estimated": levels.estimated,
        "oscillations": len(oscillations(device)), "processes": sides,
        "highest_by_compliance": [
            {"compliance_current": one.compliance_current, "process": one.process.value, "level_g0": one.level}
            for one in highest_levels(device)
            if one.compliance_current is not None
        ],
        "stays": {
            kind.value: [dataclasses.asdict(stay) for stay in stays]
            for kind in Kind
            if (stays := level_stays(device, kind))
        },
    }  # fmt: skip


def to_json(found: Mapping[str, Any]) -> str:
    """`found` as strict JSON (no NaN, no infinity), indented, in the order given, with a newline at the end."""
    return json.dumps(_plain(found), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _spread(values: np.ndarray, table: SwitchingTable, seed: int, *, unit: str) -> dict[str, Any]:
    summary: Summary = summarise(values, devices=table.device_number, seed=seed)
    return dataclasses.asdict(summary) | {"unit": unit}


def _flag_counts(flags: tuple[Flag, ...]) -> dict[str, int]:
    return {str(flag): flags.count(flag) for flag in Flag if flag in flags}


def _fit(fit: DistributionFit) -> dict[str, Any]:
    distribution = fit.distribution
    return {
        "family": distribution.name,
        # The fit is of the magnitude; -1 says that the values themselves are negative.
        "sign": fit.sign,
        "parameters": distribution.parameters,
        "intervals": fit.interval,
        "aic": fit.aic,
        "ks_distance": fit.ks_distance,
    }


def _yield(table: SwitchingTable, fit: SpreadFit | None) -> dict[str, Any]:
    working, tested = working_devices(table)
    interval = binomial_interval(working, tested) if tested else (math.nan, math.nan)
    counted = working / tested if tested else math.nan
    # A given yield replaces the counted one in the arrays; both are told, so nobody mixes them up.
    return {
        "working": working,
        "tested": tested,
        "interval": interval,
        "used": counted if fit is None else fit.spread.device_yield,
    }


def network_numbers(score: Score) -> dict[str, Any]:
    """The numbers of a network that was read back from arrays."""
    accuracy = score.accuracy_array
    return {
        "name": score.name,
        "bits": score.bits,
        "layers": score.layers,
        "quantizer": score.quantizer,
        "training": score.training,
        "images": score.images,
        "test_set": score.test_set,
        "accuracy_float": score.accuracy_float,
        "loss_float": score.loss_float,
        "accuracy_train": score.accuracy_train,
        "accuracy_quantized": score.accuracy_quantized,
        "accuracy_array": {
            "mean": accuracy.mean(),
            "std": accuracy.std(ddof=1) if accuracy.size > 1 else math.nan,
            "min": accuracy.min(),
            "interval": score.interval,
            "arrays": int(accuracy.size),
            "values": accuracy,
        },
        "baseline": score.baseline,
        "baseline_nearest_mean": score.baseline_nearest_mean,
        "bit_error_rate": np.mean(score.bit_error_rate) if score.bit_error_rate.size else math.nan,
        "bit_error_one": score.bit_error_one,
        "bit_error_zero": score.bit_error_zero,
        "cells": score.cells,
        "parameters": score.parameters,
        "write_voltage": score.write_voltage,
        "threshold": score.threshold,
        "storage": score.storage,
        "cost": None if score.cost is None else dataclasses.asdict(score.cost),
        "bake": None if score.bake is None else dict(zip(("time", "temperature"), score.bake, strict=True)),
        "sensitivity": None if score.sensitivity is None else _sensitivity(score.sensitivity),
        "required": [dataclasses.asdict(one) | {"knob": one.knob.value} for one in score.required],
    }


def _sensitivity(found: Sensitivity) -> dict[str, Any]:
    return dataclasses.asdict(found) | {
        "ranking": [dataclasses.asdict(one) | {"property": one.property.value} for one in found.ranking]
    }


def _provenance(
    sweeps: Sequence[IVSweep],
    fit: SpreadFit | None,
    score: Score | None,
    run: RunRecord,
    sources: Collection[str],
) -> dict[str, Any]:
    assumptions = dict.fromkeys([*(fit.assumptions if fit else ()), *run.assumptions])
    return {
        "command_line": run.command_line,
        "seed": run.seed,
        "versions": dict(run.versions),
        "files": [record._asdict() for record in run.files],
        "started": run.started,
        "duration_s": run.duration_s,
        "read_voltage": run.read_voltage,
        "simulated": run.simulated or any_simulated(sweeps),
        "skipped": run.skipped,
        "passed_over": run.passed_over,
        "guesses": run.guesses,
        "assumptions": list(assumptions),
        "references": [{"key": r.key, "text": r.text, "url": r.url} for r in cited(fit, score, sources)],
    }


def _plain(value: Any) -> Any:
    """`value` in types that JSON has: arrays and tuples as lists, NaN and infinity as None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
