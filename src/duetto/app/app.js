// Two of Gradio 6.31's own faults: an upload's spoken name differs from the text in it, and a notice is a button
// that holds a button.
() => {
  const mend = () => {
    document.querySelectorAll(".upload-container[aria-label]").forEach((each) => each.removeAttribute("aria-label"));
    document.querySelectorAll(".toast-header[role=button]").forEach((each) => {
      each.removeAttribute("role");
      each.removeAttribute("tabindex");
    });
  };
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
  mend();
}
