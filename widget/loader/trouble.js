// What goes wrong, told to the marketer: what it is, and what to do about it. A visitor is shown no technical message.

/** An error with a `reason` that scripts can tell apart. */
export function failure(reason, more) {
  return Object.assign(new Error(`say-so: ${reason}`), { reason, ...more });
}

/** Says in the console why an element shows no boxes. */
export function complain(element, problem, collector) {
  const loud = problem.reason === "alone" ? "warn" : "error";
  console[loud](`<say-so>: ${explain(problem, collector, element.asks)}`, element);
}

function explain({ reason, attribute, name, status, detail, errors, message }, collector, asks) {
  const aside = asks ? "Visitors can choose, but what they choose may not arrive." : "Visitors see nothing here; the form around it works as before.";
  const policy = `If the page has a Content-Security-Policy, it needs script-src ${collector} 'wasm-unsafe-eval' and connect-src ${collector}.`;
  switch (reason) {
    case "attribute":
      return `the attribute "${attribute}" is missing or wrong. Copy the tag as your administrator gave it. ${aside}`;
    case "form":
      return `the collector ${collector} does not show this form (${status}: ${detail}). Check the attributes "site" and "form". ${aside}`;
    case "field":
      return `there is no field "${name}" in the form around it, so it asks for the e-mail address itself. Check the attribute "email-field".`;
    case "alone":
      return "it is in no form, and so has no button that sends it. Put it into one, set mode=\"chat\" for a button of its own, or call submit().";
    case "wasm":
      return `this page lets no WebAssembly run (${message}), so visitors find a link to the form on its own page instead. ${policy}`;
    case "refused":
      return `the collector ${collector} refused a submission (${status}: ${detail}${errors ? ` ${JSON.stringify(errors)}` : ""}).${status === 403 ? " Is this page's origin one of the site's?" : ""}`;
    default:
      return `it could not be loaded from ${collector} (${message}). Check that the address is right and that this page is one of the site's origins. ${policy} ${aside}`;
  }
}
