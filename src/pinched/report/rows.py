"""Records of everything but cycles: one dictionary of plain values per trace, state, pair or write log.

`records_of` makes them for numbers.json and for the tables; `UNITS` says the SI unit of each field that has one, for
the heads of the tables. A value that is not known is NaN here, null in JSON and empty in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pinched.data.traces import WriteLog
from pinched.extraction.conduction_states import StateConduction
from pinched.extraction.endurance import DeviceLife
from pinched.extraction.levels import Coding
from pinched.extraction.plasticity import Convention
from pinched.extraction.plateau_records import QuantumConductance
from pinched.report.findings import Findings
from pinched.report.findings.levels import LevelPair
from pinched.report.findings.traces import PulseFinding, RetentionFinding

Row = dict[str, Any]

NAN = float("nan")

UNITS: Mapping[str, str] = {
    "read_voltage": "V", "temperature": "K",
    # pulses
    "conductance_first": "S", "conductance_last": "S", "conductance_min": "S", "conductance_max": "S",
    "nonlinearity_pulses": "pulses", "nonlinearity_alpha": "1/pulse", "pulse_amplitude": "V", "pulse_width": "s",
    "energy_median": "J",
    # retention and noise
    "span": "s", "interval": "s", "resistance_first": "ohm", "resistance_last": "ohm", "drift": "%",
    "target": "s", "resistance_at_target": "ohm", "resistance_at_target_low": "ohm",
    "resistance_at_target_high": "ohm", "telegraph_amplitude": "ohm", "spectrum_at_1_hz": "ohm^2/Hz",
    # endurance
    "cycles_applied": "cycles", "cycles_verified": "cycles", "last_verified": "cycle", "first_failed": "cycle",
    # levels
    "resistance_min": "ohm", "resistance_max": "ohm", "resistance_median": "ohm",
    # compliance
    "compliance_current": "A", "resistance_hrs": "ohm", "resistance_lrs": "ohm", "resistance_next": "ohm",
    "read_current": "A", "v_reset": "V", "reset_current": "A",
    # conduction
    "voltage_low": "V", "voltage_high": "V",
}  # fmt: skip
"""SI unit of each field that has one."""


def records_of(findings: Findings) -> dict[str, list[Row]]:
    """Name of each table -> its records; a kind that was not measured has an empty list.

    Plateaus of conductance are there only where there are some: whoever measures anything else is not asked.
    """
    found = {
        "conduction": [_conduction(state) for state in findings.conduction],
        "compliance": _compliance(findings),
        "endurance": [
            _life(life, trace.read_voltage)
            for life, trace in zip(findings.lives, findings.endurance, strict=True)
        ],
        "pulses": [_pulses(one) for one in findings.pulses],
        "retention": [_retention(one) for one in findings.retention],
        "levels": [row for pair in findings.pairs for row in _pair(pair)],
        "reads": [_reads(one) for one in findings.levels],
        "writes": [_writes(log) for log in findings.writes],
    }
    if findings.quantum:
        found["plateaus"] = [row for device in findings.quantum for row in _plateaus(device)]
    return found


def _plateaus(device: QuantumConductance) -> list[Row]:
    levels = device.levels
    if levels is None:
        return []
    rows = []
    for k, kind in enumerate(levels.kinds):
        record = device.records[device.record_of[k]]
        plateau = record.found.plateaus[device.plateau_of[k]]
        whole, half, other = levels.probability[k].tolist()
        rows.append(
            {
                "device": device.device, "kind": record.kind.value, "cycle": record.cycle,
                "process": record.process.value,
                "compliance_current": NAN if record.compliance_current is None else record.compliance_current,
                "start": float(record.place[plateau.start]),
                "end": float(record.place[min(plateau.stop, record.place.size) - 1]), "samples": plateau.samples,
                "level_g0": float(levels.value[k]), "level_error_g0": float(levels.error[k]),
                "nearest_g0": float(levels.nearest[k]), "level_is": kind.value, "p_integer": whole,
                "p_half_integer": half, "p_other": other, "p_smooth": record.found.p_value,
            }
        )  # fmt: skip
    return rows


def _compliance(findings: Findings) -> list[Row]:
    series = findings.compliance
    if series is None:
        return []
    columns = (
        "compliance_current", "resistance_hrs", "resistance_lrs", "resistance_next", "read_current", "v_reset",
        "reset_current",
    )  # fmt: skip
    return [
        {"device": series.device[k], "cycle": int(series.cycle[k]), "kept": str(series.kept[k])}
        | {name: float(getattr(series, name)[k]) for name in columns}
        for k in range(len(series))
    ]


def _conduction(state: StateConduction) -> Row:
    fit = state.fit
    row: Row = {
        "file": state.file,
        "device": state.device,
        "cycle": state.cycle,
        "sign": state.sign,
        "outgoing": state.outgoing,
        "state": state.state.value,
        "verdict": "no fit" if fit is None else fit.verdict.value,
        "law": "" if fit is None else fit.best.law.name,
        "possible": "" if fit is None else ", ".join(law.law.name for law in fit.possible),
        "parameters": "" if fit is None else _parameters(fit.best.law.parameters),
        "misfit": NAN if fit is None else fit.best.misfit,
        "scatter": NAN if fit is None else fit.scatter,
        "samples": 0 if fit is None else int(fit.voltage.size),
        "voltage_low": NAN if fit is None else float(fit.voltage[0]),
        "voltage_high": NAN if fit is None else float(fit.voltage[-1]),
        "reason": state.reason,
    }
    return row


def _parameters(values: Mapping[str, float]) -> str:
    return "; ".join(f"{name} = {value:.6g}" for name, value in values.items())


def _life(life: DeviceLife, read_voltage: float | None) -> Row:
    return {
        "device": life.device,
        "cycles_applied": life.cycles_applied,
        "cycles_verified": life.cycles_verified,
        "last_verified": life.last_verified,
        "first_failed": life.first_failed,
        "failure": life.failure.value,
        "recovered": life.recovered,
        "read_voltage": NAN if read_voltage is None else read_voltage,
        "notes": " ".join(life.notes),
    }


def _pulses(one: PulseFinding) -> Row:
    trace, fit, events = one.trace, one.fit, one.events
    g = trace.conductance[np.isfinite(trace.conductance)]
    label = NAN if fit is None else fit.nonlinearity(Convention.NEUROSIM_LABEL)
    return {
        "file": trace.provenance.file,
        "device": trace.device,
        "label": trace.label,
        "cycle": trace.cycle,
        "states": len(trace),
        "conductance_first": float(g[0]) if g.size else NAN,
        "conductance_last": float(g[-1]) if g.size else NAN,
        "conductance_min": float(g.min()) if g.size else NAN,
        "conductance_max": float(g.max()) if g.size else NAN,
        "direction": "" if fit is None else fit.direction.value,
        "scale": "" if fit is None else fit.scale.value,
        "pulses": NAN if fit is None else fit.pulses,
        "nonlinearity_label": label,
        "nonlinearity_pulses": NAN if fit is None else fit.nonlinearity(Convention.PULSES),
        "nonlinearity_alpha": NAN if fit is None else fit.nonlinearity(Convention.ALPHA),
        "step_noise": NAN if fit is None else fit.step_noise,
        "misfit": NAN if fit is None else fit.misfit,
        "writes": 0 if events is None else len(events),
        "pulse_amplitude": NAN if events is None else _middle(events.amplitude),
        "pulse_width": _middle(trace.width) if events is None else _middle(events.width),
        "energy_median": NAN if events is None else _middle(events.energy),
        "reason": one.reason,
    }


def _middle(values: np.ndarray | None) -> float:
    if values is None or not np.isfinite(values).any():
        return NAN
    return float(np.median(values[np.isfinite(values)]))


def _retention(one: RetentionFinding) -> Row:
    trace, drift, fit, noise, spectrum = one.trace, one.drift, one.fit, one.telegraph, one.spectrum
    value, low, high = (NAN,) * 3 if fit is None else fit.extrapolated
    slope_low, slope_high = (NAN, NAN) if spectrum is None else spectrum.interval
    return {
        "file": trace.provenance.file,
        "device": trace.device,
        "state": trace.state,
        "temperature": NAN if trace.temperature is None else trace.temperature,
        "reads": len(trace),
        "span": NAN if drift is None else drift.span,
        "interval": NAN if drift is None else drift.interval,
        "resistance_first": NAN if drift is None else drift.resistance_first,
        "resistance_last": NAN if drift is None else drift.resistance_last,
        "drift": NAN if drift is None else drift.drift_percent,
        "read_noise": NAN if drift is None else drift.read_noise,
        "law": "" if fit is None else fit.best.law.value,
        "law_weight": NAN if fit is None else fit.best.weight,
        "target": NAN if fit is None else float(fit.time[-1]),
        "resistance_at_target": value,
        "resistance_at_target_low": low,
        "resistance_at_target_high": high,
        "span_factor": NAN if fit is None else fit.span_factor,
        "telegraph_levels": NAN if noise is None else len(noise.levels),
        "telegraph_amplitude": NAN if noise is None else noise.amplitude,
        "telegraph_p": NAN if noise is None else noise.p_value,
        "telegraph_dwell": "" if noise is None or not noise.found else _dwells(noise.levels),
        "spectrum_slope": NAN if spectrum is None else spectrum.exponent,
        "spectrum_slope_low": slope_low,
        "spectrum_slope_high": slope_high,
        "spectrum_at_1_hz": NAN if spectrum is None else spectrum.density_at_1_hz,
        "notes": " ".join([*(() if drift is None else drift.notes), *one.reasons]),
    }


def _dwells(levels: Any) -> str:
    return "; ".join(f"{level.dwell:.4g} s at {level.value:.6g} ohm" for level in levels)


def _pair(pair: LevelPair) -> list[Row]:
    found = pair.confusion
    if found is None:
        return []
    low, high = found.changed_interval
    whole = {
        "pair": pair.name,
        "cells": found.cells,
        "changed": found.changed,
        "changed_share": found.changed_share,
        "changed_low": low,
        "changed_high": high,
        "bit_error_rate_plain": found.bit_error_rate(Coding.PLAIN),
        "bit_error_rate_gray": found.bit_error_rate(Coding.GRAY),
        "borders_from": pair.written,
    }
    return [
        whole
        | {
            "level": moved.level,
            "level_cells": moved.cells,
            "level_changed": int(found.counts[moved.level].sum() - found.counts[moved.level, moved.level]),
            "resistance_median": moved.before,
            "log_shift": moved.shift,
            "log_shift_low": moved.shift_interval[0],
            "log_shift_high": moved.shift_interval[1],
            "log_spread": moved.spread,
        }
        for moved in pair.moved
    ]


def _reads(one: Any) -> Row:
    r = one.resistance[np.isfinite(one.resistance)]
    return {
        "file": one.provenance.file,
        "device": one.device,
        "cells": len(one),
        "reads": int(one.resistance.shape[0]),
        "missing": int(one.resistance.size - r.size),
        "resistance_min": float(r.min()) if r.size else NAN,
        "resistance_median": float(np.median(r)) if r.size else NAN,
        "resistance_max": float(r.max()) if r.size else NAN,
    }


def _writes(log: WriteLog) -> Row:
    inside = (log.resistance >= log.lower) & (log.resistance <= log.upper)
    return {
        "file": log.provenance.file,
        "device": log.device,
        "writes": len(log),
        "cells": int(np.unique(log.address).size),
        "ranges": int(np.unique(np.column_stack([log.lower, log.upper]), axis=0).shape[0]),
        "within": int(inside.sum()),
        "within_share": float(inside.mean()),
    }
