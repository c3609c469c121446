"""Ag/MoS2/Au memristors of marraccini2025fast: inkjet-printed contacts, mechanically exfoliated MoS2.

Stated: 47 working devices; V_SET lognormal (mu 0.202, sigma 0.776), |V_RESET| lognormal (sigma 0.810),
40 % mean yield per batch, endurance at most 20 cycles, writing with +-5 V. The paper's material gives
more digits than its captions, and the resistances: LRS lognormal in natural, HRS in decimal logarithms.
The caption prints mu(V_RESET) = -0.025, the material -0.00248 (a slipped digit, without effect: 2 %).
"""

import math

from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Lognormal

WRITE_VOLTAGE = 5.0
"""Magnitude of the SET and RESET pulses (V)."""

SENSE_THRESHOLD = 1e4
"""Sense resistance between the states (ohm)."""

BATCH_YIELD = 0.40
"""Mean yield per batch; the statistics describe the devices that work."""

ENDURANCE = 20
"""Largest number of cycles seen before a device stayed in LRS."""


def marraccini2025(*, device_yield: float = 1.0) -> DeviceSpread:
    """The published spread of the working devices; give `device_yield=0.4` for a batch without a defect map."""
    return DeviceSpread(
        v_set=Lognormal(mu=0.20177, sigma=0.776),
        v_reset=Lognormal(mu=-0.00248, sigma=0.810),
        resistance_lrs=Lognormal(mu=6.253, sigma=1.041),
        resistance_hrs=Lognormal(mu=6.041 * math.log(10.0), sigma=0.769 * math.log(10.0)),
        device_yield=device_yield,
        source="marraccini2025fast",
        devices=47,
    )
