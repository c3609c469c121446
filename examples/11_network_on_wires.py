"""A network in crossbar arrays with real wires: what is lost, where, and what training on the arrays gives back."""

import pinched as pi

train, test = pi.datasets.digits("train"), pi.datasets.digits("test")
model = pi.train(pi.mlp((64, 32, 10)), train, epochs=20)

chip = pi.convert(
    model,
    device=pi.ConductanceWindow(g_min=1e-6, g_max=1e-4),
    mapping=pi.DifferentialPair(),
    tile=(64, 64),
    wire_resistance="20 ohm",
    imperfections=pi.Imperfections(
        device_to_device=0.1, levels=16, read_noise=0.02, drift=pi.PowerDrift(nu=0.03)
    ),
    adc=pi.Adc(bits=6),
    calibration=train.images[:256],
    seed=0,
)
print(pi.summary(chip))
print(pi.diagnose(chip, test.images))
print(pi.estimate_cost(chip, test.images))

score = pi.evaluate(chip, test, arrays=10, times=("1 s", "1 day", "1 year"), training_data=train)
print(score)
for time, accuracy in zip(score.times, score.accuracy_over_time, strict=True):
    print(f"{time:12.0f} s after programming: {accuracy.mean():.2%}, worst {accuracy.min():.2%}")

# Devices are drawn anew at every step, wires and converters included; `train` gives the chip back, programmed.
# Its weights have moved, so its converters are set anew.
aware = pi.calibrate(pi.train(chip, train, epochs=10), train.images)
print("trained in the arrays:", pi.evaluate(aware, test, arrays=10, training_data=train))
