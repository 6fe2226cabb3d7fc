// Addresses: of the page, and of the person.

/** Where the page is, without its query, which may hold what is nobody's business. A frame that its page wrote has the page's address. */
export function pageAddress() {
  const { origin, pathname } = location.protocol === "about:" ? new URL(document.baseURI) : location;
  return origin + pathname;
}

/** What looks like an e-mail address, for as long as nobody is there who knows. */
export const mayLeave = (email) => /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email);
