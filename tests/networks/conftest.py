import numpy as np
import pytest
import torch
from torch import nn

from pinched.networks.datasets import ImageSet, Split
from pinched.networks.mlp import mlp


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
