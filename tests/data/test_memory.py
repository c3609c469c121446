"""Reading takes less than ten times the file in memory, as the operating system counts it, for every kind of file."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from nptdms import ChannelObject, TdmsWriter
from scipy.io import savemat

from data.layouts.books import large
from pinched.data.sweep import IVSweep

ROWS = 40_000
CLOCK = 0.083 * np.arange(ROWS)
VOLT = 2 * np.sin(np.arange(ROWS) / 100)
AMP = 1e-3 * VOLT**3
ROWS_OF = list(zip(CLOCK.tolist(), VOLT.tolist(), AMP.tolist(), strict=True))

# In a process of its own: what the test run holds, and its type checks, are no memory of a file. The libraries are
# loaded and a first file of each kind is read before anything is measured.
MEASURE = """
import ctypes, ctypes.util, json, pathlib, sys
from pinched.data.read_other import read_any_folder

def memory(key):
    text = pathlib.Path("/proc/self/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith(key)).split()[1]) * 1024

found = {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    read_any_folder([path])
    # Memory that was freed and kept for the next file would hide what that one takes.
    ctypes.CDLL(ctypes.util.find_library("c")).malloc_trim(0)
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    result = read_any_folder([path])
    assert len(result.records) > 0, result.skipped
    del result
    found[path.name] = (memory("VmHWM") - before, path.stat().st_size)
print(json.dumps(found))
"""


def text(row, head="", columns=(CLOCK, VOLT, AMP)):
    return head + "".join(row.format(*values) for values in zip(*(c.tolist() for c in columns), strict=True))


def write_all(folder):
    head = "Time (s),V (V),I (A)\n"
    row = "{:.9g},{:.12g},{:.12g}\n"
    clean = text(row, head)
    lines = clean.splitlines(keepends=True)
    texts = {
        "clean.csv": clean,
        "commas.csv": text(row.replace(",", ";"), head.replace(",", ";")).replace(".", ","),
        "comments.csv": "".join(line + ("# remark\n" if k % 10 == 9 else "") for k, line in enumerate(lines)),
        "clock.csv": "date,V (V),I (A)\n"
        + "".join(
            f"2026-11-28 {k // 3600:02d}:{k // 60 % 60:02d}:{k % 60:02d},{v:.12g},{i:.12g}\n"
            for k, (_, v, i) in enumerate(ROWS_OF)
        ),
        "gaps.csv": text(row.replace("\n", ",\n"), head.replace("\n", ",x\n")).replace(",\n", ",x\n", 5),
        "blocks.csv": "".join(f"Cycle {k}\n" + head + "".join(lines[1:201]) for k in range(1, 200)),
        "units.csv": text("{:.9g} V,{:.9g} A\n", "V,I\n", (VOLT, AMP)),
        "side.csv": "V,"
        + ",".join(map(repr, VOLT.tolist()))
        + "\nI,"
        + ",".join(map(repr, AMP.tolist()))
        + "\n",
        "labelled.txt": "".join(
            "Gprog, " + ", ".join(f"{g:.9g}" for g in 1e-6 * (np.abs(AMP[:4000]) + k)) + "\n"
            for k in range(1, 11)
        ),
        "records.csv": text(
            "DataValue, {:.9g}, {:.9g}\n",
            "SetupTitle, x\nTestParameter, Channel.VName, V\nTestParameter, Channel.IName, I\nDataName, V, I\n",
            (VOLT, AMP),
        ),
        "session.csv": text(
            "3,5,{:.9g},{:.9g},0,CT_i_1,S R2,0.5\n",
            "s\nMon\nWordline,Bitline,Resistance,Amplitude (V),Pulse width (s),Tag,ReadTag,ReadVoltage\n",
            (1e3 + CLOCK, VOLT),
        ),
        "DATA_1.csv": text(
            row,
            "#Procedure: <m.Class>\n#Parameters:\n#\tSample: A\n#Data:\nTime (s),Voltage (V),Current (A)\n",
        ),
        "a.lvm": text(
            "{:.9g}\t{:.12g}\t{:.12g}\n",
            "LabVIEW Measurement\nSeparator\tTab\nDecimal_Separator\t.\nX_Columns\tOne\n***End_of_Header***\n\n"
            "Channels\t2\nY_Unit_Label\tVolts\tAmps\nX_Dimension\tTime\tTime\n***End_of_Header***\n"
            "X_Value\tVoltage\tCurrent\n",
        ),
        "a.mdm": "BEGIN_HEADER\n ICCAP_INPUTS\n  vd V D GROUND SMU1 0.01 LIN 1 0 2 9 0.1\n ICCAP_OUTPUTS\n"
        "  id I D GROUND SMU1 B\nEND_HEADER\n\nBEGIN_DB\n\n#vd id\n"
        + text(" {:.9g} {:.9g}\n", "", (VOLT, AMP))
        + "END_DB\n",
        "a.prn": "Index TIME V(TE) I(R1)\n"
        + "".join(f"{k} {t:.8e} {v:.8e} {i:.8e}\n" for k, (t, v, i) in enumerate(ROWS_OF)),
        "a.tran": 'HEADER\n"PSFversion" "1.00"\nTYPE\n"V" FLOAT DOUBLE PROP(\n"units" "V"\n)\n'
        '"I" FLOAT DOUBLE PROP(\n"units" "A"\n)\nSWEEP\n"time" "s" PROP(\n"units" "s"\n)\nTRACE\n'
        '"te" "V"\n"R1:1" "I"\nVALUE\n' + text('"time" {:.8e}\n"te" {:.8e}\n"R1:1" {:.8e}\n') + "END\n",
        "table.raw": "Title: x\nPlotname: x\nFlags: real\nNo. Variables: 3\n"
        f"No. Points: {ROWS}\nVariables:\n\t0\ttime\ttime\n\t1\tv(a)\tvoltage\n\t2\ti(b)\tcurrent\nValues:\n"
        + text(" 0\t{:.12e}\n\t{:.12e}\n\t{:.12e}\n\n"),
    }
    for name, content in texts.items():
        (folder / name).write_text(content, encoding="utf-8")
    binary = f"Title: x\nPlotname: x\nFlags: real\nNo. Variables: 3\nNo. Points: {ROWS}\n"
    binary += "Variables:\n\t0\ttime\ttime\n\t1\tv(a)\tvoltage\n\t2\ti(b)\tcurrent\nBinary:\n"
    (folder / "binary.raw").write_bytes(binary.encode() + np.column_stack([CLOCK, VOLT, AMP]).tobytes())
    with h5py.File(folder / "cells.mat", "w", userblock_size=512) as file:
        for key, values in (("V", VOLT), ("I", AMP)):
            file.create_dataset(key, data=values[None]).attrs["MATLAB_class"] = np.bytes_("double")
    content = (folder / "cells.mat").read_bytes()
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (folder / "cells.mat").write_bytes(head.ljust(512, b"\0") + content[512:])
    (folder / "wide.txt").write_text(clean, encoding="utf-16")
    for name, content in large(ROWS).items():
        (folder / name).write_bytes(content)
    for name, packed in (("a.h5", None), ("packed.h5", "gzip")):
        with h5py.File(folder / name, "w") as file:
            for key, values in (("t", CLOCK), ("V", VOLT), ("I", AMP)):
                file.create_dataset(key, data=values, compression=packed)
    for name, packed in (("a.mat", False), ("packed.mat", True)):
        savemat(folder / name, {"t": CLOCK, "V": VOLT, "I": AMP}, do_compression=packed)
    with TdmsWriter(str(folder / "a.tdms")) as writer:
        units = (("V", VOLT, "V"), ("I", AMP, "A"))
        writer.write_segment([ChannelObject("g", n, x, properties={"unit_string": u}) for n, x, u in units])
    IVSweep(voltage=VOLT, current=AMP, time=CLOCK).to_xarray().to_netcdf(folder / "a.nc")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not count memory so")
def test_memory_of_every_kind_of_file(tmp_path):
    write_all(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) > 25
    # What the allocator keeps for itself is no matter of the file.
    greedy = {name: used / size for name, (used, size) in found.items() if used > 10 * size + 2_000_000}
    assert not greedy
