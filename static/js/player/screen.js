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
  }

  /**
   * Moved in one step the element goes on playing.
   * @param {HTMLElement|null} frame null: out of sight
   */
  show(frame) {
    const place = frame ?? this.#home;
    if (this.#media.parentElement !== place) place.prepend(this.#media);
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
}
