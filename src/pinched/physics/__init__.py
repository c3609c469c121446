"""Stage 4: what happens inside a device, from its equations: charge transport and the electrons of its electrodes."""
