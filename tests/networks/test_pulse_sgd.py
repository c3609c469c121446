"""Training in place: what the rules promise, by closed forms and conserved quantities."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

import pinched as pi
from pinched._errors import PinchedError
from pinched.crossbar.cells import Endurance
from pinched.devices.updates import (
    ConstantUpdate,
    NeuroSimUpdate,
    PulseUpdate,
    QuantizedLevels,
    RangeNoise,
    SoftBoundsUpdate,
    TableUpdate,
)
from pinched.devices.updates.symmetry import step_at, symmetric_point
from pinched.devices.variability import Within
from pinched.extraction.distributions import Normal
from pinched.networks.pulse_rules import (
    DifferentialPulses,
    Manhattan,
    MixedPrecision,
    NaivePulses,
    TikiTaka,
    TikiTaka2,
    pulses_from_empty,
    pulses_to_empty,
)
from pinched.networks.pulse_sgd import PulseSGD
from pinched.networks.pulse_state import PulseLayout, WornOutError, WritePulse

CURVED = NeuroSimUpdate(
    g_min=4e-5, g_max=2e-3, pulses_up=30.0, pulses_down=30.0, label_up=5.08, label_down=-4.85
)
STRAIGHT = ConstantUpdate(g_min=1e-6, g_max=1e-4, step_up_size=4.95e-7, step_down_size=4.95e-7)
"""Two hundred steps across the window."""
SOFT = SoftBoundsUpdate(g_min=1e-6, g_max=1e-4, step_up_size=2e-6, step_down_size=1e-6)

RULES = (
    NaivePulses(),
    Manhattan(),
    DifferentialPulses(every=3),
    TikiTaka(),
    TikiTaka2(),
    MixedPrecision(),
    MixedPrecision(read_back=True),
    MixedPrecision(inertia=0.9),
)
ids = [f"{k}-{type(rule).__name__}" for k, rule in enumerate(RULES)]


def model(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(36, 10),
        )  # fmt: skip


def trained(optimizer: PulseSGD, net: nn.Module, steps: int, batch: int = 32) -> None:
    data = pi.datasets.digits("train")
    draws = torch.Generator().manual_seed(1)
    for _ in range(steps):
        index = torch.randint(len(data), (batch,), generator=draws)
        optimizer.zero_grad()
        functional.cross_entropy(net(data.images[index]), data.labels[index]).backward()
        optimizer.step()


def asked(net: nn.Module) -> torch.Tensor:
    """Gradients of the weights in devices, in their order."""
    found = [net.get_parameter(name).grad for name in ("1.weight", "5.weight")]
    return torch.cat([g.flatten() for g in found if g is not None])


def gradients(net: nn.Module, size: float = 0.01) -> None:
    draws = torch.Generator().manual_seed(2)
    for p in net.parameters():
        p.grad = size * torch.randn(p.shape, generator=draws)


# Where pulses lead -------------------------------------------------------------------------------------------


def test_the_symmetric_point_of_soft_bounds_is_where_the_closed_form_has_it():
    # s+ (1 - y)/(1 - z) = s- y/z: y = s+ z / (s+ z + s- (1 - z)), here z = 1/2.
    assert float(symmetric_point(SOFT)) == pytest.approx(2.0 / 3.0, abs=1e-9)


def test_pulses_up_and_down_in_turn_lead_to_the_symmetric_point():
    end = []
    for start in (0.05, 0.95):
        g = CURVED.conductance(start)
        for _ in range(200):
            g = CURVED.after(CURVED.after(g, 1.0), -1.0)
        end.append((CURVED.share(g), CURVED.share(CURVED.after(g, 1.0))))
    # The state before the pulse up and the one after it lie on either side.
    assert end[0] == pytest.approx(end[1], abs=1e-9)
    assert end[0][0] < float(symmetric_point(CURVED)) < end[0][1]


@pytest.mark.parametrize("device", [STRAIGHT, ConstantUpdate(step_up_size=2e-7, step_down_size=1e-7)])
@pytest.mark.parametrize("rule", [TikiTaka(), TikiTaka2()])
def test_a_device_without_a_symmetric_point_is_refused_by_the_rules_that_need_one(device, rule):
    with pytest.raises(PinchedError, match="no symmetric point"):
        PulseSGD(model(), rule=rule, device=device)


def test_every_device_has_its_own_symmetric_point():
    spread = {"step_up_size": Within(Normal(mean=2e-6, std=4e-7), low=5e-7, high=4e-6)}
    net = model()
    optimizer = PulseSGD(net, rule=TikiTaka2(), device=SOFT, spreads=spread)
    fast = optimizer.devices.fast
    assert fast is not None
    up = fast.law.step_up_size  # type: ignore[attr-defined]
    assert torch.allclose(fast.share(), (up / (up + 1e-6)).float(), atol=1e-5)


@pytest.mark.parametrize("law", [CURVED, STRAIGHT, SOFT])
def test_pulses_from_empty_lead_where_they_are_wanted(law):
    wanted = torch.tensor([0.0, 0.003, 0.1, 0.17])
    number = pulses_from_empty(law, wanted)
    reached = law.share(law.after(torch.full_like(wanted, float(law.g_min)), number))
    assert torch.allclose(reached, wanted, atol=4e-3)
    empty = law.after(torch.full((3,), float(law.g_max)), -pulses_to_empty(law, 3).float())
    assert bool((law.share(empty) <= 0.0101).all())


# What every rule keeps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_the_model_shows_what_the_devices_stand_for_within_their_window(rule):
    net = model()
    optimizer = PulseSGD(net, rule=rule, device=CURVED, noise=RangeNoise(sigma=0.02), lr=0.1)
    trained(optimizer, net, 6)
    g = optimizer.devices.bank.conductance
    assert float(g.min()) >= CURVED.g_min * (1 - 1e-6)
    assert float(g.max()) <= CURVED.g_max * (1 + 1e-6)
    shown = torch.cat([net.get_parameter("1.weight").flatten(), net.get_parameter("5.weight").flatten()])
    share = (g.double() - CURVED.g_min) / (CURVED.g_max - CURVED.g_min)
    first = model()
    scale = torch.cat(
        [
            torch.full((w.numel(),), 4.0 * float(w.detach().abs().mean()))
            for w in (first.get_parameter("1.weight"), first.get_parameter("5.weight"))
        ]
    )
    signed = share[: shown.numel()] - share[shown.numel() :] if rule.paired else 2.0 * share - 1.0
    assert torch.allclose(shown.double(), scale * signed, atol=1e-5)


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_a_state_that_was_kept_goes_on_to_the_same_end(rule):
    def fresh() -> tuple[nn.Module, PulseSGD]:
        net = model()
        return net, PulseSGD(net, rule=rule, device=CURVED, noise=RangeNoise(sigma=0.02), lr=0.1, seed=5)

    net, optimizer = fresh()
    trained(optimizer, net, 4)
    kept = copy.deepcopy({"model": net.state_dict(), "optimizer": optimizer.state_dict()})
    trained(optimizer, net, 4)
    other, again = fresh()
    other.load_state_dict(kept["model"])
    again.load_state_dict(kept["optimizer"])
    trained(again, other, 4)
    for a, b in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
    assert optimizer.cost == again.cost


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_no_gradient_is_no_pulse(rule):
    net = model()
    optimizer = PulseSGD(net, rule=rule, device=CURVED, noise=RangeNoise(sigma=0.02), lr=0.1)
    before = optimizer.devices.bank.conductance.clone()
    for p in net.parameters():
        p.grad = torch.zeros_like(p)
    for _ in range(4):
        optimizer.step()
    assert optimizer.cost.pulses == 0
    assert optimizer.cost.energy == 0.0
    assert torch.equal(before, optimizer.devices.bank.conductance)


# What single rules promise ------------------------------------------------------------------------------------


def test_mixed_precision_loses_nothing_on_a_linear_device():
    net = model()
    optimizer = PulseSGD(net, rule=MixedPrecision(), device=STRAIGHT, lr=0.1)
    start = optimizer.weights().clone()
    wanted = torch.zeros_like(start)
    for k in range(30):
        gradients(net, size=0.002 * (k + 1))
        step = asked(net)
        wanted -= 0.1 * step
        optimizer.step()
    unit = 2.0 * optimizer._scale
    owed = optimizer.devices.kept("accumulated") * unit
    inside = (optimizer.weights().abs() < 0.99 * optimizer._scale) & (
        (start + wanted).abs() < optimizer._scale
    )
    assert float(inside.double().mean()) > 0.9
    assert torch.allclose((optimizer.weights() + owed)[inside], (start + wanted)[inside], atol=2e-4)
    assert float((owed / unit).abs().max()) < step_at(STRAIGHT, 0.5) * 1.0001


def test_read_back_owes_what_the_curved_and_noisy_device_did_not_do():
    net = model()
    optimizer = PulseSGD(
        net, rule=MixedPrecision(read_back=True), device=CURVED, noise=RangeNoise(sigma=0.05), lr=0.1, span=20.0
    )  # fmt: skip
    start = optimizer.weights().clone()
    wanted = torch.zeros_like(start)
    for _ in range(20):
        gradients(net, size=0.05)
        wanted -= 0.1 * asked(net)
        optimizer.step()
    owed = optimizer.devices.kept("accumulated") * 2.0 * optimizer._scale
    held = (owed / (2.0 * optimizer._scale)).abs() > 0.999 * step_at(CURVED, 0.5)
    error = (optimizer.weights() + owed - start - wanted) / optimizer._scale
    # Where the debt was held at one step, and only there, something is forgotten.
    assert float(held.double().mean()) < 0.5
    assert float(error[~held].abs().median()) < 1e-5


def test_naive_pulses_have_the_gradient_as_their_mean():
    net = nn.Linear(400, 50, bias=False)
    nn.init.constant_(net.weight, 0.01)
    optimizer = PulseSGD(net, rule=NaivePulses(), device=STRAIGHT, lr=1.0)
    before = optimizer.weights().clone()
    net.weight.grad = torch.full_like(net.weight, 1e-5)
    for _ in range(20):
        optimizer.step()
    moved = optimizer.weights() - before
    unit = 2.0 * float(optimizer._scale[0]) * step_at(STRAIGHT, 0.5)
    chance = 1e-5 / unit
    error = math.sqrt(20 * chance * (1 - chance) / moved.numel()) * unit
    assert chance < 1
    assert float(moved.mean()) == pytest.approx(-20e-5, abs=4 * error)


def test_manhattan_pulses_the_largest_gradients_once_by_their_sign():
    net = nn.Linear(20, 10, bias=False)
    optimizer = PulseSGD(net, rule=Manhattan(share=0.1), device=STRAIGHT, lr=1.0)
    before = optimizer.weights().clone()
    net.weight.grad = torch.linspace(-1.0, 1.0, 200).reshape(10, 20)
    optimizer.step()
    moved = optimizer.weights() - before
    assert optimizer.cost.pulses == 20
    assert optimizer.cost.largest == 1
    assert bool((moved[:10] > 0).all())
    assert bool((moved[-10:] < 0).all())
    assert float(moved[10:-10].abs().max()) == 0.0


def test_pairs_only_rise_between_rewrites_and_keep_their_difference_in_one():
    net = model()
    optimizer = PulseSGD(net, rule=DifferentialPulses(every=4, full=0.5), device=SOFT, lr=0.05)
    bank, size = optimizer.devices.bank, optimizer.layout.size
    for k in range(3):
        before = bank.conductance.clone()
        gradients(net, size=0.2 * (k + 1))
        optimizer.step()
        assert bool((bank.conductance >= before).all())
    gradients(net, size=0.0)
    share, weight = bank.share(), optimizer.weights().clone()
    full = torch.maximum(share[:size], share[size:]) > 0.5
    assert bool(full.any())
    optimizer.step()
    after = bank.share()
    assert bool((torch.minimum(after[:size], after[size:])[full] <= 0.011).all())
    # Whole pulses from empty: the difference comes back to within one of them, and to nothing on the mean.
    back = (optimizer.weights() - weight)[full] / optimizer._scale[full]
    assert float(back.abs().max()) < 0.045
    assert torch.equal(weight[~full], optimizer.weights()[~full])


def test_tiki_taka_moves_the_weights_as_the_gradient_asks():
    net = nn.Linear(30, 20, bias=False)
    optimizer = PulseSGD(net, rule=TikiTaka2(transfer=1.0), device=SOFT, lr=1.0)
    before = optimizer.weights().clone()
    sign = torch.where(torch.arange(20) % 2 == 0, 1.0, -1.0)[:, None].expand(20, 30).contiguous()
    for _ in range(120):
        net.weight.grad = 0.002 * sign
        optimizer.step()
    moved = (optimizer.weights() - before).view(20, 30)
    assert float((moved * -sign > 0).double().mean()) > 0.99


# What it takes -----------------------------------------------------------------------------------------------


def test_pulses_time_and_energy_of_one_step_are_those_of_the_formula():
    net = nn.Linear(3, 2, bias=False)
    nn.init.constant_(net.weight, 0.1)
    write = WritePulse(voltage=2.0, width=1e-6)
    optimizer = PulseSGD(net, rule=NaivePulses(), device=STRAIGHT, lr=1.0, write=write)
    unit = 2.0 * float(optimizer._scale[0]) * step_at(STRAIGHT, 0.5)
    count = torch.tensor([[3.0, 0.0, -1.0], [1.0, 0.0, 2.0]])
    before = optimizer.devices.bank.conductance.double()
    net.weight.grad = -count * unit * 1.0001
    optimizer.step()
    cost = optimizer.cost
    assert cost.pulses == 7
    assert cost.largest == 3
    # Word line 0: three up; word line 2: two up and one down, apart.
    assert cost.steps == 3 + 2 + 1
    assert cost.time == pytest.approx(6e-6)
    mean = before + 0.5 * count.flatten() * STRAIGHT.step_up_size
    assert cost.energy == pytest.approx(float((mean * count.flatten().abs()).sum()) * 4.0 * 1e-6, rel=1e-4)


def test_worn_devices_stop_the_training_with_a_count_and_a_checkpoint(tmp_path):
    net, path = model(), tmp_path / "worn.pt"
    optimizer = PulseSGD(
        net, rule=NaivePulses(), device=CURVED, lr=0.5, endurance=Endurance(pulses=3), checkpoint=path
    )
    with pytest.raises(WornOutError, match="beyond their endurance") as caught:
        trained(optimizer, net, 200)
    assert caught.value.worn >= 1
    assert caught.value.step >= 2
    assert optimizer.cost.largest <= 3
    kept = torch.load(path, weights_only=True)
    other = model()
    other.load_state_dict(kept["model"])
    assert torch.equal(other.get_parameter("5.weight"), net.get_parameter("5.weight"))
    again = PulseSGD(other, rule=NaivePulses(), device=CURVED, lr=0.5, endurance=Endurance(pulses=3))
    again.load_state_dict(kept["optimizer"])
    assert again.cost == optimizer.cost


def test_a_column_of_the_layout_is_one_word_line_of_each_matrix():
    layout = PulseLayout(names=("a", "b"), shapes=((2, 3), (4, 2)))
    lines, matrix = layout.word_lines()
    first, inputs = layout.columns()
    for number in range(6):
        index = first + number % inputs
        assert sorted(set(lines[index].tolist())) == [number % 3, 3 + number % 2]
        assert index.numel() == 6
    assert matrix.tolist() == [0, 0, 0, 1, 1]


# Devices, chips, bad input -------------------------------------------------------------------------------------


def test_a_device_draws_the_same_whatever_other_layers_there_are():
    spread = {"label_up": Within(Normal(mean=5.0, std=0.3), low=1.0, high=9.0)}
    whole = PulseSGD(model(), rule=NaivePulses(), device=CURVED, spreads=spread)
    part = PulseSGD(model(), rule=NaivePulses(), device=CURVED, spreads=spread, digital=("1",))
    assert torch.equal(whole.devices.bank.law.label_up[36:], part.devices.bank.law.label_up)  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", [MixedPrecision(), DifferentialPulses()], ids=["one", "pair"])
def test_the_trained_devices_answer_in_the_arrays_of_a_chip_as_in_the_model(rule):
    net = model()
    optimizer = PulseSGD(net, rule=rule, device=CURVED, noise=RangeNoise(sigma=0.02), lr=0.1)
    trained(optimizer, net, 10)
    chip = pi.convert(net, device=CURVED, mapping=rule.mapping, tile=(16, 16))
    images = pi.datasets.digits("test").images
    optimizer.into(chip)
    with torch.no_grad():
        assert torch.allclose(chip(images), net(images), atol=1e-4)
    with pytest.raises(PinchedError, match="by the mapping"):
        optimizer.into(pi.convert(net, device=CURVED, mapping=pi.OffsetColumn()))


def learnt(device: PulseUpdate, steps: int) -> tuple[float, PulseSGD]:
    """Accuracy on test digits after `steps` in `device`."""
    net, data = model(), pi.datasets.digits("test")
    optimizer = PulseSGD(net, rule=MixedPrecision(read_back=True), device=device, lr=0.2)
    trained(optimizer, net, steps)
    return float((net(data.images).argmax(1) == data.labels).double().mean()), optimizer


def test_a_measured_table_trains_too():
    up = tuple((1 - math.exp(-k / 6)) / (1 - math.exp(-30 / 6)) for k in range(31))
    assert learnt(TableUpdate(up=up, down=up[::-1], g_min=4e-5, g_max=2e-3), 80)[0] > 0.5


@pytest.mark.slow
def test_discrete_levels_train_too_and_pulsed_devices_stay_on_them():
    chances = (torch.eye(21).roll(1, 1) * 0.8 + 0.2 * torch.eye(21)).double()
    chances[-1], chances[-1, -1] = 0.0, 1.0
    rows = tuple(tuple(row) for row in chances.tolist())
    down = tuple(tuple(row) for row in chances.flip(0, 1).tolist())
    right, optimizer = learnt(
        QuantizedLevels(levels=tuple(1e-5 * k for k in range(21)), up=rows, down=down), 150
    )
    assert right > 0.7
    g, moved = optimizer.devices.bank.conductance, optimizer.devices.bank.pulses > 0
    assert torch.allclose(g[moved], 1e-5 * torch.round(g[moved] / 1e-5), rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digital": ("9",)}, "digital names 9"),
        ({"digital": ("1", "5")}, "no Linear or Conv layer"),
        ({"span": 0.0}, "span is 0.0"),
        ({"lr": -1.0}, "lr is -1"),
        ({"spreads": {"no_such": Normal(mean=1.0, std=0.1)}}, "no parameter no_such"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(PinchedError, match=message):
        PulseSGD(model(), **{"rule": NaivePulses(), "device": CURVED} | change)


def test_weights_that_are_zero_or_not_finite_are_refused():
    for value, message in ((0.0, "are zero"), (math.nan, "not finite")):
        net = nn.Linear(3, 2)
        nn.init.constant_(net.weight, value)
        with pytest.raises(PinchedError, match=message):
            PulseSGD(net, rule=NaivePulses(), device=CURVED)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MixedPrecision(inertia=1.0),
        lambda: MixedPrecision(most=0),
        lambda: Manhattan(share=0.0),
        lambda: DifferentialPulses(full=1.0),
        lambda: TikiTaka(every=0),
        lambda: WritePulse(width=0.0),
    ],
)
def test_rules_refuse_numbers_that_cannot_be(make):
    with pytest.raises(PinchedError):
        make()
