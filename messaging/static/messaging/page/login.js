/**
 * The way in: the log-in form, the sign-up form where there is one, and the demo logins.
 */

import { byId, setText } from './dom.js';
import { errorWords } from './words.js';

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */

export class LoginView {
  #section = byId('login');
  #loginForm = byId('login-form');
  /** @type {HTMLFormElement|null} */
  #signUpForm = /** @type {any} */ (document.getElementById('signup-form'));
  #notice = byId('login-notice');
  #onDone;

  /** @param {ChatClient} client @param {() => void} onDone */
  constructor(client, onDone) {
    this.#onDone = onDone;
    this.#listen(this.#loginForm, (name, password) => client.login(name, password));
    if (this.#signUpForm) this.#listen(this.#signUpForm, (name, password) => client.signUp(name, password));
    for (const button of this.#section.querySelectorAll('[data-username]')) {
      button.addEventListener('click', () => this.#useDemo(button.dataset));
    }
    for (const button of this.#section.querySelectorAll('[data-show]')) {
      button.addEventListener('click', () => this.#show(button.dataset.show));
    }
  }

  /** @param {string} notice why one is here, in words */
  open(notice) {
    setText(this.#notice, notice);
    this.#notice.hidden = !notice;
    this.#section.hidden = false;
    this.#show('login-form');
  }

  close() {
    this.#section.hidden = true;
  }

  /** @param {HTMLFormElement} form @param {(name: string, password: string) => Promise<void>} enter */
  #listen(form, enter) {
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement} */ (form.querySelector('[type=submit]'));
      if (button.disabled) return;
      const { username, password } = /** @type {any} */ (Object.fromEntries(new FormData(form)));
      const error = /** @type {HTMLElement} */ (form.querySelector('.error'));
      setText(error, '');
      button.disabled = true;
      try {
        await enter(username.trim(), password);
        form.reset();
        this.#onDone();
      } catch (problem) {
        setText(error, errorWords(problem));
      } finally {
        button.disabled = false;
      }
    });
  }

  /** @param {DOMStringMap} user */
  #useDemo(user) {
    this.#show('login-form');
    this.#loginForm.elements.username.value = user.username;
    this.#loginForm.elements.password.value = user.password;
    this.#loginForm.requestSubmit();
  }

  /** @param {string} id of the form to show */
  #show(id) {
    this.#loginForm.hidden = id !== 'login-form';
    if (this.#signUpForm) this.#signUpForm.hidden = id !== 'signup-form';
    byId(id).elements.username.focus();
  }
}
