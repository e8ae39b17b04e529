// The parts as they run: one box each, in tiers from the clients to the stores.

import { byId, make, makeSvg, setClass, setText } from "./dom.js";
import { drawFlows } from "./flows.js";
import { ABSENT, cores, count, rate, text } from "./numbers.js";

const TIERS = [["clients"], ["load_balancer"], ["api_gateway"], ["cache", "database", "microservice", "worker"]];
const TITLES = { load_balancer: "balancer", api_gateway: "gateway" };
const DOUBTFUL = new Set(["starting", "stopping", "no traffic"]);
const CROWD = 4;

export class Parts {
  constructor(select) {
    this.select = select;
    this.boxes = new Map();
    this.place = byId("parts");
    this.svg = makeSvg("svg", { "aria-hidden": "true" });
    this.tiers = TIERS.map((services) => make("div", { class: services[0] === "api_gateway" ? "tier gateways" : "tier" }));
    this.place.append(this.svg, ...this.tiers);
    new ResizeObserver(() => this.nodes && this.drawFlows()).observe(this.place);
  }

  show(sample, selected) {
    const all = sample.nodes.reduce((sum, node) => node.service === "api_gateway" ? sum + 1 : sum, 0);
    this.place.classList.toggle("crowded", all > CROWD);
    this.nodes = [{ instance: "clients", service: "clients", state: "", requests_per_s: sumOf(sample.totals), gauges: {} }, ...inOrder(sample.nodes)];
    const present = new Set(this.nodes.map((node) => node.instance));
    for (const [instance, box] of this.boxes) if (!present.has(instance)) { box.element.remove(); this.boxes.delete(instance); }
    for (const node of this.nodes) this.showNode(node, selected);
    this.drawFlows();
  }

  showNode(node, selected) {
    if (!this.boxes.has(node.instance)) this.add(node);
    const box = this.boxes.get(node.instance);
    setClass(box.element, `node ${node.service === "clients" ? "clients" : tone(node.state)}`);
    setText(box.state, node.state);
    setText(box.rate, rate(node.requests_per_s)[0]);
    if (node.service === "clients") return;
    setText(box.more, `CPU ${text(cores(node.cpu_cores))}`);
    setText(box.extra, extraOf(node));
    showBar(box.bar, node.gauges);
    box.element.setAttribute("aria-pressed", String(node.instance === selected));
  }

  add(node) {
    const tier = TIERS.findIndex((services) => services.includes(node.service));
    const isPart = node.service !== "clients";
    const parts = {
      state: make("span", { class: "state" }), rate: make("span"), more: make("span", { class: "more" }),
      extra: make("span", { class: "extra" }), bar: make("span", { class: "bar" }, make("i")),
    };
    const number = Number(node.instance.split("-")[1]);
    const title = [TITLES[node.service] ?? node.service, isPart && node.service in { api_gateway: 1, worker: 1 } ? number : ""].join(" ").trim();
    parts.element = make(isPart ? "button" : "div", isPart ? { type: "button" } : {}, make("span", { class: "head" }, make("strong", {}, title), parts.state),
      make("span", { class: "rate" }, parts.rate, make("small", {}, " /s")), parts.more, parts.extra, ...(isPart ? [parts.bar] : []));
    if (isPart) parts.element.addEventListener("click", () => this.select(node.instance));
    this.boxes.set(node.instance, { ...parts, service: node.service, order: this.orderOf(node) });
    const later = [...this.boxes.values()].filter((box) => box.element.parentNode === this.tiers[tier] && box.order > this.orderOf(node));
    later.sort((a, b) => a.order - b.order);
    this.tiers[tier].insertBefore(parts.element, later[0]?.element ?? null);
  }

  orderOf(node) {
    return TIERS.flat().indexOf(node.service) * 1000 + (Number(node.instance.split("-")[1]) || 0);
  }

  drawFlows() {
    drawFlows(this.svg, this.place, this.nodes, (instance) => this.boxes.get(instance).element);
  }
}

const sumOf = (totals) => totals.answers_per_s === null ? null : totals.answers_per_s + (totals.errors_per_s ?? 0);

function inOrder(nodes) {
  const order = TIERS.flat();
  return [...nodes].sort((a, b) => order.indexOf(a.service) - order.indexOf(b.service) || a.instance.localeCompare(b.instance, "en", { numeric: true }));
}

const tone = (state) => state === "ready" ? "" : DOUBTFUL.has(state) ? "warn" : "bad";

function extraOf({ service, in_flight, gauges }) {
  const said = service === "cache" ? [] : [`${text(count(in_flight))} in flight`];
  if (gauges.slots_limit > 0) said.push(`slots ${ofLimit(gauges.slots_in_use, gauges.slots_limit)}`);
  if (gauges.slot_queue > 0) said.push(`${text(count(gauges.slot_queue))} waiting`);
  if ("pool_size" in gauges) said.push(`pool ${ofLimit(gauges.pool_in_use, gauges.pool_size)}`);
  if (gauges.pool_queue > 0) said.push(`${text(count(gauges.pool_queue))} waiting`);
  if (gauges.task_queue > 0) said.push(`${text(count(gauges.task_queue))} queued`);
  return said.join(" · ");
}

const ofLimit = (used, limit) => `${used ?? ABSENT}/${limit}`;

// How full what is bounded is.
function showBar(bar, gauges) {
  const share = gauges.slots_limit > 0 ? gauges.slots_in_use / gauges.slots_limit : gauges.pool_size > 0 ? gauges.pool_in_use / gauges.pool_size : null;
  bar.hidden = share === null;
  setClass(bar, share >= 1 ? "bar full" : "bar");
  bar.firstChild.style.width = `${Math.min(1, share ?? 0) * 100}%`;
}
