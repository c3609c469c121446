from pinched.devices.presets.aguirre2022 import aguirre2022 as aguirre2022
from pinched.devices.presets.aguirre2022 import aguirre2022_quasi_static as aguirre2022_quasi_static
from pinched.devices.presets.aguirre2022 import aguirre2022_resistive as aguirre2022_resistive
from pinched.devices.presets.cao2023 import cao2023 as cao2023
from pinched.devices.presets.chang2011 import chang2011 as chang2011
from pinched.devices.presets.chen2018 import chen2018 as chen2018
from pinched.devices.presets.cuppers2019 import cuppers2019 as cuppers2019
from pinched.devices.presets.jiang2014 import jiang2014 as jiang2014
from pinched.devices.presets.jiang2014 import jiang2014_asu as jiang2014_asu
from pinched.devices.presets.jiang2014 import jiang2014_v2 as jiang2014_v2
from pinched.devices.presets.kvatinsky2013team import kvatinsky2013team as kvatinsky2013team
from pinched.devices.presets.kvatinsky2013team import (
    kvatinsky2013team_nonlinear_drift as kvatinsky2013team_nonlinear_drift,
)
from pinched.devices.presets.kvatinsky2015vteam import (
    kvatinsky2015vteam_memtorch as kvatinsky2015vteam_memtorch,
)
from pinched.devices.presets.marraccini2025 import marraccini2025 as marraccini2025
from pinched.devices.presets.nugent2014 import nugent2014 as nugent2014
from pinched.devices.presets.nugent2014 import nugent2014_ag_chalcogenide as nugent2014_ag_chalcogenide
from pinched.devices.presets.nugent2014 import nugent2014_ag_chalcogenide2 as nugent2014_ag_chalcogenide2
from pinched.devices.presets.nugent2014 import nugent2014_ag_in_sb_te as nugent2014_ag_in_sb_te
from pinched.devices.presets.nugent2014 import nugent2014_gst as nugent2014_gst
from pinched.devices.presets.nugent2014 import nugent2014_wo3 as nugent2014_wo3
from pinched.devices.presets.pershin2012 import pershin2012 as pershin2012
from pinched.devices.presets.pickett2009 import pickett2009 as pickett2009
from pinched.devices.presets.pickett2009 import pickett2009_technion as pickett2009_technion
from pinched.devices.presets.preset import Evidence as Evidence
from pinched.devices.presets.preset import Preset as Preset
from pinched.devices.presets.record import PublishedDevice as PublishedDevice
from pinched.devices.presets.registry import DEVICES as DEVICES
from pinched.devices.presets.strukov2008 import strukov2008_knowm_biolek as strukov2008_knowm_biolek
from pinched.devices.presets.strukov2008 import strukov2008_knowm_joglekar as strukov2008_knowm_joglekar
from pinched.devices.presets.strukov2008 import strukov2008_memtorch as strukov2008_memtorch
from pinched.devices.presets.strukov2008 import strukov2008_technion as strukov2008_technion
from pinched.devices.presets.tiotto2023 import tiotto2023 as tiotto2023
from pinched.devices.presets.yakopcic2013 import yakopcic2013 as yakopcic2013
from pinched.physics.presets.spetzler2023 import spetzler2023 as spetzler2023
from pinched.physics.presets.spetzler2023 import spetzler2023_traps as spetzler2023_traps
from pinched.physics.presets.zamankhani2024 import zamankhani2024_ranges as zamankhani2024_ranges
