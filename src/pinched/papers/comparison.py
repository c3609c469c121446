"""Rows in which a reproduction says what it found: a statement of a paper beside ours, a goal over seeds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One statement of the paper beside ours; texts."""

    where: str
    """Where the paper says it."""
    what: str
    """What is claimed or shown."""
    paper: str
    """The paper's number, in its words."""
    ours: str
    """What is found here; "-" where it was not computed."""
    why: str
    """Where the two differ and why; empty where they agree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """One number that was to be reached, over seeds, beside what it must be compared with; texts."""

    what: str
    """What is measured."""
    reach: str
    """What was to be reached."""
    mean: str
    """Mean over seeds."""
    worst: str
    """The seed that does worst."""
    twin: str
    """The same of the network that it is compared with, such as the one in float or the published one."""
    baseline: str
    """What needs no network: the most frequent class, chance, a constant."""
