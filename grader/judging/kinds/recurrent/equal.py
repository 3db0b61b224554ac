"""Lab3 and Lab4: what has to be known of a classifier that is trained outside its notebook."""

import re

from grader.judging.equal.sentences import Sentences
from grader.judging.equal.understood import Understood
from grader.judging.kinds.recurrent.interview import Evidence
from grader.judging.kinds.recurrent.penalty import factors

FORM = re.compile(r"deck(/(?P<padded>padded-)?(eh|he)(-(eh|he))*)?")  # with nothing in it that the lab does not ask for


def understood(e: Evidence) -> Understood | None:
    """None where the forward pass is not the slide's, or there is more to it, or not each role has its variable."""
    if e.contact is None or e.parts is None or e.arrangement is None or e.explanation is None:
        return None
    form = FORM.fullmatch(e.explanation)
    roles = {role: path for role, path in e.roles.items() if path}
    more = e.parts.others or e.parts.above or e.parts.word_gate or e.parts.both_ways or len(e.parts.head) > 1
    if more or len(set(roles.values())) < len(e.roles) or e.standing or e.repeats is not True or form is None:
        return None
    examples = Sentences(e.explanation, skips_padding=bool(form["padded"]))
    return Understood(e.contact, e.arrangement, roles, examples, factors(e))
