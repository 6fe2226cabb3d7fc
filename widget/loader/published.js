// Asks the collector for the words of a form.

import { failure } from "./trouble.js";

/** The form that the attributes of `element` name, in the language of the page around it. `how` goes to `fetch`. */
export async function published(element, collector, how) {
  const name = (attribute) => {
    const value = element.getAttribute(attribute);
    if (!value) throw failure("attribute", { attribute: attribute.replace("-key", "") });
    return encodeURIComponent(value);
  };
  const address = `${collector}/v1/sites/${name("site")}/forms/${name("form-key")}?lang=${encodeURIComponent(languageOf(element))}`;
  const response = await fetch(address, how);
  if (!response.ok) {
    const { detail, title } = await response.json().catch(() => ({}));
    throw failure("form", { status: response.status, detail: detail ?? title });
  }
  return response.json();
}

function languageOf(element) {
  for (let node = element; node; node = node.parentNode ?? node.host) {
    const lang = node.getAttribute?.("lang");
    if (lang) return lang;
  }
  return navigator.language;
}
