"""What is kept of a notebook's outputs: nbclient's recording with a size cap and only well-formed outputs."""

import json
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.validator import isvalid

from grader.model import Cell
from grader.sandbox.streams import joined

ERROR_LIMIT = 20_000  # an error is kept beyond the cap, cut to this
OVERHEAD = 60  # bytes of JSON around an output


class Recorder(NotebookClient):  # type: ignore[misc]
    """Runs cells in a kernel that is already there."""

    def __init__(self, cells: tuple[Cell, ...], limit: int, client: Any) -> None:
        nodes = [nbformat.v4.new_code_cell(cell.source) for cell in cells]
        super().__init__(
            nbformat.v4.new_notebook(cells=nodes), timeout=None, allow_errors=True, coalesce_streams=False,
            store_widget_state=False, record_timing=False,
        )  # fmt: skip
        self.kc = client
        self.comm_open_handlers: dict[str, Any] = {}  # nothing here shows widgets
        self.replies: dict[int, dict[str, Any]] = {}
        self.on_cell_executed = self._keep_reply
        self._limit = limit
        self._before = 0  # bytes kept of earlier cells
        self._here = 0
        self._cut = False

    async def run(self, position: int, index: int) -> None:
        """`index` is told to the kernel, which names the cell by it when something fails."""
        self._before, self._here, self._cut = self._before + self._here, 0, False
        self.kc.session.metadata = {"cellId": str(index)}
        await self.async_execute_cell(self.nb.cells[position], position)

    def outputs(self, position: int) -> tuple[dict[str, Any], ...]:
        kept = joined(json.loads(json.dumps(output)) for output in self.nb.cells[position].outputs)
        return tuple(output for output in kept if isvalid(output, ref="output", version=4, version_minor=5))

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        kind, content = msg["msg_type"], msg["content"]
        if kind.startswith("comm"):
            return None
        if kind == "clear_output":
            self._here = 0
        if kind in ("stream", "display_data", "execute_result", "update_display_data"):
            if not self._fits(content, cell):
                return None
        if kind == "error":
            content["traceback"] = [line[:ERROR_LIMIT] for line in content["traceback"][:100]]
            content["evalue"] = content["evalue"][:ERROR_LIMIT]
        return super().process_message(msg, cell, cell_index)

    def _fits(self, content: dict[str, Any], cell: NotebookNode) -> bool:
        """Count an output; a text is cut to what still fits, anything else is kept or left out."""
        share = (self._limit - self._before) // 2  # no cell takes all, so that later plots are kept
        room = share - self._here - OVERHEAD
        size = len(content["text"]) if "text" in content else len(json.dumps(content["data"]))
        self._here += OVERHEAD + min(size, max(room, 0))
        if size <= room:
            return True
        if "text" in content and room > 0:
            cell.outputs.append(nbformat.v4.new_output("stream", name=content["name"], text=content["text"][:room]))
        if not self._cut:
            self._cut = True
            said = f"\n[The rest of this output was left out: a notebook may show {self._limit // 1024} KB in all.]\n"
            cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text=said))
        return False

    def _keep_reply(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any] | None) -> None:
        self.replies[cell_index] = (execute_reply or {}).get("content", {})
