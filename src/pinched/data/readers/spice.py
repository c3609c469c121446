"""Circuit simulators: raw files of ngspice and LTspice, `.prn` of Xyce, PSF ASCII of Spectre; one table per plot.

A text header names the variables with their kind; the numbers follow as text or as 64-bit floats. Everything
read here is simulated and says so.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError
from pinched.data.columns import Role
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.readers.text import read_text
from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.table import Dialect, RawTable, number

_UNITS = {"voltage": "V", "current": "A", "device_current": "A", "time": "s", "temp-sweep": "K"}
_CURE = "Run the simulation again, or write the vectors with `wrdata`."
_TURNED = 0.9
"""Share of the work that must be negative before a current is turned: a memristor only takes power."""


def _sniff(head: bytes, name: str) -> float:  # noqa: ARG001
    text = head.replace(b"\x00", b"")
    return (
        0.96
        if text.lstrip().startswith(b"Title:") and b"No. Variables:" in text and b"Plotname:" in text
        else 0.0
    )


def _read(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    # LTspice writes the header in UTF-16, two bytes per character.
    wide = content[1:2] == b"\x00"
    newline = "\n".encode("utf-16-le" if wide else "ascii")
    found: list[RawTable] = []
    at = 0
    while content[at : at + 64].strip(b"\x00\r\n\t "):
        keys: dict[str, str] = {}
        variables: list[tuple[str, str]] = []
        mark = ""
        while not mark:
            end = content.find(newline, at)
            if end < 0:
                if found and not keys:
                    return found
                raise DataFileError(path, "", "the header has no end: the file was cut off", _CURE)
            line = content[at:end].decode("utf-16-le" if wide else "latin-1", errors="replace").rstrip("\r")
            at = end + len(newline)
            word = line.strip().lower()
            if word in ("binary:", "values:"):
                mark = word
            elif line[:1] in ("\t", " ") and len(line.split()) >= 3 and line.split()[0].isdigit():
                cells = line.split()
                variables.append((cells[1], cells[2].lower()))
            elif ":" in line:
                key, _, value = line.partition(":")
                keys[key.strip().lower()] = value.strip()
        numbers, at = _numbers(content, at, keys, variables, mark, path)
        if len(numbers) > 1:
            found.append(_table(numbers, keys, variables))
    if not found:
        raise DataFileError(path, "", "no plot with more than one point", _CURE)
    return found


def _numbers(
    content: bytes, at: int, keys: dict[str, str], variables: list[tuple[str, str]], mark: str, path: str
) -> tuple[Float[np.ndarray, "point variable"], int]:
    """The numbers of one plot that begin at byte `at`, and where they end; sizes are checked before."""
    counts = [keys.get(key, "") for key in ("no. points", "no. variables")]
    if not all(text.isascii() and text.isdigit() and len(text) < 12 for text in counts):
        raise DataFileError(
            path, "", f"the header counts '{counts[0]}' points of '{counts[1]}' variables", _CURE
        )
    points, width = int(counts[0]), int(counts[1])
    if width != len(variables) or width == 0:
        raise DataFileError(path, "", f"{width} variables are counted and {len(variables)} named", _CURE)
    flags = keys.get("flags", "").lower()
    if "complex" in flags:
        raise DataFileError(path, "", "holds complex numbers (an AC analysis)", "Give a DC or transient run.")
    if mark == "values:":
        return _from_text(content, at, points, width, path)
    rest = len(content) - at
    if points * width * 8 <= rest:
        end = at + points * width * 8
        return np.frombuffer(content[at:end], "<f8").reshape(points, width), end
    if points * (8 + 4 * (width - 1)) == rest:
        # LTspice: the first variable in double, the others in single precision.
        record = np.dtype([("first", "<f8"), ("others", "<f4", (width - 1,))])
        block = np.frombuffer(content[at:], record)
        # It marks points of a compressed run by a negative time.
        return np.column_stack([np.abs(block["first"]), block["others"].astype(np.float64)]), len(content)
    found = (
        f"{points} points of {width} variables are announced and {rest} bytes follow: the file was cut off"
    )
    raise DataFileError(path, "", found, _CURE)


def _from_text(
    content: bytes, at: int, points: int, width: int, path: str
) -> tuple[Float[np.ndarray, "point variable"], int]:
    if points * width * 2 > len(content) - at:
        raise DataFileError(path, "", f"{points} points are announced: the file was cut off", _CURE)
    # The next plot begins with its own title.
    end = content.find(b"\nTitle:", at)
    end = len(content) if end < 0 else end + 1
    cells = content[at:end].split()
    if len(cells) != points * (width + 1):
        found = f"{points} points of {width} variables are announced and {len(cells)} numbers follow"
        raise DataFileError(path, "", found, _CURE)
    try:
        numbers = np.array(cells).astype(np.float64).reshape(points, width + 1)[:, 1:]
    except ValueError as error:
        raise DataFileError(path, "", f"a value is no number ({error})", _CURE) from None
    return numbers, end


def _table(
    numbers: Float[np.ndarray, "point variable"], keys: dict[str, str], variables: list[tuple[str, str]]
) -> RawTable:
    heads = tuple(name for name, _ in variables)
    units = tuple(_UNITS.get(kind, "") for _, kind in variables)
    settings = [Setting("simulated_by", "a circuit simulator", "", Origin.FILE, "raw file")]
    if keys.get("title"):
        settings.append(Setting(SettingName.TEST, keys["title"], "", Origin.FILE, "Title"))
    table = RawTable(
        heads=heads, numbers=numbers, texts={}, lines=np.arange(1, len(numbers) + 1), units=units,
        settings=tuple(settings),
    )  # fmt: skip
    return _turned(table)


def _turned(table: RawTable) -> RawTable:
    """`table` with the currents of sources turned round, and without nodes that say nothing about the device."""
    numbers, roles = table.numbers, [table.meaning(c).role for c in range(table.numbers.shape[1])]
    # The sweep's own variable stands first ("v-sweep") and is the voltage; nodes that repeat it add nothing.
    volts = [c for c, role in enumerate(roles) if role is Role.VOLTAGE]
    copies = {
        c for k, c in enumerate(volts) if any(np.array_equal(numbers[:, c], numbers[:, b]) for b in volts[:k])
    }
    table = replace(table, aside=frozenset(copies))
    moving = [c for c in volts if c not in copies and np.ptp(numbers[:, c]) > 0]
    turned, notes = np.array(numbers), list(table.notes)
    for c in (c for c, role in enumerate(roles) if role is Role.CURRENT):
        work = numbers[:, moving] * numbers[:, c : c + 1]
        total = np.abs(work).sum(axis=0)
        if moving and (total > 0).all() and (-np.minimum(work, 0.0).sum(axis=0) > _TURNED * total).all():
            # SPICE counts the current of a source into its plus terminal: opposite to the device's.
            turned[:, c] = -numbers[:, c]
            notes.append(f"{table.name(c)} turned round: it is the current of a source, which gives power")
    return replace(table, numbers=turned, notes=tuple(notes))


SPICE = Reader("SPICE raw file", _sniff, _read)
"""Reads raw files of ngspice and LTspice; each plot is a table."""


def _sniff_prn(head: bytes, name: str) -> float:  # noqa: ARG001
    first = head.lstrip().split(b"\n", 1)[0].split()
    return 0.9 if first[:1] == [b"Index"] and any(b"(" in word for word in first[1:]) else 0.0


def _read_prn(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:
    text, _ = clean_text(content, path)
    # The closing line "End of Xyce(TM) Simulation" has as many words as a narrow table columns.
    body = text.rstrip()
    last = body.rpartition("\n")[2]
    body = body.removesuffix(last) if last.startswith("End of ") else body
    stated = Setting("simulated_by", "a circuit simulator (Xyce)", "", Origin.FILE, "prn file")
    return [_turned(replace(table, settings=(stated,))) for table in read_text(body, path, dialect)]


XYCE = Reader("Xyce .prn", _sniff_prn, _read_prn)
"""Reads the text output of Xyce."""


_PSF_SECTIONS = ("HEADER", "TYPE", "SWEEP", "TRACE", "VALUE", "END")
_PSF_NAME = re.compile(r'^\s*"((?:[^"\\]|\\.)*)"\s*(.*)$')


def _sniff_psf(head: bytes, name: str) -> float:  # noqa: ARG001
    return 0.96 if head.lstrip().startswith(b"HEADER") and b'"PSFversion"' in head else 0.0


def _read_psf(content: bytes, path: str, dialect: Dialect) -> list[RawTable]:  # noqa: ARG001
    text, _ = clean_text(content, path)
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip() in _PSF_SECTIONS:
            lines = sections.setdefault(line.strip(), [])
        else:
            lines.append(line)
    cure = "Write PSF ASCII once more (psf -i in -o out), or export CSV from the viewer."
    if "VALUE" not in sections or "END" not in sections:
        raise DataFileError(path, "", "there is no whole VALUE section: the file was cut off", cure)
    units = _psf_types(sections.get("TYPE", []))
    # A sweep states its unit itself, a trace names a type.
    swept = _psf_traces(sections.get("SWEEP", []), units)
    names = swept | _psf_traces(sections.get("TRACE", []), units)
    columns: dict[str, list[float]] = {name: [] for name in names}
    for line in sections["VALUE"]:
        match = _PSF_NAME.match(line)
        if match is None or match[1] not in columns:
            continue
        value = number(match[2].split()[0] if match[2].split() else "", ".")
        if value is None:
            found = f"'{match[2][:40]}' stands for the value of '{match[1]}', where one number belongs"
            raise DataFileError(path, "VALUE", found, "Give a DC or transient run of nodes and currents.")
        columns[match[1]].append(value)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1 or not lengths - {0, 1}:
        found = f"{len(columns)} variables are named and have {sorted(lengths)} values"
        raise DataFileError(path, "VALUE", found, cure)
    stated = Setting("simulated_by", "a circuit simulator (PSF ASCII)", "", Origin.FILE, "PSF file")
    table = RawTable(
        # "V0:p" is the current of terminal p, and no voltage: as the other simulators write it.
        heads=tuple(f"i({name})" if unit == "A" else name for name, unit in names.items()),
        numbers=np.column_stack(list(columns.values())), texts={},
        lines=np.arange(1, lengths.pop() + 1), units=tuple(names.values()), settings=(stated,),
    )  # fmt: skip
    return [_turned(table)]


def _psf_types(lines: list[str]) -> dict[str, str]:
    """Unit of each type that a TYPE section defines."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        match = _PSF_NAME.match(line)
        if match and match[1] == "units" and name:
            found[name] = match[2].strip().strip('"')
        elif match and match[1] != "key":
            name = match[1]
    return found


def _psf_traces(lines: list[str], units: dict[str, str]) -> dict[str, str]:
    """Name -> unit of every variable that a SWEEP or TRACE section names."""
    found: dict[str, str] = {}
    last = ""
    for line in lines:
        match = _PSF_NAME.match(line)
        if match is None:
            continue
        if match[1] == "units" and last:
            found[last] = match[2].strip().strip('"')
        elif match[2].startswith('"'):
            last = match[1]
            found[last] = units.get(match[2].split('"')[1], "")
    return {name: unit for name, unit in found.items() if name not in ("key", "sweep_direction")}


PSF = Reader("Spectre PSF ASCII", _sniff_psf, _read_psf)
"""Reads PSF ASCII of Spectre: one run with its sweep and traces."""
