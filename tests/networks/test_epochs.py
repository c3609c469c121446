"""The training loop with curves: resumed runs end where whole ones do; networks of stages; images from JPEG."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import pinched as pi
from pinched._errors import PinchedError
from pinched.networks.cnn import Standardise, cnn
from pinched.networks.datasets import cifar10
from pinched.networks.epochs import Recipe, judged, train_epochs
from pinched.networks.noise import first


class StopError(Exception):
    pass


class StopsAfter:
    """Progress that breaks off after some epochs, as Ctrl-C would."""

    def __init__(self, epochs):
        self.epochs = epochs

    def track(self, steps, description, total):
        for k, step in enumerate(steps):
            if k == self.epochs:
                raise StopError(description, total)
            yield step


def network(batch_norm=True):
    return cnn((1, 8, 8), ((4,),), batch_norm=batch_norm, mean=(0.3,), deviation=(0.4,), seed=1)


def run(recipe, *, checkpoint=None, progress=None):
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    data, test = (first(pi.datasets.digits(split), 200) for split in ("train", "test"))
    return net, train_epochs(
        net, optimizer, data, test, recipe, confusion_at=(1, 3), checkpoint=checkpoint, progress=progress
    )


def test_a_stopped_training_goes_on_to_the_same_end(tmp_path):
    recipe = Recipe(epochs=3, batch=64, warm_up=0.2, flip=True, shift=1, seed=3)
    whole, kept = run(recipe)
    path = tmp_path / "kept.pt"
    with pytest.raises(StopError):
        run(recipe, checkpoint=path, progress=StopsAfter(2))
    resumed, again = run(recipe, checkpoint=path)
    assert again.curves == kept.curves
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert set(again.confusion) == {1, 3}
    assert torch.equal(again.confusion[3], kept.confusion[3])
    with pytest.raises(PinchedError, match="was begun with"):
        run(Recipe(epochs=4, batch=64, seed=3), checkpoint=path)


def test_the_last_entries_of_the_curves_are_those_of_the_network_that_comes_back():
    net, kept = run(Recipe(epochs=1, batch=64))
    accuracy, loss, confusion = judged(net, first(pi.datasets.digits("test"), 200))
    assert kept.curves.accuracy_test[-1] == accuracy
    assert kept.curves.loss_test[-1] == pytest.approx(loss, rel=1e-9)
    assert torch.allclose(confusion.sum(1), torch.ones(10, dtype=torch.float64))
    assert kept.curves.contradictions() == ()


def test_the_rate_rises_along_a_line_and_ends_at_nothing():
    recipe = Recipe(epochs=1, warm_up=0.1)
    rates = [recipe.rate(k, 1000) for k in range(1000)]
    assert np.argmax(rates) == 100
    assert np.allclose(np.diff(rates[:100], n=2), 0.0, atol=1e-12)
    assert rates[-1] < 1e-5
    # The mean of half a cosine is one half, that of the line too.
    assert np.mean(rates) == pytest.approx(0.5, abs=2e-3)


def test_the_papers_network_has_the_papers_sizes():
    for shape, parameters, side in (((1, 28, 28), 12_810, 5), ((3, 32, 32), 16_618, 6)):
        net = cnn(shape)
        assert sum(p.numel() for p in net.parameters()) == parameters
        assert net[-1].in_features == 32 * side**2
        assert net(torch.rand(2, shape[0] * shape[1] * shape[2])).shape == (2, 10)


def test_pooling_first_is_the_same_network():
    net = network(batch_norm=False)
    images = pi.datasets.digits("test").images[:50]
    first, conv, pool, relu, flatten, dense = net
    assert torch.allclose(net(images), dense(flatten(pool(relu(conv(first(images)))))), atol=1e-6)


def test_standardised_images_have_mean_zero_and_deviation_one():
    images = pi.datasets.digits("train").images
    mean, deviation = float(images.mean()), float(images.std())
    seen = Standardise((1, 8, 8), (mean,), (deviation,))(images)
    assert float(seen.mean()) == pytest.approx(0.0, abs=1e-5)
    assert float(seen.std()) == pytest.approx(1.0, abs=1e-5)


def test_bad_input_is_named():
    with pytest.raises(PinchedError, match="too small"):
        cnn((1, 8, 8))
    with pytest.raises(PinchedError, match="one each per channel"):
        Standardise((3, 8, 8), (0.5,), (0.2,))
    net, data = nn.Linear(64, 10), pi.datasets.digits("test")
    with pytest.raises(PinchedError, match="Begin it with Standardise"):
        train_epochs(net, torch.optim.SGD(net.parameters(), lr=0.1), data, data, Recipe(epochs=1, shift=1))
    with pytest.raises(PinchedError, match="epochs is 0"):
        Recipe(epochs=0)


def written(folder, split="test", *, count=6, drop=()):
    files, colours = [], np.random.default_rng(0).integers(0, 256, (count, 3))
    for colour in colours:
        out = io.BytesIO()
        Image.fromarray(np.broadcast_to(colour.astype(np.uint8), (32, 32, 3)).copy()).save(
            out, "JPEG", quality=95
        )
        files.append(out.getvalue())
    held = {
        "blob": np.frombuffer(b"".join(files), np.uint8),
        "length": np.array([len(f) for f in files], np.int32),
        "label": np.arange(count, dtype=np.uint8),
    }
    np.savez(folder / f"cifar10_{split}_jpeg.npz", **{k: v for k, v in held.items() if k not in drop})
    return colours / 255.0


def test_colour_images_come_channel_after_channel(tmp_path):
    colours = written(tmp_path)
    found = cifar10("test", folder=tmp_path)
    assert np.allclose(found.images.view(6, 3, 1024).mean(-1).numpy(), colours, atol=0.03)
    assert found.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert "JPEG copy" in found.note
    assert len(cifar10("test", folder=tmp_path, limit=2)) == 2


def test_files_that_are_no_colour_images_are_named(tmp_path):
    with pytest.raises(PinchedError, match="is not there"):
        cifar10("train", folder=tmp_path)
    written(tmp_path, drop=("label",))
    with pytest.raises(PinchedError, match="label"):
        cifar10("test", folder=tmp_path)
    np.savez(
        tmp_path / "cifar10_train_jpeg.npz", blob=np.zeros(30, np.uint8), length=np.array([30]), label=np.array([0])
    )  # fmt: skip
    with pytest.raises(PinchedError, match="is no set of CIFAR-10 images"):
        cifar10("train", folder=tmp_path)


def test_the_jpeg_copy_has_fifty_thousand_balanced_images(shared):
    folder = shared / "datasets" / "cifar10"
    found = cifar10("test", folder=folder, limit=1000)
    assert found.labels.bincount().tolist() == [100] * 10
    assert found.images.shape == (1000, 3072)
