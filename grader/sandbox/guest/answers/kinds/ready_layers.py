"""Whether a library's own recurrent cell does the work of a training step, by whatever name it was reached."""

import re
import sys
from typing import Any

from tensorflow.python.framework import op_callbacks

from ... import wire
from .. import watch
from ..touch import operation

# The cell of a student's own may be unrolled by Keras (rnn.py).
CELLS = re.compile(
    r"/layers/rnn/(gru|lstm|simple_rnn|legacy_cells)\w*\.py$|/tensorflow_addons/rnn/|/torch/nn/modules/rnn\.py$"
)
OPERATIONS = re.compile(r"(GRUBlock|LSTMBlock|BlockLSTM|CudnnRNN)")


def ready_layers(owner: Any, method: str, *args: Any, **kwargs: Any) -> list[str]:
    """What of a library ran below one step of training: functions and operations."""
    ran: set[str] = set()

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call" and CELLS.search(frame.f_code.co_filename):
            ran.add(frame.f_code.co_name)

    def note_operation(kind: str | bytes, *_: Any, **__: Any) -> None:
        if OPERATIONS.match(operation(kind)):
            ran.add(operation(kind))

    op_callbacks.add_op_callback(note_operation)
    sys.setprofile(note)
    try:
        watch.watched(owner, wire.Watch("c", method, "w", losses_only=True), list(args), kwargs, lambda error: None)
    finally:
        sys.setprofile(None)
        op_callbacks.remove_op_callback(note_operation)
    return sorted(ran)[:20]
