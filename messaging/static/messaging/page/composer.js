/**
 * Where messages are written: Enter sends, Shift+Enter makes a new line, and each chat keeps its draft.
 */

import { cleanText, lengthOf } from '../chat-client.js';
import { byId, setText } from './dom.js';
import { MentionBox } from './mention-box.js';
import { TypingNotice } from './typing-notice.js';
import { counted, errorWords } from './words.js';

const MAX_CHARACTERS = 4000;
// From here on the length is shown.
const SHOW_LENGTH_FROM = 3600;

/** @typedef {{kind: 'reply'|'edit', seq: number, name: string, text: string}} Purpose what the text is for */
/** @typedef {{text: string, purpose: Purpose|null, before?: Draft|null}} Draft `before`: what an edit has interrupted */
/** @type {Draft} */
const EMPTY = { text: '', purpose: null };

/**
 * @typedef {object} ComposerActions
 * @property {(chat: number, text: string, replyTo: number|null) => void} send
 * @property {(chat: number, seq: number, text: string) => void} edit
 * @property {(chat: number, on: boolean) => void} typing
 * @property {() => import('./mention-box.js').Candidate[]} candidates
 * @property {() => void} editLast
 */

export class ComposerView {
  #form = byId('composer');
  /** @type {HTMLTextAreaElement} */
  #field = byId('composer-text');
  #note = byId('composer-note');
  #banner = byId('composer-purpose');
  #submit = byId('composer-send');
  #mentions;
  #typing;
  /** @type {Map<number, Draft>} */
  #drafts = new Map();
  /** @type {number|null} */
  #chat = null;
  /** @type {Purpose|null} */
  #purpose = null;
  /** @type {Draft|null} What was being written when an edit began. */
  #before = null;
  #actions;

  /** @param {ComposerActions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#mentions = new MentionBox(this.#field, actions.candidates);
    this.#typing = new TypingNotice(actions.typing);
    this.#form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener('keydown', (event) => this.#key(event));
    this.#field.addEventListener('input', () => {
      this.#showLength();
      if (this.#chat === null || this.#purpose?.kind === 'edit') return;
      if (this.#field.value.trim()) this.#typing.typed(this.#chat);
      else this.#typing.stopped();
    });
    byId('composer-cancel').addEventListener('click', () => this.#cancel());
  }

  /** @param {number|null} chat */
  open(chat) {
    if (chat === this.#chat) return;
    this.#typing.stopped();
    this.#mentions.close();
    if (this.#chat !== null) this.#drafts.set(this.#chat, { ...this.#draft, before: this.#before });
    this.#chat = chat;
    const draft = chat === null ? undefined : this.#drafts.get(chat);
    this.#set(draft ?? EMPTY);
    // On a phone the focus would bring up the keyboard over the messages.
    if (chat !== null && matchMedia('(pointer: fine)').matches) this.#field.focus();
  }

  /** Write for a purpose: an answer keeps the text that is there, an edit begins with the old one. @param {Purpose} purpose */
  begin(purpose) {
    const own = this.#purpose?.kind === 'edit' ? (this.#before ?? EMPTY) : this.#draft;
    if (purpose.kind === 'edit') this.#set({ text: purpose.text, purpose, before: own });
    else this.#set({ text: own.text, purpose });
    this.#field.focus();
  }

  /** @returns {Draft} */
  get #draft() {
    return { text: this.#field.value, purpose: this.#purpose };
  }

  forgetDrafts() {
    this.open(null);
    this.#drafts.clear();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // The Enter that ends a composition (Japanese, Chinese) is not ours.
    if (event.isComposing) return;
    if (this.#mentions.takes(event)) event.preventDefault();
    else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === 'Escape' && this.#purpose) {
      event.preventDefault();
      this.#cancel();
    } else if (event.key === 'ArrowUp' && this.#field.value === '' && !this.#purpose) {
      event.preventDefault();
      this.#actions.editLast();
    }
  }

  #cancel() {
    this.#set(this.#purpose?.kind === 'edit' ? (this.#before ?? EMPTY) : { text: this.#field.value, purpose: null });
    this.#field.focus();
  }

  #send() {
    const text = cleanText(this.#field.value);
    if (this.#chat === null || text === '') return;
    if (lengthOf(text) > MAX_CHARACTERS) {
      this.#showLength();
      return;
    }
    try {
      this.#write(this.#chat, text);
      this.#typing.stopped({ silently: true });
      this.#mentions.close();
      this.#set(this.#before ?? EMPTY);
    } catch (error) {
      setText(this.#note, errorWords(error));
    }
  }

  /** @param {number} chat @param {string} text */
  #write(chat, text) {
    const purpose = this.#purpose;
    if (purpose?.kind !== 'edit') this.#actions.send(chat, text, purpose?.seq ?? null);
    else if (text !== purpose.text) this.#actions.edit(chat, purpose.seq, text);
  }

  /** @param {Draft} draft */
  #set({ text, purpose, before = null }) {
    this.#field.value = text;
    this.#purpose = purpose;
    this.#before = before;
    this.#banner.hidden = purpose === null;
    setText(byId('composer-purpose-name'), purpose === null ? '' : purpose.kind === 'edit' ? 'Edit message' : `Reply to ${purpose.name}`);
    setText(byId('composer-purpose-text'), purpose?.text ?? '');
    this.#submit.setAttribute('aria-label', purpose?.kind === 'edit' ? 'Save' : 'Send');
    this.#showLength();
  }

  #showLength() {
    const length = lengthOf(cleanText(this.#field.value));
    const surplus = length - MAX_CHARACTERS;
    this.#field.setAttribute('aria-invalid', String(surplus > 0));
    this.#submit.disabled = length === 0 || surplus > 0;
    if (surplus > 0) setText(this.#note, `Too long by ${counted(surplus, 'character')}.`);
    else setText(this.#note, length >= SHOW_LENGTH_FROM ? `${counted(MAX_CHARACTERS - length, 'character')} left.` : '');
  }
}
