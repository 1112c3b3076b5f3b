// Makes passkeys and signs in with them. Everything else of the pages works without it.
(() => {
  "use strict";
  const status = document.getElementById("passkey-status");
  const shown = document.querySelector("[data-passkey]");
  if (!status || !shown || !window.PublicKeyCredential) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const why = (error) => {
    switch (error.name) {
      case "NotAllowedError": return "No passkey: it was called off, took too long, or there is none on this device.";
      case "InvalidStateError": return "This device holds a passkey of yours already.";
      default: return error.message;
    }
  };

  // What the server asks, and the ticket that goes back with the answer.
  const begin = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    const asked = fetch(`${form.getAttribute("action")}/begin`, { method: "POST", body, credentials: "same-origin", redirect: "error" });
    // Without a session the server leads to the sign-in, and that fails here as a server that is away does.
    const answer = await asked.catch(() => {
      throw new Error("The page is out of date or the server cannot be reached: open the page again.");
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error([said.refused ?? "That did not work: open the page again.", ...(said.hints ?? [])].join(" "));
    return said;
  };

  const create = async ({ publicKey }) => {
    publicKey.challenge = bytes(publicKey.challenge);
    publicKey.user.id = bytes(publicKey.user.id);
    for (const known of publicKey.excludeCredentials ?? []) known.id = bytes(known.id);
    const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
    const { attestationObject, clientDataJSON } = response;
    return { id, type, rawId: text(rawId), response: { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON) } };
  };

  const get = async ({ publicKey }) => {
    publicKey.challenge = bytes(publicKey.challenge);
    const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
    const { authenticatorData, clientDataJSON, signature, userHandle } = response;
    return {
      id, type, rawId: text(rawId), response: {
        authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON), signature: text(signature),
        userHandle: userHandle ? text(userHandle) : null,
      },
    };
  };

  const through = async (form, button, ceremony) => {
    button.disabled = true;
    status.textContent = "Waiting for your passkey.";
    try {
      const { begun, options } = await begin(form);
      form.elements.answer.value = JSON.stringify(await ceremony(options));
      form.elements.begun.value = begun;
      status.textContent = "Your device has answered.";
      form.submit();
    } catch (error) {
      status.textContent = why(error);
    } finally {
      button.disabled = false;
    }
  };

  shown.hidden = false;
  if (shown instanceof HTMLFormElement) {
    shown.addEventListener("submit", (event) => {
      event.preventDefault();
      through(shown, shown.querySelector("button"), create);
    });
    return;
  }
  shown.addEventListener("click", () => {
    const name = document.getElementById("name");
    if (!name.reportValidity()) return;
    const form = document.getElementById(shown.dataset.passkey);
    form.elements.name.value = name.value;
    through(form, shown, get);
  });
})();
