// Four weeks of a heavy user, simulated: how far ways of choosing a reviewer make the same subscriptions go. One week
// would flatter whoever empties a monthly allowance in it.
//
//   npm run build && node bench/quota.mjs [--seed 1] [--months 10] [--markdown]
//
// Nothing here is measured on a provider: their limits are not published in tokens, and every figure below marked
// "assumed" is a guess that is the same for all. What it shows is how the ways of choosing differ, not how much
// any subscription is worth.
import { parseArgs } from "node:util";

const load = (name) => import(new URL(`../dist/src/${name}`, import.meta.url).href);
const [
  { createSluice },
  { quotaState },
  { consider },
  { chooseAndReserve, settle },
  { loadUserConfiguration },
  { recordUsage },
] = await Promise.all(
  [
    "sluice.js",
    "state/quota-shape.js",
    "premium/choose.js",
    "premium/reservations.js",
    "config/load.js",
    "state/quota-state.js",
  ].map(load),
);
const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    months: { type: "string", default: "10" },
    markdown: { type: "boolean", default: false },
  },
});

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;
const horizon = 28;
const origin = Date.parse("2026-03-02T00:00:00Z");

/** Assumed. Reviews only; the gates, the pre-screen and fingerprints in front of them save the same for all. */
const user = {
  tasksPerDay: 30,
  hours: [8, 23],
  /** Reviews of one task: 1 to 8, flow-next's limit, 3 on average. */
  reviews: (random) => Math.min(8, 1 + Math.floor(-Math.log(1 - random()) * 2.4)),
  /** Tokens of one review, prompt and answer: log-normal, median 35,000, a tenth above 100,000. */
  tokens: (random) =>
    Math.min(180_000, Math.max(5_000, Math.round(35_000 * Math.exp(0.85 * normal(random))))),
};

/** Assumed: what a window holds, in millions of tokens, and what other work takes of it per working hour. */
const subscriptions = {
  claude_max: { windows: { "5h": 1.6, weekly: 8 }, other: 0.045, offset: 0.35 },
  openai_pro: { windows: { "5h": 2, weekly: 9 }, other: 0.01, offset: 0.8 },
  copilot: { windows: { monthly: 10 }, other: 0.002, offset: 0.5 },
  antigravity: { windows: { "5h": 0.8, weekly: 4 }, other: 0, offset: 0.1 },
};
const lengths = { "5h": 5 * hour, weekly: week, monthly: 30 * day };

function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The same reviews for every way of choosing: when, and how large. */
function plan(random, load) {
  const reviews = [];
  for (let today = 0; today < horizon; today += 1) {
    const [from, to] = user.hours;
    for (let task = 0; task < user.tasksPerDay * load; task += 1) {
      let at = origin + today * day + (from + random() * (to - from)) * hour;
      for (let left = user.reviews(random); left > 0; left -= 1) {
        reviews.push({ at, tokens: user.tokens(random) });
        at += (5 + random() * 25) * minute;
      }
    }
  }
  return reviews.sort((a, b) => a.at - b.at);
}

/** The accounts as the providers keep them. */
function accounts() {
  return Object.entries(subscriptions).map(([name, { windows, other, offset }]) => ({
    name,
    other,
    windows: Object.entries(windows).map(([id, size]) => ({
      id,
      size: size * 1e6,
      used: 0,
      // Weeks and months began at different times before; what was used of them then is on pace.
      resets: origin + lengths[id] * (id === "5h" ? 1 : offset),
      carried: id === "5h" ? 0 : 1 - offset,
    })),
  }));
}

function begin(all) {
  for (const { windows } of all) for (const one of windows) one.used = one.size * one.carried;
  return all;
}

const isWorking = (at) => {
  const clock = (at - origin) % day;
  return clock >= user.hours[0] * hour && clock < user.hours[1] * hour;
};

/** Four weeks by one way of choosing. */
async function live(reviews, router) {
  const all = begin(accounts());
  const waste = new Map(all.map(({ name }) => [name, 0]));
  let now = origin;
  const pass = (to) => {
    while (now < to) {
      const next = Math.min(to, now + 10 * minute);
      for (const account of all) {
        const taken = isWorking(now) ? (account.other * 1e6 * (next - now)) / hour : 0;
        for (const one of account.windows) {
          one.used = Math.min(one.size, one.used + taken);
          if (one.resets > next) continue;
          // Five hours that were not used up are no loss: the week is what is paid for.
          if (one.id !== "5h") waste.set(account.name, waste.get(account.name) + (one.size - one.used));
          one.used = 0;
          one.resets += lengths[one.id];
        }
      }
      now = next;
    }
  };
  let done = 0;
  let refused = 0;
  let none = 0;
  let firstNone = null;
  for (const { at, tokens } of reviews) {
    pass(at);
    const tried = [];
    let served = false;
    for (;;) {
      const choice = await router.choose({ now, tokens, all, tried });
      if (choice === null) break;
      const account = all.find(({ name }) => name === choice.name);
      const fits = account.windows.every(({ used, size }) => used < size);
      if (fits) for (const one of account.windows) one.used = Math.min(one.size, one.used + tokens);
      else refused += 1;
      await router.told({ now, tokens, account, choice, fits });
      if (fits) {
        served = true;
        break;
      }
      tried.push(choice.name);
    }
    if (served) done += 1;
    else {
      none += 1;
      firstNone ??= at;
    }
  }
  pass(origin + horizon * day);
  return {
    done,
    refused,
    none,
    lasted: firstNone === null ? horizon : (firstNone - origin) / day,
    wasted: [...waste.values()].reduce((sum, one) => sum + one, 0) / 1e6,
  };
}

const blocked = (until, now) => until !== undefined && until > now;
/** When a source that refused is tried again: at the reset it states. */
const resetOf = (account) =>
  Math.max(...account.windows.filter(({ used, size }) => used >= size).map(({ resets }) => resets));

const order = Object.keys(subscriptions);

const routers = {
  "one source": () => {
    const until = {};
    return {
      choose: ({ now, tried }) =>
        tried.length > 0 || blocked(until.claude_max, now) ? null : { name: "claude_max" },
      told({ account, fits }) {
        if (!fits) until.claude_max = resetOf(account);
      },
    };
  },
  "first available": () => {
    const until = {};
    return {
      choose: ({ now, tried }) => {
        const name = order.find((one) => !blocked(until[one], now) && !tried.includes(one));
        return name === undefined ? null : { name };
      },
      told({ account, fits }) {
        if (!fits) until[account.name] = resetOf(account);
      },
    };
  },
  "fewest requests": () => {
    const until = {};
    const count = Object.fromEntries(order.map((name) => [name, 0]));
    return {
      choose: ({ now, tried }) => {
        const [name] = order
          .filter((one) => !blocked(until[one], now) && !tried.includes(one))
          .sort((a, b) => count[a] - count[b]);
        return name === undefined ? null : { name };
      },
      told({ account, fits }) {
        count[account.name] += 1;
        if (!fits) until[account.name] = resetOf(account);
      },
    };
  },
};

// The plain remainder of the tightest window, by exact figures: no pace, no estimates, no limits.
routers["most remaining"] = () => {
  const until = {};
  const left = ({ windows }) => Math.min(...windows.map(({ used, size }) => 1 - used / size));
  return {
    choose: ({ now, all, tried }) => {
      const [best] = all
        .filter(({ name }) => !blocked(until[name], now) && !tried.includes(name))
        .sort((a, b) => left(b) - left(a));
      return best === undefined ? null : { name: best.name };
    },
    told({ account, fits }) {
      if (!fits) until[account.name] = resetOf(account);
    },
  };
};

/** Sluice's own code, on a state in memory; readings come with each answer and by a probe every half hour of use. */
const { config } = await loadUserConfiguration(createSluice({ env: { HOME: "/nonexistent" } }));
routers.Sluice = () => sluiceRouter(config);
// Without what it leaves at the end of each window on purpose.
routers["Sluice, limits 1"] = () =>
  sluiceRouter({
    ...config,
    quota: { ...config.quota, hard_limits: { "5h": 1, weekly: 1, monthly: 1 } },
  });

function sluiceRouter(config) {
  let at = origin;
  const state = quotaState.parse({});
  const store = {
    directory: "",
    top: null,
    warnings: [],
    read: async () => state,
    update: async (_file, _schema, change) => change(state),
  };
  const sluice = createSluice({ env: {}, clock: () => at, log: () => {} });
  const status = (source) => ({ source, access: "cli", configured: true, program: "", why: "" });
  const statuses = new Map(order.map((name) => [name, status(name)]));
  const choices = [
    {
      entry: "quota_lowest",
      candidates: order.map((source) => ({
        source,
        name: source,
        why: null,
        model: { name: source, id: source, context: 1e6, scopes: [] },
      })),
    },
  ];
  const readings = (account) =>
    account.windows.map(({ id, used, size, resets }) => ({
      id,
      used: Math.floor((used / size) * 100) / 100,
      resets_at: resets,
      window_ms: lengths[id],
      provenance: "probe",
    }));
  const probed = {};
  return {
    async choose({ now, tokens, all, tried }) {
      at = now;
      for (const account of all) {
        if (now - (probed[account.name] ?? 0) < 30 * minute) continue;
        probed[account.name] = now;
        await recordUsage(store, sluice, { source: account.name, windows: readings(account), requests: 0 });
      }
      const asked = { config, statuses, tokens, tried: tried.map((source) => ({ source })) };
      const { reserved } = await chooseAndReserve(
        store,
        sluice,
        (quota, time) => consider(choices, asked, quota, time),
        { tokens, timeout: 10 * minute },
      );
      return reserved === null ? null : { name: reserved.source, reserved };
    },
    async told({ account, choice, fits, tokens }) {
      await settle(
        choice.reserved,
        fits
          ? { ok: true, tokens, windows: readings(account) }
          : {
              ok: false,
              tokens: 0,
              failure: "usage_limit",
              windows: readings(account),
              throttle: { reason: "usage_limit", until: resetOf(account) },
            },
      );
    },
  };
}

const months = Number(options.months);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const results = [];
for (const load of [0.25, 0.5, 0.75, 1]) {
  for (const [name, open] of Object.entries(routers)) {
    const runs = [];
    for (let one = 0; one < months; one += 1)
      runs.push(await live(plan(seeded(Number(options.seed) * 1_000 + one), load), open()));
    const of = (key) => mean(runs.map((run) => run[key]));
    results.push({
      load,
      name,
      reviews: of("done") + of("none"),
      lasted: of("lasted"),
      done: of("done"),
      none: of("none"),
      refused: of("refused"),
      wasted: of("wasted"),
    });
  }
}

console.log(
  `${months} times four simulated weeks each, seed ${options.seed}: ${user.tasksPerDay} tasks a day at load 1, means`,
);
const head = [
  "load",
  "way of choosing",
  "reviews wanted",
  "days until nobody is left",
  "reviewed",
  "nobody left",
  "refused calls",
  "million tokens lost at resets",
];
const rows = results.map((row) => [
  String(row.load),
  row.name,
  row.reviews.toFixed(0),
  row.lasted.toFixed(1),
  `${row.done.toFixed(0)} (${((100 * row.done) / row.reviews).toFixed(0)} %)`,
  row.none.toFixed(0),
  row.refused.toFixed(1),
  row.wasted.toFixed(1),
]);
if (options.markdown) {
  for (const row of [head, head.map(() => "---"), ...rows]) console.log(`| ${row.join(" | ")} |`);
} else {
  for (const row of [head, ...rows])
    console.log(row.map((cell, i) => cell.padEnd([5, 17, 15, 26, 12, 12, 14, 0][i])).join(" "));
}
