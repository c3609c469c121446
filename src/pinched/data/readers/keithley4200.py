"""The `Settings` sheet of a Keithley 4200 workbook: what the analyser did for each of the other sheets.

The sheet is a stack of blocks, each headed by a line of "=", the name of the sheet it describes, a line of "=".
Keys with one value come first, then a table with one column per terminal; the compliance is that of the
terminal that was swept.
"""

from __future__ import annotations

from collections.abc import Sequence

from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.stated import understood

_SINGLE = {
    "Site Coordinate": SettingName.SITE, "Last Executed": SettingName.DATE, "Speed": SettingName.SPEED,
    "Test Name": SettingName.TEST, "Sweep Delay": SettingName.DELAY, "Hold Time": SettingName.HOLD,
}  # fmt: skip
_TERMINAL = {
    "Compliance": (SettingName.COMPLIANCE_CURRENT, "A"), "Start/Bias": (SettingName.START, "V"),
    "Stop": (SettingName.STOP, "V"), "Step": (SettingName.STEP, "V"),
}  # fmt: skip


def sheet_settings(rows: Sequence[Sequence[str]]) -> dict[str, tuple[Setting, ...]]:
    """Settings of each described sheet, by its name; {} when `rows` are no Settings sheet."""
    marks = [
        k for k in range(len(rows) - 2) if _is_rule(rows[k]) and _is_rule(rows[k + 2]) and rows[k + 1][0].strip()
    ]  # fmt: skip
    found: dict[str, tuple[Setting, ...]] = {}
    for k, mark in enumerate(marks):
        end = marks[k + 1] if k + 1 < len(marks) else len(rows)
        found[rows[mark + 1][0].strip()] = _block(rows[mark + 3 : end])
    return found


def _is_rule(row: Sequence[str]) -> bool:
    return bool(row) and len(row[0].strip()) >= 4 and set(row[0].strip()) == {"="}


def _block(rows: Sequence[Sequence[str]]) -> tuple[Setting, ...]:
    keys = {
        row[0].strip(): [cell.strip() for cell in row[1:]] for row in reversed(rows) if row and row[0].strip()
    }
    found: list[Setting] = []
    for key, name in _SINGLE.items():
        value = keys.get(key, [""])[0]
        if name in (SettingName.DELAY, SettingName.HOLD):
            item = understood(name, value, "s")
        else:
            item = Setting(name, value, "", Origin.FILE, key) if value and value != "N/A" else None
        if item is not None:
            found.append(Setting(item.name, item.value, item.unit, Origin.FILE, key))
    modes = keys.get("Operation Mode", [])
    swept = [k for k, mode in enumerate(modes) if "sweep" in mode.lower()]
    masters = keys.get("Master/Subordinate", keys.get("Master/Slave", []))
    swept = [k for k in swept if k < len(masters) and masters[k].lower() == "master"] or swept
    if not swept or "current" in modes[swept[0]].lower():
        return tuple(found)
    terminal = keys.get("Device Terminal", [])
    for key, (name, unit) in _TERMINAL.items():
        cells = keys.get(key, [])
        item = understood(name, cells[swept[0]], unit) if swept[0] < len(cells) else None
        if item is not None:
            place = f"{key} of {terminal[swept[0]]}" if swept[0] < len(terminal) else key
            found.append(Setting(name, item.value, unit, Origin.FILE, place))
    return tuple(found)
