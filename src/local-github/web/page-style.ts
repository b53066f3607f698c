/** The page's style sheet: system fonts, light or dark by the reader's preference, for widths from 320 pixels. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --text: #1b1f24; --dim: #5b6470; --line: #dde1e6; --soft: #eef1f4; --link: #0a5bc4;
  --green: #17713a; --blue: #0a5bc4; --purple: #7440c4; --amber: #8f5a00; --red: #b4232c; --grey: #5b6470;
  --add: #e3f6e8; --del: #fde8e8; --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
@media (prefers-color-scheme: dark) { :root { --back: #0e1116; --card: #161b22; --text: #e4e8ee; --dim: #98a2ae; --line: #2b323b; --soft: #1f252d; --link: #72b0ff;
  --green: #58c27d; --blue: #72b0ff; --purple: #bd9bf7; --amber: #e0a83e; --red: #ff8a86; --grey: #98a2ae; --add: #12301d; --del: #3d1a1d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
code, pre, .mono { font-family: var(--mono); font-size: 12.5px; }
code { background: var(--soft); padding: .1em .35em; border-radius: 4px; } pre code, a code { background: none; padding: 0; }
pre { margin: 0; overflow: auto; } .wrap { white-space: pre-wrap; } h1, h2, h3 { line-height: 1.3; margin: 0; } h1 { font-size: 22px; } h2 { font-size: 15px; }
.wide { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
body > header { background: var(--card); border-bottom: 1px solid var(--line); }
.bar.wide { display: flex; align-items: center; gap: 10px; padding-top: 14px; padding-bottom: 10px; } .bar .name { font-size: 17px; } .bar .name b { font-weight: 650; }
.mark { width: 22px; height: 22px; flex: none; display: block; } .here { font-size: 12px; color: var(--dim); border: 1px solid var(--line); border-radius: 10px; padding: 0 8px; white-space: nowrap; } .state { margin-left: auto; font-size: 12px; color: var(--dim); white-space: nowrap; display: none; } .live .state, .lost .state { display: block; }
.state::before { content: ""; display: inline-block; width: 7px; height: 7px; border-radius: 50%; background: var(--green); margin-right: 6px; vertical-align: 1px; }
.lost .state::before { background: var(--red); } .live .gone, .lost .on { display: none; }
.tabs { display: flex; gap: 4px; overflow-x: auto; margin-bottom: -1px; scrollbar-width: none; } .tabs a { color: var(--text); padding: 8px 10px; border-bottom: 2px solid transparent; white-space: nowrap; }
.tabs a:first-child { margin-left: -10px; } .tabs a:hover { text-decoration: none; border-color: var(--line); } .tabs a[aria-current] { border-color: var(--link); font-weight: 600; }
.count { background: var(--soft); color: var(--dim); border-radius: 10px; padding: 0 7px; font-size: 12px; font-weight: 500; margin-left: 4px; }
main.wide { padding-top: 24px; padding-bottom: 48px; } main > * + * { margin-top: 20px; } .title { display: flex; gap: 10px; align-items: baseline; flex-wrap: wrap; } .title h1 .number { color: var(--dim); font-weight: 400; }
.dim, .comment > .head .dim > a, body > header .dim { color: var(--dim); } .left { color: var(--dim); font-style: italic; }
.pager, .gap { display: flex; gap: 8px 16px; justify-content: center; flex-wrap: wrap; font-size: 13px; } .gap { color: var(--dim); border: 1px dashed var(--line); border-radius: 10px; padding: 12px 16px; margin-bottom: 0; } .small { font-size: 13px; } .line { margin: 6px 0 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.card > .head { display: flex; align-items: center; gap: 8px; padding: 10px 16px; border-bottom: 1px solid var(--line); } .card > .head .more { margin-left: auto; font-size: 13px; font-weight: 400; }
.card > .in, .card.in { padding: 14px 16px; } .empty { margin: 0; padding: 18px 16px; color: var(--dim); }
.rows { list-style: none; margin: 0; padding: 0; } .rows > li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 14px; padding: 10px 16px; align-items: baseline; } .rows > li + li { border-top: 1px solid var(--line); }
.rows .what { font-weight: 550; } .rows .what a { color: var(--text); } .rows .what a:hover { color: var(--link); } .rows .under { grid-column: 1; } .rows .aside { text-align: right; white-space: nowrap; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; align-items: start; } .columns > * { min-width: 0; }
.badge { display: inline-block; font-size: 12px; font-weight: 600; line-height: 1.5; padding: 0 8px; border-radius: 10px; border: 1px solid currentColor; color: var(--grey); white-space: nowrap; }
.is-open, .is-success, .is-approved { color: var(--green); } .is-merged { color: var(--purple); } .is-running, .is-in_progress { color: var(--blue); } .is-failure, .is-timed_out, .is-startup_failure, .is-error, .is-changes_requested { color: var(--red); } .is-action_required, .is-queued, .is-pending { color: var(--amber); }
.chip { display: inline-block; background: var(--soft); border-radius: 4px; padding: 0 6px; font: 12px/1.7 var(--mono); color: var(--dim); } .chips { display: flex; flex-wrap: wrap; gap: 4px 6px; margin-top: 4px; } .branch, .dim a.branch { color: var(--link); } a.mono { white-space: nowrap; }
.comment { scroll-margin-top: 12px; } .comment:target { border-color: var(--link); } .comment > .head:last-child { border-bottom: 0; } .comment > .head { background: var(--soft); font-size: 13px; flex-wrap: wrap; } .comment.by-bot { border-left: 3px solid var(--purple); } .reactions { margin: 12px 0 0; font-size: 13px; }
.prose > :first-child { margin-top: 0; } .prose > :last-child { margin-bottom: 0; } .prose h1, .prose h2, .prose h3 { font-size: 17px; margin: 18px 0 8px; } .prose p, .prose ul, .prose ol { margin: 10px 0; } .prose ul, .prose ol { padding-left: 24px; }
.prose pre { background: var(--soft); border-radius: 6px; padding: 10px 12px; margin: 10px 0; } .prose blockquote { margin: 10px 0; padding: 0 14px; border-left: 3px solid var(--line); color: var(--dim); }
.scroll { overflow-x: auto; } .prose .scroll { margin: 12px 0; } .prose table { border-collapse: collapse; font-size: 14px; } .prose th, .prose td { border: 1px solid var(--line); padding: 5px 10px; text-align: left; overflow-wrap: normal; min-width: 90px; } .prose th { background: var(--soft); font-weight: 600; }
.prose sub { font-size: 12px; color: var(--dim); vertical-align: baseline; } .prose .sr-only { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; } .prose summary { cursor: pointer; } .prose details { margin: 8px 0; } .prose details[open] { border-left: 2px solid var(--line); padding-left: 14px; margin-left: 1px; } .prose details[open] > summary { margin-left: -15px; } .prose hr { border: 0; border-top: 1px solid var(--line); } .prose li > input { margin: 0 6px 0 -20px; } .prose li:has(> input) { list-style: none; }
.prose .alert { border-left-width: 4px; border-color: currentColor; color: var(--blue); } .alert > * { color: var(--text); } .alert > .alert-title { margin: 0; color: inherit; font-weight: 650; font-size: 14px; } .prose .is-tip { color: var(--green); } .prose .is-important { color: var(--purple); } .prose .is-warning { color: var(--amber); } .prose .is-caution { color: var(--red); }
.graph { overflow-x: auto; margin: 14px 0; padding: 4px 0; } .card > .in > .graph { margin: 0; } .graph svg { display: block; font-family: inherit; } .node text { text-anchor: middle; font-size: 13px; fill: var(--text); } .node .state { font-size: 11px; fill: var(--grey); font-weight: 600; }
.node rect, .node polygon { fill: var(--card); stroke: var(--grey); stroke-width: 1.5; } .edge { fill: none; stroke: var(--grey); stroke-width: 1.5; } .arrow { fill: var(--grey); }
.node.is-done rect, .node.is-done polygon { stroke: var(--green); fill: color-mix(in srgb, var(--green) 9%, var(--card)); } .node.is-done .state { fill: var(--green); }
.node.is-running rect, .node.is-running polygon { stroke: var(--blue); fill: color-mix(in srgb, var(--blue) 12%, var(--card)); stroke-width: 2.5; } .node.is-running .state { fill: var(--blue); }
.node.is-waiting rect, .node.is-waiting polygon { stroke: var(--amber); fill: color-mix(in srgb, var(--amber) 14%, var(--card)); stroke-width: 2.5; } .node.is-waiting .state { fill: var(--amber); }
.node.is-failed rect, .node.is-failed polygon { stroke: var(--red); fill: color-mix(in srgb, var(--red) 12%, var(--card)); stroke-width: 2.5; } .node.is-failed .state { fill: var(--red); }
.node.is-blocked rect, .node.is-blocked polygon, .node.is-pending rect, .node.is-pending polygon { stroke-dasharray: 4 3; }
.history > li { grid-template-columns: 30px minmax(0, 1fr) auto; padding-left: 10px; position: relative; } .history .under { grid-column: 2; } .history .rail { grid-row: 1 / span 3; align-self: stretch; position: relative; }
.history .rail::before { content: ""; position: absolute; left: 10px; top: -10px; bottom: -10px; width: 2px; background: var(--line); } .history > li:first-child .rail::before { top: 12px; } .history > li:last-child .rail::before { bottom: calc(100% - 12px); }
.history .rail::after { content: ""; position: absolute; left: 5px; top: 6px; width: 12px; height: 12px; border-radius: 50%; border: 2px solid var(--grey); background: var(--card); } .history .merge .rail::after { border-color: var(--purple); background: var(--purple); }
.diff { width: 100%; border-collapse: collapse; font: 12.5px/1.5 var(--mono); } .diff td { padding: 0 8px; white-space: pre-wrap; vertical-align: top; } .diff td:last-child { padding-left: 26px; text-indent: -18px; } .diff .sign { user-select: none; color: var(--dim); } .diff .at { width: 1%; min-width: 44px; text-align: right; color: var(--dim); user-select: none; white-space: nowrap; }
.diff .add { background: var(--add); } .diff .del { background: var(--del); } .diff .hunk td:last-child { text-indent: 0; padding-left: 8px; background: var(--soft); color: var(--dim); padding-top: 3px; padding-bottom: 3px; }
details.card > summary { padding: 10px 16px; cursor: pointer; display: flex; gap: 10px; align-items: baseline; flex-wrap: wrap; list-style: none; } details.card > summary::-webkit-details-marker { display: none; } details.card > summary::before { content: "\\25b8"; color: var(--dim); } details.card[open] > summary::before { content: "\\25be"; } details.card[open] > summary { border-bottom: 1px solid var(--line); } summary .right { margin-left: auto; }
.plus { color: var(--green); } .minus { color: var(--red); } .steps { list-style: none; margin: 0; padding: 8px 16px; } .steps li { display: flex; gap: 8px; font-size: 13px; } .steps .is-success, .steps .is-failure { font-weight: 700; }
.log { max-height: 70vh; padding: 10px 16px; border-top: 1px solid var(--line); background: var(--soft); line-height: 1.5; white-space: pre-wrap; } .log .t { color: var(--dim); user-select: none; } .log .group { font-weight: 700; } .log .warning { color: var(--amber); } .log .error { color: var(--red); font-weight: 700; } .log .command { color: var(--blue); } .log .debug { color: var(--dim); }
.facts { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 8px 0 0; font-size: 13px; color: var(--dim); } .facts .chip { line-height: 1.5; } .facts b { color: var(--text); font-weight: 600; }
footer.wide { color: var(--dim); font-size: 12px; padding-bottom: 32px; }
@media (max-width: 760px) { .columns { grid-template-columns: minmax(0, 1fr); } .wide { padding: 0 14px; } .rows > li { grid-template-columns: minmax(0, 1fr); } .rows .aside { text-align: left; white-space: normal; } .here { display: none; } .history > li { grid-template-columns: 26px minmax(0, 1fr); } .history .aside { grid-column: 2; } h1 { font-size: 19px; } .diff td { padding: 0 5px; } .diff .at { min-width: 0; } }
@media (prefers-reduced-motion: no-preference) { .badge.is-in_progress { animation: breathe 1.6s ease-in-out infinite; } @keyframes breathe { 50% { opacity: .45; } } }
`;
