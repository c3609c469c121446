"""Bytes -> text: encodings, line ends, minus signs and exponents as programs write them.

`decode` when the text is wanted as it stands, `clean_text` when numbers are to be read from it.
"""

from __future__ import annotations

import re

from pinched._errors import DataFileError
from pinched.data.columns import FOREIGN_WORDS

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16."""

_CONTROL = bytes((*range(9), *range(14, 32), 127))
"""Characters that text does not hold."""
_ENCODINGS = ("cp1251", "gb18030", "shift_jis", "big5", "euc_kr", "koi8_r")
"""Encodings of other scripts, each tried before the bytes are taken as latin-1."""
_HEAD_BYTES, _FOREIGN_BYTES = 16384, 4096
_FORTRAN = re.compile(r"(\d\.?)[dD]([+-]\d{1,3})(?!\d)")


def decode(content: bytes, path: str) -> tuple[str, str]:
    """Text of a file and a note on its encoding ("" for UTF-8); refuses bytes that are no text."""
    if content.startswith(UTF16_MARKS):
        return _checked(content.decode("utf-16", errors="replace"), path), ""
    if b"\x00" in content[:4096]:
        sample = content[:4096]
        odd, even = sample[1::2].count(0), sample[::2].count(0)
        if max(odd, even) < 0.4 * len(sample) / 2 or min(odd, even) > 0.1 * len(sample) / 2:
            raise _junk(path)
        text = content.decode("utf-16-le" if odd > even else "utf-16-be", errors="replace")
        return _checked(text, path), "the file has no byte order mark and was read as UTF-16"
    # Whole bytes in one pass: these stand for themselves in every encoding below.
    if len(content) - len(content.translate(None, _CONTROL)) > 0.005 * len(content) or b"\x00" in content:
        raise _junk(path)
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        pass
    name = _encoding(content)
    text = content.decode(name, errors="replace")
    if name == "latin-1" and sum(text.count(chr(code)) for code in range(128, 160)) > 0.005 * len(text):
        raise _junk(path)
    return text, f"the file is not UTF-8 and was read as {name}"


def _encoding(content: bytes) -> str:
    """The encoding in which the bytes hold a known word of a head; latin-1 when there is none."""
    sample = b"\n".join(line for line in content[:_HEAD_BYTES].splitlines() if not line.isascii())[
        :_FOREIGN_BYTES
    ]
    for name in _ENCODINGS:
        text = sample.decode(name, errors="replace").lower()
        if any(word in text for word in FOREIGN_WORDS):
            return name
    return "latin-1"


def _checked(text: str, path: str) -> str:
    strange = sum(text.count(chr(code)) for code in _CONTROL)
    if strange > 0.005 * len(text) or "\x00" in text:
        raise _junk(path)
    return text


def _junk(path: str) -> DataFileError:
    return DataFileError(
        path,
        "",
        "the bytes are neither text nor a workbook",
        "Export the data as CSV in the program that wrote it.",
    )


def clean_text(content: bytes, path: str) -> tuple[str, str]:
    """Text of a file with plain line ends, minus signs and exponents, and a note on its encoding ("" for UTF-8)."""
    text, note = decode(content, path)
    if not text.strip():
        raise DataFileError(
            path, "", "the file holds nothing but blanks", "Give the file with the measurement."
        )
    for odd, plain in (("\r\n", "\n"), ("\r", "\n"), ("\u2212", "-")):
        if odd in text:
            text = text.replace(odd, plain)
    last = max(text.rfind("D"), text.rfind("d"))
    if last > 0 and _FORTRAN.search(text, 0, last + 5):
        # Fortran's 1.5D-06, in older simulators and their scripts.
        text = _FORTRAN.sub(r"\1E\2", text)
    return text, note
