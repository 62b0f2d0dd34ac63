"""The marks of duplicates in a graph."""


def resolved(marks: dict[str, str]) -> dict[str, str]:
    """Each duplicate of `marks` (duplicate -> survivor) with its last survivor.

    Two writers at once can leave a mark on a persona that was marked itself.

    >>> resolved({"p1": "p2", "p2": "p3"})
    {'p1': 'p3', 'p2': 'p3'}
    """
    roots = {}
    for persona, marked in marks.items():
        survivor = marked
        steps = 0
        while survivor in marks and steps < len(marks):
            survivor = marks[survivor]
            steps += 1
        roots[persona] = survivor
    return roots
