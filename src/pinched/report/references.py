"""The papers behind the numbers: references.bib read, chosen for a report, and written as a line each.

`cited` picks what one report rests on, `bibliography` gives every entry, `Reference.bibtex` what a
reader copies into a bibliography of theirs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources

from pinched._errors import PinchedError
from pinched.devices.spread import SpreadFit
from pinched.networks.score import Score

_ENTRY = re.compile(r"^@(?P<kind>\w+)\{(?P<key>[^,\s]+),\s*\n(?P<body>.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(?P<name>\w+)\s*=\s*\{(?P<value>.*)\},?\s*$", re.MULTILINE)
_ACCENT = re.compile(r"\{?\\(?P<accent>['`\"^~])\{?(?P<letter>[A-Za-z])\}?\}?")
_DATA_SETS = {"mnist": "lecun1998mnist", "digits": "alpaydin1998digits", "digits5x4": "marraccini2025fast"}
_COMBINING = {"'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One entry of references.bib."""

    key: str
    """What the code writes: `source = "marraccini2025fast"`."""
    text: str
    """The reference as a line of plain text, without its link."""
    url: str
    """Link to the paper: its DOI where it has one."""
    bibtex: str
    """The entry as it stands in the file."""


def parse_bibtex(text: str) -> dict[str, Reference]:
    """The entries of BibTeX `text` by key; one field per line, values in braces.

    Raises `PinchedError` for an entry without author, title or year, and for a key that stands twice.
    """
    found: dict[str, Reference] = {}
    for entry in _ENTRY.finditer(text):
        key = entry["key"]
        fields = {m["name"].lower(): _plain(m["value"]) for m in _FIELD.finditer(entry["body"])}
        lacking = [name for name in ("author", "title", "year") if not fields.get(name)]
        if lacking:
            raise PinchedError(f"references.bib, {key}: no {', '.join(lacking)}. Add it.")
        if key in found:
            raise PinchedError(f"references.bib: {key} stands there twice. Rename one of them.")
        doi = fields.get("doi", "")
        url = f"https://doi.org/{doi}" if doi else fields.get("url", "")
        found[key] = Reference(key=key, text=_line(fields), url=url, bibtex=entry[0].strip())
    return found


def bibliography() -> dict[str, Reference]:
    """Every entry of the package's references.bib, by key."""
    return parse_bibtex(resources.files("pinched").joinpath("references.bib").read_text(encoding="utf-8"))


def cited(fit: SpreadFit | None, score: Score | None, more: Collection[str] = ()) -> tuple[Reference, ...]:
    """What a report rests on: the method always, what `fit` and `score` used, and the keys of `more`, by name."""
    keys = {"marraccini2025fast", "efron1993bootstrap", "clopper1934", "salmon2011philox", *more}
    if fit is not None:
        keys |= {"akaike1974", fit.spread.source}
    if score is not None:
        # Every network here is trained by Adam; a set is known by its name, the estimator by the training.
        keys |= {"kingma2015adam", _DATA_SETS.get(score.name, "")}
        if "quantization-aware" in score.training:
            keys.add("bengio2013ste")
    every = bibliography()
    return tuple(every[key] for key in sorted(keys) if key in every)


def _plain(value: str) -> str:
    """BibTeX text as Unicode: accents composed, braces dropped, "--" as an en dash."""

    def accented(match: re.Match[str]) -> str:
        return unicodedata.normalize("NFC", match["letter"] + _COMBINING[match["accent"]])

    value = _ACCENT.sub(accented, value)
    return value.replace("{", "").replace("}", "").replace(r"\&", "&").replace("--", "–").strip()


def _line(fields: dict[str, str]) -> str:
    authors = [_initials(name) for name in fields["author"].split(" and ")]
    names = authors[0] if len(authors) == 1 else ", ".join(authors[:-1]) + " and " + authors[-1]
    where = (
        fields.get("journal")
        or fields.get("booktitle")
        or fields.get("publisher")
        or fields.get("howpublished", "")
    )
    volume = f"{where} {fields['volume']}" if "volume" in fields else where
    place = ", ".join(part for part in (volume, fields.get("pages", "")) if part)
    return f"{names}. {fields['title']}. {place} ({fields['year']})."


def _initials(name: str) -> str:
    """'Kingma, Diederik P.' as 'D. P. Kingma'; a compound first name keeps its hyphen."""
    last, _, first = (part.strip() for part in name.partition(","))
    if not first:
        return last
    short = " ".join("-".join(f"{piece[0]}." for piece in part.split("-") if piece) for part in first.split())
    return f"{short} {last}"
