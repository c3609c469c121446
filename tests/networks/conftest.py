import numpy as np
import pytest
import torch
from torch import nn

from pinched.devices.spread import DeviceSpread
from pinched.extraction.distributions import Lognormal
from pinched.networks.convert import convert
from pinched.networks.datasets import ImageSet, Split
from pinched.networks.mapping import TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small tensors run faster on one thread, and the machine of the tests is shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def published_network(shared) -> nn.Sequential:
    """The float 20-20-20-10 network that the authors of marraccini2025fast published; not part of the project."""
    path = shared / "datasets" / "digits5x4" / "published_network.npz"
    if not path.is_file():
        pytest.skip(f"no published network at {path}")
    net = mlp((20, 20, 20, 10))
    with np.load(path) as stored, torch.no_grad():
        for k, layer in enumerate((m for m in net if isinstance(m, nn.Linear)), start=1):
            layer.weight.copy_(torch.from_numpy(stored[f"weight{k}"]))
            layer.bias.copy_(torch.from_numpy(stored[f"bias{k}"]))
    return net


@pytest.fixture
def blobs() -> ImageSet:
    """Three easy classes of 6-pixel images, 300 of them."""
    generator = torch.Generator().manual_seed(5)
    labels = torch.arange(300) % 3
    centre = torch.eye(6)[labels] * 0.6 + 0.2
    noise = 0.1 * torch.randn(300, 6, generator=generator)
    return ImageSet(
        name="blobs",
        split=Split.TEST,
        images=(centre + noise).clamp(0, 1),
        labels=labels,
        classes=("a", "b", "c"),
        note="300 test images made for this test",
    )


@pytest.fixture(scope="session")
def one_image() -> ImageSet:
    """A single pixel that belongs to the second of two classes."""
    return ImageSet(
        name="one image",
        split=Split.TEST,
        images=torch.ones(1, 1),
        labels=torch.ones(1, dtype=torch.long),
        classes=("no", "yes"),
        note="one test image made for this test",
    )


@pytest.fixture(scope="session")
def one_bit():
    """A network that is right exactly where a single bit reads '1', in devices whose other bits never fail.

    Its words are 00 and 01: of equal outputs the first class wins, so the image needs the last bit. HRS is far above
    the threshold, so a '0' reads '0'. The accuracy over arrays is then the chance of that one cell: the yield, times
    P(V_SET <= 5 V), times P(LRS < 10 kohm).
    """
    net = nn.Sequential(nn.Linear(1, 2, bias=False))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[0.0], [1.0]]))

    def chip(*, sigma_v_set: float = 0.5, sigma_lrs: float = 0.1, device_yield: float = 1.0, seed: int = 0):
        spread = DeviceSpread(
            v_set=Lognormal(mu=float(np.log(4.0)), sigma=sigma_v_set),
            v_reset=Lognormal(mu=0.0, sigma=0.1),
            resistance_lrs=Lognormal(mu=float(np.log(1e3)), sigma=sigma_lrs),
            resistance_hrs=Lognormal(mu=float(np.log(1e9)), sigma=0.1),
            device_yield=device_yield,
        )
        return convert(
            net, device=spread, mapping=TwosComplement(ClipQuantizer(2)), write_voltage="5 V",
            threshold="10 kohm", seed=seed,
        )  # fmt: skip

    return chip
