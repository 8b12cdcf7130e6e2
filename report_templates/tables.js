"use strict";
// What every table and section of the page can do. No network, no strings run as code; all text goes in as text.
const FILTERED = 20; // fewer than that can be overlooked without a field to filter them
const $ = (id) => document.getElementById(id);
const fill = (text, a, b, c) => text.replace("{a}", a).replace("{b}", b).replace("{c}", c);

function make(tag, attributes, text) {
  const space = "http://www.w3.org/2000/svg";
  const svg = ["svg", "g", "rect", "text", "line", "defs", "pattern"].includes(tag);
  const element = svg ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const key in attributes || {}) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  return element;
}

// A button in each head sorts; numbers stand in data-v.
function sortable(own, words) {
  const rows = [...own.tBodies[0].rows];
  const read = (row, n) => {
    const box = row.cells[n];
    const number = box.dataset.v;
    return number === undefined ? box.textContent.toLowerCase() : /^\d+$/.test(number) ? Number(number) : number;
  };
  [...own.tHead.rows[0].cells].forEach((head, n) => {
    const button = make("button", { type: "button", title: fill(words.sort, head.textContent) }, head.textContent);
    head.textContent = "";
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending";
      [...own.tHead.rows[0].cells].forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort((a, b) => {
        const x = read(a, n);
        const y = read(b, n);
        return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
      });
      own.tBodies[0].append(...rows);
    });
  });
  filter(own.parentNode, rows, words.filter);
}

// A field above many things leaves only those whose name has what is typed.
function filter(above, things, words) {
  if (things.length <= FILTERED) return;
  const label = make("label", { class: "field filter" }, words);
  const input = make("input", { type: "search" });
  label.append(input);
  above.before(label);
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase();
    things.forEach((thing) => { thing.hidden = !thing.firstElementChild.textContent.toLowerCase().includes(wanted); });
  });
}

// What a section holds below its summary is put there when it is first opened: thousands at once would take seconds.
function drawLater(section) {
  const inside = section.querySelector && section.querySelector("[data-later]");
  if (!inside) return;
  inside.innerHTML = inside.firstElementChild.textContent; // this page's own markup, escaped when it was made
  inside.removeAttribute("data-later");
}
document.addEventListener("toggle", (event) => drawLater(event.target), true);

// A connector's section opens when somebody is sent there.
function reveal() {
  const found = location.hash.length > 1 && $(location.hash.slice(1)); // the page's ids are plain letters
  const closed = found && found.closest("details:not([open])");
  if (closed) { drawLater(closed); closed.open = true; }
  if (closed) found.scrollIntoView();
}

// On paper every section that is drawn is open; afterwards they are as they were.
function openForPaper(on) {
  document.querySelectorAll("details").forEach((section) => {
    if (on && !section.open && !section.querySelector("[data-later]")) { section.open = true; section.dataset.was = "closed"; }
    if (!on && section.dataset.was) { section.open = false; delete section.dataset.was; }
  });
}
