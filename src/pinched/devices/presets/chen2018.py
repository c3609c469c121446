"""The analogue cell that NeuroSim starts with (chen2018neurosim): Ag:a-Si, updated by pulses."""

from pinched.devices.presets.preset import Preset
from pinched.devices.updates.neurosim import NeuroSimUpdate

PULSE_VOLTAGES = (3.2, 2.8)
"""Voltages (V) of a potentiating and of a depressing pulse."""

PULSE_WIDTH = 300e-6
"""Width (s) of either pulse."""

CYCLE_TO_CYCLE = 0.035
"""Standard deviation of an update, as a share of the window."""

chen2018 = Preset(
    device=NeuroSimUpdate(
        g_min=3.0769e-9, g_max=3.8462e-8, pulses_up=97.0, pulses_down=100.0, label_up=2.4, label_down=-4.88
    ),
    source="chen2018neurosim",
    read_in="Cell.cpp of NeuroSim",
)
"""97 levels up, 100 down, labels 2.4 and -4.88."""
