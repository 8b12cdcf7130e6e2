// The connector report's controls. It stands in one script behind tables.js, and uses its functions.
(function () {
  const source = $("data");
  const table = $("details");
  if (!source || !table) return;
  const data = JSON.parse(source.textContent);
  const W = data.words;
  const NONE = "\u2013";
  const THIN = "\u202f";
  const PAGE = 40;
  const PRINTED = 2000;
  const DAY = 86400000;
  const first = data.days[0].iso;
  const last = data.days[data.days.length - 1].iso;
  const fresh = () => ({ name: "", way: "", from: first, to: last, view: "flow", unit: "count", sort: "", down: 1 });
  let state = fresh();
  let shown = [];
  let at = 0;
  let size = PAGE;
  let wide = []; // the rows of the chosen connectors on every day

  const group = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, THIN);
  const cell = (n) => (n ? group(n) : NONE);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const counts = (row) => row.slice(2);
  const day = (row) => data.days[row[0]];
  const place = (row) => data.connectors[row[1]];
  const unknown = data.versions.indexOf("Unknown");

  // Tenths of a percent that add to 1000 by largest remainder: the same rule as in the tables.
  // A share with one decimal, as it rounds (half up): none and all are told apart from nearly so.
  function percent(n, whole) {
    if (!n || !whole) return NONE;
    const tenth = Math.floor((2000 * n + whole) / (2 * whole));
    if (!tenth) return "<0" + data.decimal + "1";
    if (tenth === 1000 && n < whole) return ">99" + data.decimal + "9";
    return Math.floor(tenth / 10) + data.decimal + (tenth % 10);
  }

  function texts(numbers) {
    if (state.unit === "count") return numbers.map(cell);
    const known = numbers.map((n, i) => (i === unknown ? 0 : n));
    return numbers.map((n, i) => (i === unknown ? cell(n) : percent(n, sum(known))));
  }

  // What is chosen. The whole name of a connector means that one, part of a name all that have it.
  function chosenPlaces() {
    const wanted = state.name.toLowerCase();
    const names = data.connectors.map((where) => where.name.toLowerCase());
    const whole = names.includes(wanted);
    return data.connectors.map((where, i) =>
      (!state.way || where.way === state.way) && (!wanted || (whole ? names[i] === wanted : names[i].includes(wanted))));
  }

  function oneName() {
    const found = data.connectors.find((where) => where.name.toLowerCase() === state.name.toLowerCase());
    return found ? found.name : null;
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
    const here = chosenPlaces();
    wide = data.rows.filter((row) => here[row[1]]);
    shown = wide.filter((row) => day(row).iso >= state.from && day(row).iso <= state.to);
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
    for (const row of shown.slice(at, at + size)) {
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
    const end = Math.min(at + size, shown.length);
    $("c-pager").hidden = shown.length <= size;
    $("c-page").textContent = fill(W.page, group(Math.min(at + 1, end)), group(end), group(shown.length));
    $("c-back").disabled = at === 0;
    $("c-more").disabled = end >= shown.length;
    $("c-said").textContent = shown.length ? fill(W.messages, group(messages(shown)), group(shown.length)) + before() : W.nothing;
  }

  const messages = (rows) => sum(rows.map((row) => sum(counts(row))));

  // What the same number of days just before had, where the data goes that far back.
  function before() {
    const span = (Date.parse(state.to) - Date.parse(state.from)) / DAY + 1;
    const start = shift(state.from, -span);
    if (start < first) return "";
    const rows = wide.filter((row) => day(row).iso >= start && day(row).iso < state.from);
    return fill(W.before, group(span), group(messages(rows)));
  }

  function shift(iso, days) {
    return new Date(Date.parse(iso) + days * DAY).toISOString().slice(0, 10);
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
    for (const d of data.days) days.set(d.iso, { ...d, in: 0, out: 0, versions: data.versions.map(() => 0) });
    for (const row of wide) {
      const sums = days.get(day(row).iso);
      counts(row).forEach((n, i) => { sums.versions[i] += n; });
      sums[place(row).way === "inbound" ? "in" : "out"] += sum(counts(row));
    }
    const name = state.name ? oneName() : "";
    const usual = (way, iso) => (name === null || (state.way && state.way !== way) ? null : (data.bands[way + " " + name] || {})[iso]);
    const found = [...days.values()].filter((d) => d.iso >= state.from && d.iso <= state.to);
    for (const d of found) {
      const past = days.get(shift(d.iso, -7));
      d.before = past ? { in: past.in, out: past.out } : { in: 0, out: 0 };
      d.band = { in: usual("inbound", d.iso), out: usual("outbound", d.iso) };
    }
    return found;
  }

  // What is said of a day of which not all came, or nothing did.
  function remark(d) {
    return data.missing.includes(d.iso) ? W.noExport : data.marks[d.iso] || "";
  }

  function words(d) {
    const more = remark(d) ? " (" + remark(d) + ")" : "";
    if (state.view === "flow") {
      const said = (side) => W[side] + ": " + group(d[side]) + (d.before[side] ? " (" + fill(W.weekBefore, group(d.before[side])) + ")" : "")
        + (d.band[side] ? ", " + fill(W.usual, group(Math.round(d.band[side][0])), group(Math.round(d.band[side][1]))) : "");
      return [d.text + more, said("in"), said("out")].join("\n");
    }
    const known = sum(d.versions) - (unknown < 0 ? 0 : d.versions[unknown]);
    const lines = data.names.map((name, i) => {
      const share = i === unknown || known < 30 ? "" : " (" + percent(d.versions[i], known) + THIN + "%)";
      return d.versions[i] ? name + ": " + group(d.versions[i]) + share : "";
    });
    return [d.text + more, ...lines.filter(Boolean)].join("\n");
  }

  function pieces(d, height, most) {
    if (state.view === "flow") {
      const zero = (height * most.in) / (most.in + most.out);
      const scale = height / (most.in + most.out);
      const band = (side, edge) => (d.band[side] ? [[edge(d.band[side]), (d.band[side][1] - d.band[side][0]) * scale, "band"]] : []);
      return [
        ...band("in", ([, high]) => zero - high * scale), ...band("out", ([low]) => zero + 1 + low * scale),
        [zero - d.in * scale, d.in * scale, "vin"], [zero + 1, d.out * scale, "vout"],
        ...(d.before.in ? [[zero - d.before.in * scale, 1.2, d.before.in < d.in ? "tick over" : "tick"]] : []),
        ...(d.before.out ? [[zero + 1 + d.before.out * scale, 1.2, d.before.out < d.out ? "tick over" : "tick"]] : []),
      ];
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
    const lost = make("pattern", { id: "c-lost", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    lost.append(make("line", { x1: 0, y1: 0, x2: 0, y2: 8, class: "lines", "stroke-width": 1.6 }));
    defs.append(pattern, lost);
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
    const height = 190;
    const left = 52;
    const step = (width - left) / days.length;
    const thick = Math.max(1, Math.min(54, step * 0.72));
    const top = (side) => Math.max(1, ...days.map((d) => Math.max(d[side], d.before[side], d.band[side] ? d.band[side][1] : 0)));
    const most = {
      in: top("in"), out: top("out"),
      all: Math.max(1, ...days.map((d) => sum(d.versions))),
    };
    const title = state.view === "flow" ? W.chartFlow : W.chartTls;
    const svg = make("svg", { role: "group", "aria-label": title, width });
    svg.append(hatch());
    const every = Math.max(1, Math.ceil(56 / step));
    days.forEach((d, n) => {
      const x = left + step * n + (step - thick) / 2;
      const bar = make("g", { class: "day", tabindex: n ? -1 : 0, role: "img", "aria-label": words(d).replace(/\n/g, ", ") });
      bar.append(make("rect", { x: left + step * n, y: 12, width: step, height, fill: "transparent" }));
      const lost = data.missing.includes(d.iso);
      if (lost) bar.append(make("rect", { x, y: 12, width: thick, height, fill: "url(#c-lost)", class: "gone" }));
      for (const [y, tall, css, fillWith] of lost ? [] : pieces(d, height, most)) {
        const more = css === "band" ? Math.min(4, (step - thick) / 2) : 0;
        if (tall > 0) bar.append(make("rect", { x: x - more, y: 12 + y, width: thick + 2 * more, height: tall, ...(css ? { class: css } : { fill: fillWith }) }));
      }
      if (state.view !== "flow" && state.unit === "share" && !lost && sum(d.versions) < 30) bar.setAttribute("class", "day few");
      const word = remark(d);
      if (word) svg.append(make("text", { x: left + step * (n + 0.5), y: height + 44, "font-size": 11, "text-anchor": "middle", class: "lost" }, step > 58 ? word : "!"));
      tip(bar, d);
      svg.append(bar);
      if (n % every === 0) svg.append(make("text", { x: left + step * (n + 0.5), y: height + 30, "font-size": 12, "text-anchor": "middle", class: remark(d) ? "lost" : "dim" }, d.short));
    });
    let end = height + 52;
    if (state.view === "flow") {
      const zero = 12 + (height * most.in) / (most.in + most.out);
      svg.append(make("line", { x1: left, x2: width, y1: zero + 0.5, y2: zero + 0.5, class: "axis" }));
      svg.append(make("text", { x: 0, y: zero - 8, "font-size": 13, class: "ink" }, W.in));
      svg.append(make("text", { x: 0, y: zero + 18, "font-size": 13, class: "ink" }, W.out));
      if (most.in > 1) svg.append(make("text", { x: 0, y: 22, "font-size": 12, class: "dim" }, group(Math.round(most.in))));
      if (most.out > 1) svg.append(make("text", { x: 0, y: height + 12, "font-size": 12, class: "dim" }, group(Math.round(most.out))));
    } else {
      end = legend(svg, height + 54, width);
      const upTo = state.unit === "share" ? "100" + THIN + "%" : group(most.all);
      svg.append(make("text", { x: 0, y: 22, "font-size": 12, class: "dim" }, upTo));
    }
    svg.addEventListener("keydown", walk);
    svg.setAttribute("height", end);
    svg.setAttribute("viewBox", "0 0 " + width + " " + end);
    box.append(svg);
  }

  // One stop for the tabulator key; the arrows go from day to day.
  function walk(event) {
    const bars = [...event.currentTarget.querySelectorAll(".day")];
    const now = bars.indexOf(document.activeElement);
    const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: bars.length - 1 }[event.key];
    if (next === undefined || !bars[next]) return;
    event.preventDefault();
    bars[now].setAttribute("tabindex", -1);
    bars[next].setAttribute("tabindex", 0);
    bars[next].focus();
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
  }

  // CSV: quotes doubled, and no cell that a spreadsheet would run.
  function csvCell(text) {
    const plain = String(text);
    const guarded = /^[=+\-@\t\r]/.test(plain) ? "'" + plain : plain;
    return /[",;\n\r]/.test(guarded) ? '"' + guarded.replace(/"/g, '""') + '"' : guarded;
  }

  // Counts as they are, shares as fractions of 1; `Unknown` is always a count.
  function csvNumbers(row) {
    const numbers = counts(row);
    const known = sum(numbers) - (unknown < 0 ? 0 : numbers[unknown]);
    return state.unit === "count" ? numbers : numbers.map((n, i) => (i === unknown ? n : known ? (n / known).toFixed(6) : ""));
  }

  function csvHeads() {
    return data.heads.map((head) => {
      const version = data.versions.indexOf(head);
      return state.unit === "share" && version >= 0 && version !== unknown ? head + " share" : head;
    });
  }

  function csv() {
    const lines = [csvHeads().map(csvCell).join(",")];
    const none = data.heads.length - 1;
    byDay().forEach((d) => { if (data.missing.includes(d.iso)) lines.push([d.iso, W.noExport, ...Array(none - 1).fill("")].map(csvCell).join(",")); });
    for (const row of shown) {
      const where = place(row);
      const cells = [day(row).iso, where.way, where.name, where.type === NONE ? "" : where.type, where.forced === NONE ? "" : where.forced];
      lines.push([...cells, ...csvNumbers(row), sum(counts(row))].map(csvCell).join(","));
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
    const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text || "") && !Number.isNaN(Date.parse(text)) && text >= first && text <= last;
    next.name = parts.get("name") || "";
    if (["inbound", "outbound"].includes(parts.get("way"))) next.way = parts.get("way");
    if (isDay(parts.get("from"))) next.from = parts.get("from");
    if (isDay(parts.get("to"))) next.to = parts.get("to");
    if (parts.get("view") === "tls") next.view = "tls";
    if (parts.get("unit") === "share") next.unit = "share";
    const sort = Number(parts.get("sort"));
    if (parts.get("sort") && columns[sort] !== undefined) next.sort = sort;
    if (parts.get("down") === "-1") next.down = -1;
    if (next.from > next.to) [next.from, next.to] = [next.to, next.from];
    state = next;
    return true;
  }

  function press(attribute, wanted) {
    document.querySelectorAll("[" + attribute + "]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.getAttribute(attribute) === wanted));
    });
  }

  function back(days) {
    const start = shift(last, 1 - days);
    return [start < first ? first : start, last];
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
    address(save() === "#view?" ? "" : save());
  }

  // The view in the address line; another place of the page that somebody came for stays there.
  function address(hash) {
    if (!hash && location.hash && !location.hash.startsWith("#view?")) return;
    try {
      history.replaceState(null, "", hash || location.pathname + location.search);
    } catch {
      // a viewer that shows the file in a frame of its own may forbid it; all else works
    }
  }

  // On paper the chosen rows stand together.
  function printing(on) {
    openForPaper(on);
    size = on ? PRINTED : PAGE;
    if (on) at = 0;
    fillTable();
  }

  function start() {
    for (const id of ["controls", "c-said", "c-chart"]) $(id).hidden = false;
    document.querySelectorAll(".without-script").forEach((element) => element.remove());
    table.parentNode.classList.remove("tall"); // the rows come by the page instead
    const names = [...new Set(data.connectors.map((c) => c.name))].sort((a, b) => a.localeCompare(b));
    names.forEach((name) => $("c-names").append(make("option", { value: name })));
    for (const id of ["c-from", "c-to"]) { $(id).min = first; $(id).max = last; }
    $("controls").addEventListener("submit", (event) => event.preventDefault());
    $("c-name").addEventListener("input", () => { state.name = $("c-name").value.trim(); refreshKeeping("c-name"); });
    $("c-way").addEventListener("change", () => { state.way = $("c-way").value; refresh(); });
    const inside = (iso) => (iso < first ? first : iso > last ? last : iso);
    $("c-from").addEventListener("change", () => {
      state.from = inside($("c-from").value || first);
      if (state.to < state.from) state.to = state.from;
      refresh();
    });
    $("c-to").addEventListener("change", () => {
      state.to = inside($("c-to").value || last);
      if (state.from > state.to) state.from = state.to;
      refresh();
    });
    document.querySelectorAll("[data-view]").forEach((b) => b.addEventListener("click", () => { state.view = b.dataset.view; refresh(); }));
    document.querySelectorAll("[data-unit]").forEach((b) => b.addEventListener("click", () => { state.unit = b.dataset.unit; refresh(); }));
    document.querySelectorAll("[data-days]").forEach((b) => b.addEventListener("click", () => {
      [state.from, state.to] = b.dataset.days === "period" ? data.period : back(Number(b.dataset.days));
      refresh();
    }));
    $("c-csv").addEventListener("click", csv);
    $("c-reset").addEventListener("click", () => { state = fresh(); refresh(); });
    $("c-link").addEventListener("click", () => {
      address(save());
      const said = () => { $("c-said").textContent = W.link; };
      if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(() => { $("c-said").textContent = W.copied; }, said);
      else said();
    });
    $("c-back").addEventListener("click", () => { at -= PAGE; fillTable(); });
    $("c-more").addEventListener("click", () => { at += PAGE; fillTable(); });
    addEventListener("hashchange", () => { if (restore()) refresh(); else reveal(); });
    addEventListener("beforeprint", () => printing(true));
    addEventListener("afterprint", () => printing(false));
    addEventListener("keydown", (event) => { if (event.key === "Escape") $("c-tip").hidden = true; });
    let width = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; draw(); } });
    heads();
    document.querySelectorAll("table.sortable").forEach((own) => sortable(own, W));
    const sections = [...document.querySelectorAll("details.half")];
    if (sections.length) filter(sections[0], sections, W.filterSections);
    if (restore()) $("explore").scrollIntoView();
    refresh();
    reveal();
  }

  // While somebody types, the field keeps what is typed, blanks included.
  function refreshKeeping(id) {
    const typed = $(id).value;
    refresh();
    $(id).value = typed;
  }

  start();
})();
