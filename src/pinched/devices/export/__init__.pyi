from .bench import netlist as netlist
from .sources import pwl as pwl
from .sources import write_pwl as write_pwl
from .spice import Dialect as Dialect
from .spice import subcircuit as subcircuit
from .statistics import ParameterSpread as ParameterSpread
from .veriloga import spectre_card as spectre_card
from .veriloga import verilog_a as verilog_a
