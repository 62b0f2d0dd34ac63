"""What a call may say besides its question."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Hint:
    """What a call says besides its question. It is not part of the call's id: it depends on what is known at that moment."""

    excluded: tuple[str, ...] = ()  # roles not to be named
    void: str = ""  # the region in which the answers are to land
    neighbours: tuple[str, ...] = ()  # known roles of it

    def tag(self) -> dict[str, Any]:
        """As it is kept with the reply, so that a call that was paid for can be sent again in the same words.

        >>> Hint(excluded=("potter",)).tag()
        {'excluded': ('potter',)}
        """
        return {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name))}

    @classmethod
    def of(cls, tag: Mapping[str, Any]) -> "Hint":
        """The hint that a `tag` of the reply cache holds."""
        return cls(tuple(tag.get("excluded", ())), tag.get("void", ""), tuple(tag.get("neighbours", ())))


NO_HINT = Hint()
