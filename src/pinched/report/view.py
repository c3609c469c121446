"""What the page prints, as text: tables, sentences and warnings made from the dictionary of `numbers`.

Pure functions from numbers to words; the template only places them. Nothing here is escaped: the
template does that for every value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pinched.report.quantities import Quantity
from pinched.report.view_network import cost_rows
from pinched.report.words import (
    DASH,
    duration_text,
    interval_text,
    missing,
    number,
    percent,
    percent_interval,
    plural,
    plus_minus,
    quantity_text,
    rate_text,
    setting_text,
    share_decimals,
)

_ELSEWHERE = {
    "retention": "retention and read noise",
    "endurance": "endurance",
    "pulses": "response to pulses",
}
"""What sweeps do not show, by its key in numbers.json."""

_ORDINARY = {"abrupt", "measured"}

Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Headline:
    """The answer at the top of the page."""

    before: str
    """What the number is of: "4-bit network on 20 arrays of these devices"."""
    value: str
    """The number itself: "96.1 % [95.8, 96.4] %"."""
    after: str
    """What it must be compared with."""


def headline(found: Mapping[str, Any], device_word: str = "device") -> Headline:
    """The one sentence of the report: of the network where there is one, of the devices otherwise."""
    network = found["network"]
    if network is None and not found["cycles"]:
        return _headline_of_records(found, device_word)
    if network is None:
        lrs, hrs = found["resistance_lrs"], found["resistance_hrs"]
        volts = ", ".join(
            f"{name} {quantity_text(found[key]['median'], 'V')}"
            for name, key in (("SET at", "v_set"), ("RESET at", "v_reset"))
        )
        return Headline(
            before=f"{plural(found['devices'], device_word)}, {plural(found['cycles'], 'cycle')}",
            value=f"HRS/LRS = {number(found['on_off_ratio'], 2)}",
            after=f"{volts}; LRS {quantity_text(lrs['median'], 'ohm')}, HRS {quantity_text(hrs['median'], 'ohm')} "
            f"at {found['provenance']['read_voltage']:g} V (medians)",
        )
    array = network["accuracy_array"]
    decimals = share_decimals(array["interval"])
    interval = percent_interval(array["interval"], decimals)
    value = percent(array["mean"], decimals) + ("" if interval == DASH else f" {interval.removesuffix(' %')}")
    worst = "" if array["arrays"] == 1 else f"worst array {percent(array['min'], decimals)}; "
    return Headline(
        before=f"{network['bits']}-bit network on {plural(array['arrays'], 'array')} of these devices",
        value=value,
        after=f"{worst}float {percent(network['accuracy_float'], decimals)}, "
        f"trivial baseline {percent(network['baseline'], decimals)}",
    )


_KINDS = {
    "pulses": "pulse trace",
    "retention": "retention trace",
    "endurance": "endurance trace",
    "reads": "set of level reads",
    "writes": "write log",
}


def _headline_of_records(found: Mapping[str, Any], device_word: str) -> Headline:
    """What was measured, where it was no sweep."""
    counts = [(noun, len(found.get(key, []))) for key, noun in _KINDS.items()]
    said = [_plural(count, noun) for noun, count in counts if count]
    return Headline(
        before="Measured",
        value=", ".join(said) or "nothing",
        after=f"{plural(found['devices'], device_word)}, no current-voltage sweep",
    )


def _plural(count: int, noun: str) -> str:
    return (
        plural(count, noun) if count == 1 or not noun.startswith("set ") else plural(count, "set") + noun[3:]
    )


def check_counts(found: Mapping[str, Any]) -> str:
    """How the guideline checks ended: "1 fail, 2 warn, 5 pass"; "" without checks."""
    verdicts = [check["verdict"] for check in found["checks"]]
    counts = [(word, verdicts.count(word)) for word in ("fail", "warn", "cannot tell", "pass")]
    return ", ".join(f"{count} {word}" for word, count in counts if count)


def device_rows(found: Mapping[str, Any]) -> list[Row]:
    """Rows of the device table: quantity, median, interval, mean, spread, n, fit, flags."""
    rows: list[Row] = []
    for quantity in Quantity:
        words = quantity.value
        entry = found[words.field]
        fit = entry["fit"]
        name = (
            words.name if words.unit == "V" else f"{words.name} at {found['provenance']['read_voltage']:g} V"
        )
        rows.append((name, *_spread_cells(entry), fit["family"] if fit else DASH, _flags(entry["flags"])))
    ratio = found["on_off_ratio_spread"]
    rows.append(("HRS/LRS, cycle by cycle", *_spread_cells(ratio), DASH, ""))
    return rows


def _spread_cells(entry: Mapping[str, Any]) -> Row:
    unit, median = entry["unit"], entry["median"]
    return (
        quantity_text(median, unit),
        interval_text(entry["interval"], unit, median),
        plus_minus(entry["mean"], entry["std"], unit),
        number(entry["sigma_log"], 2),
        str(entry["n"]),
    )


def _flags(counts: Mapping[str, int]) -> str:
    odd = {name: count for name, count in counts.items() if name not in _ORDINARY}
    if not odd:
        return f"all {next(iter(counts))}" if counts else ""
    return ", ".join(f"{count} {name}" for name, count in odd.items())


def yield_text(found: Mapping[str, Any]) -> str:
    """The yield as "15 of 16 devices switched: 94 % [70, 100] %"."""
    share = found["yield"]
    if not share["tested"]:
        return DASH
    counted = share["working"] / share["tested"]
    text = (
        f"{share['working']} of {plural(share['tested'], 'device')} switch (both states were seen): "
        f"{percent(counted, 0)}, exact 95 % interval {percent_interval(share['interval'], 0)}"
    )
    if share["used"] is not None and abs(share["used"] - counted) > 1e-9:
        text += f"; the arrays use the given yield of {percent(share['used'], 0)}"
    return text + "."


def accuracy_rows(network: Mapping[str, Any]) -> list[Row]:
    """Rows of the accuracy table: what, accuracy, remark."""
    array = network["accuracy_array"]
    decimals = share_decimals(array["interval"])
    remark = f"mean, 95 % interval {percent_interval(array['interval'], decimals)}, standard deviation "
    remark += f"{percent(array['std'], 2)}, worst {percent(array['min'], decimals)}"
    if array["arrays"] == 1:
        remark = "one array: no interval"
    return [
        ("Float twin", percent(network["accuracy_float"], decimals), "before quantization, in software"),
        (
            "Quantized network",
            percent(network["accuracy_quantized"], decimals),
            f"{network['bits']} bits, in software: arrays without errors",
        ),
        (f"Read back from {plural(array['arrays'], 'array')}", percent(array["mean"], decimals), remark),
        ("Nearest class mean", percent(network["baseline_nearest_mean"], decimals), "needs no network"),
        ("Most frequent class", percent(network["baseline"], decimals), "the trivial baseline"),
    ]


def network_facts(network: Mapping[str, Any]) -> list[Row]:
    """What the network and its arrays are: name and value."""
    return [
        ("Test set", f"{network['test_set']} ({plural(network['images'], 'image')})"),
        ("Layers", " – ".join(str(n) for n in network["layers"])),
        ("Training", network["training"]),
        ("Quantizer", network["quantizer"]),
        (
            "Weights and biases",
            plural(network["parameters"], "number") + f" of {plural(network['bits'], 'bit')}",
        ),
        ("Cells per array", plural(network["cells"], "cell")),
        ("Write voltage", "± " + setting_text(network["write_voltage"], "V")),
        ("Sense threshold", quantity_text(network["threshold"], "ohm")),
        ("Bits read wrong", rate_text(network["bit_error_rate"])),
        ("‘1’ read as ‘0’", rate_text(network["bit_error_one"])),
        ("‘0’ read as ‘1’", rate_text(network["bit_error_zero"])),
        *cost_rows(network),
    ]


def cautions(found: Mapping[str, Any]) -> list[str]:
    """What a careful reader of these very numbers would object; empty where there is nothing."""
    notes: list[str] = []
    noisy = found["resistance_hrs"]["flags"].get("at the noise floor", 0)
    limited = found["resistance_lrs"]["flags"].get("limited by compliance", 0)
    every = plural(found["cycles"], "cycle")
    for count, words in ((noisy, "HRS at the noise floor"), (limited, "LRS limited by compliance")):
        if count:
            notes.append(
                f"{words} in {count} of {every}: HRS/LRS would be a lower bound there and is left out."
            )
    if found["devices"] == 1 and found["cycles"]:
        notes.append("One device: nothing here says how devices differ.")
    ratio = found["on_off_ratio"]
    if ratio is not None and ratio <= 1:
        notes.append("The median HRS is not above the LRS: are the two states, or the electrodes, swapped?")
    network = found["network"]
    if network is None:
        return notes
    array = network["accuracy_array"]
    if array["arrays"] == 1:
        notes.append("One array: the accuracy has no interval.")
    if network["baseline_nearest_mean"] is not None and array["mean"] <= network["baseline_nearest_mean"]:
        notes.append(
            "The network read back from the arrays is not better than the nearest class mean, which needs none."
        )
    if network["cost"] is not None:
        notes += network["cost"]["notes"]
    if network["images"] < 1000:
        notes.append(
            f"One image is {percent(1 / max(network['images'], 1), 2)} of the test set: accuracies are coarse."
        )
    return notes


def exclusions(found: Mapping[str, Any]) -> list[str]:
    """What the numbers do not include, one sentence each."""
    known = [check["finding"] for check in found["checks"] if check["code"] == "S1"]
    conditions = [f"How it was measured: {finding}." for finding in known]
    if found["network"] is None:
        lacking = [noun for key, noun in _ELSEWHERE.items() if not found.get(key)]
        if not lacking:
            return conditions
        words = ", ".join(lacking)
        return [*conditions, f"{words[0].upper()}{words[1:]}: nothing that was read says anything of them."]
    network = found["network"]
    time = "Time: no drift and no retention loss; the accuracy is that right after programming."
    share = None if network["cost"] is None else network["cost"]["wear_share"]
    wear = "Wear: every cell is written as a fresh one; endurance does not enter."
    return [
        "Wires: no wire resistance and no sneak paths; an access transistor per cell is assumed.",
        *([time] if network["bake"] is None else []),
        *([wear] if share is None or missing(share) else []),
        "Reading: no read noise, no offset of the sense amplifiers, no read disturb.",
        "Arithmetic: arrays store the bits of the weights, the sums are computed digitally and without error.",
        *conditions,
    ]


def run_rows(found: Mapping[str, Any]) -> list[Row]:
    """How the report was made: name and value."""
    source = found["provenance"]
    versions = ", ".join(f"{name} {version}" for name, version in source["versions"].items())
    seconds = source["duration_s"]
    return [
        ("Command", source["command_line"] or "called from Python"),
        ("Started", source["started"] or DASH),
        ("Running time", DASH if seconds is None else duration_text(seconds)),
        ("Seed", str(source["seed"])),
        ("Read voltage", setting_text(source["read_voltage"], "V")),
        ("Versions", versions or DASH),
    ]
