"""Networks in arrays: exact without imperfections, moments against draws, and a plain torch module all the while."""

import copy
import io
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from pinched._errors import PinchedError
from pinched.crossbar.array_options import WireGradient
from pinched.crossbar.converters import Adc, CalibratedRange, Dac, FixedRange
from pinched.crossbar.imperfections import Imperfections, TelegraphNoise
from pinched.crossbar.inputs import Amplitude, BitSerial, PulseCount
from pinched.crossbar.mapping import (
    BinaryWords,
    BitSlices,
    DifferentialPair,
    OffsetColumn,
    SingleDevice,
    Subtraction,
)
from pinched.crossbar.window import ConductanceWindow
from pinched.crossbar.wires.array import Crossbar
from pinched.devices.drift import PowerDrift
from pinched.networks.array_network import aged, float_twin, matrices, programmed
from pinched.networks.calibration import calibrate
from pinched.networks.convert import convert
from pinched.networks.diagnosis import Cause, diagnose
from pinched.networks.evaluation import evaluate
from pinched.networks.mlp import mlp
from pinched.networks.summary import summary
from pinched.networks.training import train

WINDOW = ConductanceWindow()
MAPPINGS = [
    DifferentialPair(), DifferentialPair(symmetric=True, subtraction=Subtraction.DIGITAL), OffsetColumn(),
    SingleDevice(),
]  # fmt: skip


def numbers(*shape, seed=0, dtype=torch.float32):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def seeded(module, seed=0):
    with torch.no_grad():
        for k, p in enumerate(module.parameters()):
            p.copy_(0.5 * numbers(*p.shape, seed=seed + k))
    return module.eval()


def flat(value):
    parts = value if isinstance(value, tuple) else (value,)
    return torch.cat([flat(p) if isinstance(p, tuple) else p.detach().flatten() for p in parts])


def in_arrays(model, **options):
    return convert(model, **({"device": WINDOW, "mapping": DifferentialPair()} | options))


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda m: m.name)
@pytest.mark.parametrize("tile", [None, (64, 64), (17, 5)])
def test_without_imperfections_it_is_the_float_network(mapping, tile):
    net, x = mlp((40, 24, 10), seed=1), numbers(30, 40)
    wanted = net(x).detach()
    got = in_arrays(net, mapping=mapping, tile=tile)(x).detach()
    assert float((got - wanted).abs().max()) <= 1e-6 * float(wanted.abs().max())


LAYERS = [
    (nn.Conv1d(3, 5, 4, padding="same", padding_mode="circular"), (2, 3, 17)),
    (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, dilation=2), (2, 4, 11, 9)),
    (nn.Conv2d(2, 3, (1, 3)), (2, 5, 6)),
    (nn.Conv3d(2, 3, (1, 2, 3), stride=(2, 1, 1)), (2, 2, 4, 5, 6)),
    (nn.RNN(5, 7, 2, nonlinearity="relu"), (6, 3, 5)),
    (nn.LSTM(5, 4, 2, bidirectional=True, batch_first=True), (3, 6, 5)),
    (nn.LSTM(5, 4), (6, 5)),
    (nn.GRU(5, 7, bidirectional=True, bias=False), (6, 3, 5)),
    (nn.RNNCell(5, 7), (3, 5)),
    (nn.LSTMCell(5, 7), (3, 5)),
    (nn.GRUCell(5, 7), (3, 5)),
]


@pytest.mark.parametrize(
    ("layer", "shape"), LAYERS, ids=lambda v: type(v).__name__ if isinstance(v, nn.Module) else ""
)
def test_every_layer_is_its_original(layer, shape):
    layer, x = seeded(layer), numbers(*shape)
    chip = in_arrays(layer, tile=(6, 8))
    wanted = flat(layer(x))
    torch.testing.assert_close(flat(chip(x)), wanted, rtol=0, atol=3e-6 * float(wanted.abs().max() + 1))
    assert torch.equal(flat(float_twin(chip)(x)), wanted)


def test_a_recurrent_layer_takes_its_first_state():
    layer, x = seeded(nn.LSTM(3, 4)), numbers(5, 2, 3)
    start = (numbers(1, 2, 4, seed=7), numbers(1, 2, 4, seed=8))
    torch.testing.assert_close(flat(in_arrays(layer)(x, start)), flat(layer(x, start)), rtol=0, atol=1e-5)


def test_reads_are_linear_with_wires_and_spread():
    chip = in_arrays(
        seeded(nn.Linear(20, 6, bias=False)), tile=(16, 16), wire_resistance="5 ohm",
        imperfections=Imperfections(device_to_device=0.2),
    ).double()  # fmt: skip
    a, b = numbers(4, 20, dtype=torch.float64), numbers(4, 20, seed=1, dtype=torch.float64)
    torch.testing.assert_close(chip(2 * a - 3 * b), 2 * chip(a) - 3 * chip(b), rtol=0, atol=1e-5)


def test_wires_are_those_of_the_circuit():
    layer = seeded(nn.Linear(6, 4, bias=False))
    chip = in_arrays(
        layer, wire_resistance=("30 ohm", "10 ohm"), source_resistance="100 ohm", sense_resistance="50 ohm"
    )
    weight = layer.weight.detach().double()
    scale = float(weight.abs().max())
    cells = DifferentialPair().targets(weight / scale, WINDOW).reshape(6, 8).numpy()
    array = Crossbar(cells, wire_resistance=(30.0, 10.0), source_resistance=100.0, sense_resistance=50.0)
    x = numbers(3, 6, dtype=torch.float64).numpy()
    current = np.stack([array.solve(row).bit_line_current for row in x])
    wanted = (current[:, 0::2] - current[:, 1::2]) * scale / WINDOW.width
    np.testing.assert_allclose(
        chip(torch.from_numpy(x).float()).detach().numpy(), wanted, rtol=0, atol=2e-6 * abs(wanted).max()
    )


def test_unused_lines_change_nothing():
    # 9 inputs in tiles of 5 word lines: one line of the first tile is unused; 5 outputs in tiles of 4 too.
    layer = seeded(nn.Linear(9, 5, bias=False))
    chip = in_arrays(layer, tile=(5, 8), wire_resistance="20 ohm")
    matrix = next(matrices(chip))
    assert (matrix.tiling.padding, matrix.tiling.row_tiles, matrix.tiling.column_tiles) == (1, 2, 2)
    weight = layer.weight.detach().double()
    scale = float(weight.abs().max())
    wanted = torch.zeros(5, dtype=torch.float64)
    for rows in (slice(0, 4), slice(4, 9)):
        for outputs in (slice(0, 3), slice(3, 5)):
            cells = DifferentialPair().targets(weight[outputs, rows] / scale, WINDOW).flatten(1).numpy()
            g = Crossbar(cells, wire_resistance=20.0).effective_conductance().sum(0)
            wanted[outputs] += torch.from_numpy(g[0::2] - g[1::2]) * scale / WINDOW.width
    torch.testing.assert_close(chip(torch.ones(1, 9))[0].detach().double(), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("inputs", [Amplitude(), PulseCount(), BitSerial()], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("signed", [True, False])
def test_codings_of_inputs_give_the_rounded_product(inputs, signed):
    layer, x = seeded(nn.Linear(12, 3)), numbers(40, 12)
    x = x if signed else x.abs()
    chip = in_arrays(layer, dac=Dac(bits=6), inputs=inputs, calibration=x)
    steps = 31 if signed else 63
    top = x.abs().max()
    torch.testing.assert_close(chip(x), layer((x / top * steps).round() / steps * top), rtol=0, atol=1e-5)


@pytest.mark.parametrize("bits", [4, 8, 12])
def test_an_adc_is_wrong_by_at_most_half_a_step_per_tile(bits):
    layer, x = seeded(nn.Linear(64, 5)), numbers(50, 64)
    chip = in_arrays(layer, tile=(16, 16), adc=Adc(bits=bits), calibration=x)
    matrix = next(matrices(chip))
    step = float(matrix.adc_step[0, 0, 0] * matrix.weight_scale * matrix.input_range)
    error = float((chip(x) - layer(x)).detach().abs().max())
    assert 0.2 * step < error <= 0.5 * step * matrix.tiling.row_tiles * 1.001


def test_ranges_of_their_own_help_uneven_tiles():
    layer, x = seeded(nn.Linear(32, 4)), numbers(100, 32)
    x[:, :16] *= 0.05  # the first tile carries little
    errors = []
    for per_tile in (False, True):
        chip = in_arrays(
            layer, tile=(16, 16), adc=Adc(bits=6, range=CalibratedRange(per_tile=per_tile)), calibration=x
        )
        errors.append(float((chip(x) - layer(x)).detach().square().mean()))
    assert errors[1] < 0.6 * errors[0]


def test_a_range_that_cuts_off_warns_and_is_counted(blobs):
    net = seeded(nn.Linear(6, 3))
    chip = in_arrays(net, adc=Adc(bits=8, range=FixedRange(1e-7)))
    with pytest.warns(UserWarning, match="beyond the range of its ADC"):
        chip(blobs.images)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        score = evaluate(chip, blobs, arrays=1)
        found = diagnose(chip, blobs.images)
    assert score.saturated > 0.5
    assert any("ADC" in str(w.message) for w in seen)
    assert found.ranges[0].saturated == pytest.approx(score.saturated, abs=0.05)
    assert found.worst.cause is Cause.ADC


@pytest.mark.parametrize(
    "mapping",
    [DifferentialPair(), OffsetColumn(), BitSlices(bits=6, cell_bits=2), BinaryWords(bits=6)],
    ids=lambda m: m.name,
)
def test_moments_of_reads_are_those_of_literal_draws(mapping):
    # 700 reads of one input: a variance is known to 5 %; OffsetColumn shares the noise of its column between outputs.
    net, x = seeded(nn.Linear(8, 3)), numbers(1, 8).expand(700, 8)
    now = Imperfections(read_noise=0.1, read_noise_floor=1e-7)
    found = []
    for literal in (False, True):
        chip = in_arrays(
            net,
            mapping=mapping,
            imperfections=Imperfections(read_noise=0.1, read_noise_floor=1e-7, literal_reads=literal),
        )
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.default_generator.manual_seed(5)
            out = chip(x)
        found.append((out.mean(0), torch.cov(out.T)))
    scale = float(found[1][1].diagonal().max())
    torch.testing.assert_close(found[0][1], found[1][1], rtol=0, atol=0.25 * scale)
    torch.testing.assert_close(found[0][0], found[1][0], rtol=0, atol=0.2 * scale**0.5)
    assert now.noisy


def test_pulses_average_the_noise_of_reads():
    # The largest input as 63 pulses: a 63rd of the variance of one read of the same input.
    net, x = seeded(nn.Linear(4, 2, bias=False)), torch.ones(4000, 4)
    deviation = []
    for inputs in (Amplitude(), PulseCount()):
        chip = in_arrays(
            net,
            imperfections=Imperfections(read_noise=0.1),
            dac=Dac(bits=6, range=FixedRange(1.0)),
            inputs=inputs,
        )
        next(matrices(chip)).input_bipolar.fill_(0.0)
        with torch.no_grad():
            deviation.append(chip(x).std(0))
    torch.testing.assert_close(deviation[1], deviation[0] / 63**0.5, rtol=0.08, atol=0)


@pytest.mark.slow
def test_read_noise_through_wires_is_first_order():
    # 10 % of the signal is lost in the wires; literal draws solve the circuit for every read. 300 of them: 4 %.
    net, x = seeded(nn.Linear(8, 3, bias=False)), numbers(1, 8).expand(300, 8)
    found = []
    for literal in (False, True):
        chip = in_arrays(
            net, wire_resistance="100 ohm", imperfections=Imperfections(read_noise=0.1, literal_reads=literal)
        )
        with torch.no_grad():
            found.append(chip(x).std(0))
    torch.testing.assert_close(found[0], found[1], rtol=0.15, atol=0)


def test_it_is_a_plain_module():
    net, x = mlp((12, 8, 4), seed=2), numbers(20, 12)
    now = Imperfections(device_to_device=0.1, cycle_to_cycle=0.01, drift=PowerDrift(nu=0.05))
    chip = programmed(
        in_arrays(net, imperfections=now, adc=Adc(bits=7), tile=(8, 8), calibration=x), array=5, time="1 h"
    )
    wanted = chip(x)
    twin = copy.deepcopy(chip)
    assert torch.equal(twin(x), wanted)
    buffer = io.BytesIO()
    torch.save(chip.state_dict(), buffer)
    buffer.seek(0)
    fresh = in_arrays(mlp((12, 8, 4), seed=9), imperfections=now, adc=Adc(bits=7), tile=(8, 8), calibration=x)
    assert not torch.equal(fresh(x), wanted)
    fresh.load_state_dict(torch.load(buffer, weights_only=True))
    assert torch.equal(fresh(x), wanted)
    assert (next(matrices(fresh)).array, next(matrices(fresh)).time) == (5, 3600.0)
    assert chip.to("cpu") is chip
    assert chip.double()(x.double()).dtype == torch.float64


_COMPILED = """
import torch
from pinched.crossbar.converters import Adc
from pinched.crossbar.imperfections import Imperfections
from pinched.crossbar.mapping import DifferentialPair
from pinched.crossbar.window import ConductanceWindow
from pinched.networks.convert import convert
from pinched.networks.mlp import mlp

x = torch.rand(20, 12, generator=torch.Generator().manual_seed(0))
chip = convert(
    mlp((12, 8, 4), seed=2), device=ConductanceWindow(), mapping=DifferentialPair(),
    imperfections=Imperfections(device_to_device=0.1), wire_resistance="1 ohm", adc=Adc(bits=7), tile=(8, 8),
    calibration=x,
).eval()
graphs = []

def backend(traced, _):
    graphs.append(traced)
    return traced.forward

with torch.no_grad():
    torch.testing.assert_close(torch.compile(chip, backend=backend, fullgraph=True)(x), chip(x))
assert len(graphs) == 1
"""


@pytest.mark.slow
def test_it_compiles_into_one_graph():
    """In a process of its own, without the types that tests check; what was traced is run and not compiled further,
    which takes a C++ compiler that not everybody has."""
    subprocess.run([sys.executable, "-c", _COMPILED], check=True)


def test_chips_differ_and_the_same_chip_is_the_same():
    chip = in_arrays(mlp((12, 8, 4)), imperfections=Imperfections(device_to_device=0.1))
    x = numbers(5, 12)
    one, other, again = (programmed(chip, array=k)(x) for k in (1, 2, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_drift_of_all_devices_alike_scales_the_output():
    chip = in_arrays(
        seeded(nn.Linear(10, 3, bias=False)), imperfections=Imperfections(drift=PowerDrift(nu=0.1))
    )
    x = numbers(4, 10)
    torch.testing.assert_close(aged(chip, 1e4)(x), chip(x) * 1e4**-0.1, rtol=1e-5, atol=1e-6)


def test_gradients_of_a_training_pass_are_those_of_the_float_network():
    net, x = mlp((10, 6, 3), seed=4), numbers(7, 10)
    chip = in_arrays(net, tile=(6, 8)).train()
    chip(x).square().sum().backward()
    net(x).square().sum().backward()
    wanted = {n: p.grad for n, p in net.named_parameters()}
    for k in (0, 2):
        weight = chip[k].matrix.weight
        # The largest weight defines the scale and is not moved through it.
        torch.testing.assert_close(weight.grad, wanted[f"{k}.weight"], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(chip[k].bias.grad, wanted[f"{k}.bias"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("gradient", list(WireGradient), ids=lambda g: g.value)
def test_training_sees_the_wires(gradient):
    net, x = seeded(nn.Linear(8, 3, bias=False)), numbers(6, 8)
    chip = in_arrays(net, wire_resistance="50 ohm", wire_gradient=gradient)
    wanted = chip(x).detach()
    torch.testing.assert_close(chip.train()(x).detach(), wanted, rtol=1e-4, atol=1e-4)
    chip(x).sum().backward()
    assert bool(torch.isfinite(chip.matrix.weight.grad).all())
    assert float(chip.matrix.weight.grad.abs().min()) > 0


def test_exact_gradients_through_the_wires():
    net, x = seeded(nn.Linear(5, 2, bias=False)).double(), numbers(3, 5, dtype=torch.float64)
    chip = in_arrays(net, wire_resistance="200 ohm", wire_gradient=WireGradient.EXACT).train()
    weight = chip.matrix.weight
    chip(x).square().sum().backward()
    k = (1, 2) if weight.abs().argmax() != 7 else (0, 1)
    step = 1e-6
    ends = []
    with torch.no_grad():
        for sign in (1.0, -1.0):
            weight[k] += sign * step
            ends.append(float(chip(x).square().sum()))
            weight[k] -= sign * step
    assert float(weight.grad[k]) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


def test_going_back_to_evaluation_programs_the_new_weights():
    net, x = mlp((6, 4, 2)), numbers(5, 6)
    chip = in_arrays(net)
    before = chip(x).detach()
    chip.train()
    with torch.no_grad():
        chip[0].matrix.weight.mul_(2.0)
    chip.eval()
    assert not torch.allclose(chip(x), before)
    torch.testing.assert_close(chip(x), float_twin(chip)(x), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_training_on_arrays_recovers_accuracy(blobs):
    # 60 % spread of every device and 3 levels: seen in training, the network stands it better.
    net = train(mlp((6, 12, 3)), blobs, epochs=60)
    chip = in_arrays(net, imperfections=Imperfections(device_to_device=0.6, levels=3))
    before = evaluate(chip, blobs, arrays=6)
    after = evaluate(train(chip, blobs, epochs=40), blobs, arrays=6)
    assert before.accuracy_float > 0.98
    assert after.mean >= before.mean + 0.3 * (before.accuracy_float - before.mean)


def test_a_score_over_times_and_chips(blobs):
    net = train(mlp((6, 8, 3)), blobs, epochs=25)
    now = Imperfections(drift=PowerDrift(nu=0.1), drift_spread=0.1, read_noise=0.05)
    chip = in_arrays(net, imperfections=now)
    score = evaluate(chip, blobs, arrays=4, times=("1 s", "1 h", 1e7))
    assert score.accuracy_over_time.shape == (3, 4)
    assert score.accuracy_over_time[0].mean() >= score.accuracy_over_time[2].mean()
    again = evaluate(chip, blobs, arrays=range(2, 4), times=("1 s", "1 h", 1e7))
    assert (again.accuracy_over_time == score.accuracy_over_time[:, 2:]).all()
    assert "float twin" in str(score)
    assert np.allclose(score.confusion.sum(1), 1)


def test_guessing_is_not_silent(blobs):
    net = train(mlp((6, 8, 3)), blobs, epochs=25)
    chip = in_arrays(net, imperfections=Imperfections(stuck_at_lrs=0.9))
    with pytest.warns(UserWarning, match=r"'stuck cells' in layer"):
        evaluate(chip, blobs, arrays=3)


def test_a_diagnosis_tells_attenuation_from_scatter():
    net, x = seeded(nn.Linear(30, 6)), numbers(200, 30)
    chip = in_arrays(
        net,
        wire_resistance="30 ohm",
        imperfections=Imperfections(device_to_device=0.05, telegraph_noise=TelegraphNoise()),
    )
    found = diagnose(chip, x)
    wires, spread = found.of("layer", Cause.WIRES), found.of("layer", Cause.DEVICE_TO_DEVICE)
    assert wires.gain < 0.95
    assert wires.decibel_scaled > wires.decibel + 3
    # 5 % on every device is 26 dB: 20 log10(1 / 0.05), a little more for the devices at g_min.
    assert spread.decibel == pytest.approx(26.0, abs=2.5)
    assert found.ranges[0].attenuation < 1.0
    assert found.of("layer").decibel < min(wires.decibel, spread.decibel) + 1
    assert "wires" in str(found)


def test_a_summary_counts():
    text = summary(in_arrays(mlp((784, 128, 10)), tile=(128, 128), imperfections=Imperfections(levels=16)))
    assert (text.tiles, text.cells) == (15, 2 * (784 * 128 + 128 * 10))
    assert "on  finite levels" in str(text)
    assert "off wires" in str(text)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.out = nn.MultiheadAttention(4, 2), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(self.attention(x, x, x)[0])


def test_layers_without_a_mapping_are_refused_or_left_digital():
    with pytest.raises(PinchedError, match=r"'attention'.*digital=\('attention',\)"):
        in_arrays(Attention())
    x = numbers(3, 2, 4)
    net = seeded(Attention())
    chip = in_arrays(net, digital=("attention",))
    torch.testing.assert_close(chip(x), net(x), rtol=0, atol=1e-5)
    with pytest.raises(PinchedError, match="no layer that maps"):
        in_arrays(nn.Sequential(nn.ReLU()))
    with pytest.raises(PinchedError, match="digital names head"):
        in_arrays(mlp((3, 2)), digital=("head",))
    with pytest.raises(PinchedError, match="proj_size"):
        in_arrays(nn.LSTM(4, 6, proj_size=3))


def test_a_shared_layer_stays_one():
    layer = nn.Linear(4, 4)
    chip = in_arrays(nn.Sequential(layer, nn.ReLU(), layer))
    assert chip[0] is chip[2]


def test_bad_options():
    net = mlp((6, 4))
    zeros = nn.Linear(3, 2)
    nn.init.zeros_(zeros.weight)
    with pytest.warns(UserWarning, match="are zero"):
        chip = in_arrays(zeros)
    assert bool(torch.isfinite(chip(torch.ones(1, 3))).all())
    with pytest.raises(PinchedError, match="takes its range from data"):
        in_arrays(net, adc=Adc(bits=8))
    with pytest.raises(PinchedError, match="counts in bits"):
        in_arrays(net, inputs=BitSerial())
    with pytest.raises(PinchedError, match="does not hold one weight"):
        in_arrays(net, tile=(8, 1))
    with pytest.raises(PinchedError, match="threshold was given"):
        in_arrays(net, threshold=1e4)
    with pytest.raises(PinchedError, match="needs 4 levels"):
        in_arrays(net, mapping=BitSlices(bits=7, cell_bits=2), imperfections=Imperfections(levels=3))
    with pytest.raises(PinchedError, match="not below zero"):
        in_arrays(net, wire_resistance="-1 ohm")
    with torch.no_grad():
        net[0].weight[0, 0] = float("nan")
    with pytest.raises(PinchedError, match="not finite"):
        in_arrays(net)


def test_calibration_needs_no_second_solution_and_changes_no_product():
    net, x = mlp((20, 8, 3), seed=3), numbers(50, 20)
    chip = in_arrays(net, wire_resistance="5 ohm", adc=Adc(bits=22, range=FixedRange(1e-3)))
    again = calibrate(chip, x)
    assert next(matrices(again)).calibrated
    torch.testing.assert_close(again(x), chip(x), rtol=0, atol=2e-4)
