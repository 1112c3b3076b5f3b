// Keeps the page of a case up to date while somebody looks at it. The page works without it.
(() => {
  "use strict";
  const parts = document.querySelector("[data-live]");
  const status = document.getElementById("live-status");
  if (!parts || !status || !window.EventSource) return;
  const base = parts.dataset.live;
  let said = parts.querySelector("[data-say]")?.dataset.say ?? "";
  let busy = false;
  let again = false;

  // What somebody has opened or folded stays as they left it.
  const keep = (from, to) => {
    for (const old of from.querySelectorAll("details[id]")) {
      const fresh = to.querySelector(`#${CSS.escape(old.id)}`);
      if (fresh) fresh.open = old.open;
    }
  };

  const replace = (fresh) => {
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const old = document.getElementById(part.id);
      if (!old) {
        parts.append(part);
        continue;
      }
      keep(old, part);
      if (old.outerHTML === part.outerHTML) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      const href = focused?.getAttribute("href");
      old.replaceWith(part);
      if (href) part.querySelector(`a[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
    }
    const say = parts.querySelector("[data-say]")?.dataset.say ?? "";
    if (say !== said) {
      said = say;
      status.textContent = say;
    }
  };

  const refresh = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const answer = await fetch(`${base}/fragment`, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) {
        replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } else {
        source.close();
        status.textContent = "This page is no longer kept up to date. Open it again.";
      }
    } catch {
      // The next event asks again.
    } finally {
      busy = false;
      if (again) {
        again = false;
        setTimeout(refresh, 250);
      }
    }
  };

  const source = new EventSource(`${base}/live`);
  source.addEventListener("changed", refresh);
  // After a break something may have happened.
  let first = true;
  source.addEventListener("hello", () => {
    if (!first) refresh();
    first = false;
  });
  addEventListener("pagehide", () => source.close());
})();
