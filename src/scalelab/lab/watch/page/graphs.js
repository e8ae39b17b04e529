// Which graphs there are.

import { Chart } from "./chart.js";
import { byId } from "./dom.js";
import { amount, cores, count, latency, rate, share, wholeShare } from "./numbers.js";

const CHARTS = [
  {
    title: "Throughput", note: "answers each second", read: rate, axis: amount, floor: 10,
    lines: [{ name: "answers", field: "answers_per_s" }],
  },
  {
    title: "Latency", note: "as the gateways time it", read: latency, axis: latency, floor: 0.01,
    lines: [{ name: "p50", field: "p50_s" }, { name: "p90", field: "p90_s" }, { name: "p99", field: "p99_s" }],
  },
  {
    title: "Hit ratio", note: "of what was looked up", read: share, axis: wholeShare, floor: 1, ceiling: 1,
    lines: [{ name: "hits", field: "hit_ratio" }],
  },
  {
    title: "Queues", note: "requests, queries, tasks that wait", read: count, axis: amount, floor: 10,
    lines: [{ name: "slots", field: "slot_queue" }, { name: "pool", field: "pool_queue" }, { name: "tasks", field: "task_queue" }],
  },
  {
    title: "Errors", note: "answers with a 5xx, each second", read: rate, axis: amount, floor: 1,
    lines: [{ name: "errors", field: "errors_per_s" }],
  },
  {
    title: "CPU", note: "of all parts together; 100 % is a core", read: cores, axis: wholeShare, floor: 1,
    lines: [{ name: "busy", field: "cpu_cores" }],
  },
];

let charts = null;

export function showGraphs(history, marks) {
  charts ??= CHARTS.map((definition) => {
    const chart = new Chart(definition);
    byId("graphs").append(chart.element);
    return chart;
  });
  for (const chart of charts) chart.draw(history, marks);
}
