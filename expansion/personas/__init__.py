"""Persona to persona: ask for the people around a known persona, such as a supplier, a neighbour, a rival."""

from expansion.personas.absorb import Absorber
from expansion.personas.expand import Expansion
from expansion.personas.plan import PERSONA_PROMPT, Limits, Plan, StrategyName
from expansion.personas.rebuilding import about_persona, about_text

__all__ = [
    "PERSONA_PROMPT",
    "Absorber",
    "Expansion",
    "Limits",
    "Plan",
    "StrategyName",
    "about_persona",
    "about_text",
]
