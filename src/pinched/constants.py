"""Physical constants in SI: the only home of such a number in the package.

Exact by the definition of the SI (2019) unless said. Import the module and write `constants.G_0`.
"""

E = 1.602176634e-19
"""Elementary charge (C)."""

K_B = 1.380649e-23
"""Boltzmann constant (J/K)."""

H = 6.62607015e-34
"""Planck constant (J s)."""

G_0 = 2 * E**2 / H
"""Conductance quantum 2 e^2 / h (S), about 77.48 uS."""

EPSILON_0 = 8.8541878188e-12
"""Vacuum permittivity (F/m), CODATA 2022, relative uncertainty 1.6e-10."""

M_E = 9.1093837139e-31
"""Electron mass (kg), CODATA 2022, relative uncertainty 3.1e-10."""
