"""`conduction_of`: from a conduction law fitted by `pinched.extraction` to a device that `drive` runs."""

from __future__ import annotations

import math

from pinched._errors import PinchedError
from pinched.devices.laws.conduction import (
    ContactConduction,
    OhmicConduction,
    SinhConduction,
    SpaceChargeConduction,
    StaticLaw,
)
from pinched.devices.laws.conduction_barriers import (
    FowlerNordheimTunnelling,
    PooleFrenkelEmission,
    SchottkyEmission,
)
from pinched.extraction import conduction_barriers, conduction_laws


def conduction_of(fitted: conduction_laws.Law) -> StaticLaw:
    """The device that conducts as a law fitted by `pinched.extraction` does, the same curve in both polarities.

    Raises `PinchedError` for a law that has no device here.
    """
    match fitted:
        case conduction_laws.Ohmic():
            return OhmicConduction(conductance=fitted.conductance)
        case conduction_laws.SpaceCharge():
            return SpaceChargeConduction(coefficient=fitted.coefficient, crossover=fitted.crossover)
        case conduction_laws.TrapFilled():
            return SpaceChargeConduction(
                coefficient=fitted.current_1v, crossover=fitted.crossover, exponent=fitted.exponent
            )
        case conduction_barriers.Schottky():
            return SchottkyEmission(
                i_0=math.exp(fitted.intercept), slope=fitted.slope, temperature=fitted.temperature
            )
        case conduction_barriers.PooleFrenkel():
            return PooleFrenkelEmission(conductance=math.exp(fitted.intercept), slope=fitted.slope)
        case conduction_barriers.FowlerNordheim():
            return FowlerNordheimTunnelling(
                coefficient=math.exp(fitted.intercept), field_voltage=-fitted.slope
            )
        case conduction_barriers.Hopping():
            return SinhConduction(i_0=fitted.conductance * fitted.scale, v_0=fitted.scale)
        case conduction_barriers.QuantumPointContact():
            return ContactConduction(alpha=fitted.alpha, barrier=fitted.barrier, drop=fitted.drop)
        case _:
            raise PinchedError(f"a {fitted.name} law has no device; write one as a StaticLaw.")
