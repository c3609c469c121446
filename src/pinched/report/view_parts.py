"""Tables of the page for everything but sweeps and networks, made from the dictionary of `numbers`.

One `Part` per kind of data: what its section is called, one sentence on what stands in it, heads and rows. A part
without rows still has figures; the template leaves out a section that has neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pinched.report.gallery import Section
from pinched.report.words import (
    DASH,
    distinct,
    duration_text,
    interval_text,
    missing,
    number,
    percent,
    percent_interval,
    plural,
    quantity_text,
    rate_text,
)

Row = tuple[str, ...]
Found = Mapping[str, Any]

_LONG = 20
"""Letters of a name beyond which the words that all names share are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One section of the page."""

    section: Section
    title: str
    note: str = ""
    """What the numbers are, in a sentence or two."""
    heads: Row = ()
    rows: tuple[Row, ...] = ()
    texts: int = 1
    """How many columns, from the left, hold text."""


def parts(found: Found) -> list[Part]:
    """Every part of the page between the devices and the network, in order; [] of a report without findings."""
    if "records" not in found:
        return []
    makers: tuple[Callable[[Found], Part], ...] = (
        _compliance, _conduction, _quantum, _endurance, _pulses, _retention, _noise, _levels,
    )  # fmt: skip
    return [make(found) for make in makers]


def _compliance(found: Found) -> Part:
    threshold = found["nonvolatile_threshold"]
    if threshold is None:
        return Part(section=Section.COMPLIANCE, title="Compliance")
    low, high = threshold["interval"]
    current = threshold["current"]
    bounds = (
        f"at least {quantity_text(low, 'A')}" if high is None else interval_text((low, high), "A", current)
    )
    return Part(
        section=Section.COMPLIANCE,
        title="Compliance",
        heads=("Half of the states stay at", "95 % interval", "States kept", "All kept from"),
        rows=(
            (
                quantity_text(current, "A"),
                bounds,
                f"{threshold['kept']} of {threshold['tested']}",
                quantity_text(threshold["always_above"], "A"),
            ),
        ),
        texts=0,
    )


def _conduction(found: Found) -> Part:
    groups: dict[tuple[str, int], list[Found]] = {}
    for row in found["conduction"]:
        groups.setdefault((row["state"], row["sign"]), []).append(row)
    rows = []
    for (state, sign), members in groups.items():
        verdicts = Counter(row["law"] if row["verdict"] == "one law" else row["verdict"] for row in members)
        said = ", ".join(f"{name} {count}" for name, count in verdicts.most_common())
        name = "state unknown" if state == "unknown" else state.upper()
        rows.append((f"{name}, V {'>' if sign > 0 else '<'} 0", said, str(len(members))))
    return Part(
        section=Section.CONDUCTION,
        title="Conduction",
        note="Laws are compared on the same samples by Akaike's criterion; “cannot tell” where several describe the "
        "data equally well or the voltages span too little, “none fits” where the best one misses the curve by more "
        "than its scatter, “no fit” where too few samples belong to the state.",
        heads=("State", "Verdict, branches", "Branches"),
        rows=tuple(sorted(rows)),
        texts=2,
    )


def _quantum(found: Found) -> Part:
    rows = []
    for one in found["conductance_quantum"] or ():
        series = quantity_text(one["series_resistance"], "ohm")
        if one["series_estimated"]:
            series += " " + interval_text(one["series_interval"], "ohm", one["series_resistance"])
        rows.append(
            (
                one["device"],
                "multiples of half a quantum" if one["quantized"] else "steps, no evidence for multiples",
                f"{one['staircases']} of {one['records']}",
                str(one["plateaus"]),
                f"{one['integer']}, {one['half_integer']}, {one['other']}, {one['cannot_tell']}",
                number(one["max_g0"], 3),
                number(one["p_quantized"], 2),
                series,
            )
        )
    return Part(
        section=Section.QUANTUM,
        title="Conductance quantum",
        note="Staircases: records that no smooth curve with the same noise explains, with three plateaus or more. p: "
        "how often levels drawn anywhere, the series resistance fitted to them too, lie as well on multiples of half "
        "a quantum. Every plateau with its probabilities is in plateaus.csv.",
        heads=(
            "Device", "Verdict", "Staircases", "Plateaus", "Integer, half, other, unclear", "Highest (quanta)", "p",
            "Series resistance",
        ),
        rows=tuple(rows),
        texts=2,
    )  # fmt: skip


def _endurance(found: Found) -> Part:
    rows = [
        (
            row["device"],
            row["failure"],
            str(row["cycles_applied"]),
            str(row["cycles_verified"]),
            DASH if missing(row["first_failed"]) else f"{row['first_failed']:g}",
        )
        for row in found["endurance"]
    ]
    return Part(
        section=Section.ENDURANCE,
        title="Endurance",
        note="Verified: both states were read and told apart before the device failed; only that is an endurance.",
        heads=("Device", "Failure", "Cycles applied", "verified", "First failed"),
        rows=tuple(rows),
        texts=2,
    )


def _pulses(found: Found) -> Part:
    groups: dict[tuple[str, str], list[Found]] = {}
    for row in found["pulses"]:
        groups.setdefault((row["device"], row["direction"]), []).append(row)
    rows = [
        (
            device,
            direction or "neither",
            str(len(members)),
            number(_median(members, "pulses")),
            f"{quantity_text(_median(members, 'conductance_min'), 'S')} to "
            f"{quantity_text(_median(members, 'conductance_max'), 'S')}",
            number(_median(members, "nonlinearity_label")),
            percent(_median(members, "step_noise")),
        )
        for (device, direction), members in groups.items()
    ]
    return Part(
        section=Section.PULSES,
        title="Pulses",
        note="Medians over the traces of a device. Nonlinearity is the label of NeuroSim, fitted to G or ln G (see "
        "pulses.csv for A and alpha); noise is that of one step over the window, read noise included.",
        heads=("Device", "Direction", "Traces", "Pulses", "Conductance", "Nonlinearity", "Step noise"),
        rows=tuple(rows),
        texts=2,
    )


def _states(found: Found) -> list[str]:
    """Names of the states that were left alone, without what all of them begin and end with where they are long."""
    names = [f"{row['device']} {row['state']}".strip() for row in found["retention"]]
    return distinct(names) if len(names) > 1 and max(map(len, names)) > _LONG else names


def _retention(found: Found) -> Part:
    rows = []
    for name, row in zip(_states(found), found["retention"], strict=True):
        value = row["resistance_at_target"]
        ends = interval_text(
            (row["resistance_at_target_low"], row["resistance_at_target_high"]), "ohm", value
        )
        factor = row["span_factor"]
        rows.append(
            (
                name,
                row["law"] or DASH,
                DASH if missing(row["span"]) else duration_text(row["span"]),
                quantity_text(row["resistance_first"], "ohm"),
                DASH if missing(row["drift"]) else f"{row['drift']:+.2g} %".replace("-", "−"),
                percent(row["read_noise"], 2),
                DASH if missing(value) else f"{quantity_text(value, 'ohm')} {ends}",
                DASH if missing(factor) else f"× {factor:.2g}",
            )
        )
    return Part(
        section=Section.RETENTION,
        title="Retention",
        note="After ten years, with its 95 % interval; the last column is how far that lies beyond the time "
        "measured. Beyond × 10 it is a guess.",
        heads=("State", "Law", "Measured", "R", "Drift", "Read noise", "R after 10 years", "Beyond"),
        rows=tuple(rows),
        texts=2,
    )


def _noise(found: Found) -> Part:
    rows = [
        (
            name,
            number(row["spectrum_slope"], 2)
            + (
                ""
                if missing(row["spectrum_slope_low"])
                else f" [{number(row['spectrum_slope_low'], 2)}, {number(row['spectrum_slope_high'], 2)}]"
            ),
            DASH if missing(row["telegraph_levels"]) else _levels_text(row),
        )
        for name, row in zip(_states(found), found["retention"], strict=True)
        if not (missing(row["spectrum_slope"]) and missing(row["telegraph_levels"]))
    ]
    return Part(
        section=Section.NOISE,
        title="Noise",
        note="α of a spectrum that falls as 1/f to the power of α: 0 white, 1 flicker, 2 random walk. Telegraph "
        "noise counts only where noise of the same spectrum would not look like it (p ≤ 0.05).",
        heads=("State", "α", "Telegraph noise"),
        rows=tuple(rows),
    )


def _levels_text(row: Found) -> str:
    if row["telegraph_levels"] < 2:
        return f"none (p = {number(row['telegraph_p'], 2)})"
    return f"{row['telegraph_levels']:g} levels, {quantity_text(row['telegraph_amplitude'], 'ohm')} apart"


def _levels(found: Found) -> Part:
    pairs = {row["pair"]: row for row in found["levels"]}
    rows = [
        (
            name,
            row["borders_from"],
            str(row["cells"]),
            str(row["changed"]),
            f"{percent(row['changed_share'], 2)} {percent_interval((row['changed_low'], row['changed_high']), 2)}",
            rate_text(row["bit_error_rate_gray"]),
        )
        for name, row in pairs.items()
    ]
    within = "; ".join(
        f"{row['device']}: {percent(row['within_share'])} of {plural(row['writes'], 'write')} within the range"
        for row in found["writes"]
    )
    return Part(
        section=Section.LEVELS,
        title="Levels",
        note=(f"{within}. " if within else "")
        + (
            "Changed: cells that read as another level afterwards, with the exact 95 % interval."
            if rows
            else ""
        ),
        heads=("Cells", "Borders from", "Cells read", "Changed", "Share", "Bit errors (Gray)"),
        rows=tuple(rows),
        texts=2,
    )


def _median(rows: Sequence[Found], name: str) -> float | None:
    values = [row[name] for row in rows if not missing(row[name])]
    return float(np.median(values)) if values else None
