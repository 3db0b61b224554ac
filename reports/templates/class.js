"use strict";
// Without this script every table is whole, in the order of names, and the filters above the matrix work.
(function () {
  const value = (row, column) => row.cells[column].dataset.key ?? row.cells[column].textContent.trim();
  const compared = (a, b) => (isNaN(a) || isNaN(b) ? String(a).localeCompare(String(b)) : a - b);

  function sort(table, column, heading) {
    const down = heading.getAttribute("aria-sort") === "ascending";
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => (down ? -1 : 1) * compared(value(a, column), value(b, column)));
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows);
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    for (const heading of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, heading.cellIndex, heading));
    }
  }

  const search = document.querySelector("#search");
  const heard = document.querySelector("#search-heard");
  search.parentNode.hidden = false;
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLocaleLowerCase();
    for (const row of document.querySelectorAll("table.sortable.people tbody tr")) {
      row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
    }
    const shown = document.querySelectorAll(".matrix tbody tr:not([hidden])").length;
    heard.textContent = wanted ? heard.dataset.text.replace("{}", shown) : "";
  });
})();
