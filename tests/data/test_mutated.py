"""Damaged and rewritten files of every format: a clear error or a table, never a hang, a crash or a waste of memory.

Real measurements (where `PINCHED_DATA` is) and one file of each format are cut, shuffled and rewritten. Ways to
write the same thing again must give the same numbers.
"""

import ctypes
import ctypes.util
import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data import samples
from data.limits import within
from pinched.data.read_other import read_any_folder
from pinched.data.sweep import IVSweep

SLACK = 8_000_000
"""Bytes that a small file may take beside ten times its size: what a reader needs for any file."""
LARGEST = 150_000
NAMES = {
    "keithley_book": "a.xlsx", "matlab5": "a.mat", "matlab73": "a.mat", "hdf5": "a.h5", "labber": "a.hdf5",
    "qcodes": "a.nc", "tdms": "a.tdms", "lvm": "a.lvm", "netcdf3": "a.nc", "mdm": "a.mdm", "ltspice": "a.raw",
    "text2csv": "a.csv", "classic_csv": "a.csv", "arc_one": "a.csv", "scope": "a.csv", "scope_headed": "a.csv",
    "rigol": "a.csv", "siglent": "a.csv", "lecroy": "a.csv", "pymeasure": "a.csv", "experiment_rows": "a.csv",
}  # fmt: skip
"""Function of `samples` -> a name that its format usually has."""


def seeds() -> list[tuple[str, bytes]]:
    """Name and content of what is mutated: a sample of each format, and two real files of each folder."""
    found = [(name, getattr(samples, made)()) for made, name in NAMES.items()]
    found += [("a.raw", samples.spice(binary=binary)) for binary in (True, False)]
    folders: dict[Path, list[Path]] = {}
    root = Path(os.environ.get("PINCHED_DATA", "../shared")) / "measurements"
    for path in sorted(root.rglob("*")):
        if path.suffix in (".csv", ".txt", ".dat", ".xls") and path.stat().st_size < LARGEST:
            folders.setdefault(path.parent, []).append(path)
    return found + [(path.name, path.read_bytes()) for paths in folders.values() for path in paths[:2]]


def mark_of(content: bytes) -> bytes:
    return max((b",", b";", b"\t"), key=content.count)


def by_line(content: bytes, change: Callable[[bytes], bytes], lines: set[int] | None = None) -> bytes:
    parts = content.splitlines(keepends=True)
    return b"".join(change(x) if lines is None or k in lines else x for k, x in enumerate(parts))


def some(content: bytes, rng: random.Random, most: int) -> set[int]:
    total = len(content.splitlines())
    return set(rng.sample(range(total), min(total, most)))


def cut(content, rng):
    return content[: rng.randrange(len(content) + 1)]


def separators(content, rng):
    return content.replace(mark_of(content), rng.choice([b",", b";", b"\t", b"  ", b"|", b":", b""]))


def some_separators(content, rng):
    return by_line(
        content,
        lambda x: x.replace(b",", b";").replace(b"\t", b","),
        some(content, rng, 1 + len(content) // 500),
    )


def decimals(content, rng):
    return (
        content.replace(b",", b";").replace(b".", b",") if rng.random() < 0.5 else content.replace(b".", b",")
    )


def some_decimals(content, rng):
    return by_line(content, lambda x: x.replace(b".", b","), some(content, rng, 3))


def heads_again(content, rng):
    lines = content.splitlines(keepends=True)
    head, at = lines[: rng.randrange(1, 7)], rng.randrange(len(lines))
    return b"".join(lines[:at] + head + lines[at:])


def nothing(content, rng):
    damaged = bytearray(content)
    for _ in range(rng.randrange(1, 20)):
        damaged.insert(rng.randrange(len(damaged) + 1), 0)
    return bytes(damaged)


def bytes_changed(content, rng):
    damaged = bytearray(content)
    for _ in range(rng.randrange(1, 30)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def junk(content, rng):
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.randbytes(rng.randrange(1, 200)) + content[at:]


def column_gone(content, rng):
    mark, gone = mark_of(content), rng.randrange(4)
    return by_line(content, lambda x: mark.join(c for k, c in enumerate(x.split(mark)) if k != gone))


def cells_gone(content, rng):
    mark = mark_of(content)
    return by_line(content, lambda x: mark.join(x.split(mark)[1:]), some(content, rng, 3))


def columns_turned(content, rng):  # noqa: ARG001
    mark = mark_of(content)
    return by_line(content, lambda x: mark.join(reversed(x.rstrip(b"\r\n").split(mark))) + b"\n")


def lines_shuffled(content, rng):
    lines = content.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)


def lines_gone(content, rng):
    lines = content.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    return b"".join(lines[:at] + lines[at + rng.randrange(20) :])


def odd_numbers(content, rng):
    odd = rng.choice(
        [b"NaN", b"9.91e37", b"OVLD", b"#REF!", b"", b"-inf", b"1e400", b"1e308", b"0x1f", b"1.2.3"]
    )
    pattern = rb"-?\d+\.?\d*(?:[eE][-+]?\d+)?"
    return by_line(content, lambda x: re.sub(pattern, odd, x, count=1), some(content, rng, 3))


def huge_numbers(content, rng):  # noqa: ARG001
    return re.sub(rb"\d+\.\d+", b"1e308", content)


def half_quotes(content, rng):
    damaged = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        damaged.insert(rng.randrange(len(damaged) + 1), ord('"'))
    return bytes(damaged)


def one_line(content, rng):  # noqa: ARG001
    return content.replace(b"\n", b",")


def wrong_encoding(content, rng):
    text = content.decode("latin-1")
    return text.encode(rng.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"]), errors="replace")


def twice(content, rng):  # noqa: ARG001
    return content + content


def remarks(content, rng):
    return b"some remarks of a person\n" * rng.randrange(1, 50) + content


DAMAGE = (
    cut, separators, some_separators, decimals, some_decimals, heads_again, nothing, bytes_changed, junk, column_gone,
    cells_gone, columns_turned, lines_shuffled, lines_gone, odd_numbers, huge_numbers, half_quotes, one_line,
    wrong_encoding, twice, remarks,
)  # fmt: skip


def memory(key: str) -> int:
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in text.splitlines() if line.startswith(key)).split()[1]) * 1024


def assert_survives(path: Path, content: bytes) -> None:
    """Read `path` with `content`; a refusal must say what was found, and not that an exception came."""
    path.write_bytes(content)
    counted = Path("/proc/self/clear_refs").exists()
    if counted:
        # Memory that was freed and kept would hide what this file takes.
        ctypes.CDLL(ctypes.util.find_library("c")).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    before = memory("VmRSS") if counted else 0
    with within(60):
        found = read_any_folder([path])
    taken = memory("VmHWM") - before if counted else 0
    for record in found.records:
        if isinstance(record, IVSweep):
            assert np.isfinite(record.voltage).all()
            assert np.isfinite(record.current).all()
    for error in found.skipped:
        assert "could not be understood" not in str(error)
    assert taken <= 10 * len(content) + SLACK


@pytest.mark.parametrize("rounds", [1, pytest.param(100, marks=pytest.mark.slow)], ids=["few", "thousands"])
def test_damage(tmp_path, rounds):
    """`few` meets every kind of damage and every format once; `thousands` all pairs, several times."""
    files = seeds()
    for name, content in files:
        # Libraries load and caches fill with the first file of a kind: no memory of the files below.
        (tmp_path / name).write_bytes(content)
        read_any_folder([tmp_path / name])
    step = len(files)
    total = max(len(files), len(DAMAGE)) * rounds
    for k in range(total):
        name, content = files[k % step]
        rng = random.Random(k)
        damaged = DAMAGE[(k + k // step) % len(DAMAGE)](content, rng)
        if k % 7 == 0:
            damaged = rng.choice(DAMAGE)(damaged or content, rng) if damaged else damaged
        assert_survives(tmp_path / name, damaged)


SAME = {
    "a mark of the byte order": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "line ends of old Macs": lambda text: text.replace("\n", "\r").encode(),
    "blanks at the ends": lambda text: text.replace("\n", "   \n").encode(),
    "no last line end": lambda text: text.rstrip("\n").encode(),
    "blank lines below": lambda text: (text + "\n\n\n").encode(),
}


@pytest.mark.parametrize("made", ["text2csv", "classic_csv", "arc_one", "lvm", "mdm", "pymeasure"])
@pytest.mark.parametrize("way", SAME)
def test_the_same_written_otherwise(tmp_path, made, way):
    text = getattr(samples, made)().decode("utf-8-sig").replace("\r\n", "\n")
    found = []
    for k, content in enumerate((text.encode(), SAME[way](text))):
        folder = tmp_path / str(k)
        folder.mkdir()
        (folder / NAMES[made]).write_bytes(content)
        found.append(read_any_folder([folder / NAMES[made]]))
    before, after = found
    assert len(before.records) == len(after.records) > 0
    for one, other in zip(before.records, after.records, strict=True):
        assert one.to_csv() == other.to_csv()
