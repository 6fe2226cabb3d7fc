const rows = document.getElementById("rows");
const live = document.getElementById("live");
const pushes = new EventSource("/live");

pushes.onopen = () => (live.textContent = "live");
// The browser connects again by itself.
pushes.onerror = () => (live.textContent = "connecting…");
pushes.onmessage = ({ data }) => {
  if (rows.innerHTML !== data) rows.innerHTML = data;
};
