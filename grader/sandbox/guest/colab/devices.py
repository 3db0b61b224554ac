"""What a notebook finds of a GPU: its share of one; or the CPU, where what was written for a GPU goes on as well."""

import ast
import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from .. import notes
from ..config import GuestConfig

GPU = "GPU"
SHARING = ("set_memory_growth", "set_logical_device_configuration", "set_virtual_device_configuration")
STOPS = ("exit", "quit", "sys.exit", "os._exit", "os.abort", "os.kill")
NAMED = re.compile(r"gpu|cuda", re.IGNORECASE)
DEVICE = re.compile(r"([/\w:]*[/:])?(xla_)?(gpu|cuda)(:\d+)?", re.IGNORECASE)  # 'GPU', '/device:GPU:0'


def install(config: GuestConfig) -> None:
    """Before the first operation, with which TensorFlow fixes its devices."""
    gpus = tf.config.list_physical_devices(GPU)
    if gpus:
        share = tf.config.LogicalDeviceConfiguration(memory_limit=config.gpu_memory // 1024**2)
        tf.config.set_logical_device_configuration(gpus[0], [share])
        notes.change("It ran on a GPU here.")
    elif config.gpu_memory:
        notes.change("There was a GPU for it, which TensorFlow did not see from inside: it ran on the CPU.")
    replace(SHARING, lambda original: unless_of_a_gpu(original, "how much of a GPU a notebook gets is decided here"))
    if gpus:
        return
    replace(("list_physical_devices",), lambda original: or_absent(original, tf.config.PhysicalDevice, "/physical_"))
    replace(("list_logical_devices",), lambda original: or_absent(original, tf.config.LogicalDevice, "/"))
    replace(("set_visible_devices",), lambda original: unless_of_a_gpu(original, "there is no GPU here"))
    replace(("set_soft_device_placement",), always_soft)
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        shell.ast_transformers.append(Guards())


def replace(names: Sequence[str], new: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    for module in (tf.config, tf.config.experimental):
        for name in names:
            if original := getattr(module, name, None):
                setattr(module, name, functools.wraps(original)(new(original)))


def unless_of_a_gpu(original: Callable[..., Any], why: str) -> Callable[..., Any]:
    def setter(devices: Any, *args: Any, **kwargs: Any) -> Any:
        named = devices if isinstance(devices, list | tuple) and not hasattr(devices, "device_type") else [devices]
        if any(getattr(device, "device_type", None) == GPU for device in named):
            return notes.change(f"{original.__name__} was ignored: {why}.")
        return original(devices, *args, **kwargs)

    return setter


def always_soft(original: Callable[..., Any]) -> Callable[..., Any]:
    def setter(enabled: bool) -> None:
        if not enabled:
            notes.change("What asks for a GPU runs on the CPU here, so set_soft_device_placement(False) was ignored.")

    return setter


class Absent(list[Any]):
    """No GPU; and yet `gpus[0]` is something that can be handed on, and is ignored there."""

    def __init__(self, first: Any) -> None:
        super().__init__()
        self._first = first

    def __getitem__(self, place: Any) -> Any:
        return self._first if place in (0, -1) else super().__getitem__(place)


def or_absent(original: Callable[..., Any], kind: Callable[[str, str], Any], prefix: str) -> Callable[..., Any]:
    def listed(device_type: str | None = None) -> Any:
        return Absent(kind(f"{prefix}device:GPU:0", GPU)) if device_type == GPU else original(device_type)

    return listed


class Guards(ast.NodeTransformer):
    """Takes from a cell what would end it because there is no GPU; what it prints stays true."""

    def __init__(self) -> None:
        self._held: set[str] = set()  # names of what the notebook was told about GPUs

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        if self._asks(node.value):
            self._held |= {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if self._asks(node.test):
            node.body, node.orelse = [*map(unstopped, node.body)], [*map(unstopped, node.orelse)]
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return passed_over(node) if self._asks(node.test) else node

    def _asks(self, expression: ast.expr) -> bool:
        return any(self._about_gpus(node) for node in ast.walk(expression))

    def _about_gpus(self, node: ast.AST) -> bool:
        match node:
            case ast.Name(id=name):
                return name in self._held or bool(NAMED.search(name))
            case ast.Attribute(attr=name):
                return bool(NAMED.search(name))
            case ast.Constant(value=str(text)):
                return bool(DEVICE.fullmatch(text))
        return False


def unstopped(statement: ast.stmt) -> ast.stmt:
    stops = isinstance(statement, ast.Raise) or (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.value.func) in STOPS
    )
    return passed_over(statement) if stops else statement


def passed_over(statement: ast.stmt) -> ast.stmt:
    notes.change("A check that ends a cell where there is no GPU was skipped: notebooks run on the CPU here.")
    return ast.copy_location(ast.Pass(), statement)
