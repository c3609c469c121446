"""Readers: bytes of a file -> raw tables, one module per format.

A reader looks at the first bytes and the name (`sniff`, 0 for "not mine" to 1 for "certainly mine"), and the
one that is surest reads. To add a format here, write a module with one `Reader` and name it in `READERS`; to add
one without touching this package, see `plugins`.
"""

from pinched.data.readers._reader import Reader
from pinched.data.readers.arc_one import ARC_ONE
from pinched.data.readers.closed import CLOSED
from pinched.data.readers.decoding import UTF16_MARKS
from pinched.data.readers.easyexpert import EASYEXPERT
from pinched.data.readers.hdf5 import HDF5
from pinched.data.readers.labelled import LABELLED
from pinched.data.readers.lvm import LVM
from pinched.data.readers.matlab import MATLAB
from pinched.data.readers.mdm import MDM
from pinched.data.readers.netcdf3 import NETCDF3
from pinched.data.readers.plugins import FileReader, Plugins, plugin_readers
from pinched.data.readers.pymeasure import PYMEASURE
from pinched.data.readers.scope import SCOPE
from pinched.data.readers.spice import PSF, SPICE, XYCE
from pinched.data.readers.tdms import TDMS
from pinched.data.readers.text import TEXT
from pinched.data.readers.workbook import WORKBOOK

__all__ = ["READERS", "FileReader", "Plugins", "Reader", "choose", "plugin_readers"]

READERS: tuple[Reader, ...] = (
    WORKBOOK, MATLAB, HDF5, NETCDF3, TDMS, LVM, EASYEXPERT, ARC_ONE, PYMEASURE, MDM, SPICE, XYCE, PSF, SCOPE, CLOSED,
    LABELLED, TEXT,
)  # fmt: skip
"""Readers that are tried, in this order when two are equally sure."""

HEAD_BYTES = 16384
"""How many first bytes `sniff` gets to see: the settings of an analyser run to several kilobytes."""


def choose(content: bytes, name: str, readers: tuple[Reader, ...] = READERS) -> Reader:
    """The reader that is surest of `content` in a file called `name`; `TEXT` when none is sure."""
    head = content[:HEAD_BYTES]
    if head.startswith(UTF16_MARKS):
        # Formats are told by words, which an export as "Unicode text" writes in two bytes a letter.
        head = content[: 2 * HEAD_BYTES].decode("utf-16", errors="replace").encode()
    sure = [reader.sniff(head, name) for reader in readers]
    best = max(range(len(readers)), key=lambda k: sure[k])
    return readers[best] if sure[best] > 0 else TEXT
