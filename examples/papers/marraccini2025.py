"""Marraccini et al., Nanoscale 2026, 18, 835: a 3-bit network in Ag/MoS2/Au memristors.

The paper stores 5 x 4 digit networks as two's-complement words in binary cells and reports 100 % at 3 bits.
Its figure is the accuracy of the integer network in software, on the ten training patterns, for one chosen
network. Here the words pass through arrays of cells with the published spread:

    python examples/papers/marraccini2025.py [--fast]
"""

import sys

import numpy as np

import pinched as pi
from pinched.papers.marraccini2025 import reproduce_fresh_write

fast = "--fast" in sys.argv
arrays = 200 if fast else 4000

spread = pi.presets.marraccini2025()
print("Published spread of 47 devices, and what it means for one cell:")
for name, unit in (("resistance_lrs", "ohm"), ("resistance_hrs", "ohm"), ("v_set", "V"), ("v_reset", "V")):
    print(f"  {name}: median {getattr(spread, name).median:.3g} {unit}")
at = {name: float(getattr(spread, name).cdf(np.array(v))) for name, v in (("v_set", 5.0), ("v_reset", 5.0))}
lrs, hrs = (float(d.cdf(np.array(1e4))) for d in (spread.resistance_lrs, spread.resistance_hrs))
print(f"  P(V_SET > 5 V) = {1 - at['v_set']:.2%}, P(|V_RESET| > 5 V) = {1 - at['v_reset']:.2%}")
print(f"  P(LRS > 10 kohm) = {1 - lrs:.2%}, P(HRS < 10 kohm) = {hrs:.2%}")
print(f"  best common threshold: {spread.best_threshold():.3g} ohm (the paper uses 10 kohm)")

found = reproduce_fresh_write(arrays=arrays)
print(
    f"\n20-20-20-10 network, 3 bits, {arrays} arrays{' (shortened)' if fast else ''}; the paper: 100 % in software"
)
for label, score in (
    ("paper's quantizer, every write succeeds", found.overlap_only),
    ("paper's quantizer, written with +-5 V", found.paper_rule),
    ("quantization-aware, written with +-5 V", found.quantization_aware),
):
    perfect = float((score.accuracy_array == 1).mean())
    print(
        f"  {label}: software {score.accuracy_quantized:.0%}, arrays {score.accuracy_array.mean():.1%} mean, "
        f"{perfect:.1%} of arrays perfect; wrong: {score.bit_error_one:.2%} of '1', {score.bit_error_zero:.2%} of '0'"
    )
