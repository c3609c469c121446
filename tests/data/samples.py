"""Small files of many formats, written by these functions from the documented structure of each.

No laboratory measured them: only their structure is real (documentation or source code of the writers).
"""

import gzip
import io
import struct

import h5py
import numpy as np
import openpyxl
from nptdms import ChannelObject, GroupObject, RootObject, TdmsWriter
from scipy.io import netcdf_file, savemat

LOOP = np.concatenate([np.arange(0, 10), np.arange(10, -10, -1), np.arange(-10, 1)]) / 10
CURRENT = 1e-4 * LOOP**3 + 3.7e-6 * np.sin(np.arange(LOOP.size)) + 1e-6
TIME = 0.25 * np.arange(LOOP.size)


def lines(*columns, mark=", ", start=""):
    return "".join(
        start + mark.join(f"{x!r}" for x in row) + "\n"
        for row in zip(*map(np.ndarray.tolist, columns), strict=True)
    )


PARAMETERS = """\
SetupTitle, {title}
PrimitiveTest, I/V Sweep
TestParameter, Context.MainFrame, B1500A
TestParameter, Channel.Unit, SMU1:HR, SMU2:HR
TestParameter, Channel.IName, Ibot, Itop
TestParameter, Channel.VName, Vbot, Vtop
TestParameter, Channel.Mode, COMMON, V
TestParameter, Channel.Func, CONST, VAR1
TestParameter, Measurement.Port.SeriesResistor, NONE, 100 kOHM
TestParameter, Measurement.Primary.Locus, Double
TestParameter, Measurement.Primary.Start, 0
TestParameter, Measurement.Primary.Stop, 1
TestParameter, Measurement.Primary.Step, 0.1
TestParameter, Measurement.Primary.Compliance, 0.0001
TestParameter, Measurement.Bias.Compliance, 0.1, 0.0001
TestParameter, Measurement.Timing.Hold, 0.5
TestParameter, Measurement.Timing.Delay, 0.02
MetaData, TestRecord.RecordTime, 12/04/2022 08:42:23
MetaData, TestRecord.TestTarget, 00_02_00
AnalysisSetup, Analysis.Setup.Vector.Graph.Enabled, true
Dimension1, 41, 41
Dimension2, 1, 1
"""


def text2csv() -> bytes:
    """Two repeats; the other terminal's columns first."""
    head = "DataName, Vbot, Ibot, Vtop, Itop\n"
    found = "\n"
    for k in (1, 2):
        found += PARAMETERS.format(title=f"Loop {k}") + head
        found += lines(0 * LOOP, -k * CURRENT, LOOP, k * CURRENT, start="DataValue, ")
    return found.encode("utf-8-sig")


def classic_csv() -> bytes:
    keys = [
        "Setup title,Loop", 'Classic test name,"I/V Sweep"', "Test date,12/04/2022", "Test time,08:42:23",
        "Device ID,D7", "Count,1", "Channel.VName,Vbot,Vtop", "Channel.IName,Ibot,Itop", "Channel.Func,CONST,VAR1",
        "Channel.Mode,COMMON,V", "Measurement.Primary.Compliance,1E-04",
        "AutoAnalysis.Marker.Data.StartCondition,",
    ]  # fmt: skip
    return ("\n".join(keys) + "\nItop,Vtop,Ibot\n" + lines(CURRENT, LOOP, -CURRENT, mark=",")).encode()


def keithley_book() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Run3"
    sheet.append(["AnodeI", "AnodeV"])
    for row in zip(CURRENT.tolist(), LOOP.tolist(), strict=True):
        sheet.append(row)
    book.create_sheet("Calc")
    rows = [
        ["=" * 34], ["Run3"], ["=" * 34], [],
        ["Test Name", "loop#1@1"], ["Speed", "Normal"], ["Sweep Delay", "0.05"], ["Hold Time", "1"],
        ["Site Coordinate", "2,-3"], ["Last Executed", "12/04/2019 12:33:25"], [],
        ["Device Terminal", "Cathode", "Anode"], ["Name", "CathodeV", "AnodeV"],
        ["Operation Mode", "Voltage Bias", "Voltage Linear Sweep"], ["Master/Subordinate", "N/A", "Master"],
        ["Start/Bias", "0", "0"], ["Stop", "N/A", "1"], ["Step", "N/A", "0.1"],
        ["Compliance", "0.1", "0.0001"], ["Dual Sweep", "N/A", "Enabled"],
    ]  # fmt: skip
    settings = book.create_sheet("Settings")
    for row in rows:
        settings.append(row)
        # openpyxl takes a text that begins with "=" for a formula.
        for cell in settings[settings.max_row]:
            cell.data_type = "s" if cell.value is not None else cell.data_type
    return saved(book)


def saved(book) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def arc_one(*, packed=False) -> bytes:
    rows = [
        "My session",
        "Mon Nov 20 10:00:00 2023",
        "Wordline,Bitline,Resistance,Amplitude (V),Pulse width (s),Tag,ReadTag,ReadVoltage",
    ]
    for cycle in (1, 2):
        for k, (v, i) in enumerate(zip(LOOP.tolist(), CURRENT.tolist(), strict=True)):
            tag = (
                "CT_s"
                if cycle == 1 and k == 0
                else "CT_e"
                if cycle == 2 and k == LOOP.size - 1
                else f"CT_i_{cycle}"
            )
            r = abs(v / (cycle * i)) if v else 1e6
            rows.append(f"3,5,{r!r},{v},0,{tag},S R2 V=0.5,0.5")
    rows += [
        f"3,6,{1e4 + k},0,0,{'RET_s' if k == 0 else f'RET_{1700000000 + 10 * k}.5'},S R2 V=0.2,0.2"
        for k in range(6)
    ]
    for k in range(4):
        tags = ("EN_s" if k == 0 else "EN_i", "EN_e" if k == 3 else "EN_i")
        rows += [f"4,1,{1e3 + k},1.5,1e-4,{tags[0]},S R2,0.2", f"4,1,{1e5 + k},-1.5,1e-4,{tags[1]},S R2,0.2"]
    rows += [f"4,2,{9e3 - 100 * k},0.8,1e-6,P,S R2,0.2" for k in range(5)]
    content = ("\n".join(rows) + "\n").encode()
    return gzip.compress(content) if packed else content


def matlab5(*, compressed=True) -> bytes:
    stream = io.BytesIO()
    savemat(
        stream,
        {
            "run": {"V": LOOP, "I": np.column_stack([CURRENT, 2 * CURRENT]), "compliance": 1e-3},
            "sample": "A7",
        },
        do_compression=compressed,
    )
    return stream.getvalue()


def matlab73() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=512) as file:
        for name, values in (("V", LOOP), ("I", CURRENT), ("t", TIME)):
            file[name] = values[None, :]
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
        file["sample"] = np.array([[ord(c)] for c in "A7"], dtype=np.uint16)
        file["sample"].attrs["MATLAB_class"] = np.bytes_("char")
    content = bytearray(stream.getvalue())
    mark = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Nov 20 10:00:00 2023 HDF5 schema 1.00 ."
    content[: len(mark)] = mark
    return bytes(content)


def hdf5() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs["temperature"] = "300 K"
        for name in ("dev1", "dev2"):
            group = file.create_group(name)
            group["voltage"] = LOOP * 1e3
            group["voltage"].attrs["units"] = "mV"
            group["current"] = CURRENT * (2 if name == "dev2" else 1)
            group["current"].attrs["units"] = "A"
    return stream.getvalue()


def labber() -> bytes:
    stream = io.BytesIO()
    text = h5py.string_dtype()
    with h5py.File(stream, "w") as file:
        file.attrs["comment"] = "a loop"
        file.create_group("Tags").attrs["User"] = "Ann"
        data = np.stack([np.column_stack([LOOP, (k + 1) * CURRENT]) for k in range(3)], axis=2)
        data[20:, :, 2] = np.nan
        file["Data/Data"] = data
        file["Data/Channel names"] = np.array(
            [("SMU - Voltage", ""), ("SMU - Current", "")], dtype=[("name", text), ("info", text)]
        )
        file["Channels"] = np.array(
            [("SMU - Voltage", "V"), ("SMU - Current", "A")], dtype=[("name", text), ("unitPhys", text)]
        )
        file["Log list"] = np.array([("SMU - Current",)], dtype=[("channel_name", text)])
    return stream.getvalue()


def qcodes(outer=0) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs.update(
            {"sample_name": "S12", "run_timestamp": "2023-11-20 10:00:00", "_NCProperties": "version=2"}
        )
        file["smu_v"] = LOOP + np.arange(LOOP.size) * 0
        file["smu_v"].attrs.update({"units": "V", "long_name": "Voltage"})
        file["smu_v"].make_scale("smu_v")
        if outer:
            file["gate"] = np.arange(outer, dtype=float)
            file["gate"].make_scale("gate")
        shape = (outer, LOOP.size) if outer else LOOP.shape
        file["smu_i"] = np.broadcast_to(CURRENT, shape) * (np.arange(1, outer + 1)[:, None] if outer else 1)
        file["smu_i"].attrs.update({"units": "A", "long_name": "Current"})
        for k, name in enumerate([*(["gate"] if outer else []), "smu_v"]):
            file["smu_i"].dims[k].attach_scale(file[name])
    return stream.getvalue()


def tdms() -> bytes:
    stream = io.BytesIO()
    wave = {"wf_increment": 0.25, "wf_start_offset": 0.0}
    with TdmsWriter(stream) as writer:
        writer.write_segment(
            [
                RootObject(properties={"sample": "A7", "Compliance (mA)": 1.0}),
                GroupObject("Loop"),
                ChannelObject("Loop", "Drive", LOOP, properties={"unit_string": "V", **wave}),
                ChannelObject("Loop", "Sense", CURRENT * 1e6, properties={"unit_string": "uA", **wave}),
            ]
        )
    return stream.getvalue()


def lvm(x_columns="One") -> bytes:
    head = [
        "LabVIEW Measurement\t", "Writer_Version\t2", "Reader_Version\t2", "Separator\tTab", "Decimal_Separator\t,",
        "Multi_Headings\tNo", f"X_Columns\t{x_columns}", "Time_Pref\tRelative", "Operator\tAnn", "Date\t2023/11/20",
        "***End_of_Header***\t", "\t", "Channels\t2\t\t\t", f"Samples\t{LOOP.size}\t{LOOP.size}\t\t",
        "Y_Unit_Label\tVolts\tAmps\t\t", "X_Dimension\tTime\tTime\t\t", "X0\t0,0E+0\t0,0E+0\t\t",
        "Delta_X\t0,250000\t0,250000\t\t", "***End_of_Header***\t\t\t\t",
    ]  # fmt: skip
    rows = [
        "X_Value\tUntitled\tUntitled 1\tComment" if x_columns == "One" else "\tUntitled\tUntitled 1\tComment"
    ]
    rows += [
        f"{t if x_columns == 'One' else ''}\t{v!r}\t{i!r}".replace(".", ",")
        for t, v, i in zip(TIME.tolist(), LOOP.tolist(), CURRENT.tolist(), strict=True)
    ]
    return ("\r\n".join([*head, *rows]) + "\r\n").encode()


def scope(channel="CH1", values=LOOP) -> bytes:
    keys = [
        f"Record Length,{len(values):.6e}", "Sample Interval,2.500000e-01", "Trigger Point,0.0", ",", ",",
        f"Source,{channel}", "Vertical Units,V", "Vertical Scale,1.0", "Horizontal Units,s", "Model Number,TDS2024B",
    ]  # fmt: skip
    keys += [","] * (len(values) - len(keys))
    return "".join(
        f"{key},,{t!r},{v!r},\n" for key, t, v in zip(keys, TIME.tolist(), values.tolist(), strict=True)
    ).encode()


def scope_headed() -> bytes:
    top = "Model,MSO4034\nLabel,,\nSample Interval,2.5e-01\nRecord Length,41\nVertical Units,V,,V\n\nTIME,CH1,CH2\n"
    return (top + lines(TIME, LOOP + 50 * CURRENT, 50 * CURRENT, mark=",")).encode()


def rigol() -> bytes:
    rows = zip(range(len(LOOP)), (LOOP + 50 * CURRENT).tolist(), (50 * CURRENT).tolist(), strict=True)
    return (
        "X,CH1,CH2,Start,Increment,\nSequence,Volt,Volt,-1.0e+00,2.5e-01\n"
        + "".join(f"{k},{b!r},{s!r},,\n" for k, b, s in rows)
    ).encode()


def siglent() -> bytes:
    top = (
        f"Record Length,Analog:{LOOP.size}\nSample Interval,Analog:0.25\nVertical Units,CH1:V,CH2:V,\n"
        "Horizontal Units,s\nModel Number,X1204\n\nSource,CH1,CH2\nSecond,Volt,Volt\n"
    )
    return (top + lines(TIME, LOOP + 50 * CURRENT, 50 * CURRENT, mark=",")).encode()


def lecroy(segments=1) -> bytes:
    top = f"LECROYX64,12345,Waveform\nSegments,{segments},SegmentSize,{LOOP.size}\n"
    top += "Segment,TrigTime,TimeSinceSegment1\n"
    top += "".join(f"#{k + 1},20-Nov-2023 10:00:00,{k}\n" for k in range(segments)) + "Time,Ampl\n"
    return (top + lines(TIME, LOOP, mark=",") * segments).encode()


def netcdf3() -> bytes:
    stream = io.BytesIO()
    with netcdf_file(stream, "w") as file:
        file.sample = "A7"
        file.createDimension("point", LOOP.size)
        for name, values, unit in (("voltage", LOOP, "V"), ("current", CURRENT * 1e6, "uA")):
            variable = file.createVariable(name, "d", ("point",))
            variable[:] = values
            variable.units = unit
        file.flush()
        return stream.getvalue()


def mdm() -> bytes:
    head = """! VERSION = 6.00
BEGIN_HEADER
 ICCAP_INPUTS
  vtop\tV TE GND SMU1 0.001 LIN 1 0 1 41 0.1
  vg\tV G GND SMU2 0.01 LIST 2 2 0 1
 ICCAP_OUTPUTS
  itop\tI TE GND SMU1 B
 ICCAP_VALUES
  TEMP "27"
  AREA "25um^2"
END_HEADER
"""
    for k in (1, 2):
        head += f"\nBEGIN_DB\n ICCAP_VAR vg {k - 1}\n\n #vtop itop\n"
        head += lines(LOOP, k * CURRENT, mark=" ", start=" ") + "END_DB\n"
    return head.encode()


def spice(*, binary: bool) -> bytes:
    head = (
        "Title: * a loop\nDate: Mon Nov 20 10:00:00  2023\nPlotname: Transient Analysis\nFlags: real\n"
        f"No. Variables: 3\nNo. Points: {LOOP.size}\nVariables:\n\t0\ttime\ttime\n\t1\tv(te)\tvoltage\n"
        "\t2\ti(vs)\tcurrent\n"
    )
    i = -np.abs(CURRENT) * np.sign(LOOP)
    table = np.column_stack([TIME, LOOP, i])
    if binary:
        return (head + "Binary:\n").encode() + table.astype("<f8").tobytes()
    body = "".join(f" {k}\t" + "\n\t".join(f"{x:.17e}" for x in row) + "\n\n" for k, row in enumerate(table))
    return (head + "Values:\n" + body).encode()


def ltspice() -> bytes:
    head = (
        "Title: * loop\nDate: Mon\nPlotname: Transient Analysis\nFlags: real forward\nNo. Variables: 3\n"
        f"No. Points: {LOOP.size:8d}\nOffset: 0.0\nVariables:\n\t0\ttime\ttime\n\t1\tV(te)\tvoltage\n"
        "\t2\tI(R1)\tdevice_current\nBinary:\n"
    )
    rows = zip(TIME.tolist(), LOOP.tolist(), (1e-3 * LOOP).tolist(), strict=True)
    return head.encode("utf-16-le") + b"".join(struct.pack("<dff", *row) for row in rows)


def pymeasure(tab="\t") -> bytes:
    top = (
        "#Procedure: <lab.IVProcedure>\n#Parameters:\n"
        f"#{tab}Compliance Current: 0.1 mA\n#{tab}Sample: A7: second chip\n#{tab}Delay: 20 ms\n"
        f"#{tab}Temperature: 25 C\n#Data:\n"
    )
    return (
        top + "Voltage (V),Current (A),Resistance (ohm)\n" + lines(LOOP, CURRENT, LOOP * np.nan, mark=",")
    ).encode()


def experiment_rows() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["Voltage (V)", "Current (A)", None, None])
    book.active.append([None, 4, 5, 6])
    for v, i in zip(LOOP.tolist(), CURRENT.tolist(), strict=True):
        book.active.append([v, i, 2 * i, 3 * i])
    return saved(book)


ALL = {
    "text2csv.csv": text2csv, "classic.csv": classic_csv, "k4200.xlsx": keithley_book, "arc.csv": arc_one,
    "v5.mat": matlab5, "v73.mat": matlab73, "plain.h5": hdf5, "labber.hdf5": labber, "qcodes.nc": qcodes,
    "loop.tdms": tdms, "loop.lvm": lvm, "F0001CH1.CSV": scope_headed, "loop.mdm": mdm,
    "ascii.raw": lambda: spice(binary=False), "binary.raw": lambda: spice(binary=True), "lt.raw": ltspice,
    "pymeasure.csv": pymeasure, "rows.xlsx": experiment_rows, "rigol.csv": rigol, "siglent.csv": siglent,
    "C1Trace.csv": lecroy, "F0001CH2.CSV": scope, "classic.nc": netcdf3,
}  # fmt: skip
"""File name -> writer, for tests that go over every format."""
