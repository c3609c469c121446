import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from pinched._errors import DataFileError, PinchedError
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer, RoundQuantizer
from pinched.networks.quantized import quantize
from pinched.networks.saved import from_state, load_network, save_network, state_of

QUANTIZERS = [PaperQuantizer(3), RoundQuantizer(8), ClipQuantizer(2), ClipQuantizer(4, per_channel=True)]


@pytest.mark.parametrize("quantizer", QUANTIZERS, ids=str)
def test_a_network_comes_back_from_a_file_and_from_a_state(quantizer, tmp_path):
    network = quantize(mlp((6, 5, 3), seed=1), quantizer)
    save_network(network, tmp_path / "net.npz")
    images = torch.rand((20, 6), generator=torch.Generator().manual_seed(0))
    for back in (
        load_network(tmp_path / "net.npz", mlp((6, 5, 3))),
        from_state(state_of(network), mlp((6, 5, 3)), quantizer),
    ):
        assert torch.equal(back.words, network.words)
        assert back.quantizer == quantizer
        assert torch.equal(back(images), network(images))
        assert torch.equal(back.module(images), network.module(images))
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]


def test_the_file_holds_no_pickle(tmp_path):
    save_network(quantize(mlp((4, 3)), ClipQuantizer(3)), tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as stored:
        assert {stored[name].dtype.kind for name in stored.files} <= {"f", "i", "U"}


def test_another_architecture_is_named(tmp_path):
    save_network(quantize(mlp((4, 3)), ClipQuantizer(3)), tmp_path / "net.npz")
    with pytest.raises(PinchedError, match="Give a module of the architecture that was saved"):
        load_network(tmp_path / "net.npz", mlp((5, 3)))
    with pytest.raises(PinchedError, match="BatchNorm1d"):
        load_network(tmp_path / "net.npz", nn.Sequential(mlp((4, 3)), nn.BatchNorm1d(3)))


@pytest.mark.parametrize("content", [b"", b"not a file", b"PK\x03\x04broken"])
def test_what_is_no_network_is_named(tmp_path, content):
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=r"net\.npz"):
        load_network(path, mlp((4, 3)))
    with pytest.raises(DataFileError, match="cannot be read"):
        load_network(tmp_path / "nowhere.npz", mlp((4, 3)))


def test_an_unknown_head_and_an_unknown_quantizer_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(DataFileError, match="no saved network"):
        load_network(tmp_path / "other.npz", mlp((4, 3)))

    @dataclasses.dataclass(frozen=True)
    class Mine(ClipQuantizer):
        pass

    with pytest.raises(PinchedError, match="Mine has no name in files"):
        save_network(quantize(mlp((4, 3)), Mine(3)), tmp_path / "net.npz")


class Centred(nn.Module):
    """A layer without parameters whose buffer is no lasting state of its module."""

    def __init__(self, mean):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean), persistent=False)

    def forward(self, x):
        return x - self.mean


def test_buffers_come_back_too(tmp_path):
    def net(mean=0.0):
        return nn.Sequential(Centred(mean), mlp((4, 3), seed=1), nn.BatchNorm1d(3, affine=False))

    known = net(0.3)
    known(torch.rand((50, 4), generator=torch.Generator().manual_seed(1)))  # running means and variances
    network = quantize(known.eval(), ClipQuantizer(4))
    save_network(network, tmp_path / "net.npz")
    images = torch.rand((9, 4), generator=torch.Generator().manual_seed(2))
    back = load_network(tmp_path / "net.npz", net())
    assert torch.equal(back(images), network(images))
    assert not torch.equal(quantize(net(), ClipQuantizer(4))(images), network(images))
    with pytest.raises(PinchedError, match="parameters and buffers"):
        load_network(tmp_path / "net.npz", mlp((4, 3)))
