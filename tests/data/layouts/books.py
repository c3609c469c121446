"""Workbooks: sheets of analysers (.xls by xlwt) and of people (.xlsx by openpyxl)."""

import datetime
import io

import numpy as np
import openpyxl
import xlwt

from data.layouts.loop import AMP, CLOCK, MICRO, PRINTED, THREE, TWO, VOLT, Layout

ROWS = list(zip(VOLT.tolist(), AMP.tolist(), strict=True))
AGAIN = [(v, 2 * i) for v, i in ROWS]
TIMED = list(zip(CLOCK.tolist(), VOLT.tolist(), AMP.tolist(), strict=True))


def xlsx(**sheets) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name.replace("_", " "))
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xls(**sheets) -> bytes:
    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name.replace("_", " "))
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell is not None:
                    sheet.write(r, c, cell)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def settings(run: str, compliance: str) -> list[list[str]]:
    """A block of the Settings sheet of a 4200: the driven terminal is the second one."""
    return [
        ["=" * 34], [run], ["=" * 34], [], ["Test Name", "loop#1@1"], ["Mode", "Sweeping"], ["Speed", "Normal"],
        ["Sweep Delay", "0.05"], ["Hold Time", "1"], ["Site Coordinate", "2,-3"],
        ["Last Executed", "12/04/2019 12:33:25"], [], ["Device Terminal", "Cathode", "Anode"],
        ["Name", "CathodeV", "AnodeV"], ["Operation Mode", "Voltage Bias", "Voltage Linear Sweep"],
        ["Start/Bias", "0", "0"], ["Stop", "N/A", "1.5"], ["Step", "N/A", "0.05"],
        ["Compliance", "0.1", compliance], ["Dual Sweep", "N/A", "Enabled"], [],
    ]  # fmt: skip


K4200 = Layout(
    xls(
        Run1=[("AnodeI", "AnodeV"), *((i, v) for v, i in ROWS)],
        Run2=[("AnodeI", "AnodeV"), *((i, v) for v, i in AGAIN)],
        Calc=[],
        Settings=[*settings("Run1", "0.001"), *settings("Run2", "0.01")],
    ),
    TWO,
    name="loop#1@1.xls",
)


def books() -> dict[str, Layout]:
    """Name -> layout of a workbook; made when asked for, because writing them takes a while."""
    day = datetime.datetime(2023, 11, 20, 10)
    return {
        "one run per sheet": K4200,
        "a family side by side": Layout(
            xls(
                Run20=[
                    ("AnodeI(1)", "AnodeV(1)", "GateV(1)", "AnodeI(2)", "AnodeV(2)", "GateV(2)"),
                    *((i, v, 1.0, 2 * i, v, 2.0) for v, i in ROWS),
                ],
                Calc=[],
                Settings=settings("Run20", "0.001"),
            ),
            TWO,
            name="vds.xls",
        ),
        "appended runs": Layout(
            xls(
                Data=[("Time", "AnodeI", "AnodeV"), *((t, i, v) for t, v, i in TIMED)],
                Append1=[("Time", "AnodeI", "AnodeV"), *((t, 2 * i, v) for t, v, i in TIMED)],
                Settings=settings("Data", "0.001"),
            ),
            TWO,
            name="a.xls",
            time=CLOCK,
        ),
        "titles over pairs with a gap": Layout(
            xlsx(
                Sheet1=[
                    ("Measurements of chip 7",),
                    (),
                    ("Device 1", None, None, "Device 2", None),
                    ("V", "I", None, "V", "I"),
                    *((v, i, None, v, 2 * i) for v, i in ROWS),
                ]
            ),
            TWO,
            name="a.xlsx",
            devices=("1", "2"),
        ),
        "a note at the side": Layout(
            xlsx(
                Sheet1=[
                    ("V", "I", None, "1 mA"),
                    *((v, i, None, "here" if k == 20 else None) for k, (v, i) in enumerate(ROWS)),
                ]
            ),
            name="a.xlsx",
        ),
        "numbers as text with commas": Layout(
            xlsx(
                Tabelle1=[
                    ("Spannung (V)", "Strom (mA)"),
                    *((f"{v:.6g}".replace(".", ","), f"{i * 1e3:.6e}".replace(".", ",")) for v, i in ROWS),
                ]
            ),
            name="a.xlsx",
        ),
        "dates beside numbers": Layout(
            xlsx(
                Sheet1=[
                    ("Time", "Voltage", "Current"),
                    *((day + datetime.timedelta(seconds=t), v, i) for t, v, i in TIMED),
                ]
            ),
            name="a.xlsx",
        ),
        "a device per sheet": Layout(
            xlsx(A1=[("V", "I"), *ROWS], B2=[("V", "I"), *AGAIN], notes=[("all fine",)]),
            TWO,
            name="a.xlsx",
            devices=("a/A1", "a/B2"),
        ),
        "units in the second row": Layout(
            xlsx(
                Sheet1=[("Voltage", "Current"), ("V", "uA"), *zip(VOLT.tolist(), MICRO.tolist(), strict=True)]
            ),
            PRINTED,
            name="a.xlsx",
        ),
        "not in the corner": Layout(
            xlsx(Sheet1=[(), (), (None, None, "V (V)", "I (A)"), *((None, None, v, i) for v, i in ROWS)]),
            name="a.xlsx",
        ),
        "a summary below": Layout(
            xlsx(Sheet1=[("V", "I"), *ROWS, (), ("Vset", 1.0), ("Vreset", -0.95)]), name="a.xlsx"
        ),
        "a sheet of results": Layout(
            xlsx(
                raw=[("V", "I"), *ROWS],
                summary=[("cycle", "Vset", "Vreset", "HRS"), *((k, 1.0, -0.9, 1e5) for k in range(1, 5))],
            ),
            name="a.xlsx",
        ),
        "cycles one below the other": Layout(
            xlsx(Sheet1=[("Cycle 1",), ("V", "I"), *ROWS, (), ("Cycle 2",), ("V", "I"), *AGAIN]),
            TWO,
            name="a.xlsx",
            cycles=(1, 2),
        ),
        "numbers over the columns": Layout(
            xlsx(Sheet1=[("V", 1, 2, 3), *((v, i, 2 * i, 3 * i) for v, i in ROWS)]),
            THREE,
            name="a.xlsx",
            cycles=(1, 2, 3),
        ),
        "overflow in a column": Layout(
            xlsx(
                Sheet1=[
                    ("Voltage (V)", "Current (A)", "Resistance (Ohm)", "Time (s)", "Status"),
                    *((v, i, 9.91e37, t, 21508) for t, v, i in TIMED),
                ]
            ),
            name="a.xlsx",
            time=CLOCK,
        ),
    }


def large(rows: int) -> dict[str, bytes]:
    """Workbooks of `rows` rows, for tests of memory."""
    wave = np.sin(np.arange(rows) / 100)
    cells = list(
        zip((0.083 * np.arange(rows)).tolist(), wave.tolist(), (1e-3 * wave**3).tolist(), strict=True)
    )
    head = [("Time (s)", "V (V)", "I (A)")]
    return {"a.xlsx": xlsx(Sheet1=head + cells), "a.xls": xls(Sheet1=head + cells[:60_000])}
