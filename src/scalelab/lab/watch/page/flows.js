// The lines between the parts: the more flows, the thicker and quicker.

import { makeSvg, setClass } from "./dom.js";

const OUTWARD = 26;

export function drawFlows(svg, place, nodes, elementOf) {
  const frame = place.getBoundingClientRect();
  const boxes = new Map(nodes.map((node) => [node.instance, boxIn(frame, elementOf(node.instance))]));
  const flows = flowsOf(nodes);
  while (svg.children.length > flows.length) svg.lastChild.remove();
  while (svg.children.length < flows.length) svg.append(makeSvg("path"));
  flows.forEach(({ from, to, rate, side }, index) => {
    const path = svg.children[index];
    const isFlowing = rate > 0;
    setClass(path, isFlowing ? "flowing" : "");
    path.setAttribute("d", lineBetween(boxes.get(from), boxes.get(to), side));
    path.setAttribute("stroke-width", isFlowing ? (1.2 + Math.log10(1 + rate)).toFixed(1) : "1");
    path.style.animationDuration = isFlowing ? `${(2.4 / (1 + Math.log10(1 + rate))).toFixed(1)}s` : "";
  });
}

function flowsOf(nodes) {
  const of = (service) => nodes.filter((node) => node.service === service);
  const rateOf = (node) => node?.requests_per_s ?? 0;
  const [clients] = of("clients"), [balancer] = of("load_balancer"), gateways = of("api_gateway"), workers = of("worker");
  const [cache] = of("cache"), [database] = of("database"), [microservice] = of("microservice");
  const all = gateways.reduce((sum, gateway) => sum + rateOf(gateway), 0);
  const direct = Math.max(0, rateOf(database) - rateOf(microservice) - workers.reduce((sum, one) => sum + rateOf(one), 0));
  const flows = [];
  const add = (from, to, rate, side) => { if (from && to) flows.push({ from: from.instance, to: to.instance, rate, side }); };
  add(clients, balancer, rateOf(clients));
  for (const gateway of gateways) {
    const part = all > 0 ? rateOf(gateway) / all : 0;
    add(balancer, gateway, gateway.state === "no traffic" ? 0 : rateOf(gateway));
    add(gateway, cache, rateOf(cache) * part);
    add(gateway, database, direct * part);
    add(gateway, microservice, rateOf(microservice) * part);
  }
  add(microservice, database, rateOf(microservice), 0.6);
  for (const worker of workers) {
    add(cache, worker, rateOf(worker), 1.5);
    add(worker, database, rateOf(worker), 1);
  }
  return flows;
}

function boxIn(frame, element) {
  const box = element.getBoundingClientRect();
  const left = box.left - frame.left, top = box.top - frame.top;
  return { left, top, right: left + box.width, bottom: top + box.height, x: left + box.width / 2, y: top + box.height / 2 };
}

function lineBetween(a, b, side) {
  if (side) return `M${a.right} ${a.y}C${a.right + OUTWARD * side} ${a.y} ${b.right + OUTWARD * side} ${b.y} ${b.right} ${b.y}`;
  if (b.left >= a.right) {
    const middle = (a.right + b.left) / 2;
    return `M${a.right} ${a.y}C${middle} ${a.y} ${middle} ${b.y} ${b.left} ${b.y}`;
  }
  const middle = (a.bottom + b.top) / 2;
  return `M${a.x} ${a.bottom}C${a.x} ${middle} ${b.x} ${middle} ${b.x} ${b.top}`;
}
