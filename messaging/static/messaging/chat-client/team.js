/**
 * The tabs of one user as one client: the tab that leads has the dialog with the server and tells the others what
 * happens; the others pass on to it what they are asked to do. Alone, a tab leads.
 */

import { Questions, unreachable } from './questions.js';
import { Tabs } from './tabs.js';

// Tabs of one browser answer each other in milliseconds; one that does not is frozen or hangs.
const ANSWER_WITHIN_MS = 4_000;

/** @typedef {import('./outbox.js').Command} Command */
/** @typedef {import('./dialog.js').Dialog} Dialog */
/** @typedef {import('./tabs.js').Message} Message */
/** @typedef {'open'|'wake'|'read'|'typing'|'watch'|'write'} Verb */

export class Team {
  #replica;
  #writes;
  #share;
  #makeDialog;
  #onRole;
  /** @type {Tabs|null} */
  #tabs = null;
  /** @type {Dialog|null} In the tab that leads. */
  #dialog = null;
  /** @type {string|null} The tab that leads, as far as we know. */
  #leader = null;
  /** Whose tabs these are. */
  #key = '';
  /** The person chose this device, before it was known who leads. */
  #take = false;
  /** What this tab has asked the tab that leads. */
  #questions = new Questions();
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #probeTimer;

  /**
   * @param {{replica: import('./replica.js').Replica, writes: import('./writes.js').Writes, share: boolean,
   *          makeDialog: (tell: (type: string, detail: any) => void) => Dialog,
   *          onRole: (leads: boolean) => void}} options
   */
  constructor({ replica, writes, share, makeDialog, onRole }) {
    this.#replica = replica;
    this.#writes = writes;
    this.#share = share;
    this.#makeDialog = makeDialog;
    this.#onRole = onRole;
  }

  get leads() {
    return this.#dialog !== null;
  }

  /** Connect, with the others. @param {{key: string, take: boolean}} how `key`: of the user, the same in all tabs */
  open({ key, take }) {
    this.#take = take && this.#leader === null;
    if (this.#tabs) this.ask('open', take);
    else this.#join(key);
  }

  leave() {
    clearTimeout(this.#probeTimer);
    this.#retire();
    this.#tabs?.leave();
    this.#tabs = null;
  }

  wake() {
    this.ask('wake');
    if (!this.#dialog && this.#tabs) this.#probe();
  }

  sleep() {
    // Each tab hears it from the browser.
    this.#dialog?.sleep();
  }

  /** Have the tab that leads do something; without one it is not done. @param {Verb} verb @param {any[]} args */
  ask(verb, ...args) {
    if (!this.#tabs) return;
    if (this.#dialog) this.#obey(this.#dialog, this.#tabs.id, verb, args);
    else this.#tabs.post({ kind: 'do', verb, args });
  }

  /** @param {{type: string, [field: string]: any}} question @returns {Promise<any>} rejects with an ApiError */
  question(question) {
    if (this.#dialog) return this.#dialog.ask(question);
    if (this.#leader === null) return Promise.reject(unreachable());
    return this.#questions.ask((asked) => this.#tabs?.post({ kind: 'ask', question: asked }), question);
  }

  /** Have a write sent, as soon as it cannot be lost any more. @param {string} key @param {Command} command */
  async store(key, command) {
    await this.#writes.add(key, command);
    const entry = this.#replica.outbox.find(command.chat, command.id);
    // Signed out meanwhile.
    if (!entry) return;
    entry.isStored = true;
    this.ask('write', command);
  }

  /** @param {string} key */
  #join(key) {
    this.#key = key;
    this.#tabs = new Tabs({
      name: `onesocket ${key}`,
      onLead: () => this.#lead(),
      onFollow: () => this.#follow(),
      onMessage: (message) => this.#heard(message),
    });
    this.#tabs.join({ share: this.#share && Tabs.isPossible });
    this.#tabs.post({ kind: 'join' });
  }

  async #lead() {
    const dialog = this.#makeDialog((type, detail) => this.#tell(type, detail));
    this.#dialog = dialog;
    this.#leader = this.#tabs?.id ?? null;
    this.#questions.abandon();
    this.#tabs?.post({ kind: 'lead' });
    this.#onRole(true);
    const kept = await this.#writes.load(this.#key);
    if (this.#dialog !== dialog) return;
    kept.forEach((command) => this.#tell('unanswered', { command }));
    this.#replica.outbox.prepend(kept);
    dialog.open({ take: this.#take });
    this.#take = false;
  }

  /** Another tab has taken the lead. */
  #follow() {
    this.#retire();
    this.#onRole(false);
    this.#tabs?.post({ kind: 'join' });
  }

  #retire() {
    this.#dialog?.close();
    this.#dialog = null;
    this.#leader = null;
    this.#questions.abandon();
  }

  /** @param {string} type @param {any} detail */
  #tell(type, detail) {
    // First to the others: our own page may answer with something that is told too.
    this.#tabs?.post({ kind: 'news', type, detail });
    this.#replica.take({ type, detail });
    // After everybody was told: whoever leads next and finds it here sends it again and gets the same answer.
    if (type === 'settled') this.#writes.remove(this.#key, detail.command);
  }

  /** @param {Message} message */
  #heard(message) {
    if (this.#dialog) this.#heardAsLeader(this.#dialog, message);
    else this.#heardAsFollower(message);
  }

  /** @param {Dialog} dialog @param {Message} message */
  #heardAsLeader(dialog, { kind, from, verb, args, question }) {
    const to = from;
    if (kind === 'join') this.#tabs?.post({ kind: 'welcome', to, news: this.#replica.catchUp() });
    else if (kind === 'do') this.#obey(dialog, from, verb, args);
    else if (kind === 'ping') this.#tabs?.post({ kind: 'pong', to });
    else if (kind === 'ask') {
      dialog.ask(question).then(
        (ack) => this.#tabs?.post({ kind: 'answer', to, answer: { ...ack, id: question.id } }),
        (error) => this.#tabs?.post({ kind: 'answer', to, answer: { ...error.facts, type: 'error', id: question.id } }),
      );
    }
  }

  /** @param {Message} message */
  #heardAsFollower({ kind, from, type, detail, news, answer }) {
    if (kind === 'lead' || kind === 'welcome') this.#greet(from);
    // One that has lost the lead may not know it yet.
    if (from !== this.#leader) return;
    clearTimeout(this.#probeTimer);
    if (kind === 'news') this.#replica.take({ type, detail });
    else if (kind === 'welcome') news.forEach((/** @type {any} */ each) => this.#replica.take(each));
    else if (kind === 'answer') this.#questions.take(answer);
  }

  /** Another tab leads from now on. @param {string} leader */
  #greet(leader) {
    if (this.#leader !== null) this.#questions.abandon();
    this.#leader = leader;
    this.#onRole(false);
    // What was on its way to a tab that is gone.
    this.#replica.outbox.stored.forEach((command) => this.ask('write', command));
  }

  /** @param {Dialog} dialog @param {string} tab @param {Verb} verb @param {any[]} args */
  #obey(dialog, tab, verb, [first, second]) {
    if (verb === 'open') dialog.open({ take: first });
    else if (verb === 'wake') dialog.wake();
    else if (verb === 'read') dialog.read(first, second);
    else if (verb === 'typing') dialog.typing(first, second);
    else if (verb === 'watch') dialog.watch(tab, first);
    else if (verb === 'write') {
      this.#tell('unanswered', { command: first });
      dialog.flush();
    }
  }

  /** See whether the tab that leads is alive, for the person looks at this one. */
  #probe() {
    clearTimeout(this.#probeTimer);
    this.#probeTimer = setTimeout(() => this.#tabs?.steal(), ANSWER_WITHIN_MS);
    this.#tabs?.post({ kind: 'ping' });
  }
}
