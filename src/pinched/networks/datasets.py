"""Image sets: what a network is trained and tested on.

`digits5x4` are the ten binary patterns of marraccini2025fast (for demonstrations: training images only),
`digits` the 8 x 8 digits that come with scikit-learn (a real test set in a second), `mnist` the usual
benchmark (four files, from a folder or fetched once), `cifar10` the colour images, from a folder of JPEG copies.
"""

import io
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from pinched._errors import PinchedError
from pinched._params import require
from pinched.networks import _idx

_DIGITS = tuple(str(k) for k in range(10))


class Split(StrEnum):
    """Which images of a set; every loader also takes the value, such as "test"."""

    TRAIN = "train"
    TEST = "test"


class DigitsVersion(StrEnum):
    """The two versions of the 5 x 4 digits in the public material of marraccini2025fast."""

    FANCY = "fancy"
    """What its published network was trained on; 5 and 6 differ by one pixel."""
    OLD = "old"
    """What its script holds."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ImageSet:
    """Labelled images, flattened row by row. A convolution wants `nn.Unflatten(1, (1, 28, 28))` in front."""

    name: str
    """Name of the set, such as "mnist"."""
    split: Split
    """Which part of it."""
    images: Float[Tensor, "image pixel"]
    """Intensities from 0 (background) to 1, float32."""
    labels: Int64[Tensor, " label"]
    """Class number of each image, one per image."""
    classes: tuple[str, ...]
    """Names of the classes."""
    note: str
    """What the images are and what to know before quoting an accuracy on them, in words."""

    def __post_init__(self) -> None:
        n, classes = len(self.images), len(self.classes)
        require(self, n >= 1, "there are no images. Give at least one.")
        require(
            self,
            n == len(self.labels),
            f"{n} images, but {len(self.labels)} labels. Give one label per image.",
        )
        low, high = int(self.labels.min()), int(self.labels.max())
        require(
            self,
            low >= 0 and high < classes,
            f"labels reach from {low} to {high}; with {classes} classes they are 0 to {classes - 1}.",
        )
        dark, bright = float(self.images.min()), float(self.images.max())
        require(
            self,
            dark >= 0.0 and bright <= 1.0,
            f"intensities reach from {dark:g} to {bright:g}; scale them to 0 (background) to 1.",
        )

    def __len__(self) -> int:
        return len(self.images)


def _split(split: Split | str) -> Split:
    try:
        return Split(split)
    except ValueError:
        raise PinchedError(f"there is no split '{split}'. Give 'train' or 'test'.") from None


# Row by row, 1 = ink; five rows of four pixels for each digit from 0 to 9.
_PATTERNS = {
    DigitsVersion.FANCY: (
        "01101001100110010110 01100010001000100111 11110001111110001111 11110001011100011111 "
        "00110101100111110001 11111000111100011111 11111000111110011111 11110001001000100010 "
        "01101001111110010110 11111001111100010001"
    ),
    DigitsVersion.OLD: (
        "01101001100110010110 00100010001000100010 11110001111110001111 11110001011100011111 "
        "10011001111100010001 11111000111100011111 11111000111110011111 11110001001000100010 "
        "11111001111110011111 11111001111100010001"
    ),
}


def digits5x4(
    split: Split | str = Split.TRAIN, *, version: DigitsVersion | str = DigitsVersion.FANCY
) -> ImageSet:
    """The ten 5 x 4 binary digits of marraccini2025fast, 20 pixels each.

    There are no test images: the test split gives the same ten, and their `split` says what they are.
    Raises `PinchedError` for an unknown split or version.
    """
    try:
        patterns = _PATTERNS[DigitsVersion(version)]
    except ValueError:
        raise PinchedError(f"there is no version '{version}' of digits5x4. Give 'fancy' or 'old'.") from None
    _split(split)
    pixels = [[float(pixel) for pixel in word] for word in patterns.split()]
    return ImageSet(
        name="digits5x4",
        split=Split.TRAIN,
        images=torch.tensor(pixels, dtype=torch.float32),
        labels=torch.arange(10),
        classes=_DIGITS,
        note=f"the ten 5 x 4 patterns ({DigitsVersion(version)}); the set has no test images",
    )


def digits(split: Split | str = Split.TRAIN) -> ImageSet:
    """The 1797 digits of 8 x 8 pixels that come with scikit-learn: of each class every fourth is a test image.

    The split is a rule and not a draw, so it is the same everywhere; it is stratified by construction.
    Raises `PinchedError` for an unknown split.
    """
    from sklearn.datasets import load_digits  # a second of imports that nothing else needs

    part = _split(split)
    data, target = load_digits(return_X_y=True)
    number_in_class = np.empty(len(target), dtype=np.int64)
    for k in range(10):
        members = target == k
        number_in_class[members] = np.arange(np.count_nonzero(members))
    keep = (number_in_class % 4 == 3) == (part is Split.TEST)
    return ImageSet(
        name="digits",
        split=part,
        images=torch.from_numpy((data[keep] / 16.0).astype(np.float32)),  # 16 is the darkest of the 17 greys
        labels=torch.from_numpy(target[keep].astype(np.int64)),
        classes=_DIGITS,
        note=f"{int(keep.sum())} {part} images of 8 x 8 pixels (UCI digits); writers occur in both splits",
    )


def mnist(
    split: Split | str = Split.TRAIN,
    *,
    folder: Path | str | None = None,
    limit: int | None = None,
    source: str = _idx.MNIST_SOURCE,
    cache: Path | str | None = None,
) -> ImageSet:
    """MNIST, 28 x 28: 60 000 training or 10 000 test images; the first `limit` of them if that is given.

    `folder` holds the IDX files (.gz or unpacked). Without it they are fetched once from `source` into `cache`
    (default: the user's cache folder) and checked by MD5. Raises `PinchedError` naming the file and the cure
    when a file is missing, damaged, not what its name says, or cannot be fetched.
    """
    part = _split(split)
    if limit is not None and limit < 1:
        raise PinchedError(f"limit is {limit}; ask for at least one image, or leave it out for all.")
    names = _idx.MNIST_FILES[part.value]
    if folder is None:
        paths = [_idx.fetch(name, source, None if cache is None else Path(cache)) for name in names]
    else:
        paths = [_idx.find(Path(folder), name) for name in names]
    images, labels = _idx.read_images(paths[0]), _idx.read_labels(paths[1])
    if len(images) != len(labels):
        raise PinchedError(
            f"{paths[0].name} holds {len(images)} images, {paths[1].name} {len(labels)} labels. "
            "They belong to different sets: take both files from one source."
        )
    images, labels = images[:limit], labels[:limit]
    whole = "" if limit is None else f", the first {len(images)}"
    return ImageSet(
        name="mnist",
        split=part,
        images=torch.from_numpy(images.reshape(len(images), -1).astype(np.float32)).div_(255.0),
        labels=torch.from_numpy(labels.astype(np.int64)),
        classes=_DIGITS,
        note=f"{len(images)} {part} images of 28 x 28 pixels (MNIST{whole})",
    )


CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

_CIFAR10_FILE = "cifar10_{split}_jpeg.npz"


def cifar10(split: Split | str = Split.TRAIN, *, folder: Path | str, limit: int | None = None) -> ImageSet:
    """CIFAR-10, 3 x 32 x 32, as JPEG copies: 50 000 training or 10 000 test images, or the first `limit` of them.

    `folder` holds cifar10_train_jpeg.npz and cifar10_test_jpeg.npz with `blob` (all JPEG files one after the other),
    `length` (of each) and `label`. They are not the original pixels: the note says so. Each row is channel after
    channel. Raises `PinchedError` for a file that is missing, damaged, or holds something else.
    """
    part = _split(split)
    if limit is not None and limit < 1:
        raise PinchedError(f"limit is {limit}; ask for at least one image, or leave it out for all.")
    path = Path(folder) / _CIFAR10_FILE.format(split=part.value)
    if not path.is_file():
        raise PinchedError(
            f"{path}: is not there. Give the folder of the CIFAR-10 files (NPZ of JPEG images)."
        )
    try:
        with np.load(path, allow_pickle=False) as held:
            blob, length, label = held["blob"].tobytes(), held["length"][:limit], held["label"][:limit]
        ends = np.cumsum(length)
        images = np.empty((len(ends), 3, 32, 32), dtype=np.uint8)
        for k, (start, end) in enumerate(zip(ends - length, ends, strict=True)):
            picture = Image.open(io.BytesIO(blob[start:end])).convert("RGB")
            images[k] = np.asarray(picture).transpose(2, 0, 1)
    except (OSError, KeyError, ValueError, UnidentifiedImageError) as error:
        raise PinchedError(
            f"{path}: is no set of CIFAR-10 images ({error}). It must hold blob, length and label; copy it anew."
        ) from error
    whole = "" if limit is None else f", the first {len(images)}"
    return ImageSet(
        name="cifar10",
        split=part,
        images=torch.from_numpy(images).reshape(len(images), -1).float().div_(255.0),
        labels=torch.from_numpy(label.astype(np.int64)),
        classes=CIFAR10_CLASSES,
        note=f"{len(images)} {part} images of 32 x 32 pixels (CIFAR-10{whole}), JPEG copy of quality 75",
    )
