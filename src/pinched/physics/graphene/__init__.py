"""The electrons of a graphene electrode: densities of states, bands and charge, with defects; which one when.

`supercell` with defects (`single_vacancy`, `double_vacancy`, `joint_double_vacancy`, `interstitial`, `combine`) and
`diagonalise` for the small periodic cells of first-principles papers: exact states. `disordered` and
`kernel_polynomials` for a million atoms with defects at random: densities with error bars. Both end in a `Spectrum`,
and `surface_charge` takes either. `unfold` draws bands in the primitive zone, `local_density` shows where states
are. `closed_forms` has what is known exactly.

One p_z orbital per atom, atoms that do not move, no interaction: what follows from the lattice and from missing
atoms is exact here, what follows from relaxation, dangling bonds and magnetism is not in it (docs/graphene.md).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
