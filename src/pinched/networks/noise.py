"""Noise on the inputs: images with turned pixels, and what any classifier can make of them.

`single_flips` gives every image that differs from a given one in a single pixel (200 for the ten 5 x 4 digits:
a complete list, no draw), `random_flips` draws how many sets you like of larger images. `ceiling` is the accuracy
that no classifier exceeds which answers the clean images right; print it beside every accuracy under noise.
`with_single_flips` is the set to train on where such noise is expected.
"""

from __future__ import annotations

import dataclasses

import torch
from jaxtyping import Float
from torch import Tensor

from pinched._errors import PinchedError
from pinched.networks.datasets import ImageSet


def _turned(images: Float[Tensor, "image pixel"]) -> Float[Tensor, "image pixel"]:
    # Black becomes white; a grey pixel becomes its negative.
    return 1.0 - images


def single_flips(data: ImageSet) -> ImageSet:
    """Every image of `data` with each of its pixels turned once: images x pixels of them, image by image."""
    count, pixels = data.images.shape
    flipped = data.images.repeat_interleave(pixels, dim=0)
    where = torch.eye(pixels, dtype=torch.bool).repeat(count, 1)
    return dataclasses.replace(
        data,
        name=f"{data.name}, one pixel turned",
        images=torch.where(where, _turned(flipped), flipped),
        labels=data.labels.repeat_interleave(pixels),
        note=f"all {count * pixels} images that differ in one pixel from {data.note}",
    )


def random_flips(data: ImageSet, *, pixels: int, seed: int = 0) -> ImageSet:
    """`data` with `pixels` randomly chosen pixels of every image turned; one draw per image and seed.

    Raises `PinchedError` for fewer than 0 or more than all pixels.
    """
    size = data.images.shape[1]
    if not 0 <= pixels <= size:
        raise PinchedError(
            f"pixels is {pixels}; an image of {data.name} has {size}. Give a number from 0 to {size}."
        )
    draws = torch.rand(data.images.shape, generator=torch.Generator().manual_seed(seed))
    # The smallest draws of an image mark its pixels: without replacement, and one call for all images.
    chosen = torch.zeros(data.images.shape, dtype=torch.bool)
    chosen.scatter_(1, draws.argsort(dim=1)[:, :pixels], True)
    return dataclasses.replace(
        data,
        name=f"{data.name}, {pixels} pixels turned",
        images=torch.where(chosen, _turned(data.images), data.images),
        note=f"{data.note}; {pixels} random pixels of each turned (seed {seed})",
    )


def with_single_flips(data: ImageSet, *, copies: int = 2) -> ImageSet:
    """`data`, `copies` times, and all its `single_flips`: to train a network that meets such noise.

    Where a turned pixel makes one class out of another (5 and 6 of the 5 x 4 digits), the copies decide for the
    clean image. Raises `PinchedError` for less than one copy.
    """
    if copies < 1:
        raise PinchedError(f"copies is {copies}; the clean images belong to the training at least once.")
    flipped = single_flips(data)
    return dataclasses.replace(
        data,
        name=f"{data.name} with one pixel turned",
        images=torch.cat([data.images.repeat(copies, 1), flipped.images]),
        labels=torch.cat([data.labels.repeat(copies), flipped.labels]),
        note=f"{copies} x {data.note}, and {flipped.note}",
    )


def ceiling(clean: ImageSet, noisy: ImageSet) -> float:
    """Share (0 to 1) of `noisy` that the nearest image of `clean` labels right; ties count as a fair draw.

    Turned pixels at random make a near image likelier than a far one, so this is the best that a classifier can
    do which does not know that its input is noisy: it has to answer a clean image by its own class. `clean` are the
    very images that were turned, so the answer is that of one who knows them all by heart: no real classifier of
    handwriting does, and 100 % says only that the noise destroys nothing. Of thousands of images take a few hundred
    noisy ones: each is compared with every clean one.
    """
    shares = []
    for images, labels in zip(noisy.images.split(100), noisy.labels.split(100), strict=True):
        distance = torch.cdist(images, clean.images, p=1.0)
        nearest = distance <= distance.amin(1, keepdim=True) + 1e-4
        right = nearest & (clean.labels[None, :] == labels[:, None])
        shares.append(right.sum(1, dtype=torch.float64) / nearest.sum(1))
    return float(torch.cat(shares).mean())


def first(data: ImageSet, count: int) -> ImageSet:
    """The first `count` images of `data`; raises `PinchedError` for less than one."""
    if count < 1:
        raise PinchedError(f"count is {count}; take at least one image.")
    return dataclasses.replace(
        data,
        images=data.images[:count],
        labels=data.labels[:count],
        note=f"the first {count} of: {data.note}",
    )
