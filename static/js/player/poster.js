/**
 * First pictures of videos: the server has none, so a moment of the file itself is drawn, one file after another.
 * Where the browser does not load it without being asked, the frame stays empty.
 */
import { el } from "../ui/dom.js";

/** Seconds into the video: many begin black. */
const MOMENT = 0.2;
/** Milliseconds that one file may take. */
const PATIENCE = 8000;

export class Posters {
  #queue = Promise.resolve();
  /** @type {WeakSet<HTMLCanvasElement>} */
  #drawn = new WeakSet();

  /**
   * @param {string} url
   * @param {HTMLCanvasElement} canvas is drawn once
   */
  draw(url, canvas) {
    if (this.#drawn.has(canvas) || /** @type {any} */ (navigator).connection?.saveData) return;
    this.#drawn.add(canvas);
    this.#queue = this.#queue.then(() => (canvas.isConnected ? draw(url, canvas) : this.#later(canvas)));
  }

  /** @param {HTMLCanvasElement} canvas its clip has gone; should it come back, it is drawn then */
  #later(canvas) {
    this.#drawn.delete(canvas);
  }
}

/**
 * @param {string} url
 * @param {HTMLCanvasElement} canvas
 */
async function draw(url, canvas) {
  const video = el("video", { muted: true, playsInline: true, preload: "auto", src: `${url}#t=${MOMENT}` });
  await new Promise((resolve) => {
    video.addEventListener("loadeddata", resolve);
    video.addEventListener("error", resolve);
    setTimeout(resolve, PATIENCE);
  });
  if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) fill(canvas, video);
  video.removeAttribute("src");
  video.load();
}

/**
 * The whole frame, as far as the canvas's shape lets it be seen.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLVideoElement} video
 */
function fill(canvas, video) {
  const { videoWidth: w, videoHeight: h } = video;
  const scale = Math.min(canvas.width / w, canvas.height / h);
  const [width, height] = [w * scale, h * scale];
  canvas.getContext("2d")?.drawImage(video, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  canvas.classList.add("drawn");
}
