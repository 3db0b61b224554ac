"""Lab3 and Lab4: what has to be known of a classifier that is trained outside its notebook."""

from grader.judging.comparing.compare import slug
from grader.judging.equal.understood import Understood
from grader.judging.kinds.recurrent.interview import Evidence
from grader.judging.kinds.recurrent.penalty import factors


def understood(e: Evidence) -> Understood | None:
    """None where the forward pass is not the slide's, or there is more to it, or not each role has its variable."""
    if e.contact is None or e.parts is None or e.arrangement is None or slug(e.explanation or "") != "deck":
        return None
    roles = {role: path for role, path in e.roles.items() if path}
    more = e.parts.others or e.parts.above or e.parts.word_gate or e.parts.both_ways or len(e.parts.head) > 1
    if more or len(set(roles.values())) < len(e.roles) or e.standing or e.repeats is not True:
        return None
    return Understood(e.contact, e.arrangement, roles, e.explanation or "", factors(e))
