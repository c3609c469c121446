"""Readers: bytes of a file -> raw tables, one module per format.

A reader looks at the first bytes and the name (`sniff`, 0 for "not mine" to 1 for "certainly mine"), and the
one that is surest reads. To add a format, write a module with one `Reader` and name it in `READERS`.
"""

from pinched.data.readers._reader import Reader
from pinched.data.readers.closed import CLOSED
from pinched.data.readers.text import TEXT
from pinched.data.readers.workbook import WORKBOOK

READERS: tuple[Reader, ...] = (WORKBOOK, CLOSED, TEXT)
"""Readers that are tried, in this order when two are equally sure."""

HEAD_BYTES = 4096
"""How many first bytes `sniff` gets to see."""


def choose(content: bytes, name: str, readers: tuple[Reader, ...] = READERS) -> Reader:
    """The reader that is surest of `content` in a file called `name`; `TEXT` when none is sure."""
    head = content[:HEAD_BYTES]
    best = max(readers, key=lambda reader: reader.sniff(head, name))
    return best if best.sniff(head, name) > 0 else TEXT
