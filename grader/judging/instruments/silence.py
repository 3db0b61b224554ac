"""Ready-made dropout hands on what it is given: for all questions that are not about dropout. So may normalisation.

Random numbers drawn later stay the same: like TensorFlow's own, at a rate of 0 too, it takes the next seed.
"""

import re

from grader.sandbox.guest.wire import Put, Ref, Step

HANDS_ON = "lambda x, *args, **kwargs: __import__('tensorflow').convert_to_tensor(x)"
HANDS_ON_SEEDED = (
    "lambda x, rate=None, noise_shape=None, seed=None, *args, **kwargs: "
    "(__import__('tensorflow').convert_to_tensor(x), __import__('tensorflow').compat.v1.get_seed(seed))[0]"
)
WHOLE = (
    ("__import__('tensorflow').nn.dropout", HANDS_ON_SEEDED),
    ("__import__('tensorflow').nn.experimental.stateless_dropout", HANDS_ON),
    ("__import__('tensorflow').compat.v1.nn.dropout", HANDS_ON_SEEDED),
    ("__import__('keras').layers.Dropout.call", "lambda self, inputs, *args, **kwargs: inputs"),
)
# Of layers that normalise; where those hand on what they are given, these have no say.
NORMS = re.compile(r"\..+\.(gamma|beta|moving_mean|moving_variance)$")


def passing_on(layer: str) -> Put:
    return Put(f"__import__('keras').layers.{layer}.call", Ref("lambda self, inputs, training=None, mask=None: inputs"))


NORMALISING = ("BatchNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization")
NORMS_HAND_ON = tuple(map(passing_on, NORMALISING))


def whole() -> list[Step]:
    return [Put(path, Ref(code)) for path, code in WHOLE]
