// The plots of the page about the caches, redrawn every two seconds from the figures of the server.
"use strict";

const plots = document.querySelector("#plots");
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const percentOf = (value) => (value == null ? "–" : (100 * value).toFixed(1) + " %");
const plain = (value) => (value == null ? "–" : Number(value.toPrecision(3)).toLocaleString("en"));

// Each plot: the names of its lines, and where a sample has their values.
const kinds = {
  ratio: { lines: { "finished pages": (s) => s.view.hit_ratio, "answers of the database": (s) => s.query.hit_ratio }, text: percentOf, range: [0, 1] },
  requests: { lines: { "answered": (s) => s.requests, "failed": (s) => s.failed }, text: plain },
  latency: { lines: { "mean": (s) => s.mean_ms, "99 of 100": (s) => s.p99_ms }, text: plain },
  saved: { lines: { "saved": (s) => s.saved, "made": (s) => s.database }, text: plain },
  lag: { lines: { "since it was complete": (s) => s.confirmed_ms, "until it arrived": (s) => s.delay_ms }, text: plain },
  verified: { lines: { "right": (s) => s.view.verified + s.query.verified, "wrong": (s) => s.view.violations + s.query.violations }, text: plain },
};

const samples = [];
const drawn = {};

function table(kind) {
  return [samples.map((s) => Date.parse(s.at) / 1000), ...Object.values(kind.lines).map((value) => samples.map(value))];
}

function draw(box) {
  const kind = kinds[box.dataset.plot];
  const place = box.querySelector(".plot-place");
  const size = { width: place.clientWidth, height: 190 };
  const colors = [color("--accent"), color("--bad")];
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  drawn[box.dataset.plot] = new uPlot({
    ...size,
    series: [{ label: "time", value: (_, t) => (t == null ? "–" : new Date(t * 1000).toLocaleTimeString("en-GB")) },
      ...Object.keys(kind.lines).map((label, i) => ({ label, stroke: colors[i], width: 2, value: (_, v) => kind.text(v), points: { show: false }, spanGaps: false }))],
    axes: [{ ...axis, values: (_, ticks) => ticks.map((t) => new Date(t * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })), space: 90 },
      { ...axis, size: 62, values: (_, ticks) => ticks.map((v) => kind.text === percentOf ? Math.round(v * 100) + " %" : plain(v)) }],
    scales: { y: { range: kind.range || ((_, low, high) => [0, Math.max(high * 1.1, 1)]) } },
    legend: { live: true },
  }, table(kind), place);
}

async function update() {
  const last = samples.at(-1)?.at ?? "";
  const answer = await fetch(`${plots.dataset.samples}?since=${encodeURIComponent(last)}`, { headers: { Accept: "application/json" } });
  if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error("signed out");
  samples.push(...await answer.json());
  const oldest = Date.now() - 15 * 60 * 1000;
  while (samples.length && Date.parse(samples[0].at) < oldest) samples.shift();
  for (const [name, plot] of Object.entries(drawn)) plot.setData(table(kinds[name]));
}

for (const box of plots.querySelectorAll("[data-plot]")) draw(box);
addEventListener("resize", () => {
  for (const [name, plot] of Object.entries(drawn)) {
    plot.setSize({ width: plots.querySelector(`[data-plot="${name}"] .plot-place`).clientWidth, height: 190 });
  }
});

(async function follow() {
  try {
    if (!document.hidden) await update();
  } catch { /* the next round tries again */ }
  setTimeout(follow, 2000);
})();
