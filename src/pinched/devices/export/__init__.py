"""Laws for circuit simulators, waveforms for their sources: which one when.

`subcircuit` writes a law as a SPICE subcircuit (ngspice, Xyce) for your own netlist, `netlist` a whole one that runs
as it stands, `verilog_a` a module for simulators that compile Verilog-A, `spectre_card` its statistics. `pwl`
turns a waveform into the text of a source, `write_pwl` into its file. All are made from the formula that `drive`
compiles, so a law is exported as soon as it exists.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
