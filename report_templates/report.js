"use strict";
// The connector report's controls. No network, no strings run as code; everything from the data goes in as text.
(function () {
  const $ = (id) => document.getElementById(id);
  const source = $("data");
  const table = $("details");
  if (!source || !table) return;
  const data = JSON.parse(source.textContent);
  const W = data.words;
  const NONE = "\u2013";
  const THIN = "\u202f";
  const PAGE = 100;
  const first = data.days[0].iso;
  const last = data.days[data.days.length - 1].iso;
  const fresh = () => ({ name: "", way: "", from: first, to: last, view: "flow", unit: "count", sort: "", down: 1 });
  let state = fresh();
  let shown = [];
  let at = 0;

  const group = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, THIN);
  const cell = (n) => (n ? group(n) : NONE);
  const fill = (text, a, b, c) => text.replace("{a}", a).replace("{b}", b).replace("{c}", c);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const counts = (row) => row.slice(2);
  const day = (row) => data.days[row[0]];
  const place = (row) => data.connectors[row[1]];
  const unknown = data.versions.indexOf("Unknown");

  // Tenths of a percent that add to 1000 by largest remainder: the same rule as in the tables.
  function tenths(numbers) {
    const whole = sum(numbers);
    if (!whole) return numbers.map(() => 0);
    const floors = numbers.map((n) => Math.floor((n * 1000) / whole));
    let left = 1000 - sum(floors);
    numbers
      .map((n, i) => [(n * 1000) % whole, i])
      .sort((a, b) => b[0] - a[0] || a[1] - b[1])
      .forEach(([, i]) => { if (left > 0) { floors[i] += 1; left -= 1; } });
    return floors;
  }

  function percent(n, tenth, whole) {
    if (!n) return NONE;
    if (!tenth) return "<0" + data.decimal + "1";
    if (tenth === 1000 && n < whole) return ">99" + data.decimal + "9";
    return Math.floor(tenth / 10) + data.decimal + (tenth % 10);
  }

  function texts(numbers) {
    if (state.unit === "count") return numbers.map(cell);
    const known = numbers.map((n, i) => (i === unknown ? 0 : n));
    const parts = tenths(known);
    return numbers.map((n, i) => (i === unknown ? cell(n) : percent(n, parts[i], sum(known))));
  }

  function make(tag, attributes, text) {
    const space = "http://www.w3.org/2000/svg";
    const svg = ["svg", "g", "rect", "text", "line", "defs", "pattern"].includes(tag);
    const element = svg ? document.createElementNS(space, tag) : document.createElement(tag);
    for (const key in attributes || {}) element.setAttribute(key, attributes[key]);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // What is chosen.
  function matches(row) {
    const where = place(row);
    const iso = day(row).iso;
    if (iso < state.from || iso > state.to) return false;
    if (state.way && where.way !== state.way) return false;
    return !state.name || where.name.toLowerCase().includes(state.name.toLowerCase());
  }

  const keys = {
    date: (row) => row[0],
    way: (row) => place(row).wayText,
    name: (row) => place(row).name.toLowerCase(),
    type: (row) => place(row).type,
    forced: (row) => place(row).forced,
    volume: (row) => sum(counts(row)),
  };
  const columns = ["date", "way", "name", "type", "forced", ...data.versions.map((v, i) => i), "volume"];

  function value(row, key) {
    if (typeof key !== "number") return keys[key](row);
    if (state.unit === "count" || key === unknown) return row[key + 2];
    const known = sum(counts(row)) - (unknown < 0 ? 0 : row[unknown + 2]);
    return known ? row[key + 2] / known : -1;
  }

  function choose() {
    shown = data.rows.filter(matches);
    if (state.sort === "") {
      shown.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
    } else {
      const key = columns[state.sort];
      const compare = (x, y) => (x < y ? -1 : x > y ? 1 : 0);
      shown.sort((a, b) => state.down * compare(value(b, key), value(a, key)) || b[0] - a[0]);
    }
  }

  // The table, a page at a time.
  function fillTable() {
    const body = table.tBodies[0];
    body.textContent = "";
    for (const row of shown.slice(at, at + PAGE)) {
      const line = make("tr");
      const where = place(row);
      line.append(make("th", { scope: "row" }, day(row).text));
      for (const [text, css] of [[where.wayText, "text"], [where.name, "text name"], [where.type, "text"], [where.forced, "text"]]) {
        line.append(make("td", { class: css }, text));
      }
      for (const text of texts(counts(row))) line.append(make("td", {}, text));
      line.append(make("td", {}, group(sum(counts(row)))));
      body.append(line);
    }
    const end = Math.min(at + PAGE, shown.length);
    $("c-pager").hidden = shown.length <= PAGE;
    $("c-page").textContent = fill(W.page, group(Math.min(at + 1, end)), group(end), group(shown.length));
    $("c-back").disabled = at === 0;
    $("c-more").disabled = end >= shown.length;
    const all = sum(shown.map((row) => sum(counts(row))));
    $("c-said").textContent = shown.length ? fill(W.messages, group(all), group(shown.length)) : W.nothing;
  }

  function heads() {
    [...table.tHead.rows[0].cells].forEach((head, n) => {
      const name = head.textContent;
      const button = make("button", { type: "button", title: fill(W.sort, name) }, name);
      head.textContent = "";
      head.append(button);
      button.addEventListener("click", () => {
        state.down = state.sort === n ? -state.down : 1;
        state.sort = n;
        refresh();
      });
    });
  }

  function markHeads() {
    [...table.tHead.rows[0].cells].forEach((head, n) => {
      if (n === state.sort) head.setAttribute("aria-sort", state.down === 1 ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  // The chart: a column a day, drawn for the width there is.
  function byDay() {
    const days = new Map();
    for (const d of data.days) {
      if (d.iso >= state.from && d.iso <= state.to) {
        days.set(d.iso, { text: d.text, short: d.short, in: 0, out: 0, versions: data.versions.map(() => 0) });
      }
    }
    for (const row of shown) {
      const sums = days.get(day(row).iso);
      counts(row).forEach((n, i) => { sums.versions[i] += n; });
      sums[place(row).way === "inbound" ? "in" : "out"] += sum(counts(row));
    }
    return [...days.values()];
  }

  function words(d) {
    if (state.view === "flow") return d.text + "\n" + W.in + ": " + group(d.in) + "\n" + W.out + ": " + group(d.out);
    const known = sum(d.versions) - (unknown < 0 ? 0 : d.versions[unknown]);
    const parts = tenths(d.versions.map((n, i) => (i === unknown ? 0 : n)));
    const lines = data.names.map((name, i) => {
      const share = i === unknown ? "" : " (" + percent(d.versions[i], parts[i], known) + THIN + "%)";
      return d.versions[i] ? name + ": " + group(d.versions[i]) + share : "";
    });
    return [d.text, ...lines.filter(Boolean)].join("\n");
  }

  function pieces(d, height, most) {
    if (state.view === "flow") {
      const zero = (height * most.in) / (most.in + most.out);
      const scale = height / (most.in + most.out);
      return [[zero - d.in * scale, d.in * scale, "vin", ""], [zero + 1, d.out * scale, "vout", ""]];
    }
    const numbers = d.versions.map((n, i) => (i === unknown && state.unit === "share" ? 0 : n));
    const whole = state.unit === "share" ? sum(numbers) : most.all;
    let y = height;
    return numbers.map((n, i) => {
      const tall = whole ? (height * n) / whole : 0;
      y -= tall;
      return [y, tall, "", data.versions[i] === "No TLS" ? "url(#c-hatch)" : data.colors[i]];
    });
  }

  function hatch() {
    const pattern = make("pattern", { id: "c-hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(make("rect", { width: 5, height: 5, fill: data.colors[0] }));
    pattern.append(make("line", { x1: 0, y1: 0, x2: 0, y2: 5, stroke: "#fff", "stroke-opacity": 0.38, "stroke-width": 1.6 }));
    const defs = make("defs");
    defs.append(pattern);
    return defs;
  }

  function legend(svg, top, width) {
    let x = 0;
    let y = top;
    const seen = data.versions.map((v, i) => shown.some((row) => row[i + 2]));
    data.names.forEach((name, i) => {
      if (!seen[i] || (i === unknown && state.unit === "share")) return;
      const step = 26 + 7.4 * name.length;
      if (x + step > width) { x = 0; y += 18; }
      svg.append(make("rect", { x, y, width: 11, height: 11, fill: data.versions[i] === "No TLS" ? "url(#c-hatch)" : data.colors[i] }));
      svg.append(make("text", { x: x + 15, y: y + 10, "font-size": 13, class: "ink" }, name));
      x += step;
    });
    return y + 18;
  }

  function draw() {
    const box = $("c-chart");
    box.textContent = "";
    const days = byDay();
    if (!days.length || !shown.length) return;
    const width = Math.max(280, box.clientWidth || 800);
    const height = 170;
    const left = 34;
    const step = (width - left) / days.length;
    const thick = Math.max(1, Math.min(54, step * 0.72));
    const most = {
      in: Math.max(1, ...days.map((d) => d.in)), out: Math.max(1, ...days.map((d) => d.out)),
      all: Math.max(1, ...days.map((d) => sum(d.versions))),
    };
    const title = state.view === "flow" ? W.chartFlow : W.chartTls;
    const svg = make("svg", { role: "group", "aria-label": title, width });
    svg.append(hatch());
    const every = Math.max(1, Math.ceil(56 / step));
    days.forEach((d, n) => {
      const x = left + step * n + (step - thick) / 2;
      const bar = make("g", { class: "day", tabindex: 0, role: "img", "aria-label": words(d).replace(/\n/g, ", ") });
      bar.append(make("rect", { x: left + step * n, y: 12, width: step, height, fill: "transparent" }));
      for (const [y, tall, css, fillWith] of pieces(d, height, most)) {
        if (tall > 0) bar.append(make("rect", { x, y: 12 + y, width: thick, height: tall, ...(css ? { class: css } : { fill: fillWith }) }));
      }
      tip(bar, d);
      svg.append(bar);
      if (n % every === 0) svg.append(make("text", { x: left + step * (n + 0.5), y: height + 30, "font-size": 12, "text-anchor": "middle", class: "dim" }, d.short));
    });
    let end = height + 40;
    if (state.view === "flow") {
      const zero = 12 + (height * most.in) / (most.in + most.out);
      svg.append(make("line", { x1: left, x2: width, y1: zero + 0.5, y2: zero + 0.5, class: "axis" }));
      svg.append(make("text", { x: 0, y: zero - 8, "font-size": 13, class: "ink" }, W.in));
      svg.append(make("text", { x: 0, y: zero + 18, "font-size": 13, class: "ink" }, W.out));
    } else {
      end = legend(svg, height + 42, width);
      const top = state.unit === "share" ? "100" + THIN + "%" : group(most.all);
      svg.append(make("text", { x: 0, y: 9, "font-size": 12, class: "dim" }, top));
    }
    svg.setAttribute("height", end);
    svg.setAttribute("viewBox", "0 0 " + width + " " + end);
    box.append(svg);
  }

  function tip(bar, d) {
    const box = $("c-tip");
    const show = () => {
      const place = bar.getBoundingClientRect();
      box.textContent = words(d);
      box.hidden = false;
      const x = Math.min(place.left + place.width / 2 + 8, innerWidth - box.offsetWidth - 8);
      box.style.left = Math.max(4, x) + "px";
      box.style.top = Math.max(4, place.top - box.offsetHeight - 4) + "px";
    };
    const hide = () => { box.hidden = true; };
    bar.addEventListener("mouseenter", show);
    bar.addEventListener("focus", show);
    bar.addEventListener("mouseleave", hide);
    bar.addEventListener("blur", hide);
    bar.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  }

  // CSV: quotes doubled, and no cell that a spreadsheet would run.
  function csvCell(text) {
    const plain = String(text);
    const guarded = /^[=+\-@\t\r]/.test(plain) ? "'" + plain : plain;
    return /[",;\n\r]/.test(guarded) ? '"' + guarded.replace(/"/g, '""') + '"' : guarded;
  }

  function csv() {
    const lines = [data.heads.map(csvCell).join(",")];
    for (const row of shown) {
      const where = place(row);
      const cells = [day(row).iso, where.way, where.name, where.type === NONE ? "" : where.type, where.forced === NONE ? "" : where.forced];
      lines.push([...cells, ...counts(row), sum(counts(row))].map(csvCell).join(","));
    }
    const link = make("a", { download: data.file, href: URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" })) });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // A link that gives the view again: all of it stands behind the #.
  function save() {
    const parts = new URLSearchParams();
    const base = fresh();
    for (const key in state) if (state[key] !== base[key]) parts.set(key, state[key]);
    return "#view?" + parts;
  }

  function restore() {
    if (!location.hash.startsWith("#view?")) return false;
    const parts = new URLSearchParams(location.hash.slice(6));
    const next = fresh();
    const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text || "");
    next.name = parts.get("name") || "";
    if (["inbound", "outbound"].includes(parts.get("way"))) next.way = parts.get("way");
    if (isDay(parts.get("from"))) next.from = parts.get("from");
    if (isDay(parts.get("to"))) next.to = parts.get("to");
    if (parts.get("view") === "tls") next.view = "tls";
    if (parts.get("unit") === "share") next.unit = "share";
    const sort = Number(parts.get("sort"));
    if (parts.get("sort") && sort >= 0 && sort < columns.length) next.sort = sort;
    if (parts.get("down") === "-1") next.down = -1;
    state = next;
    return true;
  }

  function press(attribute, wanted) {
    document.querySelectorAll("[" + attribute + "]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.getAttribute(attribute) === wanted));
    });
  }

  function back(days) {
    const end = data.days[data.days.length - 1].iso;
    const start = new Date(end + "T00:00:00Z");
    start.setUTCDate(start.getUTCDate() - days + 1);
    const iso = start.toISOString().slice(0, 10);
    return [iso < first ? first : iso, end];
  }

  function spans() {
    const found = { period: data.period, 30: back(30), 90: back(90) };
    for (const name of ["period", "30", "90"]) if (state.from === found[name][0] && state.to === found[name][1]) return name;
    return "";
  }

  function refresh() {
    at = 0;
    choose();
    $("c-name").value = state.name;
    $("c-way").value = state.way;
    $("c-from").value = state.from;
    $("c-to").value = state.to;
    press("data-view", state.view);
    press("data-unit", state.unit);
    press("data-days", spans());
    markHeads();
    fillTable();
    draw();
    history.replaceState(null, "", save() === "#view?" ? location.pathname + location.search : save());
  }

  // Other tables: a button in each head sorts, a field above leaves only rows with some text.
  function sortable(own) {
    const rows = [...own.tBodies[0].rows];
    const read = (row, n) => {
      const box = row.cells[n];
      const number = box.dataset.v;
      return number === undefined ? box.textContent.toLowerCase() : /^\d+$/.test(number) ? Number(number) : number;
    };
    [...own.tHead.rows[0].cells].forEach((head, n) => {
      const button = make("button", { type: "button", title: fill(W.sort, head.textContent) }, head.textContent);
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
    const label = make("label", { class: "field filter" }, W.filter);
    const input = make("input", { type: "search" });
    label.append(input);
    own.parentNode.before(label);
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase();
      rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    });
  }

  function start() {
    for (const id of ["controls", "c-said", "c-chart"]) $(id).hidden = false;
    document.querySelectorAll(".without-script").forEach((element) => element.remove());
    const names = [...new Set(data.connectors.map((c) => c.name))].sort((a, b) => a.localeCompare(b));
    names.forEach((name) => $("c-names").append(make("option", { value: name })));
    for (const id of ["c-from", "c-to"]) { $(id).min = first; $(id).max = last; }
    $("controls").addEventListener("submit", (event) => event.preventDefault());
    $("c-name").addEventListener("input", () => { state.name = $("c-name").value.trim(); refreshKeeping("c-name"); });
    $("c-way").addEventListener("change", () => { state.way = $("c-way").value; refresh(); });
    $("c-from").addEventListener("change", () => { state.from = $("c-from").value || first; refresh(); });
    $("c-to").addEventListener("change", () => { state.to = $("c-to").value || last; refresh(); });
    document.querySelectorAll("[data-view]").forEach((b) => b.addEventListener("click", () => { state.view = b.dataset.view; refresh(); }));
    document.querySelectorAll("[data-unit]").forEach((b) => b.addEventListener("click", () => { state.unit = b.dataset.unit; refresh(); }));
    document.querySelectorAll("[data-days]").forEach((b) => b.addEventListener("click", () => {
      [state.from, state.to] = b.dataset.days === "period" ? data.period : back(Number(b.dataset.days));
      refresh();
    }));
    $("c-csv").addEventListener("click", csv);
    $("c-reset").addEventListener("click", () => { state = fresh(); refresh(); });
    $("c-link").addEventListener("click", () => {
      history.replaceState(null, "", save());
      const said = () => { $("c-said").textContent = W.link; };
      if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(() => { $("c-said").textContent = W.copied; }, said);
      else said();
    });
    $("c-back").addEventListener("click", () => { at -= PAGE; fillTable(); });
    $("c-more").addEventListener("click", () => { at += PAGE; fillTable(); });
    addEventListener("hashchange", () => { if (restore()) refresh(); });
    let width = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
    heads();
    document.querySelectorAll("table.sortable").forEach(sortable);
    if (restore()) $("explore").scrollIntoView();
    refresh();
  }

  // While somebody types, the field keeps what is typed, blanks included.
  function refreshKeeping(id) {
    const typed = $(id).value;
    refresh();
    $(id).value = typed;
  }

  start();
})();
