"""How the page looks, on screen and on paper."""

STYLESHEET = """
:root { --ink: #1f1f1f; --soft: #5c5c5c; --line: #d4d4d4; --fitted: #d55e00; --held: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff; line-height: 1.5; font-size: 15px;
  font-family: system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 28px 30px 48px; }
h1 { font-size: 25px; font-weight: 600; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 17px; font-weight: 600; margin: 38px 0 8px; padding-bottom: 4px;
  border-bottom: 1px solid var(--line); break-after: avoid; }
h3 { font-size: 15px; font-weight: 600; margin: 22px 0 4px; break-after: avoid; }
p { margin: 8px 0; max-width: 80ch; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: 0.88em; }
.about { color: var(--soft); margin: 0 0 18px; max-width: none; }
.verdict { border: 1px solid var(--line); border-left: 5px solid var(--soft);
  padding: 12px 18px 10px; break-inside: avoid; }
.verdict h2 { border: 0; margin: 0; padding: 0; }
.verdict.good { border-left-color: #009e73; }
.verdict.partial { border-left-color: #e69f00; }
.verdict.bad { border-left-color: #b2182b; }
.verdict p { margin: 5px 0; }
.verdict ul { margin: 10px 0 4px; padding: 8px 0 0 18px; border-top: 1px solid var(--line);
  max-width: 90ch; }
.verdict li { margin: 3px 0; }
figure { margin: 14px 0 22px; break-inside: avoid; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: 13.5px; margin-top: 6px; max-width: 95ch; }
figcaption b { color: var(--ink); }
table { border-collapse: collapse; font-size: 14px; margin: 10px 0; break-inside: avoid;
  font-variant-numeric: tabular-nums; }
table.long { break-inside: auto; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
th, td { text-align: left; padding: 4px 14px 4px 0; vertical-align: baseline; }
th { font-weight: 600; white-space: nowrap; }
thead th { border-bottom: 1.5px solid var(--ink); }
tbody td, tbody th { border-bottom: 1px solid #ececec; }
.parameters { width: 100%; }
.parameters td { white-space: nowrap; }
.parameters td:last-child { white-space: normal; }
.parameters td:nth-child(2), .parameters th:nth-child(2), .parameters td:nth-child(3),
.parameters th:nth-child(3), .parameters td:nth-child(4), .parameters th:nth-child(4),
.scores td:nth-child(n+3), .scores th:nth-child(n+3) { text-align: right; }
.parameters.true td:nth-child(5), .parameters.true th:nth-child(5),
.parameters.true td:nth-child(6), .parameters.true th:nth-child(6) { text-align: right; }
.summary td:nth-child(n+2), .summary thead tr:last-child th:nth-child(n+2),
.features td:nth-child(n+3), .features thead tr:last-child th:nth-child(n+3),
.certainty td:nth-child(n+2):nth-last-child(n+3),
.certainty th:nth-child(n+2):nth-last-child(n+3) { text-align: right; }
.summary td, .summary th { padding-right: 22px; }
thead tr:first-child:not(:last-child) th { border-bottom: 0; padding-bottom: 0; }
th[scope="colgroup"]:not(:first-child) { text-align: center; border-left: 1px solid var(--line); }
.begins { border-left: 1px solid var(--line); padding-left: 20px; }
.scores td, .scores th { padding-right: 26px; }
.scores tr.pooled td { font-weight: 600; border-top: 1px solid var(--ink); }
.heldout { color: var(--held); font-weight: 600; }
.badge { display: inline-block; border: 1px solid #b2182b; color: #b2182b; border-radius: 3px;
  padding: 0 5px; font-size: 12px; line-height: 1.45; }
.track { stroke: #999; stroke-width: 1; }
.mark { fill: var(--fitted); }
.note { color: var(--soft); font-size: 13.5px; }
.provenance { font-size: 13px; }
.provenance th { width: 190px; font-weight: 400; color: var(--soft); padding-right: 18px; }
.provenance td { overflow-wrap: anywhere; }
.provenance { break-inside: auto; }
@page { margin: 15mm 14mm; }
@media print {
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  table { font-size: 8.5pt; }
  th, td { padding-right: 8px; }
  .provenance { font-size: 8pt; }
  figure img { width: auto; max-height: 195mm; }
  figcaption, .note { font-size: 8.5pt; }
  h2 { margin-top: 20px; }
}
"""
