"""How cells are executed through nbclient, with nothing kept of what they send but what `Showing` keeps of it."""

from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from grader.model import Cell
from grader.sandbox.showing import Showing


class Recorder(NotebookClient):  # type: ignore[misc]
    """Runs cells in a kernel that is already there; `reply` and `outputs` are the last one's."""

    def __init__(self, limit: int, client: Any) -> None:
        super().__init__(
            nbformat.v4.new_notebook(), timeout=None, allow_errors=True, coalesce_streams=False,
            store_widget_state=False, record_timing=False,
        )  # fmt: skip
        self.kc = client
        self.on_cell_executed = self._keep_reply
        self.reply: dict[str, Any] = {}
        self._limit = limit
        self._left, self._for_errors = limit, limit  # bytes for the cells to come
        self._showing = Showing(0, 0, limit)

    async def run(self, cell: Cell) -> None:
        """Its index is told to the kernel, which names the cell by it when something fails."""
        self.reply = {}
        self._left = max(self._left - self._showing.size, 0)
        self._for_errors = max(self._for_errors - self._showing.error_size, 0)
        # No cell takes all, so that later plots are kept.
        self._showing = Showing(self._left // 2, self._for_errors // 2, self._limit)
        self.kc.session.metadata = {"cellId": str(cell.index)}
        node = NotebookNode(cell_type="code", source=cell.source, metadata=NotebookNode())
        self.nb.cells = [node]
        await self.async_execute_cell(node, 0)

    def outputs(self) -> tuple[dict[str, Any], ...]:
        return self._showing.outputs()

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> None:
        if msg["msg_type"] == "status":
            super().process_message(msg, cell, cell_index)  # raises at the end of the cell
        self._showing.hear(msg["msg_type"], msg["content"])

    def _keep_reply(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any] | None) -> None:
        self.reply = (execute_reply or {}).get("content", {})
