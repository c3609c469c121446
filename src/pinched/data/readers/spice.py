"""Circuit simulators: the raw file of ngspice (ASCII and binary, also LTspice's), one table per plot.

A text header names the variables with their kind; the numbers follow as text or as 64-bit floats. Everything
read here is simulated and says so.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from pinched._errors import DataFileError
from pinched.data.readers._reader import Reader
from pinched.data.readers.decoding import clean_text
from pinched.data.readers.text import read_text
from pinched.data.settings import Origin, Setting, SettingName
from pinched.data.table import Dialect, RawTable

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
    # The sweep's own variable stands first ("v-sweep") and is the voltage; nodes that repeat it add nothing.
    volts = [c for c, unit in enumerate(units) if unit == "V"]
    copies = {
        c for k, c in enumerate(volts) if any(np.array_equal(numbers[:, c], numbers[:, b]) for b in volts[:k])
    }
    table = replace(table, aside=frozenset(copies))
    volts = [c for c in volts if c not in copies]
    amps = [c for c, unit in enumerate(units) if unit == "A"]
    if len(volts) != 1:
        return table
    turned = np.array(numbers)
    notes: list[str] = []
    for c in amps:
        work = numbers[:, volts[0]] * numbers[:, c]
        total = float(np.abs(work).sum())
        if total > 0 and float(-work[work < 0].sum()) > _TURNED * total:
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
    return [replace(table, settings=(stated,)) for table in read_text(body, path, dialect)]


XYCE = Reader("Xyce .prn", _sniff_prn, _read_prn)
"""Reads the text output of Xyce."""
