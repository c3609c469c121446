"""What the page says of storing a network: what it cost, which property of the device costs what, what it would need.

Pure functions from the dictionary of `numbers` to words, as in `view`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pinched.report.words import (
    DASH,
    duration_text,
    missing,
    number,
    percent,
    percent_interval,
    plural,
    quantity_text,
    setting_text,
    share_decimals,
)

Row = tuple[str, ...]


def cost_rows(network: Mapping[str, Any]) -> list[Row]:
    """What storing the network took, per array: name and value; () where nobody counted."""
    cost = network.get("cost")
    if cost is None:
        return []
    table = f", and {plural(cost['table_bits'], 'bit')} of table elsewhere" if cost["table_bits"] else ""
    retries = (
        f", of which {_count(cost['retries'])} retries (at most {cost['retries_max']} for one bit)"
        if cost["retries"]
        else ""
    )
    share = cost["wear_share"]
    wear = f"at most {plural(cost['wear_max'], 'pulse')} on a cell"
    if share is not None and not missing(share):
        wear += f", {percent(share, 0)} of its endurance; {_count(cost['worn'])} cells worn out"
    rows = [
        ("Area", f"{number(cost['area_factor'], 3)} cells per stored bit{table}"),
        ("Write pulses", _count(cost["writes"]) + retries),
        ("Reads to verify or test", _count(cost["reads"])),
        ("Wear", wear),
        (
            "Time to write",
            f"{duration_text(cost['time_serial'])} cell by cell, {duration_text(cost['time_rows'])} word line by "
            f"word line (pulses of {setting_text(cost['write_width'], 's')})",
        ),
        (
            "Energy to write",
            f"{quantity_text(cost['energy_low'], 'J')} to {quantity_text(cost['energy_high'], 'J')} (when a cell "
            "switches inside its pulse is not modelled)",
        ),
        ("Bits still wrong", _count(cost["unrepaired"])),
    ]
    if cost["unplaced"]:
        rows.append(("Bits without a good cell", _count(cost["unplaced"])))
    return rows


def _count(mean: float) -> str:
    # A mean over arrays: whole where it is large, with a digit or two where it is not.
    return f"{round(mean):,}".replace(",", "\u202f") if mean >= 100 else number(mean, 3)


def cost_line(network: Mapping[str, Any]) -> str:
    """The same in one line: area, writes, wear, time, energy; "" where nobody counted."""
    cost = network.get("cost")
    if cost is None:
        return ""
    share = cost["wear_share"]
    worn = "" if share is None or missing(share) else f" ({percent(share, 0)} of the endurance)"
    return (
        f"{number(cost['area_factor'], 3)} cells per bit, {_count(cost['writes'])} write pulses, at most "
        f"{cost['wear_max']} on a cell{worn}, {duration_text(cost['time_rows'])} by word lines "
        f"({duration_text(cost['time_serial'])} by cells), {quantity_text(cost['energy_low'], 'J')} to "
        f"{quantity_text(cost['energy_high'], 'J')}"
    )


def sensitivity_rows(network: Mapping[str, Any]) -> list[Row]:
    """Rows of the ranking: property, won when perfect, its interval, lost when it alone is left."""
    found = network.get("sensitivity")
    if found is None:
        return []
    rows = []
    for one in found["ranking"]:
        decimals = share_decimals(one["recovered_interval"])
        interval = percent_interval(one["recovered_interval"], decimals).removesuffix(" %")
        # Differences of accuracies: points, and not shares of an accuracy.
        won, lost = (percent(one[key], decimals).removesuffix(" %") for key in ("recovered", "alone"))
        rows.append((one["property"], f"{won} points", interval, f"{lost} points"))
    return rows


def required_rows(network: Mapping[str, Any]) -> list[Row]:
    """Rows of the requirements: property, needed, its interval, now."""
    rows = []
    for one in network.get("required") or ():
        now = _value(one["present"], one["unit"]) + (" (enough)" if one["met"] else "")
        if not one["reached"]:
            rows.append((one["knob"], f"not enough alone: {percent(one['accuracy'])} at best", DASH, now))
            continue
        low, high = one["interval"]
        interval = DASH if low is None or missing(low) else f"[{number(low, 3)}, {_value(high, one['unit'])}]"
        rows.append((one["knob"], _value(one["value"], one["unit"]), interval, now))
    return rows


def _value(value: float, unit: str) -> str:
    return number(value, 3) if unit == "1" else f"{number(value, 3)} {unit}"
