import "@testing-library/jest-dom/vitest";
import { webcrypto } from "node:crypto";

import { configure } from "@testing-library/svelte";

// jsdom has no hashing, no dialog, no popover and no layout: the least that the components touch.
Object.defineProperty(globalThis.crypto, "subtle", { value: webcrypto.subtle });
HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  if (!this.open) return;
  this.open = false;
  this.dispatchEvent(new Event("close"));
};
Element.prototype.scrollIntoView = () => undefined;
globalThis.ResizeObserver = class {
  observe() {
    /* nothing is laid out */
  }
  unobserve() {
    /* nothing is laid out */
  }
  disconnect() {
    /* nothing is laid out */
  }
};
window.matchMedia = (query: string) =>
  Object.assign(new EventTarget(), {
    matches: false,
    media: query,
    onchange: null,
    addListener: () => undefined,
    removeListener: () => undefined,
  });

// A whole page of markup under every failure hides the failure.
configure({ getElementError: (message) => new Error((message ?? "").split("\n\n")[0]) });
