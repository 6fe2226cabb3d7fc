// Draws a published form as live elements: real fieldset, real checkboxes, real details; no role where an element has it by itself.
// Nothing is ever ticked here. Elements are made one by one, since pages with Trusted Types forbid markup from texts.

const RIGHT_TO_LEFT = /^(ar|fa|he|ur|yi)\b/;

/** Makes `{root, boxes, status, button, receipt, email?, hint?}`: the nodes that follow the model, by the names of their parts. */
export function draw(form, { asksEmail, gpc }) {
  const { labels } = form;
  const shown = { labels };
  const named = (part, node) => (shown[part] = node);

  const privacy = make("a", { part: "link", href: form.controller.privacy_url, target: "_blank", rel: "noopener" }, labels.privacy);
  named(
    "boxes",
    make(
      "fieldset",
      { part: "boxes" },
      make("legend", { part: "legend" }, labels.legend),
      make("p", { part: "intro" }, form.intro),
      ...form.purposes.map((purpose, at) => (asked(purpose) ? box(purpose, at, labels) : statement(purpose, at, labels))),
      asksEmail && email(labels, named),
      gpc && make("p", { part: "note" }, labels.gpc),
      make("p", { part: "note" }, privacy),
    ),
  );
  named("status", make("p", { part: "status", role: "status" }));
  named("receipt", make("p", { part: "receipt", hidden: "" }));
  named("button", make("button", { part: "button", type: "button", hidden: "" }, labels.submit));
  const inside = [shown.boxes, shown.status, shown.receipt, shown.button];
  named("root", make("div", { part: "root", ...tongue(form.lang) }, ...inside));
  return shown;
}

/** What stands there where this page lets no wasm run: the way to the same boxes on a page of their own. */
export function door(form, address) {
  const link = make("a", { part: "link", href: address, target: "_blank", rel: "noopener" }, form.labels.open_form);
  const inside = [make("p", { part: "legend" }, form.labels.legend), make("p", { part: "note" }, link)];
  return make("div", { part: "root", ...tongue(form.lang) }, ...inside);
}

/** Whether the person is asked at all: what rests on another ground than consent is said, not asked. */
export const asked = (purpose) => purpose.legal_basis === "consent";

function box({ key, title, text, condition, double_opt_in }, at, labels) {
  const tick = make("input", { part: "box", type: "checkbox", id: `box${at}`, name: key, "aria-describedby": `text${at}` });
  if (condition) {
    tick.required = true;
    tick.ariaInvalid = "false"; // nothing is wrong before anybody has sent
  }
  return make(
    "div",
    { part: "purpose" },
    tick,
    make("label", { part: "title", id: `title${at}`, for: `box${at}` }, title, condition && make("span", { part: "needed" }, ` (${labels.needed})`)),
    make("p", { part: "text", id: `text${at}` }, text),
    more(at, labels, double_opt_in && make("p", {}, labels.confirm_by_mail)),
  );
}

function statement({ title, text }, at, labels) {
  return make(
    "div",
    { part: "purpose said" },
    make("p", { part: "title", id: `title${at}` }, title),
    make("p", { part: "text" }, text),
    make("p", { part: "note" }, labels.said),
    more(at, labels),
  );
}

/** What opens in place. Several on one page are told apart by what they are about. */
function more(at, labels, note) {
  const facts = [
    [labels.legal_basis, labels.legal_bases[at]],
    [labels.validity, labels.validities[at]],
    [labels.retention, labels.retentions[at]],
    [labels.data, labels.data_categories[at]],
  ];
  const told = facts.filter(([, meaning]) => meaning).flatMap(([term, meaning]) => [make("dt", {}, term), make("dd", {}, meaning)]);
  const title = make("summary", { part: "more-title", id: `more${at}`, "aria-labelledby": `more${at} title${at}` }, labels.more);
  return make("details", { part: "more" }, title, make("dl", {}, ...told), note);
}

function email(labels, named) {
  const field = { part: "email-field", id: "email", type: "email", autocomplete: "email", "aria-describedby": "hint" };
  return make(
    "div",
    { part: "email" },
    make("label", { part: "email-title", for: "email" }, labels.email),
    named("email", make("input", field)),
    named("hint", make("p", { part: "hint", id: "hint", hidden: "" }, labels.email_hint)),
  );
}

const tongue = (lang) => ({ lang, dir: RIGHT_TO_LEFT.test(lang) ? "rtl" : "ltr" });

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children.filter(Boolean));
  return element;
}
