// Copies a field to the clipboard. Without it the text of each field can be selected.
(() => {
  "use strict";
  const status = document.getElementById("copied");

  const copy = async (field) => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch {
      return document.execCommand("copy");
    }
  };

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    if (!field) continue;
    const name = field.labels[0]?.textContent ?? "";
    button.hidden = false;
    button.addEventListener("click", async () => {
      const done = await copy(field);
      if (status) status.textContent = done ? `Copied: ${name}` : `Not copied: select the text of ${name} yourself.`;
      button.focus();
    });
  }
})();
