// Numbers as people read them: [figure, unit]. What could not be measured is a dash, never 0.

export const ABSENT = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const isKnown = (value) => typeof value === "number" && Number.isFinite(value);
const figure = (value) => (value >= 10 || value === 0 ? whole : fine).format(value);

export const rate = (value) => (isKnown(value) ? [figure(value), "/s"] : [ABSENT, "/s"]);
export const count = (value) => (isKnown(value) ? [whole.format(value), ""] : [ABSENT, ""]);
export const share = (value) => (isKnown(value) ? [fine.format(value * 100), "%"] : [ABSENT, "%"]);
export const wholeShare = (value) => [whole.format(value * 100), "%"];
export const amount = (value) => [value > 0 && value < 10 ? String(Number(value.toFixed(2))) : whole.format(value), ""];
export const cores = (value) => (isKnown(value) ? [whole.format(value * 100), "%"] : [ABSENT, "%"]);

export function latency(value) {
  if (!isKnown(value)) return [ABSENT, "ms"];
  return value >= 1 ? [value.toFixed(2), "s"] : [figure(value * 1000), "ms"];
}

export function text([number, unit]) {
  return unit === "" || unit === "/s" ? number + unit : `${number} ${unit}`;
}

export const clock = (unixSeconds) => new Date(unixSeconds * 1000).toLocaleTimeString("en-GB");
