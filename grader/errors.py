"""What can go wrong on our side or the instructor's; a student's failure is a value, never one of these.

    GraderError             any of them; carries the exit code of the command line
    ├── UsageError          the command cannot be carried out as asked (exit code 2)
    │   └── RubricError     a rubric or course file does not hold what it should
    ├── NothingReadable     no notebook was found where we were told to look (exit code 3)
    └── OurFault            a defect of the grader or of its surroundings (exit code 4)
        └── Crowded         the memory of a GPU ran out while notebooks shared it; to be run again alone

Every message names the thing, the place and the remedy.
"""


class GraderError(Exception):
    exit_code = 4


class UsageError(GraderError):
    exit_code = 2


class RubricError(UsageError):
    pass


class NothingReadable(GraderError):
    exit_code = 3


class OurFault(GraderError):
    exit_code = 4


class Crowded(OurFault):
    pass
