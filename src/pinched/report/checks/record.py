"""`Check`: one question of a reporting guideline, answered with the number behind the answer.

Sources are named by `Guideline`. Of the cited papers only the abstracts were at hand; checks marked
`our_reading` are good practice as we read it and not words of the guideline.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Guideline(StrEnum):
    """Where a check comes from; the value is what `--guideline` takes."""

    ENDURANCE2021 = "endurance2021"
    """Endurance characterisation: lanza2021endurance."""
    METHODS2019 = "methods2019"
    """Recommended methods to study resistive switching devices: lanza2019recommended."""
    PERFORMANCE2025 = "performance2025"
    """Misrepresented endurance, retention and system performance: lanza2025achilles."""
    VARIABILITY2023 = "variability2023"
    """Variability of whole curves: acal2023holistic."""


class Verdict(StrEnum):
    """The answer."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One question and its answer."""

    code: str
    """Short name, such as "E1"."""
    guideline: Guideline
    """Which guideline asks."""
    question: str
    """What is asked."""
    verdict: Verdict
    """The answer."""
    finding: str
    """The number behind the answer, or what is missing."""
    our_reading: bool = True
    """True where the check is our reading of good practice and not a sentence of the guideline."""


def worst(checks: list[Check] | tuple[Check, ...]) -> Verdict:
    """The gravest verdict: fail, then warn, then cannot tell, then pass (also of no checks)."""
    for verdict in (Verdict.FAIL, Verdict.WARN, Verdict.CANNOT_TELL):
        if any(check.verdict is verdict for check in checks):
            return verdict
    return Verdict.PASS
