"""What instruments and programs write as text: source-meters, analysers, potentiostats, oscilloscopes, scripts."""

from data.layouts.loop import AMP, CLOCK, COUNT, PRINTED, TABS, TWO, VI, VOLT, VU, Layout, body
from pinched.data.options import ReadOptions

SHUNT = ReadOptions(shunt="50 ohm")
BOTH = "{b:.9e},{s:.9e}"

METERS = {
    "source-meter with overflow": Layout(
        "VOLT,CURR,RES,TIME,STAT\n" + body("{v:+.6E},{i:+.6E},+9.910000E+37,{t:+.6E},+2.150800E+04"),
        time=CLOCK,
    ),
    "buffer with units in columns": Layout(
        "Index,Reading,Unit,Range Digits,Disp Digits,Math,Start Group,Terminal,Questionable,Origin,Value,Unit,Digits,"
        "Output,Sense,Source Limit,Overtemp,Date,Time,Fractional Seconds\n"
        + body(
            "{n},{u:.8g},uAmp DC,6,5,F,F,Front,F,Main,{v:.6g},Volt DC,5,T,2W,F,F,11/20/2023,10:00:00,0.{k:06d}"
        ),
        PRINTED,
    ),
    "buffer saved at the front panel": Layout(
        "Buffer Name,defbuffer1\nBuffer Size,100000\nNumber of Readings,121\nFirmware Version,1.7.7b\n"
        "Index,Reading,Unit,Range Digits,Disp Digits,Math,Start Group,Limit1 High,Limit1 Low,Terminal,Source Value,"
        "Source Unit,Source Output,Date,Time,Fractional Seconds\n"
        + body("{n},{i:.6e},Amp DC,6.5,5.5,None,F,F,F,Front,{v:.6g},Volt DC,On,11/28/2026,14:02:01,0.{k:06d}")
    ),
    "analyser under a comma as decimal mark": Layout(
        "SetupTitle; IV\nTestParameter; Channel.IName; ITop; IBot\nTestParameter; Channel.VName; VTop; VBot\n"
        "TestParameter; Channel.Mode; V; COMMON\nTestParameter; Channel.Func; VAR1; CONST\n"
        "TestParameter; Measurement.Primary.Compliance; 0,001\nDataName; VTop; ITop\n"
        + body("DataValue; {v:.6g}; {i:.6e}", comma=True)
    ),
    "ferroelectric tester": Layout(
        "DynamicHysteresisResult\n\nTable 1\nArea [mm2]: 0.01\nTime [s]\tV+ [V]\tI1 [A]\tP1 [uC/cm2]\n"
        + body("{t:.6g}\t" + TABS + "\t{k}"),
        name="a.dat",
        time=CLOCK,
    ),
    "clock times": Layout(
        "date,V,I\n"
        + "".join(
            f"28.11.2026 23:59:{58 + k / 2:06.3f},{v:.6g},{i:.6e}\n"
            if k < 4
            else f"29.11.2026 00:{(k - 4) // 120:02d}:{(k - 4) / 2 % 60:06.3f},{v:.6g},{i:.6e}\n"
            for k, (v, i) in enumerate(zip(VOLT.tolist(), AMP.tolist(), strict=True))
        ),
        time=0.5 * COUNT,
    ),
    "source-meter program": Layout(
        "Test Name,IV Characterizer\nDate,11/20/2023\n\nPoint,SMU-1 Voltage (V),SMU-1 Current (A),SMU-1 Time (s)\n"
        + body("{n}," + VI + ",{t:.6g}"),
        time=CLOCK,
    ),
    "script of a source-meter": Layout(
        "Index\tV-Source\tI-Meas\tTimestamp\n" + body("{n}\t" + TABS + "\t{t:.6g}"), time=CLOCK
    ),
    "printed list of an analyser": Layout(
        "\n NO.      VTE         ITE\n                V           A\n" + body(" {n:3d}  {v:+.4E}  {i:+.6E}"),
        name="a.txt",
    ),
    "quick I-V with a trailing comma": Layout(
        "Item,Smu1.Time[1][1],Smu1.V[1][1],Smu1.I[1][1],Smu1.R[1][1],\n"
        + body("{n},{t:.6g}," + VI + ",9.91e37,"),
        time=CLOCK,
    ),
    "quick I-V with repeats": Layout(
        "Item,Smu1.Time[1][1],Smu1.V[1][1],Smu1.I[1][1],Smu1.Time[1][2],Smu1.V[1][2],Smu1.I[1][2],\n"
        + body("{n},{t:.6g}," + VI + ",{t:.6g},{v:.6g},{i2:.6e},"),
        TWO,
        time=CLOCK,
    ),
    "two source-meters": Layout(
        "SMU1 Voltage (V),SMU1 Current (A),SMU2 Voltage (V),SMU2 Current (A)\n" + body(VI + ",0,{i2:.6e}")
    ),
    "compliance flag": Layout("Voltage,Current,In Compliance\n" + body(VI + ",False")),
    "range in words": Layout("V (V),I (A),I range\n" + body(VI + ",100 uA")),
}

_MPT = (
    "EC-Lab ASCII FILE\r\nNb header lines : 6                          \r\n\r\nCyclic Voltammetry\r\n"
    "Run on channel : 1\r\nmode\tox/red\terror\tcontrol changes\ttime/s\tcontrol/V\tEwe/V\t<I>/mA\tcycle number\t"
    "(Q-Qo)/C\tI Range\tP/W\r\n"
)
_MPT_ROW = "2\t1\t0\t0\t{t:.6E}\t{v:.6E}\t{v:.6E}\t{u:.7E}\t1.000000E+000\t0.0\t41\t0.0"

POTENTIOSTATS = {
    "columns with slashes": Layout(
        _MPT.replace("<I>/mA", "<I>/uA") + body(_MPT_ROW, end="\r\n"), PRINTED, name="a.mpt", time=CLOCK
    ),
    "columns with slashes and commas": Layout(
        _MPT.replace("<I>/mA", "<I>/uA") + body(_MPT_ROW, end="\r\n", comma=True),
        PRINTED,
        name="a.mpt",
        time=CLOCK,
    ),
    "keys with equal signs": Layout(
        "Nov. 20, 2023   10:00:00\nCyclic Voltammetry\nFile: a.bin\nInstrument Model:  X760\nNote: \n\n"
        "Init E (V) = 0\n"
        "High E (V) = 1.5\nScan Rate (V/s) = 0.1\nSegment = 3\n\nPotential/V, Current/A\n\n"
        + body("{v:.3f}, {i:.6e}"),
        name="a.txt",
    ),
    "tables with typed rows": Layout(
        "EXPLAIN\nTAG\tCV\nTITLE\tLABEL\tCyclic Voltammetry\tTest &Identifier\n"
        "VLIMIT1\tPOTEN\t1.5E+00\tT\tLimit (V)\n"
        "CURVE1\tTABLE\t121\n\tPt\tT\tVf\tIm\tVu\tSig\tAch\tIERange\tOver\n\t#\ts\tV vs. Ref.\tA\tV\tV\tV\t#\tbits\n"
        + body("\t{k}\t{t:.6g}\t{v:.6g}\t{i:.6e}\t0\t{v:.6g}\t0\t8\t..........."),
        name="a.DTA",
        time=CLOCK,
    ),
    "semicolons, commas and a range in words": Layout(
        "WE(1).Potential (V);WE(1).Current (A);Time (s);Scan;Index;Q+;Q-;Potential applied (V);Current range\n"
        + body("{v:.6f};{i:.6E};{t:.5f};1;{n};1.5E-6;2.5E-7;{v:.6f};100 nA", comma=True),
        name="a.txt",
        time=CLOCK,
    ),
}

SCOPES = {
    "start and increment": Layout(
        "X,CH1,CH2,Start,Increment,\nSequence,Volt,Volt,-6.000000e-03,1.000000e-06\n"
        + body("{k}," + BOTH + ",,"),
        options=SHUNT,
        time=-6e-3 + 1e-6 * (CLOCK / 0.02),
    ),
    "names with units glued on": Layout(
        "Time(s),CH1V,CH2V\n" + body("{t:.6g}," + BOTH), options=SHUNT, time=CLOCK
    ),
    "axis line above": Layout(
        "x-axis,1,2\nsecond,Volt,Volt\n" + body("{t:.6g}," + BOTH),
        options=SHUNT,
        time=CLOCK,
        name="scope_0.csv",
    ),
    "axis line above, current probe": Layout(
        "x-axis,1,2\nsecond,Volt,Ampere\n" + body("{t:.6g}," + VI), time=CLOCK, name="scope_0.csv"
    ),
    "keys per channel": Layout(
        "Record Length,Analog:121\nSample Interval,Analog:0.02\nVertical Units,CH1:V,CH2:V,\nHorizontal Units,s\n"
        "Model Number,X1204\n\nSource,CH1,CH2\nSecond,Volt,Volt\n" + body("{t:.6g}," + BOTH),
        options=SHUNT,
        time=CLOCK,
    ),
    "keys in columns, current probe": Layout(
        "Model,X4034\nHorizontal Units,S,,S,\nSample Interval,2e-02,,2e-02,\nRecord Length,121,,121,\n"
        "Vertical Units,V,,A,\nLabel,,,,\nTIME,CH1,CH2\n" + body("{t:.6g}," + VI),
        time=CLOCK,
    ),
    "in seconds": Layout("in s,C1 in V,C2 in V\n" + body("{t:.6g}," + BOTH), options=SHUNT, time=CLOCK),
    "prefixes differ": Layout(
        "Time,Channel A,Channel B\n(s),(V),(mV)\n\n" + body("{t:.6g},{b:.12f},{sm:.12f}"),
        options=SHUNT,
        time=CLOCK,
    ),
    "one channel of a segment": Layout(
        "LECROYX64,12345,Waveform\nSegments,1,SegmentSize,121\nSegment,TrigTime,TimeSinceSegment1\n"
        "#1,20-Nov-2023 10:00:00,0\nTime,Ampl\n" + body("{t:.6g},{b:.9e}"),
        "no current",
        name="C1Trace00000.csv",
    ),
}

_PSF = """HEADER
"PSFversion" "1.00"
"simulator" "spectre"
TYPE
"sweep" FLOAT DOUBLE PROP(
"key" "sweep"
)
"V" FLOAT DOUBLE PROP(
"units" "V"
"key" "node"
)
"I" FLOAT DOUBLE PROP(
"units" "A"
"key" "branch"
)
SWEEP
"time" "sweep" PROP(
"sweep_direction" 0
"units" "s"
)
TRACE
"te" "V"
"V0:p" "I"
VALUE
"""

PROGRAMS = {
    # The current of the source is counted into its plus terminal, and turned round: it would give power.
    "simulator with its own sections": Layout(
        _PSF + body('"time" {t:.8e}\n"te" {v:.8e}\n"V0:p" {i:.8e}') + "END\n", time=CLOCK, name="tran.tran"
    ),
    "a quoted preamble and repeats": Layout(
        '"Instrument","2450"\n"Source limit","3E-4 A"\n\n"Repeat","Point","SMU-1 Voltage (V)","SMU-1 Current (A)"\n'
        + body("1,{n}," + VI)
        + body("2,{n},{v:.6g},{i2:.6e}"),
        TWO,
        cycles=(1, 2),
    ),
    "names and units": Layout(
        "Voltage SMU1\tCurrent SMU1\tTime\nV\tA\ts\n" + body(TABS + "\t{t:.6g}"), time=CLOCK, name="a.txt"
    ),
    "gnuplot export with sizes": Layout(
        '# smu_v\tsmu_i\n# "Voltage (V)"\t"Current (uA)"\n# 121\n' + body("{v:.6g}\t{u:.8g}"),
        PRINTED,
        name="a.dat",
    ),
    "acquisition with a comment head": Layout(
        "#Oscilloscope Acquisition\n#Device Name: X2\n#Sample rate: 50Hz\n\nTime (s),Voltage (V),Current (uA)\n"
        + body("{t:.6g}," + VU),
        PRINTED,
        time=CLOCK,
    ),
    "key-value preamble": Layout("sample=A7\nIcc=1e-3\nTemp=300K\n\nV (V),I (A)\n" + body(VI)),
}

INSTRUMENTS = METERS | POTENTIOSTATS | SCOPES | PROGRAMS
"""Name -> layout of an instrument's or a program's text."""
