// The style sheet of HTML reports. Used by html_report only.
#pragma once

#include <string_view>

namespace mqtt::bench {

inline constexpr std::string_view kHtmlStyle = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #5b6675;
  --rule: #e2e6eb; --grid: #edf0f3; --band: #eef3fb; --good: #12794a; --good-back: #e3f5ec;
  --bad: #b3261e; --bad-back: #fdeceb; --fair: #8a5a00; --fair-back: #fdf3dc; --heat: #1f5fd6;
  --c1: #1f5fd6; --c2: #d9480f; --c3: #0b8a7d; --c4: #8b3fc7; --c5: #8693a3; --c6: #b58900; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1419; --card: #171d25; --ink: #e4e9ef;
  --soft: #97a3b3; --rule: #29323d; --grid: #232b35; --band: #1b2635; --good: #6ed6a4;
  --good-back: #14301f; --bad: #ff9b93; --bad-back: #3a1a18; --fair: #f0c36d; --fair-back: #33280f;
  --heat: #6ea8ff; --c1: #6ea8ff; --c2: #ff9b62; --c3: #4fd0bf; --c4: #c994f5; --c5: #8291a3;
  --c6: #e3bd4d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 22px; margin: 0; line-height: 1.3; overflow-wrap: anywhere; }
h2 { font-size: 15px; margin: 0 0 10px; }
.sub { color: var(--soft); margin: 4px 0 0; overflow-wrap: anywhere; }
.verdict { display: inline-block; margin: 16px 0 0; padding: 8px 14px; border-radius: 8px;
  font-weight: 600; }
.good { color: var(--good); background: var(--good-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.fair { color: var(--fair); background: var(--fair-back); }
.tiles { display: grid; gap: 12px; margin: 20px 0;
  grid-template-columns: repeat(auto-fit, minmax(124px, 1fr)); }
.tile, figure, .card { background: var(--card); border: 1px solid var(--rule);
  border-radius: 10px; }
.tile { padding: 12px 14px; }
.tile b { display: block; font-size: 22px; line-height: 1.25; font-weight: 650;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile span { color: var(--soft); font-size: 13px; }
.charts { display: grid; gap: 16px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
figure { margin: 0; padding: 14px 14px 6px; min-width: 0; }
figcaption { font-weight: 600; }
.legend { margin: 2px 0 4px; font-size: 13px; color: var(--soft); display: flex; flex-wrap: wrap;
  gap: 2px 14px; min-height: 20px; }
.legend i { display: inline-block; width: 12px; height: 3px; border-radius: 2px; margin-right: 6px;
  vertical-align: middle; background: currentColor; }
.legend em { font-style: normal; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.grid { stroke: var(--grid); fill: none; } .axis, .tick { stroke: var(--rule); fill: none; }
.band { fill: var(--band); }
.line { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; }
.dashed { stroke-dasharray: 5 4; }
.fill { fill: currentColor; fill-opacity: .14; stroke: none; } .dot { fill: currentColor; }
.heat { fill: var(--heat); }
.hover { fill: transparent; } .hover:hover { fill: var(--ink); fill-opacity: .07; }
.c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); }
.c4 { color: var(--c4); } .c5 { color: var(--c5); } .c6 { color: var(--c6); }
.cards { display: grid; gap: 16px; margin-top: 16px;
  grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: start; }
.card { padding: 14px; overflow-x: auto; } .wide { grid-column: 1 / -1; }
table { border-collapse: collapse; width: 100%; font-size: 14px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--soft); }
td, th { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
tr:last-child > * { border-bottom: 0; }
.numbers td, .numbers thead th { text-align: right; padding: 4px 0 4px 12px; white-space: nowrap; }
.numbers th:first-child { text-align: left; padding-left: 0; white-space: nowrap; }
pre, code { font: 13px/1.5 ui-monospace, "Cascadia Mono", "Liberation Mono", monospace; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.pair td { overflow-wrap: anywhere; } .pair th { width: 38%; }
.wide .pair th { width: 180px; } .judged td:nth-child(2) { width: 110px; }
.pill { display: inline-block; padding: 0 10px; border-radius: 10px; font-weight: 600; }
details summary { cursor: pointer; font-weight: 600; }
details table { margin-top: 10px; }
footer { color: var(--soft); font-size: 13px; margin-top: 20px; }
@media (max-width: 820px) { .charts, .cards { grid-template-columns: minmax(0, 1fr); }
  main { padding: 16px 12px 32px; } .tile b { font-size: 19px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media print { figure, .card, .tile { break-inside: avoid; } }
)css";

}  // namespace mqtt::bench
