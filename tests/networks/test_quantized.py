import pytest
import torch
from torch import nn

from pinched._errors import PinchedError
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer
from pinched.networks.quantized import quantize


def images(n: int, pixels: int, seed: int = 0) -> torch.Tensor:
    return torch.rand((n, pixels), generator=torch.Generator().manual_seed(seed))


def convolutional() -> nn.Sequential:
    generator = torch.Generator().manual_seed(3)
    net = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.utils.skip_init(nn.Conv2d, 1, 4, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.utils.skip_init(nn.Linear, 36, 5),
    )
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    return net


@pytest.mark.parametrize("net", [mlp((64, 20, 5)), convolutional()], ids=["mlp", "convolutional"])
def test_eight_bits_are_nearly_the_float_network(net):
    x = images(50, 64)
    stored = quantize(net, ClipQuantizer(8))
    with torch.no_grad():
        expected = net(x)
    # 127 steps to each side: an error of 0.4 % of the range per weight, averaged over the inputs.
    assert float((stored(x) - expected).abs().max()) < 0.05 * float(expected.abs().max())


def test_the_paper_network_adds_bare_integers():
    net = mlp((2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[10.0, -5.0]]))
        net[0].bias.copy_(torch.tensor([0.001]))
    stored = quantize(net, PaperQuantizer(3))
    assert stored.words.tolist() == [3, -2, 3]  # the tiny bias weighs as much as the largest weight
    assert float(stored(torch.tensor([[1.0, 1.0]]))) == 4.0


@pytest.mark.parametrize("net", [mlp((64, 20, 5)), convolutional()], ids=["mlp", "convolutional"])
def test_many_arrays_at_once_equal_one_after_the_other(net, monkeypatch):
    stored = quantize(net, ClipQuantizer(4))
    generator = torch.Generator().manual_seed(1)
    words = torch.randint(-8, 8, (6, stored.words.numel()), generator=generator)
    x = images(40, 64)
    together = stored.predict(words, x)
    for row, answers in zip(words, together, strict=True):
        assert torch.equal(stored.predict(row[None], x)[0], answers)
    monkeypatch.setattr("pinched.networks.quantized._CHUNK", 1)  # one image at a time
    assert torch.equal(stored.predict(words, x), together)


def test_its_own_words_give_its_own_answers():
    stored = quantize(mlp((64, 20, 5)), ClipQuantizer(3))
    x = images(30, 64)
    assert torch.equal(stored.predict(stored.words[None], x)[0], stored(x).argmax(-1))


def test_layers_and_order_of_the_words():
    net = mlp((6, 5, 3))
    stored = quantize(net, ClipQuantizer(8))
    assert stored.layers == (6, 5, 3)
    assert stored.names == ("0.weight", "0.bias", "2.weight", "2.bias")
    restored = stored.parameters(stored.words)
    assert torch.allclose(restored["0.weight"], net[0].weight.detach(), atol=stored.steps[0])
    assert quantize(convolutional(), ClipQuantizer(4)).layers == (1, 4, 5)


def test_the_float_network_is_kept_and_not_shared():
    net = mlp((4, 3))
    stored = quantize(net, ClipQuantizer(4))
    with torch.no_grad():
        net[0].weight.zero_()
    assert stored.module[0].weight.any()  # type: ignore[index]
    assert stored.words.any()


def test_all_zero_parameters_are_stored_as_zeros():
    net = mlp((4, 3))
    with torch.no_grad():
        net[0].weight.zero_()
    for quantizer in (PaperQuantizer(3), ClipQuantizer(3)):
        assert not quantize(net, quantizer).words.any()


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)),
            r"layer '1' \(BatchNorm1d\).*Fold a normalisation",
        ),
        (nn.GRU(2, 2), "GRU"),
        (nn.Sequential(nn.ReLU()), "no parameters"),
    ],
    ids=["norm", "gru", "nothing"],
)
def test_what_cannot_be_stored_is_named(net, message):
    with pytest.raises(PinchedError, match=message):
        quantize(net, ClipQuantizer(4))


def test_parameters_that_are_not_finite_are_named():
    net = mlp((2, 1))
    with torch.no_grad():
        net[0].bias.fill_(float("nan"))
    with pytest.raises(PinchedError, match=r"'0.bias' is not finite"):
        quantize(net, ClipQuantizer(4))


def test_words_of_another_network_are_refused():
    with pytest.raises(PinchedError, match="7 words given; this network has 9"):
        quantize(mlp((2, 3)), ClipQuantizer(4)).parameters(torch.zeros(7, dtype=torch.int8))


@pytest.mark.parametrize("net", [mlp((64, 20, 5)), convolutional()], ids=["mlp", "convolutional"])
def test_a_range_per_output_comes_closer_to_the_float_network(net):
    x = images(50, 64)
    errors = []
    for per_channel in (True, False):
        stored = quantize(net, ClipQuantizer(3, per_channel=per_channel))
        restored = stored.parameters(stored.words)
        errors.append(
            sum(float((restored[n] - p.detach()).square().sum()) for n, p in net.named_parameters())
        )
    assert errors[0] <= errors[1]
    stored = quantize(net, ClipQuantizer(3, per_channel=True))
    words = torch.stack([stored.words, -stored.words])
    together = stored.predict(words, x)
    assert torch.equal(together[0], stored(x).argmax(-1))
    assert torch.equal(together[1], stored.predict(-stored.words[None], x)[0])


def test_the_short_way_through_linear_layers_is_the_long_one():
    from torch.func import functional_call, vmap

    net = mlp((12, 9, 7, 4), seed=3)
    stored = quantize(net, ClipQuantizer(3))
    draw = torch.Generator().manual_seed(2)
    words = torch.randint(-3, 4, (6, stored.words.numel()), generator=draw, dtype=torch.int8)
    images = torch.rand(40, 12, generator=draw)
    slow = vmap(lambda p, x: functional_call(net, p, (x,)), in_dims=(0, None))(
        stored.parameters(words), images
    )
    assert torch.equal(stored.predict(words, images), slow.argmax(-1))
    # A layer that is neither linear nor ReLU takes the long way.
    other = nn.Sequential(nn.Linear(12, 4), nn.Tanh())
    wide = quantize(other, ClipQuantizer(3))
    many = wide.words.repeat(3, 1)
    assert torch.equal(wide.predict(many, images), wide(images).argmax(-1).expand(3, -1))
    without = nn.Sequential(nn.Linear(12, 4, bias=False))
    bare = quantize(without, ClipQuantizer(3))
    assert torch.equal(bare.predict(bare.words[None], images)[0], bare(images).argmax(-1))
