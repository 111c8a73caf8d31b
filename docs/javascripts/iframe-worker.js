// A worker for pages that are opened from disk, where browsers start none: its script runs in a hidden frame.
// The search of Material for MkDocs asks for such a file by its name, and else for one from elsewhere.
if (location.protocol === "file:") {
  window.Worker = window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const within = this.frame.contentWindow;
      within.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = within.document.createElement("script");
      script.src = url;
      this.ready = new Promise((done) => script.addEventListener("load", done));
      within.document.body.append(script);
    }
    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {
      this.frame.remove();
    }
  };
}
