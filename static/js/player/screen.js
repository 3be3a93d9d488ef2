/**
 * Where the player's one media element is: in the frame of the video that it plays, else out of sight.
 */
export class Screen {
  #media;
  #home;

  /**
   * @param {HTMLVideoElement} media
   * @param {HTMLElement} home is hidden
   */
  constructor(media, home) {
    this.#media = media;
    this.#home = home;
    home.append(media);
    // Until then the first picture stands there: a frame that has nothing to show yet would flash.
    media.addEventListener("loadeddata", () => this.#cover(true));
  }

  /**
   * Moved in one step the element goes on playing.
   * @param {HTMLElement|null} frame null: out of sight
   */
  show(frame) {
    const place = frame ?? this.#home;
    if (this.#media.parentElement === place) return;
    this.#cover(false);
    if (this.#media.parentElement === document.fullscreenElement) document.exitFullscreen();
    const poster = place.querySelector("canvas");
    if (poster) poster.after(this.#media);
    else place.append(this.#media);
  }

  /**
   * The frame as large as the screen, and back. An iPhone enlarges nothing but the video itself.
   * @param {HTMLElement} frame
   */
  async enlarge(frame) {
    if (document.fullscreenElement) return document.exitFullscreen();
    if (frame.requestFullscreen) return frame.requestFullscreen().catch(() => {});
    /** @type {any} */ (this.#media).webkitEnterFullscreen?.();
  }

  /** @param {boolean} covered the first picture is not to be seen behind the moving one */
  #cover(covered) {
    const poster = this.#media.parentElement?.querySelector("canvas");
    if (poster) poster.hidden = covered;
  }
}
