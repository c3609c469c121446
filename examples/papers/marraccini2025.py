"""Marraccini et al., Nanoscale 2026, 18, 835: a 3-bit network in Ag/MoS2/Au memristors.

The paper stores 5 x 4 digit networks as two's-complement words in binary cells and reports 100 % at 3 bits.
Its figure is the accuracy of the integer network in software, on the ten training patterns, for one chosen
network. Here the words pass through arrays of cells with the published spread. All of section 3.2, with MNIST:

    pinched reproduce marraccini2025 --data FOLDER [--fast] [--out DIR]

This script walks through the steps behind it:

    python examples/papers/marraccini2025.py [--fast]
"""

import sys

import numpy as np
import torch

import pinched as pi
from pinched.crossbar.redundancy import SpareCells
from pinched.crossbar.repair import Repair
from pinched.crossbar.writing import WriteVerify
from pinched.networks.montecarlo import monte_carlo
from pinched.networks.noise import ceiling, single_flips, with_single_flips
from pinched.networks.quantized import quantize
from pinched.networks.required import Knob, required
from pinched.networks.sensitivity import sensitivity
from pinched.networks.training import Decay, train_many

fast = "--fast" in sys.argv
networks, arrays, epochs = (20, 100, 300) if fast else (200, 4000, 600)
note = " (shortened)" if fast else ""
torch.set_num_threads(1)  # tensors this small only wait for each other on more

spread = pi.presets.marraccini2025()
print("Published spread of 47 devices, and what it means for one cell:")
for name, unit in (("resistance_lrs", "ohm"), ("resistance_hrs", "ohm"), ("v_set", "V"), ("v_reset", "V")):
    print(f"  {name}: median {getattr(spread, name).median:.3g} {unit}")
at = {name: float(getattr(spread, name).cdf(np.array(v))) for name, v in (("v_set", 5.0), ("v_reset", 5.0))}
lrs, hrs = (float(d.cdf(np.array(1e4))) for d in (spread.resistance_lrs, spread.resistance_hrs))
print(f"  P(V_SET > 5 V) = {1 - at['v_set']:.2%}, P(|V_RESET| > 5 V) = {1 - at['v_reset']:.2%}")
print(f"  P(LRS > 10 kohm) = {1 - lrs:.2%}, P(HRS < 10 kohm) = {hrs:.2%}")
print(f"  best common threshold: {spread.best_threshold():.3g} ohm (the paper uses 10 kohm)")

data = pi.datasets.digits5x4()
paper, clip = pi.PaperQuantizer(3), pi.ClipQuantizer(3)
nets = train_many(
    [pi.mlp((20, 20, 20, 10), seed=k) for k in range(networks)],
    data, epochs=epochs, rate=1e-3, decay=Decay.CONSTANT,
)  # fmt: skip
aware = train_many(nets, data, quantizer=clip, learn_steps=True)


def perfect(some, quantizer) -> np.ndarray:
    answers = [quantize(net, quantizer)(data.images).argmax(-1) for net in some]
    return np.array([bool((a == data.labels).all()) for a in answers])


good = perfect(nets, paper)
print(f"\n20-20-20-10 at 3 bits, {networks} networks{note}; the paper: 100 % with one of them")
print(f"  paper's quantizer: {good.mean():.1%} of networks classify all ten digits")
print(f"  trained for 3 bits: {perfect(aware, clip).mean():.1%}")

chosen = nets[int(good.argmax())]
stored = {"device": spread, "mapping": pi.TwosComplement(paper), "threshold": "10 kohm"}
spares = Repair(writing=WriteVerify(retries=0), redundancy=SpareCells(2))
fresh, repaired = pi.convert(chosen, **stored), pi.convert(chosen, **stored, repair=spares)
print(f"\nOne network of ours that the paper's quantizer leaves perfect, in {arrays} arrays{note}:")
for label, chip in (("written once with 5 V", fresh), ("verified, two spare cells per bit", repaired)):
    run = monte_carlo([chip], [data], arrays=arrays)
    print(
        f"  {label}: mean {run.mean[0, 0]:.1%}, perfect {run.perfect[0, 0]:.1%}, worst {run.worst[0, 0]:.0%}"
    )

found = sensitivity(fresh, data, arrays=50 if fast else 1000)
print("\nWhat the fresh arrays would win if one property were perfect:")
for cost in found.ranking:
    low, high = cost.recovered_interval
    print(f"  {cost.property.value}: {100 * cost.recovered:.1f} points ({100 * low:.1f} to {100 * high:.1f})")
wanted = 0.5 * (found.accuracy + found.accuracy_ideal)
need = required(fresh, data, accuracy=wanted, knob=Knob.V_SET_SPREAD, arrays=50 if fast else 500)
print(f"  a mean of {wanted:.1%} asks for sigma_log(V_SET) = {need.value:.2f} instead of {need.present:.2f}")

flips, training = single_flips(data), with_single_flips(data)
robust = train_many([pi.mlp((20, 20, 20, 10), seed=k) for k in range(5)], training)
robust = train_many(robust, training, quantizer=clip, learn_steps=True)
shares = [float((quantize(n, clip)(flips.images).argmax(-1) == flips.labels).double().mean()) for n in robust]
print("\nOne pixel turned, all 200 images, 3 bits; the paper: 100 % down to 70 %")
print(f"  trained for it: mean {np.mean(shares):.1%}, worst {min(shares):.1%} of 5 networks")
print(f"  ceiling of any classifier: {ceiling(data, flips):.1%}")
