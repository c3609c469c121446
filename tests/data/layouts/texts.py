"""Text tables: separators, decimal marks, encodings, heads, units, comments, blocks."""

import numpy as np

from data.layouts.loop import (
    AMP,
    BLANKS,
    CLOCK,
    PRINTED,
    RISE,
    TABS,
    THREE,
    TWO,
    VI,
    VOLT,
    VU,
    Layout,
    body,
)

_ROUNDED = ((VOLT, np.round(PRINTED[0][1] * 1e9, 2) * 1e-9),)
_HALF = 61

WRITTEN = {
    "german": Layout(
        ("Spannung [V];Strom [µA]\r\n" + body("{v:.6g};{u:.8g}", comma=True, end="\r\n")).encode("latin-1"),
        PRINTED,
    ),
    "french": Layout("Tension (V);Courant (A)\n" + body("{v:.6g};{i:.6e}", comma=True)),
    "italian": Layout("Tensione [V];Corrente [uA]\n" + body("{v:.6g};{u:.8g}", comma=True), PRINTED),
    "accents": Layout("Tensão [V];Intensité (µA)\n" + body("{v:.6g};{u:.8g}"), PRINTED),
    "russian": Layout("Напряжение, В\tТок, мкА\n" + body("{v:.6g}\t{u:.8g}"), PRINTED),
    "russian cp1251": Layout(("Напряжение (В)\tТок (А)\n" + body(TABS)).encode("cp1251")),
    "chinese": Layout("电压(V),电流(uA)\n" + body(VU), PRINTED),
    "chinese gbk": Layout(("电压(V),电流(uA)\n" + body(VU)).encode("gbk"), PRINTED),
    "chinese without units": Layout("时间,电压,电流\n" + body("{t:.6g}," + VI), time=CLOCK),
    "japanese shift-jis": Layout(("電圧(V),電流(A)\n" + body(VI)).encode("shift-jis")),
    "korean": Layout("전압 (V),전류 (A)\n" + body(VI)),
    "tabs in a csv": Layout("V_TE(V)\tI_TE(A)\r\n" + body(TABS, end="\r\n")),
    "unicode text of a spreadsheet": Layout(
        ("Voltage (V)\tCurrent (A)\r\n" + body(TABS, end="\r\n")).encode("utf-16")
    ),
    "utf-16 without mark": Layout(
        ("Voltage (V)\tCurrent (A)\r\n" + body(TABS, end="\r\n")).encode("utf-16-le")
    ),
    "quotes and byte order mark": Layout(
        ('"Voltage","Current"\n' + body('"{v:.6g}","{i:.6e}"')).encode("utf-8-sig")
    ),
    "old Macintosh": Layout("V\tI\r" + body(TABS, end="\r")),
    "sep line": Layout(
        "sep=;\r\nVoltage (V);Current (A)\r\n" + body("{v:.6g};{i:.6e}", comma=True, end="\r\n")
    ),
    "plus signs": Layout("V,I\n" + body("{v:+.6E},{i:+.6E}")),
    "unicode minus": Layout("V,I\n" + body(VI).replace("e-", "e~").replace("-", "\u2212").replace("~", "-")),
    "fortran exponents": Layout(body("  {v:.8E}  {i:.8E}").replace("E", "D"), name="a.dat"),
    "fixed width": Layout("        V             I\n" + body("{v:10.4f}   {i:14.6E}"), name="a.txt"),
    "glued columns": Layout(body("{v:+.4E}{i:+.6E}"), "no line of numbers", name="a.txt"),
    "thousands in quotes": Layout("V (mV),I (nA)\n" + body('"{mv:,.1f}","{na:,.2f}"'), _ROUNDED),
    "thousands german": Layout(
        "V (mV);I (nA)\n" + body("{mv:,.1f};{na:,.2f}").translate(str.maketrans(",.", ".,")), _ROUNDED
    ),
    "thousands swiss": Layout("V (mV);I (nA)\n" + body("{mv:,.1f};{na:,.2f}").replace(",", "'"), _ROUNDED),
    "thousands french": Layout(
        "V (mV);I (nA)\n" + body("{mv:,.1f};{na:,.2f}").replace(",", "\u202f").replace(".", ","), _ROUNDED
    ),
    "thousands in doubt": Layout("V (mV);I (A)\n" + body("{mv:,.0f};{i:.6e}"), "1,000"),
    "units in the cells": Layout("Voltage,Current\n" + body("{v:.6g} V,{u:.8g} uA"), PRINTED),
    "units in the cells of one column": Layout("Voltage,Current\n" + body("{v:.6g},{u:.8g} uA"), PRINTED),
    "markdown": Layout("| V | I |\n|---|---|\n" + body("| {v:.6g} | {i:.6e} |"), name="a.txt"),
    "rulers": Layout("  V        I\n------  --------\n" + body("{v:7.3f}  {i:.6e}"), name="a.txt"),
    "numpy savetxt": Layout("# V I\n" + body("{v:.18e} {i:.18e}"), name="a.txt"),
    "bare": Layout(body(VI)),
    "bare, current first": Layout(body("{i:.6e}\t{v:.6g}"), name="a.txt"),
    "bare with time": Layout(body("{t:.6g} {v:.6g} {i:.6e}"), time=CLOCK, name="a.txt"),
    "bare with the size on top": Layout("121 2\n" + body(BLANKS), name="a.txt"),
    "bare with cycles": Layout(
        body("1\t" + TABS) + body("2\t{v:.6g}\t{i2:.6e}"), TWO, cycles=(1, 2), name="a.txt"
    ),
    "trailing separators": Layout("V,I,\n" + body(VI + ",")),
    "trailing separators below a short head": Layout("V,I\n" + body(VI + ",,")),
    "missing at the end": Layout("V,I\n" + body(VI) + "NaN,NaN\nNaN,NaN\n"),
}

HEADS = {
    "units in the second row": Layout("Voltage,Current\nV,A\n" + body(VI)),
    "units in brackets in the second row": Layout("Voltage,Current\n(V),(uA)\n" + body(VU), PRINTED),
    "units in a comment below the head": Layout("Voltage,Current\n#V,uA\n" + body(VU), PRINTED),
    "both in comments": Layout(
        "# Voltage Current\n# V uA\n" + body("{v:.6g} {u:.8g}"), PRINTED, name="a.txt"
    ),
    "long name, units, comments": Layout(
        "Voltage\tCurrent\nV\tA\nsample A\tfirst sweep\n" + body(TABS), name="a.dat"
    ),
    "long name, units, devices": Layout(
        "Voltage\tCurrent\tVoltage\tCurrent\nV\tA\tV\tA\ndev A1\tdev A1\tdev B7\tdev B7\n"
        + body(TABS + "\t{v:.6g}\t{i2:.6e}"),
        TWO,
        name="a.dat",
        devices=("A1", "B7"),
    ),
    "numbered comments": Layout(
        "# Column 1: Time (s)\n# Column 2: Voltage (V)\n# Column 3: Current (uA)\n"
        + body("{t:.6g} {v:.6g} {u:.8g}"),
        PRINTED,
        time=CLOCK,
        name="a.dat",
    ),
    "power of ten": Layout("V (V),I (10^-6 A)\n" + body(VU), PRINTED),
    "power of ten raised": Layout("V (V),I (×10⁻⁶ A)\n" + body(VU), PRINTED),
    "power of ten as exponent": Layout("V (V);I (1E-6 A)\n" + body("{v:.6g};{u:.8g}"), PRINTED),
    "units after a colon": Layout("Voltage:V,Current:uA\n" + body(VU), PRINTED),
    "units in braces": Layout("Voltage {V},Current {uA}\n" + body(VU), PRINTED),
    "units in angles": Layout("Voltage <V>,Current <uA>\n" + body(VU), PRINTED),
    "units after a dash": Layout("Voltage - V,Current - uA\n" + body(VU), PRINTED),
    "units after a slash": Layout("U/V,I/µA\n" + body(VU), PRINTED),
    "units after in": Layout("in s,V in V,I in uA\n" + body("{t:.6g}," + VU), PRINTED, time=CLOCK),
    "units as words": Layout("Bias Voltage [Volt],Current [microampere]\n" + body(VU), PRINTED),
    "millivolts": Layout("Voltage (mV),I (uA)\n" + body("{mv:.6g},{u:.8g}"), PRINTED),
    "minutes": Layout("Time/min,U/V,I/A\n" + body("{t:.6g}," + VI), time=60 * CLOCK),
    "Id beside Vd": Layout(
        "Vd,Id,Vg,Ig,Vs,Is\n"
        + "".join(
            f"{v:.6g},{i:.6e},1.5,{1e-12 * k:.3e},0,{-i:.6e}\n"
            for k, (v, i) in enumerate(zip(VOLT, AMP, strict=True))
        )
    ),
    "grounded terminal with noise": Layout(
        "V_TE,I_TE,V_BE,I_BE\n"
        + "".join(
            f"{v:.6g},{i:.6e},{1e-5 * np.sin(k):.3e},{-i:.6e}\n"
            for k, (v, i) in enumerate(zip(VOLT, AMP, strict=True))
        )
    ),
    "set and measured": Layout("V_set (V),V_meas (V),I_meas (A)\n" + body("{v:.6g},{v:.6f},{i:.6e}")),
    "the voltage of the device beside the source's": Layout(
        "Source Voltage (V),DUT Voltage (V),Current (A)\n" + body("{b:.9g}," + VI)
    ),
    "mean and deviation": Layout("V (V),I mean (A),I std (A)\n" + body(VI + ",{s:.6e}")),
    "signed and absolute": Layout(
        "V,I,|I|,log10(|I|)\n"
        + "".join(f"{v:.6g},{i:.6e},{abs(i):.6e},-4\n" for v, i in zip(VOLT, AMP, strict=True))
    ),
    "unnamed index": Layout(",V,I\n" + body("{k}," + VI)),
    "time stamps": Layout("Timestamp,Voltage (V),Current (A)\n" + body("2023-11-20 10:00:00.{k:03d}," + VI)),
    "date and clock": Layout("Date,Time,Voltage (V),Current (A)\n" + body("20/11/2023,10:00:{k:03d}," + VI)),
    "unit columns": Layout(
        "Index,Source,Source Unit,Reading,Reading Unit\n" + body("{k},{v:.6g},V,{u:.8g},uA"), PRINTED
    ),
    "numbers over the columns": Layout(
        "Voltage (V),1,2,3\n" + body(VI + ",{i2:.6e},{i3:.6e}"), THREE, cycles=(1, 2, 3)
    ),
    "cycles in heads": Layout(
        "Voltage,I_cycle1,I_cycle2,I_cycle10\n" + body(VI + ",{i2:.6e},{i3:.6e}"), THREE, cycles=(1, 2, 10)
    ),
    "temperatures over the columns": Layout("V (V),I(A) 300K,I(A) 350K\n" + body(VI + ",{i2:.6e}"), TWO),
    "devices over pairs": Layout(
        "Device A,,Device B,\nV,I,V,I\n" + body(VI + ",{v:.6g},{i2:.6e}"), TWO, devices=("A", "B")
    ),
    "cycles over pairs": Layout(
        "Cycle 5,Cycle 5,Cycle 7,Cycle 7\nV (V),I (A),V (V),I (A)\n" + body(VI + ",{v:.6g},{i2:.6e}"),
        TWO,
        cycles=(5, 7),
    ),
    "a title over pairs": Layout(
        "Operator,Ann,Sample,7B\nV,I,V,I\n" + body(VI + ",{v:.6g},{i2:.6e}"),
        TWO,
        devices=("a", "a"),
        cycles=(1, 2),
    ),
    "way out and way back": Layout(
        "Voltage (V),I_forward (A),I_reverse (A)\n"
        + "".join(
            f"{v:.6g},{out:.6e},{back:.6e}\n" for v, out, back in zip(RISE, AMP, AMP[60:29:-1], strict=False)
        ),
        ((np.concatenate([RISE, RISE[::-1]]), np.concatenate([AMP[:31], AMP[30:61]])),),
    ),
    "two polarities that are no loop": Layout(
        "Voltage (V),I_forward (A),I_reverse (A)\n"
        + "".join(
            f"{v:.6g},{out:.6e},{-back:.6e}\n" for v, out, back in zip(RISE, AMP, AMP[60:29:-1], strict=False)
        ),
        ((RISE, AMP[:31]), (RISE, -AMP[60:29:-1])),
    ),
    "time stored per pair": Layout(
        "t,V,I,t,V,I\n" + body("{t:.6g}," + VI + ",{t:.6g},{v:.6g},{i2:.6e}"), TWO, time=CLOCK
    ),
    "lying on its side": Layout(
        "Voltage (V);"
        + ";".join(f"{v:.6g}" for v in VOLT)
        + "\nCurrent (uA);"
        + ";".join(f"{i * 1e6:.8g}" for i in AMP)
    ),
    "lying on its side with cycles": Layout(
        "Voltage,"
        + ",".join(f"{v:.6g}" for v in VOLT)
        + "".join(f"\nCycle {k}," + ",".join(f"{k * i:.6e}" for i in AMP) for k in (1, 2)),
        TWO,
        cycles=(1, 2),
    ),
    "lying on its side, bare": Layout(
        "\t".join(f"{v:.6g}" for v in VOLT) + "\n" + "\t".join(f"{i:.6e}" for i in AMP) + "\n", name="a.txt"
    ),
}

BLOCKS = {
    "blank lines": Layout(body(BLANKS) + "\n\n" + body("{v:.6g} {i2:.6e}"), TWO, cycles=(1, 2), name="a.dat"),
    "heads repeated": Layout("V,I\n" + body(VI) + "V,I\n" + body("{v:.6g},{i2:.6e}"), TWO, cycles=(1, 2)),
    "comment heads repeated": Layout(
        "# V (V)  I (A)\n" + body(BLANKS) + "# V (V)  I (A)\n" + body("{v:.6g} {i2:.6e}"), TWO, name="a.dat"
    ),
    "cycle lines": Layout(
        "Cycle: 3\nV\tI\n" + body(TABS) + "Cycle: 5\nV\tI\n" + body("{v:.6g}\t{i2:.6e}"), TWO, cycles=(3, 5)
    ),
    "cycle comments": Layout(
        "# cycle 1\n" + body(BLANKS) + "\n\n# cycle 2\n" + body("{v:.6g} {i2:.6e}"),
        TWO,
        cycles=(1, 2),
        name="a.dat",
    ),
    "device lines": Layout(
        "Device: A1\nV\tI\n" + body(TABS) + "\nDevice: B7\nV\tI\n" + body("{v:.6g}\t{i2:.6e}"),
        TWO,
        devices=("A1", "B7"),
    ),
    "device and cycle in one line": Layout(
        "# Device: A1, Cycle: 4\n" + body(BLANKS) + "\n# Device: B7, Cycle: 9\n" + body("{v:.6g} {i2:.6e}"),
        TWO,
        devices=("A1", "B7"),
        cycles=(4, 9),
    ),
    "cycle column": Layout(
        "loop;U [V];I [A]\n" + body("1;{v:.6g};{i:.6e}", comma=True) + body("2;{v:.6g};{i2:.6e}", comma=True),
        TWO,
        cycles=(1, 2),
    ),
    "device column": Layout(
        "Device,Cycle,V,I\n" + body("D1,1," + VI) + body("D2,1,{v:.6g},{i2:.6e}"), TWO, devices=("D1", "D2")
    ),
    "a gate that steps": Layout(
        "Vg (V),Vd (V),Id (A)\n" + body("1," + VI) + body("2,{v:.6g},{i2:.6e}"), TWO, cycles=(1, 2)
    ),
    "a temperature that steps": Layout(
        "T (K),V (V),I (A)\n" + body("300," + VI) + body("350,{v:.6g},{i2:.6e}"), TWO
    ),
    "a range that changes inside": Layout(
        "V,I,gain\n" + body(VI + ",1", part=slice(60)) + body(VI + ",2", part=slice(60, None))
    ),
    "a direction that changes inside": Layout(
        "direction,V,I\n" + body("up," + VI, part=slice(60)) + body("down," + VI, part=slice(60, None))
    ),
    "names of files in a column": Layout(
        "file,V,I\n" + body("A1," + VI) + body("B2,{v:.6g},{i2:.6e}"), TWO, devices=("A1", "B2")
    ),
    "summaries between": Layout(
        "Cycle 1\nV,I\n" + body(VI) + "Vset = 1.0\n\nCycle 2\nV,I\n" + body("{v:.6g},{i2:.6e}"),
        TWO,
        cycles=(1, 2),
    ),
    "results above": Layout("Vset,1.0\nVreset,-0.95\nHRS,1e5\n\nV,I\n" + body(VI)),
    "remarks inside": Layout(
        "V,I\n" + body(VI, part=slice(50)) + "# range changed\n" + body(VI, part=slice(50, None))
    ),
    "words below": Layout("V,I\n" + body(VI) + "End of data\n"),
    "settings below": Layout("V,I\n" + body(VI) + "\nOperator,Ann\nTemperature,300\n"),
    "parameters above": Layout(
        "Parameter,Value,Unit\nCompliance,1,mA\nStep,0.05,V\n\nV (V),I (A)\n" + body(VI)
    ),
    "yaml above": Layout("---\nsample: A7\ncompliance_current: 1 mA\n---\nV (V),I (A)\n" + body(VI)),
} | {
    f"comment sign {mark!r}": Layout(
        f"{mark} measured with an SMU\n{mark} V (V), I (uA)\n" + body(VU), PRINTED
    )
    for mark in ("#", "%", "!", ";", "//", "'", "*", "--", "REM ")
}

TEXTS = WRITTEN | HEADS | BLOCKS
"""Name -> layout of a text table."""
