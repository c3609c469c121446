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
