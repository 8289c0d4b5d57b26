/// What the report of a training needs beside the style of all reports.
enum TrainingStyle {
    static let text = """

        :root { --line0: #1763a6; --line1: #b3490f; }
        @media (prefers-color-scheme: dark) { :root { --line0: #78b6f2; --line1: #f0a46b; } }
        .charts { display: grid; gap: 1.5rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
        .chart { margin: 0; min-width: 0; }
        .chart figcaption { display: block; margin: 0; color: var(--ink); font-size: 1rem; font-weight: 650; }
        .chart .legend { margin: .25rem 0 .5rem; font-size: .9rem; }
        .plot {
          display: grid; grid-template: "high svg" 1fr "low svg" auto ". ends" auto / auto minmax(0, 1fr);
          gap: 0 .5rem; color: var(--muted); font-size: .85rem; font-variant-numeric: tabular-nums; overflow-wrap: normal;
        }
        .plot .high { grid-area: high; align-self: start; text-align: right; }
        .plot .low { grid-area: low; align-self: end; text-align: right; }
        .plot svg { grid-area: svg; width: 100%; height: 14rem; overflow: visible; }
        .plot .first { grid-area: ends; justify-self: start; }
        .plot .last { grid-area: ends; justify-self: end; }
        .plot path { fill: none; vector-effect: non-scaling-stroke; stroke-width: 2.25; stroke-linecap: round; stroke-linejoin: round; }
        .plot path.grid { stroke: var(--line); stroke-width: 1; }
        .plot path.best { stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 4 4; stroke-linecap: butt; }
        .plot path.line0 { stroke: var(--line0); }
        .plot path.line1 { stroke: var(--line1); stroke-dasharray: 7 5; }
        .key { display: inline-block; width: 1.5em; margin-right: .5em; vertical-align: .25em; border-top: 3px solid; }
        .key.line0 { border-color: var(--line0); }
        .key.line1 { border-color: var(--line1); border-top-style: dashed; }
        .key.best { border-color: var(--muted); border-top: 2px dotted; }
        .card details { margin-top: 1rem; }
        .card summary { padding: .25rem 0; }
        .scroll { overflow-x: auto; }
        .scroll table { min-width: min-content; }
        .scroll th { overflow-wrap: normal; }
        .scroll:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .cell { background: color-mix(in srgb, var(--accent) calc(var(--share) * .4), transparent); padding: .3rem .6rem; }
        .blocks { list-style: none; margin: 0; padding: 0; }
        .blocks h3 { margin: 1.25rem 0 .5rem; }
        .blocks li:first-child h3 { margin-top: 0; }
        .triple { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .5rem; margin: 0; max-width: 60rem; }
        .triple figure { margin: 0; min-width: 0; }
        .triple img {
          display: block; width: 100%; height: auto; border-radius: .35rem; background: var(--track);
          image-rendering: pixelated;
        }
        .triple figcaption { display: block; margin-top: .25rem; }
        @media print { .scroll { overflow: visible; } .triple, .chart { break-inside: avoid; } }
        """
}
