"""Train a network, store it in memristor arrays, and print the accuracy of what was read back."""

import pinched as pi

train, test = pi.datasets.digits("train"), pi.datasets.digits("test")
quantizer = pi.ClipQuantizer(3)

float_model = pi.train(pi.mlp((64, 32, 10)), train, epochs=20)
model = pi.train(float_model, train, quantizer=quantizer, epochs=10)

chip = pi.convert(model, device=pi.presets.marraccini2025(), mapping=pi.TwosComplement(quantizer), seed=0)
score = pi.evaluate(chip, test, arrays=50, training_data=train, float_model=float_model)

low, high = score.interval
print(f"float {score.accuracy_float:.2%}, 3 bits {score.accuracy_quantized:.2%}")
print(
    f"read back: {score.accuracy_array.mean():.2%} [{low:.2%}, {high:.2%}], worst {score.accuracy_array.min():.2%}"
)
print(f"nearest class mean {score.baseline_nearest_mean:.2%}, most frequent class {score.baseline:.2%}")
