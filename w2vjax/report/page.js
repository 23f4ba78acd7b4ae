"use strict";
// Tables that sort and filter. Without this script they are whole, in the order of the records.

const NAMES_AT_MOST = 0.65; // of the box: what stays in sight while the rest scrolls

function number(text) {
  return parseFloat(text.replace(/[,\s<]/g, "").replace("\u2212", "-"));
}

// Numbers by size and names by letter; what is no number comes last either way.
function compare(one, other, direction) {
  if (one.tagName === "TH") return direction * one.textContent.localeCompare(other.textContent);
  const [a, b] = [number(one.textContent), number(other.textContent)];
  if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
  return direction * (a - b);
}

function sortable(table) {
  const body = table.tBodies[0];
  const given = [...body.rows];
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "sort by this column";
    button.append(...header.childNodes);
    header.append(button);
    header.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const first = place < 2 ? "ascending" : "descending";
      const second = place < 2 ? "descending" : "ascending";
      const next = { none: first, [first]: second, [second]: "none" };
      const order = next[header.getAttribute("aria-sort")];
      headers.forEach((each) => each.setAttribute("aria-sort", "none"));
      header.setAttribute("aria-sort", order);
      const direction = { none: 0, ascending: 1, descending: -1 }[order];
      const sorted = [...given];
      if (direction) sorted.sort((a, b) => compare(a.cells[place], b.cells[place], direction));
      body.append(...sorted);
    });
  });
}

function filterable(box, table) {
  const rows = [...table.tBodies[0].rows];
  const line = document.createElement("p");
  const label = document.createElement("label");
  const input = document.createElement("input");
  const count = document.createElement("span");
  line.className = "filter";
  input.type = "search";
  count.setAttribute("role", "status");
  label.append("Rows with ", input);
  line.append(label, " ", count);
  box.before(line);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const names = [...row.querySelectorAll("th")].map((cell) => cell.textContent).join(" ");
      row.hidden = !words.every((word) => names.toLowerCase().includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = shown < rows.length ? `${shown} of ${rows.length}` : "";
  });
}

// The second column stays in sight with the first where both leave room for the rest.
function stick(box, table) {
  const [first, second] = table.tHead.rows[0].cells;
  const both = first.offsetWidth + second.offsetWidth;
  for (const row of table.rows) {
    const fits = both < NAMES_AT_MOST * box.clientWidth;
    row.cells[1].classList.toggle("stuck", fits);
    row.cells[1].style.left = fits ? `${first.offsetWidth}px` : "";
  }
}

for (const box of document.querySelectorAll(".wide")) {
  const table = box.querySelector("table");
  if (!table) continue;
  sortable(table);
  if (table.tBodies[0].rows.length > 3) filterable(box, table);
  stick(box, table);
  new ResizeObserver(() => stick(box, table)).observe(box);
}
