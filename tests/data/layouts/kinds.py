"""Retention, endurance, pulses, levels and files that are nothing of the kind, in the layouts that people use."""

from typing import Any

import numpy as np

from pinched.data.options import Columns, ReadOptions

N = np.arange(60)
TIME = np.round(10.0 ** (N * 0.08), 6)
OHMS = 1e4 * (1 + 0.02 * np.log10(TIME)) + np.round(7.3 * np.sin(N), 3)
HIGH = 40 * OHMS
SIEMENS = 1e-6 * (1 + N / 20 + 0.01 * np.sin(3 * N))
CYCLE = np.arange(1.0, 61.0)

Kind = tuple[str, str, list[dict[str, Any]] | str, ReadOptions | None]


def table(head: str, *columns, mark=",") -> str:
    return head + "".join(mark.join(f"{x:.9g}" for x in row) + "\n" for row in zip(*columns, strict=True))


BOTH = [{"resistance": OHMS, "state": "lrs"}, {"resistance": HIGH, "state": "hrs"}]
STATES = [{"resistance_lrs": OHMS, "resistance_hrs": HIGH, "cycle": CYCLE}]

RETENTION: dict[str, Kind] = {
    "time and resistance": (
        table("t,r\n", TIME, OHMS),
        "retention",
        [{"time": TIME, "resistance": OHMS}],
        None,
    ),
    "both states": (table("Time (s),R_LRS (ohm),R_HRS (ohm)\n", TIME, OHMS, HIGH), "retention", BOTH, None),
    "clock times": (
        "timestamp,R_LRS (ohm),R_HRS (ohm)\n"
        + "".join(
            f"2026-11-28 {10 + k // 60}:{k % 60:02d}:00,{a:.9g},{b:.9g}\n"
            for k, (a, b) in enumerate(zip(OHMS, HIGH, strict=True))
        ),
        "retention",
        [
            {"time": 60.0 * N, "resistance": OHMS, "state": "lrs"},
            {"time": 60.0 * N, "resistance": HIGH, "state": "hrs"},
        ],
        None,
    ),
    "both states as currents": (
        table("# Read voltage: 0.1 V\nTime (s),I_LRS (A),I_HRS (A)\n", TIME, 0.1 / OHMS, 0.1 / HIGH),
        "retention",
        BOTH,
        None,
    ),
    "a current at a stated voltage": (
        table("Read voltage = 0.2 V\nTime (s)\tCurrent (A)\n", TIME, 0.2 / OHMS, mark="\t"),
        "retention",
        [{"resistance": OHMS, "read_voltage": 0.2}],
        None,
    ),
    "a current at a voltage that is said": (
        table("Time (s),Current (A)\n", TIME, 0.2 / OHMS),
        "retention",
        [{"resistance": OHMS}],
        ReadOptions(read_voltage="0.2 V"),
    ),
    "a current at nobody knows what": (
        table("Time (s),Current (A)\n", TIME, 0.2 / OHMS),
        "retention",
        "read_voltage=",
        None,
    ),
    "hours and kiloohms": (
        table("time/h;R/kOhm\n", TIME / 3600, OHMS / 1e3, mark=";"),
        "retention",
        [{"time": TIME, "resistance": OHMS}],
        None,
    ),
    "a held voltage": (
        table("t (s),V (V),I (A)\n", TIME, 0 * TIME + 0.1, 0.1 / OHMS),
        "retention",
        [{"resistance": OHMS, "read_voltage": 0.1}],
        None,
    ),
    "a column per device": (
        table("Time (s),Device 1,Device 2\n", TIME, OHMS, HIGH),
        "retention",
        [{"resistance": OHMS, "device": "Device 1"}, {"resistance": HIGH}],
        None,
    ),
    "read voltage in the heads": (
        table("Time (s),I_LRS (uA) @ 0.2 V,I_HRS (uA) @ 0.2 V\n", TIME, 0.2e6 / OHMS, 0.2e6 / HIGH),
        "retention",
        BOTH,
        None,
    ),
    "read voltage in a row of its own": (
        "Time(s);I(HRS)[A];I(LRS)[A]\nVread=0,2 V;;\n"
        + table("", TIME, 0.2 / HIGH, 0.2 / OHMS, mark=";").replace(".", ","),
        "retention",
        BOTH[::-1],
        None,
    ),
    "a column per temperature": (
        table("t (h),85C,125 °C\n", TIME / 3600, OHMS, HIGH),
        "retention",
        [
            {"time": TIME, "resistance": OHMS, "temperature": 358.15},
            {"resistance": HIGH, "temperature": 398.15},
        ],
        None,
    ),
    "temperatures behind the quantity": (
        table("Time (s),R (kohm) 85C,R (kohm) 398 K\n", TIME, OHMS / 1e3, HIGH / 1e3),
        "retention",
        [{"resistance": OHMS, "temperature": 358.15}, {"resistance": HIGH, "temperature": 398.0}],
        None,
    ),
    "bare": (table("", TIME, OHMS, mark="\t"), "retention", [{"resistance": OHMS}], None),
}

ENDURANCE: dict[str, Kind] = {
    "both states": (table("Cycle,R_LRS,R_HRS\n", CYCLE, OHMS, HIGH), "endurance", STATES, None),
    "high one first": (
        table("Cycle #;HRS (kohm);LRS (kohm)\n", CYCLE, HIGH / 1e3, OHMS / 1e3, mark=";"),
        "endurance",
        STATES,
        None,
    ),
    "currents": (
        table("# Vread: 0.1 V\nCycle,I_on (A),I_off (A)\n", CYCLE, 0.1 / OHMS, 0.1 / HIGH),
        "endurance",
        STATES,
        None,
    ),
    "currents at nobody knows what": (
        table("Cycle,I_on (A),I_off (A)\n", CYCLE, 0.1 / OHMS, 0.1 / HIGH),
        "endurance",
        "read_voltage=",
        None,
    ),
    "read voltage in a column": (
        table("Cycles,I_HRS (A),I_LRS (A),Vread\n", CYCLE, 0.1 / HIGH, 0.1 / OHMS, 0 * CYCLE + 0.1),
        "endurance",
        STATES,
        None,
    ),
    "read voltage in the heads": (
        table("# of cycles,Ion (uA) @0.2V,Ioff (uA) @0.2V\n", CYCLE, 0.2e6 / OHMS, 0.2e6 / HIGH),
        "endurance",
        STATES,
        None,
    ),
    "two devices side by side": (
        table(
            "Cycle,D1 HRS (kohm),D1 LRS (kohm),D2 HRS (kohm),D2 LRS (kohm)\n",
            CYCLE,
            HIGH / 1e3,
            OHMS / 1e3,
            HIGH / 500,
            OHMS / 1e3,
        ),
        "endurance",
        [{**STATES[0], "device": "D1"}, {**STATES[0], "resistance_hrs": 2 * HIGH, "device": "D2"}],
        None,
    ),
    "states of which one has no partner": (
        table("Cycle,D1 HRS (ohm),D1 LRS (ohm),D2 HRS (ohm)\n", CYCLE, HIGH, OHMS, HIGH),
        "endurance",
        "cannot be paired",
        None,
    ),
    "a row per read": (
        "cycle,state,resistance (ohm)\n"
        + "".join(
            f"{c:g},LRS,{r:.9g}\n{c:g},HRS,{h:.9g}\n" for c, r, h in zip(CYCLE, OHMS, HIGH, strict=True)
        ),
        "endurance",
        STATES,
        None,
    ),
    "a column for the device": (
        "device,cycle,R_lrs (ohm),R_hrs (ohm)\n"
        + "".join(
            f"{d},{c:g},{r:.9g},{h:.9g}\n" for d in "AB" for c, r, h in zip(CYCLE, OHMS, HIGH, strict=True)
        ),
        "endurance",
        STATES * 2,
        None,
    ),
    "outputs of a user module": (
        table("resetRes,setRes,initRes,Vforce\n", HIGH, OHMS, 0 * OHMS + 1e9, 0 * OHMS + 1.5),
        "endurance",
        STATES,
        None,
    ),
    "bare": (table("", CYCLE, OHMS, HIGH, mark="\t"), "endurance", STATES, None),
}

PULSES: dict[str, Kind] = {
    "writes and reads side by side": (
        table(
            "Pulse No.,Write Voltage (V),Pulse width (us),Read current (uA),Read voltage (V)\n",
            N + 1,
            1 + N * 0.01,
            0 * N + 1,
            0.1e6 * SIEMENS,
            0 * N + 0.1,
        ),
        "pulses",
        [{"conductance": SIEMENS, "amplitude": 1 + N * 0.01, "width": 0 * N + 1e-6, "read_voltage": 0.1}],
        None,
    ),
    "conductance": (table("Pulse,G (uS)\n", N, SIEMENS * 1e6), "pulses", [{"conductance": SIEMENS}], None),
    "a current at a stated voltage": (
        table("# Read voltage: 0.1 V\nPulse #,Current (A)\n", N, 0.1 * SIEMENS),
        "pulses",
        [{"conductance": SIEMENS}],
        None,
    ),
    "a current at nobody knows what": (
        table("Pulse #,Current (A)\n", N, 0.1 * SIEMENS),
        "pulses",
        "read_voltage=",
        None,
    ),
    "both directions": (
        table("Pulse number,LTP (uS),LTD (uS)\n", N, SIEMENS * 1e6, SIEMENS[::-1] * 1e6),
        "pulses",
        [{"conductance": SIEMENS}, {"conductance": SIEMENS[::-1]}],
        None,
    ),
    "amplitude and width": (
        table("Amplitude (V),Width (us),Resistance (ohm)\n", 0 * N + 1.2, 0 * N + 5, 1 / SIEMENS),
        "pulses",
        [{"conductance": SIEMENS, "amplitude": 0 * N + 1.2, "width": 0 * N + 5e-6}],
        None,
    ),
    "lying on its side": (
        "Gpot,"
        + ",".join(f"{g:.9g}" for g in SIEMENS)
        + "\nGdep,"
        + ",".join(f"{g:.9g}" for g in SIEMENS[::-1])
        + "\n",
        "pulses",
        [{"conductance": SIEMENS}, {"conductance": SIEMENS[::-1]}],
        None,
    ),
    "bare columns that are named": (
        table("", 0 * N + 7, 0 * N + 100, N * 0.02, 1e3 * SIEMENS, 1 / SIEMENS),
        "pulses",
        [{"conductance": SIEMENS, "amplitude": N * 0.02, "width": 0 * N + 1e-7}],
        ReadOptions(columns=Columns(width=2, amplitude=3, state=5), time_unit="ns", state_unit="ohm"),
    ),
}

NOTHING: dict[str, Kind] = {
    "results": (
        "Device,Vset (V),Vreset (V),HRS (ohm),LRS (ohm)\n"
        "A,1.1,-0.9,1e5,1e3\nB,1.2,-0.8,2e5,1e3\nC,1.0,-0.9,1e5,1e3\n",
        "any",
        "table of results",
        None,
    ),
    "climate": (
        table("Time (s),Temperature (C),Humidity (%)\n", TIME, 20 + np.sin(N), 50 + np.cos(N)),
        "any",
        "no kind|results",
        None,
    ),
    "spectrum": (
        table("Wavelength (nm),Absorbance\n", 300.0 + N, np.sin(N / 9) ** 2),
        "any",
        "no kind",
        None,
    ),
    "diffraction": (table("2theta,Intensity\n", 10 + 0.02 * N, 100 + 50 * np.sin(N)), "any", "no kind", None),
    "positions": (
        table("latitude,longitude\n", 48 + 1e-4 * N, 11 + 1e-4 * np.sin(N)),
        "any",
        "no kind",
        None,
    ),
    "capacitance": (
        table("Voltage (V),Capacitance (F)\n", np.sin(N / 10), 1e-12 * (1 + N)),
        "any",
        "no current",
        None,
    ),
    "voltage alone": (table("time (s),V (V)\n", TIME, np.sin(N / 10)), "any", "no current", None),
    "prices": (
        "Date,Open,Close\n"
        + "".join(f"2023-01-{k % 28 + 1:02d},{100 + k * 0.3:.2f},{101 + k * 0.29:.2f}\n" for k in range(60)),
        "any",
        "no kind|results",
        None,
    ),
    "digits": (
        "\n".join(" ".join(str((k * 7 + j * 3) % 11) for j in range(4)) for k in range(40)) + "\n",
        "any",
        "no kind",
        None,
    ),
    "impedance": (
        table("Frequency (Hz),Zre (ohm),Zim (ohm)\n", 10.0 ** (N / 10), 100.0 + N, -1.0 * N),
        "any",
        "no kind|results",
        None,
    ),
}

KINDS = {
    f"{kind}: {name}": case
    for kind, cases in (
        ("retention", RETENTION),
        ("endurance", ENDURANCE),
        ("pulses", PULSES),
        ("nothing", NOTHING),
    )
    for name, case in cases.items()
}
"""Name -> content, reader, what each record must hold (or the pattern of the refusal), options."""
