"""Switching numbers of real sweeps against values that others took from the same curves.

Origin and tolerances: expected.json beside the measurements (SiOx: V_SET and V_RESET 0.05 V, two voltage
steps; LRS 3 %, HRS 10 %, the noise of the curves). "sure" marks the cycles whose curve leaves no doubt.
"""

import json

import numpy as np
import pytest

import pinched as pi
from pinched.extraction.table import Flag


@pytest.fixture(scope="module")
def expected(measurements):
    return json.loads((measurements / "expected.json").read_text())


def test_siox_agrees_with_the_expected_table(measurements, expected):
    entry = next(e for e in expected if e["file"].startswith("siox"))
    rows, tolerance = entry["per_cycle"], entry["tolerance"]
    table = pi.extract_switching(pi.read_sweeps(measurements / "siox_bianchi2023"), read_voltage="0.2 V")
    assert len(table) == entry["cycles"]
    assert table.cycle.tolist() == [row["exp"] for row in rows]

    def share(found, key, limit, relative=False):
        truth = np.array([row[key] for row in rows])
        sure = np.array([row.get(key + "_sure", True) for row in rows])
        error = np.abs(found / truth - 1) if relative else np.abs(found - truth)
        return np.mean((error <= limit)[sure])

    assert share(table.v_set, "V_SET", tolerance["V_SET_V"]) >= 0.95
    assert share(table.v_reset, "V_RESET", tolerance["V_RESET_V"]) >= 0.95
    assert share(table.resistance_lrs, "LRS", tolerance["LRS_rel"], relative=True) == 1
    assert share(table.resistance_hrs, "HRS", tolerance["HRS_rel"], relative=True) == 1


def test_gradual_interface_devices_get_no_set_voltage(measurements, expected):
    """Nb:SrTiO3: rectifying and analogue; every entry says abrupt_set: false."""
    entries = [e for e in expected if e["file"].startswith("nbsto") and "abrupt_set" in e]
    assert len(entries) > 30
    for entry in entries:
        table = pi.extract_switching(pi.read_sweeps(measurements / entry["file"]), read_voltage="0.5 V")
        assert len(table) == entry["sweeps"], entry["file"]
        assert np.isnan(table.v_set).all(), entry["file"]
        assert table.v_set_flag[0] in (Flag.GRADUAL, Flag.NONE), entry["file"]
