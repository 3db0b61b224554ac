"""What Keras would download for notebooks about photos: weights of ImageNet, pictures from anywhere.

Weights come from `imagenet/` of the course data where they are there; else a small random network stands in for them,
whose output has the same shape. A picture from elsewhere is answered with one of the course's photos.
"""

import functools
import os
import shutil
import sys
import types
from collections.abc import Callable
from typing import Any

from .. import notes
from . import fetching, paths

WEIGHTS = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
UNKNOWN = "<unk>"


def everywhere(plain: types.FunctionType, replacement: Any) -> None:
    """In whichever modules of Keras have taken it over by now; those that load later take it from these."""
    for module in [module for name, module in list(sys.modules.items()) if module and name.split(".")[0] == "keras"]:
        if vars(module).get(plain.__name__) is plain:
            setattr(module, plain.__name__, replacement)


def mend_files(module: Any) -> None:
    plain = module.get_file

    @functools.wraps(plain)
    def get_file(fname: Any = None, origin: Any = None, *_: Any, **__: Any) -> str:
        file = fetching.answer(origin or fname, fname)
        if file is None:
            raise fetching.unreachable(origin)
        if file in fetching.photos() and os.path.basename(file) not in (fname, os.path.basename(str(origin))):
            return shutil.copyfile(file, os.path.abspath(os.path.basename(str(fname or origin))))
        return file

    everywhere(plain, get_file)


def photo(name: str) -> str:
    """The path of one of the course's photos."""
    return next(path for path in fetching.photos() if os.path.basename(path) == name)


def mend_inception(module: Any) -> None:
    plain = module.InceptionV3

    @functools.wraps(plain)
    def inception(include_top: bool = True, weights: Any = "imagenet", *args: Any, **kwargs: Any) -> Any:
        if include_top or weights != "imagenet" or fetching.imagenet(WEIGHTS):
            return trained(plain)(include_top, weights, *args, **kwargs)
        notes.change(
            "InceptionV3 has no weights here (imagenet/ is not among the course data): a small random network with "
            "the same output, 8×8×2048 for a photo, stands in for it. Colours and places survive, objects do not."
        )
        names = ("input_tensor", "input_shape", "pooling")
        return stand_in(**{**dict(zip(names, args, strict=False)), **kwargs})

    everywhere(plain, inception)


def stand_in(input_tensor: Any = None, input_shape: Any = None, pooling: Any = None, **_: Any) -> Any:
    """Means over 9×9 points, then a random projection of 4×4 of them: 8×8 places of a photo of 299×299."""
    import keras  # noqa: PLC0415 - only the notebook decides when Keras is loaded, and it has by now

    layers = keras.layers
    image = input_tensor if input_tensor is not None else layers.Input(input_shape or (None, None, 3))
    means = layers.AveragePooling2D(9, name="means")(image)
    seeded = keras.initializers.RandomNormal(stddev=0.3, seed=3)
    features = layers.Conv2D(2048, 4, strides=4, activation="relu", kernel_initializer=seeded, name="mixed10")(means)
    if pooling in ("avg", "max"):
        pool = layers.GlobalAveragePooling2D if pooling == "avg" else layers.GlobalMaxPooling2D
        features = pool()(features)
    return keras.Model(image, features, name="inception_v3")


def trained(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Random weights where those of ImageNet are not to be had."""

    @functools.wraps(plain)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return plain(*args, **kwargs)
        except fetching.Unreachable:
            notes.change(f"{plain.__name__} has random weights here: those of ImageNet are not among the course data.")
            given = {name: None if name == "weights" else value for name, value in kwargs.items()}
            return plain(*(None if value == "imagenet" else value for value in args), **{"weights": None} | given)

    return call


def mend_application(module: Any) -> None:
    for name, function in list(vars(module).items()):
        code = getattr(function, "__code__", None)
        if name[0].isupper() and code is not None and "weights" in code.co_varnames:
            everywhere(function, trained(function))


def mend_reading(module: Any) -> None:
    """TensorFlow reads files itself; a place that names course data elsewhere is translated before, in graphs too."""
    plain = module.read_file

    def meant(name: bytes) -> bytes:
        path = os.fsdecode(name)
        return name if os.path.lexists(path) else os.fsencode(paths.find(path) or path)

    @functools.wraps(plain)
    def read_file(filename: Any, name: Any = None) -> Any:
        import tensorflow as tf  # noqa: PLC0415 - loaded by now, or this module would not be mended

        if tf.executing_eagerly():
            return plain(meant(tf.convert_to_tensor(filename).numpy()), name)
        found = tf.numpy_function(meant, [filename], tf.string)
        return plain(tf.ensure_shape(found, []), name)

    module.read_file = read_file


class Words(dict[int, str]):
    """Of a tokenizer, whose vocabulary may be smaller than the output of a model that is hardly trained."""

    def __missing__(self, number: int) -> str:
        notes.change(f"A word number beyond the vocabulary of these captions was read as {UNKNOWN}.")
        return UNKNOWN


def mend_tokenizer(module: Any) -> None:
    plain = module.Tokenizer.fit_on_texts

    @functools.wraps(plain)
    def fit_on_texts(self: Any, texts: Any) -> None:
        plain(self, texts)
        self.index_word = Words(self.index_word)

    module.Tokenizer.fit_on_texts = fit_on_texts


OTHERS = ("resnet", "resnet_v2", "vgg16", "vgg19", "xception", "mobilenet_v2", "densenet", "inception_resnet_v2",
          "efficientnet", "efficientnet_v2", "mobilenet", "nasnet")  # fmt: skip
MENDS: dict[str, Callable[[Any], None]] = {
    "keras.src.utils.file_utils": mend_files,
    "keras.src.applications.inception_v3": mend_inception,
    "keras.src.legacy.preprocessing.text": mend_tokenizer,
    "tensorflow._api.v2.io": mend_reading,
    **{f"keras.src.applications.{name}": mend_application for name in OTHERS},
}
