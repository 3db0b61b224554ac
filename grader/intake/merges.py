"""The two versions that a text with the marks of an unresolved git merge holds."""

SAID = "holds the marks of an unresolved git merge (<<<<<<<)"
RESOLVE = "Resolve the merge, check that the notebook opens, and hand it in again."

_BEGIN, _OLDER, _MIDDLE, _END = "<<<<<<<", "|||||||", "=======", ">>>>>>>"
_BOTH = (0, 1)


def has_marks(text: str) -> bool:
    return any(text.startswith(f"{mark} ") or f"\n{mark} " in text for mark in (_BEGIN, _END))


def versions(text: str) -> tuple[str, str] | None:
    """What stands first and what stands second at every mark; None where the marks do not come in order.

    Between `|||||||` and `=======` git may repeat what both versions were made from; it belongs to neither.
    """
    sides: tuple[list[str], list[str]] = ([], [])
    into: tuple[int, ...] = _BOTH
    conflicts = 0
    for line in text.split("\n"):
        mark = line[:7] if line[7:8] in ("", " ", "\r") else ""
        if mark == _BEGIN and into == _BOTH:
            into = (0,)
        elif mark == _OLDER and into == (0,):
            into = ()
        elif mark == _MIDDLE and into in ((0,), ()):
            into = (1,)
        elif mark == _END and into == (1,):
            into, conflicts = _BOTH, conflicts + 1
        else:
            for side in into:
                sides[side].append(line)
    if not conflicts or into != _BOTH:
        return None
    return "\n".join(sides[0]), "\n".join(sides[1])
