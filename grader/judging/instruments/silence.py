"""Ready-made dropout hands on what it is given: for all questions that are not about dropout.

Random numbers drawn later stay the same: like TensorFlow's own, at a rate of 0 too, it takes the next seed.
"""

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


def whole() -> list[Step]:
    return [Put(path, Ref(code)) for path, code in WHOLE]
