// The style sheet: one for all elements of a document. Adopted, so that no page needs to allow inline styles.

import css from "say-so.css";

const sheets = new WeakMap();

/** Dresses a shadow root for the document that it is in now; one without a window shows nothing. */
export function dress(shadow) {
  if (shadow.ownerDocument.defaultView) shadow.adoptedStyleSheets = [sheetOf(shadow.ownerDocument)];
}

function sheetOf(page) {
  if (!sheets.has(page)) {
    const sheet = new page.defaultView.CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(page, sheet);
  }
  return sheets.get(page);
}
