"""IDX files (the format of MNIST): found, fetched once, and read with every count checked.

Layout: two zero bytes, a type byte (8 = uint8), the number of dimensions, one big-endian uint32 per
dimension, then the bytes in row-major order.
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import pooch
from jaxtyping import UInt8

from pinched._errors import DataFileError, PinchedError

MNIST_SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist/"
"""Where `fetch` looks unless told otherwise: the mirror that torchvision uses."""

MNIST_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
"""Images and labels of each split, without .gz."""

_MD5 = {
    "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
}  # of the .gz files

_CURE = "Take the file again from the source, or point `folder` at an undamaged copy."


def find(folder: Path, name: str) -> Path:
    """The file `name` in `folder`, packed (.gz) or not; raises `DataFileError` when neither is there."""
    for candidate in (f"{name}.gz", name):
        if (folder / candidate).is_file():
            return folder / candidate
    problem = "the file is not there" if folder.is_dir() else "the folder does not exist"
    raise DataFileError(
        folder / f"{name}.gz",
        "",
        problem,
        f"Put {name}.gz (or unpacked {name}) there, or leave `folder` out to have it fetched once.",
    )


def fetch(name: str, source: str, cache: Path | None) -> Path:
    """`name`.gz from `source`, fetched into `cache` unless an intact copy is there; checked by MD5.

    Raises `PinchedError` when the source cannot be reached or serves something else.
    """
    where = pooch.os_cache("pinched") if cache is None else cache
    try:
        found = pooch.retrieve(
            f"{source.rstrip('/')}/{name}.gz",
            known_hash=f"md5:{_MD5[name]}",
            fname=f"{name}.gz",
            path=where,
        )
    except (OSError, ValueError) as error:  # connection and disk; checksum
        raise PinchedError(
            f"{name}.gz could not be fetched from {source}: {error}. "
            "Give `folder` with the four MNIST files (IDX, .gz or unpacked), or another `source`."
        ) from error
    return Path(found)


def read_images(path: Path) -> UInt8[np.ndarray, "image 28 28"]:
    """Images of an IDX file of 28 x 28 pixels; raises `DataFileError` for anything else."""
    images = _read(path, dimensions=3)
    if images.shape[1:] != (28, 28):
        size = " x ".join(str(n) for n in images.shape[1:])
        raise DataFileError(
            path, "header", f"images of {size} pixels", "MNIST has 28 x 28: is this another set?"
        )
    return images


def read_labels(path: Path) -> UInt8[np.ndarray, " image"]:
    """Labels 0 to 9 of an IDX file; raises `DataFileError` for anything else."""
    labels = _read(path, dimensions=1)
    if labels.size and labels.max() > 9:
        at = int(np.argmax(labels > 9))
        raise DataFileError(path, f"label {at}", f"the label {labels[at]}", "MNIST has 0 to 9. " + _CURE)
    return labels


def _read(path: Path, dimensions: int) -> UInt8[np.ndarray, "..."]:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataFileError(path, "", f"the packed data are damaged ({error})", _CURE) from error
    except OSError as error:
        raise DataFileError(path, "", f"the file cannot be read ({error})", _CURE) from error
    length = 4 + 4 * dimensions
    magic = bytes([0, 0, 8, dimensions])
    if len(content) < length or content[:4] != magic:
        raise DataFileError(
            path,
            "header",
            f"the first bytes are {content[:4].hex() or 'missing'}, not {magic.hex()}",
            f"That is no IDX file of bytes with {dimensions} dimension(s): are images and labels swapped?",
        )
    shape = struct.unpack(f">{dimensions}I", content[4:length])
    expected, found = int(np.prod(shape, dtype=np.int64)), len(content) - length
    if found != expected:
        raise DataFileError(path, "", f"{found} bytes of data where the header promises {expected}", _CURE)
    return np.frombuffer(content, dtype=np.uint8, offset=length).reshape(shape)
