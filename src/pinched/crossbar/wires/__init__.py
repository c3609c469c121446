"""Circuits of arrays with real wires: every line a chain of resistances, every device in its place, solved exactly.

`array.Crossbar` is the array; `array.Crossbar.effective_conductance` the matrix that turns voltages of word lines
into currents of bit lines, `array.Crossbar.read` the currents of some inputs, `array.Crossbar.solve` every node
voltage. `gradient.effective_conductance` is the same matrix with gradients, for torch. `nonlinear` is for devices
that do not follow Ohm's law, selectors and transistors, `schemes` for reading one cell, `stack` for layers that
share lines, `netlist` for SPICE.

How each is computed: `merging` (blocks of the array, merged by eliminating the wires between them) for the matrix,
`conjugate` (conjugate gradients with exact lines as the preconditioner) for a few inputs, `nodal` (sparse LU) for
whatever neither of them takes: broken and short-circuited wires, short-circuited cells.
"""
