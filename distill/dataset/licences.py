"""What the inputs say about their licence, in the words of the Hugging Face Hub."""

import re
from collections.abc import Sequence

from distill.dataset.recipe import NOT_STATED

# The identifiers that the Hub knows, of those that are used for data
_IDENTIFIERS = """
afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bsd bsd-2-clause bsd-3-clause bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5 cc-by-3.0
cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0
cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0
cdla-sharing-1.0 etalab-2.0 eupl-1.1 eupl-1.2 gfdl gpl gpl-2.0 gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 mit mpl-2.0 odbl
odc-by openrail pddl unlicense wtfpl
"""


def of_card(stated: Sequence[str]) -> dict[str, str]:
    """The lines of a card for what its inputs state: a licence only if all state the same."""
    names = sorted({_identifier(text) for text in stated})
    if set(stated) <= {NOT_STATED}:
        return {"license": "unknown"}
    if len(names) == 1 and names[0] in _IDENTIFIERS.split():
        return {"license": names[0]}
    name = names[0] if len(names) == 1 else "several"
    return {"license": "other", "license_name": name, "license_link": "README.md"}


def in_words(stated: Sequence[str]) -> str:
    """What the inputs state, as a text."""
    return NOT_STATED if set(stated) <= {NOT_STATED} else ", ".join(stated)


def _identifier(stated: str) -> str:
    """As the Hub spells it: cc-by-4.0 for "CC BY 4.0"."""
    return re.sub(r"[^a-z0-9.]+", "-", stated.lower()).strip("-") or "other"
