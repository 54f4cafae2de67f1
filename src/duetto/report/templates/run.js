document.addEventListener("play", (event) => {
  const started = event.target;
  for (const other of document.querySelectorAll("audio")) {
    if (other === started || other.paused) continue;
    if (other.closest(".song") === started.closest(".song")) started.currentTime = Math.min(other.currentTime, started.duration || 0);
    other.pause();
  }
}, true);
