"""Batch normalisation settled in a chip: what it puts out has the mean and the spread that it was trained to give."""

import pytest
import torch
from torch import nn

from pinched._errors import PinchedError
from pinched.crossbar.imperfections import Imperfections
from pinched.crossbar.mapping import DifferentialPair
from pinched.crossbar.window import ConductanceWindow
from pinched.networks.array_network import programmed
from pinched.networks.convert import convert
from pinched.networks.datasets import ImageSet, Split
from pinched.networks.evaluation import evaluate
from pinched.networks.normalisation import settle_normalisation


def network():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 4), nn.BatchNorm1d(4))
    for layer in net:
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.uniform_(layer.weight, 0.5, 2.0)
            nn.init.normal_(layer.bias)
    return net.eval()


def chip(scatter, net=None):
    return convert(
        net or network(), device=ConductanceWindow(), mapping=DifferentialPair(), seed=1,
        imperfections=Imperfections(device_to_device=scatter),
    )  # fmt: skip


def inputs(count):
    return torch.rand(count, 12, generator=torch.Generator().manual_seed(3))


@torch.no_grad()
def test_outputs_have_the_trained_mean_and_spread_in_every_chip():
    x = inputs(1500)  # three portions of equal size
    for array in (0, 1):
        settled = settle_normalisation(programmed(chip(0.3), array=array), x)
        last = settled[-1]
        out = settled(x)
        # Portions of 500 have means and variances of their own: what they leave is of second order, 1 / 500.
        torch.testing.assert_close(out.mean(0), last.bias, atol=5e-3, rtol=0)
        torch.testing.assert_close(out.std(0), last.weight.abs(), atol=0, rtol=5e-3)
        off = programmed(chip(0.3), array=array)(x) - last.bias
        assert off.mean(0).abs().max() > 0.1


@torch.no_grad()
def test_what_was_there_stays_as_it_was():
    written = programmed(chip(0.3), array=0)
    before = {name: value.clone() for name, value in written.state_dict().items()}
    settled = settle_normalisation(written, inputs(400))
    assert all(torch.equal(value, before[name]) for name, value in written.state_dict().items())
    changed = {n for n, value in settled.state_dict().items() if not torch.equal(value, before[n])}
    assert {name.rpartition(".")[2] for name in changed} == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }
    assert not any(m.training for m in settled.modules())
    assert [m.momentum for m in settled if isinstance(m, nn.BatchNorm1d)] == [0.1, 0.1]


@torch.no_grad()
def test_evaluate_settles_every_chip_by_itself():
    net, x = network(), inputs(800)
    # The network trained on its own inputs: settled once without any scatter.
    net = settle_normalisation(net, x)
    labels = net(x).argmax(1)
    data = ImageSet(name="x", split=Split.TEST, images=x, labels=labels, classes=tuple("abcd"), note="drawn")
    parts = chip(0.3, net)
    plain, settled = evaluate(parts, data, arrays=3), evaluate(parts, data, arrays=3, settle=x)
    for array in range(3):
        own = settle_normalisation(programmed(parts, array=array), x)
        right = float((own(x).argmax(1) == labels).double().mean())
        assert settled.accuracy_over_time[0, array] == pytest.approx(right, abs=1e-12)
    assert settled.mean > plain.mean
    assert plain.accuracy_float == 1.0


def test_bad_input():
    with pytest.raises(PinchedError, match="no batch normalisation"):
        settle_normalisation(nn.Sequential(nn.Linear(3, 2)), torch.zeros(5, 3))
    with pytest.raises(PinchedError, match="1 inputs have no variance"):
        settle_normalisation(network(), inputs(1))
