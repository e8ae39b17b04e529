// The figures of this moment, each with its unit.

import { byId, make, setClass, setText } from "./dom.js";
import { count, latency, rate, share } from "./numbers.js";

const FIGURES = [
  ["Answers", (totals) => rate(totals.answers_per_s)],
  ["Errors", (totals) => rate(totals.errors_per_s), (totals) => totals.errors_per_s > 0],
  ["Latency p50", (totals) => latency(totals.p50_s)],
  ["Latency p99", (totals) => latency(totals.p99_s)],
  ["Hit ratio", (totals) => share(totals.hit_ratio)],
  ["Waiting for a slot", (totals) => count(totals.slot_queue)],
];

let rows = null;

export function showNow(totals) {
  rows ??= FIGURES.map(([name, read, isAlarm]) => {
    const number = make("span");
    const unit = make("small");
    const row = make("div", {}, make("dt", {}, name), make("dd", {}, number, " ", unit));
    byId("now").append(row);
    return { row, number, unit, read, isAlarm };
  });
  for (const { row, number, unit, read, isAlarm } of rows) {
    const [figure, its] = read(totals);
    setText(number, figure);
    setText(unit, its);
    setClass(row, isAlarm?.(totals) ? "alarm" : "");
  }
}
