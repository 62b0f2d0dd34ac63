"""A persona as a reply names it: whether it is usable, whether it is known, where it belongs."""

from expansion.recognition.person import NamedPersona, named_persona, one_line, text_problem
from expansion.recognition.recogniser import Recognised, Recogniser, apply_recognised

__all__ = ["NamedPersona", "Recognised", "Recogniser", "apply_recognised", "named_persona", "one_line", "text_problem"]
