"""Write words into virtual memristor arrays and read them back: which bits survive?"""

import torch

import pinched as pi

spread = pi.presets.marraccini2025()
memory = pi.ReramMemory(spread, shape=(64, 64), seed=0, arrays=100, write_voltage="5 V")

bits = torch.rand(64, 64, generator=torch.Generator().manual_seed(0)) < 0.5
written = memory.program(bits)
errors = written.bit_error_rate(bits)
print(
    f"'1' read as '0': {errors.of_ones.mean():.2%}, '0' read as '1': {errors.of_zeros.mean():.2%} (100 arrays)"
)

for voltage in ("2 V", "5 V", "10 V"):
    again = pi.ReramMemory(spread, shape=(64, 64), seed=0, arrays=100, write_voltage=voltage).program(bits)
    print(f"written with {voltage}: {again.bit_error_rate(bits).total.mean():.2%} of the bits wrong")
