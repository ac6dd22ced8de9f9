// What a page learns late: the timetable's notice, and then the weather on the hill.
const fill = (id, text, delay) =>
  setTimeout(() => {
    document.getElementById(id).textContent = text;
  }, delay);

fill(
  "notice",
  "The 10.42 from the valley is replaced by a bus on Saturday; the quarry walk waits for it. " +
    "Bicycles can't be taken on the bus. The last train back leaves at 19.17, as always.",
  1000,
);
fill(
  "weather",
  "On the hill: 14 degrees, a light wind from the west, dry until the evening. The summit can be " +
    "seen. The path by the stream is muddy after the rain of last night: take boots.",
  1400,
);
