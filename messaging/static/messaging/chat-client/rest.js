/**
 * The HTTP half of the client: the two tokens, their renewal, and errors of one shape.
 */

// Longer than any answer of the server, shorter than a person's patience.
const ANSWER_WITHIN_MS = 20_000;

// Any value will do: what counts is that no form and no page of another origin can send the header.
const SCRIPT = { 'X-Requested-With': 'onesocket' };
const TOKENS = '/api/token/';
const REFRESH = '/api/token/refresh/';

/**
 * @typedef {{username: string, user?: any, refresh?: string}} Session who is signed in; without `refresh` that token is
 *   in a cookie which no script can read, and `user` is the id that comes with it
 */

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

  /** The same as an `error` frame has it. */
  get facts() {
    const { status, code, detail, retry, retryAfter, field } = this;
    return { status, code, detail, retry, retry_after: retryAfter, field };
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
  #cookie;
  #onSession;

  /**
   * @param {{base: string, session: Session|null, cookie: boolean, onSession: (session: Session|null) => void}} options
   *   `cookie`: who signs in has the refresh token put into a cookie
   */
  constructor({ base, session, cookie, onSession }) {
    this.#base = base;
    this.#session = session && { ...session };
    this.#cookie = cookie;
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
    const { access, user, refresh } = await this.ask('POST', TOKENS, { username, password }, { script: this.#cookie });
    this.#access = access;
    this.#session = refresh === undefined ? { username, user } : { username, refresh };
    this.#onSession(this.session);
  }

  /** Have the server forget this session; an access token lives out its minutes. */
  async logout() {
    if (this.#session?.refresh === undefined) await this.ask('DELETE', REFRESH, undefined, { script: true });
    else await this.call('POST', '/api/users/logout/', () => ({ refresh: this.#session?.refresh }));
  }

  /** Forget the user on this side. */
  end() {
    this.#access = null;
    this.#session = null;
    this.#onSession(null);
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
    const { refresh } = session;
    let tokens;
    try {
      const body = refresh === undefined ? {} : { refresh };
      tokens = await this.ask('POST', REFRESH, body, { script: refresh === undefined });
    } catch (error) {
      const isFinal = error instanceof ApiError && [400, 401, 403].includes(error.status);
      if (isFinal && this.#session === session) this.end();
      throw error;
    }
    // Somebody else may have signed in meanwhile: here, or in another tab, which has the same cookie.
    const isOurs = this.#session === session && (refresh !== undefined || tokens.user === session.user);
    if (!isOurs && this.#session === session) this.end();
    if (!isOurs) throw new ApiError({ status: 401, code: 'token_invalid' });
    this.#access = tokens.access;
    if (refresh === undefined) return;
    session.refresh = tokens.refresh ?? refresh;
    this.#onSession(this.session);
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
      return await this.ask(method, path, body, { access: used });
    } catch (error) {
      const ended = error instanceof ApiError && error.status === 401 && error.code !== 'credentials_invalid';
      if (!ended) throw error;
    }
    if (this.#access === used) await this.renew();
    return this.ask(method, path, body, { access: this.#access });
  }

  /**
   * One request.
   * @param {string} method
   * @param {string} path
   * @param {object|(() => object)} [body]
   * @param {{access?: string|null, script?: boolean}} [as] `script`: as a page whose refresh token is in the cookie
   * @returns {Promise<any>}
   */
  async ask(method, path, body, { access = null, script = false } = {}) {
    /** @type {Record<string, string>} */
    const headers = { Accept: 'application/json', ...(script ? SCRIPT : {}) };
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
