"""Loops without heads: next to no steps in the HRS, a flat top at the compliance, another step on each side."""

import numpy as np
import pytest

from pinched._errors import DataFileError
from pinched.data.read import read_sweeps
from pinched.data.read_other import read_any

RISE, FALL = np.linspace(0, 2, 51), np.linspace(0, -1.6, 51)
VOLT = np.concatenate([RISE, RISE[-2::-1], FALL[1:], FALL[-2::-1]])
RNG = np.random.default_rng(5)
SET, RESET = int(np.argmax(VOLT >= 1.2)), int(np.argmax(VOLT <= -0.9))
ON = (np.arange(VOLT.size) >= SET) & (np.arange(VOLT.size) < RESET)
AMP = np.where(ON, VOLT / 5e3, VOLT / 4e5) * (1 + 0.01 * RNG.standard_normal(VOLT.size))
AMP = np.minimum(AMP, 3e-4) + 1e-10 * RNG.standard_normal(VOLT.size)
CLOCK = 0.1 * np.arange(VOLT.size)
READ_BACK = VOLT + 2e-3 * RNG.standard_normal(VOLT.size)


def rows(*columns, form="{:.7g}", mark="\t"):
    return "".join(mark.join(form.format(x) for x in row) + "\n" for row in zip(*columns, strict=True))


BARE = {
    "two columns": (rows(VOLT, AMP), VOLT, AMP),
    "current first": (rows(AMP, VOLT), VOLT, AMP),
    "voltage as it was read back": (rows(READ_BACK, AMP), READ_BACK, AMP),
    "time first": (rows(CLOCK, VOLT, AMP), VOLT, AMP),
    "time last": (rows(VOLT, AMP, CLOCK), VOLT, AMP),
    "time and voltage as it was read back": (rows(CLOCK, READ_BACK, AMP), READ_BACK, AMP),
    "buffer of a source-meter": (
        rows(VOLT, AMP, 0 * VOLT + 9.91e37, CLOCK, 0 * VOLT + 21508, form="{:+.6E}", mark=","), VOLT, AMP,
    ),
    "vectors of a simulator": (rows(CLOCK, VOLT, CLOCK, AMP, form=" {:.8e}", mark=" "), VOLT, AMP),
    "three cycles on one voltage": (rows(VOLT, AMP, 1.1 * AMP, 0.9 * AMP), VOLT, AMP),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BARE))
def test_voltage_and_current_are_not_mistaken_for_each_other(tmp_path, name):
    content, voltage, current = BARE[name]
    (tmp_path / "a.txt").write_text(content)
    first, *_ = read_sweeps(tmp_path / "a.txt")
    np.testing.assert_allclose(first.voltage, voltage, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(first.current, current, rtol=1e-6, atol=1e-15)


ANGLE = np.arange(10, 80, 0.1)
COUNTS = np.round(
    120 + 10 * np.sqrt(120) * np.abs(np.sin(ANGLE)) + 900 * np.exp(-(((ANGLE - 38) / 0.2) ** 2))
)
GATE = np.linspace(-1, 2, 121)
DECOYS = {
    "a diffractogram": (rows(ANGLE, COUNTS, form="{:.2f}"), "never falls"),
    "a spectrum": ("#Wave\t#Intensity\n" + rows(20 * ANGLE, COUNTS, form="{:.2f}"), "never falls"),
    "a transfer curve": (
        "Vg (V),Id (A),Vd (V),Ig (A)\n" + rows(GATE, 1e-9 * np.exp(5 * GATE), 0 * GATE + 0.1, 0 * GATE, mark=","),
        "no sweep",
    ),
    "a capacitance": ("V (V),C (pF)\n" + rows(GATE, 10 / (1 + GATE**2), mark=","), "no current"),
    "an impedance": ("f (Hz),Z' (ohm),Z'' (ohm)\n" + rows(10**GATE, 1e3 + GATE, -GATE, mark=","), "neither"),
    "a current density": ("V (V),J (mA/cm2)\n" + rows(GATE, GATE, mark=","), "no current"),
    "a log of temperatures": ("Time (s),T (K)\n" + rows(GATE + 1, 300 + GATE, mark=","), "neither"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(DECOYS))
@pytest.mark.parametrize("read", [read_sweeps, read_any])
def test_decoys_are_refused_with_the_reason(tmp_path, name, read):
    content, reason = DECOYS[name]
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataFileError, match=reason):
        read(tmp_path / "a.csv")
