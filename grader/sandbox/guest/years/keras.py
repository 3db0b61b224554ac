"""Old forms of Keras as TensorFlow 2.4 had it, above all of its optimizers, and what they mean in Keras 3."""

import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any

from . import renamed

WEIGHTS = ".weights.h5"


def mend_optimizer(module: Any) -> None:
    cls = module.BaseOptimizer
    plain = cls.__init__

    @functools.wraps(plain)
    def __init__(self: Any, learning_rate: Any, *args: Any, **kwargs: Any) -> None:
        if "lr" in kwargs:
            renamed.told("The argument lr= of optimizers", "learning_rate=")
            learning_rate = kwargs.pop("lr")
        rate = as_rate(learning_rate)
        if decay := float(kwargs.pop("decay", None) or 0.0):
            renamed.told("The argument decay= of optimizers", "learning_rate / (1 + decay * iterations)")
            schedules = sys.modules["keras.src.optimizers.schedules.learning_rate_schedule"]
            rate = schedules.InverseTimeDecay(rate, 1, decay)
        plain(self, rate, *args, **kwargs)

    cls.__init__ = __init__
    cls._check_variables_are_known = know
    cls.lr = property(lambda self: self.learning_rate, lambda self, rate: setattr(self, "learning_rate", rate))
    renamed.method(cls, "minimize", "a GradientTape and apply_gradients()", minimize)
    renamed.method(cls, "get_weights", "the values of optimizer.variables",
                   lambda self: [variable.numpy() for variable in self.variables])  # fmt: skip
    mend_applying(cls)


def as_rate(rate: Any) -> Any:
    """A number of any kind becomes a float; a tensor or variable is read at each step, as it was."""
    if isinstance(rate, float) or callable(rate):
        return rate
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and isinstance(rate, tensorflow.Tensor | tensorflow.Variable):
        renamed.told("A tensor as learning rate", "a function that returns it")
        return lambda: rate
    try:
        number = float(rate)
    except (TypeError, ValueError):
        return rate  # Keras says what it takes
    renamed.told(f"A learning rate of type {type(rate).__name__}", "a float")
    return number


def know(self: Any, variables: list[Any]) -> None:
    """Optimizers took variables they had not seen before at any time; what they hold for the others is kept."""
    new = [variable for variable in variables if self._var_key(variable) not in self._trainable_variables_indices]
    if not new:
        return
    renamed.told("An optimizer for a fixed set of variables", "one that takes new variables later")
    before = {name: list(value) for name, value in vars(self).items() if slots(name, value)}
    locked = self._tracker.locked
    self._tracker.unlock()
    self.built = False
    self.build([*self._trainable_variables, *new])
    for name, value in before.items():
        for old, current in zip(value, getattr(self, name), strict=False):
            if old is not None and current is not None:
                current.assign(old)
    if locked:
        self._tracker.lock()


def slots(name: str, value: Any) -> bool:
    """Whether an attribute holds one variable of the optimizer for each variable it trains, such as momentums."""
    if name in ("_variables", "_trainable_variables") or not isinstance(value, list):
        return False
    return bool(value) and all(held is None or hasattr(held, "assign") for held in value)


def minimize(self: Any, loss: Any, var_list: Any, tape: Any = None, **_: Any) -> Any:
    tensorflow = sys.modules["tensorflow"]
    if callable(loss):
        tape = tensorflow.GradientTape()
        with tape:
            loss = loss()
    variables = list(var_list() if callable(var_list) else var_list)
    return self.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))


def mend_applying(cls: Any) -> None:
    plain = cls.apply_gradients

    @functools.wraps(plain)
    def apply_gradients(self: Any, grads_and_vars: Any, *_: Any, **__: Any) -> Any:
        """Its former further arguments, a name and how replicas are added up, change no number here."""
        return plain(self, grads_and_vars)

    cls.apply_gradients = apply_gradients


def mend_legacy(module: Any) -> None:
    plain = sys.modules[module.__name__.removesuffix(".legacy")]
    old = [name for name in vars(module) if hasattr(plain, name) and not name.startswith("_")]
    renamed.names(module, {
        name: (f"keras.optimizers.{name}", functools.partial(getattr, plain, name)) for name in old
    }, drop=True)  # fmt: skip


def mend_losses(module: Any) -> None:
    short = {"mean_squared_error": "MSE", "mean_absolute_error": "MAE", "mean_absolute_percentage_error": "MAPE",
             "mean_squared_logarithmic_error": "MSLE", "kullback_leibler_divergence": "KLD"}  # fmt: skip
    mend_loss_functions(module)
    renamed.names(module, {
        old: (f"keras.losses.{new}", functools.partial(getattr, module, new))
        for old, new in short.items() if old not in vars(module) and hasattr(module, new)
    })  # fmt: skip


def mend_loss_object(module: Any) -> None:
    module.Loss.__call__ = with_tensors(module.Loss.__call__, 1)


def mend_loss_functions(module: Any) -> None:
    """Those of (y_true, y_pred, ...), in each module by itself: it may have taken them over before they were mended."""
    for name, function in list(vars(module).items()):
        code = getattr(function, "__code__", None)
        if code is not None and code.co_varnames[:2] == ("y_true", "y_pred"):
            setattr(module, name, with_tensors(function, 0))


def with_tensors(plain: Callable[..., Any], first: int) -> Callable[..., Any]:
    """Labels and predictions, from argument `first` on, could be lists of numbers or of tensors."""

    @functools.wraps(plain)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = [as_tensor(value) if first <= i < first + 2 else value for i, value in enumerate(args)]
        named = {name: as_tensor(value) if name.startswith("y_") else value for name, value in kwargs.items()}
        return plain(*given, **named)

    return call


def as_tensor(value: Any) -> Any:
    if not isinstance(value, list | tuple) and type(value).__module__ != "numpy":
        return value
    try:
        tensor = sys.modules["tensorflow"].convert_to_tensor(value)
    except (TypeError, ValueError):
        return value  # Keras says what it takes
    if isinstance(value, list | tuple):
        renamed.told("Labels in a list, given to a loss of Keras", "a tensor")
    return tensor


def mend_layer(module: Any) -> None:
    """`model(x, 0.2)` handed its second argument to `call`; Keras 3 wants the names of those that are no tensors."""
    plain = module.Layer.__call__

    @functools.wraps(plain)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        names = call_names(self) if len(args) > 1 else []
        first = next((i for i, value in enumerate(args) if i and isinstance(value, bool | int | float | str)), None)
        if first is not None and len(args) <= len(names):
            renamed.told("A number as second argument of a Keras model or layer", "that argument of its call()")
            kwargs |= dict(zip(names[first:], args[first:], strict=False))
            args = args[:first]
        return plain(self, *args, **kwargs)

    module.Layer.__call__ = call


def call_names(layer: Any) -> list[str]:
    """Names of the arguments of its call(), as far as they can be given by place and by name."""
    parameters = inspect.signature(layer.call).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]


def mend_regularizers(module: Any) -> None:
    renamed.arguments(module.L1, "__init__", {"l": "l1"})
    renamed.arguments(module.L2, "__init__", {"l": "l2"})


def mend_metric(module: Any) -> None:
    renamed.method(module.Metric, "reset_states", "reset_state()", lambda self: self.reset_state())


def mend_model(module: Any) -> None:
    def predict_classes(self: Any, *args: Any, **kwargs: Any) -> Any:
        probabilities = self.predict(*args, **kwargs)
        return probabilities.argmax(-1) if probabilities.shape[-1] > 1 else (probabilities > 0.5).astype("int32")

    cls = module.Model
    renamed.method(cls, "predict_classes", "the largest entry of predict()", predict_classes)
    renamed.method(cls, "fit_generator", "fit()", lambda self, *args, **kwargs: self.fit(*args, **kwargs))
    for name in ("save_weights", "load_weights"):
        setattr(cls, name, with_ending(getattr(cls, name)))


def with_ending(plain: Callable[..., Any]) -> Callable[..., Any]:
    """Weights went into a file of any name."""

    @functools.wraps(plain)
    def call(self: Any, filepath: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(filepath, str) and not filepath.endswith((WEIGHTS, ".keras")):
            renamed.told("A file name for weights without its ending", f"the name with {WEIGHTS}")
            filepath = filepath.removesuffix(".h5") + WEIGHTS
        return plain(self, filepath, *args, **kwargs)

    return call


def mend_checkpoints(module: Any) -> None:
    cls = module.ModelCheckpoint
    plain = cls.__init__

    @functools.wraps(plain)
    def __init__(self: Any, filepath: str, *args: Any, **kwargs: Any) -> None:
        ending = WEIGHTS if kwargs.get("save_weights_only") else ".keras"
        if not filepath.endswith((ending, ".h5")) or (ending == WEIGHTS and not filepath.endswith(WEIGHTS)):
            renamed.told("A checkpoint's file name without its ending", f"the name with {ending}")
            filepath = filepath.removesuffix(".h5") + ending
        plain(self, filepath, *args, **kwargs)

    cls.__init__ = __init__


def mend_tensor(module: Any) -> None:
    """A tensor of one number was a number, whatever its shape."""
    for name, kind in (("__float__", float), ("__int__", int)):
        setattr(module._EagerTensorBase, name, functools.partialmethod(number, kind))


def number(tensor: Any, kind: type) -> Any:
    array = tensor._numpy()
    return kind(array.item() if array.size == 1 else array)


def mend_backend(module: Any) -> None:
    module.set_value = lambda variable, value: variable.assign(value)


def mend_layers(module: Any) -> None:
    """`layers.experimental.preprocessing` became `layers`."""
    for name in (f"{module.__name__}.experimental", f"{module.__name__}.experimental.preprocessing"):
        stand_in = types.ModuleType(name)
        stand_in.__path__ = []
        stand_in.__getattr__ = functools.partial(getattr, module)  # type: ignore[method-assign]
        sys.modules[name] = stand_in
        sys.modules[name.replace("keras._tf_keras", "tensorflow")] = stand_in
    module.experimental = sys.modules[f"{module.__name__}.experimental"]
    module.experimental.preprocessing = stand_in


TF_KERAS = "keras._tf_keras.keras"


def mend_trainer(module: Any) -> None:
    from ..trainings import glances  # noqa: PLC0415 - brings TensorFlow, which is loaded only after this file

    module.TensorFlowTrainer.fit = glances.of_a_glance(module.TensorFlowTrainer.fit)


MENDS: dict[str, Callable[[Any], None]] = {
    "tensorflow.python.framework.ops": mend_tensor,
    "keras.src.optimizers.base_optimizer": mend_optimizer,
    "keras.src.layers.layer": mend_layer,
    "keras.src.backend.tensorflow.trainer": mend_trainer,
    "keras.src.losses.loss": mend_loss_object,
    "keras.src.losses.losses": mend_loss_functions,
    "keras.src.regularizers.regularizers": mend_regularizers,
    "keras.src.metrics.metric": mend_metric,
    "keras.src.models.model": mend_model,
    "keras.src.callbacks.model_checkpoint": mend_checkpoints,
    "keras.optimizers.legacy": mend_legacy,
    "tensorflow.keras.optimizers.legacy": mend_legacy,
    f"{TF_KERAS}.optimizers.legacy": mend_legacy,
    f"{TF_KERAS}.losses": mend_losses,
    f"{TF_KERAS}.metrics": mend_loss_functions,
    "keras.losses": mend_loss_functions,
    "keras.metrics": mend_loss_functions,
    f"{TF_KERAS}.backend": mend_backend,
    f"{TF_KERAS}.layers": mend_layers,
}
