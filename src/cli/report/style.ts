/** The page's style: colours for light and dark, of a contrast of 4.5 or more for text and 3 for lines. */
export const style = `
:root { --ground: #fff; --raised: #f6f7f9; --ink: #1b1f24; --soft: #57606a; --edge: #d0d7de; --bar: #0b6bcb;
  --good: #1a7f37; --bad: #b42318; --doubt: #8a5a00; --band: #1a7f3733;
  --s0: #0b6bcb; --s1: #b4520c; --s2: #1a7f37; --s3: #8250df; --s4: #b3246b; --s5: #57606a; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f1419; --raised: #1a2129; --ink: #e6edf3; --soft: #a3adb8; --edge: #38424d; --bar: #58a6ff;
    --good: #4ac26b; --bad: #ff8a7a; --doubt: #e3b341; --band: #4ac26b40;
    --s0: #58a6ff; --s1: #f0883e; --s2: #4ac26b; --s3: #bc8cff; --s4: #ff7bb5; --s5: #a3adb8; } }
* { box-sizing: border-box; }
html { background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 64rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
.when, .none, figcaption, footer { color: var(--soft); font-size: .875rem; }
.when { margin: 0 0 1rem; }
section { margin: 2rem 0 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .75rem; margin-top: 1rem; }
.card { background: var(--raised); border: 1px solid var(--edge); border-left: 4px solid var(--doubt); border-radius: 6px; padding: .75rem 1rem; }
.card.met { border-left-color: var(--good); } .card.missed { border-left-color: var(--bad); }
.card h2 { font-size: .875rem; font-weight: 600; color: var(--soft); margin: 0; }
.card .value { font-size: 1.05rem; margin: .25rem 0; } .card .state { font-size: .875rem; margin: 0; color: var(--doubt); }
.card.met .state { color: var(--good); } .card.missed .state { color: var(--bad); }
.large { font-size: 1.4rem; margin: 0; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.5rem; align-items: start; }
figure { margin: 0; } figure > svg { width: 100%; max-width: 34rem; height: auto; display: block; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .5rem 0 0; padding: 0; font-size: .875rem; }
.legend svg { width: 24px; height: 10px; margin-right: .4rem; vertical-align: middle; }
.scroll { overflow-x: auto; margin: 0 0 .75rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--edge); vertical-align: top; overflow-wrap: anywhere; min-width: min(6rem, 20vw); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); } svg .axis { fill: var(--soft); font-size: 11.5px; }
.grid { stroke: var(--edge); stroke-width: 1; } .bar { fill: var(--bar); } .track { fill: var(--edge); opacity: .5; } .band { fill: var(--band); }
.line { fill: none; stroke-width: 2; } .short { stroke-width: 1; opacity: .45; } .reset { stroke-width: 1; stroke-dasharray: 3 3; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); } .s4 { stroke: var(--s4); } .s5 { stroke: var(--s5); }
.line.s1 { stroke-dasharray: 7 3; } .line.s2 { stroke-dasharray: 2 3; } .line.s3 { stroke-dasharray: 9 3 2 3; } .line.s4 { stroke-dasharray: 4 4; } .line.s5 { stroke-dasharray: 12 4; }
.dot, .mark { stroke: none; } .dot.s0, .mark.s0 { fill: var(--s0); } .dot.s1, .mark.s1 { fill: var(--s1); } .dot.s2, .mark.s2 { fill: var(--s2); }
.dot.s3, .mark.s3 { fill: var(--s3); } .dot.s4, .mark.s4 { fill: var(--s4); } .dot.s5, .mark.s5 { fill: var(--s5); }
footer { margin-top: 2.5rem; border-top: 1px solid var(--edge); padding-top: .75rem; } footer p { margin: .25rem 0; }
@media (max-width: 44rem) { .pair { grid-template-columns: minmax(0, 1fr); } svg text { font-size: 16px; } svg .axis { font-size: 15px; } }
@media print { html { background: #fff; color: #000; } section { break-inside: avoid; } }
`;
