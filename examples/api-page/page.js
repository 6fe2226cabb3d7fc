// Shows the collector's own OpenAPI document with npm `redoc`. Everything comes from here and from the collector.

const place = document.getElementById("api");
const system = "system-ui, sans-serif";
const theme = {
  colors: { primary: { main: "#0b5c4a" } },
  typography: {
    fontFamily: system,
    headings: { fontFamily: system, fontWeight: "600" },
    code: { fontFamily: "ui-monospace, monospace" },
  },
};

Redoc.init(place.dataset.document, { theme, jsonSampleExpandLevel: 3, expandResponses: "200,201" }, place, (error) => {
  if (error) place.textContent = `The document could not be read: ${error.message}`;
});
