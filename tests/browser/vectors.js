/**
 * Plays vectors of chat.v1 to the browser client: the server is a page's own WebSocket and fetch, replaced.
 *
 * The client tells nobody where it stands in a chat, but says so in the next `hello`. So each step is played anew from
 * the beginning of its vector, and then the connection is lost.
 */
async (vectors) => {
  const { ChatClient } = await import('/static/messaging/chat-client.js');
  /** @type {Peer} */
  let peer;

  /** The server's side of one client. */
  class Peer {
    sockets = [];
    calls = [];

    /** Wait for the next socket, open it and return its `hello`. */
    async meet() {
      const known = this.sockets.length;
      await until(() => this.sockets.length > known);
      this.socket = this.sockets.at(-1);
      this.socket.readyState = 1;
      this.socket.onopen();
      return this.heard()[0];
    }

    tell(frame) {
      this.socket.onmessage({ data: JSON.stringify(frame) });
    }

    /** Return what the client has sent since the last time. */
    heard() {
      return this.socket.sent.splice(0).map((text) => JSON.parse(text));
    }
  }

  globalThis.WebSocket = class {
    static OPEN = 1;
    readyState = 0;
    sent = [];

    constructor() {
      peer.sockets.push(this);
    }

    send(text) {
      this.sent.push(text);
    }

    close() {
      this.readyState = 3;
    }
  };

  // What is kept in memory is kept by promises alone.
  Object.defineProperty(globalThis, 'indexedDB', { value: undefined });

  globalThis.fetch = async (url) => {
    peer.calls.push(url.pathname);
    const body = JSON.stringify({ access: 'a', refresh: 'r', path: '/ws/?device=d' });
    return { ok: true, status: 200, headers: new Headers(), text: async () => body };
  };

  /** Nothing that is waited for here needs more than promises. */
  async function until(condition) {
    for (let turn = 0; turn < 1_000; turn += 1) {
      if (condition()) return;
      await null;
    }
    throw new Error('the client did not do what was waited for');
  }

  /** Begin a new connection at once, and return its hello. */
  async function again(client) {
    Math.random = () => 0;
    const meeting = peer.meet();
    if (client.state.state === 'connected') client.sleep();
    else client.wake();
    const hello = await meeting;
    Math.random = () => 0.5;
    return hello;
  }

  function readyOf({ user, epoch, seq }) {
    const chats = Object.entries(seq).map(([chat, head]) => ({ chat: Number(chat), head, from: head + 1 }));
    const at = '2026-11-22T17:52:57.593000Z';
    return { type: 'ready', id: 'h', connection: 'c', user, at, epoch, token_expires_at: at, limits: {}, chats };
  }

  /** Return a connected client as a vector finds it, with what it does, and its first hello where it has no past. */
  async function begin(given) {
    peer = new Peer();
    const session = { username: 'ann', refresh: 'r' };
    const client = new ChatClient({ session, deviceFor: () => 'd', share: false });
    const did = record(client);
    const meeting = peer.meet();
    client.connect();
    const hello = await meeting;
    Math.random = () => 0.5;
    if (!given) return { client, did, hello };
    peer.tell(readyOf(given));
    given.outbox.forEach((write) => client.write(write));
    // They are sent as soon as they are kept.
    for (let turn = 0; turn < 20; turn += 1) await null;
    return { client, did, hello: null };
  }

  /** Write down what the client tells its page, in the words of the vectors. */
  function record(client) {
    const did = [];
    let ready;
    const startOf = (chat) => ready.chats.find((each) => each.chat === chat).from;
    const told = {
      ready: (frame) => {
        ready = frame;
        return { do: 'ready' };
      },
      caught_up: () => ({ do: 'caught_up' }),
      reset: ({ chat }) => ({ do: 'forget', chat, from: startOf(chat) }),
      joined: ({ chat, from }) => ({ do: 'forget', chat, from }),
      dropped: ({ chat }) => ({ do: 'drop', chat }),
      event: (event) => ({ do: 'apply', chat: event.chat, seq: event.seq, event }),
      settled: ({ command: { chat, id }, seq, error }) => ({ do: 'settle', chat, id, seq, code: error?.code }),
      signal: () => ({ do: 'signal' }),
      state: ({ state }) => (state === 'waiting' ? { do: 'back_off' } : null),
    };
    for (const [type, write] of Object.entries(told)) {
      client.addEventListener(type, ({ detail }) => {
        const action = write(detail);
        if (action) did.push(action);
      });
    }
    return did;
  }

  /** Tell what the client does about a `bye`. */
  async function judge(given, bye) {
    const { client } = await begin(given);
    const calls = peer.calls.length;
    peer.tell(bye);
    const { state, until } = client.state;
    const [call] = peer.calls.slice(calls);
    await client.logout();
    if (state === 'stopped' || state === 'elsewhere') return 'stop';
    if (state === 'connecting') return call === '/api/token/refresh/' ? 'renew_token' : 'connect at once';
    if (bye.retry_after * 1000 > until - Date.now()) return 'come too early';
    return (await waitAfterFailures(given, bye)) > 10_000 ? 'back_off' : 'reconnect';
  }

  /** Who was turned away often backs off for long, and reconnects as soon as ever. */
  async function waitAfterFailures(given, bye) {
    const { client } = await begin(given);
    for (let failure = 0; failure < 6; failure += 1) {
      await again(client);
      peer.tell(readyOf(given));
    }
    peer.tell(bye);
    const wait = client.state.until - Date.now();
    await client.logout();
    return wait;
  }

  /** Play the steps up to the one numbered `last`, and return what became of that one. */
  async function play({ given, steps }, last) {
    const { client, did, ...begun } = await begin(given);
    let { hello } = begun;
    for (const { frame } of steps.slice(0, last + 1)) {
      if (frame.type === 'ready') hello ??= await again(client);
      did.length = 0;
      peer.heard();
      peer.tell(frame);
      if (frame !== steps[last].frame) hello = null;
    }
    const outcome = { hello, actions: [...did], sends: peer.heard(), outbox: client.unanswered.map(({ id }) => id) };
    const next = await again(client);
    await client.logout();
    return { ...outcome, epoch: next.epoch, seq: next.resume };
  }

  const outcomes = [];
  for (const vector of vectors) {
    const played = [];
    for (const [number, { frame }] of vector.steps.entries()) {
      if (frame.type === 'bye') played.push({ actions: [{ do: await judge(vector.given, frame) }] });
      else played.push(await play(vector, number));
    }
    outcomes.push(played);
  }
  return outcomes;
};
