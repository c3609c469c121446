"""Which columns make a trace: pairs, shared voltages, terminals, device and cycle columns.

`find_sets` is called once per table; it says in `guesses` what it inferred and refuses tables in which no
current stands beside a voltage.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError
from pinched.data.column_sets import ColumnSet, NoSweepError, entries, is_text, listed
from pinched.data.columns import Meaning, Role, words_of
from pinched.data.labels import Label, label_of
from pinched.data.options import ReadOptions
from pinched.data.table import RawTable, number
from pinched.data.unheaded import from_numbers

_DUT = frozenset(("dut", "mem", "memristor", "cell", "sample", "device"))
_MEAN = frozenset(("mean", "avg", "average", "averaged"))
_HELD = 1e-3
"""Span of a held voltage, as a share of the one that is swept."""


def find_sets(
    table: RawTable, options: ReadOptions, guesses: list[str], path: str, place: str
) -> tuple[list[ColumnSet], tuple[int | None, int | None]]:
    """Columns of every trace, and the device and cycle columns that group rows."""
    wanted = options.columns
    width = table.numbers.shape[1]
    meanings = [table.meaning(c) for c in range(width)]
    numeric = [c for c in range(width) if c not in table.aside and not is_text(table, c)]
    named = {
        role: wanted_columns(table, want, path)
        for role, want in (
            (Role.VOLTAGE, wanted.voltage), (Role.CURRENT, wanted.current), (Role.TIME, wanted.time),
            (Role.DEVICE, wanted.device), (Role.CYCLE, wanted.cycle),
        )
    }  # fmt: skip
    from_heads = any(m.role is not Role.UNKNOWN for m in meanings)
    voltages = named[Role.VOLTAGE] or [c for c in numeric if meanings[c].role is Role.VOLTAGE]
    currents = named[Role.CURRENT] or [c for c in numeric if meanings[c].role is Role.CURRENT]
    times = named[Role.TIME] or [c for c in numeric if meanings[c].role is Role.TIME]
    taken = {c for columns in named.values() for c in columns}
    voltages = [c for c in voltages if c in named[Role.VOLTAGE] or c not in taken]
    currents = [c for c in currents if c in named[Role.CURRENT] or c not in taken]
    if options.shunt is not None and not currents and len(voltages) == 2:
        # The smaller of the two: a shunt is chosen so that it takes little of the voltage.
        currents = [min(voltages, key=lambda c: _size(table, meanings, c))]
        voltages = [c for c in voltages if c not in currents]
        guesses.append(
            f"{table.name(currents[0])} taken as the voltage over the shunt: the smaller of the two"
        )
    if options.series_resistor is not None and not currents and len(voltages) == 2:
        # The resistor takes its part of the source's voltage: the device has the smaller one.
        device = min(voltages, key=lambda c: _size(table, meanings, c))
        currents, voltages = [c for c in voltages if c != device], [device]
        guesses.append(
            f"{table.name(device)} taken as the voltage on the device, {table.name(currents[0])} as the source's: "
            "the smaller of the two is behind the resistor"
        )
    if voltages and not currents:
        currents = _named_like_devices(meanings, [c for c in numeric if c not in taken], table)
        if currents:
            guesses.append(
                f"{listed(table, currents)} taken as current: no head says so, and one voltage stands beside"
            )
    if not voltages and not currents and not from_heads:
        sets, cycle_at = from_numbers(table, numeric, times, guesses, path, place)
        return sets, (None, cycle_at)
    if not voltages or not currents:
        _refuse_text(table, meanings, path)
        raise _missing(table, meanings, voltages, currents, path, place)
    if not named[Role.CURRENT]:
        currents = _without_copies(table, meanings, currents, guesses)
    grouping = _grouping(table, meanings, named, {*voltages, *currents, *times})
    return _match(table, meanings, voltages, currents, times, guesses, path, place), grouping


def _size(table: RawTable, meanings: list[Meaning], column: int) -> float:
    """Root mean square of `column` in SI."""
    values = table.numbers[:, column]
    values = values[np.isfinite(values)] * meanings[column].factor
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0


def wanted_columns(table: RawTable, want: str | int | None, path: str) -> list[int]:
    """Columns (from 0) of `table` that the override `want` (head, or number from 1) means; [] for None.

    Raises `DataFileError` (for `path`) when there is no such column.
    """
    if want is None:
        return []
    width = table.numbers.shape[1]
    if isinstance(want, str):
        wish = want.strip().lower()
        for same in (
            [c for c, head in enumerate(table.heads) if head == want],
            [c for c, head in enumerate(table.heads) if head.strip().lower() == wish],
        ):
            if same:
                return same
        if not wish.isdigit():
            heads = ", ".join(f"'{head}'" for head in table.heads) or f"none, {width} columns without heads"
            raise DataFileError(path, "", f"there is no column '{want}'", f"The heads are: {heads}.")
        want = int(wish)
    if not 1 <= want <= width:
        raise DataFileError(
            path, "", f"there is no column {want}", f"Columns count from 1, and this file has {width}."
        )
    return [want - 1]


def _named_like_devices(meanings: list[Meaning], numeric: list[int], table: RawTable) -> list[int]:
    """Columns whose heads name a device or a cycle with a number ("D12", "cycle 3"): currents beside a voltage."""
    found = [
        c for c in numeric
        if meanings[c].device or (meanings[c].role in (Role.DEVICE, Role.CYCLE) and meanings[c].number is not None)
    ]  # fmt: skip
    if found or not table.heads:
        return found
    mean = [c for c in numeric if meanings[c].unit == "A" and _MEAN & set(words_of(table.heads[c]))]
    if len(mean) == 1:
        return mean
    # A lone unit "A" over the only other column says current as well, and so do numbers over all of the others.
    others = [c for c in numeric if meanings[c].role is Role.UNKNOWN]
    counted = [c for c in others if number(table.heads[c], ".") is not None]
    if counted and len(counted) == len(others):
        return counted
    return [c for c in numeric if table.heads[c].strip() == "A"]


def _is_count(table: RawTable, column: int) -> bool:
    """True when the head of `column` is a bare number from 1: the cycle."""
    head = table.heads[column].strip() if table.heads else ""
    return head.isascii() and head.isdigit() and int(head) > 0


def _refuse_text(table: RawTable, meanings: list[Meaning], path: str) -> None:
    for c, m in enumerate(meanings):
        if m.role in (Role.VOLTAGE, Role.CURRENT) and is_text(table, c):
            sample = next(cell for cell in table.texts[c].values() if cell)
            found = f"{table.name(c)} holds text such as '{sample[:40]}', where numbers belong"
            cure = "Write plain numbers such as 1.5e-6, the unit in the head."
            raise DataFileError(path, f"line {table.lines[0]}", found, cure)


def _missing(
    table: RawTable, meanings: list[Meaning], voltages: list[int], currents: list[int], path: str, place: str
) -> NoSweepError:
    roles = {m.role for m in meanings}
    found = "neither a voltage nor a current" if not voltages and not currents else (
        "a voltage but no current" if voltages else "a current but no voltage"
    )  # fmt: skip
    heads = ", ".join(table.heads[:8]) + (", ..." if len(table.heads) > 8 else "")
    cure = "Name the columns (Columns), or give the file with the sweep."
    if Role.RESISTANCE in roles and Role.TIME in roles:
        found, cure = (
            f"{found}, but resistance over time",
            "This is retention or drift, not a sweep: read it with read_retention.",
        )
    elif Role.RESISTANCE in roles and len(roles) <= 2:
        found, cure = f"{found}, but resistances or conductances", "Read it with read_any or read_pulses."
    elif len(voltages) > 1 and not currents:
        found = "a voltage but no current; where one of the voltages is that over a resistor, say its value "
        found += "(--shunt, --series-resistor)"
    elif len(meanings) > 6 and table.texts:
        found, cure = f"{found}: a table of results", "Give the measured sweeps themselves."
    where = ", ".join(part for part in (place, f"columns {heads}" if heads else "") if part)
    return NoSweepError(path, where, f"there is {found}", cure)


def _without_copies(
    table: RawTable, meanings: list[Meaning], currents: list[int], guesses: list[str]
) -> list[int]:
    """`currents` without columns that repeat another one, with or without its sign."""
    kept: list[int] = []
    seen: dict[bytes, int] = {}
    # A signed column is worth more than its magnitude, wherever it stands.
    for c in sorted(currents, key=lambda c: (meanings[c].absolute, c)):
        key = np.abs(table.numbers[:, c]).tobytes()
        if key in seen:
            guesses.append(f"{table.name(c)} left out: it repeats {table.name(seen[key])}")
        elif meanings[c].absolute and any(not meanings[k].absolute for k in kept):
            guesses.append(f"{table.name(c)} left out: a signed current stands beside it")
        else:
            seen[key] = c
            kept.append(c)
    return sorted(kept)


def _grouping(
    table: RawTable, meanings: list[Meaning], named: dict[Role, list[int]], used: set[int]
) -> tuple[int | None, int | None]:
    columns: list[int | None] = []
    for role in (Role.DEVICE, Role.CYCLE):
        free = [c for c, m in enumerate(meanings) if m.role is role and m.number is None and c not in used]
        if role is Role.DEVICE and not free:
            free = [
                c for c, m in enumerate(meanings)
                if m.role is Role.INDEX and "sample" in table.heads[c].lower() and is_text(table, c)
            ]  # fmt: skip
        if role is Role.CYCLE:
            # A number that changes from row to row numbers samples, not cycles.
            free = [c for c in free if len(set(entries(table, c))) <= len(table.lines) / 2]
        columns.append(named[role][0] if named[role] else (free[0] if free else None))
    return columns[0], columns[1]


def _match(
    table: RawTable, meanings: list[Meaning], voltages: list[int], currents: list[int], times: list[int],
    guesses: list[str], path: str, place: str,
) -> list[ColumnSet]:  # fmt: skip
    """Pair voltages with currents: shared, side by side, or the terminals of one device."""
    if len(voltages) > 1:
        voltages = _without_terminals(table, meanings, voltages, currents, guesses)
    if len(currents) > len(voltages) == 1 or (len(currents) != len(voltages) and len(currents) > 1):
        stems = {meanings[c].stem for c in currents}
        own = [c for c in currents if meanings[c].stem in {meanings[v].stem for v in voltages}]
        if len(stems) > 1 and own:
            guesses.append(
                f"{listed(table, [c for c in currents if c not in own])} left out: another terminal"
            )
            currents = own
    if len(voltages) == len(currents):
        several = len(voltages) > 1
        sets: list[ColumnSet] = []
        for k, (v, i) in enumerate(zip(voltages, currents, strict=True)):
            t = times[k] if len(times) == len(voltages) else (times[0] if times else None)
            sets.append(_labelled(table, meanings, v, i, t, k, several))
        if several:
            guesses.append(f"{len(sets)} pairs of voltage and current side by side read as {_what(sets)}")
        return sets
    if len(voltages) == 1:
        t = times[0] if times else None
        sets = [_labelled(table, meanings, voltages[0], i, t, k, True) for k, i in enumerate(currents)]
        guesses.append(f"{len(sets)} currents share {table.name(voltages[0])}: read as {_what(sets)}")
        return sets
    raise DataFileError(
        path,
        place,
        f"{len(voltages)} voltages ({listed(table, voltages)}) and {len(currents)} currents "
        f"({listed(table, currents)}), which cannot be paired with certainty",
        "Name the two columns: Columns(voltage=..., current=...).",
    )


def _what(sets: list[ColumnSet]) -> str:
    return "devices" if any(s.device for s in sets) else "successive cycles of one device"


def _labelled(
    table: RawTable, meanings: list[Meaning], v: int, i: int, t: int | None, k: int, several: bool
) -> ColumnSet:
    m = meanings[i]
    if not several:
        return ColumnSet(v, i, t, m.device, m.cycle)
    if table.groups and table.groups[i]:
        label = label_of(table.groups[i]) or Label(device=table.groups[i])
        return ColumnSet(v, i, t, label.device, label.cycle if label.cycle is not None else m.cycle)
    if _is_count(table, i):
        return ColumnSet(v, i, t, m.device, int(table.heads[i]))
    if m.role is Role.DEVICE or (m.device and m.role is Role.UNKNOWN):
        return ColumnSet(v, i, t, table.head(i).strip(), m.cycle)
    cycle = m.cycle if m.cycle is not None else (m.number if m.role is Role.CYCLE else None)
    return ColumnSet(v, i, t, m.device, cycle if cycle is not None else (None if m.device else k + 1))


def _without_terminals(
    table: RawTable, meanings: list[Meaning], voltages: list[int], currents: list[int], guesses: list[str]
) -> list[int]:
    """`voltages` without held terminals and without a second record of the same voltage."""
    spans = {v: float(np.nan_to_num(np.ptp(table.numbers[:, v]))) for v in voltages}
    # A terminal that is grounded and measured still moves by the noise of the meter.
    moving = [v for v in voltages if spans[v] > _HELD * max(spans.values())]
    if moving and len(moving) < len(voltages):
        held = [v for v in voltages if v not in moving]
        guesses.append(f"{listed(table, held)} left out: a voltage that is held")
        voltages = moving
    if len(voltages) > len(currents) and len(currents) == 1:
        first = voltages[0]
        own = [v for v in voltages if _DUT & set(words_of(table.heads[v]))] if table.heads else []
        if len(own) == 1:
            guesses.append(f"{table.name(own[0])} taken as voltage: it names the device")
            return own
        near = [v for v in voltages[1:] if _close(table.numbers[:, v], table.numbers[:, first])]
        if len(near) == len(voltages) - 1:
            guesses.append(f"{table.name(first)} taken as voltage; {listed(table, near)} is nearly the same")
            return [first]
        own = [v for v in voltages if meanings[v].stem and meanings[v].stem == meanings[currents[0]].stem]
        if len(own) == 1:
            guesses.append(
                f"{table.name(own[0])} taken as voltage: it names the same terminal as the current"
            )
            return own
    return voltages


def _close(a: Float[np.ndarray, " row"], b: Float[np.ndarray, " row"]) -> bool:
    good = np.isfinite(a) & np.isfinite(b)
    return bool(good.any() and np.abs(a[good] - b[good]).max() <= 0.05 * np.ptp(b[good]))
