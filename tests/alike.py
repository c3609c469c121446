"""Devices without any spread: what is stored in them comes back, so that everything else can be told apart."""

import math

from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Lognormal

ALIKE = DeviceSpread(
    v_set=Lognormal(mu=0.0, sigma=1e-6),
    v_reset=Lognormal(mu=0.0, sigma=1e-6),
    resistance_lrs=Lognormal(mu=math.log(1e3), sigma=1e-6),
    resistance_hrs=Lognormal(mu=math.log(1e6), sigma=1e-6),
)
"""1 V, 1 V, 1 kohm and 1 Mohm in every cell."""
