/// The style sheet of a report: for phones and desktops, light and dark themes, and paper.
enum ReportStyle {
    static let text = """
        :root {
          --ground: #f6f6f3; --card: #fff; --ink: #1b1e22; --muted: #5b626b; --line: #dcdcd6;
          --accent: #1763a6; --bad: #ab1f17; --bad-ground: #fdecea; --odd: #7a4b00; --odd-ground: #fdf3dd;
          --good: #1d6b34; --good-ground: #e6f4ea; --track: #ececea;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #121518; --card: #1b1f24; --ink: #e7e9ec; --muted: #a6aeb8; --line: #343a42;
            --accent: #78b6f2; --bad: #ff9d94; --bad-ground: #3b1a18; --odd: #f0bd6b; --odd-ground: #35280f;
            --good: #86d69c; --good-ground: #16301f; --track: #2b3138;
          }
        }
        * { box-sizing: border-box; }
        html { color-scheme: light dark; -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
        body {
          margin: 0; background: var(--ground); color: var(--ink);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
          overflow-wrap: anywhere;
        }
        header.page, main { max-width: 78rem; margin: 0 auto; padding: 0 1rem; }
        header.page { padding-top: 2rem; }
        main { padding-bottom: 3rem; }
        h1 { font-size: clamp(1.4rem, 1.1rem + 1.6vw, 2.1rem); line-height: 1.2; margin: 0 0 .35rem; font-weight: 650; }
        h2 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 .75rem; font-weight: 650; }
        h3 { font-size: 1rem; margin: 1.75rem 0 .4rem; font-weight: 650; }
        .side > h3:first-child { margin-top: 0; }
        a { color: var(--accent); text-underline-offset: .15em; }
        .summary { margin: 0 0 1.5rem; color: var(--muted); }
        .muted { color: var(--muted); font-weight: 400; }
        .bad { color: var(--bad); }
        .card {
          background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
          padding: 1.25rem; margin: 0 0 1rem;
        }
        section.scene {
          background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1.25rem;
          margin: 0 0 1rem;
        }
        .pair { display: grid; gap: 1.5rem; grid-template-columns: minmax(0, 1fr); }
        @media (min-width: 60rem) { .pair { grid-template-columns: minmax(0, 1fr) 22rem; gap: 2rem; } }
        .compare { margin: 0 auto; max-width: calc(78vh * (var(--ratio))); }
        .stage {
          position: relative; overflow: hidden; border-radius: .35rem; aspect-ratio: var(--ratio);
          background: var(--track);
        }
        .stage img { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
        .pixels img { image-rendering: pixelated; }
        .over { clip-path: inset(0 0 0 var(--cut, 50%)); opacity: var(--fade, 1); }
        .wipe {
          position: absolute; top: 0; left: -22px; width: calc(100% + 44px); height: 100%; margin: 0;
          appearance: none; -webkit-appearance: none; background: none; cursor: ew-resize; touch-action: pan-y;
          outline: none;
        }
        .wipe::-webkit-slider-runnable-track { height: 100%; background: none; }
        .wipe::-moz-range-track { height: 100%; background: none; }
        .wipe::-webkit-slider-thumb { -webkit-appearance: none; width: 44px; height: 100%; background: none; border: 0; }
        .wipe::-moz-range-thumb { width: 44px; height: 100%; background: none; border: 0; }
        .border {
          position: absolute; top: 0; bottom: 0; left: var(--cut, 50%); width: 2px; margin-left: -1px; background: #fff;
          box-shadow: 0 0 0 1px rgb(0 0 0 / .55); pointer-events: none;
        }
        .border::after {
          content: "\\2194"; position: absolute; top: 50%; left: 50%; width: 2.1rem; height: 2.1rem;
          transform: translate(-50%, -50%); border-radius: 50%; background: #fff; color: #1b1e22;
          box-shadow: 0 0 0 1px rgb(0 0 0 / .55), 0 1px 6px rgb(0 0 0 / .35); font: 1.2rem/2.1rem system-ui, sans-serif;
          text-align: center;
        }
        .wipe:focus-visible + .border { background: #ffd24a; }
        .wipe:focus-visible + .border::after { box-shadow: 0 0 0 3px #1b1e22, 0 0 0 6px #ffd24a; }
        figcaption {
          display: grid; grid-template-columns: 1fr auto 1fr; align-items: center; gap: .25rem 1rem;
          margin-top: .5rem; color: var(--muted); font-size: .9rem;
        }
        figcaption > :last-child { text-align: right; }
        @media (max-width: 30rem) {
          figcaption { grid-template-columns: 1fr 1fr; }
          .fader { grid-row: 2; grid-column: 1 / -1; }
        }
        .fader { display: flex; align-items: center; gap: .5rem; }
        .fade { width: 8rem; accent-color: var(--accent); }
        table { width: 100%; border-collapse: collapse; font-size: .95rem; }
        th { text-align: left; font-weight: inherit; }
        td, th { vertical-align: baseline; }
        thead th { color: var(--muted); font-size: .85rem; padding-bottom: .25rem; }
        td, th { padding: .3rem .75rem .3rem 0; }
        td:last-child, th:last-child { padding-right: 0; }
        .number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
        td.number { white-space: nowrap; }
        tr.bar td { padding: 0 0 .5rem; }
        .track { display: block; height: .5rem; border-radius: .25rem; background: var(--track); overflow: hidden; }
        .track i { display: block; height: 100%; min-width: 1px; }
        .swatch {
          display: inline-block; width: .95em; height: .95em; margin-right: .5em; vertical-align: -.1em;
          border-radius: .2em; box-shadow: inset 0 0 0 1px rgb(128 128 128 / .6);
        }
        .legend { list-style: none; padding: 0; margin: .75rem 0 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
        .overview { font-size: .95rem; }
        .overview thead th, .overview tbody td, .overview tbody th { border-bottom: 1px solid var(--line); }
        .overview tbody tr:last-child > * { border-bottom: 0; }
        .overview td, .overview th { padding-top: .5rem; padding-bottom: .5rem; }
        .reason { margin: .15rem 0 0; color: var(--bad); font-size: .9rem; }
        .state {
          display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .82rem; white-space: nowrap;
          font-weight: 400;
        }
        .state.good { color: var(--good); background: var(--good-ground); }
        .state.odd { color: var(--odd); background: var(--odd-ground); }
        .state.bad { color: var(--bad); background: var(--bad-ground); font-weight: 650; }
        .shares { display: flex; width: 10rem; height: .8rem; margin-top: .35rem; border-radius: .25rem; overflow: hidden; }
        .shares i { min-width: 1px; }
        .wide { display: none; }
        @media (min-width: 44rem) { .wide { display: table-cell; } }
        @media (max-width: 30rem) { .overview :is(td, th):nth-child(5) { display: none; } }
        .inside > table, .scene > table { max-width: 40rem; }
        .search { margin: 0 0 .75rem; }
        .search input {
          font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--muted); border-radius: .35rem;
          padding: .3rem .6rem; width: 14rem; max-width: 100%;
        }
        details.scene { padding: 0; }
        summary { padding: .9rem 1.25rem; cursor: pointer; border-radius: .6rem; }
        summary h2 { display: inline; margin: 0 .5rem 0 .15rem; font-size: 1.05rem; }
        .inside { padding: .25rem 1.25rem 1.25rem; }
        .note { border-radius: .4rem; padding: .7rem 1rem; margin: 0 0 1rem; }
        .note.bad { color: var(--bad); background: var(--bad-ground); }
        .note.odd { color: var(--odd); background: var(--odd-ground); }
        .note ul { margin: .25rem 0 0; padding-left: 1.2rem; }
        dl {
          margin: 1.5rem 0 0; display: grid; gap: .6rem 1.5rem; font-size: .95rem;
          grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr));
        }
        h2 + dl { margin-top: 0; }
        dt { color: var(--muted); font-size: .85rem; }
        dd { margin: 0; }
        :is(a, summary, .fade, input[type=search]):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        @media (max-width: 30rem) { .card, section.scene { padding: 1rem; } .inside { padding: .25rem 1rem 1rem; } }
        @media print {
          :root {
            --ground: #fff; --card: #fff; --ink: #000; --muted: #444; --line: #bbb; --accent: #1763a6; --bad: #ab1f17;
            --bad-ground: #fff; --odd: #7a4b00; --odd-ground: #fff; --good: #1d6b34; --good-ground: #fff; --track: #ececea;
          }
          body { font-size: 10pt; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          .card, section.scene { border: 0; padding: 0 0 1rem; }
          .stage { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; aspect-ratio: auto; background: none; }
          .stage img { position: static; height: auto; }
          .over { clip-path: none; opacity: 1; }
          .wipe, .border, .fader, .search { display: none !important; }
          .compare, tr, .note { break-inside: avoid; }
          .compare { max-width: none; }
        }
        """
}
