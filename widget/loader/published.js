// The words of a form: those that came with this file, where its address names the form, or else asked of the collector.

import { failure } from "./trouble.js";

/** The collector writes it above this file: `{lang, form}`, the language of the address and the published form. */
let brought = typeof SAYSO_BROUGHT === "undefined" ? undefined : SAYSO_BROUGHT;

/** The form that the attributes of `element` name, in the language of the page around it; from the collector itself if `anew`. */
export async function published(element, collector, anew) {
  const named = (attribute) => {
    const value = element.getAttribute(attribute);
    if (!value) throw failure("attribute", { attribute: attribute.replace("-key", "") });
    return value;
  };
  const [site, key, lang] = [named("site"), named("form-key"), languageOf(element)];
  if (anew) brought = undefined; // these words are out of date
  if (brought && collector === new URL(import.meta.url).origin && brings(site, key, lang)) return brought.form;
  const address = `${collector}/v1/sites/${encodeURIComponent(site)}/forms/${encodeURIComponent(key)}?lang=${encodeURIComponent(lang)}`;
  const response = await fetch(address, anew && { cache: "reload" });
  if (!response.ok) {
    const { detail, title } = await response.json().catch(() => ({}));
    throw failure("form", { status: response.status, detail: detail ?? title });
  }
  return response.json();
}

/** Whether the collector would answer this with what was brought. */
function brings(site, key, lang) {
  const { form, lang: named } = brought;
  if (form.site !== site || form.form !== key) return false;
  if (lang === named) return true;
  const [full, short] = [lang.toLowerCase(), lang.split("-")[0].toLowerCase()];
  const nearest = [full, short].find((wanted) => form.languages.some((each) => each.toLowerCase() === wanted));
  return nearest === form.lang.toLowerCase();
}

function languageOf(element) {
  for (let node = element; node; node = node.parentNode ?? node.host) {
    const lang = node.getAttribute?.("lang");
    if (lang) return lang;
  }
  return navigator.language;
}
