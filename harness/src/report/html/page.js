"use strict";
// Draws the report from the JSON in the page. Everything that a scenario or a server said becomes text, never markup.

const report = JSON.parse(document.getElementById("data").textContent);
const WORDS = {
  failed: "failed", flaky: "flaky", could_not_run: "could not run", passed: "passed",
  expected_failure: "failed as expected", ignored: "ignored", not_applicable: "not applicable",
};
const ORDER = Object.keys(WORDS);
const BAD = new Set(["failed", "flaky", "could_not_run"]);

/** An element with attributes and children; texts become text nodes. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
}

function time(ms) {
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(1)} ms`;
}

const place = (at) => `${at.file}:${at.line}:${at.column}`;
const total = (one) => one.attempts.reduce((sum, attempt) => sum + attempt.elapsed_ms, 0);
const rank = (one) => ORDER.indexOf(one.outcome);
const areaOf = (one) => one.id.split("::")[0];

/* The head of the page. */

function drawHead() {
  const figures = report.summary;
  const bad = figures.failed + figures.could_not_run;
  const verdict = bad > 0 ? `${bad} of ${report.cases.length} scenarios not as expected` : "all as expected";
  document.title = `${bad > 0 ? `${bad} failed` : "passed"} · ${report.target} · hyper-conform`;
  const fact = (name, value) => value === undefined ? undefined : h("span", {}, `${name} `, h("b", {}, String(value)));
  const counts = countBy((one) => one.outcome);
  const share = h("div", { class: "share", "aria-hidden": "true" }, ORDER.filter((word) => counts.get(word))
    .map((word) => h("span", { class: word, style: `flex:${counts.get(word)}` })));
  const cut = report.cut_short && h("p", { class: "banner" },
    `The run was cut short (${report.cut_short.replaceAll("_", " ")}): ${figures.not_begun} did not begin.`);
  const reruns = figures.reruns > 0 && h("p", { class: "banner" },
    `${figures.reruns} ran once more, because the hyperd that they shared had died.`);
  document.getElementById("head").append(
    h("h1", {}, h("span", { class: bad > 0 ? "failed" : "passed" }, verdict)),
    h("p", { class: "facts" },
      fact("target", report.target), fact("hyperd", report.hyperd), fact("protocol", report.protocol),
      fact("began", report.began.replace("T", " ").replace(/\.\d+Z$/, " UTC")), fact("took", time(report.elapsed_ms)),
      fact("p50", time(figures.p50_ms)), fact("p99", time(figures.p99_ms)),
      fact("attempts", report.attempts > 1 ? report.attempts : undefined), fact("shuffle", report.shuffle),
      fact("partition", report.partition), fact("hyper-conform", report.hyper_conform)),
    share, ...[cut, reruns].filter(Boolean));
}

function countBy(key) {
  const counts = new Map();
  for (const one of report.cases) for (const word of [key(one)].flat()) counts.set(word, (counts.get(word) || 0) + 1);
  return counts;
}

/* Filters. */

const filters = { text: "", outcomes: new Set(), area: "", requirement: "", order: "bad" };
const rows = new Map();

function drawFilters() {
  const form = document.getElementById("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  const text = h("input", { type: "search", placeholder: "name, file, tag, failure ( / )", "aria-label": "Text", spellcheck: "false",
    oninput: (event) => { filters.text = event.target.value.toLowerCase(); apply(); } });
  const counts = countBy((one) => one.outcome);
  const chips = ORDER.filter((word) => counts.get(word)).map((word) => h("label", { class: `chip ${word}` },
    h("input", { type: "checkbox", onchange: (event) => {
      if (event.target.checked) filters.outcomes.add(word); else filters.outcomes.delete(word);
      apply();
    } }), WORDS[word], h("b", {}, String(counts.get(word)))));
  form.append(text, h("fieldset", { class: "chips", "aria-label": "Outcome" }, chips),
    choice("area", "every area", countBy(areaOf)),
    choice("requirement", "every requirement", countBy((one) => one.requirements)),
    h("select", { "aria-label": "Order", onchange: (event) => { filters.order = event.target.value; arrange(); } },
      h("option", { value: "bad" }, "failures first"), h("option", { value: "name" }, "by name"),
      h("option", { value: "time" }, "slowest first")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|select|textarea)$/i.test(event.target.tagName)) { event.preventDefault(); text.focus(); }
  });
}

function choice(name, all, counts) {
  const options = [...counts.keys()].sort().map((key) => h("option", { value: key }, `${key} (${counts.get(key)})`));
  return h("select", { id: `choice-${name}`, "aria-label": name, onchange: (event) => { filters[name] = event.target.value; apply(); } },
    h("option", { value: "" }, all), options);
}

function fits(one) {
  if (filters.outcomes.size > 0 && !filters.outcomes.has(one.outcome)) return false;
  if (filters.area && areaOf(one) !== filters.area) return false;
  if (filters.requirement && !one.requirements.includes(filters.requirement)) return false;
  return !filters.text || searched(one).includes(filters.text);
}

/** What the text is looked for in, put together when it is first needed. */
function searched(one) {
  if (one.searched === undefined) {
    const failures = one.attempts.flatMap((attempt) => attempt.failures || []).map((failure) => `${failure.title} ${failure.label}`);
    one.searched = [one.id, one.name, one.place.file, ...(one.tags || []), ...one.requirements, ...failures].join("\n").toLowerCase();
  }
  return one.searched;
}

function apply() {
  let shown = 0;
  for (const [one, row] of rows) {
    row.hidden = !fits(one);
    if (!row.hidden) shown += 1;
  }
  document.getElementById("shown").textContent = `${shown} of ${report.cases.length} scenarios`;
}

function arrange() {
  const byName = (a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  const orders = {
    name: byName,
    time: (a, b) => total(b) - total(a),
    bad: (a, b) => BAD.has(b.outcome) - BAD.has(a.outcome) || (BAD.has(a.outcome) ? rank(a) - rank(b) : 0) || byName(a, b),
  };
  const sorted = [...report.cases].sort(orders[filters.order]);
  document.getElementById("cases").append(...sorted.map((one) => rows.get(one)));
}

/* One scenario: a row, and when it is opened, all that is known of it. */

function row(one) {
  const at = one.id.split("::");
  const head = at.slice(0, 2).join("::");
  const element = h("details", { class: "case", id: one.id },
    h("summary", {},
      h("span", { class: `word ${one.outcome}` }, WORDS[one.outcome]),
      h("span", { class: "id" }, h("span", { class: "area" }, `${head}::`), one.id.slice(head.length + 2)),
      h("span", { class: "time" }, time(total(one)))));
  element.addEventListener("toggle", () => {
    if (element.open && element.childElementCount === 1) element.append(body(one));
  });
  return element;
}

function body(one) {
  const cell = Object.entries(one.cell || {}).map(([name, value]) => h("span", {}, `${name} = ${JSON.stringify(value)}`));
  const requirements = one.requirements.map((id) => h("button", { type: "button", title: "Only this requirement", onclick: () => {
    document.getElementById("choice-requirement").value = filters.requirement = id;
    apply();
  } }, id));
  const copy = navigator.clipboard && h("button", { type: "button", onclick: (event) => {
    navigator.clipboard.writeText(one.again).then(() => { event.target.textContent = "copied"; }, () => {});
  } }, "copy");
  return h("div", { class: "body" },
    h("p", { style: "margin:8px 0 0" }, one.name, " ", h("span", { class: "soft mono" }, place(one.place))),
    h("div", { class: "tags" }, requirements, cell, (one.tags || []).map((tag) => h("span", {}, tag))),
    h("div", { class: "again" }, h("code", {}, one.again), copy || undefined),
    one.attempts.map((attempt) => drawAttempt(one, attempt)));
}

function drawAttempt(one, attempt) {
  const heading = one.attempts.length > 1 ? h("h2", {}, `Attempt ${attempt.number} of ${one.attempts.length}: `,
    h("span", { class: attempt.outcome }, WORDS[attempt.outcome]), ` after ${time(attempt.elapsed_ms)}`) : undefined;
  const steps = attempt.steps && h("div", {}, h("h2", {}, "Steps"),
    h("div", { class: "steps" }, attempt.steps.map((step) => drawStep(step, 0, Math.max(attempt.elapsed_ms, 0.001)))));
  const cut = attempt.log_left_out ? ` (the first ${attempt.log_left_out} bytes were not kept)` : "";
  const log = attempt.log && h("details", {}, h("summary", { class: "soft" }, ` Server log${cut}`), h("pre", {}, attempt.log));
  return h("section", {}, heading,
    attempt.reason && h("p", { class: "soft" }, attempt.reason),
    (attempt.failures || []).map(drawFailure), steps, log,
    attempt.kept && h("p", { class: "soft" }, "files kept in ", h("code", {}, attempt.kept)));
}

function drawFailure(failure) {
  return h("div", { class: "fail" }, h("pre", {}, failure.excerpt),
    failure.step && h("div", { class: "soft" }, `in step ${failure.step}`),
    (failure.differences || []).map((one) => [
      h("h3", {}, h("code", {}, one.path), " ", h("span", { class: "soft mono" }, place(one.place))), drawDiff(one.expected, one.actual),
      one.hint && h("div", { class: "soft" }, `note: ${one.hint}`)]),
    (failure.sections || []).map((section) => [h("h3", {}, section.heading), h("pre", {}, section.body)]));
}

/* Expected and actual. */

function drawDiff(expected, actual) {
  const line = (kind, sign, text) => h("div", { class: kind }, h("span", { class: "sign" }, sign), h("span", {}, text));
  const a = expected.replace(/\n$/, "").split("\n"), b = actual.replace(/\n$/, "").split("\n");
  if (a.length === 1 && b.length === 1) {
    return h("div", { class: "diff" }, line("del", "expected", a[0]), line("add", "actual", b[0]));
  }
  return h("div", { class: "diff" }, changes(a, b).map(([sign, text]) =>
    line(sign === "-" ? "del" : sign === "+" ? "add" : "", { "-": "expected", "+": "actual", " ": "" }[sign], text)));
}

/** Line by line, by the longest common subsequence; without it where that would take too long. */
function changes(a, b) {
  if (a.length * b.length > 4e6) return [...a.map((text) => ["-", text]), ...b.map((text) => ["+", text])];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1
        : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const out = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { out.push([" ", a[i]]); i += 1; j += 1; }
    else if (i < a.length && (j === b.length || common[(i + 1) * width + j] >= common[i * width + j + 1])) { out.push(["-", a[i]]); i += 1; }
    else { out.push(["+", b[j]]); j += 1; }
  }
  return out;
}

/* Steps as a waterfall, with what was said in each. */

function drawStep(step, depth, whole) {
  const percent = (ms) => Math.max(0, Math.min(100, (ms / whole) * 100)).toFixed(3);
  const cells = [
    h("span", { class: "title", title: `${step.title}\n${place(step.place)}, as ${step.client}`, style: `padding-left:${depth * 18}px` },
      h("i", {}, String(step.number)), step.title),
    h("span", { class: "track", "aria-hidden": "true" }, h("span", { style: `left:${percent(step.offset_ms)}%;width:${percent(step.elapsed_ms)}%` })),
    h("span", { class: "time" }, step.outcome === "passed" || step.outcome === "failed" ? time(step.elapsed_ms) : step.outcome),
  ];
  const own = step.traffic
    ? h("details", { class: `step ${step.outcome}` }, h("summary", {}, cells), drawTraffic(step))
    : h("div", { class: `step ${step.outcome}` }, h("div", { class: "row" }, cells));
  return [own, (step.steps || []).flatMap((inner) => drawStep(inner, depth + 1, whole))].flat();
}

function drawTraffic(step) {
  const arrows = { sent: "→ sent", received: "← received", dropped: "← dropped" };
  const left = step.messages - step.traffic.length;
  return h("div", { class: "said" },
    h("div", { class: "soft mono" }, `${place(step.place)}, as ${step.client}${left > 0 ? `; earlier messages left out: ${left}` : ""}`),
    step.traffic.map((one) => h("div", { class: "message" },
      h("div", { class: "soft mono" }, arrows[one.direction], h("br"), `+${time(one.offset_ms)}`),
      h("pre", {}, pretty(one)))));
}

/** The message on lines of its own. Its text is kept as it came: read as JSON, a number of 64 bits would lose digits. */
function pretty(one) {
  const cut = new TextEncoder().encode(one.text).length < one.bytes ? `… (${one.bytes} bytes)` : "";
  let out = "", depth = 0;
  const tokens = one.text.match(/"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^"{}\[\],:]+/gs) || [];
  tokens.forEach((token, at) => {
    const empty = /^[}\]]$/.test(tokens[at + 1] || "");
    if (/^[{[]$/.test(token)) { depth += 1; out += empty ? token : `${token}\n${"  ".repeat(depth)}`; }
    else if (/^[}\]]$/.test(token)) { depth = Math.max(0, depth - 1); out += /[{[]$/.test(tokens[at - 1] || "") ? token : `\n${"  ".repeat(depth)}${token}`; }
    else if (token === ",") out += `,\n${"  ".repeat(depth)}`;
    else if (token === ":") out += ": ";
    else out += token;
  });
  return out + cut;
}

drawHead();
drawFilters();
for (const one of report.cases) rows.set(one, row(one));
arrange();
apply();
const wanted = decodeURIComponent(location.hash.slice(1));
const linked = [...rows].find(([one]) => one.id === wanted);
if (linked) {
  linked[1].open = true;
  linked[1].scrollIntoView();
} else if (report.summary.failed + report.summary.could_not_run > 0) {
  document.querySelector(".case").open = true;
}
