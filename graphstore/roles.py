"""A persona's role, cut from its text by rule: "A sports journalist who has interviewed…" is a sports journalist.

A role is what personas are counted by (docs/glossary.md), so it leaves out what one person has over the other: praise,
age, place, aim. Where the rule is not sure it gives no role.
"""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LONGEST = 5  # words
_OPENING = re.compile(
    r"^(?:(?:i|you|we|he|she|they|this|it|(?:the|this) (?:persona|person|user|character))"
    r"(?:'(?:m|re|s)| am| are| is| was)\s+)?"
    r"(?:an?|the|one of the|some|another|this|that|your|my|our)\s+",
    re.IGNORECASE,
)
_NAMED = re.compile(r"^[^.;!?]{1,60}?(?:,| is| was)\s+(?:an?|the)\s+(?=\w)", re.IGNORECASE)
_AGE = re.compile(r"^(?:\d+|[a-z]+(?:-[a-z]+)?)[- ]years?[- ]old,?\s+|^(?:mid|late|early)-\w+\s+", re.IGNORECASE)
_LIST = re.compile(r"^((?:[\w'-]+, ){1,3})(?=[\w'-]+ [\w'-]+)")
_WORD = re.compile(r"[^\W_][\w'\u2019&/.+#-]*")
_PUNCTUATION = re.compile(r"[,;:()\[\]\"\u201c\u201d\u2014\u2013!?…]|\.(?=\s|$)|\s-+\s")
_STOPS = _words(
    """
    who whom whose that which what when where while with without from in at on for to by as of into onto about
    after before during through throughout across against among around behind between within despite near off
    over per since than toward towards under until upon via because if so but or nor and not just also currently
    always often never now once recently constantly is are was were be been am has have had having can could
    will would may might must should do does did wants want needs need loves love likes like enjoys enjoy hates
    works work lives live believes finds feels thinks seeks hopes tries runs owns uses teaches writes helps
    makes plays collects studies knows keeps takes gets became becomes turned born based known named called
    tasked eager keen able unable willing unwilling familiar fond proud responsible skeptical sceptical curious
    wary aware fluent capable well-versed working living looking seeking trying struggling studying researching
    specializing specialising hoping planning preparing attending learning serving writing dealing facing
    recovering transitioning pursuing suffering considering operating conducting exploring advocating searching
    hired overseeing teaching raising leading managing training developing creating focusing navigating
    traveling travelling visiting experiencing participating aiming using making running coming going returning
    wanting needing providing offering helping handling covering reporting analyzing involved interested
    impressed inspired concerned devoted dedicated passionate responsible skilled experienced obsessed
    fascinated specialized specialised determined committed frustrated worried accustomed influenced tired
    trained affected employed engaged
    """
)
_PRAISE = _words(
    """
    passionate dedicated avid devoted enthusiastic talented skilled skillful ambitious experienced seasoned
    renowned famous acclaimed award-winning respected prominent successful brilliant gifted loyal die-hard
    diehard hardcore curious busy fellow keen eager proud prolific accomplished influential leading well-known
    highly very extremely deeply fiercely incredibly respectable esteemed distinguished compassionate caring
    kind friendly charismatic motivated hardworking hard-working tireless committed knowledgeable budding
    typical average certain potential prospective big huge long-time longtime lifelong life-long fervent ardent
    self-proclaimed self-described skeptical sceptical cynical meticulous diligent brave fearless celebrated
    veteran concerned stressed frustrated worried nostalgic health-conscious environmentally-conscious
    tech-savvy young-at-heart open-minded
    """
)
# "a professor of economics", "a collector of stamps": the noun after "of" belongs to the role.
_OF = _words(
    """
    professor lecturer teacher student scholar historian doctor head director manager minister secretary chief
    president member master bachelor collector lover fan enthusiast breeder grower seller maker manufacturer
    importer exporter distributor supplier translator writer author reader player teller keeper curator critic
    translator instructor practitioner dean chair commissioner superintendent inspector officer sergeant
    vice-president secretary-general mayor chairman chairwoman
    """
)
_DETERMINERS = _words(
    """
    a an the this that these those his her their its our my your one two three four five six seven many several
    all various both some any
    """
)


def role_of(text: str) -> str | None:
    """The short role that an English persona text begins with, in lower case; None where the rule finds none.

    >>> role_of("A retired grocery store owner from Colorado who grew up on a farm")
    'retired grocery store owner'
    >>> role_of("A professor of economics, known for her blog")
    'professor of economics'
    >>> role_of("Someone with little time") is None
    True
    """
    head = _head(text[:300])
    if head is None:
        return None
    words = _before_stop(_WORD.findall(head))
    while words and words[0].casefold() in _PRAISE:
        words = words[1:]
    role = " ".join(words).casefold().removesuffix("'s").strip(".-/ ")
    if not role.isascii() and not _is_latin(role):
        return None
    return role if _is_role(role) else None


def _head(text: str) -> str | None:
    """What stands between the opening article and the first punctuation mark."""
    text = " ".join(text.replace("\u2019", "'").split()).lstrip("\"'\u201c\u2018*-• ")
    opening = _OPENING.match(text) or _NAMED.match(text)
    if opening:
        text = text[opening.end() :]
    elif not _plain_beginning(text):
        return None
    text = _AGE.sub("", text)
    text = _LIST.sub(_without_praise, text)
    return _PUNCTUATION.split(text, maxsplit=1)[0]


def _without_praise(adjectives: re.Match[str]) -> str:
    """Take "passionate, dedicated, " away from the front; a list of anything else stays and ends the role."""
    words = adjectives[1].removesuffix(", ").split(", ")
    return "" if all(word.casefold() in _PRAISE for word in words) else adjectives[1]


def _plain_beginning(text: str) -> bool:
    """Whether a text without an article can begin with its role ("Retired teacher from Ohio")."""
    first = text.split(" ", 1)[0].casefold()
    return first.isascii() and first.isalpha() and first not in _PRONOUNS


_PRONOUNS = _words(
    """
    someone somebody anyone everyone people those individuals i you we he she they it there there's as if when
    with in
    """
)


def _before_stop(words: list[str]) -> list[str]:
    kept: list[str] = []
    folded = [word.casefold() for word in words]
    for position, word in enumerate(words):
        plain, rest = folded[position], folded[position + 1 : position + 3]
        if plain == "of" and kept:
            return _with_complement(kept, words[position + 1 :])
        joins = plain in ("and", "&") and kept and rest and not _is_agent(kept[-1]) and rest[0] not in _DETERMINERS
        if joins or (plain in _PRAISE and not kept):
            kept.append(word)
        elif plain.split("'")[0] in _STOPS or _ends(kept, plain, rest):
            return kept
        else:
            kept.append(word)
    return kept


def _ends(kept: list[str], word: str, rest: list[str]) -> bool:
    """Whether a clause begins here: "journalist covering wars", "farmer concerned about", "nurse quietly doing"."""
    if not kept or not rest or word in _NOUNS:
        return False
    if word.endswith("ly"):
        return rest[0].endswith(("ing", "ed"))
    if not word.endswith(("ing", "ed")):
        return False
    return rest[0] in _AFTER or (word.endswith("ing") and _is_agent(kept[-1]))


def _is_agent(word: str) -> bool:
    plain = word.casefold()
    return plain in _PEOPLE or (plain.endswith(("er", "or", "ist", "ian", "eur", "ster")) and plain not in _NO_AGENTS)


_AFTER = _words("in to by with about for on as at from against of into up the a an that his her their")


def _with_complement(kept: list[str], words: list[str]) -> list[str]:
    """Take in what follows "of": "professor" of "economics"; "owner" of "a food stall" is a "food stall owner"."""
    head = kept[-1].casefold()
    if head in _TURNED and words and words[0].casefold() in ("a", "an"):
        thing = _before_stop(words[1:])
        return [*kept[:-1], *thing, kept[-1]] if thing and thing[0].islower() else kept
    if head not in _OF:
        return kept
    nouns: list[str] = []
    for word in words[:2]:
        if word.casefold() in _DETERMINERS or word.casefold() in _STOPS or not word[0].islower():
            break
        nouns.append(word)
    return [*kept, "of", *nouns] if nouns else kept


_TURNED = _words("owner founder co-founder manager director member employee operator leader head ceo")
_NOUNS = _words("sibling king being thing offspring hireling fledgling wedding building elderly family")
_NO_AGENTS = _words(
    """
    computer water paper power customer consumer weather career motor fiber fibre timber rubber border order
    labor color interior exterior outdoor indoor floor river winter summer super junior senior former minor
    major soccer letter number matter other another peer beer leather silver copper cyber cancer flower color
    christian asian indian italian russian canadian australian
    """
)
_PEOPLE = _words(
    """
    parent mother father husband wife son daughter sibling brother sister student nurse fan member mom dad chef
    coach resident citizen patient guide expert enthusiast specialist professional ceo engineer
    """
)
# Too wide to count by: who says no more than this has no role.
_EMPTY = _words(
    """
    person persona individual professional owner member group team character human people someone somebody one
    couple lot head user man woman guy being adult entity organization company content
    """
)


def _is_latin(role: str) -> bool:
    return all(c < "\u0250" or not c.isalpha() for c in role)


def _is_role(role: str) -> bool:
    words = role.split()
    return (
        0 < len(words) <= LONGEST
        and len(role) >= 3
        and any(c.isalpha() for c in role)
        and words[-1] not in _PRAISE
        and role not in _EMPTY
    )
