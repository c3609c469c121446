import numpy as np
import pytest
import torch

from pinched._errors import PinchedError
from pinched.networks import datasets
from pinched.networks.mlp import mlp
from pinched.networks.noise import ceiling, first, random_flips, single_flips, with_single_flips
from pinched.networks.quantization import ClipQuantizer
from pinched.networks.quantized import quantize
from pinched.networks.training import accuracy, train, train_many


def test_single_flips_are_all_different_and_all_there():
    clean = datasets.digits5x4()
    noisy = single_flips(clean)
    assert len(noisy) == 200
    assert noisy.labels.tolist() == [k for k in range(10) for _ in range(20)]
    distance = (noisy.images - clean.images[noisy.labels]).abs().sum(1)
    assert (distance == 1).all()
    own = noisy.images.reshape(10, 20, 20)
    assert all(len(torch.unique(images, dim=0)) == 20 for images in own)


@pytest.mark.parametrize(("version", "expected"), [("fancy", 0.98), ("old", 0.955)])
def test_the_ceiling_of_the_digits(version, expected):
    # Origin: the nearest pattern with ties shared, worked out separately for both versions. By hand for the first:
    # 5 and 6 differ in one pixel (two images become the other digit), 0 and 8 in two (four images lie halfway).
    clean = datasets.digits5x4(version=version)
    assert ceiling(clean, single_flips(clean)) == pytest.approx(expected)
    assert ceiling(clean, clean) == 1.0


@pytest.mark.parametrize("pixels", [0, 3, 64])
def test_random_flips_turn_that_many_pixels_of_every_image(pixels):
    clean = datasets.digits("test")
    noisy = random_flips(clean, pixels=pixels, seed=1)
    turned = noisy.images != clean.images
    grey = clean.images == 0.5  # its own negative
    assert (turned.sum(1) <= pixels).all()
    assert (turned.sum(1) + grey.sum(1) >= pixels).all()
    assert torch.equal(noisy.images, random_flips(clean, pixels=pixels, seed=1).images)
    if 0 < pixels < 64:
        assert not torch.equal(noisy.images, random_flips(clean, pixels=pixels, seed=2).images)


def test_what_cannot_be_turned_is_refused():
    with pytest.raises(PinchedError, match="pixels is 21; an image of digits5x4 has 20"):
        random_flips(datasets.digits5x4(), pixels=21)
    with pytest.raises(PinchedError, match="copies is 0"):
        with_single_flips(datasets.digits5x4(), copies=0)


def test_training_with_turned_pixels_reaches_the_ceiling_at_three_bits():
    clean = datasets.digits5x4()
    noisy, both = single_flips(clean), with_single_flips(clean)
    quantizer = ClipQuantizer(3)
    nets = train_many([mlp((20, 20, 20, 10), seed=k) for k in range(5)], both)
    nets = train_many(nets, both, quantizer=quantizer, learn_steps=True)
    for data, least in ((noisy, 0.97), (clean, 1.0)):
        shares = [
            float((quantize(n, quantizer)(data.images).argmax(-1) == data.labels).double().mean())
            for n in nets
        ]
        assert np.mean(shares) >= least


def test_images_of_a_large_set_keep_their_own_nearest():
    data = datasets.digits("test")
    noisy = random_flips(data, pixels=3, seed=1)
    few = first(noisy, 120)
    assert len(few) == 120
    # Each noisy image is nearest to its own clean one: whoever knows them all is never wrong.
    assert ceiling(data, few) == 1.0
    assert ceiling(data, first(noisy, 250)) == pytest.approx(ceiling(data, noisy), abs=0.02)
    with pytest.raises(PinchedError, match="count is 0"):
        first(data, 0)


def test_training_with_turned_pixels_survives_more_of_them():
    train_set, test_set = datasets.digits("train"), datasets.digits("test")
    noisy = random_flips(test_set, pixels=8, seed=2)
    start = mlp((64, 32, 10))
    plain = train(start, train_set, epochs=15)
    robust = train(start, train_set, epochs=15, turned=0.1)
    assert accuracy(robust, noisy) > accuracy(plain, noisy) + 0.02
    again = train(start, train_set, epochs=2, turned=0.1)
    same = train(start, train_set, epochs=2, turned=0.1)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), same.parameters(), strict=True))
    with pytest.raises(PinchedError, match="turned is 2"):
        train(start, train_set, epochs=1, turned=2.0)
