// What a page learns late: a notice, once the timetable has been asked.
setTimeout(() => {
  document.getElementById("notice").textContent =
    "The 10.42 from the valley is replaced by a bus on Saturday; the quarry walk waits for it.";
}, 1200);
