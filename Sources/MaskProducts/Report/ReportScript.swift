/// The script of a report. It moves the sliders, searches the table, and opens the section that a link leads to.
/// Without it the page still shows everything.
enum ReportScript {
    /// The SHA-256 of `text` in base64, for the page's content security policy. If the two differ, no browser runs the
    /// script, and the tests in a browser fail.
    static let digest = "sha256-g+r88J9GTchRRB1b2NdzLwIapW6raoIRy8zGzcrK2nI="

    static let text = """
        "use strict";
        for (const figure of document.querySelectorAll(".compare")) {
          const stage = figure.querySelector(".stage");
          const wipe = figure.querySelector(".wipe");
          const fade = figure.querySelector(".fade");
          const show = () => {
            stage.style.setProperty("--cut", wipe.value + "%");
            stage.style.setProperty("--fade", fade.value / 100);
            wipe.setAttribute("aria-valuetext", Math.round(wipe.value) + " % scene");
          };
          wipe.addEventListener("input", show);
          fade.addEventListener("input", show);
          show();
        }
        const open = () => {
          const target = location.hash && document.getElementById(location.hash.slice(1));
          const details = target && target.closest("details");
          if (details) {
            details.open = true;
            details.scrollIntoView();
          }
        };
        addEventListener("hashchange", open);
        open();
        addEventListener("beforeprint", () => {
          for (const details of document.querySelectorAll("details")) details.open = true;
        });
        const search = document.querySelector(".search");
        if (search) {
          const rows = [...document.querySelectorAll(".overview tbody tr")];
          const texts = rows.map((row) => row.textContent.toLowerCase());
          search.hidden = false;
          search.querySelector("input").addEventListener("input", (event) => {
            const wanted = event.target.value.trim().toLowerCase();
            let count = 0;
            rows.forEach((row, index) => {
              row.hidden = !texts[index].includes(wanted);
              if (!row.hidden) count += 1;
            });
            search.querySelector("[role=status]").textContent = wanted ? count + " found" : "";
          });
        }
        """
}
