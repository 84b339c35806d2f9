// Passkeys and security keys in a page. A module without dependencies and without a build step.
//
//   import { create, get, supported } from "/static/iamkit-webauthn.js";
//   const answer = await get(options);        // options: what iamkit gave, as an object or as JSON text
//   send({ credential: answer });             // answer: a text for iamkit
//
// Or without code of your own: <form data-webauthn="get" data-options="{…}"> with <input type="hidden"
// name="credential">. When the form is sent, the browser asks for the device, and then sends the form. An
// element inside with data-webauthn-message gets a sentence when that fails; its texts are the attributes
// data-cancelled and data-unsupported, so that a page can say them in its own language.

const fromText = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const toText = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const descriptors = (list) => (list || []).map((item) => ({ ...item, id: fromText(item.id) }));

const parsed = (options) => (typeof options === "string" ? JSON.parse(options) : options);

export const supported = () => typeof window.PublicKeyCredential === "function";

// Whether the browser can offer passkeys in the autofill of a field with autocomplete="username webauthn".
export const offersAutofill = async () =>
  supported() &&
  typeof PublicKeyCredential.isConditionalMediationAvailable === "function" &&
  PublicKeyCredential.isConditionalMediationAvailable();

export const creationOptions = (options) => {
  const said = parsed(options);
  if (supported() && typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function") {
    return PublicKeyCredential.parseCreationOptionsFromJSON(said);
  }
  return {
    ...said,
    challenge: fromText(said.challenge),
    user: { ...said.user, id: fromText(said.user.id) },
    excludeCredentials: descriptors(said.excludeCredentials),
  };
};

export const requestOptions = (options) => {
  const said = parsed(options);
  if (supported() && typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function") {
    return PublicKeyCredential.parseRequestOptionsFromJSON(said);
  }
  return {
    ...said,
    challenge: fromText(said.challenge),
    allowCredentials: descriptors(said.allowCredentials),
  };
};

export const answerOf = (credential) => {
  if (typeof credential.toJSON === "function") {
    try {
      return JSON.stringify(credential.toJSON());
    } catch {
      // Some password managers replace credentials by objects that only look like them.
    }
  }
  const { response } = credential;
  const said = { clientDataJSON: toText(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) said[name] = toText(response[name]);
  }
  if (typeof response.getTransports === "function") said.transports = response.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment || undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: said,
  });
};

// Enrol a device. Resolves to the answer; rejects as navigator.credentials.create does.
export const create = async (options, more = {}) =>
  answerOf(await navigator.credentials.create({ ...more, publicKey: creationOptions(options) }));

// Show a device. `more` may hold { mediation: "conditional", signal } for autofill.
export const get = async (options, more = {}) =>
  answerOf(await navigator.credentials.get({ ...more, publicKey: requestOptions(options) }));

const ask = async (form) => {
  const said = form.querySelector("[data-webauthn-message]");
  const tell = (text) => {
    if (said) said.textContent = text || "";
  };
  tell("");
  if (!supported()) {
    tell((said && said.dataset.unsupported) || "This browser cannot use passkeys or security keys.");
    return;
  }
  try {
    const run = form.dataset.webauthn === "create" ? create : get;
    form.elements.namedItem("credential").value = await run(form.dataset.options);
  } catch (fault) {
    tell((said && said.dataset.cancelled) || "That did not work, or was cancelled. Try again.");
    form.dispatchEvent(new CustomEvent("webauthn-failed", { bubbles: true, detail: fault }));
    return;
  }
  HTMLFormElement.prototype.submit.call(form);
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.webauthn) return;
  event.preventDefault();
  ask(form);
});
