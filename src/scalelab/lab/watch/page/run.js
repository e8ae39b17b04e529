// A run that goes on: scenario, phase, what is over and how valid it is, the verdict as it forms.

import { byId, make, setText } from "./dom.js";
import { latency, rate, text } from "./numbers.js";

const HEAD = ["Scenario", "Answers", "Mean latency", "Failures", "Validity"];
let shown = null, parts = null;

export function showRun(run) {
  byId("run").hidden = !run;
  if (!run) return;
  parts ??= build();
  setText(byId("run-title"), `Run of ${run.experiment}`);
  setText(parts.phase, phaseOf(run));
  showProgress(run);
  const known = JSON.stringify([run.finished, run.sentences, run.notes]);
  if (known === shown) return;
  shown = known;
  parts.table.hidden = run.finished.length === 0;
  parts.rows.replaceChildren(...run.finished.map(row));
  parts.sentences.replaceChildren(...[...run.sentences, ...run.notes].map((sentence) => make("li", {}, sentence)));
}

function build() {
  const phase = make("p", { id: "run-phase" });
  const progress = make("progress", { "aria-labelledby": "run-phase" });
  const rows = make("tbody");
  const head = make("thead", {}, make("tr", {}, ...HEAD.map((name) => make("th", { scope: "col" }, name))));
  const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Scenarios that are over" }, make("table", {}, head, rows));
  const sentences = make("ul");
  byId("run-body").append(phase, progress, table, sentences);
  return { phase, progress, rows, table, sentences };
}

function phaseOf(run) {
  if (run.is_over) return `The run is over. Results: ${run.directory ?? "none"}`;
  const again = run.repetition > 1 ? `, repetition ${run.repetition}` : "";
  const where = run.number ? `${run.number} of ${run.runs}: ${run.title}${again} – ` : "";
  const expected = run.expected_s ? ` (${run.expected_s} s)` : "";
  return `${where}${run.phase}${expected}`;
}

// The share of the phase that is over; of one that takes as long as it takes, the bar only moves.
function showProgress(run) {
  if (run.is_over) { parts.progress.value = 1; return; }
  if (!run.expected_s) { parts.progress.removeAttribute("value"); return; }
  parts.progress.value = Math.min(1, (Date.now() / 1000 - run.phase_began_unix_s) / run.expected_s);
}

function row(one) {
  const isValid = one.validity.length === 1 && one.validity[0] === "valid";
  return make("tr", {},
    make("td", {}, one.title + (one.repetition > 1 ? `, repetition ${one.repetition}` : "")),
    make("td", {}, text(rate(one.answers_per_s))), make("td", {}, text(latency(one.mean_s))),
    make("td", {}, String(one.failures)), make("td", isValid ? {} : { class: "doubtful" }, one.validity.join(", ")));
}
