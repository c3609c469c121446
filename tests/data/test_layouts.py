"""Other laboratories' layouts: each is read as it is meant, or refused with the reason; never as something else."""

import numpy as np
import pytest

from data.layouts.binaries import binaries
from data.layouts.books import K4200, books
from data.layouts.instruments import INSTRUMENTS
from data.layouts.kinds import KINDS
from data.layouts.loop import VOLT
from data.layouts.texts import TEXTS
from pinched._errors import DataFileError
from pinched.data import read_other
from pinched.data.read import read_sweeps
from pinched.data.settings import SettingName, find

LAYOUTS = TEXTS | INSTRUMENTS | binaries() | {f"book: {name}": layout for name, layout in books().items()}


def written(folder, layout):
    path = folder / layout.name
    path.write_bytes(layout.bytes)
    return path


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_layouts_of_sweeps(tmp_path, name):
    layout = LAYOUTS[name]
    path = written(tmp_path, layout)
    if isinstance(layout.curves, str):
        with pytest.raises(DataFileError, match=layout.curves):
            read_sweeps(path, layout.options)
        return
    sweeps = read_sweeps(path, layout.options)
    assert len(sweeps) == len(layout.curves)
    for sweep, (voltage, current) in zip(sweeps, layout.curves, strict=True):
        np.testing.assert_allclose(sweep.voltage, voltage, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(sweep.current, current, rtol=2e-6, atol=1e-12)
        if layout.time is not None:
            assert sweep.time is not None
            np.testing.assert_allclose(sweep.time, layout.time, rtol=1e-6, atol=1e-9)
    if layout.devices:
        assert tuple(sweep.device for sweep in sweeps) == layout.devices
    if layout.cycles:
        assert tuple(sweep.cycle for sweep in sweeps) == layout.cycles


@pytest.mark.parametrize("name", sorted(KINDS))
def test_layouts_of_other_kinds(tmp_path, name):
    content, reader, expected, options = KINDS[name]
    path = tmp_path / "f.csv"
    path.write_text(content)
    read = getattr(read_other, f"read_{reader}")
    if isinstance(expected, str):
        with pytest.raises(DataFileError, match=expected):
            read(path, options)
        return
    records = read(path, options)
    assert len(records) == len(expected)
    for record, wanted in zip(records, expected, strict=True):
        for field, values in wanted.items():
            found = getattr(record, field)
            if isinstance(values, (str, float)):
                assert found == values, field
            else:
                np.testing.assert_allclose(found, values, rtol=1e-6, err_msg=field)


def test_settings_of_each_run_are_its_own(tmp_path):
    one, two = read_sweeps(written(tmp_path, K4200))
    assert (one.compliance_current, two.compliance_current) == (1e-3, 1e-2)
    assert find(one.settings, SettingName.SITE).value == "2,-3"


def test_settings_at_the_top_hold_for_every_block_and_its_own_for_one(tmp_path):
    block = "V,I\n" + "".join(f"{v:.6g},{k}e-6\n" for k, v in enumerate(VOLT.tolist()))
    top = "# Temperature: 350 K\n# Compliance: 1 mA\n"
    path = tmp_path / "a.csv"
    path.write_text(top + block + "\n# Compliance: 2 mA\n" + block + "\n" + block)
    one, two, three = read_sweeps(path)
    assert [find(s.settings, SettingName.TEMPERATURE).value for s in (one, two, three)] == [350.0] * 3
    assert [s.compliance_current for s in (one, two, three)] == pytest.approx([1e-3, 2e-3, 1e-3])


def test_settings_of_the_swept_terminal_under_a_comma_as_decimal_mark(tmp_path):
    (sweep,) = read_sweeps(written(tmp_path, LAYOUTS["analyser under a comma as decimal mark"]))
    assert sweep.compliance_current == 1e-3


def test_settings_of_a_german_spreadsheet(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(f"{v:.6g};{v / 1e3:.6g};\n".replace(".", ",") for v in VOLT.tolist())
    path.write_text(
        "Probe;A3;;\nStrombegrenzung;1 mA;;\nTemperatur;25 °C;;\nSpannung in V;Strom in A;Bemerkung\n" + rows,
        encoding="cp1252",
    )
    (sweep,) = read_sweeps(path)
    assert sweep.compliance_current == 1e-3
    assert find(sweep.settings, SettingName.TEMPERATURE).number == 298.15
    assert find(sweep.settings, SettingName.SAMPLE).value == "A3"


@pytest.mark.parametrize("head", ["Time (s),CH1 (V),CH2 (V)", "Time (s),Dev1/ai0 (V),Dev1/ai1 (V)"])
def test_two_voltages_of_a_recorder_ask_for_the_shunt(tmp_path, head):
    path = tmp_path / "a.csv"
    path.write_text(head + "\n" + "".join(f"{k},{v},{v / 10}\n" for k, v in enumerate(VOLT)))
    for read in (read_sweeps, read_other.read_any):
        with pytest.raises(DataFileError, match="--shunt"):
            read(path)


def test_what_steps_from_sweep_to_sweep_is_a_setting_of_each(tmp_path):
    one, two = read_sweeps(written(tmp_path, LAYOUTS["a temperature that steps"]))
    assert [find(s.settings, SettingName.TEMPERATURE).value for s in (one, two)] == [300.0, 350.0]
    one, two = read_sweeps(written(tmp_path, LAYOUTS["a gate that steps"]))
    assert [find(s.settings, "vg").value for s in (one, two)] == [1.0, 2.0]
