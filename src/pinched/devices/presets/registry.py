"""Preset devices by the name that the command line calls them: the one table from names to presets."""

from __future__ import annotations

from pinched.devices.law import Law
from pinched.devices.presets.aguirre2022 import aguirre2022, aguirre2022_quasi_static, aguirre2022_resistive
from pinched.devices.presets.chang2011 import chang2011
from pinched.devices.presets.cuppers2019 import cuppers2019
from pinched.devices.presets.jiang2014 import jiang2014, jiang2014_asu, jiang2014_v2
from pinched.devices.presets.kvatinsky2013team import kvatinsky2013team, kvatinsky2013team_nonlinear_drift
from pinched.devices.presets.kvatinsky2015vteam import kvatinsky2015vteam_memtorch
from pinched.devices.presets.nugent2014 import (
    nugent2014,
    nugent2014_ag_chalcogenide,
    nugent2014_ag_chalcogenide2,
    nugent2014_ag_in_sb_te,
    nugent2014_gst,
    nugent2014_wo3,
)
from pinched.devices.presets.pershin2012 import pershin2012
from pinched.devices.presets.pickett2009 import pickett2009, pickett2009_technion
from pinched.devices.presets.preset import Preset
from pinched.devices.presets.strukov2008 import (
    strukov2008_knowm_biolek,
    strukov2008_knowm_joglekar,
    strukov2008_memtorch,
    strukov2008_technion,
)
from pinched.devices.presets.tiotto2023 import tiotto2023
from pinched.devices.presets.yakopcic2013 import yakopcic2013

DEVICES: dict[str, Preset[Law]] = {
    "aguirre2022": aguirre2022,
    "aguirre2022-quasi-static": aguirre2022_quasi_static,
    "aguirre2022-resistive": aguirre2022_resistive,
    "chang2011": chang2011,
    "cuppers2019": cuppers2019,
    "jiang2014": jiang2014,
    "jiang2014-asu": jiang2014_asu,
    "jiang2014-v2": jiang2014_v2,
    "kvatinsky2013team": kvatinsky2013team,
    "kvatinsky2013team-nonlinear-drift": kvatinsky2013team_nonlinear_drift,
    "kvatinsky2015vteam-memtorch": kvatinsky2015vteam_memtorch,
    "nugent2014": nugent2014,
    "nugent2014-ag-chalcogenide": nugent2014_ag_chalcogenide,
    "nugent2014-ag-chalcogenide2": nugent2014_ag_chalcogenide2,
    "nugent2014-ag-in-sb-te": nugent2014_ag_in_sb_te,
    "nugent2014-gst": nugent2014_gst,
    "nugent2014-wo3": nugent2014_wo3,
    "pershin2012": pershin2012,
    "pickett2009": pickett2009,
    "pickett2009-technion": pickett2009_technion,
    "strukov2008-knowm-biolek": strukov2008_knowm_biolek,
    "strukov2008-knowm-joglekar": strukov2008_knowm_joglekar,
    "strukov2008-memtorch": strukov2008_memtorch,
    "strukov2008-technion": strukov2008_technion,
    "tiotto2023": tiotto2023,
    "yakopcic2013": yakopcic2013,
}
"""Presets by name; each is a complete device. Update laws (`chen2018`) and records (`cao2023`) are not driven."""
