"""Roy et al., quantized conductance in graphene/BiFeO3 memristors: from levels to a network.

The paper states 92 % on MNIST and 85 % on CIFAR-10 for a small convolutional network whose weights are quantized
conductances. All of it, with the paper's numbers beside ours:

    pinched reproduce roy2025 --data FOLDER [--fast] [--epochs N] [--out DIR]

This script walks through the steps behind it on the 8 x 8 digits that need no download:

    python examples/papers/roy2025.py [--fast]
"""

import sys

import torch

import pinched as pi
from pinched.constants import G_0
from pinched.devices.presets.roy2025 import roy2025_update
from pinched.devices.updates import RangeNoise
from pinched.networks.epochs import Recipe, judged, train_epochs

fast = "--fast" in sys.argv
epochs = 2 if fast else 12
torch.set_num_threads(1)  # a network this small only waits for itself on more

# 1. What the paper states cannot all be of the same images.
print("92 % and a mean loss of 0.02:", pi.check_accuracy(0.92, 0.02))

# 2. The device: potentiation and depression of 30 pulses, strongly curved, as an update law.
law = roy2025_update.device
print(f"\nPulses from {float(law.g_min) / G_0:g} to {float(law.g_max) / G_0:g} G_0:")
states = [float(law.after(law.g_min, float(n))) / G_0 for n in (1, 2, 5, 10, 30)]
print("  after 1, 2, 5, 10, 30:", ", ".join(f"{g:.1f} G_0" for g in states))

train, test = pi.datasets.digits("train"), pi.datasets.digits("test")


def fresh():
    return pi.cnn((1, 8, 8), ((16,), (32,)), padding=1, mean=(0.31,), deviation=(0.38,), seed=0)


# 3. In float, and written onto the 50 half-integer levels, which scatter.
net = fresh()
recipe = Recipe(epochs=epochs, batch=32)
train_epochs(net, torch.optim.Adam(net.parameters(), lr=3e-3), train, test, recipe)
print(f"\nfloat: {judged(net, test)[0]:.1%} of {len(test)} test images")
levels = pi.LevelSet.half_integers()
for mapping in (pi.DifferentialPair(), pi.SingleDevice()):
    for scatter in (0.0, 0.10):
        chip = pi.convert(
            net, device=levels.window, mapping=mapping,
            imperfections=pi.Imperfections(levels=levels, device_to_device=scatter),
        )  # fmt: skip
        score = pi.evaluate(chip, test, arrays=5)
        print(f"  {mapping.name}, scatter {scatter:.0%}: mean {score.mean:.1%}, worst {score.worst:.1%}")

# 4. Trained in the devices: the rule decides, not the nonlinearity.
print("\ntrained in devices of nonlinearity 5.08 / 4.85, 2 % from pulse to pulse:")
for rule, rate in (
    (pi.MixedPrecision(read_back=True), 0.1),
    (pi.MixedPrecision(), 0.1),
    (pi.TikiTaka2(transfer=1.0), 0.1),
    (pi.DifferentialPulses(), 0.02),
    (pi.NaivePulses(), 0.02),
    (pi.Manhattan(), 0.1),
):
    net = fresh()
    optimizer = pi.PulseSGD(net, rule=rule, device=law, noise=RangeNoise(sigma=0.02), lr=rate)
    train_epochs(net, optimizer, train, test, recipe)
    # What counts is what the trained devices answer in their array.
    chip = optimizer.into(pi.convert(net, device=law, mapping=rule.mapping))
    cost = optimizer.cost
    print(
        f"  {type(rule).__name__:18}: {judged(chip, test)[0]:.1%}, {cost.mean:.1f} pulses per device, "
        f"{cost.largest} at most, {cost.energy * 1e3:.2g} mJ"
    )
