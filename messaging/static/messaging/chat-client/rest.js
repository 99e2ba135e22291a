/**
 * The HTTP half of the client: the two tokens, their renewal, and errors of one shape.
 */

// Longer than any answer of the server, shorter than a person's patience.
const ANSWER_WITHIN_MS = 20_000;

/** @typedef {{username: string, refresh: string}} Session */

/** What the server, or the way to it, refused; `status` is 0 when no answer came. */
export class ApiError extends Error {
  /**
   * @param {{status: number, code: string, detail?: string, retry?: boolean, retryAfter?: number|null,
   *          field?: string|null}} facts
   */
  constructor({ status, code, detail = '', retry = false, retryAfter = null, field = null }) {
    super(detail || code);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retry = retry;
    this.retryAfter = retryAfter;
    this.field = field;
  }
}

/** Calls the API as one user. */
export class Rest {
  /** @type {Session|null} */
  #session;
  /** @type {string|null} The access token lives in memory only. */
  #access = null;
  /** @type {Promise<void>|null} The one renewal under way: a refresh token is good for one use. */
  #renewing = null;
  #base;
  #onSession;

  /**
   * @param {{base: string, session: Session|null,
   *          onSession: (session: Session|null, spentRefresh: string|null) => void}} options
   */
  constructor({ base, session, onSession }) {
    this.#base = base;
    this.#session = session && { ...session };
    this.#onSession = onSession;
  }

  get session() {
    return this.#session && { ...this.#session };
  }

  get access() {
    return this.#access;
  }

  /** Make the next call renew first: the server said the access token is good no more. */
  forgetAccess() {
    this.#access = null;
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  async login(username, password) {
    const tokens = await this.ask('POST', '/api/token/', { username, password });
    this.#access = tokens.access;
    this.#session = { username, refresh: tokens.refresh };
    this.#onSession(this.session, null);
  }

  /** Forget the user on this side. */
  end() {
    this.#access = null;
    this.#session = null;
    this.#onSession(null, null);
  }

  /**
   * Take the refresh token that another tab of the same session got for the one we share.
   * @param {string} spent
   * @param {string} next
   */
  adopt(spent, next) {
    if (this.#session?.refresh === spent) {
      this.#session.refresh = next;
      this.#onSession(this.session, null);
    }
  }

  /** Get a new access token; callers at the same time share one request. */
  renew() {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew() {
    const session = this.#session;
    if (!session) throw new ApiError({ status: 401, code: 'token_invalid' });
    const spent = session.refresh;
    let tokens;
    try {
      tokens = await this.ask('POST', '/api/token/refresh/', { refresh: spent });
    } catch (error) {
      // Refused for good, and not because another tab spent it a moment ago.
      const final = error instanceof ApiError && [400, 401, 403].includes(error.status);
      if (final && this.#session === session && session.refresh === spent) this.end();
      throw error;
    }
    if (this.#session !== session) throw new ApiError({ status: 401, code: 'token_invalid' });
    this.#access = tokens.access;
    session.refresh = tokens.refresh ?? session.refresh;
    this.#onSession(this.session, spent);
  }

  /**
   * Call as the user; an access token that ended is renewed once.
   * @param {string} method
   * @param {string} path
   * @param {object|(() => object)} [body] a function is asked again after a renewal
   */
  async call(method, path, body) {
    if (!this.#access) await this.renew();
    const used = this.#access;
    try {
      return await this.ask(method, path, body, used);
    } catch (error) {
      const ended = error instanceof ApiError && error.status === 401 && error.code !== 'credentials_invalid';
      if (!ended) throw error;
    }
    if (this.#access === used) await this.renew();
    return this.ask(method, path, body, this.#access);
  }

  /**
   * One request.
   * @param {string} method
   * @param {string} path
   * @param {object|(() => object)} [body]
   * @param {string|null} [access]
   */
  async ask(method, path, body, access = null) {
    /** @type {Record<string, string>} */
    const headers = { Accept: 'application/json' };
    if (access) headers.Authorization = `Bearer ${access}`;
    if (body) headers['Content-Type'] = 'application/json';
    let response;
    let text;
    try {
      response = await fetch(new URL(path, this.#base), {
        method,
        headers,
        body: body && JSON.stringify(typeof body === 'function' ? body() : body),
        cache: 'no-store',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      text = await response.text();
    } catch {
      throw new ApiError({ status: 0, code: 'unreachable', retry: true });
    }
    const data = parsed(text);
    if (!response.ok) throw errorOf(response, data);
    if (data === undefined) throw new ApiError({ status: 502, code: 'unavailable', retry: true });
    return data;
  }
}

/** @param {string} text @returns {any} null where there is no body, undefined where it is not JSON */
function parsed(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {Response} response @param {any} data */
function errorOf(response, data) {
  const told = data?.error ?? {};
  const status = response.status;
  const header = Number.parseFloat(response.headers.get('Retry-After') ?? '');
  return new ApiError({
    status,
    // A proxy in between answers without our object.
    code: told.code ?? (status === 429 ? 'rate_limited' : status >= 500 ? 'unavailable' : `http_${status}`),
    detail: told.detail,
    retry: told.retry ?? (status === 429 || status >= 500),
    retryAfter: told.retry_after ?? (Number.isFinite(header) ? header : null),
    field: told.field,
  });
}
