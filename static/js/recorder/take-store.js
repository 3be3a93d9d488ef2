/**
 * Recordings in this browser's IndexedDB, piece by piece, until they are clips of the server. One database a site.
 * Everything rejects where the browser refuses it, is full, or has no such thing.
 *
 * @typedef {object} StoredTake
 * @property {string} id also the idempotency key of its upload, where there is no other
 * @property {string} [key] that of its upload, where it had to begin anew as another clip
 * @property {string} thread
 * @property {string} name the participant's
 * @property {"audio"|"video"} kind
 * @property {string} mime
 * @property {string} created RFC 3339
 * @property {number} seconds so far
 * @property {number[]} peaks so far
 * @property {string} description
 * @property {boolean} whole it is sent in one request
 * @property {boolean} [live] others hear it while it is recorded
 * @property {"recording"|"held"|"waiting"|"failed"|"takenBack"} state `held`: for its author to decide; `takenBack`: the
 *   server has yet to hear that nobody shall hear it
 * @property {string|null} upload the server's name for it
 * @property {{status: number, title: string, detail: string}|null} error why it failed
 */

const TAKES = "takes";
const PIECES = "pieces";

export class TakeStore {
  #name;
  #factory;
  /** @type {Promise<IDBDatabase>|undefined} */
  #database;
  /** One write after another, so that the pieces are there in their order. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {object} parts
   * @param {string} parts.base URL prefix of the site
   * @param {IDBFactory} [parts.factory]
   */
  constructor({ base, factory = globalThis.indexedDB }) {
    this.#name = `mozchat${base}`;
    this.#factory = factory;
  }

  /** @returns {Promise<StoredTake[]>} in order of time */
  async all() {
    const takes = await this.#read(TAKES, (store) => store.getAll());
    return takes.sort((/** @type {StoredTake} */ a, /** @type {StoredTake} */ b) => (a.created < b.created ? -1 : 1));
  }

  /**
   * @param {string} id
   * @returns {Promise<StoredTake|undefined>}
   */
  get(id) {
    return this.#read(TAKES, (store) => store.get(id));
  }

  /**
   * @param {string} id
   * @returns {Promise<ArrayBuffer[]>} in order
   */
  pieces(id) {
    return this.#read(PIECES, (store) => store.getAll(piecesOf(id)));
  }

  /** @param {StoredTake} take */
  put(take) {
    return this.#write((takes) => takes.put(take));
  }

  /**
   * @param {StoredTake} take as it is with this piece
   * @param {number} number the piece's, from 0
   * @param {Blob} piece kept as bytes: Safari has lost blobs that were kept as such
   */
  async addPiece(take, number, piece) {
    const bytes = piece.arrayBuffer();
    return this.#write((takes, pieces, read) => {
      takes.put(take);
      pieces.put(read, [take.id, number]);
    }, bytes);
  }

  /** @param {string} id */
  remove(id) {
    return this.#write((takes, pieces) => {
      takes.delete(id);
      pieces.delete(piecesOf(id));
    });
  }

  /**
   * @param {string} name
   * @param {(store: IDBObjectStore) => IDBRequest} ask
   */
  async #read(name, ask) {
    return answerOf(ask((await this.#open()).transaction(name).objectStore(name)));
  }

  /**
   * @param {(takes: IDBObjectStore, pieces: IDBObjectStore, read: any) => void} act
   * @param {Promise<any>} [needed] handed to `act`
   * @returns {Promise<void>}
   */
  #write(act, needed) {
    const written = this.#last.then(async () => {
      const [read, database] = await Promise.all([needed, this.#open()]);
      // Recording must not wait for a disk; what the system has survives a killed browser.
      const transaction = database.transaction([TAKES, PIECES], "readwrite", { durability: "relaxed" });
      act(transaction.objectStore(TAKES), transaction.objectStore(PIECES), read);
      await ended(transaction);
    });
    this.#last = written.catch(() => {});
    return written;
  }

  #open() {
    this.#database ??= open(this.#factory, this.#name);
    return this.#database;
  }
}

/** @param {string} id */
function piecesOf(id) {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}

/**
 * @param {IDBFactory} factory
 * @param {string} name
 * @returns {Promise<IDBDatabase>}
 */
async function open(factory, name) {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(TAKES, { keyPath: "id" });
    request.result.createObjectStore(PIECES);
  };
  return answerOf(request);
}

/**
 * @param {IDBRequest} request
 * @returns {Promise<any>}
 */
function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function ended(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
