"""Lab 6: whether the gradient of a training step that no formula gives is the whole one, by finite differences."""

from collections.abc import Mapping, Sequence

import numpy as np

from grader.judging.comparing.arrays import Numbers, array, number, send
from grader.judging.examiner import Examiner
from grader.judging.instruments.cut_gradients import is_bent
from grader.judging.meeting.watching import first_gradients
from grader.sandbox.guest.wire import Call, Put, Step, Value, Watch, Watched

FAR, MOVED = 0.05, 0.02  # the longest move, and the most that the loss should rise or fall: small beside its curvature
HEARD = 2e-4  # a rise far above float32's noise
SHARE = {True: 0.05, False: 0.01}  # that may be missing of one variable's gradient, of that of all together
LEAST = 1e-3  # of the largest gradient: below it float32 leaves only noise
VARIABLES = 24

Ways = Mapping[str, Numbers]  # for a variable's path how far it is moved


def cut_in_differences(x: Examiner, begin: list[Step], given: tuple[Value, ...], watched: Watched) -> tuple[str, ...]:
    """Variables of the decoder along whose gradient the loss does not rise by as much as that says.

    `begin` ends with the training under `t`. One by one they are moved only where moving all of them shows something.
    """
    values = {
        v.path: found for v in watched.before if v.path.startswith("t.d.") and (found := array(v.value)) is not None
    }
    every = {path: g for path, g in first_gradients(watched).items() if path in values and g is not None}
    norms = {path: float(np.linalg.norm(g)) for path, g in every.items()}
    lengths = {path: min(FAR, MOVED / norm) for path, norm in norms.items() if norm > LEAST * max(norms.values())}
    expected = {path: length * norms[path] for path, length in lengths.items()}
    told = [path for path, rise in expected.items() if rise > HEARD][:VARIABLES]
    ways = {path: lengths[path] / norms[path] * every[path].reshape(values[path].shape) for path in told}
    together = {path: way / len(told) for path, way in ways.items()}
    whole = sum(expected[path] for path in told) / max(len(told), 1)
    if not told or not differs(rises(x, begin, given, values, [together])[0], whole, one=False):
        return ()
    risen = rises(x, begin, given, values, [{path: way} for path, way in ways.items()])
    lacking = {p: rise for p, rise in zip(told, risen, strict=True) if differs(rise, expected[p], one=True)}
    halves = rises(x, begin, given, values, [{path: ways[path] / 2} for path in lacking]) if lacking else []
    ends = zip(lacking.items(), halves, strict=True)
    return tuple(path for (path, rise), half in ends if not is_bent(rise, half, expected[path]))


def differs(rise: float | None, expected: float, one: bool) -> bool:
    return rise is not None and abs(rise / expected - 1) > SHARE[one]


def rises(
    x: Examiner, begin: list[Step], given: tuple[Value, ...], values: Ways, moves: Sequence[Ways]
) -> list[float | None]:
    """Half the difference of the losses on both sides, for each move; the optimizer stands still."""
    steps: list[Step] = [*begin, Call("optimizer.learning_rate.assign", (0.0,))]
    for place, move in enumerate(moves):
        for sign, name in ((1, "up"), (-1, "down")):
            steps += [Put(path, send((values[path] + sign * way).astype("float32"))) for path, way in move.items()]
            steps.append(Watch("t", "train", f"{name}{place}", given, losses_only=True))
        steps += [Put(path, send(values[path])) for path in move]
    seen = x.ask("train.differences", *steps, seconds=90).values
    ends = [(loss_in(seen.get(f"up{i}")), loss_in(seen.get(f"down{i}"))) for i in range(len(moves))]
    return [(up - down) / 2 if up is not None and down is not None else None for up, down in ends]


def loss_in(watched: object) -> float | None:
    return number(watched.tape[0].loss) if isinstance(watched, Watched) and watched.tape else None
