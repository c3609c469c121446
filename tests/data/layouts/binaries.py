"""MATLAB, HDF5 and TDMS files as people lay them out."""

import io
from collections.abc import Callable

import h5py
import numpy as np
from nptdms import ChannelObject, TdmsWriter
from scipy.io import savemat

from data.layouts.loop import AMP, CLOCK, MICRO, PRINTED, TWO, VOLT, Layout


def mat(**arrays) -> bytes:
    stream = io.BytesIO()
    savemat(stream, arrays)
    return stream.getvalue()


def hdf5(fill: Callable[[h5py.File], object]) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(file)
    return stream.getvalue()


def tdms(*channels: tuple[str, str, np.ndarray, dict[str, str]]) -> bytes:
    stream = io.BytesIO()
    with TdmsWriter(stream) as writer:
        writer.write_segment(
            [ChannelObject(g, n, values, properties=about) for g, n, values, about in channels]
        )
    return stream.getvalue()


def _cycles(file):
    for k in (2, 1):
        file[f"cycle_{k}/V"] = VOLT
        file[f"cycle_{k}/I"] = k * AMP


def _devices(file):
    for k in (2, 1):
        file[f"chip/dev{k}/iv/voltage"] = VOLT
        file[f"chip/dev{k}/iv/current"] = k * AMP


def _frame(file):
    group = file.create_group("df")
    group["axis0"] = group["block0_items"] = np.array([b"V", b"I"])
    group["axis1"] = np.arange(VOLT.size)
    group["block0_values"] = np.column_stack([VOLT, AMP])


def _units(file):
    file["V"], file["I"] = 1e3 * VOLT, MICRO
    file["V"].attrs["unit"], file["I"].attrs["Units"] = "mV", np.bytes_("uA")


_STRUCTS = np.zeros(2, dtype=[("V", "O"), ("I", "O")])
_STRUCTS[0], _STRUCTS[1] = (VOLT, AMP), (VOLT, 2 * AMP)
_RECORDS = np.rec.fromarrays([VOLT, AMP], names="voltage,current")
_SHORT = slice(60)


def _matlab_cells() -> bytes:
    """A file of MATLAB 7.3 whose cells are references, as it writes them."""
    name = np.bytes_("MATLAB_class")
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=512) as file:
        hidden = file.create_group("#refs#")
        for key, parts in (("V", (VOLT, VOLT)), ("I", (AMP, 2 * AMP))):
            cells = file.create_dataset(key, (2, 1), dtype=h5py.ref_dtype)
            cells.attrs[name] = np.bytes_("cell")
            for k, part in enumerate(parts):
                hidden.create_dataset(f"{key}{k}", data=part[None]).attrs[name] = np.bytes_("double")
                cells[k, 0] = hidden[f"{key}{k}"].ref
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    return head.ljust(512, b"\0") + stream.getvalue()[512:]


_CELLS = np.empty(2, dtype=object)
_CELLS[0], _CELLS[1] = (np.column_stack([VOLT, i]) for i in (AMP, 2 * AMP))
_VOLTS, _AMPS = np.empty(2, dtype=object), np.empty(2, dtype=object)
_VOLTS[:], _AMPS[:] = [VOLT, VOLT], [AMP, 2 * AMP]


def binaries() -> dict[str, Layout]:
    """Name -> layout of a binary file."""
    volt, micro = {"NI_UnitDescription": "mV"}, {"NI_UnitDescription": "uA"}
    return {
        "mat: row vectors": Layout(mat(V=VOLT[None], I=AMP[None]), name="a.mat"),
        "mat: one matrix": Layout(mat(data=np.column_stack([CLOCK, VOLT, AMP])), name="a.mat", time=CLOCK),
        "mat: a struct": Layout(
            mat(s={"Voltage": VOLT, "Current": AMP, "Time": CLOCK}), name="a.mat", time=CLOCK
        ),
        "mat: structs": Layout(mat(sweep=_STRUCTS), TWO, name="a.mat"),
        "mat: cycles in a matrix": Layout(
            mat(V=VOLT, I=np.stack([AMP, 2 * AMP])), TWO, name="a.mat", cycles=(1, 2)
        ),
        "mat: both in matrices": Layout(
            mat(V=np.column_stack([VOLT, VOLT]), I=np.column_stack([AMP, 2 * AMP])),
            TWO,
            name="a.mat",
            cycles=(1, 2),
        ),
        "mat: a voltage alone": Layout(mat(V=np.column_stack([VOLT, VOLT])), "no current", name="a.mat"),
        "mat: numbered vectors": Layout(
            mat(V1=VOLT, I1=AMP, V2=VOLT[_SHORT], I2=2 * AMP[_SHORT]),
            ((VOLT, AMP), (VOLT[_SHORT], 2 * AMP[_SHORT])),
            name="a.mat",
        ),
        "mat: cells of matrices": Layout(mat(sweeps=_CELLS), TWO, name="a.mat", cycles=(1, 2)),
        "mat: cells of vectors": Layout(mat(V=_VOLTS, I=_AMPS), TWO, name="a.mat", cycles=(1, 2)),
        "mat: cells of version 7.3": Layout(_matlab_cells(), TWO, name="a.mat", cycles=(1, 2)),
        "mat: units in names": Layout(mat(bias=VOLT, current_uA=MICRO), PRINTED, name="a.mat"),
        "hdf5: a group per cycle": Layout(hdf5(_cycles), TWO, name="a.h5", cycles=(1, 2)),
        "hdf5: deep groups": Layout(
            hdf5(_devices), TWO, name="a.h5", devices=("chip/dev1/iv", "chip/dev2/iv")
        ),
        "hdf5: records": Layout(
            hdf5(
                lambda file: file.create_dataset(
                    "iv", data=np.rec.fromarrays([VOLT, AMP], names="voltage,current")
                )
            ),
            name="a.h5",
        ),
        "hdf5: a data frame": Layout(hdf5(_frame), name="a.h5"),
        "hdf5: prefixes in attributes": Layout(hdf5(_units), PRINTED, name="a.h5"),
        "tdms: names only": Layout(
            tdms(("x", "Voltage", VOLT, {}), ("x", "Current", AMP, {})), name="a.tdms"
        ),
        "tdms: nothing but numbers": Layout(
            tdms(("x", "Untitled", VOLT, {}), ("x", "Untitled 1", AMP, {})), name="a.tdms"
        ),
        "tdms: other properties": Layout(
            tdms(("x", "U", 1e3 * VOLT, volt), ("x", "J", MICRO, micro)), PRINTED, name="a.tdms"
        ),
        "tdms: a group per cycle": Layout(
            tdms(
                ("Cycle 1", "V", VOLT, {}),
                ("Cycle 1", "I", AMP, {}),
                ("Cycle 2", "V", VOLT, {}),
                ("Cycle 2", "I", 2 * AMP, {}),
            ),
            TWO,
            name="a.tdms",
            devices=("a", "a"),
            cycles=(1, 2),
        ),
        "tdms: a group per device": Layout(
            tdms(
                ("d1", "V", VOLT, {}),
                ("d1", "I", AMP, {}),
                ("d2", "V", VOLT, {}),
                ("d2", "I", 2 * AMP, {}),
            ),
            TWO,
            name="a.tdms",
            devices=("d1", "d2"),
        ),
    }
