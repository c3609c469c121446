"""Every compact law by the name that the command line calls it: the one table from names to laws."""

from __future__ import annotations

from pinched.devices.law import Law
from pinched.devices.laws.conduction import (
    ContactConduction,
    MemdiodeConduction,
    OhmicConduction,
    SinhConduction,
    SpaceChargeConduction,
)
from pinched.devices.laws.conduction_barriers import (
    DiodeConduction,
    DirectTunnelling,
    FowlerNordheimTunnelling,
    PooleFrenkelEmission,
    SchottkyEmission,
)
from pinched.devices.laws.diffusive import Diffusive
from pinched.devices.laws.generalised import GeneralisedMemristor
from pinched.devices.laws.jart import JartVcm
from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.memdiode import DynamicMemdiode, QuasiStaticMemdiode, ResistiveMemdiode
from pinched.devices.laws.metastable_switch import MetastableSwitch, StochasticMetastableSwitch
from pinched.devices.laws.nonlinear_drift import NonlinearIonDrift
from pinched.devices.laws.pershin import PershinDiVentra
from pinched.devices.laws.quantum_contact import QuantumContact
from pinched.devices.laws.second_order import SecondOrder
from pinched.devices.laws.simmons import Simmons
from pinched.devices.laws.stanford_pku import StanfordPku, StochasticStanfordPku
from pinched.devices.laws.stanford_pku2 import StanfordPku2
from pinched.devices.laws.team import Team
from pinched.devices.laws.vteam import Vteam
from pinched.devices.laws.wox import Wox
from pinched.devices.laws.yakopcic import Yakopcic

LAWS: dict[str, type[Law]] = {
    "diffusive": Diffusive,
    "diode": DiodeConduction,
    "direct-tunnelling": DirectTunnelling,
    "fowler-nordheim": FowlerNordheimTunnelling,
    "generalised": GeneralisedMemristor,
    "jart": JartVcm,
    "linear-drift": LinearIonDrift,
    "memdiode": DynamicMemdiode,
    "memdiode-quasi-static": QuasiStaticMemdiode,
    "memdiode-resistive": ResistiveMemdiode,
    "memdiode-static": MemdiodeConduction,
    "metastable-switch": MetastableSwitch,
    "metastable-switch-stochastic": StochasticMetastableSwitch,
    "nonlinear-drift": NonlinearIonDrift,
    "ohmic": OhmicConduction,
    "pershin": PershinDiVentra,
    "point-contact": ContactConduction,
    "poole-frenkel": PooleFrenkelEmission,
    "quantum-contact": QuantumContact,
    "schottky": SchottkyEmission,
    "second-order": SecondOrder,
    "simmons": Simmons,
    "sinh": SinhConduction,
    "space-charge": SpaceChargeConduction,
    "stanford-pku": StanfordPku,
    "stanford-pku-2": StanfordPku2,
    "stanford-pku-stochastic": StochasticStanfordPku,
    "team": Team,
    "vteam": Vteam,
    "wox": Wox,
    "yakopcic": Yakopcic,
}
"""Laws by name; every default is a complete device."""
